"""Invitations by letter: each goes once the mail server takes it, and none is lost in between."""

import asyncio
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from gateway.deciding import inviting, signing
from gateway.domain.signin import Role, SignIn
from gateway.engine.mailing import LATER, Mailer
from gateway.engine.pulse import Pulse
from gateway.errors import Misconfigured, Refused, RetryLater, SignInAgain, Unreachable
from gateway.store import audit, health, letters, signins, users
from gateway.store.letters import Counts
from gateway.store.store import Store
from gateway.web.portal import Portal
from gateway.web.posting import Posting
from tests.fakes.clock import HandClock, comes
from tests.fakes.mail import FakePost
from tests.unit.web.visiting import INSTALLATION, House, a_user

SENDING = replace(INSTALLATION, sends_mail=True)
LINK = re.compile(r"/welcome/([\w-]{43})")


@pytest.fixture
def post() -> FakePost:
    return FakePost()


@pytest.fixture
def portal(portal: Portal, post: FakePost) -> Portal:
    return replace(portal, installation=SENDING, post=post)


def posting_of(portal: Portal, post: FakePost) -> Posting:
    return Posting(portal, Mailer(post, portal.clock, Pulse(portal.store, portal.clock)))


@asynccontextmanager
async def running(portal: Portal, post: FakePost) -> AsyncIterator[None]:
    posting = asyncio.create_task(posting_of(portal, post).run())
    try:
        yield
    finally:
        posting.cancel()
        await asyncio.wait((posting,))
        if not posting.cancelled():
            posting.result()


async def want_everybody(portal: Portal) -> Counts:
    async with portal.store.write() as rows:
        return await inviting.want_everybody(rows, portal.installation, portal.clock.now(), "command")


async def waiting(store: Store) -> tuple[int, ...]:
    async with store.read() as rows:
        return tuple(await letters.waiting(rows))


async def none_waits(store: Store) -> None:
    async with asyncio.timeout(60):
        while await waiting(store):
            await asyncio.sleep(0)


async def opened(portal: Portal, secret: str) -> SignIn | None:
    async with portal.store.read() as rows:
        return await signins.invited(rows, secret, portal.clock.now())


async def mail(store: Store) -> health.Health:
    async with store.read() as rows:
        row = await health.get(rows, "mail")
    assert row
    return row


async def test_everybody_without_a_password_is_invited_once(house: House, portal: Portal, post: FakePost):
    async with portal.store.write() as rows:
        new = await users.add(rows, replace(a_user("1010", "Carl Dahl", "carl@example.org"), language="de"))
        nobody = await users.add(rows, replace(a_user("1011", "Eva", "x"), emails=()))
        await users.add(rows, replace(a_user("1012", "Off", "off@example.org"), enabled=False))
        await signins.put_hash(rows, house.ada.id, "a hash")
        await signins.invite(rows, house.otto.id, portal.clock.now() + timedelta(hours=1))
    assert await want_everybody(portal) == Counts(uninvited=2, waiting=0, unaddressed=1)
    assert await want_everybody(portal) == Counts(uninvited=0, waiting=2, unaddressed=1)
    async with portal.store.read() as rows:
        carl = await signins.of_user(rows, new.id)
        assert carl is not None
        assert carl.role is Role.USER
        assert await signins.of_user(rows, nobody.id) is None
        assert await letters.unaddressed(rows) == {nobody.id}
        noted = [(one.who, one.did, one.about) for one in await audit.latest(rows, 9)]
        assert noted == [("command", "invited", f"signin {one.id}") for one in (carl, house.anna)]
    async with running(portal, post):
        await none_waits(portal.store)
    assert [one.to for one in post.sent] == ["anna@example.org", "carl@example.org"]
    assert [one.subject.split()[0] for one in post.sent] == ["Choose", "Wähle"]
    for letter, signin in zip(post.sent, (house.anna, carl), strict=True):
        secret = LINK.search(letter.body)
        assert secret is not None
        assert await opened(portal, secret[1]) == signin
    assert await want_everybody(portal) == Counts(0, 0, 1)
    assert (await mail(portal.store)).ok


