"""Where calls go: the far phone got the INVITE and sound flowed, or the caller was told otherwise."""

import itertools
from datetime import timedelta

import pytest

from peers.leg import Leg
from peers.media import loudness
from peers.phone import Phone, call
from peers.process import until
from peers.sipp import SCENARIOS
from tests.system.dialplan.conftest import HOUR, Desk, spoken_for_long, window

BUSY = 17
PERSON, REASON = "ringplan/sv/person", "ringplan/sv/reason-meeting"
CONNECTING, MESSAGE, TONE = "ringplan/sv/connecting", "ringplan/sv/message", "ringplan/sv/tone"
PRESS_0, PRESS_1 = "ringplan/sv/key-operator", "ringplan/sv/key-voicemail"


async def rings(desk: Desk) -> None:
    """A call to 1001 rings there, unanswered by anything else, and silently."""
    owners = Phone.register(desk.asterisk, "1001", behaviour="ring")
    async with owners as owner, call(desk.asterisk, "1003", "1001") as made:
        await made.is_ringing()
        assert (await owner.rings()).target == "1001"
        assert not made.answered
    assert desk.played == []


async def records_a_message(desk: Desk, made: Leg) -> None:
    """The caller is in 1001's mailbox, which records and keeps what is heard."""
    kept = desk.asterisk.folder / "spool" / "voicemail" / "default" / "1001" / "INBOX"
    before = set(kept.glob("*.txt"))
    await until(lambda: "Recording the message" in desk.log, 60.0, "the mailbox recording")
    recording = desk.asterisk.folder / "spool" / "voicemail" / "default" / "1001" / "tmp"
    await until(lambda: any(path.stat().st_size > 20_000 for path in recording.iterdir()), 60.0, "a second recorded")
    await made.hang_up()
    await until(lambda: set(kept.glob("*.txt")) > before, 60.0, "the message kept")


async def test_with_nothing_planned_the_phone_rings(desk: Desk):
    await rings(desk)
    assert desk.warnings == []


async def test_a_call_lands_at_the_target_and_says_who_diverted_it(desk: Desk):
    await desk.plan("1001", window("qt", target="1002"))
    async with Phone.register(desk.asterisk, "1001") as owner, Phone.register(desk.asterisk, "1002") as target:
        async with call(desk.asterisk, "1003", "1001") as made:
            await made.is_answered()
            got = await target.rings()
            await got.hears()
            await made.hears()
        assert owner.calls == []
        assert got.caller == "1003"
        assert len(got.diversions) == 1
        assert "<sip:1001@" in got.diversions[0]
        assert "reason=unconditional" in got.diversions[0]
    assert desk.played == []
    assert desk.warnings == []


async def test_the_target_is_dialled_where_the_administrator_says_not_with_the_callers_rights(desk: Desk):
    await desk.plan("1001", window("qt", target="0701234567"))
    async with Phone.outside(desk.asterisk) as outside:
        async with call(desk.asterisk, "+46812345678", "1001", trunk=True) as made:
            await made.is_answered()
            got = await outside.rings()
            await got.hears()
        assert got.target == "0701234567"


async def test_the_announcement_comes_before_the_target(desk: Desk):
    await desk.plan("1001", window("at", target="1002"))
    async with Phone.register(desk.asterisk, "1002") as target, call(desk.asterisk, "1003", "1001") as made:
        await made.hears()
        assert target.calls == []
        await (await target.rings(deadline=60)).hears()
        assert loudness(made.heard) > 100
    assert desk.played[:2] == [PERSON, REASON]
    assert desk.played[-1] == CONNECTING


@pytest.mark.parametrize(("caller", "trunk", "lands"), [("1003", False, "1002"), ("+46812345678", True, "1004")])
async def test_internal_and_external_callers_are_treated_separately(desk: Desk, caller, trunk, lands):
    await desk.plan("1001", window("qt", "qo", target="1002"), operator="1004")
    async with Phone.register(desk.asterisk, "1002") as target, Phone.register(desk.asterisk, "1004") as operator:
        async with call(desk.asterisk, caller, "1001", trunk=trunk) as made:
            await made.hears()
        assert [phone.number for phone in (target, operator) if phone.calls] == [lands]
        assert [phone.calls[0].target for phone in (target, operator) if phone.calls] == [lands]


async def test_the_administrator_may_say_which_numbers_are_internal(desk: Desk):
    await desk.plan("1001", window("qt", "qb", target="1002"))
    await desk.put_global("RINGPLAN_INTERNAL", "^2[0-9]{3}$")
    async with call(desk.asterisk, "1003", "1001") as made:
        assert (await made.is_over()).status == 486


