"""Users of an Asterisk as an address book: who has which extension. Read through AMI, changes nothing.

Three lists say it, each only where it is kept: FreePBX's names, AstDB `AMPUSER/<extension>/cidname` (from its published
modules, unverified); PJSIP endpoints that are called as an extension, with their caller id, as
`"Anna Ek" <1001>`; and the users of voicemail, who may have an e-mail address. Seen on Asterisk 22.10.1 and 16.28
(tests/captures/asterisk/people_*.txt): the rights `system` and `call` do, which the driver needs anyway; an endpoint's
details (`PJSIPShowEndpoint`) hold its password in clear, which is why the one field is asked for by Getvar; a list of
nothing is an error or has no list, and a module that is not loaded has no such action.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager

from gateway.domain.book import Book, ContactChanges
from gateway.domain.contact import Contact, Kind, PhoneNumber
from gateway.domain.mailbox import Account
from gateway.domain.user import Extension
from gateway.errors import Refused, RetryLater
from gateway.pbx.asterisk import image, lines
from gateway.pbx.asterisk.client import Client
from gateway.pbx.asterisk.codec import Action, Message
from gateway.pbx.asterisk.connection import connect as connect_ami
from gateway.pbx.asterisk.settings import AsteriskSettings
from gateway.ports import Connect, Opened
from gateway.vcard.property import cleaned

FAMILY = "AMPUSER"
LONGEST_NAME = 100
MOST_PEOPLE = 20_000
MOST_EMAILS = 5

_DENIED = "Permission denied"
_UNKNOWN = "Invalid/unknown command"
_KEY = re.compile(rf"/{FAMILY}/([0-9]+)/cidname")
_CALLER_ID = re.compile(r"\s*(.*?)\s*<[^<>]*>\s*")
_NUMBER = re.compile(r"[-+*#().\d\s]*")
_EMAIL = re.compile(r"[^\s@|,;<>\"()]{1,100}@[^\s@|,;<>\"()]{1,150}")
_ASKED = (
    Action("DBGetTree", (("Family", FAMILY),)),
    Action("PJSIPShowEndpoints"),
    Action("VoicemailUsersList"),
)


def connect(settings: AsteriskSettings) -> Connect:
    """Return how the users of an Asterisk are opened: it has contacts alone, and signs in as its settings say."""

    @asynccontextmanager
    async def opened(_: Account) -> AsyncIterator[Opened]:
        yield Opened(contacts=People(settings))

    return opened


class People:
    """The users of one Asterisk, as the one address book that it has (`ports.ContactSource`)."""

    def __init__(self, settings: AsteriskSettings) -> None:
        self._settings = settings

    async def read(self, book: Book, since: str | None) -> ContactChanges | None:
        """Return all users, None where they are those of the token `since`.

        Raises `Unreachable`, `SignInAgain`, `Refused` where rights are missing, or `RetryLater` where nobody is listed
        and a module is missing, as when Asterisk starts. Users beyond `MOST_PEOPLE` are set aside; those who have no
        name are nobody's concern.
        """
        async with connect_ami(self._settings) as asterisk:
            answers = await asterisk.ask_all(_ASKED)
            named, endpoints, boxes = [_listed(answer) for answer in answers]
            caller_ids = await _caller_ids(asterisk, endpoints)
        found = people(named, caller_ids, boxes)
        if not found and any(answer.get("Message").startswith(_UNKNOWN) for answer in answers):
            remedy = "is it still starting? otherwise load res_pjsip or app_voicemail, or remove the address book"
            raise RetryLater("Asterisk lists nobody, and has not loaded all modules that could", remedy)
        token = hashlib.sha256(repr([(one.key, one.name, one.emails) for one in found]).encode()).hexdigest()
        if token == since:
            return None
        return ContactChanges(found[:MOST_PEOPLE], token=token, set_aside=max(0, len(found) - MOST_PEOPLE))


def people(
    named: Iterable[Message], caller_ids: Mapping[Extension, str], boxes: Iterable[Message]
) -> tuple[Contact, ...]:
    """Return who is there, by extension. A name of FreePBX's comes before a caller id, that before a mailbox's."""
    mailboxes = sorted(boxes, key=lambda box: box.get("VMContext") == "default")  # of two the last one counts
    names = [(box.get("VoiceMailbox"), _clean(box.get("Fullname"))) for box in mailboxes]
    names += [(number, _name(caller_id)) for number, caller_id in caller_ids.items()]
    names += [(found[1], _clean(item.get("Val"))) for item in named if (found := _KEY.fullmatch(item.get("Key")))]
    name_of = {number: name for number, name in names if image.is_place(number) and name not in ("", number)}
    emails = {box.get("VoiceMailbox"): _emails(box.get("Email")) for box in mailboxes}
    return tuple(
        Contact(
            number,
            name,
            emails=tuple(dict.fromkeys(emails.get(number, ())))[:MOST_EMAILS],
            numbers=(PhoneNumber(Kind.WORK, number),),
        )
        for number, name in sorted(name_of.items())
    )


def _name(caller_id: str) -> str:
    """Return the name in a caller id: before the number in angle brackets, or all of one that is no number."""
    found = _CALLER_ID.fullmatch(caller_id)
    if found is None and _NUMBER.fullmatch(caller_id):
        return ""
    return _clean((found[1] if found else caller_id).strip('"'))


def _emails(written: str) -> list[str]:
    return [found for found in _EMAIL.findall(written) if found.isprintable()]


def _clean(name: str) -> str:
    return cleaned(name)[:LONGEST_NAME].rstrip()


def _listed(answer: Message) -> tuple[Message, ...]:
    if answer.get("Message") == _DENIED:
        remedy = f"give the AMI user write = {lines.WRITE} in manager.conf"
        raise Refused("Asterisk would not list its users", remedy)
    return answer.items


async def _caller_ids(asterisk: Client, endpoints: Iterable[Message]) -> dict[Extension, str]:
    numbers = [name for endpoint in endpoints if image.is_place(name := endpoint.get("ObjectName"))]
    asked = (Action("Getvar", (("Variable", f"PJSIP_ENDPOINT({number},callerid)"),)) for number in numbers)
    answers = await asterisk.ask_all(asked)
    return {number: answer.get("Value") for number, answer in zip(numbers, answers, strict=True)}
