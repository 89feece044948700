"""Letters through a mail server (RFC 5321; submission, RFC 6409), by the standard library's client in a thread.

What a letter says is data: nothing of it breaks out of a header, a line or an address. A server's own words go into no
error, since they often quote the recipient; its reply code does.
"""

import contextlib
import smtplib
from collections.abc import Callable

from gateway.domain.letter import Letter
from gateway.errors import Misconfigured, Refused, RetryLater, RingplanError, SignInAgain, Unreachable
from gateway.mail.message import message_of
from gateway.mail.settings import MailSettings
from gateway.net.threads import started
from gateway.net.trust import distrusted, trust

TAKEN = 250
LATER = range(400, 500)
CLOSING = 421
SIGN_IN_FIRST = 530  # RFC 4954


class Smtp:
    """A mail server (`ports.Post`)."""

    def __init__(self, settings: MailSettings) -> None:
        self._settings = settings

    async def send(self, letter: Letter) -> None:
        """Give one letter to the server. Raises as `ports.Post` says.

        Cancelled, it returns at once, and the letter may be on its way.
        """
        sender, raw = self._settings.sender, message_of(letter, self._settings.sender)
        await started(lambda: self._connect(lambda server: server.sendmail(sender, [letter.to], raw)))

    async def greet(self) -> None:
        """See that letters would be taken, and send none. Raises as `send`, but for what is about one letter."""
        await started(lambda: self._connect(self._greeted))

    def _greeted(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        code, said = server.mail(self._settings.sender)
        if code != TAKEN:
            raise smtplib.SMTPSenderRefused(code, said, self._settings.sender)
        server.rset()

    def _connect(self, work: Callable[[smtplib.SMTP], object]) -> None:
        """Connect, sign in, and do `work`."""
        settings = self._settings
        with contextlib.ExitStack() as stack:
            try:
                server = self._connected()
                stack.callback(server.close)
                if settings.tls == "starttls":
                    server.starttls(context=trust(settings.ca, settings.pin, settings.tls_minimum))
                if settings.user is not None and settings.secret is not None:
                    server.login(settings.user, settings.secret.reveal())
                work(server)
            except OSError as error:  # so are all of smtplib's
                raise self._meaning(error) from None
            with contextlib.suppress(OSError):  # it has the letter
                server.quit()

    def _connected(self) -> smtplib.SMTP:
        settings = self._settings
        (host, port), wait = settings.at, settings.deadline
        if settings.tls != "tls":
            return smtplib.SMTP(host, port, timeout=wait)
        return smtplib.SMTP_SSL(
            host, port, timeout=wait, context=trust(settings.ca, settings.pin, settings.tls_minimum)
        )

    def _meaning(self, error: OSError) -> RingplanError:
        at = self._settings.address
        match error:
            case smtplib.SMTPNotSupportedError():
                missing = "neither STARTTLS nor" if self._settings.tls == "starttls" else "no"
                remedy = 'are port, tls and user right? tls = "none" is for a server on this machine'
                return Misconfigured(f"{at} offers {missing} signing in here", remedy)
            case smtplib.SMTPRecipientsRefused():
                return self._refusal(next(iter(error.recipients.values()))[0], "the recipient of a letter")
            case smtplib.SMTPDataError():
                return self._refusal(error.smtp_code, "a letter")
            case smtplib.SMTPSenderRefused() if error.smtp_code not in (*LATER, SIGN_IN_FIRST):
                return Misconfigured(
                    f"{at} does not take letters from {error.sender} ({error.smtp_code})",
                    "write as sender an address that may be sent from there",
                )
            case smtplib.SMTPSenderRefused():
                return self._refusal(error.smtp_code, "a letter")
            case smtplib.SMTPAuthenticationError() if error.smtp_code not in LATER:
                return SignInAgain(f"{at} refuses user and secret ({error.smtp_code})", "correct them in [mail]")
            case smtplib.SMTPResponseException():
                return Unreachable(f"{at} answers {error.smtp_code}", "see the mail server's log")
            case smtplib.SMTPServerDisconnected():
                return Unreachable(f"{at} hung up, or did not answer in time", "are port and tls right?")
            case smtplib.SMTPException():
                return Misconfigured(f"{at} offers no way to sign in that is known", "PLAIN, LOGIN and CRAM-MD5 are")
        return distrusted(error, self._settings.host) or Unreachable(
            f"{at} cannot be reached: {error.strerror or type(error).__name__}", "are host and port right?"
        )

    def _refusal(self, code: int, what: str) -> RingplanError:
        at = self._settings.address
        if code == SIGN_IN_FIRST:
            return Misconfigured(f"{at} takes no letters without signing in", "give user and secret")
        if code == CLOSING:
            return Unreachable(f"{at} closes", "see the mail server's log")
        if code in LATER:
            return RetryLater(f"{at} does not take {what} yet ({code})", "see the mail server's log")
        return Refused(f"{at} refuses {what} ({code})", "see the mail server's log")
