"""Whatever is missing or not understood: the phone rings, one warning says so, and nothing that was written runs."""

import asyncio
import shutil
from pathlib import Path

import pytest

from peers.asterisk import Asterisk, Setup
from peers.phone import Phone, call
from tests.system.dialplan.conftest import Desk, schedule, window

HEAD = "2|Europe/Stockholm|1790000000-86400-sv-"
UNREADABLE = "Ringplan: the schedule of 1001 cannot be read: the phone rings"
NOWHERE = "Ringplan: the diversion of 1001 leads nowhere: the phone rings"
WINDOW = "0-9999999999-9999999999-0-at-at-meeting-1002-"
GARBAGE = [
    "x",
    "|",
    "2",
    "2||",
    "1|Europe/Stockholm|1790000000-86400-sv-|" + WINDOW,
    "2|../../etc/passwd|1790000000-86400-sv-|" + WINDOW,
    "2|/etc/passwd|1790000000-86400-sv-|" + WINDOW,
    "2|Europe/Stockholm|1790000000-86400-fi-|" + WINDOW,
    "2|Europe/Stockholm|-86400-sv-|" + WINDOW,
    "2|Europe/Stockholm|1790000000-86400-sv|" + WINDOW,
    "2|Europe/Stockholm|1790000000-86400-sv-1004&1005|" + WINDOW,
    HEAD + "|0-9999999999-9999999999-0-at-at-meeting-1002",
    HEAD + "|0-9999999999-9999999999-0-at-at-meeting-1002--",
    HEAD + "|0-9999999999-9999999999-0-zz-at-meeting-1002-",
    HEAD + "|0-9999999999-9999999999-0-at-ax-meeting-1002-",
    HEAD + "|0-9999999999-9999999999-0-at-at-../meeting-1002-",
    HEAD + "|0-9999999999-9999999999-0-at-at-Möte-1002-",
    HEAD + "|0-9999999999-9999999999-0-at-at-meeting-1002&1004-",
    HEAD + "|0-9999999999-9999999999-0-at-at-meeting-1002,1-",
    HEAD + "|0-9999999999-9999999999-0-at-at-meeting-+1002-",
    HEAD + "|0-1+9-9999999999-0-at-at-meeting-1002-",
    HEAD + "|0-9999999999-9999999999-at-at-meeting-1002-",
    HEAD + "|0-9999999999-9999999999--at-at-meeting-1002-",
    HEAD + "|0-9999999999999-9999999999999-0-at-at-meeting-1002-",
    HEAD + "|" + WINDOW + "|",
    HEAD + "|" + WINDOW + "|rubbish",
    HEAD + "|" + WINDOW + " ",
    HEAD + "|" + WINDOW.replace("1002", "\\1002"),
    HEAD + "|" + WINDOW.replace("1002", '"1002"'),
    HEAD + "|" + WINDOW.replace("meeting", "meet'ing"),
    HEAD + "|" + WINDOW.replace("1002", "${SHELL(touch @RAN@)}"),
    HEAD + "|" + WINDOW.replace("1002", "$[1002 + 0]"),
    "${SHELL(touch @RAN@)}",
    '2|Europe/Stockholm|1790000000-86400-sv-|")}${SHELL(touch @RAN@)}' + WINDOW,
    '" = "" | 1]?then-b:then-b),System(touch @RAN@',
    HEAD + "|" + WINDOW + "," + WINDOW,
    HEAD + "|" + WINDOW + ";" + WINDOW,
    "Z" * 900,
]


async def rings(asterisk: Asterisk) -> None:
    """A call to 1001 rings there and nothing has answered it."""
    async with Phone.register(asterisk, "1001", behaviour="ring") as owner, call(asterisk, "1003", "1001") as made:
        await made.is_ringing()
        await owner.rings()
        assert not made.answered


@pytest.mark.parametrize("value", GARBAGE)
async def test_a_value_that_is_not_understood_rings_with_one_warning(desk: Desk, value, tmp_path):
    ran = tmp_path / "ran"
    await desk.put("1001", value.replace("@RAN@", str(ran)))
    await rings(desk.asterisk)
    await desk.warns(UNREADABLE)
    assert not ran.exists()
    assert desk.played == []
    assert desk.complaints == []


async def test_a_newline_in_a_value_is_not_understood(desk: Desk):
    text = (HEAD + "|" + WINDOW).replace("meeting", "meet\ning")
    (desk.asterisk.folder / "newline").write_text(text)
    async with asyncio.timeout(60):
        await desk.ami.action(
            "Originate",
            {"Channel": "Local/1001@put-file", "Application": "Wait", "Data": "1", "Async": "true"},
        )
        await desk.ami.event("UserEvent", {"UserEvent": "Put"})
    await rings(desk.asterisk)
    await desk.warns(UNREADABLE)


