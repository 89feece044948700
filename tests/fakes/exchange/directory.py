"""Who there is, whose rights count for a request, and which folder or item a request means.

Microsoft: "ExchangeImpersonation", "Impersonation and EWS in Exchange", "Handling delegation-related errors",
"ResponseCode"; captures 068 to 095 and 144.
"""

from dataclasses import dataclass, field
from datetime import date
from xml.etree.ElementTree import Element

from tests.fakes.exchange.behaviour import Behaviour
from tests.fakes.exchange.items import Contact
from tests.fakes.exchange.mailbox import CONTACT, FOLDERS, Instance, Mailbox, read
from tests.fakes.exchange.rights import Right
from tests.fakes.exchange.soap import Call, Fault, Refusal, text


@dataclass(frozen=True)
class Folder:
    """A folder of a mailbox, and what the one who asks may do with it."""

    mailbox: Mailbox
    name: str
    right: Right


@dataclass(frozen=True, kw_only=True)
class DistributionList:
    """`members`: addresses, of mailboxes and lists too; any other is a mail contact."""

    address: str
    members: tuple[str, ...] = ()
    name: str = ""
    hidden: bool = False


@dataclass
class Directory:
    """`logins`: address by login; an address without a mailbox is a service account that has none.

    `lists` by address.
    """

    behaviour: Behaviour = field(default_factory=Behaviour)
    mailboxes: dict[str, Mailbox] = field(default_factory=dict)
    logins: dict[str, str] = field(default_factory=dict)
    impersonators: set[str] = field(default_factory=set)
    lists: dict[str, DistributionList] = field(default_factory=dict)

    def actor(self, login: str, call: Call) -> str:
        """Return the address whose rights count; `login`: that of who signed in.

        A login that may not impersonate gets ErrorImpersonateUserDenied (capture 093); an alias gets
        ErrorNonPrimarySmtpAddress with the primary address (Microsoft: "PrimarySmtpAddress", "ResponseCode"); a login
        without a mailbox that does not impersonate gets ErrorMissingEmailAddress.
        """
        if call.impersonated:
            if login not in self.impersonators:
                raise Fault("ErrorImpersonateUserDenied", "The account does not have permission to impersonate.")
            try:
                return self.mailbox(call.impersonated).address
            except Refusal as refusal:
                raise Fault(refusal.code, refusal.text, **refusal.values) from None
        if login not in self.mailboxes and call.operation != "ConvertId":
            raise Fault("ErrorMissingEmailAddress", "The account has no mailbox.")
        return login

    def mailbox(self, address: str) -> Mailbox:
        """Find a mailbox by its primary address, the only one that Exchange takes."""
        mailbox = self.known(address)
        if mailbox is None:
            raise Refusal("ErrorNonExistentMailbox", "No mailbox with such guid.")
        if mailbox.address != address.lower():
            said = "The primary SMTP address must be specified when referencing a mailbox."
            raise Refusal("ErrorNonPrimarySmtpAddress", said, Primary=mailbox.address)
        return mailbox

    def known(self, address: str) -> Mailbox | None:
        """Find a mailbox by any of its addresses, as the directory does."""
        wanted = address.lower()
        return self.mailboxes.get(wanted) or next(
            (one for one in self.mailboxes.values() if wanted in one.aliases), None
        )

    def right(self, actor: str, mailbox: Mailbox) -> Right:
        return Right.FULL if actor == mailbox.address else mailbox.rights.get(actor, mailbox.everybody)

    def folder(self, actor: str, identity: Element) -> Folder:
        """Return the folder that a FolderId or DistinguishedFolderId means. Raises `Refusal`."""
        if identity.tag == "t:DistinguishedFolderId":
            name = identity.get("Id", "")
            address = text(identity, "t:Mailbox/t:EmailAddress") or actor
            found = self._open(actor, self.mailbox(address), name)
        else:
            guid, kind, *rest = [*read(identity.get("Id", "")), "", ""]
            mailbox = self.by_guid(guid)
            if mailbox is None or kind != "folder":
                raise Refusal("ErrorInvalidIdMalformed", "Id is malformed.")
            found = self._open(actor, mailbox, rest[0])
        if found.name not in FOLDERS:
            raise Refusal("ErrorFolderNotFound", "The specified folder could not be found in the store.")
        return found

    def _open(self, actor: str, mailbox: Mailbox, name: str) -> Folder:
        """A shared calendar opens the calendar alone (captures 071, 079); free/busy rights open nothing (084)."""
        right = self.right(actor, mailbox)
        if name == "contacts" and right < Right.FULL:
            right = Right.REVIEWER if actor in mailbox.contacts_with else Right.NONE
        if right < (Right.REVIEWER if name in ("calendar", "contacts") else Right.FULL):
            raise Refusal(self.behaviour.denial, "The specified object was not found in the store.")
        return Folder(mailbox, name, right)

    def item(self, actor: str, identity: str) -> tuple[Instance, Right]:
        """Return what an item id means; one that is gone, or not open to `actor`, is not found."""
        parts = read(identity)
        mailbox = self.by_guid(parts[0]) if len(parts) in (3, 4) and parts[1] == "item" else None
        if mailbox is None:
            raise Refusal("ErrorInvalidIdMalformed", "Id is malformed.")
        right = self.right(actor, mailbox)
        stored = mailbox.calendar.items.get(int(parts[2]))
        if right < Right.REVIEWER or stored is None:
            raise Refusal("ErrorItemNotFound", "The specified object was not found in the store.")
        if len(parts) == 3:
            return mailbox.calendar.whole(stored), right
        day = date.fromisoformat(parts[3])
        if day in stored.deleted:
            raise Refusal("ErrorItemNotFound", "The specified object was not found in the store.")
        return mailbox.calendar.occurrence(stored, day), right

    def contact(self, actor: str, identity: str) -> Contact | None:
        """Return the contact that an id means, None where it is no id of one."""
        parts = read(identity)
        mailbox = self.by_guid(parts[0]) if len(parts) == 3 and parts[1] == CONTACT else None
        if mailbox is None:
            return None
        if not (self.right(actor, mailbox) == Right.FULL or actor in mailbox.contacts_with):
            raise Refusal("ErrorItemNotFound", "The specified object was not found in the store.")
        kept = mailbox.contacts.kept.get(int(parts[2]))
        if kept is None:
            raise Refusal("ErrorItemNotFound", "The specified object was not found in the store.")
        if int(parts[2]) in mailbox.contacts.broken:
            raise Refusal("ErrorItemCorrupt", "The item is corrupt.")
        return kept.contact

    def by_guid(self, guid: str) -> Mailbox | None:
        return next((mailbox for mailbox in self.mailboxes.values() if mailbox.guid == guid), None)


@dataclass(frozen=True)
class Asked:
    """A request, and of whom it is asked. `actor`: the address whose rights count; `login`: whose password it was."""

    call: Call
    actor: str
    login: str
    directory: Directory

    @property
    def behaviour(self) -> Behaviour:
        return self.directory.behaviour
