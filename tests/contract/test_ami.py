"""An AMI connection that meets trouble: from a scripted peer what Asterisk does not do on demand, else from a real one.

Whoever waits is told within the deadline, nothing is sent twice, and after a crash what Asterisk holds is read back.
"""

import asyncio
import math
import time
from contextlib import aclosing, asynccontextmanager

import panoramisk
import pytest
import trustme

from gateway.domain.code import Availability
from gateway.domain.held import Held, Lamp, Presence
from gateway.domain.secret import Secret
from gateway.errors import OurFault, SignInAgain, Unreachable
from gateway.pbx.asterisk.client import IN_FLIGHT
from gateway.pbx.asterisk.codec import Action
from gateway.pbx.asterisk.connection import connect
from gateway.pbx.asterisk.driver import Asterisk
from gateway.pbx.asterisk.inspect import inspect
from gateway.pbx.asterisk.settings import AsteriskSettings
from peers.asterisk import Asterisk as RealAsterisk
from peers.asterisk import Setup
from tests.fakes.ami import FakeAmi
from tests.fakes.ami_proxy import AmiProxy

DIVERTED = Held("1|Europe/Stockholm|1795240000-90000-sv-|0-3600-3600-at-qb-meeting-1004-", Lamp.ON)
SOON = 60.0  # seconds, for what takes less than one
on_each_version = pytest.mark.parametrize("version", ["22", pytest.param("16", marks=pytest.mark.soak)])


def settings(fake: FakeAmi, deadline: float = SOON, ping: float = 60.0) -> AsteriskSettings:
    return AsteriskSettings(port=fake.port, user=fake.user, secret=fake.secret, deadline=deadline, ping=ping)


@asynccontextmanager
async def connected(fake: FakeAmi, deadline: float = SOON, ping: float = 60.0):
    async with fake.up(), Asterisk(settings(fake, deadline, ping)).connect() as switch:
        yield switch


def wanted(count: int) -> dict[str, Held]:
    return {str(300000 + number): DIVERTED for number in range(count)}


async def test_umlauts_survive_segments_of_one_byte():
    text = Presence(Availability.AWAY, "meeting", "Möte åäö €")
    fake = FakeAmi(segment=1, database={"ringplan/1001": "1|ö|€"})
    async with connected(fake) as switch:
        await switch.hold({"1002": Held(presence=text)})
        held = await switch.held()
    assert held == {"1001": Held("1|ö|€"), "1002": Held(presence=text)}


async def test_events_that_nobody_asked_for_are_passed_over():
    chatter = (
        "Event: PeerStatus\r\nPrivilege: system,all\r\n\r\nEvent: X\r\nActionID: 99\r\n\r\nResponse: Success\r\n\r\n"
    )
    async with connected(FakeAmi(chatter=chatter)) as switch:
        assert await switch.hold(wanted(3)) == {}
        assert await switch.held() == wanted(3)


async def test_what_differs_is_written_and_nothing_else():
    fake = FakeAmi()
    async with connected(fake) as switch:
        await switch.held()
        await switch.hold(wanted(10))
        before = len(fake.asked)
        await switch.hold(wanted(10))
        assert fake.names()[before:] == []
        await switch.hold(wanted(10) | {"300001": Held(DIVERTED.schedule, Lamp.OFF), "300002": None})
        assert fake.names()[before:] == ["DBDel", "Setvar", "Setvar", "DBDel"]


async def test_schedules_go_before_lamps_for_all_extensions():
    fake = FakeAmi()
    async with connected(fake) as switch:
        await switch.held()
        before = len(fake.asked)
        await switch.hold(wanted(5))
        assert fake.names()[before:] == ["DBPut"] * 5 + ["Setvar"] * 5


