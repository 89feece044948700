"""Working hours as they are written: read back they are the same."""

from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.deciding.hours import read_week, write_week
from gateway.errors import Misconfigured

SPANS = (
    st.tuples(st.times(), st.times())
    .map(lambda two: (two[0].replace(second=0, microsecond=0), two[1]))
    .map(lambda two: (two[0], two[1].replace(second=0, microsecond=0)))
)
USABLE = SPANS.filter(lambda span: span[0] != span[1] or span[0] == time())
WEEKS = st.dictionaries(st.integers(0, 6), st.lists(USABLE, min_size=1, max_size=3).map(tuple))


@given(WEEKS)
def test_what_is_written_is_read_as_it_was(week: dict[int, tuple[tuple[time, time], ...]]) -> None:
    assert read_week(write_week(week)) == dict(sorted(week.items()))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("mon-fri 8:00-17:00", "mon-fri 08:00-17:00"),
        ("MON 08:00-17:00;tue 08:00-17:00 ; ", "mon-tue 08:00-17:00"),
        ("mon-sun 00:00-00:00", "mon-sun 00:00-00:00"),
        ("none", "none"),
    ],
)
def test_forms_that_are_understood(text: str, written: str) -> None:
    assert write_week(read_week(text)) == written


@pytest.mark.parametrize(
    "text",
    ["", "mon", "mon 8-17", "mon 08:00-08:00", "mon 25:00-26:00", "fri-mon 08:00-17:00", "day 08:00-17:00",
     "mon 08:00-12:00; mon-tue 13:00-17:00"],
)  # fmt: skip
def test_forms_that_are_not(text: str) -> None:
    with pytest.raises(Misconfigured) as refused:
        read_week(text)
    assert "mon-fri 08:00" in refused.value.remedy