async def test_busy_is_told_without_an_answer(desk: Desk):
    await desk.plan("1001", window("qb"))
    async with call(desk.asterisk, "1003", "1001") as made:
        await made.is_over()
        assert (made.status, made.cause, made.answered) == (486, BUSY, False)
    assert desk.played == []


async def test_busy_after_the_announcement_is_a_tone(desk: Desk):
    await desk.plan("1001", window("ab"))
    async with call(desk.asterisk, "1003", "1001") as made:
        await made.is_answered()
        await made.is_over(deadline=60)
    assert desk.played[:2] == [PERSON, REASON]
    assert desk.played[-1] == PRESS_1


async def test_ring_means_that_the_phone_rings(desk: Desk):
    await desk.plan("1001", window("qr"))
    await rings(desk)


async def test_ring_after_the_announcement(desk: Desk):
    await desk.plan("1001", window("ar"))
    async with Phone.register(desk.asterisk, "1001") as owner, call(desk.asterisk, "1003", "1001") as made:
        await made.hears()
        assert owner.calls == []
        await (await owner.rings(deadline=60)).hears()
    assert desk.played[:2] == [PERSON, REASON]


async def test_the_operator_is_a_way_like_any_other(desk: Desk):
    await desk.plan("1001", window("ao"), operator="1004")
    async with Phone.register(desk.asterisk, "1004") as operator, call(desk.asterisk, "1003", "1001"):
        got = await operator.rings(deadline=60)
        await got.hears()
        assert "<sip:1001@" in got.diversions[0]
    assert PRESS_0 not in desk.played
    assert desk.played[-1] == CONNECTING


async def test_voicemail_after_the_announcement_records_after_our_own_tone(desk: Desk):
    await desk.plan("1001", window("av"))
    async with call(desk.asterisk, "1003", "1001") as made:
        await made.hears()
        await records_a_message(desk, made)
    assert desk.played[:2] == [PERSON, REASON]
    assert desk.played[-2:] == [MESSAGE, TONE]
    assert PRESS_1 not in desk.played


async def test_quiet_voicemail_greets_by_itself(desk: Desk):
    await desk.plan("1001", window("qv"))
    async with call(desk.asterisk, "1003", "1001") as made:
        await made.hears()
        await records_a_message(desk, made)
    assert desk.played[0] == "vm-theperson"


async def test_0_leads_to_the_operator_during_the_announcement(desk: Desk):
    await desk.plan("1001", window("at", target="1002"), operator="1004")
    with spoken_for_long(desk.asterisk, "person"):
        async with Phone.register(desk.asterisk, "1004") as operator, call(desk.asterisk, "1003", "1001") as made:
            await desk.plays(PERSON)
            await made.press("0")
            await (await operator.rings()).hears()
    assert CONNECTING not in desk.played


async def test_1_leads_to_the_voicemail_during_the_announcement(desk: Desk):
    await desk.plan("1001", window("ab"))
    with spoken_for_long(desk.asterisk, "person"):
        async with call(desk.asterisk, "1003", "1001") as made:
            await desk.plays(PERSON)
            await made.press("1")
            await records_a_message(desk, made)
    assert desk.played == [PERSON, TONE]


async def test_keys_that_lead_nowhere_are_neither_offered_nor_obeyed(desk: Desk):
    await desk.put_global("RINGPLAN_VOICEMAIL", "nobodys")
    await desk.plan("1001", window("at", target="1002"))
    async with Phone.register(desk.asterisk, "1002") as target, call(desk.asterisk, "1003", "1001") as made:
        await until(lambda: PERSON in desk.played, 60.0, "the announcement")
        await made.press("1")
        await (await target.rings(deadline=60)).hears()
    assert not {PRESS_0, PRESS_1, TONE} & set(desk.played)


async def test_early_media_announces_before_the_answer_and_obeys_keys(desk: Desk):
    await desk.put_global("RINGPLAN_EARLY_MEDIA", "1")
    await desk.plan("1001", window("at", target="1002"), operator="1004")
    operators = Phone.register(desk.asterisk, "1004", behaviour="ring")
    with spoken_for_long(desk.asterisk, "person"):
        async with operators as operator, call(desk.asterisk, "1003", "1001") as made:
            await made.hears_early()
            await desk.plays(PERSON)
            await made.press("0")
            await operator.rings()
            assert made.early
            assert not made.answered


async def test_busy_in_early_media_is_told_after_the_announcement(desk: Desk):
    await desk.put_global("RINGPLAN_EARLY_MEDIA", "1")
    await desk.plan("1001", window("ab"))
    async with call(desk.asterisk, "1003", "1001") as made:
        await made.hears_early()
        await made.is_over(deadline=60)
        assert (made.status, made.cause, made.answered) == (486, BUSY, False)
    assert desk.played[-1] == PRESS_1