@pytest.mark.parametrize("action", ["DBPut", "Setvar"])
async def test_a_refusal_is_told_for_its_extension_and_tried_again_next_time(action):
    fake = FakeAmi(refused={action})
    async with connected(fake) as switch:
        refused = await switch.hold(wanted(2))
        assert {place: action in refusal.why for place, refusal in refused.items()} == dict.fromkeys(wanted(2), True)
        fake.refused.clear()
        assert await switch.hold(wanted(2)) == {}
        assert await switch.held() == wanted(2)


async def test_what_may_not_be_deleted_is_a_refusal_and_what_is_not_there_is_none():
    fake = FakeAmi()
    async with connected(fake) as switch:
        await switch.hold(wanted(2))
        fake.refused.add("DBDel")
        assert (await switch.hold(dict.fromkeys(wanted(2)))).keys() == wanted(2).keys()
        fake.refused.clear()
        assert await switch.hold(dict.fromkeys(wanted(2))) == {}
        assert await switch.held() == {}
        assert await switch.hold(dict.fromkeys(wanted(2))) == {}


@pytest.mark.parametrize("silent", ["DBPut", "DBGetTree"])
async def test_an_action_that_is_not_answered_is_the_end_of_the_connection(silent):
    fake = FakeAmi(silent={silent})
    async with connected(fake, deadline=1.0) as switch, asyncio.timeout(SOON):
        with pytest.raises(Unreachable, match="not answered"):
            await (switch.held() if silent == "DBGetTree" else switch.hold(wanted(1)))
        with pytest.raises(Unreachable):
            await switch.held()


async def test_a_peer_that_gives_no_sign_of_life_is_noticed():
    fake = FakeAmi()
    async with (
        connected(fake, deadline=1.0, ping=0.05) as switch,
        aclosing(switch.events()) as events,
        asyncio.timeout(SOON),
    ):
        await anext(events)
        fake.silent.add("Ping")
        with pytest.raises(Unreachable, match="not answered"):
            _ = [seen async for seen in events]


async def test_the_clock_is_told_with_every_sign_of_life():
    async with connected(FakeAmi(ahead=-90.0), ping=0.01) as switch, aclosing(switch.events()) as events:
        seen = [(await anext(events)).ahead.total_seconds() for _ in range(3)]
    assert all(abs(ahead + 90) < 30 for ahead in seen)


@pytest.mark.parametrize("ahead", [math.inf, -math.inf, math.nan, 1e300])
async def test_a_clock_that_makes_no_sense_is_passed_over(ahead):
    fake = FakeAmi(ahead=ahead)
    async with connected(fake, ping=0.01) as switch, aclosing(switch.events()) as events, asyncio.timeout(SOON):
        await switch.held()
        fake.ahead = 0.0
        assert abs((await anext(events)).ahead.total_seconds()) < SOON


@pytest.mark.parametrize("how", ["hang_up", "shut_down"])
async def test_whoever_waits_is_told_of_the_loss(how):
    fake = FakeAmi(silent={"DBGetTree"})
    async with connected(fake, deadline=60.0) as switch, aclosing(switch.events()) as events, asyncio.timeout(SOON):
        await anext(events)
        waiting = [switch.held(), switch.hold(wanted(3)), anext(events)]
        tasks = [asyncio.ensure_future(one) for one in waiting]
        await fake.is_asked("DBGetTree")
        if how == "hang_up":
            fake.hang_up()
        else:
            await fake.shut_down()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert [type(result) for result in results] == [Unreachable] * 3
        with pytest.raises(Unreachable):
            await switch.hold(wanted(1))


async def test_nothing_is_sent_again_on_the_next_connection():
    fake = FakeAmi(hangs_up_at=8)
    async with fake.up():
        with pytest.raises(Unreachable):
            async with Asterisk(settings(fake)).connect() as switch:
                await switch.hold(wanted(20))
        fake.hangs_up_at = None
        before = len(fake.asked)
        async with Asterisk(settings(fake)).connect() as switch:
            await switch.held()
    assert set(fake.names()[before:]) == {"Login", "Ping", "DBGetTree"}


