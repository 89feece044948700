"""What a calendar, a telephone or another program at the PBX says of conferences never runs, and calls nobody wrongly.

Over the whole road: items in a real Radicale, the gateway, a real Asterisk, and telephones that must ring or must not.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from peers.asterisk import Asterisk
from peers.dav import event
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone
from peers.radicale import Radicale
from tests.system.calls import HOUR, MINUTE, passes
from tests.system.rooms import AUTOCALL, SOON, planned
from tests.system.writings import files_with, inside

RAN = "Giftpilen-ran"  # a file that would be there if one of the texts were run
SHELL = f"${{SHELL(touch {RAN})}}"
VICTIM = "1001"
LONGEST = 40  # characters that a telephone shows
QUIET = 4.0  # seconds in which somebody would have been called
SCRUTINY = 20.0


@dataclass(frozen=True, slots=True)
class Item:
    """A meeting of somebody of their own who asks the victim; `calls`: the victim is called into it.

    `subject` and `lines` as iCalendar writes them; `by`: the organiser, {me} or {victim}.
    """

    calls: bool
    subject: str = "Veckomöte"
    location: str = AUTOCALL
    begins: timedelta = timedelta()
    lasts: timedelta = HOUR
    by: str = "ORGANIZER:mailto:{me}"
    asks: tuple[str, ...] = ("ATTENDEE:mailto:{victim}",)
    lines: tuple[str, ...] = ()


ITEMS = (
    Item(True, f'"Budget" \\, <1>\\; {SHELL} $[1+1] `touch {RAN}` |&'),
    Item(True, f"Budget\\nAction: Originate\\nApplication: System\\nData: touch {RAN}\\n\\n"),
    Item(True, f"Budget\r\n \\r\\n\\r\\nVariable: CALLERID(all)={SHELL}"),
    Item(True, "\u202eBudget\u0085\u2028\u0000\U000e0041\U0001f4a5 مرحبا"),
    Item(True, f"Budget {'x' * 9_000}"),
    Item(True, "Budget", asks=("ATTENDEE:mailto:{victim}", f"ATTENDEE:mailto:{SHELL}@example.org")),
    Item(True, "Budget", location=f"Sal {SHELL}\\; PBX AUTOCALL\\, ${{EVAL(x)}}"),
    Item(True, "Budget", lines=("RRULE:FREQ=DAILY;COUNT=400",)),
    Item(True, "Budget", by="ORGANIZER;EMAIL={victim}:mailto:{me}"),
    Item(False, location="PBX\u00a0AUTOCALL"),
    Item(False, location="ＰＢＸ AUTOCALL"),
    Item(False, location=f"{AUTOCALL} {'x' * 100_000}"),
    Item(False, lasts=timedelta()),
    Item(False, lasts=7 * 24 * HOUR),
    Item(False, begins=-20 * MINUTE),
    Item(False, by="ORGANIZER:mailto:stranger@example.net"),
    Item(False, by="ORGANIZER:mailto:{victim}", asks=("ATTENDEE;PARTSTAT=ACCEPTED:mailto:{me}",)),
    Item(False, by="ORGANIZER:mailto:{victim}", asks=()),
    Item(False, by="ORGANIZER;EMAIL={me}:mailto:{victim}"),
    Item(False, by="ORGANIZER:{victim}", lines=("X-RINGPLAN:PBX AUTOCALL",)),
)


def text(item: Item, me: str, start: datetime) -> str:
    """Return what `me` has in their calendar."""
    people = {"me": me, "victim": "victim@example.org"}
    begin, end = (f":{at:%Y%m%dT%H%M%SZ}" for at in (start + item.begins, start + item.begins + item.lasts))
    lines = [line.replace("{me}", people["me"]).replace("{victim}", people["victim"]) for line in (item.by, *item.asks)]
    uid = f"{me}-{SHELL}\"|,'"
    return event(uid, begin, end, item.subject, f"LOCATION:{item.location}", *lines, *item.lines)


async def test_no_meeting_runs_anything_or_calls_in_a_colleagues_name(folder: Path) -> None:
    people = {f"person{number}": f"password {number}" for number in range(len(ITEMS))} | {"victim": "their password"}
    pool = [str(8510 + number) for number in range(len(ITEMS))]
    everybody = [Owner(str(1010 + number), *login) for number, login in enumerate(people.items())]
    everybody[-1] = replace(everybody[-1], extension=VICTIM, room="8501", pin="2468")
    start = (datetime.now(UTC) + 3 * SOON).replace(microsecond=0)
    items = {
        one.login: {"hostile": text(item, one.address, start)} for one, item in zip(everybody, ITEMS, strict=False)
    }
    stranger = text(Item(False, by="ORGANIZER:mailto:stranger@example.net"), "stranger@example.net", start)
    async with (
        Asterisk.start(folder / "pbx") as asterisk,
        Radicale.start(folder / "radicale", people, items={**items, "victim": {"invited": stranger}}) as radicale,
        Phone.register(asterisk, VICTIM, "reject") as victim,
        Phone.outside(asterisk, "reject") as outside,
        Gateway.start(folder / "gateway", Setup(asterisk, radicale.url, everybody, pool=pool)) as gateway,
        asterisk.observe() as ami,
    ):
        wanted = sum(item.calls for item in ITEMS)
        await victim.rings(wanted, deadline=60)
        await passes(ami, start + timedelta(seconds=QUIET))
        assert len(victim.calls) == wanted
        assert outside.calls == []
        for leg in victim.calls:
            shown = leg.invite.header("From").partition('"')[2].partition('"')[0]
            assert shown.replace(" ", "").isalnum()
            assert len(shown) <= LONGEST
            assert shown.startswith("Budget") or "Budget" in shown
        assert "8501" not in [one["room"] for one in await planned(gateway)]
        shown = await gateway.command("status", "--json")
        noticed = json.loads(shown)["noticed"]
        assert noticed["organiser_unknown"] == 2
        assert noticed["conference_too_long"] == 1
        assert not list(folder.rglob(RAN))
        assert not Path(RAN).exists()
        assert files_with(inside(asterisk.folder), SHELL, "Action: Originate", "@example.") == set()
        assert files_with([gateway.log], SHELL, "Budget", "@example.", "Traceback") == set()
