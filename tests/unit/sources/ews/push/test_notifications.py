"""Subscribing and following over exchangelib, against answers that a real server gave (gromox 3.10)."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from xml.etree import ElementTree as ET

import exchangelib.errors as ews
import pytest
import requests
import urllib3
from exchangelib import BASIC, DELEGATE, IMPERSONATION, UTC, Account, Build, Configuration, Credentials, Version
from exchangelib.protocol import FailFast, Protocol
from requests.adapters import BaseAdapter

from gateway.errors import RetryLater
from gateway.sources.ews.push import notifications
from gateway.sources.ews.push.notifications import SILENCE, Affinity, Ending, How, No, follow, subscribe
from tests.unit.sources.ews.scripted import CAPTURES, URL, capture

ANNA, BO = "anna@example.test", "bo@example.test"
SUBSCRIBED = "097_streaming_own_Subscribe"
NOTHING = "098_streaming_own_GetStreamingEvents.response.doc01.xml"
CHANGED = "101_streaming_own_GetStreamingEvents.response.doc02.xml"
ALIVE = "101_streaming_own_GetStreamingEvents.response.doc03.xml"
TWO_CHANGED = "140_streaming_svc_two_mailboxes_GetStreamingEvents.response.doc02.xml"
UNKNOWN = "142_streaming_unknown_subscription_GetStreamingEvents.response.doc01.xml"
IMPERSONATED = "{*}Header/{*}ExchangeImpersonation/{*}ConnectingSID/{*}PrimarySmtpAddress"


@dataclass
class Server(BaseAdapter):
    """Answers in turn; `sent` are the requests, `reads` their limits of silence."""

    answers: list[tuple[int, Mapping[str, str], bytes]]
    sent: list[requests.PreparedRequest] = field(default_factory=list)
    reads: list[float] = field(default_factory=list)

    def send(self, request: requests.PreparedRequest, **how: object) -> requests.Response:  # type: ignore[override]
        status, headers, body = self.answers[len(self.sent)]
        self.sent.append(request)
        self.reads.append(how["timeout"])  # type: ignore[arg-type]
        raw = urllib3.HTTPResponse(io.BytesIO(body), headers, status, preload_content=False)
        response = requests.Response()
        response.status_code, response.url, response.raw, response.request = status, str(request.url), raw, request
        response.headers.update({"Content-Type": "text/xml", **headers})
        return response

    def close(self) -> None:
        pass

    def asked(self, number: int) -> ET.Element:
        body = self.sent[number].body
        assert body is not None
        return ET.fromstring(body)  # noqa: S314


class Session(requests.Session):
    """Takes the answers' cookies as a real connection does: by name."""

    def send(self, request: requests.PreparedRequest, **how: object) -> requests.Response:
        response = super().send(request, **how)  # type: ignore[arg-type]
        for name, _, value in (one.partition("=") for one in response.headers.get("X-Cookies", "").split() if one):
            self.cookies.set(name, value)
        return response


def account(server: Server, *, access: str = DELEGATE, version: str = "Exchange2016", minor: int = 1) -> Account:
    build = Build(14 if version.startswith("Exchange2010") else 15, minor)
    config = Configuration(
        service_endpoint=URL,
        credentials=Credentials("service", "a password"),
        auth_type=BASIC,
        version=Version(build=build, api_version=version),
        retry_policy=FailFast(),
    )
    one = Account(ANNA, config=config, access_type=access, default_timezone=UTC)

    def session(_prefix: str, **_: object) -> requests.Session:
        made = Session()
        made.mount("https://", server)
        return made

    kind = type("Scripted", (Protocol,), {"raw_session": staticmethod(session)})
    one.protocol = type.__call__(kind, config=config)  # not the one that is kept for everybody
    return one


def refusing(code: str) -> bytes:
    """An answer to Subscribe as Microsoft shows it ("Subscribe operation", error response)."""
    text = capture(SUBSCRIBED).decode().replace('ResponseClass="Success"', 'ResponseClass="Error"')
    text = text.replace("<m:SubscriptionId>AQAAAAUAAAA=</m:SubscriptionId>", "")
    return text.replace("NoError", code).encode()


def fault(code: str, more: str = "") -> bytes:
    """A SOAP fault as Microsoft shows it ("Handling notification-related errors", "EWS throttling in Exchange")."""
    return f"""<?xml version="1.0"?><s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault>
    <faultcode>a:{code}</faultcode><faultstring>no</faultstring><detail>
    <e:ResponseCode xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">{code}</e:ResponseCode>
    <e:Message xmlns:e="http://schemas.microsoft.com/exchange/services/2006/errors">no</e:Message>{more}
    </detail></s:Fault></s:Body></s:Envelope>""".encode()


