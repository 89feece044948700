"""Calls: attempts are written and changed by their id, many at a time, and go five minutes after the planned end."""

from dataclasses import replace
from datetime import timedelta

from gateway.domain.conference import CallState, Result
from gateway.store import calls
from gateway.store.store import Store
from tests.unit.store.made import HOUR, NOON, attempt

SECOND = timedelta(seconds=1)


async def test_attempts_come_back_as_they_were_put(store: Store) -> None:
    over = attempt(number=3, waits=True, boot="1795435200", over=NOON + SECOND)
    states = {replace(over, id=state.value, state=state) for state in CallState}
    results = {replace(over, id=result.value, state=CallState.OVER, result=result) for result in Result}
    async with store.write() as rows:
        await calls.put(rows, states | results)
        assert rows.touched == {"calls"}
    async with store.read() as rows:
        assert set(await calls.every(rows)) == states | results


async def test_attempts_come_in_the_order_in_which_they_are_due(store: Store) -> None:
    late, early, same = attempt("a", at=NOON + SECOND), attempt("c"), attempt("b", conference="e" * 32)
    async with store.write() as rows:
        await calls.put(rows, (late, early, same))
        assert await calls.every(rows) == (same, early, late)
        assert await calls.of(rows, early.conference) == (early, late)


async def test_an_attempt_that_is_known_is_changed_and_others_stay(store: Store) -> None:
    async with store.write() as rows:
        await calls.put(rows, [attempt("a"), attempt("b")])
        over = attempt("a", state=CallState.OVER, result=Result.BUSY, over=NOON + SECOND)
        again = attempt("c", number=2, at=NOON + 60 * SECOND)
        await calls.put(rows, [over, again])
        assert set(await calls.every(rows)) == {over, again, attempt("b")}


async def test_of_two_with_the_same_id_the_later_one_counts(store: Store) -> None:
    async with store.write() as rows:
        await calls.put(rows, (replace(attempt(), state=state) for state in (CallState.DUE, CallState.SENT)))
        assert [one.state for one in await calls.every(rows)] == [CallState.SENT]


async def test_nothing_to_write_is_no_news(store: Store) -> None:
    async with store.write() as rows:
        await calls.put(rows, [])
        assert rows.touched == set()


async def test_a_thousand_are_written_and_changed_together(store: Store) -> None:
    many = [replace(attempt(), id=f"{number:032x}") for number in range(1000)]
    async with store.write() as rows:
        await calls.put(rows, many)
        sent = [replace(one, state=CallState.SENT, boot="1") for one in many]
        await calls.put(rows, sent)
        assert await calls.every(rows) == tuple(sent)


async def test_attempts_go_five_minutes_after_the_planned_end(store: Store) -> None:
    short, long = attempt("a"), attempt("b", ends=NOON + 2 * HOUR)
    async with store.write() as rows:
        assert await calls.next_end(rows) is None
        await calls.put(rows, [long, short])
    goes = NOON + HOUR + 300 * SECOND
    async with store.write() as rows:
        assert await calls.next_end(rows) == goes
        assert await calls.forget_over(rows, goes - timedelta(microseconds=1)) == 0
        assert (rows.touched, rows.removed) == (set(), False)
        assert await calls.forget_over(rows, goes) == 1
        assert (rows.touched, rows.removed) == ({"calls"}, True)
        assert await calls.every(rows) == (long,)
