"""What goes wrong between us and an Exchange server, in Ringplan's words.

Response codes: Microsoft, "ResponseCode" in the EWS reference; throttling: "EWS throttling in Exchange". The texts that
a server or exchangelib adds are never passed on: they may hold contents.
"""

import ssl
import struct
import traceback
from http.client import RemoteDisconnected
from urllib.parse import urlsplit

import exchangelib.errors as ews
import lxml.etree
import requests
import spnego.exceptions
import urllib3.exceptions

from gateway.errors import GiveUp, Refused, RetryLater, RingplanError, SignInAgain, Throttled, Unreachable
from gateway.net.patience import after
from gateway.net.trust import distrusted

ADDRESS = "is this the address of Exchange Web Services? It usually ends in /EWS/Exchange.asmx"
SHARE = (
    "let the administrator of Exchange share the calendar with the account: "
    "Add-MailboxFolderPermission <mailbox>:\\Calendar -User <account> -AccessRights Reviewer"
)
IMPERSONATE = (
    "let the administrator of Exchange give the account the right to act as others: "
    "New-ManagementRoleAssignment -Role ApplicationImpersonation -User <account>"
)
FEWER = "lower `connections`, or let Exchange allow the account more: Set-ThrottlingPolicy -EwsMaxConcurrency"
NTLM = (
    "if it is right, look at Extended Protection behind a load balancer, and at a Negotiate that allows Kerberos alone"
)
BUSY = 10.0  # seconds to rest where the server names none
GARBLED = (
    AttributeError,
    TypeError,
    ValueError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    AssertionError,
    struct.error,
    lxml.etree.LxmlError,
)
KNOWN = (  # what `translated` can be asked about
    RingplanError,
    ews.EWSError,
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
    spnego.exceptions.SpnegoError,
    *GARBLED,
)
READERS = tuple(
    f"gateway.sources.ews.{name}"
    for name in (
        "connection.dialect",
        "contacts.changes",
        "contacts.numbers",
        "contacts.parse",
        "lists",
        "push.notifications",
        "requests",
        "rights",
    )
)
# Where an answer of a server makes an error: nobody can foresee all answers, and none may end the gateway for all.
THEIRS = ("exchangelib", "requests", "urllib3", "spnego", *READERS)
CLOSED = (RemoteDisconnected, ConnectionResetError, BrokenPipeError, ssl.SSLEOFError)

REFUSED: dict[type[ews.EWSError], tuple[str, str]] = {
    ews.ErrorAccessDenied: ("does not let this account read the calendar", SHARE),
    ews.ErrorItemNotFound: ("shows this account no calendar in the mailbox", SHARE),
    ews.ErrorFolderNotFound: ("shows this account no calendar in the mailbox", SHARE),
    ews.ErrorNoFreeBusyAccess: ("does not let this account read the calendar", SHARE),
    ews.ErrorNonExistentMailbox: ("knows no mailbox with this address", "correct the user's address"),
    ews.ErrorNonPrimarySmtpAddress: ("wants the main address of the mailbox", "write the user's main address first"),
    ews.ErrorInvalidSmtpAddress: ("takes the user's address for none", "correct the user's address"),
    ews.ErrorAccountDisabled: ("has disabled the account of the mailbox", "enable it, or remove the user"),
    ews.ErrorMissingEmailAddress: (
        "knows no mailbox of the account itself",
        'give the account a mailbox, or let it act as others: access = "impersonation"',
    ),
    ews.ErrorMailboxConfiguration: ("cannot use the mailbox as it is configured", "ask the administrator of Exchange"),
    ews.ErrorImpersonateUserDenied: ("does not let this account act as the user", IMPERSONATE),
    ews.ErrorImpersonationDenied: ("does not let this account act as the user", IMPERSONATE),
    ews.ErrorImpersonationFailed: ("does not let this account act as the user", IMPERSONATE),
}
SIGN_IN = (
    ews.UnauthorizedError,
    ews.ErrorPasswordExpired,
    ews.ErrorPasswordChangeRequired,
)
MISPLACED = (  # "another Active Directory site", "cannot find a server to handle the request", "the same version"
    ews.ErrorNoApplicableProxyCASServersAvailable,
    ews.ErrorNoDestinationCASDueToKerberosRequirements,
    ews.ErrorNoDestinationCASDueToSSLRequirements,
    ews.ErrorNoDestinationCASDueToVersionMismatch,
    ews.ErrorNoRespondingCASInDestinationSite,
    ews.ErrorProxyGroupSidLimitExceeded,
    ews.ErrorWrongServerVersion,
    ews.ErrorWrongServerVersionDelegate,
)
STALE = (ews.ErrorInvalidSyncStateData, ews.ErrorSyncFolderNotFound)


class Misplaced(RetryLater):
    """The mailbox is another server's, and this one cannot hand the request on."""


class NotShared(Refused):
    """The mailbox is where it was asked for, and a folder of it is not open to the account."""


class StaleState(GiveUp):
    """The sync state means nothing to the server any more: begin without one."""


