"""Builds the sounds that callers hear, one wav file per text in dialplan/prompts/<language>.toml.

espeak-ng speaks and sox makes it what Asterisk plays without conversion: 8 kHz, mono, 16 bit, silence cut off. A sound
is replaced by putting a recording in its place; what was not made here is never written over. To tell, `.built` in each
language's folder has a line `<sha256 of the sound> <made of> <name>` for every sound made; it is written before the
sound, so that a build that is broken off leaves nothing that would look like a recording.
"""

import asyncio
import hashlib
import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.domain.code import LANGUAGES, Language
from gateway.errors import GiveUp, Misconfigured

RECIPE = "1"  # part of what a sound is made of: another number builds all of them anew
MARK = ".built"
FIRST = {"hour": 0, "minute": 1, "weekday": 1, "day": 1, "month": 1}  # the number of each list's first text
FORMAT = ("-r", "8000", "-c", "1", "-b", "16")
TRIM = ("silence", "1", "0.02", "0.1%", "reverse", "silence", "1", "0.02", "0.1%", "reverse", "pad", "0.03", "0.08")
TONE = ("synth", "0.4", "sine", "880", "fade", "0.02", "0.4", "0.02", "gain", "-6")
INSTALL = "install them: apt-get install espeak-ng sox"


@dataclass(frozen=True, slots=True)
class Voice:
    """How espeak-ng speaks: `name` as in `espeak-ng --voices`."""

    name: str
    words_per_minute: int


@dataclass(frozen=True, slots=True)
class Built:
    """Numbers of sounds: `made` now, `kept` from an earlier build, `recorded` by somebody and left alone."""

    made: int
    kept: int
    recorded: int


Speak = Callable[[str, Voice, Path], Awaitable[None]]
Progress = Callable[[int, int], None]  # done, of


def dialplan_folder() -> Path:
    """Return the folder of what goes into a PBX: as installed with the program, or in a checkout."""
    installed = Path(sys.prefix) / "share" / "ringplan" / "dialplan"
    checkout = Path(__file__).parents[2] / "dialplan"
    return checkout if checkout.is_dir() else installed


def texts_folder() -> Path:
    """Return the folder of the texts."""
    return dialplan_folder() / "prompts"


def read_texts(path: Path) -> tuple[Voice, dict[str, str]]:
    """Return the voice and the text of every sound by its name. Raises `Misconfigured`, naming file and key."""
    try:
        read = tomllib.loads(path.read_text(encoding="utf-8"))
        voice = Voice(str(read["voice"]["name"]), int(read["voice"]["words_per_minute"]))
        texts = {name: str(text) for name, text in read["phrases"].items()}
        texts |= {f"reason-{key}": str(text) for key, text in read["reasons"].items()}
        for kind, first in FIRST.items():
            width = 1 if kind == "weekday" else 2
            texts |= {f"{kind}-{number:0{width}}": text for number, text in enumerate(read["numbers"][kind], first)}
    except OSError as error:
        raise Misconfigured(f"{path} cannot be read: {error.strerror}", "name the folder of the texts") from error
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise Misconfigured(f"{path} is not a list of texts: {error}", "compare it with the one delivered") from error
    return voice, texts


async def build(
    into: Path,
    *,
    reasons: Mapping[Language, Mapping[str, str]] | None = None,
    texts: Path | None = None,
    progress: Progress = lambda done, of: None,
    speak: Speak | None = None,
) -> Built:
    """Build every sound that is missing or out of date in `into`/<language>/ (Asterisk's sounds/ringplan).

    `reasons` are an organisation's own, by language and key (`[a-z0-9_]+`), and win over the delivered ones. Raises
    `Misconfigured` for unusable texts or keys and `GiveUp` where espeak-ng or sox is missing or fails.
    """
    work: list[tuple[Path, str, Voice]] = []
    for language in LANGUAGES:
        voice, named = read_texts((texts or texts_folder()) / f"{language}.toml")
        for key, text in (reasons or {}).get(language, {}).items():
            if not re.fullmatch("[a-z0-9_]+", key):
                raise Misconfigured(f"reason {key!r} cannot name a sound", "use a to z, 0 to 9 and _ only")
            named[f"reason-{key}"] = text
        work += [(into / language / f"{name}.wav", text, voice) for name, text in named.items()]
    return await _Work(speak or speak_with_espeak, progress, len(work)).run(work)


