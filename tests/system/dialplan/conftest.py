"""A real Asterisk with the dialplan and the built sounds, once per run and version, and a desk to plan calls at."""

import asyncio
import math
import re
import struct
import wave
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.cli.prompts import Voice, build
from gateway.domain.code import Behaviour, Treatment
from gateway.planning.schedule import Schedule, Window, write
from peers.asterisk import Asterisk, Setup
from peers.process import POLL, until
from peers.raw_ami import RawAmi

HOUR = timedelta(hours=1)
DECIDED = ("decides", "until", "back", "reason", "target", "inside", "outside", "zone", "language", "operator")
OWNED = ("known", "main", "phones", "through", "turn", "ended")
FAMILIES = (
    "ringplan",
    "ringplan-phone",
    "ringplan-hand",
    "ringplan-call",
    "ringplan-room",
    "ringplan-invited",
    "DND",
    "CF",
)
ADMINISTRATOR = """
[ringplan-target]
exten => 9001,1,Goto(phones,1002,1)

[put-file]
exten => 1001,1,Set(DB(ringplan/1001)=${FILE(@FOLDER@/newline)})
 same => n,UserEvent(Put)
 same => n,Hangup(21)

[internal](+)
exten => _*99*.,1,Set(CALLERID(num)=1002)
 same => n,Set(RINGPLAN_DIALLED=${EXTEN:4})
 same => n,Goto(ringplan-set,s,1)
exten => _*98*.,1,Set(RINGPLAN_CALLER=external)
 same => n,Goto(ringplan-codes,*23*${EXTEN:4},1)
exten => _*97X.,1,Set(RINGPLAN_DIALLED=${EXTEN:3})
 same => n,Goto(ringplan-key,s,1)

[asked-now]
exten => _X.,1,Gosub(ringplan-now,${CUT(EXTEN,-,1)},1(${CUT(EXTEN,-,2)}))
 same => n,UserEvent(Asked,@DECIDED@)
 same => n,Hangup(21)

[asked-until]
exten => _X.,1,MSet(say=,now=${CUT(EXTEN,-,2)},takes=${CUT(EXTEN,-,3)},value=${CUT(EXTEN,-,4)},until=,back=)
 same => n,Gosub(ringplan-owner,${CUT(EXTEN,-,1)},1)
 same => n,Gosub(ringplan-until,s,1)
 same => n,ExecIf($["${say}" = ""]?Gosub(ringplan-back,s,1))
 same => n,UserEvent(Asked,say: ${say},until: ${until},back: ${back})
 same => n,Hangup(21)

[asked-name]
exten => _X.,1,Set(begun=${STRFTIME(,,%s%3q)})
 same => n,Set(CALLERID(num)=${FROM})
 same => n,Set(CALLERID(name)=${TRUNK})
 same => n,ExecIf($["${PRES}" != ""]?Set(CALLERID(num-pres)=${PRES}))
 same => n,Gosub(ringplan,${CUT(EXTEN,-,1)},1(${CUT(EXTEN,-,1)}))
 same => n,Set(FIRST=${CALLERID(name)})
 same => n,ExecIf($[${FIELDQTY(EXTEN,-)} = 2]?Gosub(ringplan,${CUT(EXTEN,-,2)},1(${CUT(EXTEN,-,2)})))
 same => n,Set(ms=$[${STRFTIME(,,%s%3q)} - ${begun}])
 same => n,UserEvent(Asked,First: ${FIRST},Ms: ${ms},Name: ${CALLERID(name)},From: ${CALLERID(num)})
 same => n,Hangup(21)

[administrator]
exten => _.,1,Set(at=mine)
 same => n,Set(RINGPLAN_LEG=0)
 same => n,Set(CHANNEL(language)=de)
 same => n,Set(DB_RESULT=mine)
 same => n,Set(to=mine)
 same => n,Gosub(ringplan,${EXTEN},1(${EXTEN}))
 same => n,UserEvent(Returned,at: ${at}${DB_RESULT}${to},lang: ${CHANNEL(language)})
 same => n,Hangup(21)
"""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a test plans what an extension's owner does, and sees what the PBX did; `heard_from` starts its log."""

    asterisk: Asterisk
    ami: RawAmi
    heard_from: int

    async def put(self, extension: str, value: str) -> None:
        """Write the raw `value` as the extension's schedule."""
        await self.set("ringplan", extension, value)

    async def set(self, family: str, key: str, value: str) -> None:
        """Write any entry of AstDB."""
        await self.ami.action("DBPut", {"Family": family, "Key": key, "Val": value})

    async def plan(self, extension: str, *windows: Window, **head: Any) -> None:
        """Write a schedule of `windows` for `extension`; `head` as for `schedule`."""
        await self.put(extension, schedule(*windows, **head))

    async def asked(self, context: str, *what: str | int) -> dict[str, str]:
        """Return what the dialplan's own decision says, by a context above that tells it in an event."""
        number = "-".join(str(one) for one in what)
        async with asyncio.timeout(60):
            request = {"Channel": f"Local/{number}@{context}", "Application": "Wait", "Data": "1", "Async": "true"}
            await self.ami.action("Originate", request)
            event = await self.ami.event("UserEvent", {"UserEvent": "Asked"})
        self.ami.events.clear()
        return event

    async def put_global(self, name: str, value: str) -> None:
        """Set a global variable of the dialplan."""
        await self.ami.action("Setvar", {"Variable": name, "Value": value})

    @property
    def log(self) -> str:
        """What Asterisk has logged since the test began."""
        with self.asterisk.log.open("rb") as full:
            full.seek(self.heard_from)
            return full.read().decode(errors="replace")

    @property
    def played(self) -> list[str]:
        """The sounds that were opened, in order, as Asterisk names them, without the ending."""
        return [Path(name).with_suffix("").as_posix() for name in re.findall(r"Playing '([^']+)'", self.log)]

    @property
    def warnings(self) -> list[str]:
        """Ringplan's own warnings."""
        return re.findall(r"WARNING\[.*?(Ringplan: .*)", self.log)

    @property
    def complaints(self) -> list[str]:
        """What Asterisk itself warned of, but for what is not about us.

        That is: the machine's own name does not resolve, it is so busy that work or sound waits in a line, and both
        sides have given a call up at the same moment.
        """
        told = [line for line in self.log.splitlines() if "WARNING[" in line or "ERROR[" in line]
        busy = ("Exceptionally long ", "Taskprocessor ")
        others = ("Ringplan: ", "acl.c:", "netsock2.c:", "Session already DISCONNECTED [reason=487", *busy)
        return [line for line in told if not any(of in line for of in others)]

    async def plays(self, *sounds: str, deadline: float = 60.0) -> None:
        """Wait until exactly these sounds have been opened so far, in this order."""
        await until(lambda: len(self.played) >= len(sounds), deadline, f"{sounds} after {self.played}")
        assert self.played == list(sounds)

    async def warns(self, *warnings: str) -> None:
        """Wait until exactly these warnings have been logged."""
        await until(lambda: len(self.warnings) >= len(warnings), 60.0, f"{warnings} in the log")
        assert self.warnings == list(warnings)


