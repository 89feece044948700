"""An Asterisk for star codes: with every sound, the codes where phones dial, and lamps where they subscribe."""

import wave
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.cli.prompts import Voice, build
from peers.asterisk import Asterisk, Setup
from tests.system.dialplan.conftest import beep

CODES = """
[internal](+)
include => ringplan-codes
include => ringplan-hints
"""
LONG = 3  # seconds, of what is said first: long enough for another call meanwhile


@pytest.fixture(scope="session", params=["22", pytest.param("16", marks=pytest.mark.soak)])
async def exchange(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asterisk]:
    """An Asterisk of each version, with phones 1001 to 1040; 1039 and 1040 are members of the queue 6000."""
    folder = tmp_path_factory.mktemp("exchange")
    await build(folder / "sounds", speak=confirm)
    setup = Setup(version=request.param, sounds=folder / "sounds", extra=CODES)
    async with Asterisk.start(folder / "state", setup) as asterisk:
        yield asterisk


async def confirm(text: str, voice: Voice, sound: Path) -> None:
    """Write a short tone instead of words, but for the beginning of a confirmation, which takes its time."""
    await beep(text, voice, sound)
    if sound.name.startswith("hand-set"):
        with wave.open(str(sound), "wb") as wav:
            wav.setparams((1, 2, 8000, 0, "NONE", ""))
            wav.writeframes(b"\x00\x10\x00\xf0" * (LONG * 4000))
