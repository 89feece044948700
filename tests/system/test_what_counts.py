"""Which items divert, and where to, over the whole road: the rules of CODES.md met in one office."""

from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from gateway.domain.diversion import Diversion
from gateway.store import diversions
from peers.asterisk import Asterisk
from peers.dav import event
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone
from peers.radicale import Radicale
from tests.system.calls import HOUR, MINUTE, holds, instant, lands, quietly_to

USUAL, ASKED_FOR = "1031", "1024"  # where codes lead, and where one item does: to the first of the owners
BOSS = "ORGANIZER:mailto:boss@example.org"


def answer(who: str, status: str) -> str:
    return f"ATTENDEE;PARTSTAT={status}:mailto:{who}@example.org"


# by owner: the subject, further lines, and where a call lands ("": at the owner's)
ITEMS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "informs": ("M; läser", (), ""),
    "nothing": ("Mail: lunch?", (), ""),
    "own": (f"TJR:>{ASKED_FOR} Göteborg", (), ASKED_FOR),
    "asked": ("M: möte", (BOSS, answer("asked", "NEEDS-ACTION")), ""),
    "maybe": ("M: möte", (BOSS, answer("maybe", "TENTATIVE")), ""),
    "accepted": (f"M:>{ASKED_FOR} möte", (BOSS, answer("accepted", "ACCEPTED")), USUAL),
    "private": ("VAB: hemma med Alva", ("CLASS:PRIVATE",), USUAL),
}
SHOWN: dict[str, tuple[str, bool]] = {"busy": ("BUSY", True), "out": ("OOF", True), "tentative": ("TENTATIVE", False)}


async def test_which_items_count_and_where_they_lead(asterisk: Asterisk, folder: Path) -> None:
    people = {name: f"password of {name}" for name in ITEMS}
    owners = {name: Owner(str(1024 + place), name, people[name]) for place, name in enumerate(people)}
    seeded = {
        name: {"one": event(name, instant(-MINUTE), instant(HOUR), subject, *lines)}
        for name, (subject, lines, _) in ITEMS.items()
    }
    async with AsyncExitStack() as stack:
        radicale = await stack.enter_async_context(Radicale.start(folder / "radicale", people, items=seeded))
        ami = await stack.enter_async_context(asterisk.observe())
        numbers = [USUAL, *(owners[name].extension for name in ITEMS if not ITEMS[name][2])]
        phones = {at: await stack.enter_async_context(Phone.register(asterisk, at)) for at in numbers}
        setup = Setup(asterisk, radicale.url, tuple(owners.values()), code=partial(quietly_to, USUAL))
        gateway = await stack.enter_async_context(Gateway.start(folder / "gateway", setup))
        await gateway.command("sync")
        for name, owner in owners.items():
            where = ITEMS[name][2]
            presence = {"own": "xa", "private": "xa"}.get(name, "dnd")
            await holds(ami, owner.extension, diverted=bool(where), presence=presence)
            await lands(asterisk, owner.extension, phones[where or owner.extension])
        reason = await ami.value(f"PRESENCE_STATE(CustomPresence:ringplan-{owners['private'].extension},subtype)")
        assert reason == "away"
        kept = {name: await rows_of(gateway, owner) for name, owner in owners.items()}
        assert {name: len(some) for name, some in kept.items()} == {
            name: int(name in {"informs", "own", "accepted", "private"}) for name in ITEMS
        }
        assert [one.text for one in kept["private"]] == [None]
        assert '"target_not_own": 1' in await gateway.command("status", "--json")


async def test_without_codes_what_is_shown_as_busy_or_out_diverts(asterisk: Asterisk, folder: Path) -> None:
    people = {name: f"password of {name}" for name in SHOWN}
    owners = {name: Owner(str(1033 + place), name, people[name]) for place, name in enumerate(people)}
    seeded = {
        name: {"one": event(name, instant(-MINUTE), instant(HOUR), "Styrgrupp", f"X-MICROSOFT-CDO-BUSYSTATUS:{shown}")}
        for name, (shown, _) in SHOWN.items()
    }
    async with (
        Radicale.start(folder / "radicale", people, items=seeded) as radicale,
        Phone.register(asterisk, owners["tentative"].extension) as own,
        Phone.register(asterisk, USUAL) as target,
        asterisk.observe() as ami,
        Gateway.start(
            folder / "gateway",
            Setup(asterisk, radicale.url, tuple(owners.values()), code=partial(quietly_to, USUAL)),
        ) as gateway,
    ):
        await gateway.command("sync")
        for owner in owners.values():
            await holds(ami, owner.extension, diverted=False)
        await gateway.command("organisation", "set", "--mode", "show-as")
        for name, owner in owners.items():
            diverted = SHOWN[name][1]
            await holds(ami, owner.extension, diverted=diverted, presence="xa" if name == "out" else "dnd")
            await lands(asterisk, owner.extension, target if diverted else own)
            rows = await rows_of(gateway, owner)
            assert [one.text for one in rows] == [None] * diverted


async def rows_of(gateway: Gateway, owner: Owner) -> tuple[Diversion, ...]:
    """Return what is kept of the owner's calendar."""
    async with gateway.store() as store, store.read() as rows:
        return await diversions.of(rows, gateway.users[owner.extension].id)
