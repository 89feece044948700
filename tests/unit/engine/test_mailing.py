"""One mail server for all who send: what one letter meets holds for the others, and each goes by itself."""

import asyncio
from datetime import timedelta

import pytest

from gateway.domain.letter import Letter
from gateway.engine.mailing import LATER, LONGEST, Mailer
from gateway.engine.pulse import Pulse
from gateway.errors import Refused, RetryLater, SignInAgain, Unreachable
from gateway.store import health
from gateway.store.store import Store
from tests.fakes.clock import HandClock, comes
from tests.fakes.mail import FakePost

HIS, HERS = Letter("a", "otto@example.org", "Planned", "At ten."), Letter("b", "anna@example.org", "Welcome", "Here.")


class SlowPost(FakePost):
    """Has each letter in its hands until it is told to go on."""

    def __init__(self) -> None:
        super().__init__()
        self.hands, self.most, self.go_on = 0, 0, asyncio.Semaphore(0)

    async def send(self, letter: Letter) -> None:
        self.hands += 1
        self.most = max(self.most, self.hands)
        await self.go_on.acquire()
        self.hands -= 1
        await super().send(letter)


@pytest.fixture
def post() -> SlowPost:
    return SlowPost()


@pytest.fixture
def mailer(post: SlowPost, store: Store, clock: HandClock) -> Mailer:
    return Mailer(post, clock, Pulse(store, clock))


async def sent(mailer: Mailer, post: SlowPost, letter: Letter) -> bool:
    post.go_on.release()
    return await mailer.send(letter.id, letter)


async def test_of_two_letters_one_goes_after_the_other(mailer: Mailer, post: SlowPost) -> None:
    both = asyncio.gather(mailer.send("a", HIS), mailer.send("b", HERS))
    await comes(lambda: post.hands > 0)
    for _ in (HIS, HERS):
        post.go_on.release()
    assert list(await both) == [True, True]
    assert (post.sent, post.most) == ([HIS, HERS], 1)


async def test_a_wrong_password_is_tried_once_though_two_letters_want_to_go(
    mailer: Mailer, post: SlowPost, clock: HandClock, store: Store
) -> None:
    post.errors = [SignInAgain("refused"), SignInAgain("refused")]
    both = asyncio.gather(mailer.send("a", HIS), mailer.send("b", HERS))
    post.go_on.release()
    assert list(await both) == [False, False]
    assert post.tries == 1
    assert mailer.rests_until() == clock.now() + timedelta(hours=1)
    assert mailer.waits_until("a") is None  # it goes as soon as others do
    async with store.read() as rows:
        row = await health.get(rows, "mail")
    assert row is not None
    assert (row.ok, row.said) == (False, "refused")


async def test_a_clock_that_was_set_back_ends_the_rest(mailer: Mailer, post: SlowPost, clock: HandClock) -> None:
    post.errors = [Unreachable("nobody listens")]
    assert not await sent(mailer, post, HIS)
    assert mailer.rests_until() is not None
    clock.turn(timedelta(seconds=-1))
    assert mailer.rests_until() is None
    assert await sent(mailer, post, HIS)


async def test_a_letter_that_is_not_taken_yet_waits_ever_longer_and_alone(
    mailer: Mailer, post: SlowPost, clock: HandClock
) -> None:
    post.refuses[HIS.to] = RetryLater("not yet (450)")
    pauses = []
    for _ in range(9):
        assert not await sent(mailer, post, HIS)
        until = mailer.waits_until("a")
        assert until is not None
        pauses.append(until - clock.now())
        assert mailer.rests_until() is mailer.waits_until("b") is None
        clock.turn(until)
        assert mailer.waits_until("a") is None
    assert pauses == [*(LATER * 2**n for n in range(6)), LONGEST, LONGEST, LONGEST]
    post.refuses.clear()
    assert await sent(mailer, post, HIS)
    post.refuses[HIS.to] = RetryLater("not yet (450)")
    assert not await sent(mailer, post, HIS)
    assert mailer.waits_until("a") == clock.now() + LATER


async def test_a_letter_that_is_refused_is_for_its_sender_to_know(mailer: Mailer, post: SlowPost) -> None:
    post.refuses[HIS.to] = Refused("refused (550)")
    with pytest.raises(Refused):
        await sent(mailer, post, HIS)
    assert mailer.rests_until() is mailer.waits_until("a") is None
    assert await sent(mailer, post, HERS)
