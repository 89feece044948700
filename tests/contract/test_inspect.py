"""What `ringplan check` sees of a real Asterisk: each mistake in its set-up is named, with what to do about it."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from gateway.domain.finding import Finding
from gateway.pbx.asterisk import lines
from gateway.pbx.asterisk.before import obeyed_first
from gateway.pbx.asterisk.inspect import NAMER, PREDIAL_HOOK, READS_VERSION, inspect
from gateway.pbx.asterisk.settings import AsteriskSettings
from peers.asterisk import DIALPLAN, Asterisk, Setup

DIAL = "Dial(PJSIP/${EXTEN})"
DESKS = f"""
[desks]
exten => _2XXX,1,{DIAL}
exten => _3XXX,1,{DIAL}
{lines.line()}
exten => _4XXX,1,NoOp()
{lines.line()}
 same => n,{DIAL}
{lines.hint("_4XXX")}
exten => _5XXX,1,NoOp()
{lines.line()}
 same => n,{DIAL}
exten => _5XXX,hint,PJSIP/${{EXTEN}}
[included]
exten => _9XXX,1,NoOp()
 same => n,{DIAL}
{lines.line()}
[includes]
include => included
[desks-again]
exten => _6XXX,1,NoOp()
; {lines.line()}
 same => n,{DIAL}

[here]
exten => 7001,1,{lines.LINE}
[there]
exten => 7001,1,{DIAL}
"""


STARS = """
[clerks]
include => ringplan-codes
exten => _*24X!,1,NoOp()
 same => n,Goto(ringplan-operator,${EXTEN},1)