def ok(body: bytes, **headers: str) -> tuple[int, Mapping[str, str], bytes]:
    return 200, headers, body


def documents(*names: str) -> bytes:
    return b"".join((CAPTURES / name).read_bytes() for name in names)


def closed(body: bytes) -> bytes:
    return body.replace(b"<m:ConnectionStatus>OK<", b"<m:ConnectionStatus>Closed<")


def followed(server: Server, *subscriptions: str) -> tuple[Ending, list[str], int]:
    told: list[str] = []
    opened: list[None] = []
    affinity = Affinity(ANNA)
    ending = follow(account(server), affinity, subscriptions, lambda: opened.append(None), told.append)
    return ending, told, len(opened)


def test_a_subscription_names_the_calendar_and_asks_for_nothing_else():
    server = Server([ok(capture(SUBSCRIBED))])
    assert subscribe(account(server), Affinity(ANNA), BO) == "AQAAAAUAAAA="
    (folder,) = server.asked(0).findall(".//{*}StreamingSubscriptionRequest/{*}FolderIds/*")
    assert folder.get("Id") == "calendar"
    assert folder.findtext(".//{*}EmailAddress") == BO
    assert len(server.sent) == 1


def test_all_of_a_group_carry_its_anchor_and_the_cookies_of_its_server():
    server = Server([ok(capture(SUBSCRIBED), **{"X-Cookies": "X-BackEndOverrideCookie=mbx1~1"})] * 2 + [ok(b"")])
    one, affinity = account(server), Affinity(ANNA)
    subscribe(one, affinity, ANNA)
    assert "Cookie" not in server.sent[0].headers
    subscribe(one, affinity, BO)
    follow(account(server), affinity, ["1", "2"], lambda: None, lambda _: None)
    for request in server.sent[1:]:
        assert request.headers["X-AnchorMailbox"] == ANNA
        assert request.headers["X-PreferServerAffinity"] == "true"
        assert request.headers["Cookie"] == "X-BackEndOverrideCookie=mbx1~1"


def test_who_impersonates_subscribes_as_each_and_listens_as_the_anchor():
    server = Server([ok(capture(SUBSCRIBED)), ok(b"")])
    one, affinity = account(server, access=IMPERSONATION), Affinity(ANNA)
    subscribe(one, affinity, BO)
    follow(one, affinity, ["1"], lambda: None, lambda _: None)
    assert [server.asked(number).findtext(IMPERSONATED) for number in (0, 1)] == [BO, ANNA]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (refusing("ErrorSubscriptionDelegateAccessNotSupported"), No.NOT_FOR_DELEGATES),
        (refusing("ErrorItemNotFound"), No.NOT_FOR_THIS_ONE),
        (refusing("ErrorAccessDenied"), No.NOT_FOR_THIS_ONE),
        (refusing("ErrorMailboxMoveInProgress"), No.NOT_FOR_THIS_ONE),
        (refusing("ErrorExceededSubscriptionCount"), No.NO_MORE),
        (capture(SUBSCRIBED).replace(b"<m:SubscriptionId>AQAAAAUAAAA=</m:SubscriptionId>", b""), No.NOT_FOR_THIS_ONE),
        (fault("ErrorNonExistentMailbox"), No.NOT_FOR_THIS_ONE),
        (fault("ErrorImpersonateUserDenied"), No.NOT_FOR_THIS_ONE),
        (fault("ErrorSchemaValidation"), No.NOT_THERE),
        (fault("ErrorInvalidServerVersion"), No.NOT_THERE),
    ],
)
def test_why_there_is_no_subscription(answer, why):
    server = Server([(500 if b"Fault" in answer else 200, {}, answer)])
    assert subscribe(account(server), Affinity(ANNA), ANNA) is why
    assert len(server.sent) == 1


def test_a_busy_server_is_not_one_mailbox_that_refuses():
    server = Server([(500, {}, fault("ErrorServerBusy"))])
    with pytest.raises(ews.ErrorServerBusy):
        subscribe(account(server), Affinity(ANNA), ANNA)


def test_a_server_older_than_streams_is_not_asked():
    server = Server([])
    one = account(server, version="Exchange2010", minor=0)
    assert subscribe(one, Affinity(ANNA), ANNA) is No.NOT_THERE


