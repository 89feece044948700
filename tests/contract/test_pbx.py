"""What every PBX must do (`gateway.ports.Pbx`): one suite for real servers and for the fake."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from itertools import count

import pytest

from gateway.domain.book import Book
from gateway.domain.code import Availability
from gateway.domain.held import PRESENT, Held, Lamp, Place, Presence
from gateway.domain.secret import Secret
from gateway.errors import Refused, RetryLater, SignInAgain, Unreachable
from gateway.pbx.asterisk import people
from gateway.pbx.asterisk.driver import Asterisk
from gateway.pbx.asterisk.settings import AsteriskSettings
from tests.contract.telephones import Real
from tests.fakes.ami import FakeAmi

SCHEDULE = "2|Europe/Stockholm|1795240000-90000-sv-100|0-3600-3600-0-at-qb-meeting-1004-"
PHONE = "1|Europe/Stockholm|1001-sv-100-4-1|1001.1501|1002|1795240000-28800.61200|1-t-at-qb-meeting-1004"
HAND = "1|5-0-1|1795240000-1795243600-1795243600-0-at-qb-meeting-1004-"
AWAY = Presence(Availability.AWAY, "meeting", 'Möte, åter 14:30 "snart"; ${SHELL(id)} %2C\r\nAction: Originate')
DIVERTED = Held(SCHEDULE, Lamp.ON, AWAY, PHONE, HAND)
FREE = Held(None, Lamp.OFF, PRESENT, PHONE)
DEADLINE = 60.0  # seconds, for what takes less than one

COMPANY = Book(1, 1, "", name="office")

numbers = count(200001)


@pytest.fixture
def place() -> Place:
    """Return an extension of the test's own."""
    return str(next(numbers))


async def test_an_extension_that_was_never_told_is_not_held(peer, place):
    async with peer.pbx.connect() as switch:
        assert place not in await switch.held()


@pytest.mark.parametrize(
    "held",
    [
        DIVERTED,
        FREE,
        Held(SCHEDULE),
        Held(phone=PHONE),
        Held(hand=HAND),
        Held(lamp=Lamp.ON),
        Held(presence=AWAY),
        Held(presence=replace(AWAY, text="ö" * 350)),
    ],
)
async def test_what_is_held_is_read_back(peer, place, held):
    async with peer.pbx.connect() as switch:
        assert await switch.hold({place: held}) == {}
        assert (await switch.held())[place] == held


async def test_another_connection_reads_the_same(peer, place):
    async with peer.pbx.connect() as switch:
        await switch.hold({place: DIVERTED})
    async with peer.pbx.connect() as switch:
        assert (await switch.held())[place] == DIVERTED


@pytest.mark.parametrize("read_first", [True, False])
async def test_a_connection_that_has_read_or_not_makes_it_what_is_wanted(peer, place, read_first):
    async with peer.pbx.connect() as switch:
        await switch.hold({place: DIVERTED})
    async with peer.pbx.connect() as switch:
        if read_first:
            await switch.held()
        assert await switch.hold({place: FREE}) == {}
        assert (await switch.held())[place] == FREE


@pytest.mark.parametrize(
    "change",
    [
        {"lamp": Lamp.OFF},
        {"schedule": None},
        {"presence": PRESENT},
        {"lamp": None},
        {"phone": PHONE.replace("-4-", "-5-")},
        {"phone": None},
        {"hand": HAND.replace("5-0", "6-1795243000")},
        {"hand": None},
    ],
)
async def test_one_part_changes_and_the_others_stay(peer, place, change):
    changed = replace(DIVERTED, **change)
    async with peer.pbx.connect() as switch:
        await switch.hold({place: DIVERTED})
        await switch.hold({place: changed})
        assert (await switch.held())[place] == changed


async def test_what_is_forgotten_leaves_nothing_behind(peer, place):
    async with peer.pbx.connect() as switch:
        await switch.hold({place: DIVERTED})
        assert place in await peer.kept()
        assert await switch.hold({place: None}) == {}
        assert place not in await switch.held()
        assert place not in await peer.kept()


async def test_forgetting_what_was_never_held_is_no_refusal(peer, place):
    async with peer.pbx.connect() as switch:
        assert await switch.hold({place: None}) == {}


async def test_what_cannot_be_held_is_refused_and_the_others_are_held(peer, place):
    other = str(next(numbers))
    wanted = {place: DIVERTED, other: Held("x" * 1001), "1001\r\nAction: Originate": FREE, "12a": FREE}
    async with peer.pbx.connect() as switch:
        refused = await switch.hold(wanted)
        assert set(refused) == set(wanted) - {place}
        assert all(refusal.why and "Originate" not in refusal.why for refusal in refused.values())
        held = await switch.held()
        assert held[place] == DIVERTED
        assert not {other, "12a"} & set(held)


async def test_values_of_1000_bytes(peer, place):
    longest = Held(SCHEDULE.ljust(1000, "x"), phone=PHONE.ljust(1000, "x"), hand=HAND.ljust(1000, "x"))
    async with peer.pbx.connect() as switch:
        assert await switch.hold({place: longest}) == {}
        assert (await switch.held())[place] == longest


async def test_many_extensions_at_once(peer):
    wanted = {str(next(numbers)): DIVERTED for _ in range(2000)}
    async with peer.pbx.connect() as switch, asyncio.timeout(120):
        assert await switch.hold(wanted) == {}
        held = await switch.held()
        assert {place: held[place] for place in wanted} == wanted
        assert await switch.hold(dict.fromkeys(wanted)) == {}
        assert not set(wanted) & set(await switch.held())


