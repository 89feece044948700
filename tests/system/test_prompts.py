"""Building the sounds with espeak-ng and sox: what Asterisk plays without conversion, and soon done."""

import time
import wave
from pathlib import Path

import pytest

from gateway.cli.prompts import Voice, build, speak_with_espeak
from gateway.errors import GiveUp


async def test_all_sounds_are_8_khz_mono_and_have_something_to_say(tmp_path):
    built = await build(tmp_path)
    assert built.made > 450
    for path in tmp_path.glob("*/*.wav"):
        with wave.open(str(path)) as sound:
            assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (8000, 1, 2)
            assert 0.15 < sound.getnframes() / 8000 < 15, path
            frames = memoryview(sound.readframes(sound.getnframes())).cast("h")
        assert max(frames) > 5000, path
    before = time.monotonic()
    assert (await build(tmp_path)).made == 0
    assert time.monotonic() - before < 30


async def test_a_text_is_spoken_never_run(tmp_path):
    sound = tmp_path / "x.wav"
    await speak_with_espeak("-v de $(touch ran) `touch ran` --help\n", Voice("sv", 150), sound)
    assert sound.stat().st_size > 10_000
    assert not Path("ran").exists()


async def test_a_sound_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(GiveUp, match=r"espeak-ng|sox"):
        await speak_with_espeak("text", Voice("sv", 150), tmp_path / "nowhere" / "x.wav")


async def test_a_program_that_is_missing_is_named_with_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(GiveUp, match="espeak-ng is not installed") as refused:
        await build(tmp_path / "out")
    assert "apt-get install espeak-ng sox" in refused.value.remedy