@pytest.mark.parametrize(("family", "value"), [("DND", "YES"), ("CF", "1004")])
async def test_the_phones_own_setting_is_obeyed_first(desk: Desk, family, value):
    await desk.plan("1001", window("ab"))
    await desk.set(family, "1001", value)
    await rings(desk)


async def test_everything_rings_while_ringplan_is_switched_off(desk: Desk):
    await desk.plan("1001", window("ab"))
    await desk.put_global("RINGPLAN_OFF", "1")
    await rings(desk)
    await desk.put_global("RINGPLAN_OFF", "0")
    async with call(desk.asterisk, "1003", "1001") as made:
        await made.is_answered()


@pytest.mark.parametrize(
    ("start", "end"), [(-2 * HOUR, -HOUR), (HOUR, 2 * HOUR)], ids=["a window that is over", "one that is to come"]
)
async def test_the_phone_rings_outside_the_windows(desk: Desk, start, end):
    await desk.plan("1001", window("ab", start=start, end=end))
    await rings(desk)
    assert desk.warnings == []


async def test_of_22_windows_the_one_in_force_decides(desk: Desk):
    step = timedelta(minutes=10)
    some = [window("qb", start=step * at - HOUR / 60, end=step * (at + 1) - HOUR / 60) for at in range(-11, 11)]
    some[11] = window("qt", target="1002", start=-HOUR / 60, end=step - HOUR / 60)
    await desk.plan("1001", *some)
    async with Phone.register(desk.asterisk, "1002") as target, call(desk.asterisk, "1003", "1001"):
        await (await target.rings()).hears()


async def test_a_chain_of_deputies_ends_at_the_last(desk: Desk):
    await desk.plan("1001", window("qt", target="1002"))
    await desk.plan("1002", window("qt", target="1004"))
    async with Phone.register(desk.asterisk, "1004") as target, call(desk.asterisk, "1003", "1001"):
        got = await target.rings()
        await got.hears()
        assert "<sip:1002@" in got.diversions[0]


async def test_two_people_diverted_to_each_other_end_in_a_message(desk: Desk):
    await desk.plan("1001", window("qt", target="1002"))
    await desk.plan("1002", window("qt", target="1001"))
    async with call(desk.asterisk, "1003", "1001") as made:
        await made.hears()
        await made.is_over(deadline=60)
    assert desk.played == ["ringplan/sv/circle", PRESS_1]


async def test_a_call_that_was_diverted_often_before_it_came_ends_in_a_message(desk: Desk):
    numbers = [str(number) for number in range(1001, 1008)]
    for number, following in itertools.pairwise(numbers):
        await desk.plan(number, window("qt", target=following))
    async with Phone.register(desk.asterisk, numbers[-1]) as last, call(desk.asterisk, "1010", "1001") as made:
        await made.hears()
        assert last.calls == []
    assert desk.played[0] == "ringplan/sv/circle"


@pytest.mark.parametrize("diversion", ["<sip:1001@pbx>;reason=unconditional", "<sip:+4681@net>;counter=5"])
async def test_a_call_that_comes_back_from_the_trunk_ends_in_a_message(desk: Desk, diversion, tmp_path, monkeypatch):
    header = f"Max-Forwards: 70\nDiversion: <sip:070@net>;reason=unconditional\nDiversion: {diversion}"
    scenario = (SCENARIOS / "caller.xml").read_text()
    (tmp_path / "caller.xml").write_text(scenario.replace("Max-Forwards: 70", header))
    monkeypatch.setattr("peers.phone.SCENARIOS", tmp_path)
    await desk.plan("1001", window("qt", target="0701234567"))
    async with call(desk.asterisk, "+46701234567", "1001", trunk=True) as made:
        await made.hears()
    assert desk.played[0] == "ringplan/sv/circle"
    assert "Called PJSIP" not in desk.log


async def test_who_is_diverted_to_themselves_is_reached(desk: Desk):
    await desk.plan("1001", window("at", target="1001"))
    await rings(desk)


async def test_a_schedule_that_has_run_out_rings_and_says_that_the_gateway_is_silent(desk: Desk):
    await desk.put("1001", "2|Europe/Stockholm|1790000000-86400-sv-|0-3600-3600-0-at-at-meeting-1002-")
    await rings(desk)
    assert "NOTICE" in desk.log
    assert "the schedule of 1001 has run out" in desk.log


async def test_a_window_that_has_begun_runs_to_its_own_end_beyond_what_is_covered(desk: Desk):
    one = window("qt", start=-30 * HOUR, end=HOUR)
    await desk.plan("1001", one, cover=one.start + 24 * HOUR)
    async with Phone.register(desk.asterisk, "1002") as target, call(desk.asterisk, "1003", "1001"):
        await (await target.rings()).hears()
