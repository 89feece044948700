"""Any sequence of calendar changes, star codes, dismissals, restarts and clock steps ends in what CODES.md says.

The gateway's own engine and store run; calendar, PBX and clock are fakes that fail in every way that real ones do. What
should be is worked out from what people have done (told.py), what a call meets from what the PBX holds (the fake
dialplan). Nothing that was dialled may count twice, and nothing may be lost, but for what history.py doubts.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from gateway.domain.diversion import BY_HAND, Diversion
from gateway.domain.mailbox import Reading
from gateway.errors import Unreachable
from gateway.store import absences, switches, wishes
from gateway.store.wishes import Kind, Wish
from tests.unit.engine import right, told
from tests.unit.engine.history import History
from tests.unit.engine.house import PHONES, House, build
from tests.unit.engine.told import ByHand, End, Item, Read, Set
from tests.unit.engine.written import CODES, WRONG, appointment, starred

MONDAY = datetime(2026, 11, 23, tzinfo=told.ZONE)
MAIN = {phone: main for main, phones in PHONES.items() for phone in phones}

mains = st.sampled_from(sorted(PHONES))
phones = st.sampled_from(sorted(MAIN))
pauses = st.one_of(st.none(), st.integers(0, 60))  # turns before the next rule; None: until all is quiet
halves = st.integers(-6, 12)  # half hours from now, so that items touch and contain each other often


class AnySequence(RuleBasedStateMachine):
    """Rules do something, and go on after a `pause`: so many turns, or None: until all is quiet, and is checked."""

    built: Path

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self.opening = House.open(self.built, MONDAY.replace(hour=9).astimezone(UTC))
        self.house: House = self.runner.run(self.opening.__aenter__())
        self.house.calendar.noted = self.noted
        self.items: dict[str, dict[str, Item]] = {main: {} for main in PHONES}
        self.many = 0
        self.is_off = False
        self.is_refused = False  # what was refused is tried again some time later
        self.is_quiet = False  # all has been checked, and nothing has happened since
        self.is_wrong = False  # a check has failed, which is all that there is to tell
        self.history = History(self.house)
        self.house.pbx.members = {"1001", "1501"}
        self.house.start()
        self.go_on(None)

    def teardown(self) -> None:
        try:
            if self.is_wrong:
                return
            if self.is_off:
                self.turn_off_or_on(0)
            self.let_all_be_well()
            for main in PHONES:
                self.history.check_items(main, self.asked(main))
        finally:
            self.runner.run(self.opening.__aexit__(None, None, None))
            self.runner.close()

    @property
    def now(self) -> int:
        return self.history.now

    def asked(self, main: str) -> frozenset[Item]:
        return frozenset(self.items[main].values())

    def noted(self, mailbox: int, _: Reading) -> None:
        main = next(main for main, (_, of) in self.house.people.items() if of == mailbox)
        self.history.read[main].append(Read(self.asked(main), self.now))

    # What happens next

    def go_on(self, pause: int | None) -> None:
        self.is_quiet = False
        if pause is not None:
            self.runner.run(self.house.turns(pause))
            return
        self.runner.run(self.house.settle())
        self.is_wrong = True
        if self.house.is_running:
            self.history.has_forgotten()
        if self.house.is_up and not self.is_refused:
            self.runner.run(self.history.check(is_off=self.is_off))
            self.is_quiet = not self.is_off
        elif not self.house.is_running:
            self.history.check_alone()
        self.is_wrong = False

    # Calendars

    @rule(
        main=mains,
        start=halves,
        length=st.integers(1, 10),
        code=st.sampled_from(sorted(CODES)),
        diverts=st.integers(0, 5).map(bool),
        leads=st.integers(0, 4).map(lambda n: n == 0),
        pause=pauses,
    )
    def write(
        self, main: str, start: int, length: int, code: str, diverts: bool, leads: bool, pause: int | None
    ) -> None:
        if len(self.items[main]) >= 6:
            self.items[main].pop(min(self.items[main]))
        self.many += 1
        begins = (self.now // 1800 + start) * 1800
        self.put(main, f"{self.many:03}", begins, begins + length * 1800, code, diverts=diverts, leads=leads)
        self.go_on(pause)

    def put(
        self, main: str, uid: str, start: int, end: int, code: str, *, diverts: bool = True, leads: bool = False
    ) -> None:
        target = ("1002" if main == "1001" else "1001") if leads else ""
        if code == "gone_for_the_day":
            end = told.gone_until(start)
        self.items[main][uid] = Item(uid, start, end, code, diverts, target)
        self.publish(main)

    def publish(self, main: str) -> None:
        _, mailbox = self.house.people[main]
        self.house.calendar.write(mailbox, *(appointment(item) for item in self.items[main].values()))

    @rule(main=mains, which=st.integers(0, 5), start=st.integers(-2, 2), longer=st.integers(-2, 2), pause=pauses)
    def move(self, main: str, which: int, start: int, longer: int, pause: int | None) -> None:
        if item := self.item(main, which):
            begins = item.start + start * 1800
            ends = max(item.end + (start + longer) * 1800, begins + 1800)
            self.put(main, item.uid, begins, ends, item.code, diverts=item.diverts, leads=bool(item.target))
        self.go_on(pause)

    @rule(main=mains, which=st.integers(0, 5), code=st.sampled_from(sorted(CODES)), diverts=st.booleans(), pause=pauses)
    def write_anew(self, main: str, which: int, code: str, diverts: bool, pause: int | None) -> None:
        item = self.item(main, which)
        if item and "gone_for_the_day" not in (item.code, code):
            self.put(main, item.uid, item.start, item.end, code, diverts=diverts, leads=bool(item.target))
        self.go_on(pause)

    @rule(main=mains, which=st.integers(0, 5), pause=pauses)
    def delete(self, main: str, which: int, pause: int | None) -> None:
        if item := self.item(main, which):
            del self.items[main][item.uid]
            self.publish(main)
        self.go_on(pause)

    def item(self, main: str, which: int) -> Item | None:
        every = sorted(self.items[main])
        return self.items[main][every[which % len(every)]] if every else None

    @rule(pause=pauses)
    def sync(self, pause: int | None) -> None:
        async def wish() -> None:
            async with self.house.store.write() as rows:
                await wishes.ask(rows, Wish(Kind.SYNC, None, self.house.clock.now()))

        self.runner.run(wish())
        self.go_on(pause)

    @rule(fails=st.booleans())
    def calendar_fails(self, fails: bool) -> None:
        self.house.calendar.error = Unreachable("no calendar") if fails else None

    # By hand

    @precondition(lambda self: self.house.pbx.is_up)
    @rule(
        phone=phones, code=st.sampled_from(sorted(CODES)), ahead=st.integers(1, 1439), hash_=st.booleans(), pause=pauses
    )
    def dial_absence(self, phone: str, code: str, ahead: int, hash_: bool, pause: int | None) -> None:
        self.dial(phone, starred(code, ahead, self.house.clock.now()) + ("#" if hash_ else ""))
        self.go_on(pause)

    @precondition(lambda self: self.house.pbx.is_up)
    @rule(phone=phones, code=st.sampled_from(["#23#", "*23*0", "*23*0#"]), pause=pauses)
    def dial_end(self, phone: str, code: str, pause: int | None) -> None:
        self.dial(phone, code)
        self.go_on(pause)

    @precondition(lambda self: self.house.pbx.is_up)
    @rule(phone=phones, pause=pauses)
    def press_key(self, phone: str, pause: int | None) -> None:
        self.dial(phone, f"*21{MAIN[phone]}")
        self.go_on(pause)

    @precondition(lambda self: self.house.pbx.is_up)
    @rule(
        some=st.lists(st.tuples(phones, st.sampled_from(["#23#", *sorted(CODES)])), min_size=2, max_size=10),
        pause=pauses,
    )
    def dial_in_a_hurry(self, some: list[tuple[str, str]], pause: int | None) -> None:
        for phone, code in some:
            self.dial(phone, starred(code, 90, self.house.clock.now()) if code in CODES else code)
        self.go_on(pause)

    @precondition(lambda self: self.house.pbx.is_up)
    @rule(
        phone=phones,
        code=st.sampled_from(["meeting", "trip"]),
        is_alone=st.booleans(),
        then=st.lists(st.sampled_from(["#23#", "meeting", "trip"]), max_size=2),
        pause=pauses,
    )
    def dial_the_end_of_what_runs(
        self, phone: str, code: str, is_alone: bool, then: list[str], pause: int | None
    ) -> None:
        """What chance alone seldom brings about: an item that is known to run is ended, and the calendar read again."""
        self.write(MAIN[phone], -1, 4, code, diverts=True, leads=False, pause=0)
        self.sync(None)
        if is_alone and self.house.is_running:
            self.kill_or_start_the_gateway(None)
        for one in ("#23#", *then):
            self.dial(phone, starred(one, 90, self.house.clock.now()) if one in CODES else one)
        self.write(MAIN[phone], 8, 1, "lunch", diverts=True, leads=False, pause=0)
        self.sync(pause)

    @precondition(lambda self: self.house.pbx.is_up)
    @rule(phone=phones, code=st.sampled_from(WRONG), pause=pauses)
    def dial_nonsense(self, phone: str, code: str, pause: int | None) -> None:
        now = self.house.clock.now()
        for by, what in ((phone, code), ("1999", "#23#"), ("1002", "*211001"), ("1501", "*211002")):
            assert self.house.pbx.dial(by, what, now).hand is None
        self.go_on(pause)

    def dial(self, phone: str, code: str) -> None:
        now, pbx, main = self.house.clock.now(), self.house.pbx, MAIN[phone]
        answer = pbx.dial(phone, code, now)
        if self.is_quiet and not any(self.history.since(main)):
            self.history.check_answer(main, code, answer.says)
        if answer.hand is not None:
            self.history.dials(main, answer)

    @rule(main=mains, code=st.sampled_from(sorted(CODES)), ahead=st.integers(1, 2880), pause=pauses)
    def set_by_command(self, main: str, code: str, ahead: int, pause: int | None) -> None:
        hand = ByHand(self.now, self.now + ahead * 60, code)
        user, _ = self.house.people[main]
        given = Diversion(user.id, BY_HAND, code, right.instant(hand.start), right.instant(hand.end), by_hand=True)

        async def put() -> None:
            async with self.house.store.write() as rows:
                await absences.put(rows, given)

        self.runner.run(put())
        self.history.commanded[main].append(Set(hand))
        self.go_on(pause)

    @rule(main=mains, pause=pauses)
    def end_by_command(self, main: str, pause: int | None) -> None:
        user, _ = self.house.people[main]

        async def end() -> None:
            async with self.house.store.write() as rows:
                await absences.end(rows, user.id, right.instant(self.now))

        self.runner.run(end())
        self.history.commanded[main].append(End(self.now))
        self.go_on(pause)

    @rule(pause=pauses)
    def turn_off_or_on(self, pause: int | None) -> None:
        async def turn() -> None:
            async with self.house.store.write() as rows:
                if self.is_off:
                    await switches.turn_on(rows)
                else:
                    await switches.turn_off(rows, self.house.clock.now())

        self.runner.run(turn())
        self.is_off = not self.is_off
        self.history.left_at = None
        self.go_on(pause)

    # What fails

    @rule(pause=pauses)
    def kill_or_start_the_gateway(self, pause: int | None) -> None:
        if self.house.is_running:
            self.runner.run(self.house.kill())
            self.history.doubt_read()
        else:
            self.history.left_at = None
            self.house.start()
        self.go_on(pause)

    @rule(lost=st.integers(0, 40), pause=pauses)
    def kill_or_start_the_pbx(self, lost: int, pause: int | None) -> None:
        if self.house.pbx.is_up:
            self.house.pbx.kill(lost)
            self.history.doubt_last_second()
        else:
            self.house.pbx.start()
        self.go_on(pause)

    @rule(pause=pauses)
    def cut(self, pause: int | None) -> None:
        self.house.pbx.lose()
        self.go_on(pause)

    @rule(writes=st.integers(0, 12), slow=st.integers(0, 3), late=st.integers(0, 30))
    def let_the_pbx_be_slow_and_cut(self, writes: int, slow: int, late: int) -> None:
        pbx = self.house.pbx
        pbx.cut_after = writes - 1 if writes else None
        pbx.slow, pbx.late = slow, late

    @rule(refuses=st.sets(phones, max_size=1))
    def refuse(self, refuses: set[str]) -> None:
        self.house.pbx.refuses = frozenset(refuses)
        self.is_refused = self.is_refused or bool(refuses)
        self.history.left_at = None

    @precondition(lambda self: self.house.pbx.is_up)
    @rule(place=phones, what=st.sampled_from(["join", "leave", "pause", "take out of its pause"]), pause=pauses)
    def change_the_queue(self, place: str, what: str, pause: int | None) -> None:
        pbx = self.house.pbx
        match what:
            case "join":
                pbx.join(place)
            case "leave":
                pbx.leave(place)
            case "pause" if pbx.is_member(place):
                pbx.pause_by(place)
            case _:
                pbx.unpause(place)
        self.go_on(pause)

    # Time

    @rule(seconds=st.sampled_from([1, 59, 600, 3 * 3600, 26 * 3600]), pause=pauses)
    def pass_time(self, seconds: int, pause: int | None) -> None:
        self.turn_clock(seconds)
        self.go_on(pause)

    @rule(which=st.integers(0, 20), off=st.sampled_from([-1, 0, 1]), pause=pauses)
    def pass_to_a_boundary(self, which: int, off: int, pause: int | None) -> None:
        later = [mark for main in PHONES for mark in self.marks(main) if mark + off > self.now]
        if later:
            self.turn_clock(sorted(set(later))[which % len(set(later))] + off - self.now)
        self.go_on(pause)

    def marks(self, main: str) -> list[int]:
        items = [mark for item in self.items[main].values() for mark in (item.start, item.end)]
        hands = [
            mark for state in self.history.states[main] if state.hand for mark in (state.hand.start, state.hand.end)
        ]
        return items + hands

    @rule(seconds=st.sampled_from([1, 60, 600, 5 * 3600]))
    def set_the_clock_back(self, seconds: int) -> None:
        self.go_on(None)
        self.turn_clock(-seconds)
        self.go_on(None)

    def turn_clock(self, seconds: int) -> None:
        self.house.pbx.keep()
        self.house.clock.turn(timedelta(seconds=seconds))
        if not self.is_quiet:
            self.history.leapt_at = self.now
        if self.house.is_running:
            self.history.may_forget()
        elif seconds < 0:
            self.history.doubt_dialled()

    @rule()
    def let_all_be_well(self) -> None:
        self.runner.run(self.house.rest())
        self.is_refused = False
        self.go_on(None)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> type[AnySequence]:
    AnySequence.built = build(tmp_path_factory.mktemp("house"))
    return AnySequence


def test_any_sequence_ends_in_what_people_have_asked_for(machine: type[AnySequence]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=10, stateful_step_count=40, derandomize=True))


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_any_long_sequence_ends_in_what_people_have_asked_for(machine: type[AnySequence]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=600, stateful_step_count=60))
