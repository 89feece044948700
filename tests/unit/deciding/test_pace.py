"""How often something is read: as it is given, and as it is told."""

import pytest

from gateway.deciding.pace import pace, paced
from gateway.errors import Misconfigured


@pytest.mark.parametrize(
    ("given", "seconds", "told"),
    [
        ("90", 90, "each 90 s"),
        ("15m", 900, "each 15 min"),
        ("15 min", 900, "each 15 min"),
        ("2h", 7200, "each 2 h"),
        ("Off", None, "only by ringplan sync"),
        ("86400", 86400, "each 24 h"),
    ],
)
def test_what_is_given_is_told(given, seconds, told):
    assert pace("--refresh", given) == seconds
    assert paced(seconds) == told


@pytest.mark.parametrize("given", ["", "9", "25h", "m", "-5m", "1.5h", "٩٠", "never", "1440 m 1"])
def test_no_time_is_refused(given):
    with pytest.raises(Misconfigured, match="no time between"):
        pace("--refresh", given)
