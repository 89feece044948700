"""What `ringplan status` tells, gathered from the store: everything by name. What a page shows is `summary`."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.deciding import refused
from gateway.deciding.planned import Told, coming, gather, going_on
from gateway.deciding.summary import AT_MOST, Problem, Summary, ill, runs
from gateway.domain.book import Book
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.user import Extension, User
from gateway.engine.account import ACCOUNT, account_name
from gateway.engine.decided import rules_of, takes_part
from gateway.engine.sync import NOT_OFFERED, WITHOUT_CONTACTS
from gateway.planning.rules import Rules, discreet
from gateway.planning.timeline import of_user, segment_at
from gateway.store import absences, accounts, books, contacts, diversions, health, mailboxes, switches, users
from gateway.store.books import Progress as BookProgress
from gateway.store.health import Health
from gateway.store.mailboxes import Progress
from gateway.store.overview import Meetings, Reading
from gateway.store.rows import Rows

REMARKS = {
    "withheld": "items whose subject the server withholds",
    "target_refused": "items whose >number is not permitted",
    "target_not_own": "items of others with a >number",
    "subject_too_long": "items whose subject is too long",
    "lasts_too_long": "items that last too long",
    "same_item_twice": "items that came twice",
    "organiser_unknown": "meetings whose organiser is unknown",
    "conference_too_long": "conferences that last too long",
}


@dataclass(frozen=True, slots=True)
class Absent:
    """Who is diverted now: by the code `code`, or the neutral one, until `until`, and can be reached at `back`.

    `by_hand`: it was set on the telephone or by command.
    """

    extension: str
    code: str
    until: datetime
    back: datetime
    by_hand: bool


@dataclass(frozen=True, slots=True)
class Report:
    """All that `status` shows at `now`.

    `waits` says why refused credentials are not tried and until when, by account; `progress` is by mailbox, `parts` by
    name, without the gateway's own. Mailboxes are those of users who take part: the others are not read, and what was
    the matter with them is over. So are `books`, beside the company's; `contacts` is how many are in them.
    """

    now: datetime
    gateway: Health | None
    off_since: datetime | None
    parts: tuple[Health, ...]
    users: tuple[User, ...]
    accounts: tuple[Account, ...]
    waits: Mapping[int, str]
    mailboxes: tuple[Mailbox, ...]
    progress: Mapping[int, Progress]
    absent: tuple[Absent, ...]
    conferences: tuple[Told, ...] = ()
    books: tuple[Book, ...] = ()
    book_progress: Mapping[int, BookProgress] = field(default_factory=dict)
    contacts: int = 0

    @property
    def running(self) -> bool:
        """Whether a gateway runs."""
        return runs(self.gateway, self.now)

    @property
    def contacts_set_aside(self) -> int:
        """How many contacts could not be read."""
        return sum(how.set_aside for how in self.book_progress.values())

    @property
    def summary(self) -> Summary:
        """The same, counted."""
        now, later, ills = going_on(self.conferences), coming(self.conferences), self._ills
        return Summary(
            now=self.now,
            gateway=self.gateway,
            off_since=self.off_since,
            parts=tuple(part for part in self.parts if not part.name.startswith(ACCOUNT)),
            users=len(self.users),
            accounts=len(self.accounts),
            not_well=len(ills),
            ills=ills[:AT_MOST],
            diverted=len(self.absent),
            calendars=_reading(self.progress.values(), self.remarks),
            books=_reading(self.book_progress.values(), {}),
            contacts=self.contacts,
            conferences=Meetings(
                now=len(now),
                inside=sum(one.inside for one in self.conferences),
                planned=len(later),
                next=(later[0].conference.start, later[0].conference.end) if later else None,
                collided=sum(one.conference.collided for one in (*now, *later)),
                without_room=sum(one.without_room for one in self.conferences),
                lost=sum(one.lost for one in self.conferences),
            ),
        )

    @property
    def _ills(self) -> tuple[Problem, ...]:
        """What is the matter with accounts, by the alphabet of their names."""
        states = {part.name: part for part in self.parts}
        found = {}
        for one in self.accounts:
            name = account_name(one.id)
            state, waits = states.get(name), self.waits.get(one.id, "")
            if waits or (state is not None and not state.ok):
                found[name] = ill(one.id, state, waits)
        return tuple(found[name] for name in sorted(found))

    @property
    def remarks(self) -> dict[str, int]:
        """Items that did not come to what their owners may have meant, by kind, without what could not be read."""
        total: Counter[str] = Counter()
        for one in self.progress.values():
            total.update(one.remarks)
        return {kind: count for kind, count in total.items() if count}

    @property
    def noticed(self) -> Mapping[str, int]:
        """Items that did not come to what their owners may have meant, by kind; never what they say."""
        return self.summary.noticed


def without_contacts(gateway: Health | None) -> Collection[str]:
    """Return the sources whose books rest: their server has no contacts that we can read."""
    sources = gateway.facts.get(WITHOUT_CONTACTS) if gateway else None
    return sources if isinstance(sources, list) else ()


def not_offered(gateway: Health | None) -> Collection[str]:
    """Return the sources whose server says of somebody that there are no address books; it is asked again."""
    sources = gateway.facts.get(NOT_OFFERED) if gateway else None
    return sources if isinstance(sources, list) else ()


async def report(
    rows: Rows, now: datetime, pilot: Collection[Extension] = (), *, with_contacts: bool = False
) -> Report:
    """Gather everything at `now`; with a `pilot`, nobody else takes part. Without contacts, no book is read."""
    everybody = await users.every(rows)
    active = {user.id for user in everybody if user.enabled and takes_part(pilot, user)}
    boxes = tuple(box for box in await mailboxes.every(rows) if box.calendar and box.user in active)
    progress = await mailboxes.progress(rows)
    every = await books.every(rows) if with_contacts else ()
    read = tuple(book for book in every if book.enabled and (book.owner is None or book.owner in active))
    of_books, counts = await books.progress(rows), await contacts.counts(rows)
    rules = await rules_of(rows)
    states = await health.every(rows)
    off_since = await switches.off_since(rows)
    absent = [] if off_since else await _absent(rows, [user for user in everybody if user.id in active], rules, now)
    return Report(
        now=now,
        gateway=next((row for row in states if row.name == "gateway"), None),
        off_since=off_since,
        parts=tuple(row for row in states if row.name != "gateway"),
        users=everybody,
        accounts=await accounts.listed(rows),
        waits=await refused.every(rows, now),
        mailboxes=boxes,
        progress={box.id: progress[box.id] for box in boxes},
        absent=tuple(absent),
        conferences=await gather(rows, now),
        books=read,
        book_progress={book.id: of_books[book.id] for book in read},
        contacts=sum(counts.get(book.id, 0) for book in read),
    )


def _reading(every: Collection[Progress | BookProgress], remarks: dict[str, int]) -> Reading:
    failing = [how.failing_since for how in every if how.failing_since is not None]
    aside = sum(how.set_aside for how in every)
    return Reading(len(every), len(failing), min(failing, default=None), aside, remarks)


async def _absent(rows: Rows, active: Iterable[User], rules: Rules, now: datetime) -> list[Absent]:
    planned, by_hand = await diversions.every(rows), await absences.every(rows)
    found = []
    for user in active:
        asked = [*planned.get(user.id, ()), *([by_hand[user.id]] if user.id in by_hand else [])]
        segment = segment_at(of_user(asked, user, rules), now)
        if segment is not None:
            code = discreet(rules.by_key[segment.diversion.code])
            found.append(Absent(user.extension, code.key, segment.end, segment.back, segment.diversion.by_hand))
    return found
