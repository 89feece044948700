"""Codes and the organisation: what was put comes back, and no name means two things."""

from dataclasses import replace
from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.code import Availability, Behaviour, Code, Takes, Treatment
from gateway.domain.hours import WorkingHours
from gateway.domain.user import Mode, Organisation
from gateway.errors import Refused
from gateway.planning.usual import USUAL
from gateway.store import codes, organisation
from gateway.store.settings import StoreSettings
from gateway.store.store import Store

MEETING = Code(
    key="BOARD",
    names=("BRD", "STYR"),
    reason="meeting",
    texts={"sv": "Möte", "de": "Besprechung", "en": "Meeting"},
    internal=Treatment(False, Behaviour.RING),
    external=Treatment(True, Behaviour.VOICEMAIL),
    target="1004",
    shown=True,
    sensitive=True,
    availability=Availability.DO_NOT_DISTURB,
    digit="*7",
    takes=Takes.DATE,
    until_next_working=True,
)


async def test_a_code_comes_back_as_it_was_put_and_changed(store: Store) -> None:
    async with store.write() as rows:
        await codes.put(rows, MEETING)
        assert await codes.get(rows, "BOARD") == MEETING
        changed = replace(MEETING, names=("BRD",), target=None)
        await codes.put(rows, changed)
        assert [code for code in await codes.every(rows) if code.key == "BOARD"] == [changed]


@pytest.mark.parametrize(
    ("other", "said"), [({"names": ("X", "styr"), "digit": None}, "styr"), ({"names": ("X",)}, "digit")]
)
async def test_a_name_or_a_digit_of_another_code_is_refused(store: Store, other: dict[str, object], said: str) -> None:
    async with store.write() as rows:
        await codes.put(rows, MEETING)
        with pytest.raises(Refused, match=said):
            await codes.put(rows, replace(MEETING, key="OTHER", **other))  # type: ignore[arg-type]


async def test_a_new_database_has_the_usual_codes_and_a_changed_one_keeps_its_own(settings: StoreSettings) -> None:
    async with Store.open(settings) as store, store.write() as rows:
        assert await codes.every(rows) == USUAL
        for code in USUAL:
            await codes.remove(rows, code.key)
    async with Store.open(settings) as store, store.read() as rows:
        assert await codes.every(rows) == ()


async def test_a_code_can_be_removed(store: Store) -> None:
    async with store.write() as rows:
        await codes.put(rows, MEETING)
        assert await codes.remove(rows, "BOARD")
        assert await codes.get(rows, "BOARD") is None
        assert not await codes.remove(rows, "BOARD")


async def test_the_organisation_comes_back_as_it_was_put(store: Store) -> None:
    whole = Organisation(
        zone=ZoneInfo("Europe/Berlin"),
        language="de",
        hours=WorkingHours({2: ((time(9), time(15)),)}, "DE", "BY"),
        mode=Mode.SHOW_AS,
        marker="//",
        only_own=True,
        permitted=("1xxx", "070xxxxxxx"),
        operator="1000",
        through=("1004", "0701234567"),
        outside=("00*", "07xxxxxxxx"),
        grace=timedelta(minutes=5),
        dial_in={"sv": "08-123 45 67", "de": "030 1234567"},
    )
    async with store.write() as rows:
        assert not await organisation.written(rows)
        await organisation.put(rows, whole)
    async with store.read() as rows:
        assert await organisation.written(rows)
        assert await organisation.get(rows) == whole
