"""What a calendar, a telephone or another program at the PBX says of conferences never runs, and calls nobody wrongly.

Over the whole road: items in a real Radicale, the gateway, a real Asterisk, and telephones that must ring or must not.
"""

import asyncio
import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from peers.asterisk import Asterisk
from peers.dav import event
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone
from peers.process import POLL
from peers.radicale import Radicale
from peers.raw_ami import RawAmi
from tests.system.calls import HOUR, MINUTE, held, passes
from tests.system.rooms import AT_ONCE, AUTOCALL, SOON, Meeting, are_inside, late, opens, planned, speaks, told
from tests.system.test_conference_autocall import ANNA, BOB, CARL, SECOND, owners, phones
from tests.system.writings import files_with, inside

RAN = "Giftpilen-ran"  # a file that would be there if one of the texts were run
SHELL = f"${{SHELL(touch {RAN})}}"
VICTIM = "1001"
LONGEST = 40  # characters that a telephone shows
QUIET = timedelta(seconds=4)  # in which somebody would have been called
ROOM, NONSENSE = "8501", "Nonsens-0|-x"
CALL, ROOMS = ("Id", "State", "Result"), ("Name", "Member", "Number", "Call", "State")
MANY, STRANGERS = 150, 500
TRIAL = "dry_run = true"


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
    start = (datetime.now(UTC) + 2 * SOON).replace(microsecond=0)
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
        await passes(ami, max(start, datetime.now(UTC)) + QUIET)
        assert len(victim.calls) == wanted
        assert outside.calls == []
        for leg in victim.calls:
            shown = leg.invite.header("From").partition('"')[2].partition('"')[0]
            assert shown.replace(" ", "").isalnum()
            assert len(shown) <= LONGEST
            assert "Budget" in shown
        assert "8501" not in [one["room"] for one in await planned(gateway)]
        shown = await gateway.command("status", "--json")
        noticed = json.loads(shown)["noticed"]
        assert noticed["organiser_unknown"] == 2
        assert noticed["conference_too_long"] == 1
        assert not list(folder.rglob(RAN))
        assert not Path(RAN).exists()
        assert files_with(inside(asterisk.folder), SHELL, "Action: Originate", "@example.") == set()
        assert files_with([gateway.log], SHELL, "Budget", "@example.", "Traceback") == set()