async def test_a_hold_that_was_given_up_is_made_right_by_the_next(peer):
    wanted = {str(next(numbers)): DIVERTED for _ in range(5000)}
    async with peer.pbx.connect() as switch, peer.pbx.connect() as other, asyncio.timeout(120):
        await switch.held()
        given_up = asyncio.create_task(switch.hold(wanted))
        while not wanted.keys() & await other.held():
            assert not given_up.done()
        given_up.cancel()
        await asyncio.wait([given_up])
        assert given_up.cancelled()
        assert await switch.hold(wanted) == {}
        held = await other.held()
        assert {place: held[place] for place in wanted} == wanted
        await switch.hold(dict.fromkeys(wanted))


async def test_reading_and_writing_at_once_forget_nothing(peer, place):
    async with peer.pbx.connect() as switch:
        await asyncio.gather(switch.held(), switch.hold({place: DIVERTED}), switch.held(), switch.hold({place: FREE}))
        assert (await switch.held())[place] == FREE
        await asyncio.gather(switch.hold({place: DIVERTED}), switch.held())
        await switch.hold({place: FREE})
        assert (await switch.held())[place] == FREE


async def test_the_clock_is_told_at_once(peer):
    async with peer.pbx.connect() as switch, aclosing(switch.events()) as events, asyncio.timeout(DEADLINE):
        assert abs((await anext(events)).ahead.total_seconds()) < DEADLINE


async def test_an_error_of_the_caller_passes_as_it_is(peer):
    with pytest.raises(LookupError):
        async with peer.pbx.connect():
            raise LookupError


async def test_a_wrong_password_is_said(peer):
    wrong = peer.settings.model_copy(update={"secret": Secret("wr0ng-s3cret")})
    with pytest.raises(SignInAgain) as refused:
        async with Asterisk(wrong).connect():
            pass
    assert "manager.conf" in refused.value.remedy
    assert "wr0ng-s3cret" not in str(refused.value) + repr(refused.value) + refused.value.remedy


async def test_nobody_there(peer):
    async with FakeAmi().up() as gone:
        port = gone.port
    nobody = peer.settings.model_copy(update={"port": port})
    with pytest.raises(Unreachable):
        async with Asterisk(nobody).connect():
            pass


@pytest.mark.parametrize("family", ["ringplan", "ringplan-phone", "ringplan-hand"])
@pytest.mark.parametrize("value", ["Möte\x01", "x" * 1010, "0|"])
async def test_what_others_have_written_is_read_and_written_over(peer, place, family, value):
    async with peer.others() as ami, peer.pbx.connect() as switch:
        await ami.action("DBPut", {"Family": family, "Key": place, "Val": value})
        held = (await switch.held())[place]
        assert value in (held.schedule, held.phone, held.hand)
        assert await switch.hold({place: DIVERTED}) == {}
        assert (await switch.held())[place] == DIVERTED


async def test_everything_is_forgotten_in_the_end(peer, place):
    async with peer.others() as ami, peer.pbx.connect() as switch:
        for family in ("ringplan", "ringplan-phone", "ringplan-hand"):
            for key in ("abc", f"{place}/x", "Möte"):
                await ami.action("DBPut", {"Family": family, "Key": key, "Val": "x"})
        await switch.hold({place: DIVERTED})
        assert await switch.forget_all() == {}
        assert await switch.held() == {}
        assert "ringplan" not in await peer.kept()


async def test_its_users_are_an_address_book(peer, place):
    users = people.People(peer.settings)
    async with peer.others() as ami:
        name = {"Family": "AMPUSER", "Key": f"{place}/cidname", "Val": "Änna Öberg"}
        assert (await ami.action("DBPut", name))["Response"] == "Success"
    read = await users.read(COMPANY, None)
    assert read is not None
    found = {contact.key: contact for contact in read.put}
    assert (found[place].name, [number.written for number in found[place].numbers]) == ("Änna Öberg", [place])
    if isinstance(peer.telephones, Real):
        assert (found["1001"].name, found["1040"].name) == ("Phone 1001", "Phone 1040")
        assert "trunk" not in found
    assert read.whole
    assert await users.read(COMPANY, read.token) is None


@pytest.mark.parametrize(
    "unknown",
    [{"PJSIPShowEndpoints"}, {"VoicemailUsersList"}, {"DBGetTree", "PJSIPShowEndpoints", "VoicemailUsersList"}],
)
async def test_nobody_is_believed_only_of_an_asterisk_that_has_loaded_its_modules(unknown):
    async with FakeAmi(unknown=unknown).up() as fake:
        users = people.People(AsteriskSettings(port=fake.port, user=fake.user, secret=Secret(fake.secret)))
        with pytest.raises(RetryLater):
            await users.read(COMPANY, None)
        fake.unknown.clear()
        read = await users.read(COMPANY, None)
        assert read is not None
        assert read.put == ()


async def test_a_module_that_is_never_loaded_keeps_nobody_from_being_listed():
    unknown = {"PJSIPShowEndpoints", "VoicemailUsersList"}
    async with FakeAmi(unknown=unknown, database={"AMPUSER/1001/cidname": "Anna"}).up() as fake:
        settings = AsteriskSettings(port=fake.port, user=fake.user, secret=Secret(fake.secret))
        read = await people.People(settings).read(COMPANY, None)
        assert read is not None
        assert [contact.name for contact in read.put] == ["Anna"]


@pytest.mark.parametrize("action", ["DBGetTree", "PJSIPShowEndpoints", "VoicemailUsersList"])
async def test_who_may_not_list_its_users_is_told_what_is_missing(action):
    async with FakeAmi(refused={action}).up() as fake:
        settings = AsteriskSettings(port=fake.port, user=fake.user, secret=Secret(fake.secret))
        with pytest.raises(Refused) as raised:
            await people.People(settings).read(COMPANY, None)
    assert "system,call" in raised.value.remedy