def test_events_are_told_and_signs_of_life_are_not():
    server = Server([ok(documents(NOTHING, CHANGED, ALIVE))])
    assert followed(server, "AQAAAAUAAAA=") == (Ending(How.CUT), ["AQAAAAUAAAA="], 1)


def test_each_mailbox_of_a_stream_is_told():
    server = Server([ok(documents(TWO_CHANGED))])
    _, told, _ = followed(server, "BAAAAAUAAAA=", "BQAAAAUAAAA=")
    assert told == ["BAAAAAUAAAA=", "BQAAAAUAAAA="]
    asked = server.asked(0)
    assert [one.text for one in asked.iterfind(".//{*}SubscriptionId")] == ["BAAAAAUAAAA=", "BQAAAAUAAAA="]
    assert asked.findtext(".//{*}ConnectionTimeout") == "30"


@pytest.mark.parametrize(
    "kind", ["MovedEvent", "CopiedEvent", "NewMailEvent", "FreeBusyChangedEvent", "NeverSeenEvent"]
)
def test_any_kind_of_event_counts(kind):
    body = documents(CHANGED).replace(b"CreatedEvent", kind.encode()).replace(b"ModifiedEvent", b"StatusEvent")
    assert followed(Server([ok(body)]), "AQAAAAUAAAA=")[1] == ["AQAAAAUAAAA="]


def test_the_server_ends_a_stream_in_order():
    server = Server([ok(closed(documents(CHANGED)) + documents(CHANGED))])
    assert followed(server, "AQAAAAUAAAA=") == (Ending(How.CLOSED), ["AQAAAAUAAAA="], 1)


@pytest.mark.parametrize("left", range(0, 1200, 97))
def test_a_stream_that_breaks_off_anywhere_was_cut(left):
    body = documents(NOTHING)[:left]
    assert followed(Server([ok(body)]), "AQAAAAUAAAA=")[0] == Ending(How.CUT)


@pytest.mark.parametrize("is_chunked", [True, False])
def test_a_stream_that_says_more_than_can_be_kept_is_given_up(monkeypatch, is_chunked):
    monkeypatch.setattr(notifications, "LARGEST", 10_000)
    endless = b"<s:Envelope>" + b"<a/>" * 5_000
    body, how = endless, {}
    if is_chunked:
        body, how = b"%x\r\n%b\r\n0\r\n\r\n" % (len(endless), endless), {"transfer-encoding": "chunked"}
    server = Server([(200, how, body)])
    with pytest.raises(RetryLater, match="a stream told more"):
        follow(account(server), Affinity(ANNA), ["1"], lambda: None, lambda _: None)


def test_subscriptions_that_are_gone_are_named():
    server = Server([ok(documents(UNKNOWN))])
    assert followed(server, "AQAAAP8AAAA=", "other")[0] == Ending(How.LOST, frozenset({"AQAAAP8AAAA="}))


def test_what_is_gone_may_go_without_a_name():
    body = documents(UNKNOWN).replace(b"<SubscriptionId>AQAAAP8AAAA=</SubscriptionId>", b"")
    assert followed(Server([ok(body)]), "one", "other")[0] == Ending(How.LOST)


@pytest.mark.parametrize(
    "code", ["ErrorSubscriptionNotFound", "ErrorExpiredSubscription", "ErrorInvalidWatermark", "ErrorReadEventsFailed"]
)
def test_ways_to_lose_a_subscription(code):
    body = documents(UNKNOWN).replace(b"ErrorInvalidSubscription", code.encode())
    assert followed(Server([ok(body)]), "AQAAAP8AAAA=")[0].how is How.LOST


def test_one_stream_too_many():
    server = Server([ok(documents(UNKNOWN).replace(b"ErrorInvalidSubscription", b"ErrorExceededConnectionCount"))])
    assert followed(server, "1")[0] == Ending(How.TOO_MANY)


def test_a_fault_in_place_of_a_stream_says_how_long_to_rest():
    types = "http://schemas.microsoft.com/exchange/services/2006/types"
    wait = f'<t:MessageXml xmlns:t="{types}"><t:Value Name="BackOffMilliseconds">2500</t:Value></t:MessageXml>'
    server = Server([(500, {}, fault("ErrorServerBusy", wait))])
    with pytest.raises(ews.ErrorServerBusy) as raised:
        followed(server, "1")
    assert raised.value.back_off == 2.5


def test_a_stream_may_be_silent_only_so_long():
    server = Server([ok(b"")])
    followed(server, "1")
    assert server.reads == [SILENCE]