async def test_a_wrong_password_is_tried_once_for_each_connect():
    fake = FakeAmi()
    async with fake.up():
        wrong = settings(fake).model_copy(update={"secret": Secret("wr0ng")})
        with pytest.raises(SignInAgain, match="refused the AMI user ringplan"):
            async with Asterisk(wrong).connect():
                pass
    assert (fake.connections, fake.names()) == (1, ["Login"])


async def test_an_asterisk_that_does_not_say_that_it_has_started():
    fake = FakeAmi(boots=False)
    with pytest.raises(Unreachable, match="started") as late:
        async with connected(fake, deadline=1.0):
            pass
    assert "read = system" in late.value.remedy


async def test_a_server_that_does_not_speak_ami():
    async def serve(reader, writer):
        writer.write(b"SSH-2.0-OpenSSH_9.2\r\n")
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match="does not speak AMI"):
            async with Asterisk(AsteriskSettings(port=port, secret="x", deadline=SOON)).connect():
                pass


async def test_a_server_that_says_nothing():
    async def serve(reader, writer):
        await reader.read()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        with pytest.raises(Unreachable, match="not answered"):
            async with Asterisk(AsteriskSettings(port=port, secret="x", deadline=0.5)).connect():
                pass


async def test_a_control_character_never_leaves():
    fake = FakeAmi()
    async with fake.up(), connect(settings(fake)) as connection:
        with pytest.raises(OurFault):
            await connection.ask(Action("DBPut", (("Family", "ringplan"), ("Val", "x\r\nAction: Originate"))))
        assert (await connection.ask(Action("Ping"))).succeeded
    assert set(fake.names()) == {"Login", "Ping"}


async def test_no_more_than_the_window_is_on_its_way():
    fake = FakeAmi(silent={"DBPut"})
    async with connected(fake, deadline=0.5) as switch:
        with pytest.raises(Unreachable):
            await switch.hold(wanted(3 * IN_FLIGHT))
    assert fake.names().count("DBPut") == IN_FLIGHT


async def test_an_independent_client_understands_the_fake():
    fake = FakeAmi(database={"ringplan/1001": "1|x"})
    async with fake.up():
        manager = panoramisk.Manager(
            loop=asyncio.get_running_loop(), host="127.0.0.1", port=fake.port, username=fake.user, secret=fake.secret
        )
        await manager.connect()
        try:
            async with asyncio.timeout(SOON):
                pong = await manager.send_action({"Action": "Ping"})
                tree = await manager.send_action({"Action": "DBGetTree", "Family": "ringplan"})
        finally:
            manager.close()
    assert float(pong.Timestamp) == pytest.approx(time.time(), abs=SOON)
    assert [item.Val for item in tree if item.event == "DBGetTreeResponse"] == ["1|x"]


@pytest.mark.parametrize("cut_after", [1, 2, 5, 300, 700])
async def test_a_connection_cut_in_the_middle_of_a_hold(asterisk, cut_after):
    """The first action is the login, the second the first sign of life."""
    login = asterisk.ami
    places = {str(310000 + 1000 * cut_after + number): DIVERTED for number in range(500)}
    async with AmiProxy(asterisk.ami_port, cut_after=cut_after).up() as proxy, asyncio.timeout(6 * SOON):
        cut = AsteriskSettings(port=proxy.port, user=login.user, secret=login.secret)
        with pytest.raises(Unreachable):
            async with Asterisk(cut).connect() as switch:
                await switch.hold(places)
    whole = AsteriskSettings(port=asterisk.ami_port, user=login.user, secret=login.secret)
    async with Asterisk(whole).connect() as switch:
        there = {place: held for place, held in (await switch.held()).items() if place in places}
        assert len(there) < len(places) or any(held != DIVERTED for held in there.values())
        assert await switch.hold(places) == {}
        assert places.items() <= (await switch.held()).items()
        await switch.hold(dict.fromkeys(places))


