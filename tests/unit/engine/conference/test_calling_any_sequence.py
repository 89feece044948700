"""Any sequence of meetings, telephones, people, restarts and losses: nobody is called twice, and nothing is left.

The gateway's own planning, calling and store run; PBX, calendar and clock are fakes that fail in every way that real
ones do. What has rung is looked at after each step, and all the rest when everything is quiet and connected.
"""

import asyncio
from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from gateway.domain.appointment import Appointment, Attendee, Response
from gateway.domain.conference import Call, CallState, Result
from gateway.engine.conference.live import AGAIN
from gateway.engine.conference.pace import CREDIT
from gateway.errors import Refused
from gateway.planning.conference.calling import is_by_hand
from gateway.store.calls import KEPT
from tests.fakes.switch_calls import Phone
from tests.unit.engine.conference.meeting import MINUTE, PEOPLE, SECOND, Meetings, build, meeting
from tests.unit.store.made import NOON

ENDS = [Result.BUSY, Result.NO_ANSWER, Result.REJECTED, Result.UNCONFIRMED, Result.LEFT, Result.FAILED]
DOES = [*Phone, Result.BUSY, Result.NO_ANSWER, Result.REJECTED, Result.UNREGISTERED, Result.DND]
UIDS = ("1", "2")
FIRST_TO_LAST = 10 * MINUTE

numbers = st.sampled_from(PEOPLE)
others = st.sets(st.sampled_from(PEOPLE[1:]), min_size=1)
uids = st.sampled_from(UIDS)
pauses = st.one_of(st.none(), st.integers(0, 60))  # turns before the next rule; None: until all is quiet
which = st.integers(0, 20)
starts = st.integers(-4, 12)  # minutes from now


