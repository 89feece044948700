"""What a CalDAV source makes of servers that fail, lie, or lead elsewhere: a scripted server."""

import gzip
import ssl
import zlib
from dataclasses import replace
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import trustme

from gateway.domain.mailbox import Account, Cursor, Mailbox, Reading, Window
from gateway.domain.secret import Secret
from gateway.errors import GiveUp, Misconfigured, Refused, RetryLater, SignInAgain, Throttled, Unreachable
from gateway.sources.caldav.check import check
from gateway.sources.caldav.client import DEADLINES, Deadlines
from gateway.sources.caldav.settings import CalDavSettings
from gateway.sources.caldav.source import connect
from tests.fakes.dav import CALENDAR, Answer, Dav, member, multistatus
from tests.fakes.dav_dns import names

WINDOW = Window(datetime(2026, 11, 20, tzinfo=UTC), datetime(2026, 12, 5, tzinfo=UTC), date(2026, 11, 21))
ACCOUNT = Account(1, "office", "me@localhost", Secret("a secret"))
SERVICE = Account(1, "office", "service", Secret("a secret"), service=True)
MAILBOX = Mailbox(1, 1, 1, "me@example.test", frozenset({"me@example.test"}), ZoneInfo("Europe/Stockholm"))
SHORT = Deadlines(connect=5.0, read=1.0, whole=2.0)  # for who does not answer


async def read(dav: Dav, *, account: Account = ACCOUNT, deadlines: Deadlines = DEADLINES, **settings: str) -> Reading:
    settings = settings or {"url": f"{dav.url}/dav/"}
    async with connect(CalDavSettings(**settings), deadlines=deadlines)(account) as opened:
        assert opened.calendar is not None
        reading = await opened.calendar.read(MAILBOX, WINDOW, None)
    assert reading is not None
    return reading


async def test_a_sound_server_is_read_and_other_peoples_calendars_in_the_home_are_not():
    async with Dav.start() as dav:
        assert [item.uid for item in (await read(dav)).appointments] == ["one"]
        assert [request.path for request in dav.requests if request.method == "REPORT"] == ["/home/mine/"]


HOME = ("/home/", "/home/mine/", "/home/other/", "/home/inbox/")
HTML = Answer(200, {"Content-Type": "text/html"}, b"<html>welcome</html>")
WHOLE = multistatus(member("/home/mine/one.ics", "<C:calendar-data>x</C:calendar-data>"))
ZEROS = gzip.compress(bytes(60 * 2**20))
BOMB = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">]><multistatus xmlns="DAV:">&a;</multistatus>'


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Answer(hang=True), Unreachable),
        (Answer(body=WHOLE[:100], length=len(WHOLE), cut=True), Unreachable),
        (Answer(body=WHOLE[:100], length=len(WHOLE)), Unreachable),
        (Answer(body=WHOLE[:100]), RetryLater),
        (Answer(body=BOMB), RetryLater),
        (Answer(401, {"WWW-Authenticate": "Basic"}), SignInAgain),
        (Answer(403), SignInAgain),
        (Answer(404), GiveUp),
        (Answer(429), Throttled),
        (Answer(503, {"Retry-After": "60"}), Throttled),
        (Answer(503), RetryLater),
        (Answer(500), RetryLater),
        (Answer(502), RetryLater),
        (Answer(405), GiveUp),
        (HTML, GiveUp),
        (Answer(207, {"Content-Type": "text/html"}, WHOLE), GiveUp),
        (Answer(302, {"Location": "/home/mine/"}), GiveUp),
        (Answer(302, {"Location": "http://127.0.0.2:9/"}), GiveUp),
        (Answer(302, {"Location": "https://elsewhere.example/"}), GiveUp),
        (Answer(302, {}), GiveUp),
        (Answer(207, {"Content-Type": "text/xml", "Content-Encoding": "gzip"}, b"not gzip"), RetryLater),
        (Answer(207, {"Content-Type": "text/xml", "Content-Encoding": "gzip"}, gzip.compress(WHOLE)[:-9]), RetryLater),
        (Answer(207, {"Content-Type": "text/xml", "Content-Encoding": "gzip"}, ZEROS), GiveUp),
        (Answer(207, {"Content-Type": "text/xml", "Content-Encoding": "gzip, gzip"}, gzip.compress(ZEROS)), RetryLater),
        (Answer(207, {"Content-Type": "text/xml", "Content-Encoding": "deflate"}, zlib.compress(WHOLE)), RetryLater),
    ],
)
async def test_each_fault_is_said_in_our_words(answer, error):
    async with Dav.start() as dav:
        dav.answers["/home/mine/"] = [answer]
        with pytest.raises(error) as raised:
            await read(dav, deadlines=SHORT if answer.hang or answer.length else DEADLINES)
        assert "a secret" not in f"{raised.value} {raised.value.remedy}"


