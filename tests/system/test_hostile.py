"""What a calendar says never runs, never costs money, and never gets into a PBX, whatever it says.

Over the whole road: items in a real Radicale, the gateway, a real Asterisk, and a call to each of their owners.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.domain.code import Availability, Code
from gateway.store import diversions
from peers.asterisk import Asterisk
from peers.dav import event
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone
from peers.radicale import Radicale
from tests.system.calls import HOUR, MINUTE, holds, instant, lands, quietly_to
from tests.system.writings import files_with, inside

MARK = "Giftpilen"  # in each of the texts
RAN = f"{MARK}-ran"  # a file that would be there if one of them were run
SHELLS = (f"${{SHELL(touch {RAN})}}", f"$(touch {RAN})", f"`touch {RAN}`", f"${{SYSTEM(touch {RAN})}}")


@dataclass(frozen=True, slots=True)
class Item:
    """`subject` as iCalendar writes it; `diverts` or is left alone."""

    subject: str
    diverts: bool = True
    uid: str = "one"
    start: str = ""
    lines: tuple[str, ...] = ()


ITEMS = (
    *(Item(f"M: {shell} {MARK}") for shell in SHELLS),
    Item(f'M: "{MARK}"\\,"|-&Local/1@phones|\\;#exec {RAN}'),
    Item(f"M: {MARK}\\nAction: Originate\\nApplication: System\\nData: touch {RAN}\\n\\n"),
    Item(f"M: {MARK}\r\n \\r\\n\\r\\nAction: Command\\r\\nCommand: !touch {RAN}"),
    Item(f"M: \u202e\u0085\u2028 {MARK} \U000e0041"),
    Item(f"M: {MARK} {'x' * 2**20}", diverts=False),
    Item(f"{MARK} ${{SHELL(touch {RAN})}}: M:", diverts=False),
    Item(f"${{M}}: {MARK}", diverts=False),
    Item(f"TJR:>${{SHELL(touch%20{RAN})}} {MARK}"),
    Item(f"TJR:>1039&Local/{MARK}@phones"),
    Item(f"TJR:>1039\\,30\\,g {MARK}"),
    Item(f"TJR:>00900123456 {MARK}"),
    Item(f"TJR:>١٠٣٩ {MARK}"),
    Item(f"M: {MARK}", uid=f"${{SHELL(touch {RAN})}}\"|,'; DROP TABLE users"),
    Item(f"M: {MARK}", start=f';TZID="{MARK}|1-2${{SHELL(touch {RAN})}}"', diverts=False),
    Item(f"M: {MARK}", diverts=False, lines=(f"RRULE:FREQ=SECONDLY;BYDAY={MARK}",)),
    Item(f"M: {MARK}", diverts=False, lines=("BEGIN:VALARM", "END:VEVENT", "BEGIN:VEVENT")),
)


def quietly(code: Code) -> Code:
    return replace(quietly_to("1004", code), availability=Availability.DO_NOT_DISTURB)


async def test_nothing_of_a_hostile_item_runs_or_gets_into_the_pbx_and_everybody_else_goes_on(folder: Path) -> None:
    people = {f"person{number}": f"password {number}" for number in range(len(ITEMS) + 1)}
    owners = [Owner(str(1010 + number), *login) for number, login in enumerate(people.items())]
    written = {owner.login: {"hostile": text(item)} for owner, item in zip(owners, ITEMS, strict=False)}
    sound = event("sound", instant(-MINUTE), instant(HOUR), "M: alldeles vanlig")
    async with (
        Asterisk.start(folder / "pbx") as asterisk,
        Radicale.start(folder / "radicale", people, items={**written, owners[-1].login: {"sound": sound}}) as radicale,
        Phone.register(asterisk, "1004") as target,
        Phone.register(asterisk, "1039") as never,
        asterisk.observe() as ami,
        Gateway.start(folder / "gateway", Setup(asterisk, radicale.url, owners, code=quietly)) as gateway,
    ):
        await holds(ami, owners[-1].extension, diverted=True)
        await gateway.command("sync")
        for owner, item in zip(owners, ITEMS, strict=False):
            await holds(ami, owner.extension, diverted=item.diverts)
            if not item.diverts:
                await radicale.calendar(owner.login).put("sound", sound)
                await holds(ami, owner.extension, diverted=True)
            await lands(asterisk, owner.extension, target)
        assert never.calls == []
        assert not list(folder.rglob(RAN))
        assert not Path(RAN).exists()
        assert files_with(inside(asterisk.folder), MARK, "Action: Originate", "DROP TABLE") == set()
        assert files_with([gateway.log], MARK, "alldeles vanlig", "Traceback") == set()
        shown = await gateway.command("status", "--json")
        assert MARK not in shown
        assert '"set_aside": 1' in json.dumps(json.loads(shown))
        async with gateway.store() as store, store.read() as rows:
            kept = [one for some in (await diversions.every(rows)).values() for one in some]
        assert {one.target for one in kept} == {None}
        assert all((one.text or "").isprintable() and len(one.text or "") <= 200 for one in kept)


def text(item: Item) -> str:
    start = instant(-MINUTE).removesuffix("Z") if item.start else instant(-MINUTE)
    return event(item.uid, f"{item.start}{start}", instant(HOUR), item.subject, *item.lines)
