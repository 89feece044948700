"""Telling organisers by mail: once, whatever fails in between, and without letting anything wait."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.domain.conference import Attempt, CallState, Conference, Result, RoomOf
from gateway.domain.user import User
from gateway.engine.conference.telling import Telling
from gateway.engine.decided import Decided
from gateway.engine.mailing import LATER, Mailer
from gateway.engine.pulse import Pulse
from gateway.errors import Misconfigured, Refused, RetryLater, SignInAgain, Unreachable
from gateway.store import calls, conferences, health, rooms, switches, users
from gateway.store.store import Store
from tests.fakes.clock import HandClock, comes
from tests.fakes.mail import FakePost
from tests.unit.engine.test_reconcile_conferences import MINUTE, conference, keep
from tests.unit.store.made import HOUR, NOON, person


@pytest.fixture
def post() -> FakePost:
    return FakePost()


@pytest.fixture
async def anna(store: Store) -> User:
    async with store.write() as rows:
        made = await users.add(rows, replace(person("1001"), language="en"))
        await rooms.put(rows, RoomOf("8001", owner=made.id, pin="4711"))
    return made


def telling_of(store: Store, post: FakePost, clock: HandClock) -> Telling:
    return Telling(store, Decided(), Mailer(post, clock, Pulse(store, clock)), clock)


@asynccontextmanager
async def running(store: Store, post: FakePost, clock: HandClock) -> AsyncIterator[None]:
    telling = asyncio.create_task(telling_of(store, post, clock).run())
    try:
        yield
    finally:
        telling.cancel()
        await asyncio.wait((telling,))
        if not telling.cancelled():
            telling.result()


async def told(store: Store) -> dict[str, str]:
    async with store.read() as rows:
        return {one.key: one.told for one in await conferences.every(rows)}


async def all_told(store: Store, many: int = 1) -> None:
    async with asyncio.timeout(60):
        while len([one for one in (await told(store)).values() if one]) < many:
            await asyncio.sleep(0)


async def mail(store: Store) -> health.Health:
    async with store.read() as rows:
        row = await health.get(rows, "mail")
    assert row
    return row


def heads(post: FakePost) -> list[str]:
    return [letter.subject.split(",")[0] for letter in post.sent]


async def test_a_conference_is_told_when_it_is_planned_changed_and_cancelled(
    store: Store, post: FakePost, clock: HandClock, anna: User
) -> None:
    one = conference(anna)
    async with running(store, post, clock):
        await keep(store, one)
        await comes(lambda: len(post.sent) == 1)
        await all_told(store)
        await keep(store, replace(one, autocall=False))
        await comes(lambda: len(post.sent) == 2)
        await keep(store, replace(one, autocall=False, cancelled=True))
        await comes(lambda: len(post.sent) == 3)
    assert heads(post) == [
        "Telephone conference «Styrelse» is planned",
        "Telephone conference «Styrelse» has changed",
        "Telephone conference «Styrelse» is cancelled",
    ]
    assert {letter.to for letter in post.sent} == {anna.emails[0]}
    assert "4711" in post.sent[0].body
    assert (await mail(store)).ok


async def test_after_a_restart_nothing_is_told_again(
    store: Store, post: FakePost, clock: HandClock, anna: User
) -> None:
    await keep(store, conference(anna))
    async with running(store, post, clock):
        await all_told(store)
    async with running(store, post, clock):
        await comes(lambda: clock.next is not None)
    assert len(post.sent) == 1


async def test_a_mail_server_that_is_down_is_asked_again_ever_more_slowly(
    store: Store, post: FakePost, clock: HandClock, anna: User
) -> None:
    post.errors = [Unreachable("nobody listens"), Unreachable("nobody listens"), Unreachable("nobody listens")]
    await keep(store, conference(anna), conference(anna, key="e" * 32, series="another"))
    async with running(store, post, clock):
        for tries in (1, 2, 3):
            await comes(lambda: post.tries == tries and clock.next is not None)  # noqa: B023 - awaited at once
            assert clock.next is not None
            assert timedelta() < clock.next - clock.now() <= timedelta(minutes=1)
            row = await mail(store)
            assert (row.ok, row.said) == (False, "nobody listens")
            async with store.write() as rows:
                rows.touch("conferences")  # news do not make it be asked sooner
            clock.turn(clock.next)
        await all_told(store, 2)
    assert len(post.sent) == 2
    assert (await mail(store)).ok


@pytest.mark.parametrize(
    ("error", "pause"),
    [(SignInAgain("refused"), timedelta(hours=1)), (Misconfigured("no STARTTLS"), timedelta(minutes=5))],
)
async def test_what_somebody_must_change_is_said_and_tried_slowly(
    store: Store, post: FakePost, clock: HandClock, anna: User, error, pause
) -> None:
    post.errors = [error]
    await keep(store, conference(anna, end=NOON + 5 * HOUR))
    async with running(store, post, clock):
        await comes(lambda: post.tries == 1 and clock.next is not None)
        assert clock.next == clock.now() + pause
        assert (await mail(store)).said == str(error)
        clock.turn(pause)
        await all_told(store)
    assert len(post.sent) == 1


async def test_a_refused_recipient_is_given_up_and_said_without_the_address(
    store: Store, post: FakePost, clock: HandClock, anna: User, caplog: pytest.LogCaptureFixture
) -> None:
    post.refuses[anna.emails[0]] = Refused("mail.example.org:25 refuses the recipient of a letter (550)")
    async with store.write() as rows:
        other = await users.add(rows, person("1002"))
    await keep(store, conference(anna), conference(other, key="e" * 32, room=None))
    with caplog.at_level(logging.WARNING):
        async with running(store, post, clock):
            await all_told(store, 2)
    assert [letter.to for letter in post.sent] == [other.emails[0]]
    assert conference(anna).key in caplog.text
    assert anna.emails[0] not in caplog.text


async def test_a_letter_that_is_not_taken_yet_lets_no_other_wait(
    store: Store, post: FakePost, clock: HandClock, anna: User
) -> None:
    post.refuses[anna.emails[0]] = RetryLater("not yet (450)")
    async with store.write() as rows:
        other = await users.add(rows, person("1002"))
    await keep(store, conference(anna), conference(other, key="e" * 32, room=None))
    async with running(store, post, clock):
        await all_told(store)
        await comes(lambda: clock.next == clock.now() + LATER)
        assert post.tries == 2
        post.refuses.clear()
        clock.turn(LATER)
        await all_told(store, 2)
    assert [letter.to for letter in post.sent] == [other.emails[0], anna.emails[0]]


async def test_how_the_calling_went_is_told_once(store: Store, post: FakePost, clock: HandClock, anna: User) -> None:
    one = conference(anna)
    attempt = Attempt("a", one.key, "w", 1, CallState.SENT, one.start, one.start, one.end)
    await keep(store, one)
    async with running(store, post, clock):
        await all_told(store)
        async with store.write() as rows:
            await calls.put(rows, [attempt])
        await comes(lambda: clock.next == one.start)
        clock.turn(one.start)
        await comes(lambda: clock.next == one.start + timedelta(seconds=15))
        async with store.write() as rows:
            await calls.put(rows, [replace(attempt, state=CallState.OVER, result=Result.BUSY)])
        clock.turn(timedelta(seconds=15))
        await comes(lambda: len(post.sent) == 2)
        await comes(lambda: clock.next is not None and clock.next > clock.now() + MINUTE)
    assert heads(post)[1] == "Telephone conference «Styrelse»: who was reached"


async def test_while_ringplan_is_off_nobody_is_told(store: Store, post: FakePost, clock: HandClock, anna: User) -> None:
    async with store.write() as rows:
        await switches.turn_off(rows, NOON)
    await keep(store, conference(anna))
    async with running(store, post, clock):
        await comes(lambda: clock.next is not None)
        assert post.sent == []
        async with store.write() as rows:
            await switches.turn_on(rows)
        await all_told(store)
    assert len(post.sent) == 1


async def test_what_is_over_is_not_told(store: Store, post: FakePost, clock: HandClock, anna: User) -> None:
    clock.turn(NOON + 2 * HOUR)
    await keep(store, conference(anna))
    async with running(store, post, clock):
        await comes(lambda: clock.next is not None)
    assert post.sent == []


async def test_a_letter_that_could_not_be_noted_is_sent_once_more_as_the_same(
    store: Store, post: FakePost, clock: HandClock, anna: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def locked(*_: object) -> None:
        raise RetryLater("the database is locked")

    await keep(store, conference(anna))
    with monkeypatch.context() as patched:
        patched.setattr(conferences, "told", locked)
        with pytest.raises(ExceptionGroup) as raised:
            await telling_of(store, post, clock).run()
        assert raised.group_contains(RetryLater)
    assert set((await told(store)).values()) == {""}
    async with running(store, post, clock):
        await all_told(store)
    assert [letter.id for letter in post.sent] == [post.sent[0].id] * 2


async def test_many_are_told_each_once(store: Store, post: FakePost, clock: HandClock, anna: User) -> None:
    some: list[Conference] = [
        conference(anna, key=f"{n:032x}", series=f"{n}", start=NOON + HOUR + n * MINUTE) for n in range(35)
    ]
    await keep(store, *some)
    async with running(store, post, clock):
        await all_told(store, 35)
    assert len({letter.id for letter in post.sent}) == len(post.sent) == 35
