"""Which addresses are followed: our password goes to nobody who was not named."""

import httpx
import pytest

from gateway.errors import GiveUp
from gateway.sources.caldav.client import redirected
from gateway.sources.caldav.discovery import named


@pytest.mark.parametrize(
    ("at", "to", "leads"),
    [
        ("https://a.test/x", "/y/", "https://a.test/y/"),
        ("https://a.test/x", "y", "https://a.test/y"),
        ("http://a.test/x", "https://a.test/y", "https://a.test/y"),
        ("https://a.test/x", "https://a.test:8443/y", "https://a.test:8443/y"),
        ("https://a.test/x", "http://a.test/y", None),
        ("https://a.test/x", "https://b.test/y", None),
        ("http://a.test/x", "http://a.test:8080/y", None),
        ("https://a.test/x", "//b.test/y", None),
        ("https://a.test/x", "", None),
        ("https://a.test/x", "https://[::1", None),
    ],
)
def test_where_a_redirect_may_lead(at, to, leads):
    if leads is None:
        with pytest.raises(GiveUp):
            redirected(httpx.URL(at), to)
    else:
        assert str(redirected(httpx.URL(at), to)) == leads


@pytest.mark.parametrize(
    ("at", "to", "leads"),
    [
        ("https://a.test:8443/x", "/home/", "https://a.test:8443/home/"),
        ("https://a.test:8443/x", "http://a.test/home/", "https://a.test:8443/home/"),
        ("https://a.test/x", "https://p01.a.test/home/", "https://p01.a.test/home/"),
        ("http://a.test/x", "http://b.test/home/", None),
        ("https://a.test/x", "http://b.test/home/", None),
        ("https://a.test/x", "https://[::1", None),
    ],
)
def test_where_a_server_may_say_that_calendars_are(at, to, leads):
    if leads is None:
        with pytest.raises(GiveUp):
            named(httpx.URL(at), to)
    else:
        assert str(named(httpx.URL(at), to)) == leads