@pytest.mark.parametrize("number", ["1098&PJSIP", "1001)}${SHELL(id)}", "+4610", "10%2001"])
async def test_only_digits_are_extensions(desk: Desk, number):
    async with asyncio.timeout(60):
        await desk.ami.action(
            "Originate",
            {"Channel": f"Local/{number}@administrator", "Application": "Wait", "Data": "1", "Async": "true"},
        )
        await desk.ami.event("OriginateResponse")
    assert "uid=" not in desk.log
    assert desk.warnings == []


async def test_a_target_that_does_not_exist_rings_before_a_word_is_said(desk: Desk):
    await desk.plan("1001", window("at", target="7777"))
    await rings(desk.asterisk)
    await desk.warns(NOWHERE)
    assert desk.played == []


async def test_an_operator_who_does_not_exist_rings(desk: Desk):
    await desk.plan("1001", window("qo"), operator="7777")
    await rings(desk.asterisk)
    await desk.warns(NOWHERE)


@pytest.mark.parametrize("letters", ["qt", "qo"])
async def test_nobody_to_go_to_rings(desk: Desk, letters):
    await desk.plan("1001", window(letters, target=None))
    await rings(desk.asterisk)
    await desk.warns(NOWHERE)


async def test_a_mailbox_that_does_not_exist_rings(desk: Desk):
    await desk.put_global("RINGPLAN_VOICEMAIL", "nobodys")
    await desk.plan("1001", window("qv"))
    await rings(desk.asterisk)
    await desk.warns(NOWHERE)


async def test_a_reason_without_a_sound_rings(desk: Desk):
    await desk.plan("1001", window("at", target="1002", reason="unheard_of"))
    await rings(desk.asterisk)
    await desk.warns("Ringplan: the sound ringplan/sv/reason-unheard_of is missing: the phone of 1001 rings")
    assert desk.played == []


async def test_a_zone_that_the_pbx_does_not_know_leaves_the_time_out(desk: Desk):
    await desk.plan("1001", window("at", target="1002"), zone="Europe/Nowhere")
    async with Phone.register(desk.asterisk, "1002") as target, call(desk.asterisk, "1003", "1001"):
        await (await target.rings(deadline=60)).hears()
    assert desk.played[:2] == ["ringplan/sv/person", "ringplan/sv/reason-meeting"]
    assert not [sound for sound in desk.played if "back" in sound]


async def test_the_callers_variables_are_as_they_were_when_the_phone_rings(desk: Desk):
    await desk.plan("1001", window("qr"))
    async with asyncio.timeout(60):
        await desk.ami.action(
            "Originate", {"Channel": "Local/1001@administrator", "Application": "Wait", "Data": "1", "Async": "true"}
        )
        event = await desk.ami.event("UserEvent", {"UserEvent": "Returned"})
    assert (event["at"], event["lang"]) == ("mineminemine", "de")


@pytest.mark.parametrize("version", ["22", pytest.param("16", marks=pytest.mark.soak)])
async def test_without_sounds_and_without_the_context_for_targets_the_phone_rings(version, tmp_path, sounds):
    only_some = tmp_path / "sounds"
    shutil.copytree(sounds, only_some)
    (only_some / "sv" / "person.wav").unlink()
    here = Path(__file__).parents[3] / "dialplan" / "asterisk"
    text = (here / "ringplan.conf").read_text().replace("ringplan-target,", "ringplan-nowhere,")
    (tmp_path / "dialplan").mkdir()
    (tmp_path / "dialplan" / "ringplan.conf").write_text(text)
    setup = Setup(version=version, sounds=only_some, dialplan=tmp_path / "dialplan")
    async with Asterisk.start(tmp_path / "pbx", setup) as asterisk, asterisk.observe() as ami:
        desk = Desk(asterisk, ami, asterisk.log.stat().st_size)
        await desk.put("1001", schedule(window("qt", target="1002")))
        await rings(asterisk)
        await desk.warns(NOWHERE)
        await desk.put("1001", schedule(window("ab")))
        await rings(asterisk)
        await desk.warns(NOWHERE, "Ringplan: the sound ringplan/sv/person is missing: the phone of 1001 rings")


async def test_a_pbx_without_voicemail_rings(desk: Desk):
    assert "Unable" not in await desk.asterisk.cli("module unload app_voicemail.so")
    try:
        await desk.plan("1001", window("qv"))
        await rings(desk.asterisk)
        await desk.warns(NOWHERE)
        assert desk.complaints == []
    finally:
        await desk.asterisk.cli("module load app_voicemail.so")


@pytest.mark.parametrize("version", ["22", pytest.param("16", marks=pytest.mark.soak)])
async def test_without_the_dialplan_the_administrators_line_changes_nothing(version, tmp_path):
    async with Asterisk.start(tmp_path / "pbx", Setup(version=version, dialplan=None)) as asterisk:
        await rings(asterisk)