async def speak_with_espeak(text: str, voice: Voice, sound: Path) -> None:
    """Speak `text` into the wav file `sound`; an empty text is a tone. Raises `GiveUp`."""
    if not text:
        await _run("sox", "-n", *FORMAT, str(sound), *TONE)
        return
    raw = sound.with_suffix(".raw.wav")
    pace = str(voice.words_per_minute)
    await _run("espeak-ng", "-v", voice.name, "-s", pace, "-b", "1", "-w", str(raw), "--stdin", given=text)
    await _run("sox", "-V1", str(raw), *FORMAT, str(sound), "norm", "-3", *TRIM)


async def _run(program: str, *arguments: str, given: str = "") -> None:
    pipe = asyncio.subprocess.PIPE
    try:
        process = await asyncio.create_subprocess_exec(program, *arguments, stdin=pipe, stdout=pipe, stderr=pipe)
    except FileNotFoundError as error:
        raise GiveUp(f"{program} is not installed", INSTALL) from error
    try:
        _, said = await process.communicate(given.encode())
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise GiveUp(f"{program} failed: {said.decode(errors='replace').strip()}", INSTALL)


class _Work:
    """One build: `made_before` maps each folder's sounds to what they were made of, by the sounds' own hashes."""

    def __init__(self, speak: Speak, progress: Progress, of: int) -> None:
        self.speak, self.progress, self.of = speak, progress, of
        self.made = self.kept = self.recorded = 0
        self.made_before: dict[Path, dict[tuple[str, str], str]] = {}

    async def run(self, work: list[tuple[Path, str, Voice]]) -> Built:
        for folder in {sound.parent for sound, _, _ in work}:
            _ready(folder)
            self.made_before[folder] = _read_marks(folder / MARK)
        at_once = asyncio.Semaphore(os.cpu_count() or 1)
        failed: Exception | None = None
        try:
            async with asyncio.TaskGroup() as tasks:
                for sound, text, voice in work:
                    tasks.create_task(self._one(sound, text, voice, at_once), name=f"prompt {sound.name}")
        except* GiveUp as several:
            failed = several.exceptions[0]
        if failed is not None:  # raised up there, Python 3.11.2 would put it into a group
            raise failed
        return Built(self.made, self.kept, self.recorded)

    async def _one(self, sound: Path, text: str, voice: Voice, at_once: asyncio.Semaphore) -> None:
        async with at_once:
            made_of = _hash(f"{RECIPE}\n{voice}\n{text}".encode())
            there = _hash_of(sound)
            before = self.made_before[sound.parent].get((sound.name, there or ""))
            if there is not None and before is None:
                self.recorded += 1
            elif before == made_of:
                self.kept += 1
            else:
                await self._make(sound, text, voice, made_of)
                self.made += 1
            self.progress(self.made + self.kept + self.recorded, self.of)

    async def _make(self, sound: Path, text: str, voice: Voice, made_of: str) -> None:
        with tempfile.TemporaryDirectory(prefix=".new-", dir=sound.parent) as folder:
            new = Path(folder) / sound.name
            await self.speak(text, voice, new)
            _put(new, sound, made_of)


def _ready(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / MARK).open("a"):
            pass
    except OSError as error:
        remedy = "name a folder that can be written, or run it as the user who owns Asterisk's sounds"
        raise GiveUp(f"{folder} cannot be written: {error.strerror}", remedy) from error


def _put(new: Path, sound: Path, made_of: str) -> None:
    with (sound.parent / MARK).open("a", encoding="utf-8") as marks:
        marks.write(f"{_hash(new.read_bytes())} {made_of} {sound.name}\n")
    new.chmod(0o644)
    new.replace(sound)


def _read_marks(path: Path) -> dict[tuple[str, str], str]:
    """Return what each sound was made of, by its name and the hash of its content."""
    lines = (line.split() for line in path.read_text(encoding="utf-8").splitlines())
    return {(parts[2], parts[0]): parts[1] for parts in lines if len(parts) == 3}


def _hash_of(sound: Path) -> str | None:
    return _hash(sound.read_bytes()) if sound.exists() else None


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