@on_each_version
async def test_an_asterisk_that_crashes_in_the_middle_of_a_hold_is_read_back(folder, version):
    async with RealAsterisk.start(folder / "pbx", Setup(version=version)) as server, asyncio.timeout(12 * SOON):
        login = server.ami
        pbx = Asterisk(AsteriskSettings(port=server.ami_port, user=login.user, secret=login.secret))
        places = wanted(5000)
        async with pbx.connect() as switch, pbx.connect() as other:
            writing = asyncio.create_task(switch.hold(places))
            while not await other.held():
                assert not writing.done()
            await server.kill()
            with pytest.raises(Unreachable):
                await writing
        with pytest.raises(Unreachable):
            async with pbx.connect():
                pass
        await server.up()
        async with pbx.connect() as switch:
            there = await switch.held()
            assert len(there) < len(places)
            assert await switch.hold(places) == {}
            assert await switch.held() == places


@on_each_version
async def test_tls_with_an_own_ca(folder, version):
    ca = trustme.CA()
    own = ca.issue_cert("127.0.0.1")
    certificate, key, trusted, other = (folder / name for name in ("cert.pem", "key.pem", "ca.pem", "other.pem"))
    own.cert_chain_pems[0].write_to_path(certificate)
    own.private_key_pem.write_to_path(key)
    ca.cert_pem.write_to_path(trusted)
    trustme.CA().cert_pem.write_to_path(other)
    async with RealAsterisk.start(folder / "pbx", Setup(version=version, tls=(certificate, key))) as server:
        login = server.ami

        def over_tls(ca_file):
            where = {"port": server.ami_tls_port, "tls": True, "ca": ca_file}
            return AsteriskSettings(user=login.user, secret=login.secret, deadline=SOON, ping=60.0, **where)

        long = {"399999": Held("1|" + "x" * 998, Lamp.ON)}
        async with Asterisk(over_tls(trusted)).connect() as switch:
            assert await switch.hold(wanted(1000) | long) == {}
            assert await switch.held() == wanted(1000) | long
        for not_trusted in (other, None):
            with pytest.raises(Unreachable) as refused:
                async with Asterisk(over_tls(not_trusted)).connect():
                    pass
            assert "ca" in refused.value.remedy


async def test_a_set_up_that_is_whole_and_what_is_missing_in_another(asterisk):
    login = asterisk.ami
    settings = AsteriskSettings(port=asterisk.ami_port, user=login.user, secret=login.secret)
    whole = await inspect(settings, ["1001", "1002"])
    assert [(finding.part, finding.said) for finding in whole if not finding.ok] == []
    lacking = await inspect(settings, ["1001", "7777"], ["ringplan/xx/none"])
    found = {finding.part: finding for finding in lacking if not finding.ok}
    assert set(found) == {"line", "sounds"}
    assert "7777" in found["line"].said
    assert "1001" not in found["line"].said
    assert "ExecIf($[${DIALPLAN_EXISTS(ringplan,${EXTEN},1)}]?" in found["line"].remedy


@on_each_version
async def test_a_set_up_without_dialplan_and_with_too_few_rights(folder, version):
    setup = Setup(version=version, dialplan=None, write="system,call")
    async with RealAsterisk.start(folder / "pbx", setup) as server:
        login = server.ami
        settings = AsteriskSettings(port=server.ami_port, user=login.user, secret=login.secret)
        (rights,) = [finding for finding in await inspect(settings, ["1001"]) if not finding.ok]
        assert "ShowDialPlan" in rights.said
        assert "write = system,call,reporting,agent" in rights.remedy
        observer = settings.model_copy(update={"user": "observer", "secret": Secret(server.observer.secret)})
        (dialplan,) = [finding for finding in await inspect(observer, ["1001"]) if not finding.ok]
        assert "not loaded" in dialplan.said
        assert "#include ringplan.conf" in dialplan.remedy