def translated(error: Exception, host: str) -> RingplanError:
    """Return what `error` means, said of `host`. Raises `error` itself where it is a defect of Ringplan."""
    if isinstance(error, RingplanError):
        return error
    if isinstance(error, STALE):
        return StaleState(f"{host} does not know the sync state any more")
    if isinstance(error, SIGN_IN):
        return signed_out(host)
    if isinstance(error, ews.ErrorServerBusy):
        return Throttled(f"{host} asks the account to rest", FEWER, after=float(error.back_off or BUSY))
    if isinstance(error, ews.ErrorExceededConnectionCount):
        return Throttled(f"{host} does not allow so many requests at once", FEWER, after=BUSY)
    for kind, (said, remedy) in REFUSED.items():
        if isinstance(error, kind):
            return Refused(f"{host} {said} ({type(error).__name__})", remedy)
    if isinstance(error, ews.EWSError):
        later = Misplaced if isinstance(error, MISPLACED) else RetryLater
        return later(f"{host} answered with {type(error).__name__}")
    if isinstance(error, (PermissionError, KeyError, spnego.exceptions.SpnegoError)) and _raised_in(
        error, "requests_ntlm"
    ):
        return RetryLater(f"{host} broke off signing in by NTLM", 'if it goes on so, set sign_in = "basic"')
    if isinstance(error, (requests.RequestException, urllib3.exceptions.HTTPError, OSError)):
        return lost(error, host)
    if isinstance(error, GARBLED) and _raised_in(error, *THEIRS):
        return RetryLater(f"{host} answered with something that cannot be read ({type(error).__name__})")
    raise error


def refused(response: requests.Response) -> RingplanError | None:
    """Return what status and headers mean; None: there is XML to read. Microsoft sends SOAP faults with status 500."""
    host, status = host_of(response.url), response.status_code
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()[:80]
    if status in (200, 500) and "xml" in kind:
        return None
    wait = after(response.headers.get("retry-after", ""), response.headers.get("date", ""))
    if status == 401:
        sent = response.request.headers if response.request is not None else {}
        return signed_out(host, ntlm=str(sent.get("Authorization", "")).startswith(("NTLM", "Negotiate")))
    if status == 403:
        return Refused(
            f"{host} forbids this account Exchange Web Services",
            "let the administrator of Exchange allow them: Set-CASMailbox <account> -EwsEnabled $true",
        )
    if status == 429 or wait is not None:
        return Throttled(f"{host} asks the account to rest ({status})", FEWER, after=BUSY if wait is None else wait)
    if status in (408, 425) or (status >= 500 and status not in (501, 505)) or _out_of_order(response):
        return RetryLater(f"{host} is not able to answer now ({status})")
    if 300 <= status < 400:
        return GiveUp(f"{host} redirects to another place ({status})", ADDRESS)
    if status == 200:
        return GiveUp(f"{host} answers with {kind or 'no content type'} instead of XML", ADDRESS)
    return GiveUp(f"{host} has no Exchange Web Services there ({status})", ADDRESS)


def lost(error: BaseException, host: str) -> RingplanError:
    """Return what the end of a connection means: an error of `requests`, urllib3, ssl or the system."""
    for cause in _causes(error):
        if isinstance(cause, RingplanError):
            return cause
    for cause in _causes(error):
        if isinstance(cause, urllib3.exceptions.NameResolutionError):
            return Unreachable(f"there is no host {host}", "correct the url or the domain, or is DNS down?")
        if isinstance(cause, (urllib3.exceptions.ConnectTimeoutError, urllib3.exceptions.NewConnectionError)):
            return Unreachable(f"{host} cannot be reached", "is the server up, and the url right?")
        if isinstance(cause, (TimeoutError, urllib3.exceptions.TimeoutError)):
            return Unreachable(f"{host} does not answer")
        if isinstance(cause, urllib3.exceptions.DecodeError):
            return RetryLater(f"{host} sent a body that cannot be decoded")
    return distrusted(error, host) or Unreachable(f"{host} broke the connection off")


def broken_off(error: BaseException) -> bool:
    """Return whether the other side closed the connection before it answered."""
    return any(isinstance(cause, CLOSED) for cause in _causes(error))


def signed_out(host: str, *, ntlm: bool = False) -> SignInAgain:
    """Return what a 401 means; `ntlm`: what was refused was no Basic."""
    remedy = "give it anew: ringplan accounts password"
    return SignInAgain(f"{host} refused user name or password", f"{remedy}; {NTLM}" if ntlm else remedy)


def host_of(url: str | None) -> str:
    """Return the host of an URL, for messages."""
    return urlsplit(url or "").hostname or "the server"


def _out_of_order(response: requests.Response) -> bool:
    """Return whether it is a redirect to Exchange's own page for errors: it comes and goes."""
    return response.status_code == 302 and "/genericerrorpage.htm" in response.headers.get("location", "").lower()


def _causes(error: BaseException) -> list[BaseException]:
    """Return `error` and what led to it; urllib3 keeps some of it in `reason` and in arguments."""
    found: list[BaseException] = []
    todo: list[object] = [error]
    while todo:
        cause = todo.pop()
        if isinstance(cause, BaseException) and not any(cause is known for known in found):
            found.append(cause)
            todo += [cause.__context__, cause.__cause__, getattr(cause, "reason", None), *cause.args]
    return found


def _raised_in(error: BaseException, *packages: str) -> bool:
    """Return whether `error` came out of one of these packages, not out of our code that called it."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        name = str(frame.f_globals.get("__name__", ""))
        if name.startswith((*packages, "gateway.")):
            return name.startswith(packages)
    return False
