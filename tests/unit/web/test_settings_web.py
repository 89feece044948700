"""The table `[web]`: what it must say, and who is served."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gateway.web.settings import WebSettings

TLS = {"certificate": Path("a.pem"), "key": Path("a.key")}
URL = {"url": "https://portal.example.org"}


@pytest.mark.parametrize(
    "table",
    [
        {},
        {"port": 8080, "url": "http://localhost:8080"},
        {"address": "10.0.0.1", **TLS, **URL},
        {"address": "::", "proxies": ["10.0.0.0/8"], **URL},
        {"address": "::", **TLS, **URL},
    ],
)
def test_these_can_be(table: dict[str, Any]):
    WebSettings(**table)


@pytest.mark.parametrize(
    "table",
    [
        {"address": "10.0.0.1"},
        {"address": "::", **TLS},
        {"proxies": ["127.0.0.1/32"]},
        {"certificate": Path("a.pem")},
        {**TLS, "proxies": ["10.0.0.0/8"], **URL},
        {**TLS, "url": "http://portal.example.org"},
        {"url": "portal.example.org"},
        {"url": "https://portal.example.org/ringplan"},
        {"url": "https://me@portal.example.org"},
        {"url": "https://portal.example.org:x"},
        {"port": 0},
        {"idle": 4},
        {"unknown": 1},
    ],
)
def test_these_cannot(table: dict[str, Any]):
    with pytest.raises(ValidationError):
        WebSettings(**table)


@pytest.mark.parametrize(
    ("table", "hosts"),
    [
        ({}, {"127.0.0.1:8480", "localhost:8480"}),
        ({"port": 80}, {"127.0.0.1", "127.0.0.1:80", "localhost:80"}),
        ({"url": "https://Portal.example.org"}, {"portal.example.org", "portal.example.org:443"}),
        ({"url": "https://portal.example.org:443"}, {"portal.example.org", "portal.example.org:443"}),
        ({"url": "https://portal.example.org:8443"}, {"portal.example.org:8443"}),
        ({"address": "::1"}, {"[::1]:8480", "localhost:8480"}),
    ],
)
def test_requests_name_the_host_that_people_type(table: dict[str, Any], hosts: set[str]):
    assert WebSettings(**table).hosts == hosts


def test_only_proxies_of_ours_are_trusted():
    settings = WebSettings(proxies=("10.0.0.0/8", "fd00::/8"), **URL)
    assert [settings.trusts(one) for one in ("10.1.2.3", "fd00::1", "192.0.2.1", "::1")] == [True, True, False, False]