async def test_what_others_say_at_the_pbx_is_not_believed_and_all_goes_on(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    """Nonsense in AstDB before the gateway comes, then forged events; somebody hangs up as soon as they answer.

    Beside it runs a gateway on trial: nobody is called by it.
    """
    async with exchange.observe() as ami:
        await _write_nonsense(ami)
        async with (
            phones(exchange, x1001="answer", x1002="answer", x1003="answer") as everybody,
            Gateway.start(folder / "gateway", Setup(exchange, radicale.url, owners(radicale))) as gateway,
            Gateway.start(folder / "trial", Setup(exchange, radicale.url, owners(radicale), run=TRIAL)) as trial,
        ):
            anna, bob, carl = everybody.values()
            meeting = Meeting("ulla", ("vera", "walter")).within(SOON)
            await meeting.write(radicale)
            await _forge(ami, await _name(ami))
            for phone in (anna, bob, carl):
                await phone.rings(deadline=60)
                assert 0 <= late(phone, meeting) < AT_ONCE
            await carl.calls[0].hears(1)
            await carl.calls[0].hang_up()
            await speaks(anna.calls[0])
            await are_inside(exchange, ROOM, 2)
            await _forge(ami, await _name(ami))
            await passes(ami, datetime.now(UTC) + QUIET)
            assert [len(phone.calls) for phone in (anna, bob, carl)] == [1, 1, 1]
            people, tried = await told(gateway, ROOM), await told(trial, ROOM)
            assert {state for one in tried.values() for state in one.states} <= {"due", "void"}
            assert [people[one].is_in for one in (ANNA, BOB, CARL)] == [True, True, False]
            assert not bob.calls[0].ended
            await meeting.cancel(radicale)
            await bob.calls[0].is_over(60)
            await opens(ami, ROOM, there=False)
            for family in ("ringplan-room", "ringplan-invited", "ringplan-call"):
                assert NONSENSE not in await exchange.cli(f"database show {family}")
            assert files_with([gateway.log], NONSENSE, "Traceback") == set()


async def test_people_stay_although_their_organiser_is_removed_and_while_ringplan_is_off(
    exchange: Asterisk, radicale: Radicale, folder: Path
) -> None:
    setup = Setup(exchange, radicale.url, owners(radicale), pool=("8590",))
    async with (
        phones(exchange, x1001="answer", x1002="answer", x1003="answer") as everybody,
        Gateway.start(folder, setup) as gateway,
        exchange.observe() as ami,
    ):
        anna, bob, carl = everybody.values()
        meeting = Meeting("ulla", ("vera",)).within(SOON)
        await meeting.write(radicale)
        for phone in (anna, bob):
            await phone.rings(deadline=60)
            await speaks(phone.calls[0])

        # the organiser's telephone is signed out, then they take part no more
        await anna.sign_in(exchange, seconds=0)
        await gateway.command("users", "remove", ANNA)
        async with asyncio.timeout(60):
            while [one["autocall"] for one in await planned(gateway)] != [False]:
                await asyncio.sleep(POLL)

        # off: nobody is put out, and nobody is called into what begins
        await gateway.command("off")
        other = Meeting("vera", ("walter",), name="other").within(3 * SECOND)
        await other.write(radicale)
        await passes(ami, other.starts + QUIET)
        assert [len(phone.calls) for phone in (anna, bob, carl)] == [1, 1, 0]
        assert not anna.calls[0].ended
        assert not bob.calls[0].ended
        await are_inside(exchange, ROOM, 2)
        for one in (other, meeting):
            await one.cancel(radicale)
        for phone in (anna, bob):
            await phone.calls[0].hang_up()
        assert files_with([gateway.log], "Traceback") == set()
    await _sweep(exchange)


async def test_a_flood_in_one_calendar_holds_up_nobody_else(exchange: Asterisk, folder: Path) -> None:
    people = {"ulla": "password of ulla", "vera": "password of vera"}
    begins = (datetime.now(UTC) + HOUR).replace(microsecond=0)
    flood = {f"flood-{place}": flooding(place, begins) for place in range(MANY)}
    both = [Owner(ANNA, "ulla", people["ulla"], room=ROOM), Owner(BOB, "vera", people["vera"], room="8502")]
    async with (
        Radicale.start(folder / "radicale", people, items={"ulla": flood}) as radicale,
        phones(exchange, x1001="answer", x1002="answer") as everybody,
        exchange.observe() as ami,
    ):
        setup = Setup(exchange, radicale.url, both, pool=("8590", "8591"))
        async with Gateway.start(folder / "gateway", setup) as gateway:
            await opens(ami, ROOM, within=60)
            meeting = Meeting("vera", ("ulla",)).within(SOON)
            await meeting.write(radicale)
            for phone in everybody.values():
                await phone.rings(deadline=60)
                assert 0 <= late(phone, meeting) < AT_ONCE
            listed = await planned(gateway)
            assert len(listed) == MANY + 1
            assert sum(one["room"] is not None for one in listed) == 4
            status = json.loads(await gateway.command("status", "--json"))
            assert any(f"{MANY - 3} conferences have no room" in problem for problem in status["problems"])
            await meeting.cancel(radicale)
            await everybody[BOB].calls[0].is_over(60)
        assert [len(phone.calls) for phone in everybody.values()] == [1, 1]
        assert files_with([gateway.log], "Giftpilen", "Traceback") == set()
    await _sweep(exchange)


def flooding(place: int, begins: datetime) -> str:
    """Return one of very many meetings that begin together, each with many strangers."""
    begin, end = (f":{at:%Y%m%dT%H%M%SZ}" for at in (begins, begins + HOUR))
    strangers = [f"ATTENDEE:mailto:stranger-{number}@example.net" for number in range(2 if place else STRANGERS)]
    lines = ("LOCATION:PBX AUTOCALL", "ORGANIZER:mailto:ulla@example.org", *strangers)
    return event(f"flood-{place}", begin, end, f"Giftpilen {place}", *lines)


async def _write_nonsense(ami: RawAmi) -> None:
    for family, key, value in (
        ("ringplan-room", ROOM, NONSENSE),
        ("ringplan-room", "8777", f"1|UTC|0-99999999999-sv-|0-0-99-99-{'f' * 12}-{BOB}-r"),
        ("ringplan-invited", BOB, f"1|{NONSENSE}|||"),
        ("ringplan-invited", "1777", NONSENSE),
        ("ringplan-call", "f" * 32, NONSENSE),
        ("ringplan-call", "0" * 32, "1|u-0-"),
    ):
        assert (await ami.action("DBPut", {"Family": family, "Key": key, "Val": value}))["Response"] == "Success"


async def _forge(ami: RawAmi, name: str) -> None:
    """Tell what the dialplan would never tell."""
    call_id = "e" * 32
    told_of_calls = (("", "", ""), (NONSENSE, "u", ""), (call_id, NONSENSE, ""), (call_id, "o", NONSENSE))
    for given in (*told_of_calls, (call_id, "u", "busy"), (call_id, "o", "left"), (call_id, "d", "")):
        await ami.action("UserEvent", {"UserEvent": "RingplanCall"} | dict(zip(CALL, given, strict=True)))
    told_of_rooms = (
        (name, "x" * 10_000, "", "", "in"),
        (name, f"PJSIP/{NONSENSE}", NONSENSE, "", "in"),
        (name, f"PJSIP/{NONSENSE}", "", NONSENSE, "in"),
        (name, f"PJSIP/{NONSENSE}", "", "", NONSENSE),
        (NONSENSE, f"PJSIP/{NONSENSE}", "", "", "in"),
        ("f" * 12, f"PJSIP/{NONSENSE}", BOB, "", "in"),
        (name, f"PJSIP/{NONSENSE}", BOB, call_id, "out"),
    )
    for said in told_of_rooms:
        await ami.action("UserEvent", {"UserEvent": "RingplanRoom"} | dict(zip(ROOMS, said, strict=True)))


async def _name(ami: RawAmi) -> str:
    """Wait until a conference is planned behind the room, and return its name."""
    async with asyncio.timeout(60):
        while True:
            value = await held(ami, "ringplan-room", ROOM)
            if value is not None and value != NONSENSE:
                return value.split("|")[3].split("-")[4]
            await asyncio.sleep(POLL)


async def _sweep(asterisk: Asterisk) -> None:
    """Let nothing of a gateway that is no more be left for other tests."""
    for family in ("ringplan-room", "ringplan-invited", "ringplan-call"):
        await asterisk.cli(f"database deltree {family}")
