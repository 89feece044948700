"""A letter as a mail server takes it (RFC 5322, MIME), and as nobody answers to by machine (RFC 3834)."""

from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import formatdate

from gateway.domain.letter import Letter
from gateway.errors import Refused
from gateway.mail.settings import is_address

NAME = "Ringplan"
LONGEST_SUBJECT = 200


def message_of(letter: Letter, sender: str) -> bytes:
    """Return the letter in ASCII, its lines ended as SMTP wants them.

    Raises `Refused` where `to` is no plain address: anything else would be one to the server, too.
    """
    if not is_address(letter.to):
        raise Refused("a recipient's address cannot be written to", "correct the first e-mail address of that user")
    message = EmailMessage(policy=SMTP)
    message["From"] = Address(NAME, addr_spec=sender)
    message["To"] = Address(addr_spec=letter.to)
    message["Subject"] = _line(letter.subject).replace("=?", "= ?")[:LONGEST_SUBJECT]  # RFC 2047: would be decoded
    message["Date"] = formatdate()
    message["Message-ID"] = f"<{_hexadecimal(letter.id)}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message["X-Auto-Response-Suppress"] = "All"  # Exchange's word for the same (MS-OXCMAIL)
    message.set_content("\n".join(_line(line) for line in letter.body.split("\n")) + "\n", cte="quoted-printable")
    return message.as_bytes()


def _line(text: str) -> str:
    """Return `text` without what ends lines, turns the way of writing, or is nothing in UTF-8."""
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()


def _hexadecimal(text: str) -> str:
    return "".join(letter for letter in text if letter in "0123456789abcdef")
