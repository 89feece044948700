"""Calls and conferences at an Asterisk when things go wrong: a real one with real telephones, and a scripted one."""

import asyncio
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.conference import Call, CallState, Prompt, Result
from gateway.domain.held import CallTold, Came, ClockSeen, PbxEvent, Place
from gateway.errors import Unreachable
from gateway.pbx.asterisk import lines, told
from gateway.pbx.asterisk.driver import Asterisk, AsteriskSwitch
from gateway.pbx.asterisk.settings import AsteriskSettings
from peers import asterisk
from tests.fakes.ami import FakeAmi

NAME = "00ff11ee22dd"
SOON = 60.0  # seconds, for what takes less than eight
OVER = CallState.OVER
on_each_version = pytest.mark.parametrize("version", ["22", pytest.param("16", marks=pytest.mark.soak)])
RINGING = """
; telephones that ring for long
[ringplan-autocall](+)
exten => _66XXXX,1,Ringing()
 same => n,Wait(600)
"""


def new_call(to: Place, name: str = NAME) -> Call:
    before = datetime.now(UTC) + timedelta(minutes=5)
    return Call(uuid.uuid4().hex, "8501", name, to, "sv", before, timedelta(seconds=60), "Styrgrupp 7")


def over(call: Call, result: Result) -> CallTold:
    return CallTold(call.id, OVER, result)


@asynccontextmanager
async def listening(settings: AsteriskSettings) -> AsyncIterator[tuple[AsteriskSwitch, AsyncIterator[PbxEvent]]]:
    async with Asterisk(settings).connect() as switch, asyncio.timeout(SOON):
        yield switch, switch.events()


async def until(events: AsyncIterator[PbxEvent], *wanted: PbxEvent) -> list[PbxEvent]:
    """Return what is told until all of `wanted` has been, without the clock."""
    found: list[PbxEvent] = []
    while not set(wanted) <= set(found):
        event = await anext(events)
        if not isinstance(event, ClockSeen):
            found.append(event)
    return found


async def test_what_is_hung_up_before_it_has_begun_never_begins(peer):
    async with peer.telephones.phone("busy") as number, listening(peer.settings) as (switch, events):
        call, last = new_call(number), new_call(number)
        await switch.hang_up([call.id])
        await switch.call([call, last])
        heard = await until(events, over(call, Result.DROPPED), over(last, Result.BUSY))
        assert [event for event in heard if isinstance(event, CallTold) and event.call == call.id] == [
            over(call, Result.DROPPED)
        ]
        assert (await switch.calls())[call.id] == over(call, Result.DROPPED)


async def test_what_cannot_be_asked_for_is_refused_and_the_others_are_called(peer):
    good = new_call(peer.telephones.nobody())
    one = new_call("1001")
    bad = [replace(one, to="1001&1002"), replace(one, id=f"{one.id[1:]}x"), replace(one, id="1", name="Möte")]
    async with listening(peer.settings) as (switch, events):
        refused = await switch.call([bad[0], good, *bad[1:]])
        assert refused.keys() == {call.id for call in bad}
        await until(events, over(good, Result.UNREGISTERED))
        assert not refused.keys() & (await switch.calls()).keys()


@pytest.mark.parametrize(
    ("state", "is_over"), [("1|d-1795240000-", False), ("1|u-1795240000-", False), ("1|o-1-busy", True)]
)
async def test_a_mark_without_a_channel_that_is_not_over_has_failed(peer, state, is_over):
    call = uuid.uuid4().hex
    async with peer.others() as ami, listening(peer.settings) as (switch, _):
        await ami.action("DBPut", {"Family": "ringplan-call", "Key": call, "Val": state})
        await ami.action("DBPut", {"Family": "ringplan-call", "Key": "nonsense", "Val": state})
        noted = await switch.calls()
        assert noted[call] == CallTold(call, OVER, Result.BUSY if is_over else Result.FAILED)
        assert "nonsense" not in noted
        await switch.forget([call])
        assert call not in await switch.calls()


async def test_nothing_of_calls_is_left_in_the_end(peer):
    async with listening(peer.settings) as (switch, events):
        call = new_call(peer.telephones.nobody())
        await switch.call([call])
        await until(events, over(call, Result.UNREGISTERED))
        assert call.id in await peer.kept()
        assert await switch.forget_all() == {}
        assert "ringplan-call" not in await peer.kept()
        assert await switch.calls() == {}


async def test_a_conference_that_nobody_is_in_can_be_closed(peer):
    async with listening(peer.settings) as (switch, _):
        await switch.close("ffffffffffff", Prompt.ENDED)


async def test_others_are_no_members_of_ours(peer, caplog):
    async with peer.others() as ami, listening(peer.settings) as (switch, events):
        for fields in (
            {"UserEvent": "RingplanRoom", "Name": "x", "Member": "PJSIP/1", "State": "in"},
            {"UserEvent": "RingplanCall", "Id": "x", "State": "o", "Result": "busy"},
        ):
            await ami.action("UserEvent", fields)
        call = new_call(peer.telephones.nobody())
        await switch.call([call])
        heard = await until(events, over(call, Result.UNREGISTERED))
        assert not any(isinstance(event, Came) for event in heard)
    assert [record.levelname for record in caplog.records if "passed over" in record.getMessage()] == ["WARNING"] * 2
    assert "PJSIP/1" not in caplog.text


