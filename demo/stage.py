"""Everything that the story needs: a calendar server, an Asterisk with people's phones, sounds, and the gateway."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import trustme

from demo.calendars import SOURCES, Calendars, Entry
from gateway.cli.prompts import Progress, build, read_texts, texts_folder
from gateway.domain.code import Behaviour, Code, Treatment
from peers import ports, process
from peers.asterisk import DIALPLAN, Asterisk
from peers.asterisk import Setup as AsteriskSetup
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone, call
from peers.raw_ami import RawAmi

SOUNDS = Path("build/sounds")
PEOPLE = {"anna": "1001", "bertil": "1002", "cecilia": "1003", "david": "1004"}
LISTEN = 30.0  # seconds: the longest announcement, and the ringing after it
STAR_CODES = """
[internal](+)
include => ringplan-codes
"""
TABLES = """
[directory]
host = "{host}"
[directory.listen.phones]
address = "{host}"
port = {port}
tls = "ldaps"
certificate = "{certificate}"
key = "{key}"
[web]
port = {web}
"""
NUMBERS = ("--phone-country", "SE", "--area", "8", "--outside-line", "0", "--extension-length", "4")
READS = "DB_EXISTS(${ARG1}/"  # where the dialplan looks anything up that is planned or set


@dataclass(frozen=True, slots=True)
class Heard:
    """One call as its far ends saw it: `sounds` were opened for the caller, `words` is what they say."""

    landed: str | None
    sounds: tuple[str, ...]
    words: str
    evidence: dict[str, object]


@dataclass(frozen=True, slots=True)
class Stage:
    """What is up, and what can be done with it."""

    asterisk: Asterisk
    calendars: Calendars
    gateway: Gateway
    ami: RawAmi
    phones: dict[str, Phone]
    certificate: Path
    portal: str

    async def write(self, person: str, name: str, entry: Entry) -> None:
        """Put an item into somebody's calendar."""
        await self.calendars.write(person, name, entry)

    async def delete(self, person: str, name: str) -> None:
        """Take an item out of somebody's calendar."""
        await self.calendars.delete(person, name)

    async def value(self, extension: str, family: str = "ringplan") -> str:
        """Return the schedule that the PBX holds for `extension`, or `ringplan-hand`: what was dialled; "" for none."""
        answer = await self.ami.action("DBGet", {"Family": family, "Key": extension})
        if answer["Response"] != "Success":
            return ""
        return (await self.ami.event("DBGetResponse", {"ActionID": answer["ActionID"]}))["Val"]

    async def lamp(self, extension: str) -> str:
        """Return the state of the lamp of `extension`."""
        return await self.ami.value(f"DEVICE_STATE(Custom:ringplan-{extension})")

    async def comes(self, what: Callable[[str, str], bool], extension: str, deadline: float = 15.0) -> bool:
        """Wait until `what` holds of the schedule and the lamp of `extension`; False: it did not in time."""
        try:
            async with asyncio.timeout(deadline):
                while not what(await self.value(extension), await self.lamp(extension)):
                    await asyncio.sleep(process.POLL)
        except TimeoutError:
            return False
        return True

    async def holds(self, key: str, family: str, *, there: bool = True, deadline: float = 15.0) -> bool:
        """Wait until the PBX holds something there, or nothing; return whether it does in the end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline):
                while (await self.value(key, family) != "") is not there:
                    await asyncio.sleep(process.POLL)
        return await self.value(key, family) != ""

    async def call(self, caller: str, extension: str) -> Heard:
        """Call, listen to the end of what is said, speak with whoever answers, and hang up."""
        before = {number: len(phone.calls) for number, phone in self.phones.items()}
        value, log_from = await self.value(extension), self.asterisk.log.stat().st_size
        async with call(self.asterisk, caller, extension) as made:

            def landed() -> str | None:
                return next(
                    (number for number, phone in self.phones.items() if len(phone.calls) > before[number]), None
                )

            await until(lambda: landed() is not None or made.ended)
            number = landed()
            leg = self.phones[number].calls[-1] if number else None
            if leg is not None:
                await until(lambda: leg.answered and len(leg.packets) > 10)
            await until(lambda: len(made.heard) > 10 or made.ended)
            sounds = played(self.asterisk.log, log_from)
            evidence: dict[str, object] = {
                "caller's call-id": made.call_id,
                "caller heard (RTP packets)": len(made.packets),
                "prompt files opened": list(sounds),
                "schedule in the PBX": value,
            }
            if leg is not None:
                evidence |= {
                    "far phone": number,
                    "far phone's call-id": leg.call_id,
                    "far phone's INVITE": leg.invite.uri,
                    "far phone's Diversion": leg.diversions,
                    "far phone heard (RTP packets)": len(leg.packets),
                }
        answered = number if leg is not None and len(leg.packets) > 0 else None
        return Heard(answered, sounds, words(sounds), evidence)

    async def dial(self, extension: str, code: str) -> Heard:
        """Dial a star code, and listen to the end of what is said."""
        log_from = self.asterisk.log.stat().st_size
        async with call(self.asterisk, extension, code.replace("#", "%23")) as made:
            await until(lambda: made.ended)
            sounds = played(self.asterisk.log, log_from)
            evidence: dict[str, object] = {
                "dialled": code,
                "caller's call-id": made.call_id,
                "caller heard (RTP packets)": len(made.packets),
                "prompt files opened": list(sounds),
                "by hand in the PBX": await self.value(extension, "ringplan-hand"),
            }
        return Heard(None, sounds, words(sounds), evidence)


@asynccontextmanager
async def stage(
    folder: Path, say: Callable[[str], None], progress: Progress, *, source: str, broken: bool
) -> AsyncIterator[Stage]:
    """Start everything in `folder`; `source`: of `SOURCES`; `broken`: the dialplan never looks at what is planned."""
    async with AsyncExitStack() as stack:
        say("Sounds in Swedish, German and English")
        await build(SOUNDS, progress=progress)
        people = {person: f"{person} in the demo" for person in PEOPLE}
        calendars = await stack.enter_async_context(SOURCES[source](folder, people))
        say(calendars.title)
        say("Asterisk 22 with the telephones 1001 to 1004")
        dialplan = _broken_dialplan(folder) if broken else DIALPLAN
        setup = AsteriskSetup(sounds=SOUNDS.absolute(), dialplan=dialplan, extra=STAR_CODES)
        asterisk = await stack.enter_async_context(Asterisk.start(folder / "asterisk", setup))
        phones = {
            extension: await stack.enter_async_context(Phone.register(asterisk, extension))
            for extension in PEOPLE.values()
        }
        say("The gateway, with a directory for telephones and the portal")
        own = trustme.CA().issue_cert(asterisk.host)
        certificate, key = folder / "directory.pem", folder / "directory.key"
        port, web = ports.free(), ports.free()
        own.cert_chain_pems[0].write_to_path(certificate)
        own.private_key_pem.write_to_path(key)
        stack.callback(ports.release, port, web)
        rooms = {"anna": "8501"}
        owners = [
            Owner(extension, person, people[person], room=rooms.get(person)) for person, extension in PEOPLE.items()
        ]
        beside = Setup(
            asterisk,
            calendars.url,
            owners,
            kind=calendars.kind,
            source=calendars.table,
            service=calendars.service,
            refresh=calendars.refresh,
            code=_to_david,
            tables=TABLES.format(host=asterisk.host, port=port, certificate=certificate, key=key, web=web),
        )
        gateway = await stack.enter_async_context(Gateway.start(folder / "gateway", beside))
        await gateway.command("organisation", "set", *NUMBERS)
        ami = await stack.enter_async_context(asterisk.observe())
        yield Stage(asterisk, calendars, gateway, ami, phones, certificate, f"http://127.0.0.1:{web}")


def _to_david(code: Code) -> Code:
    """Callers are told why and until when, and are led to David at 1004; only `UTE` works without a word."""
    treatment = Treatment(announce=code.key != "out", then=Behaviour.TARGET)
    return replace(code, internal=treatment, external=treatment, target="1004")


def _broken_dialplan(folder: Path) -> Path:
    """Return a copy of the dialplan that looks for what is planned and set where nothing is."""
    copy = folder / "broken-dialplan"
    copy.mkdir()
    texts = {file.name: file.read_text(encoding="utf-8") for file in DIALPLAN.glob("*.conf")}
    if not any(READS in text for text in texts.values()):
        raise RuntimeError(f"the dialplan has no {READS}: it cannot be broken")
    for name, text in texts.items():
        (copy / name).write_text(text.replace(READS, "DB_EXISTS(nowhere/"), encoding="utf-8")
    return copy


def played(log: Path, start: int) -> tuple[str, ...]:
    """Return the sounds that were opened since the log was so long."""
    with log.open("rb") as full:
        full.seek(start)
        text = full.read().decode(errors="replace")
    return tuple(Path(name).with_suffix("").as_posix() for name in re.findall(r"Playing '([^']+)'", text))


def words(sounds: tuple[str, ...]) -> str:
    """Return what our own sounds say, in words."""
    texts = {language: read_texts(texts_folder() / f"{language}.toml")[1] for language in ("sv", "de", "en")}
    spoken = []
    for sound in sounds:
        *_, language, name = ("", *sound.split("/")) if "/" in sound else ("", "", "")
        spoken.append(texts.get(language, {}).get(name, ""))
    return " ".join(word for word in spoken if word)


async def until(condition: Callable[[], object]) -> None:
    """Wait for what should come; a step then tells what was seen instead."""
    try:
        await process.until(condition, LISTEN, "")
    except process.Late:
        return
