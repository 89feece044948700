"""Autodiscover of the scripted Exchange: POX and JSON against Microsoft's pages."""

import json

import pytest
from defusedxml.ElementTree import fromstring

from tests.fakes.exchange.autodiscover import (
    ANSWERED,
    ASKED,
    OUTLOOK,
    Autodiscover,
    ToAddress,
    Told,
    ToUrl,
    User,
    elsewhere,
)
from tests.fakes.exchange.http import Request

URL = "https://mail.example.test/EWS/Exchange.asmx"
USERS: dict[str, Told] = {
    "anna@example.test": User(URL, "https://mail.inside.test/EWS/Exchange.asmx", "SITE-1", "anna.a@example.test"),
    "moved@example.test": ToAddress("moved@other.test"),
    "far@example.test": ToUrl("https://far.example.test/autodiscover/autodiscover.xml"),
}


def pox(address: str, schema: str = OUTLOOK) -> bytes:
    inside = f"<EMailAddress>{address}</EMailAddress><AcceptableResponseSchema>{schema}</AcceptableResponseSchema>"
    return f'<Autodiscover xmlns="{ASKED}"><Request>{inside}</Request></Autodiscover>'.encode()


async def said(body: bytes, path: str = "/Autodiscover/Autodiscover.xml") -> bytes:
    reply = await Autodiscover(USERS)(Request("POST", path, {}, body))
    assert isinstance(reply.body, bytes)
    return reply.body


async def test_outlooks_form_has_the_inside_the_outside_and_the_group():
    answer = fromstring(await said(pox("Anna@example.test")))
    assert answer.tag == f"{{{ANSWERED}}}Autodiscover"
    names = {"o": OUTLOOK}
    protocols = {one.findtext("o:Type", None, names): one for one in answer.iterfind(".//o:Protocol", names)}
    assert protocols["EXCH"].findtext("o:EwsUrl", None, names) == "https://mail.inside.test/EWS/Exchange.asmx"
    assert protocols["EXCH"].find("o:GroupingInformation", names) is None
    assert protocols["EXPR"].findtext("o:EwsUrl", None, names) == URL
    assert protocols["EXPR"].findtext("o:GroupingInformation", None, names) == "SITE-1"
    assert answer.findtext(".//o:AutoDiscoverSMTPAddress", None, names) == "anna.a@example.test"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (pox("moved@example.test"), b"<Action>redirectAddr</Action><RedirectAddr>moved@other.test</RedirectAddr>"),
        (pox("far@example.test"), b"<RedirectUrl>https://far.example.test/autodiscover/autodiscover.xml</RedirectUrl>"),
        (pox("nobody@example.test"), b"<ErrorCode>500</ErrorCode>"),
        (pox("anna@example.test", "http://other/"), b"<ErrorCode>601</ErrorCode>"),
        (pox("anna@example.test").replace(b"requestschema", b"other"), b"<ErrorCode>600</ErrorCode>"),
        (b"", b"<ErrorCode>600</ErrorCode>"),
    ],
)
async def test_outlooks_form_sends_elsewhere_or_says_what_is_wrong(body, told):
    assert told in await said(body)


@pytest.mark.parametrize(
    ("query", "status", "told"),
    [
        ("?Email=anna%40example.test&Protocol=EWS", 200, {"Protocol": "EWS", "Url": URL}),
        ("/v1.0/anna@example.test?Protocol=ews", 200, {"Protocol": "ews", "Url": URL}),
        ("?Email=far@example.test&Protocol=EWS", 302, None),
        ("?Email=nobody@example.test&Protocol=EWS", 404, "UserNotFound"),
        ("?Email=anna@example.test&Protocol=Pigeon", 400, "ProtocolNotSupported"),
        ("?Protocol=EWS", 400, "MandatoryParameterMissing"),
    ],
)
async def test_the_second_version_answers_in_json(query, status, told):
    reply = await Autodiscover(USERS)(Request("GET", f"/autodiscover/autodiscover.json{query}", {}))
    assert isinstance(reply.body, bytes)
    assert reply.status == status
    if status == 302:
        assert reply.headers["Location"] == "https://far.example.test/autodiscover/autodiscover.xml"
    else:
        found = json.loads(reply.body)
        assert (found if status == 200 else found["ErrorCode"]) == told


@pytest.mark.parametrize("path", ["autodiscover.svc", "autodiscover.json?Email=anna@example.test&Protocol=EWS"])
async def test_exchange_2007_has_one_form_alone(path):
    old = Autodiscover(USERS, forms=("pox",))
    assert (await old(Request("POST", f"/autodiscover/{path}", {}))).status == 404
    assert (await old(Request("POST", "/autodiscover/autodiscover.xml", {}))).status == 200


async def test_who_listens_on_plain_http_sends_everybody_elsewhere():
    moved = await elsewhere("https://c.test/")(Request("GET", "/autodiscover/autodiscover.xml", {}))
    assert (moved.status, moved.headers["Location"]) == (302, "https://c.test/")