async def test_what_is_wanted_while_it_runs_goes_at_once(
    house: House, portal: Portal, post: FakePost, clock: HandClock
):
    async with running(portal, post):
        await comes(lambda: clock.next is not None)
        async with portal.store.write() as rows:
            anna = await users.get(rows, house.anna.user or 0)
            assert anna is not None
            await inviting.want(rows, portal.installation, anna, portal.clock.now(), "command", Role.OPERATOR)
        await none_waits(portal.store)
    assert [one.to for one in post.sent] == ["anna@example.org"]
    async with portal.store.read() as rows:
        now = await signins.get(rows, house.anna.id)
    assert now is not None
    assert now.role is Role.OPERATOR


async def test_a_mail_server_that_is_down_for_an_hour_loses_none(
    house: House, portal: Portal, post: FakePost, clock: HandClock
):
    post.errors = [Unreachable("nobody listens") for _ in range(9)]
    await want_everybody(portal)
    end = clock.now() + timedelta(hours=1)
    async with running(portal, post):
        while post.errors:
            tries = post.tries
            await comes(lambda: post.tries > tries and clock.next is not None)  # noqa: B023 - awaited at once
            rests_until = clock.next
            assert rests_until is not None
            assert timedelta() < rests_until - clock.now() <= timedelta(minutes=1)
            row = await mail(portal.store)
            assert (row.ok, row.said, row.facts) == (False, "nobody listens", {"waiting": 3})
            clock.turn(rests_until)
        assert clock.now() < end
        await none_waits(portal.store)
        await comes(lambda: clock.next is not None)
    assert sorted(one.to for one in post.sent) == ["ada@example.org", "anna@example.org", "otto@example.org"]
    row = await mail(portal.store)
    assert (row.ok, row.facts) == (True, {"waiting": 0})


@pytest.mark.parametrize(
    ("error", "pause"),
    [(SignInAgain("refused"), timedelta(hours=1)), (Misconfigured("no STARTTLS"), timedelta(minutes=5))],
)
async def test_what_somebody_must_change_is_tried_slowly(
    house: House, portal: Portal, post: FakePost, clock: HandClock, error, pause
):
    post.errors = [error]
    await want_everybody(portal)
    async with running(portal, post):
        await comes(lambda: post.tries == 1 and clock.next is not None)
        assert clock.next == clock.now() + pause
        clock.turn(pause)
        await none_waits(portal.store)
    assert len(post.sent) == 3


async def test_a_letter_that_is_refused_is_said_and_can_be_wanted_again(
    house: House, portal: Portal, post: FakePost, caplog: pytest.LogCaptureFixture
):
    post.refuses["anna@example.org"] = Refused("mail.example.org:25 refuses the recipient of a letter (550)")
    await want_everybody(portal)
    with caplog.at_level(logging.WARNING):
        async with running(portal, post):
            await none_waits(portal.store)
    assert sorted(one.to for one in post.sent) == ["ada@example.org", "otto@example.org"]
    assert f"signin {house.anna.id} " in caplog.text
    assert "anna@example.org" not in caplog.text
    async with portal.store.read() as rows:
        wanted = await letters.of(rows, house.anna.id)
        assert wanted is not None
        assert wanted.refused == portal.clock.now()
    post.refuses.clear()
    assert await want_everybody(portal) == Counts(1, 0, 0)
    async with running(portal, post):
        await none_waits(portal.store)
    assert post.sent[-1].to == "anna@example.org"


async def test_a_letter_that_is_not_taken_yet_lets_no_other_wait(
    house: House, portal: Portal, post: FakePost, clock: HandClock
):
    post.refuses["anna@example.org"] = RetryLater("not yet (450)")
    await want_everybody(portal)
    async with running(portal, post):
        await comes(lambda: len(post.sent) == 2 and clock.next == clock.now() + LATER)
        clock.turn(LATER)
        await comes(lambda: post.tries == 4 and clock.next == clock.now() + 2 * LATER)
        post.refuses.clear()
        clock.turn(2 * LATER)
        await none_waits(portal.store)
    assert post.sent[-1].to == "anna@example.org"


