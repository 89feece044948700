"""Whatever happens to a conference while people are called into it: nobody is called twice by one attempt, or late."""

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.conference import Attempt, CallState, Conference, Participant, Result
from gateway.planning.conference.calling import AGAIN, AT_ALL, MOST_ATTEMPTS, after, attempt_id, by_who, latest, wanted
from tests.unit.planning.given import at
from tests.unit.planning.planned import conference

MINUTE = timedelta(minutes=1)
PEOPLE = tuple(Participant(f"{number}@example.org", number) for number in range(1, 4))
PLANNED = conference(participants=PEOPLE)
TOLD = [result for result in Result if result not in (Result.CAME, Result.LATE, Result.DROPPED, Result.AWAY)]

Step = tuple[str, int, Result]


def some_steps() -> st.SearchStrategy[list[Step]]:
    """What happens, to whom, and how a call ends: calls begin and end most of the time."""
    often = ("call", "call", "call", "begin", "result", "signs in", "time", "minutes")
    kinds = st.sampled_from((*often, "came", "declines", "cancelled", "autocall", "moves", "longer", "shorter"))
    whom, ends = st.integers(0, 2), st.sampled_from((*AGAIN, Result.UNREGISTERED, *TOLD))
    return st.lists(st.tuples(kinds, whom, ends), max_size=40)


@dataclass
class Story:
    """What has happened by `now`; `begun`: when each attempt was begun; `been`: who is in the room, or was."""

    now: datetime
    conference: Conference = PLANNED
    rows: dict[str, Attempt] = field(default_factory=dict)
    begun: dict[str, datetime] = field(default_factory=dict)
    been: set[str] = field(default_factory=set)

    def look(self) -> None:
        before = dict(self.rows)
        changed = wanted(self.conference, before.values(), True, self.now, self.been)
        self.rows |= {row.id: row for row in changed}
        assert wanted(self.conference, self.rows.values(), True, self.now, self.been) == ()
        for row in changed:
            if row.id in before and before[row.id].state in (CallState.SENT, CallState.UP, CallState.OVER):
                assert replace(before[row.id], ends=row.ends) == row

    def begin(self) -> None:
        for row in list(self.rows.values()):
            if row.state is CallState.DUE and row.at <= self.now <= latest(row) and not row.waits:
                assert row.id not in self.begun
                assert self.now < self.conference.end
                assert by_who(self.conference)[row.who].who not in self.been
                self.begun[row.id] = self.now
                self.rows[row.id] = replace(row, state=CallState.SENT)

    def result(self, whom: int, result: Result) -> None:
        for row in list(self.rows.values()):
            if row.state is CallState.SENT and row.who == list(by_who(self.conference))[whom]:
                if result is Result.LEFT:
                    self.been.add(PEOPLE[whom].who)
                self.rows |= {one.id: one for one in after(row, result, self.now) if one}

    def call(self, result: Result) -> None:
        """Let time go on to what is due next, and all that begins then end in the same way."""
        due = [row.at for row in self.rows.values() if row.state is CallState.DUE and not row.waits]
        self.now = max([self.now, *sorted(due)[:1]])
        self.look()
        self.begin()
        self.now += timedelta(seconds=5)
        for whom in range(len(PEOPLE)):
            self.result(whom, result)

    def sign_in(self) -> None:
        for row in self.rows.values():
            if row.waits:
                self.rows[row.id] = replace(row, waits=False, at=self.now)

    def comes(self, whom: int) -> None:
        self.been.add(PEOPLE[whom].who)
        self.result(whom, Result.CAME)

    def change(self, kind: str, whom: int) -> None:
        one = self.conference
        match kind:
            case "declines":
                people = list(one.participants)
                people[whom] = replace(people[whom], declined=not people[whom].declined)
                self.conference = replace(one, participants=tuple(people))
            case "cancelled":
                self.conference = replace(one, cancelled=not one.cancelled)
            case "autocall":
                self.conference = replace(one, autocall=not one.autocall)
            case "moves":
                by = (whom - 1) * 15 * MINUTE
                self.conference = replace(one, start=one.start + by, end=one.end + by)
            case "longer" | "shorter":
                end = one.end + (5 if kind == "longer" else -5) * MINUTE
                self.conference = replace(one, end=max(end, one.start + MINUTE))


def told(steps: list[Step]) -> Story:
    story = Story(at("08:55"))
    for kind, whom, result in steps:
        story.look()
        match kind:
            case "time":
                story.now += timedelta(seconds=(1, 30, 60)[whom])
            case "minutes":
                story.now += (1, 4, 6)[whom] * MINUTE
            case "call":
                story.call(result)
            case "signs in":
                story.sign_in()
            case "begin":
                story.begin()
            case "result":
                story.result(whom, result)
            case "came":
                story.comes(whom)
            case _:
                story.change(kind, whom)
        check(story)
    return story


def check(story: Story) -> None:
    theirs = defaultdict(list)
    for row in sorted(story.rows.values(), key=lambda row: row.number):
        assert row.id == attempt_id(story.conference.key, row.who, row.number)
        theirs[row.who].append(row)
    for some in theirs.values():
        assert [row.number for row in some] == list(range(1, len(some) + 1))
        assert len(some) <= MOST_ATTEMPTS
        assert all(row.state in (CallState.OVER, CallState.UP) for row in some[:-1])
        begun = [row for row in some if row.id in story.begun]
        for last, row in pairwise(begun):
            assert story.begun[row.id] <= story.begun[begun[0].id] + AT_ALL
            assert last.over
            assert last.result
            assert story.begun[row.id] >= last.over + AGAIN.get(last.result, timedelta())
    for row in story.rows.values():
        assert (row.over is None) == (row.result is None) == (row.state not in (CallState.OVER, CallState.VOID))
        assert not row.waits or row.state is CallState.DUE


@given(some_steps())
def test_attempts_are_few_and_in_time_and_none_is_begun_twice(steps: list[Step]):
    told(steps)


@given(some_steps())
def test_after_a_look_nothing_is_due_that_may_not_be_made(steps: list[Step]):
    story = told(steps)
    story.look()
    one = story.conference
    asked = {who for who, participant in by_who(one).items() if not participant.declined}
    for row in story.rows.values():
        assert row.ends == one.end
        if row.state is CallState.DUE:
            assert one.autocall
            assert not one.cancelled
            assert row.who in asked
            assert by_who(one)[row.who].who not in story.been
            assert story.now <= latest(row)


@given(some_steps())
def test_everybody_who_is_asked_in_time_has_a_row(steps: list[Step]):
    story = told(steps)
    story.look()
    one = story.conference
    if one.autocall and not one.cancelled and story.now < one.end:
        assert {who for who, some in by_who(one).items() if not some.declined} <= {
            row.who for row in story.rows.values()
        }
