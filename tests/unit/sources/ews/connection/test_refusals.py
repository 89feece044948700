"""What exchangelib, requests and the system raise, in Ringplan's words."""

import inspect
import socket
import ssl
from importlib.util import find_spec
from typing import Any

import exchangelib.errors as ews
import pytest
import requests
import urllib3.exceptions
from exchangelib.version import Version

from gateway.errors import GiveUp, OurFault, Refused, RetryLater, RingplanError, SignInAgain, Throttled, Unreachable
from gateway.sources.ews.connection import refusals
from gateway.sources.ews.connection.refusals import Misplaced, StaleState, refused, translated

HOST = "mail.example.test"
CONTENTS = "Secret meeting"


def every_error():
    """All of exchangelib's own errors that are made of a text, as its parser makes them."""
    kinds = [kind for kind in vars(ews).values() if inspect.isclass(kind) and issubclass(kind, ews.EWSError)]
    plain: list[Any] = [kind for kind in kinds if [*inspect.signature(kind).parameters] == ["value"]]
    return [ews.RedirectError(f"https://{CONTENTS}/"), *(kind(CONTENTS) for kind in plain)]


@pytest.mark.parametrize("error", every_error(), ids=lambda error: type(error).__name__)
def test_whatever_exchangelib_raises_is_said_without_contents(error):
    said = translated(error, HOST)
    assert HOST in str(said)
    assert CONTENTS not in f"{said!r} {said} {said.remedy}"
    assert isinstance(said, (RetryLater, GiveUp, SignInAgain))


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ews.UnauthorizedError(CONTENTS), SignInAgain),
        (ews.ErrorPasswordExpired(CONTENTS), SignInAgain),
        (ews.ErrorAccessDenied(CONTENTS), Refused),
        (ews.ErrorImpersonateUserDenied(CONTENTS), Refused),
        (ews.ErrorInvalidSyncStateData(CONTENTS), StaleState),
        (ews.ErrorSyncFolderNotFound(CONTENTS), StaleState),
        (ews.ErrorNoRespondingCASInDestinationSite(CONTENTS), Misplaced),
        (ews.ErrorWrongServerVersion(CONTENTS), Misplaced),
        (ews.ErrorWrongServerVersionDelegate(CONTENTS), Misplaced),
        (ews.ErrorMailboxMoveInProgress(CONTENTS), RetryLater),
        (ews.ErrorServerBusy(CONTENTS, back_off=12.5), Throttled),
        (ews.ErrorExceededConnectionCount(CONTENTS), Throttled),
        (ews.ErrorMailboxStoreUnavailable(CONTENTS), RetryLater),
        (ews.TransportError(CONTENTS), RetryLater),
        (requests.ConnectionError(CONTENTS), Unreachable),
        (urllib3.exceptions.IncompleteRead(1, 2), Unreachable),
        (ConnectionResetError(), Unreachable),
        (TimeoutError(), Unreachable),
        (socket.gaierror(), Unreachable),
        (ssl.SSLError(1, "?"), Unreachable),
        (PermissionError(), Unreachable),
    ],
)
def test_what_the_caller_does_about_it(error, kind):
    assert type(translated(error, HOST)) is kind


def test_the_rest_that_a_busy_server_wants():
    said = translated(ews.ErrorServerBusy("", back_off=12.5), HOST)
    assert isinstance(said, Throttled)
    assert said.after == 12.5
    assert "Set-ThrottlingPolicy" in said.remedy


def test_our_own_words_stay_as_they_are():
    error = OurFault("as it is")
    assert translated(error, HOST) is error


def raised_by(work):
    with pytest.raises((AttributeError, ValueError, KeyError)) as raised:
        work()
    return raised.value


def test_what_exchangelib_trips_over_came_from_the_server():
    garbled = raised_by(lambda: Version.from_soap_header("Exchange2016", None))
    assert isinstance(garbled, AttributeError)
    assert type(translated(garbled, HOST)) is RetryLater


@pytest.mark.parametrize("defect", [lambda: HOST.index("x!"), lambda: int("x"), lambda: {"a": 1}["x"]])
def test_what_we_trip_over_is_our_defect(defect):
    error = raised_by(defect)
    with pytest.raises(type(error)):
        translated(error, HOST)


def response(status: int, **headers: str) -> requests.Response:
    made = requests.Response()
    made.status_code, made.url = status, f"https://{HOST}/EWS/Exchange.asmx"
    made.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return made


@pytest.mark.parametrize("status", [200, 500])
def test_xml_is_read(status):
    assert refused(response(status, content_type="text/xml; charset=utf-8")) is None


@pytest.mark.parametrize("status", [*range(200, 600)])
def test_every_other_status_is_said(status):
    said = refused(response(status, content_type="text/html"))
    assert isinstance(said, RingplanError)
    assert HOST in str(said)


@pytest.mark.parametrize(("scheme", "named"), [("NTLM x", True), ("Negotiate x", True), ("Basic x", False)])
def test_ntlm_that_is_refused_may_have_other_reasons_than_the_password(scheme, named):
    made = response(401)
    made.request = requests.Request("POST", made.url, headers={"Authorization": scheme}).prepare()
    said = refused(made)
    assert isinstance(said, SignInAgain)
    assert "ringplan accounts password" in said.remedy
    assert ("Extended Protection" in said.remedy) is ("Kerberos alone" in said.remedy) is named


def test_what_reads_answers_is_where_it_is_looked_for():
    assert [name for name in refusals.READERS if find_spec(name) is None] == []
