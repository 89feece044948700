"""What Retry-After means (RFC 9110 section 10.2.3)."""

import pytest

from gateway.net.patience import after

DATE = "Sat, 21 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Sat, 21 Nov 2026 10:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 09:00:00 GMT", 0.0),
        ("99999999999999", 86400.0),
        ("²", None),
        ("-1", None),
        ("soon", None),
        ("", None),
    ],
)
def test_how_long_a_server_is_left_alone(value, seconds):
    assert after(value, DATE) == seconds


def test_a_date_means_nothing_without_the_servers_own():
    assert after("Sat, 21 Nov 2026 10:00:30 GMT") is None