@pytest.mark.parametrize(
    ("headers", "after"),
    [
        ({"Retry-After": "7"}, 7.0),
        ({"Retry-After": "Sat, 21 Nov 2026 10:00:30 GMT", "Date": "Sat, 21 Nov 2026 10:00:00 GMT"}, 30.0),
        ({"Retry-After": "99999999999999"}, 86400.0),
        ({"Retry-After": "soon"}, None),
        ({}, None),
    ],
)
async def test_a_server_that_asks_for_patience_is_given_it(headers, after):
    async with Dav.start() as dav:
        dav.answers["/home/mine/"] = [Answer(503, headers)]
        with pytest.raises(RetryLater) as raised:
            await read(dav)
        assert raised.value.after == after


async def test_a_service_account_that_may_not_read_one_mailbox_is_not_signed_out():
    async with Dav.start() as dav:
        dav.answers["/home/"] = [Answer(403)]
        with pytest.raises(Refused, match="/home/"):
            await read(dav, account=SERVICE, url=dav.url, calendars="/home/")


async def test_a_service_account_finds_other_people_by_their_address():
    async with Dav.start() as dav:
        people = "<principal-collection-set><href>/people/</href></principal-collection-set>"
        dav.answers["/me/"] = [Answer(body=multistatus(member("/me/", people)))]
        known = "<C:calendar-user-address-set><href>mailto:{}</href></C:calendar-user-address-set>"
        home = "<C:calendar-home-set><href>{}</href></C:calendar-home-set>"
        similar = member("/people/2/", known.format("me@example.test.org") + home.format("/elsewhere/"))
        exact = member("/people/1/", known.format("ME@example.test") + home.format("/home/"))
        dav.answers["/people/"] = [Answer(body=multistatus(similar, exact))]
        assert (await read(dav, account=SERVICE)).appointments
        dav.answers["/people/"] = [Answer(body=multistatus(similar))]
        with pytest.raises(GiveUp) as raised:
            await read(dav, account=SERVICE)
        assert "calendars" in raised.value.remedy


async def test_a_mailbox_whose_path_was_changed_is_read_there():
    async with Dav.start() as dav, connect(CalDavSettings(url=f"{dav.url}/dav/"))(ACCOUNT) as opened:
        assert opened.calendar is not None
        await opened.calendar.read(MAILBOX, WINDOW, None)
        dav.answers["/nowhere/"] = [Answer(404)]
        with pytest.raises(GiveUp, match="/nowhere/"):
            await opened.calendar.read(replace(MAILBOX, path="/nowhere/"), WINDOW, None)


async def test_a_connection_that_was_closed_unannounced_is_opened_again():
    async with Dav.start() as dav:
        report = multistatus(member("/home/mine/one.ics", f"<C:calendar-data>{CALENDAR}</C:calendar-data>"))
        tokens = multistatus(*(member(p, "<sync-token>1</sync-token>") for p in HOME))
        async with connect(CalDavSettings(url=f"{dav.url}/dav/"), deadlines=DEADLINES)(ACCOUNT) as opened:
            assert opened.calendar is not None
            await opened.calendar.read(MAILBOX, WINDOW, None)
            dav.answers["/home/"] = [Answer(body=tokens, cut=True)]
            dav.answers["/home/mine/"] = [Answer(body=report, cut=True)]
            for _ in range(3):
                assert await opened.calendar.read(MAILBOX, WINDOW, None) is not None