def window(
    internal: str = "qt",
    external: str = "",
    *,
    target: str | None = "1002",
    reason: str = "meeting",
    start: timedelta = timedelta(minutes=-5),
    end: timedelta = HOUR,
    back: datetime | None = None,
    begun: datetime | None = None,
) -> Window:
    """Return a window that is in force now, `start` and `end` being relative to now."""
    now = datetime.now(UTC).replace(microsecond=0)
    return Window(
        start=now + start,
        end=now + end,
        back=back or now + end,
        internal=treatment(internal),
        external=treatment(external or internal),
        reason=reason,
        target=target,
        begun=begun,
    )


def treatment(letters: str) -> Treatment:
    """Return the treatment that two letters of the schedule stand for."""
    return Treatment(letters[0] == "a", Behaviour(letters[1]))


def schedule(
    *windows: Window,
    operator: str | None = None,
    language: str = "sv",
    zone: str = "Europe/Stockholm",
    cover: datetime | None = None,
) -> str:
    """Return the value of a schedule that covers the next day, unless `cover` says otherwise."""
    now = datetime.now(UTC).replace(microsecond=0)
    base = windows[0].start if windows else now
    cover = cover or max(base, now) + timedelta(days=1)
    return write(Schedule(zone, base, cover, language, operator, windows))


