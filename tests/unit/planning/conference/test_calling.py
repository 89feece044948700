"""Who is called into a conference, when, and when again."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from gateway.domain.conference import Attempt, CallState, Conference, Participant, Result
from gateway.planning.conference import calling
from gateway.planning.conference.calling import AGAIN, after, attempt_id, by_who, dropped, latest, void, wanted, who_of
from tests.unit.planning.given import at
from tests.unit.planning.planned import conference

SECOND = timedelta(seconds=1)
DUE, SENT, UP, OVER, VOID = CallState.DUE, CallState.SENT, CallState.UP, CallState.OVER, CallState.VOID
STYRELSE = conference()
ANNA, BERTA = STYRELSE.participants
CARL = Participant("carl@example.org", 3)
THREE = replace(STYRELSE, participants=(ANNA, BERTA, CARL))
Said = tuple[int, CallState, datetime, Result | None]


class Rows:
    """The rows of a conference, from one look to the next."""

    def __init__(self, some: Iterable[Attempt] = ()) -> None:
        self.by_id = {row.id: row for row in some}

    def look(self, one: Conference, clock: str, known: bool = True, been: Iterable[str] = ()) -> None:
        self.put(wanted(one, self.by_id.values(), known, at(clock), frozenset(been)))
        assert wanted(one, self.by_id.values(), known, at(clock), frozenset(been)) == ()

    def put(self, some: Iterable[Attempt]) -> None:
        self.by_id.update({row.id: row for row in some})

    def of(self, one: Participant, of: Conference = STYRELSE) -> list[Attempt]:
        rows = [row for row in self.by_id.values() if row.who == who_of(of, one)]
        return sorted(rows, key=lambda row: row.number)

    def said(self, one: Participant, of: Conference = STYRELSE) -> list[Said]:
        return [(row.number, row.state, row.at, row.result) for row in self.of(one, of)]

    def send(self, one: Participant) -> Attempt:
        row = replace(self.of(one)[-1], state=SENT)
        self.put([row])
        return row

    def tell(self, one: Participant, result: Result, clock: str) -> None:
        self.put(row for row in after(self.send(one), result, at(clock)) if row)


def looked(one: Conference, clock: str, known: bool = True) -> Rows:
    rows = Rows()
    rows.look(one, clock, known)
    return rows


def due(clock: str = "09:00", number: int = 1) -> Said:
    return (number, DUE, at(clock), None)


def test_everybody_is_due_at_the_start_from_an_hour_before():
    assert looked(STYRELSE, "07:59:59").by_id == {}
    rows = looked(STYRELSE, "08:00")
    assert rows.said(ANNA) == rows.said(BERTA) == [due()]
    assert {(row.first, row.ends, row.conference) for row in rows.by_id.values()} == {
        (at("09:00"), at("10:00"), STYRELSE.key)
    }


def test_an_id_follows_from_conference_participant_and_number():
    rows = looked(STYRELSE, "08:00")
    for one in STYRELSE.participants:
        (row,) = rows.of(one)
        assert row.id == attempt_id(STYRELSE.key, who_of(STYRELSE, one), 1)
        assert len(row.id) == len(row.who) == 32
    assert looked(STYRELSE, "08:30").by_id == rows.by_id
    other = looked(conference("other"), "08:00")
    assert not other.by_id.keys() & rows.by_id.keys()
    assert not {row.who for row in other.by_id.values()} & {row.who for row in rows.by_id.values()}
    assert attempt_id("c", "w", 1) == "a474f9395ecd5541b05ffd54dc3fb1ce", (
        "what a PBX has noted is known after an update"
    )


def test_ranks_begin_with_the_organiser():
    assert list(by_who(THREE).values()) == [ANNA, BERTA, CARL]


@pytest.mark.parametrize(
    "one",
    [
        replace(STYRELSE, autocall=False),
        replace(STYRELSE, cancelled=True),
        replace(STYRELSE, room=None),
        replace(STYRELSE, participants=()),
    ],
)
def test_nobody_is_called_where_nobody_is_to_be(one: Conference):
    assert looked(one, "08:30").by_id == {}
    rows = looked(STYRELSE, "08:30")
    rows.look(one, "08:31")
    assert rows.said(ANNA) == [(1, VOID, at("09:00"), Result.DROPPED)]
    rows.look(STYRELSE, "08:32")
    assert rows.said(ANNA) == rows.said(BERTA) == [due()]


def test_who_has_declined_or_is_not_asked_any_more_is_not_called():
    later = replace(STYRELSE, participants=(ANNA, replace(BERTA, declined=True)))
    for one in (later, replace(STYRELSE, participants=(ANNA,))):
        rows = looked(STYRELSE, "08:30")
        rows.look(one, "08:31")
        assert (rows.said(ANNA), rows.said(BERTA)) == ([due()], [(1, VOID, at("09:00"), Result.DROPPED)])
    assert looked(later, "08:30").said(BERTA) == []


def test_who_was_dropped_and_is_asked_again_is_due_again_while_there_is_time():
    for clock, again in (("09:05", due()), ("09:05:01", (1, VOID, at("09:00"), Result.DROPPED))):
        rows = looked(STYRELSE, "08:30")
        rows.look(replace(STYRELSE, cancelled=True), "08:59")
        rows.look(STYRELSE, clock)
        assert rows.said(ANNA) == [again]


def test_who_accepts_while_the_others_are_in_is_called_at_once():
    rows = looked(replace(STYRELSE, participants=(ANNA, replace(BERTA, declined=True))), "08:30")
    rows.send(ANNA)
    rows.look(STYRELSE, "09:20")
    assert rows.said(BERTA) == [due("09:20")]
    rows = looked(STYRELSE, "08:30")
    rows.send(ANNA)
    rows.look(replace(STYRELSE, participants=(ANNA,)), "08:59")
    rows.look(STYRELSE, "09:20")
    assert rows.said(BERTA) == [due("09:20")]


def test_somebody_added_after_the_start_is_called_at_once():
    rows = looked(STYRELSE, "08:30")
    rows.send(ANNA)
    rows.look(THREE, "09:02")
    assert rows.said(CARL) == [due("09:02")]
    assert rows.of(CARL)[0].first == at("09:02")
    before = looked(STYRELSE, "08:30")
    before.look(THREE, "08:31")
    assert before.said(CARL) == [due()]


@pytest.mark.parametrize("known", [False, True])
def test_a_conference_first_looked_at_after_its_start_is_called_if_that_is_lately(known: bool):
    assert looked(STYRELSE, "09:05", known=known).said(ANNA) == [due()]
    assert looked(STYRELSE, "09:05:01", known=known).said(ANNA) == [(1, VOID, at("09:00"), Result.LATE)]
    assert looked(STYRELSE, "10:00", known=known).by_id == {}


def test_an_attempt_that_was_not_made_in_time_never_is():
    rows = looked(STYRELSE, "08:30")
    rows.look(STYRELSE, "09:05")
    assert rows.said(ANNA) == [due()]
    rows.look(STYRELSE, "09:05:01")
    assert rows.said(ANNA) == [(1, VOID, at("09:00"), Result.LATE)]
    assert rows.of(ANNA)[0].over == at("09:05:01")


def test_at_the_end_nobody_is_called_any_more():
    short = conference(last=3)
    rows = looked(short, "08:30")
    assert {latest(row) for row in rows.by_id.values()} == {at("09:03")}
    rows.look(short, "09:03")
    assert rows.said(ANNA, short) == [(1, VOID, at("09:00"), Result.DROPPED)]


@pytest.mark.parametrize(
    ("result", "again"),
    [
        (Result.BUSY, "09:01:20"),
        (Result.NO_ANSWER, "09:00:50"),
        (Result.FAILED, "09:00:50"),
        *((result, None) for result in Result if result not in {*AGAIN, Result.UNREGISTERED}),
    ],
)
def test_after_a_result_it_is_tried_again_or_not(result: Result, again: str | None):
    rows = looked(STYRELSE, "08:30")
    rows.tell(ANNA, result, "09:00:20")
    over = (1, OVER, at("09:00"), result)
    assert rows.said(ANNA) == [over, due(again, 2)] if again else [over]
    assert rows.of(ANNA)[0].over == at("09:00:20")
    rows.look(STYRELSE, "09:00:21")
    assert rows.said(ANNA) == [over, due(again, 2)] if again else [over]


def test_who_has_no_telephone_is_waited_for():
    rows = looked(STYRELSE, "08:30")
    rows.tell(ANNA, Result.UNREGISTERED, "09:00:01")
    row = rows.of(ANNA)[1]
    assert (row.waits, row.at, row.first, latest(row)) == (True, at("09:10"), at("09:00"), at("09:10"))
    rows.look(STYRELSE, "09:09:59")
    assert rows.said(ANNA)[1] == due("09:10", 2)
    rows.look(STYRELSE, "09:10")
    assert rows.said(ANNA)[1] == (2, VOID, at("09:10"), Result.LATE)
    assert not rows.of(ANNA)[1].waits


def test_who_is_waited_for_is_tried_at_once_when_a_dropped_conference_is_back():
    rows = looked(STYRELSE, "08:30")
    rows.tell(ANNA, Result.UNREGISTERED, "09:00:01")
    rows.look(replace(STYRELSE, cancelled=True), "09:01")
    rows.look(STYRELSE, "09:02")
    assert rows.said(ANNA)[1] == due("09:02", 2)


def test_there_are_three_attempts_at_most():
    rows = looked(STYRELSE, "08:30")
    for clock in ("09:00:10", "09:01:20", "09:02:30"):
        rows.tell(ANNA, Result.BUSY, clock)
    assert [(number, state) for number, state, _, _ in rows.said(ANNA)] == [(1, OVER), (2, OVER), (3, OVER)]


@pytest.mark.parametrize(
    ("clock", "again"), [("09:08:59", True), ("09:09", False), ("09:09:30", False), ("09:30", False)]
)
def test_none_is_made_later_than_ten_minutes_after_the_first(clock: str, again: bool):
    rows = looked(STYRELSE, "08:30")
    rows.tell(ANNA, Result.BUSY, clock)
    assert len(rows.of(ANNA)) == 1 + again
    assert all(latest(row) <= at("09:10") for row in rows.of(ANNA))


def test_none_is_made_after_the_end():
    short = conference(last=3)
    rows = looked(short, "08:30")
    sent = replace(rows.of(ANNA, short)[0], state=SENT)
    assert after(sent, Result.BUSY, at("09:02"))[1] is None
    waits = after(sent, Result.UNREGISTERED, at("09:02"))[1]
    assert waits
    assert latest(waits) == at("09:03")


def test_who_comes_by_themselves_is_not_called():
    rows = looked(STYRELSE, "08:30")
    rows.look(STYRELSE, "08:58", been=["user:2"])
    assert (rows.said(ANNA), rows.said(BERTA)) == ([due()], [(1, VOID, at("09:00"), Result.CAME)])
    rows.look(STYRELSE, "08:59")
    assert rows.said(BERTA) == [(1, VOID, at("09:00"), Result.CAME)], "and not after they have left, either"
    late = looked(STYRELSE, "08:30")
    late.look(THREE, "09:10", been=["user:3"])
    assert late.said(CARL) == [(1, VOID, at("09:10"), Result.CAME)]


def test_who_comes_between_two_attempts_is_not_tried_again():
    rows = looked(STYRELSE, "08:30")
    rows.tell(BERTA, Result.BUSY, "09:00:05")
    rows.look(STYRELSE, "09:00:06", been=["user:2"])
    assert rows.said(BERTA)[1] == (2, VOID, at("09:01:05"), Result.CAME)


def test_who_rings_or_is_in_by_our_call_is_left_to_it():
    for state in (SENT, UP):
        rows = looked(STYRELSE, "08:30")
        ours = replace(rows.send(BERTA), state=state)
        rows.put([ours])
        rows.look(STYRELSE, "09:00:06", been=["user:2"])
        assert rows.of(BERTA) == [ours]


def test_of_a_conference_that_is_no_more_nothing_is_due():
    rows = looked(STYRELSE, "08:30")
    rows.send(ANNA)
    assert [row.who for row in dropped(rows.by_id.values(), at("08:31"))] == [who_of(STYRELSE, BERTA)]


def test_when_the_start_moves_with_people_in_who_is_due_moves_and_who_was_called_was():
    moved = replace(STYRELSE, start=at("09:30"), end=at("10:30"))
    rows = looked(STYRELSE, "08:30")
    sent = rows.send(ANNA)
    rows.look(moved, "08:59")
    assert rows.said(BERTA) == [due("09:30")]
    assert rows.of(BERTA)[0].first == at("09:30")
    assert rows.of(ANNA) == [replace(sent, ends=at("10:30"))]


@pytest.mark.parametrize(("start", "called"), [("08:45", "08:50"), ("08:50", "08:50"), ("08:55", "08:55")])
def test_when_the_start_moves_forward_who_is_due_is_called_earlier(start: str, called: str):
    rows = looked(STYRELSE, "08:30")
    rows.look(replace(STYRELSE, start=at(start)), "08:50")
    assert rows.said(ANNA) == [due(called)]
    rows.look(replace(STYRELSE, start=at(start)), "08:50:10")
    assert rows.said(ANNA) == [due(called)]


def test_rows_stay_as_long_as_the_conference_is_planned_now():
    rows = looked(STYRELSE, "08:30")
    rows.tell(ANNA, Result.REJECTED, "09:00:20")
    rows.look(replace(STYRELSE, end=at("12:00")), "09:30")
    assert rows.of(ANNA)[0].ends == at("12:00")


def test_a_void_attempt_waits_for_nobody():
    row = looked(STYRELSE, "08:30").of(ANNA)[0]
    assert void(replace(row, waits=True), Result.AWAY, at("09:00")) == replace(
        row, state=VOID, result=Result.AWAY, over=at("09:00")
    )


def test_times_are_those_that_were_promised():
    said = {"ahead": calling.AHEAD, "late": calling.LATE, "at_all": calling.AT_ALL, "busy": AGAIN[Result.BUSY]}
    assert {name: time / SECOND for name, time in said.items()} == {
        "ahead": 3600,
        "late": 300,
        "at_all": 600,
        "busy": 60,
    }