async def test_a_calendar_that_moved_is_found_again():
    async with Dav.start() as dav, connect(CalDavSettings(url=f"{dav.url}/dav/"))(ACCOUNT) as opened:
        assert opened.calendar is not None
        await opened.calendar.read(MAILBOX, WINDOW, None)
        asked = len(dav.requests)
        await opened.calendar.read(MAILBOX, WINDOW, None)
        assert len(dav.requests) - asked == 2, "what was found is kept"
        dav.answers["/home/"] = [Answer(404)]
        dav.answers["/me/"] = [Answer(body=multistatus(
            member("/me/", "<C:calendar-home-set><href>/home/mine/</href></C:calendar-home-set>")
        ))]  # fmt: skip
        kind = "<resourcetype><collection/><C:calendar/></resourcetype><sync-token>2</sync-token>"
        report = multistatus(member("/home/mine/one.ics", f"<C:calendar-data>{CALENDAR}</C:calendar-data>"))
        single = Answer(body=multistatus(member("/home/mine/", kind)))
        dav.answers["/home/mine/"] = [single, single, Answer(body=report)]
        reading = await opened.calendar.read(MAILBOX, WINDOW, None)
        assert reading is not None
        assert [item.uid for item in reading.appointments] == ["one"]


async def test_control_characters_in_one_item_do_not_hide_the_others():
    async with Dav.start() as dav:
        text = CALENDAR.replace("M: one", "M: \x07 &#x1;").replace("UID:one", "UID:bad")
        bad = f"<C:calendar-data>{text}</C:calendar-data>"
        good = f"<C:calendar-data>{CALENDAR}</C:calendar-data>"
        gone = "<getetag>1</getetag>"
        body = multistatus(member("/a", bad), member("/b", good), member("/c", gone))
        dav.answers["/home/mine/"] = [Answer(body=body.replace(b"M: one", b"M: \xff one"))]
        reading = await read(dav)
        assert sorted(item.uid for item in reading.appointments) == ["bad", "one"]
        assert reading.set_aside == 1


async def test_an_answer_that_the_server_cut_is_not_taken_for_the_whole():
    async with Dav.start() as dav:
        cut = "<response><href>/home/mine/</href><status>HTTP/1.1 507 Insufficient Storage</status></response>"
        dav.answers["/home/mine/"] = [Answer(body=multistatus(cut))]
        with pytest.raises(GiveUp, match="left items out"):
            await read(dav)


@pytest.mark.parametrize("token", ["<sync-token>{0}</sync-token>", "<S:getctag>{0}</S:getctag>"])
async def test_whether_anything_changed_is_told_by_one_propfind(token):
    minutes = count()

    def now() -> datetime:
        return datetime(2026, 11, 21, 9, next(minutes), tzinfo=UTC)

    async with Dav.start() as dav:

        def tokens(value: str) -> Answer:
            return Answer(body=multistatus(*(member(path, token.format(value)) for path in HOME)))

        async with connect(CalDavSettings(url=f"{dav.url}/dav/"), now=now)(ACCOUNT) as opened:
            assert opened.calendar is not None
            await opened.calendar.read(MAILBOX, WINDOW, None)
            dav.answers["/home/"] = [tokens("1")]
            first = await opened.calendar.read(MAILBOX, WINDOW, None)
            assert first is not None
            second = await opened.calendar.read(MAILBOX, WINDOW, first.cursor)
            assert second is not None
            asked = len(dav.requests)
            assert await opened.calendar.read(MAILBOX, WINDOW, second.cursor) is None
            assert [request.method for request in dav.requests[asked:]] == ["PROPFIND"]
            dav.answers["/home/"] = [tokens("2")]
            assert await opened.calendar.read(MAILBOX, WINDOW, second.cursor) is not None
            assert [request.method for request in dav.requests[asked + 1 :]] == ["PROPFIND", "REPORT"]


