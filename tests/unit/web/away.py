"""People who are away, and what pages say of them."""

import html
import re
from datetime import UTC, datetime, timedelta

from gateway.domain.diversion import Diversion
from gateway.domain.mailbox import Account, Mailbox
from gateway.domain.secret import Secret
from gateway.domain.signin import SignIn
from gateway.store import absences, accounts, diversions, health, mailboxes
from tests.unit.web.conftest import NOON
from tests.unit.web.visiting import ZONE, House

HOUR = timedelta(hours=1)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=ZONE).astimezone(UTC)


def id_of(signin: SignIn) -> int:
    assert signin.user is not None
    return signin.user


def text_of(page: str) -> str:
    """What a page says, without its marks, in one line."""
    main = page.partition("<main")[2].partition("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", main)).split())


def live_part(page: str) -> str:
    """What a page says of the state, without the form."""
    return text_of("<main" + page.partition("<section")[2].partition("</section>")[0])


async def kept(house: House, signin: SignIn) -> tuple[Diversion | None, list[Diversion]]:
    """The absence by hand and what the calendar asks for."""
    async with house.portal.store.read() as rows:
        return await absences.of(rows, id_of(signin)), list(await diversions.of(rows, id_of(signin)))


async def by_hand(house: House, signin: SignIn) -> Diversion | None:
    return (await kept(house, signin))[0]


async def planned(house: House, signin: SignIn, *some: Diversion) -> None:
    async with house.portal.store.write() as rows:
        account = await accounts.add(rows, Account(0, "office", f"u{signin.id}", Secret("x")))
        box = Mailbox(0, id_of(signin), account.id, f"u{signin.id}@example.org", frozenset(), ZONE)
        box = await mailboxes.add(rows, box)
        await diversions.replace(rows, box.id, some, NOON - HOUR)


async def made_busy(house: House) -> House:
    """Anna on a trip all day, at lunch until one, with information, and a meeting and a lunch tomorrow."""
    user = id_of(house.anna)
    await planned(
        house,
        house.anna,
        Diversion(user, "a" * 32, "trip", NOON - 6 * HOUR, NOON + 6 * HOUR, text="Göteborg <b>1</b>"),
        Diversion(user, "b" * 32, "lunch", NOON - HOUR / 2, NOON + HOUR),
        Diversion(user, "c" * 32, "training", NOON - HOUR, NOON + HOUR, diverts=False),
        Diversion(user, "d" * 32, "meeting", at(24, 9), at(24, 10), target="1003", text="Styrgrupp"),
        Diversion(user, "e" * 32, "lunch", at(24, 12), at(24, 13), diverts=False),
        Diversion(user, "f" * 32, "meeting", NOON + timedelta(days=15), NOON + timedelta(days=16), text="Later"),
    )
    async with house.portal.store.write() as rows:
        await health.put(rows, "gateway", ok=True, now=NOON)
    return house
