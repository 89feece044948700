"""The XML of answers."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.caldav.dav import B, D, Unreadable, home, multistatus, search

HEAD = b'<multistatus xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'

TASKS = b'<C:comp name="VTODO"/></C:supported-calendar-component-set>'


def answer(*responses: bytes) -> bytes:
    return HEAD + b"".join(responses) + b"</multistatus>"


def response(prop: bytes, status: bytes = b"HTTP/1.1 200 OK") -> bytes:
    found = b"<propstat><prop>" + prop + b"</prop><status>" + status + b"</status></propstat>"
    return b"<response><href>/a/</href>" + found + b"</response>"


def test_only_properties_that_were_found_count():
    gone = response(b"<sync-token>x</sync-token>", b"HTTP/1.1 404 Not Found")
    found, missing = multistatus(answer(response(b"<sync-token> 7 </sync-token>"), gone)).resources
    assert found.text(f"{D}sync-token") == "7"
    assert missing.text(f"{D}sync-token") is None


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (b"<resourcetype><collection/><C:calendar/></resourcetype>", True),
        (b"<resourcetype><collection/></resourcetype>", False),
        (b"", False),
        (
            b"<resourcetype><C:calendar/></resourcetype><C:supported-calendar-component-set>%s" % TASKS,
            False,
        ),
        (b'<resourcetype><C:calendar/><subscribed xmlns="http://calendarserver.org/ns/"/></resourcetype>', False),
    ],
)
def test_what_a_calendar_is(kind, expected):
    assert multistatus(answer(response(kind))).resources[0].is_calendar is expected


@given(st.integers(0, len(answer(response(b"<sync-token>7</sync-token>"))) - 1))
def test_a_part_of_an_answer_is_no_answer(length):
    with pytest.raises(Unreadable):
        multistatus(answer(response(b"<sync-token>7</sync-token>"))[:length])


@given(st.binary(max_size=200))
def test_no_bytes_are_too_strange(body):
    with pytest.raises(Unreadable):
        multistatus(body)


@pytest.mark.parametrize("bad", [b"\x00", b"\x1f", b"&#0;", b"&#x1F;", b"&#xD800;", b"&#xFFFFFFFF;", b"\xff"])
def test_what_xml_forbids_is_replaced(bad):
    (found,) = multistatus(answer(response(b"<x>a" + bad + b"b</x>"))).resources
    assert found.text(f"{D}x") == "a\N{REPLACEMENT CHARACTER}b"


def test_an_address_cannot_leave_its_place_in_a_search():
    assert b"<evil/>" not in search("</match><evil/>", f"{B}addressbook-home-set")


def test_a_home_is_asked_for_by_its_name():
    assert b'<addressbook-home-set xmlns="urn:ietf:params:xml:ns:carddav"/>' in home(f"{B}addressbook-home-set")


def test_members_that_are_gone_and_an_answer_that_was_cut_are_told():
    gone = b"<response><href>/a/1.vcf</href><status>HTTP/1.1 404 Not Found</status></response>"
    cut = b"<response><href>/a/</href><status>HTTP/1.1 507 Insufficient Storage</status></response>"
    found = multistatus(answer(gone, cut, b"<sync-token>8</sync-token>"))
    assert [(one.href, one.is_gone) for one in found.resources] == [("/a/1.vcf", True)]
    assert (found.token, found.is_cut) == ("8", True)


@pytest.mark.parametrize("name", [b"response", b"propstat", b"prop"])
def test_what_lies_within_itself_is_looked_at_once(name):
    opens, closes = b"<%s><status>200 OK</status>" % name, b"</%s>" % name
    inside = opens * 8_000 + closes * 8_000
    began = time.process_time()
    multistatus(answer(b"<response><propstat><status>HTTP/1.1 200 OK</status>" + inside + b"</propstat></response>"))
    multistatus(answer(inside))
    assert time.process_time() - began < 1


def test_an_answer_of_millions_of_elements_is_none():
    began = time.process_time()
    with pytest.raises(Unreadable):
        multistatus(answer(b"<a/>" * 2_100_000))
    assert time.process_time() - began < 1