async def test_a_cursor_that_makes_no_sense_is_none():
    async with Dav.start() as dav, connect(CalDavSettings(url=f"{dav.url}/dav/"))(ACCOUNT) as opened:
        assert opened.calendar is not None
        for token in ("", "[]", "null", '{"/home/work":1}', "\x00"):
            assert await opened.calendar.read(MAILBOX, WINDOW, Cursor(token, WINDOW.day)) is not None


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def ca(authority: trustme.CA, tmp_path: Path) -> Path:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return tmp_path / "ca.pem"


@pytest.fixture
def tls(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


async def test_an_own_authority_is_trusted_where_it_is_given_and_nowhere_else(tls, ca):
    async with Dav.start(tls) as dav:
        assert (await read(dav, url=f"{dav.url}/dav/", ca=str(ca))).appointments
        with pytest.raises(Unreachable, match="certificate") as raised:
            await read(dav, url=f"{dav.url}/dav/")
        assert "ca" in raised.value.remedy


async def test_an_authority_that_cannot_be_used_is_a_mistake_in_the_settings(tmp_path):
    (tmp_path / "empty.pem").write_text("nothing")
    for name in ("missing.pem", "empty.pem"):
        with pytest.raises(Misconfigured, match="ca"):
            connect(CalDavSettings(url="https://localhost/", ca=tmp_path / name))


@pytest.mark.parametrize("path", ['"path=/dav/"', None])
async def test_a_domain_leads_to_the_server(tls, ca, path):
    async with Dav.start(tls) as dav:
        records = {("_caldavs._tcp.localhost", "SRV"): (f"0 1 {dav.port} localhost.",)}
        if path:
            records["_caldavs._tcp.localhost", "TXT"] = (path,)
        else:
            dav.answers["/.well-known/caldav"] = [Answer(301, {"Location": f"{dav.url}/dav/"})]
        async with names(records) as resolver:
            settings = CalDavSettings(domain="localhost", ca=ca)
            async with connect(settings, resolver)(ACCOUNT) as opened:
                assert opened.calendar is not None
                assert await opened.calendar.read(MAILBOX, WINDOW, None) is not None
            findings = await check(settings, ACCOUNT, MAILBOX, resolver)
        assert all(finding.ok for finding in findings)
        assert len(findings) == 3
        unsigned = [r for r in dav.requests if r.path == "/.well-known/caldav"]
        assert all("authorization" not in request.headers for request in unsigned)


async def test_dns_that_leads_to_another_domain_is_not_believed():
    async with names({("_caldavs._tcp.localhost", "SRV"): ("0 1 443 evil.test.",)}) as resolver:
        findings = await check(CalDavSettings(domain="localhost"), ACCOUNT, MAILBOX, resolver)
    assert [finding.ok for finding in findings] == [False]
    assert "evil.test" in findings[-1].said
    assert findings[-1].remedy


async def test_a_path_in_dns_leads_to_no_other_server(tls, ca):
    async with Dav.start(tls) as dav, Dav.start(tls) as evil:
        records = {
            ("_caldavs._tcp.localhost", "SRV"): (f"0 1 {dav.port} localhost.",),
            ("_caldavs._tcp.localhost", "TXT"): (f'"path=//localhost:{evil.port}/dav/"',),
        }
        async with names(records) as resolver:
            await check(CalDavSettings(domain="localhost", ca=ca), ACCOUNT, MAILBOX, resolver)
        assert evil.requests == []
        assert dav.requests


async def test_a_check_ends_at_the_step_that_fails():
    async with Dav.start() as dav:
        settings = CalDavSettings(url=f"{dav.url}/dav/")
        dav.answers["/home/mine/"] = [Answer(401)]
        findings = await check(settings, ACCOUNT, MAILBOX)
        assert [finding.ok for finding in findings] == [True, True, False]
        dav.answers["/dav/"] = dav.answers["/.well-known/caldav"] = [HTML]
        findings = await check(settings, ACCOUNT, MAILBOX)
        assert [finding.ok for finding in findings] == [False]
        assert "a secret" not in str(findings)
