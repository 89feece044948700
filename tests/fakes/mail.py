"""Mail servers: one in memory (`ports.Post`), and a real one (aiosmtpd) whose answers are in a test's hand."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP as RFC

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from gateway.domain.letter import Letter
from gateway.errors import RingplanError
from peers import ports

HOST = "localhost"
USER, PASSWORD = "ringplan", "opensesame"


class FakePost:
    """Keeps what was sent; `errors` are raised, each once, in order; `refuses` are addresses, each with its error."""

    def __init__(self) -> None:
        self.sent: list[Letter] = []
        self.tries = 0
        self.errors: list[RingplanError] = []
        self.refuses: dict[str, RingplanError] = {}

    async def send(self, letter: Letter) -> None:
        self.tries += 1
        if self.errors:
            raise self.errors.pop(0)
        if letter.to in self.refuses:
            raise self.refuses[letter.to]
        self.sent.append(letter)


@dataclass
class MailServer:
    """`answers`: by command (`MAIL`, `RCPT`, `DATA`, `QUIT`, `AUTH`), instead of its own; `raw`: what it took.

    `answering`: where it is cleared, nobody is told that their letter was taken.
    """

    port: int
    answers: dict[str, str] = field(default_factory=dict)
    raw: list[bytes] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    sign_ins: list[str] = field(default_factory=list)
    answering: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def letters(self) -> list[EmailMessage]:
        """What was received, read."""
        read = [message_from_bytes(one, policy=RFC) for one in self.raw]
        return [one for one in read if isinstance(one, EmailMessage)]

    async def handle_MAIL(  # noqa: N802 - so the library calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "MAIL" not in self.answers:
            envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_RCPT(  # noqa: N802 - so the library calls it
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" not in self.answers:
            envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - so the library calls it
        if "DATA" not in self.answers:
            self.raw.append(envelope.content if isinstance(envelope.content, bytes) else b"")
            self.recipients.append(envelope.rcpt_tos)
        await self.answering.wait()
        return self.answers.get("DATA", "250 OK")

    async def handle_QUIT(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802 - so the library calls it
        return self.answers.get("QUIT", "221 Bye")

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, how: str, given: object) -> AuthResult:
        self.sign_ins.append(how)
        right = given == LoginPassword(USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=False, message=self.answers.get("AUTH"))


@asynccontextmanager
async def mail_server(
    starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, *, sign_in: bool = False, **answers: str
) -> AsyncIterator[MailServer]:
    """Run one in this loop, on `HOST`."""
    made = MailServer(ports.free(), answers)
    made.answering.set()

    def protocol() -> SMTP:
        return SMTP(
            made,
            tls_context=starttls,
            require_starttls=starttls is not None,
            auth_required=sign_in and starttls is not None,
            auth_require_tls=starttls is not None,
            authenticator=made.authenticate,
        )

    server = await asyncio.get_running_loop().create_server(protocol, HOST, made.port, ssl=tls)
    try:
        yield made
    finally:
        server.close()
        await server.wait_closed()
        ports.release(made.port)