[left]
exten => _*.,1,Hangup()
exten => _#!,1,Hangup()
exten => _.,1,Hangup()
"""


async def findings(asterisk: Asterisk, *extensions: str, sounds: tuple[str, ...] = ()) -> dict[str, Finding]:
    login = asterisk.ami
    settings = AsteriskSettings(port=asterisk.ami_port, user=login.user, secret=login.secret)
    return {finding.part: finding for finding in await inspect(settings, extensions, sounds)}


@pytest.fixture(scope="module", params=["22", pytest.param("16", marks=pytest.mark.soak)])
async def desks(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asterisk]:
    """An Asterisk whose administrator made mistakes."""
    setup = Setup(version=request.param, extra=DESKS)
    async with Asterisk.start(tmp_path_factory.mktemp("desks") / "state", setup) as asterisk:
        yield asterisk


@pytest.mark.parametrize(
    ("extension", "ok"),
    [
        pytest.param("1001", True, id="as it must be"),
        pytest.param("2001", False, id="no line"),
        pytest.param("3001", False, id="after the Dial"),
        pytest.param("9001", False, id="after the Dial, in a context that another includes"),
        pytest.param("4001", True, id="before the Dial, with a hint"),
        pytest.param("5001", True, id="before the Dial, with a hint of the phone alone"),
        pytest.param("6001", False, id="commented out"),
        pytest.param("7001", False, id="in a context that does not dial"),
    ],
)
async def test_each_extension_needs_the_line_before_its_dial(desks, extension, ok):
    found = (await findings(desks, extension))["line"]
    assert found.ok is ok
    if not ok:
        assert extension in found.said
        assert lines.LINE in found.remedy


@pytest.mark.parametrize(("extension", "told"), [("4001", False), ("5001", True), ("2001", True)])
async def test_a_hint_without_our_lamp_is_told_but_no_failure(desks, extension, told):
    found = (await findings(desks, extension))["hint"]
    assert found.ok
    assert (extension in found.said) is told


async def test_many_extensions_without_the_line_are_counted(desks):
    found = (await findings(desks, "1001", *(str(number) for number in range(2001, 2021))))["line"]
    assert "and 15 more" in found.said


async def test_what_is_missing_in_a_whole_pbx(folder):
    """No context for targets, a dialplan of another version, and a clock that is two minutes slow."""
    other = folder / "dialplan"
    other.mkdir()
    ours = (DIALPLAN / "ringplan.conf").read_text()
    assert READS_VERSION in ours
    (other / "ringplan.conf").write_text(ours.replace(READS_VERSION, READS_VERSION.replace("2", "9")))
    slow = f"{datetime.now(UTC) - timedelta(minutes=2):%Y-%m-%d %H:%M:%S}"
    async with Asterisk.start(folder / "pbx", Setup(dialplan=other, false_clock=slow)) as asterisk:
        await asterisk.cli("dialplan remove context ringplan-target")
        found = await findings(asterisk, "1001")
        (other / "ringplan.conf").write_text(ours.replace(f"[{NAMER}]", "[ringplan-of-before]"))
        await asterisk.cli("dialplan reload")
        of_before = (await findings(asterisk, "1001"))["dialplan"]
    assert {part for part, one in found.items() if not one.ok} == {"dialplan", "targets", "clock"}
    assert "another version" in found["dialplan"].said
    assert "another version" in of_before.said
    assert "[ringplan-target]" in found["targets"].remedy
    assert re.search("differ by 1[2-9]", found["clock"].said)  # the time at which it was started is added


async def test_a_pbx_that_was_switched_off_by_hand_is_told(desks):
    assert (await findings(desks, "4001"))["switch"].ok
    await desks.cli("dialplan set global RINGPLAN_OFF 1")
    found = (await findings(desks, "4001"))["switch"]
    await desks.cli("dialplan set global RINGPLAN_OFF 0")
    assert not found.ok
    assert "RINGPLAN_OFF 0" in found.remedy
    assert (await findings(desks, "4001"))["switch"].ok


async def test_one_line_in_freepbxs_hook_is_for_all_extensions(folder):
    hook = f"\n[{PREDIAL_HOOK}]\nexten => s,1,{lines.LINE}\n[desks]\nexten => _2XXX,1,{DIAL}\n"
    async with Asterisk.start(folder / "pbx", Setup(extra=hook)) as asterisk:
        assert (await findings(asterisk, "2001"))["line"].ok


async def test_what_is_obeyed_before_the_plan_is_told(desks: Asterisk) -> None:
    settings = AsteriskSettings(port=desks.ami_port, user=desks.ami.user, secret=desks.ami.secret)
    assert await obeyed_first(settings, "1033") == ()
    async with desks.observe() as ami:
        await ami.action("DBPut", {"Family": "DND", "Key": "1033", "Val": "YES"})
        await ami.action("DBPut", {"Family": "CF", "Key": "1034", "Val": "1035"})
        await ami.action("Setvar", {"Variable": "RINGPLAN_OFF", "Value": "1"})
        try:
            off, own = await obeyed_first(settings, "1033")
            assert "RINGPLAN_OFF" in off
            assert "do not disturb" in own
        finally:
            await ami.action("Setvar", {"Variable": "RINGPLAN_OFF", "Value": "0"})
        (own,) = await obeyed_first(settings, "1034")
        assert "forwarding" in own


@pytest.mark.parametrize("version", ["22", pytest.param("16", marks=pytest.mark.soak)])
async def test_star_codes_are_included_somewhere_and_mean_nothing_else(folder, version):
    """What catches all that is left is no other meaning, nor is a pattern that leads to us."""
    async with Asterisk.start(folder / "pbx", Setup(version=version, phones=(), extra=STARS)) as asterisk:
        assert (await findings(asterisk, "1001"))["codes"] == Finding("codes", True, "star codes can be dialled")
        assert (await findings(asterisk))["codes"].said == "star codes can be dialled"
        await asterisk.cli("dialplan add extension *211001,1,Answer into followme")
        found = (await findings(asterisk, "1001"))["codes"]
        assert found.ok
        assert "*211001 in followme" in found.said
        assert "FreePBX" in found.remedy
        await asterisk.cli("dialplan remove context followme")
        for context in ("clerks", "internal"):
            await asterisk.cli(f"dialplan remove include ringplan-codes from {context}")
        found = (await findings(asterisk, "1001"))["codes"]
        assert found.ok
        assert "no phone" in found.said
        assert "include => ringplan-codes" in found.remedy


@pytest.fixture(scope="module", params=["22", pytest.param("16", marks=pytest.mark.soak)])
async def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asterisk]:
    """An Asterisk whose manager.conf is written anew by each test."""
    folder = tmp_path_factory.mktemp("guarded") / "state"
    async with Asterisk.start(folder, Setup(version=request.param, phones=())) as asterisk:
        yield asterisk


async def allow(asterisk: Asterisk, read: str, write: str) -> None:
    """Give the gateway's user these rights, in place of those that it had."""
    file = asterisk.folder / "etc" / "manager.conf"
    before, ours, after = file.read_text().partition(f"[{asterisk.ami.user}]")
    ours, others, rest = (ours + after).partition("[observer]")
    ours = re.sub(r"(?m)^write = .*", f"write = {write}", re.sub(r"(?m)^read = .*", f"read = {read}", ours))
    file.write_text(before + ours + others + rest)
    await asterisk.cli("manager reload")


@pytest.mark.parametrize(
    ("read", "write", "said"),
    [
        ("system", lines.WRITE, "is not told of user, agent"),
        (lines.READ, "system,call,reporting", "may not use QueuePause"),
        ("system,agent", "system,call", "may not use ShowDialPlan, QueuePause and is not told of user"),
        ("all", "all", "may do what is needed"),
        ("system, user , agent", lines.WRITE, "may do what is needed"),
    ],
)
async def test_rights_that_are_missing_are_named(guarded, read, write, said):
    await allow(guarded, read, write)
    everything = await findings(guarded, "1001")
    assert ("line" in everything) is ("ShowDialPlan" not in said)
    found = everything["rights"]
    assert said in found.said
    assert found.ok is ("may do" in said)
    assert found.ok or {f"read = {lines.READ}", f"write = {lines.WRITE}"} <= set(
        found.remedy.removesuffix("; then `manager reload`").split(": ")[1].split(" and ")
    )
    if not found.ok:
        await guarded.cli("module unload app_queue.so")
        again = (await findings(guarded, "1001"))["rights"]
        await guarded.cli("module load app_queue.so")
        assert "QueuePause" not in again.said
