"""What `ringplan check` says of a book of the company: it is read as the gateway would read it."""

from collections.abc import Collection, Mapping

from gateway.app import connection
from gateway.domain.book import Book
from gateway.domain.finding import Finding
from gateway.domain.mailbox import Account
from gateway.errors import RingplanError
from gateway.settings import Settings

PART = "contacts"


async def of_book(settings: Settings, book: Book, accounts: Collection[Account], resting: Mapping[int, str]) -> Finding:
    """Read it whole, and say how many contacts are in it, never which; `resting`: accounts that are not tried now."""
    account = next(one for one in accounts if one.id == book.account)
    if account.id in resting:
        return Finding(PART, False, resting[account.id])
    if account.source not in settings.kinds:
        remedy = f"add [sources.{account.source}], or ringplan books remove {book.name}"
        return Finding(PART, False, f"there is no source {account.source} in the settings", remedy)
    try:
        async with connection(settings, account.source)(account) as opened:
            if opened.contacts is None:
                return Finding(PART, False, f"{account.source} has no contacts", "name another source")
            found = await opened.contacts.read(book, None)
    except RingplanError as error:
        return Finding(PART, False, str(error), error.remedy)
    aside = f"; {found.set_aside} cannot be used" if found and found.set_aside else ""
    return Finding(PART, True, f"can be read; there are {len(found.put) if found else 0}{aside}")