@pytest.fixture(scope="session")
async def sounds(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Every sound, built once, each a quarter of a second short: who listens has no time."""
    folder = tmp_path_factory.mktemp("sounds")
    await build(folder, speak=beep)
    return folder


async def beep(text: str, voice: Voice, sound: Path) -> None:
    """Write a short tone instead of words."""
    write_tone(sound, seconds=0.25)


@contextmanager
def spoken_for_long(asterisk: Asterisk, *sounds: str, language: str = "sv") -> Iterator[None]:
    """Let each of these sounds last for a minute meanwhile: what is seen while it is heard cannot come too late.

    Asterisk opens a sound anew each time that it plays it.
    """
    folder = asterisk.setup.sounds
    assert folder is not None
    short = {folder / language / f"{name}.wav": (folder / language / f"{name}.wav").read_bytes() for name in sounds}
    try:
        for sound in short:
            write_tone(sound, seconds=60)
        yield
    finally:
        for sound, content in short.items():
            sound.write_bytes(content)


def write_tone(sound: Path, *, seconds: float) -> None:
    """Write a tone of 500 Hz that is so long."""
    period = b"".join(struct.pack("<h", int(8000 * math.sin(step / 16 * 2 * math.pi))) for step in range(16))
    with wave.open(str(sound), "wb") as wav:
        wav.setparams((1, 2, 8000, 0, "NONE", ""))
        wav.writeframes(period * int(500 * seconds))


@pytest.fixture(scope="session", params=["22", pytest.param("16", marks=pytest.mark.soak)])
async def pbx(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, sounds: Path
) -> AsyncIterator[Asterisk]:
    """An Asterisk of each version."""
    folder = tmp_path_factory.mktemp("pbx") / "state"
    decided = ",".join(f"{name}: ${{{name}}}" for name in (*DECIDED, *OWNED))
    extra = ADMINISTRATOR.replace("@FOLDER@", str(folder)).replace("@DECIDED@", decided)
    setup = Setup(version=request.param, sounds=sounds, extra=extra)
    async with Asterisk.start(folder, setup) as asterisk:
        yield asterisk


@pytest.fixture
async def desk(pbx: Asterisk) -> AsyncIterator[Desk]:
    """A desk with nothing planned."""
    async with pbx.observe() as ami:
        # not every step of the dialplan: Asterisk closes a connection that does not take its events
        await ami.action("Events", {"EventMask": "call,user,system"})
        yield Desk(pbx, ami, pbx.log.stat().st_size)
        # who leaves a conference is announced there for a while: the next test must not hear it
        await all_are_gone(ami)
        for family in FAMILIES:
            await pbx.cli(f"database deltree {family}")
        for name in ("OFF", "NAMES", "EARLY_MEDIA", "INTERNAL", "VOICEMAIL", "OPERATORS", "TURN_1001", "TURN_1002"):
            await ami.action("Setvar", {"Variable": f"RINGPLAN_{name}", "Value": ""})


async def all_are_gone(ami: RawAmi) -> None:
    """Wait until the PBX has no channel any more."""
    async with asyncio.timeout(60):
        while True:
            answer = await ami.action("CoreShowChannels")
            listed = await ami.event("CoreShowChannelsComplete", {"ActionID": answer["ActionID"]})
            if listed["ListItems"] == "0":
                return
            await asyncio.sleep(POLL)