async def test_somebody_who_was_told_to_be_in_and_is_gone_without_a_word_is_no_member():
    async with FakeAmi().up() as fake:
        settings = AsteriskSettings(port=fake.port, user=fake.user, secret=fake.secret)
        async with listening(settings) as (switch, events):
            channel = fake.conferences.come(f"ringplan-8501-{NAME}", "1001")
            await fake.tell_all()
            while not isinstance(event := await anext(events), Came):
                pass
            assert await switch.members() == {event.member}
            del fake.conferences.guests[channel]  # as long as the channel is there, they may only just be coming
            assert await switch.members() == {event.member}
            fake.refused.add("Getvar")
            assert await switch.members() == frozenset()


async def test_an_asterisk_without_conferences_has_nobody_in_them():
    async with FakeAmi().up() as fake:
        fake.conferences.is_loaded = False
        settings = AsteriskSettings(port=fake.port, user=fake.user, secret=fake.secret)
        async with listening(settings) as (switch, _):
            assert await switch.members() == frozenset()
            await switch.close(NAME, Prompt.ENDED)


async def test_a_connection_is_lost_before_anything_told_of_calls_is(monkeypatch):
    monkeypatch.setattr(told, "UNREAD", 5)
    async with FakeAmi().up() as fake:
        settings = AsteriskSettings(port=fake.port, user=fake.user, secret=fake.secret)
        async with listening(settings) as (switch, events):
            calls = [new_call("1001") for _ in range(4)]
            await switch.call(calls)
            with pytest.raises(Unreachable):
                _ = [await switch.calls() for _ in range(100)]
            heard = await until(events, CallTold(calls[2].id, CallState.SENT))
            assert (
                heard
                == [
                    event
                    for call in calls[:3]
                    for event in (CallTold(call.id, CallState.SENT), over(call, Result.UNREGISTERED))
                ][:5]
            )
            with pytest.raises(Unreachable, match="not taken"):
                await anext(events)


@on_each_version
async def test_where_calls_may_not_be_placed_it_is_said_what_is_missing(folder, version, caplog):
    setup = asterisk.Setup(version=version, phones=(), read=lines.READ, write="system,call,agent")
    async with asterisk.Asterisk.start(folder / "pbx", setup) as server:
        settings = AsteriskSettings(port=server.ami_port, user=server.ami.user, secret=server.ami.secret)
        async with listening(settings) as (switch, _):
            call = new_call("1001")
            (refused,) = (await switch.call([call])).values()
            assert f"write = {lines.WRITE}" in refused.why
            assert await switch.calls() == {}
            assert await switch.members() == frozenset()  # what else is held there goes on
            assert f"write = {lines.WRITE}" in caplog.text


async def test_a_dialplan_without_conferences_is_named(folder):
    setup = asterisk.Setup(phones=(), dialplan=None, read=lines.READ, write=lines.WRITE)
    async with asterisk.Asterisk.start(folder / "pbx", setup) as server:
        settings = AsteriskSettings(port=server.ami_port, user=server.ami.user, secret=server.ami.secret)
        async with listening(settings) as (switch, _):
            (refused,) = (await switch.call([new_call("1001")])).values()
            assert "ringplan-conference.conf" in refused.why


@on_each_version
async def test_a_run_is_told_from_the_one_before_and_its_calls_are_not_placed_again(folder, version):
    setup = asterisk.Setup(version=version, phones=(), read=lines.READ, write=lines.WRITE)
    async with asterisk.Asterisk.start(folder / "pbx", setup) as server:
        settings = AsteriskSettings(port=server.ami_port, user=server.ami.user, secret=server.ami.secret)
        call = new_call("1001")
        async with listening(settings) as (switch, events):
            before = await switch.boot()
            await switch.call([call])
            await until(events, over(call, Result.UNREGISTERED))
        await server.restart()
        async with listening(settings) as (switch, events):
            assert await switch.boot() != before
            await switch.call([call])
            assert await switch.calls() == {call.id: over(call, Result.UNREGISTERED)}


@on_each_version
async def test_a_thousand_calls_at_once_are_each_placed_once_and_can_be_dropped(folder, version):
    setup = asterisk.Setup(version=version, phones=(), read=lines.READ, write=lines.WRITE, extra=RINGING)
    async with asterisk.Asterisk.start(folder / "pbx", setup) as server:
        await server.cli("core set verbose 0")
        settings = AsteriskSettings(port=server.ami_port, user=server.ami.user, secret=server.ami.secret)
        some = [new_call(f"66{number:04d}") for number in range(1000)]
        async with listening(settings) as (switch, events):
            assert await switch.call(some) == {}
            told_of = await until(events, *(CallTold(call.id, CallState.SENT) for call in some))
            assert len(told_of) == len(some)
            assert await switch.calls() == {call.id: CallTold(call.id, CallState.SENT) for call in some}
            await switch.hang_up([call.id for call in some])
            told_of = await until(events, *(over(call, Result.DROPPED) for call in some))
            assert len(told_of) == len(some)
            assert await switch.calls() == {call.id: over(call, Result.DROPPED) for call in some}
            while "0 active channels" not in await server.cli("core show channels count"):
                pass