async def test_what_is_wanted_anew_does_not_wait_because_of_what_was_before(
    house: House, portal: Portal, post: FakePost, clock: HandClock
):
    post.refuses["anna@example.org"] = RetryLater("not yet (450)")
    await want_everybody(portal)
    async with running(portal, post):
        await comes(lambda: len(post.sent) == 2 and clock.next == clock.now() + LATER)
        clock.turn(timedelta(seconds=1))
        async with portal.store.write() as rows:
            anna = await users.get(rows, house.anna.user or 0)
            assert anna is not None
            await users.put(rows, replace(anna, emails=("anna.ek@example.org",)))
            await inviting.want(rows, portal.installation, anna, portal.clock.now(), "command")
        await none_waits(portal.store)
    assert post.sent[-1].to == "anna.ek@example.org"


async def test_a_letter_to_an_address_that_was_corrected_meanwhile_goes_once_more(
    house: House, portal: Portal, post: FakePost
):
    async with portal.store.write() as rows:
        anna = await users.get(rows, house.anna.user or 0)
        assert anna is not None
        await inviting.want(rows, portal.installation, anna, portal.clock.now(), "command")
        await users.put(rows, replace(anna, emails=("anna.ek@example.org", *anna.emails)))
        await inviting.sent(rows, house.anna.id, anna.emails[0])
    async with running(portal, post):
        await none_waits(portal.store)
    assert [one.to for one in post.sent] == ["anna.ek@example.org"]


async def test_who_has_chosen_a_password_or_takes_no_part_gets_no_letter(house: House, portal: Portal, post: FakePost):
    await want_everybody(portal)
    async with portal.store.write() as rows:
        await signins.put_hash(rows, house.anna.id, "a hash")
        otto = await users.get(rows, house.otto.user or 0)
        assert otto is not None
        await users.put(rows, replace(otto, enabled=False))
        await users.remove(rows, house.ada.user or 0)
    async with running(portal, post):
        await none_waits(portal.store)
    assert post.sent == []


async def test_a_link_that_is_passed_on_is_not_ended_by_a_letter(house: House, portal: Portal, post: FakePost):
    await want_everybody(portal)
    async with portal.store.write() as rows:
        anna = await users.get(rows, house.anna.user or 0)
        assert anna is not None
        made = await signing.invite(rows, anna, portal.clock.now(), "command")
    async with running(portal, post):
        await none_waits(portal.store)
    assert "anna@example.org" not in [one.to for one in post.sent]
    assert await opened(portal, made.secret.reveal()) == house.anna


async def test_a_letter_that_could_not_be_noted_is_sent_once_more_with_a_newer_link(
    house: House, portal: Portal, post: FakePost, monkeypatch: pytest.MonkeyPatch
):
    async def locked(*_: object) -> None:
        raise RetryLater("the database is locked")

    await want_everybody(portal)
    with monkeypatch.context() as patched:
        patched.setattr(letters, "forget", locked)
        with pytest.raises(ExceptionGroup) as raised:
            await posting_of(portal, post).run()
        assert raised.group_contains(RetryLater)
    assert len(post.sent) == 1
    async with running(portal, post):
        await none_waits(portal.store)
    assert len(post.sent) == 4
    first, second = (one for one in post.sent if one.to == post.sent[0].to)
    before, after = LINK.search(first.body), LINK.search(second.body)
    assert before is not None
    assert after is not None
    assert await opened(portal, before[1]) is None
    assert await opened(portal, after[1]) is not None


async def test_without_mail_or_a_portal_nobody_is_invited_by_letter(house: House, portal: Portal):
    for lacking, told in (
        (replace(SENDING, sends_mail=False), "no mail"),
        (replace(SENDING, portal=None), "no portal"),
    ):
        with pytest.raises(Misconfigured, match=told):
            await want_everybody(replace(portal, installation=lacking))
    async with portal.store.write() as rows:
        assert tuple(await letters.waiting(rows)) == ()
        nobody = await users.add(rows, replace(a_user("1011", "Eva", "x"), emails=()))
        with pytest.raises(Misconfigured, match="no letter can be sent"):
            await inviting.want(rows, SENDING, nobody, portal.clock.now(), "command")