class AnySequence(RuleBasedStateMachine):
    """Rules do something, and go on after a `pause`: so many turns, or None: until all is quiet, and is checked."""

    built: Path

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner(loop_factory=asyncio.new_event_loop)
        self.opening = Meetings.copied(self.built, NOON)
        self.held: Meetings = self.runner.run(self.opening.__aenter__())
        self.telephones = self.held.pbx.telephones
        self.telephones.now = self.held.clock.now
        self.items: dict[str, Appointment] = {}
        self.seen = 0  # of what has rung
        self.first: dict[tuple[str, str], datetime] = {}  # by conference and number, when it rang first
        self.answered: set[tuple[str, str]] = set()
        self.been: set[tuple[str, str]] = set()  # who was in when all was quiet
        self.known: set[str] = set()  # names of conferences
        self.gone: set[str] = set()  # those that nobody asks for any more, when all was quiet
        self.ended: set[str] = set()  # those whose rows of calls had their time, at the latest that there has been
        self.latest = NOON
        self.was_set_back = False
        self.pressed: set[str] = set()  # ids of calls by hand
        self.held.start()
        self.go_on(None)

    def teardown(self) -> None:
        try:
            self.end()
        finally:
            self.runner.run(self.opening.__aexit__(None, None, None))
            self.runner.close()

    def end(self) -> None:
        """Let nothing fail any more: everybody asked is reached or not, all ends, and nothing is left."""
        held = self.held
        held.pbx.start()
        held.pbx.cut_after, held.pbx.slow, held.pbx.late = None, 1, 0
        if not held.is_running:
            self.kill_or_start_the_gateway(None)
        self.pass_time(120, None)
        assert held.is_up
        self.check_quiet()
        for _ in range(12):
            self.leap(15 * 60, None)
        rows = [self.runner.run(some()) for some in (held.conferences, held.attempts, held.attendances)]
        assert rows == [(), (), ()]
        assert (self.telephones.marks, self.telephones.live, self.telephones.inside) == ({}, {}, {})
        assert not [one for one in held.pbx.holds.values() if one.room or one.invited]

    # What is always so

    def go_on(self, pause: int | None) -> None:
        if pause is not None:
            self.runner.run(self.held.turns(pause))
            self.look()
            return
        self.runner.run(self.held.settle())
        self.look()
        self.let_all_leave()
        if self.held.is_up:
            self.put_out()
        if self.held.is_up:
            self.check_quiet()

    def let_all_leave(self) -> None:
        """After a clock that was set back calls leave one by one: let the milliseconds between them pass."""
        while (following := self.held.clock.next) and following <= self.held.clock.now() + CREDIT:
            self.runner.run(self.held.until(following))
            self.look()

    def put_out(self) -> None:
        """Let who came in after their conference was closed be put out, which is done once more a little later."""
        there = {one.name for one in self.runner.run(self.held.conferences()) if not one.cancelled}
        closed = {name for name, _ in self.telephones.closed} - there
        if any(member.name in closed for member in self.telephones.inside.values()):
            self.held.pbx.keep()
            self.runner.run(self.held.until(self.held.clock.now() + AGAIN))
            self.look()

    def note_ended(self) -> None:
        """Note which conferences had ended long ago by the latest clock: rows go then, though people talk on."""
        self.latest = max(self.latest, self.held.clock.now())
        there = self.runner.run(self.held.conferences())
        self.ended |= {one.name for one in there if one.end + KEPT <= self.latest}

    def look(self) -> None:
        """Look at what has rung since."""
        rung = list(zip(self.telephones.rung, self.telephones.rung_at, strict=True))[self.seen :]
        self.seen += len(rung)
        for call, now in rung:
            assert now is not None
            whose = (call.name, call.to)
            if call.id in self.pressed:
                assert now <= call.before
                continue
            assert whose not in self.answered, "called again after answering"
            assert whose not in self.been, "called although they were in"
            assert call.name not in self.gone, "called into a conference that is no more"
            first = self.first.setdefault(whose, now)
            assert self.was_set_back or now <= first + FIRST_TO_LAST, "called later than ten minutes after the first"
            assert now <= call.before
        assert max(Counter(call.id for call in self.telephones.rung).values(), default=0) <= 1, "an id rang twice"
        live = Counter((call.name, call.to) for call in self.telephones.live.values())
        assert max(live.values(), default=0) <= 1, "two calls to one person"

    def check_quiet(self) -> None:
        """All is quiet, and gateway and PBX have each other: what one knows, the other knows too.

        But a call that was lost on its way is asked for again when it is due, if the clock was set back to before that;
        and who talks on in a conference that has ended has neither a row nor a mark any more.
        """
        self.note_ended()
        now, live, marks = self.held.clock.now(), self.telephones.live, self.telephones.marks
        conferences = self.runner.run(self.held.conferences())
        attempts = {one.id: one for one in self.runner.run(self.held.attempts())}
        attendances = self.runner.run(self.held.attendances())
        engaged = {
            (one.conference, one.who) for one in attempts.values() if one.state in (CallState.SENT, CallState.UP)
        }
        due = [one for one in attempts.values() if one.state is CallState.DUE and one.at <= now]
        assert not [one for one in due if (one.conference, one.who) not in engaged], "left due"
        lost = {one.id for one in attempts.values() if one.state is CallState.SENT and one.at > now} - live.keys()
        assert self.was_set_back or not lost, "not placed"
        waits = {one.id: one.state for one in attempts.values() if one.state in (CallState.SENT, CallState.UP)}
        talks = {member.call for member in self.telephones.inside.values() if member.call and member.name in self.ended}
        talks_on = talks - attempts.keys() - marks.keys()
        known = {id_: marks[id_].state for id_ in live if id_ not in talks_on}
        assert {id_: state for id_, state in waits.items() if id_ not in lost} == known
        names = {one.name: one for one in conferences}
        inside = {member.channel for member in self.telephones.inside.values()}
        assert {one.channel for one in attendances if one.left is None} == inside
        self.known |= names.keys()
        self.gone = self.known - {name for name, one in names.items() if not one.cancelled}
        assert not {member.name for member in self.telephones.inside.values()} & self.gone, "left in"
        assert not {call.name for call in self.telephones.live.values()} & self.gone, "left ringing"
        for member in self.telephones.inside.values():
            call = self.telephones.live.get(member.call or "")
            number = call.to if call else member.number
            self.been.add((member.name, number))

    # Calendars

    @rule(uid=uids, start=starts, length=st.integers(1, 40), others=others, autocall=st.booleans(), pause=pauses)
    def ask(self, uid: str, start: int, length: int, others: set[str], autocall: bool, pause: int | None) -> None:
        begins = self.held.clock.now().replace(second=0, microsecond=0) + start * MINUTE
        location = "PBX AUTOCALL" if autocall or start % 3 else "PBX"
        self.items[uid] = meeting(begins, length * MINUTE, location, uid, tuple(sorted(others)))
        self.sync(pause)

    @precondition(lambda self: self.items)
    @rule(at=which, others=others, declined=st.sets(numbers, max_size=1), pause=pauses)
    def ask_others(self, at: int, others: set[str], declined: set[str], pause: int | None) -> None:
        uid = sorted(self.items)[at % len(self.items)]
        people = tuple(
            Attendee(f"u{one}@example.org", Response.DECLINED if one in declined else Response.ACCEPTED)
            for one in sorted(others | declined)
        )
        self.items[uid] = replace(self.items[uid], attendees=people)
        self.sync(pause)

    @precondition(lambda self: self.items)
    @rule(at=which, by=st.sampled_from([-5, -1, 1, 5, 30]), pause=pauses)
    def move(self, at: int, by: int, pause: int | None) -> None:
        uid = sorted(self.items)[at % len(self.items)]
        item = self.items[uid]
        self.items[uid] = replace(item, start=item.start + by * MINUTE, end=item.end + by * MINUTE)
        self.sync(pause)

    @precondition(lambda self: self.items)
    @rule(at=which, pause=pauses)
    def cancel(self, at: int, pause: int | None) -> None:
        del self.items[sorted(self.items)[at % len(self.items)]]
        self.sync(pause)

    def sync(self, pause: int | None) -> None:
        self.note_ended()
        if self.held.is_running:
            self.gone = set()  # until all is quiet: what was no more may be asked for again
            self.runner.run(self.held.read(*self.items.values()))
        self.go_on(pause)

    # Telephones and people

    @rule(number=numbers, does=st.sampled_from(DOES))
    def change_a_telephone(self, number: str, does: Phone | Result) -> None:
        self.telephones.phones[number] = does

    @rule(number=numbers, pause=pauses)
    def sign_in(self, number: str, pause: int | None) -> None:
        if self.held.pbx.is_up:
            self.telephones.sign_in(number)
        self.go_on(pause)

    def ringing(self) -> list[Call]:
        sent = CallState.SENT
        return [call for call in self.telephones.live.values() if self.telephones.marks[call.id].state is sent]

    @precondition(lambda self: self.ringing())
    @rule(at=which, pause=pauses)
    def pick_up(self, at: int, pause: int | None) -> None:
        self.look()
        call = self.ringing()[at % len(self.ringing())]
        self.answered.add((call.name, call.to))
        self.telephones.pick_up(call.id)
        self.go_on(pause)

    @precondition(lambda self: self.telephones.live)
    @rule(at=which, result=st.sampled_from(ENDS), pause=pauses)
    def end_a_call(self, at: int, result: Result, pause: int | None) -> None:
        self.look()
        live = sorted(self.telephones.live)
        self.telephones.end(live[at % len(live)], result)
        self.go_on(pause)

    @precondition(lambda self: self.held.pbx.is_up and self.known - self.gone)
    @rule(at=which, number=st.sampled_from([*PEOPLE, ""]), pause=pauses)
    def dial_in(self, at: int, number: str, pause: int | None) -> None:
        names = sorted(self.known - self.gone)
        self.telephones.dial_in(names[at % len(names)], number)
        self.go_on(pause)

    @precondition(lambda self: self.known - self.gone)
    @rule(at=which, number=numbers, twice=st.booleans(), pause=pauses)
    def call_in(self, at: int, number: str, twice: bool, pause: int | None) -> None:
        """The organiser lets somebody be called now, and perhaps presses twice."""
        self.look()
        names = {one.name for one in self.runner.run(self.held.conferences())}
        name = sorted(self.known)[at % len(self.known)]
        if name not in names:
            return
        with suppress(Refused):
            is_called = self.runner.run(self.held.call_in(number, name))  # not who is just being let go, until then
            again = twice and self.runner.run(self.held.call_in(number, name))
            assert not (is_called and again), "pressed twice, called twice"
        self.pressed |= {one.id for one in self.runner.run(self.held.attempts()) if is_by_hand(one)}
        self.go_on(pause)

    @precondition(lambda self: self.telephones.inside)
    @rule(at=which, pause=pauses)
    def leave(self, at: int, pause: int | None) -> None:
        inside = sorted(self.telephones.inside)
        self.telephones.leave(inside[at % len(inside)])
        self.go_on(pause)

    # What fails

    @rule(pause=pauses)
    def kill_or_start_the_gateway(self, pause: int | None) -> None:
        if self.held.is_running:
            self.runner.run(self.held.kill())
        else:
            self.held.start()
            self.sync(0)
        self.go_on(pause)

    @rule(lost=st.integers(0, 10), pause=pauses)
    def kill_or_start_the_pbx(self, lost: int, pause: int | None) -> None:
        if self.held.pbx.is_up:
            self.held.pbx.kill(lost)
        else:
            self.held.pbx.start()
        self.go_on(pause)

    @rule(pause=pauses)
    def cut(self, pause: int | None) -> None:
        self.held.pbx.lose()
        self.go_on(pause)

    @rule(writes=st.integers(0, 8), slow=st.integers(0, 3), late=st.integers(0, 30), partly=st.integers(0, 4))
    def let_the_pbx_be_slow_and_cut(self, writes: int, slow: int, late: int, partly: int) -> None:
        pbx = self.held.pbx
        pbx.cut_after = writes - 1 if writes else None
        pbx.slow, pbx.late = slow, late
        self.telephones.partly, self.telephones.lag = partly, late

    # Time

    @rule(seconds=st.sampled_from([1, 10, 30, 60, 60, 300]), pause=pauses)
    def pass_time(self, seconds: int, pause: int | None) -> None:
        """Let time pass from one thing that somebody waits for to the next."""
        self.held.pbx.keep()
        end = self.held.clock.now() + timedelta(seconds=seconds)
        if self.held.is_running:
            self.runner.run(self.held.until(end))
        else:
            self.held.clock.turn(end)
        self.go_on(pause)

    @rule(seconds=st.sampled_from([1, 60, 600]), pause=pauses)
    def leap(self, seconds: int, pause: int | None) -> None:
        """Let time pass at once, as on a machine that slept."""
        self.held.pbx.keep()
        self.held.clock.turn(timedelta(seconds=seconds))
        self.go_on(pause)

    @rule(seconds=st.sampled_from([1, 60]))
    def set_the_clock_back(self, seconds: int) -> None:
        self.was_set_back = True
        self.held.clock.turn(-seconds * SECOND)
        self.go_on(None)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> type[AnySequence]:
    AnySequence.built = build(tmp_path_factory.mktemp("meetings"))
    return AnySequence


def test_any_sequence_calls_nobody_twice(machine: type[AnySequence]) -> None:
    few = settings(max_examples=8, stateful_step_count=30, derandomize=True, deadline=None, phases=[Phase.generate])
    run_state_machine_as_test(machine, settings=few)


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_any_long_sequence_calls_nobody_twice(machine: type[AnySequence]) -> None:
    run_state_machine_as_test(machine, settings=settings(max_examples=400, stateful_step_count=50, deadline=None))
