"""Building the sounds, with somebody else speaking: what is made, what is kept, and that recordings are left alone."""

import asyncio
from pathlib import Path

import pytest

from gateway.cli.prompts import MARK, Built, Voice, build, read_texts, texts_folder
from gateway.domain.code import LANGUAGES
from gateway.errors import GiveUp, Misconfigured
from gateway.planning.usual import USUAL


class Speaker:
    """Writes the text itself in place of sound, and remembers it."""

    def __init__(self) -> None:
        self.said: list[tuple[str, str]] = []

    async def __call__(self, text: str, voice: Voice, sound: Path) -> None:
        """Speak."""
        self.said.append((voice.name, text))
        sound.write_text(text)


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    folder = tmp_path / "texts"
    folder.mkdir()
    for language in LANGUAGES:
        write_texts(folder / f"{language}.toml")
    return folder


def write_texts(path: Path, *, meeting: str = "in a meeting", voice: str = "") -> None:
    path.write_text(
        f'[voice]\nname = "{voice or path.stem}"\nwords_per_minute = 150\n[phrases]\nperson = "Somebody"\n'
        f'[reasons]\nmeeting = "{meeting}"\n[numbers]\nhour = ["nought", "one"]\nminute = ["one"]\n'
        'weekday = ["Monday"]\nday = ["first"]\nmonth = ["January"]\n'
    )


async def test_every_text_becomes_a_sound_and_the_second_time_nothing_is_spoken(tmp_path, texts):
    speaker = Speaker()
    assert await build(tmp_path / "out", texts=texts, speak=speaker) == Built(made=24, kept=0, recorded=0)
    assert {path.stem for path in (tmp_path / "out" / "sv").glob("*.wav")} == {
        "person", "reason-meeting", "hour-00", "hour-01", "minute-01", "weekday-1", "day-01", "month-01",
    }  # fmt: skip
    assert ("sv", "Somebody") in speaker.said
    speaker.said.clear()
    assert await build(tmp_path / "out", texts=texts, speak=speaker) == Built(made=0, kept=24, recorded=0)
    assert speaker.said == []


async def test_a_text_or_voice_that_changed_is_spoken_anew_and_no_other(tmp_path, texts):
    speaker = Speaker()
    await build(tmp_path / "out", texts=texts, speak=speaker)
    speaker.said.clear()
    write_texts(texts / "en.toml", meeting="with visitors")
    write_texts(texts / "de.toml", voice="de+f3")
    assert await build(tmp_path / "out", texts=texts, speak=speaker) == Built(made=9, kept=15, recorded=0)
    assert ("en", "with visitors") in speaker.said
    assert {voice for voice, _ in speaker.said} == {"en", "de+f3"}


async def test_a_recording_is_never_written_over(tmp_path, texts):
    await build(tmp_path / "out", texts=texts, speak=Speaker())
    replaced, new = tmp_path / "out" / "sv" / "person.wav", tmp_path / "out" / "de" / "reason-fair.wav"
    replaced.write_bytes(b"a voice that people know")
    new.write_bytes(b"another")
    write_texts(texts / "sv.toml", meeting="changed", voice="sv+f2")
    reasons = {"de": {"fair": "auf der Messe"}}
    assert await build(tmp_path / "out", texts=texts, speak=Speaker(), reasons=reasons) == Built(7, 16, 2)
    assert replaced.read_bytes() == b"a voice that people know"
    assert new.read_bytes() == b"another"


async def test_a_recording_that_is_taken_away_is_spoken_again(tmp_path, texts):
    await build(tmp_path / "out", texts=texts, speak=Speaker())
    (tmp_path / "out" / "sv" / "person.wav").unlink()
    assert (await build(tmp_path / "out", texts=texts, speak=Speaker())).made == 1


async def test_a_build_that_is_broken_off_leaves_nothing_that_looks_like_a_recording(tmp_path, texts):
    speaker, enough = Speaker(), asyncio.Event()

    async def slow(text: str, voice: Voice, sound: Path) -> None:
        await speaker(text, voice, sound)
        if len(speaker.said) > 9:
            enough.set()
            await asyncio.Event().wait()

    broken = asyncio.create_task(build(tmp_path / "out", texts=texts, speak=slow))
    await enough.wait()
    broken.cancel()
    with pytest.raises(asyncio.CancelledError):
        await broken
    assert not list((tmp_path / "out").glob("*/.new-*"))
    after = await build(tmp_path / "out", texts=texts, speak=Speaker())
    assert (after.recorded, after.made + after.kept) == (0, 24)
    assert after.kept >= 8


async def test_an_organisations_own_reasons_win_over_the_delivered(tmp_path, texts):
    reasons = {"sv": {"fair": "är på mässan", "meeting": "sammanträder"}}
    await build(tmp_path / "out", texts=texts, speak=Speaker(), reasons=reasons)
    sounds = tmp_path / "out" / "sv"
    assert (sounds / "reason-fair.wav").read_text() == "är på mässan"
    assert (sounds / "reason-meeting.wav").read_text() == "sammanträder"


@pytest.mark.parametrize("key", ["../../etc/passwd", "Mässa", "a b", "", "a\nb"])
async def test_a_reason_names_a_sound_and_no_other_file(tmp_path, texts, key):
    with pytest.raises(Misconfigured):
        await build(tmp_path / "out", texts=texts, speak=Speaker(), reasons={"sv": {key: "text"}})
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("text", ["", "[voice]\nname = 1", "not toml", "[voice]\nname='x'\nwords_per_minute='fast'"])
async def test_texts_that_cannot_be_used_are_named_by_their_file(tmp_path, texts, text):
    (texts / "de.toml").write_text(text)
    with pytest.raises(Misconfigured, match=r"de\.toml"):
        await build(tmp_path / "out", texts=texts, speak=Speaker())
    with pytest.raises(Misconfigured, match=r"sv\.toml"):
        await build(tmp_path / "out", texts=tmp_path / "nowhere", speak=Speaker())


async def test_progress_counts_up_to_all_sounds(tmp_path, texts):
    seen: list[tuple[int, int]] = []
    await build(tmp_path / "out", texts=texts, speak=Speaker(), progress=lambda done, of: seen.append((done, of)))
    assert seen == [(done, 24) for done in range(1, 25)]


async def test_a_folder_that_cannot_be_written_is_said(tmp_path, texts):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(GiveUp) as refused:
        await build(tmp_path / "out", texts=texts, speak=Speaker())
    assert refused.value.remedy


async def test_a_voice_that_fails_ends_the_build(tmp_path, texts):
    async def fails(text: str, voice: Voice, sound: Path) -> None:
        raise GiveUp("espeak-ng is not installed")

    with pytest.raises(GiveUp, match="espeak-ng"):
        await build(tmp_path / "out", texts=texts, speak=fails)
    assert (tmp_path / "out" / "sv" / MARK).read_text() == ""


def test_the_three_languages_have_the_same_sounds():
    named = {language: set(read_texts(texts_folder() / f"{language}.toml")[1]) for language in LANGUAGES}
    assert named["sv"] == named["de"] == named["en"] - {"am", "pm"}


def test_every_usual_code_has_a_spoken_reason():
    for language in LANGUAGES:
        _, texts = read_texts(texts_folder() / f"{language}.toml")
        for code in USUAL:
            assert texts[f"reason-{code.reason}"]


@pytest.mark.parametrize("key", ["sick", "vab"])
def test_what_is_nobodys_business_sounds_like_any_absence(key):
    for language in LANGUAGES:
        _, texts = read_texts(texts_folder() / f"{language}.toml")
        assert texts[f"reason-{key}"] == texts["reason-away"]
