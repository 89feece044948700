"""Hostile answers of Autodiscover: the reader raises its own error alone, or passes on what is plain."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.sources.ews.discovery import autodiscover
from gateway.sources.ews.discovery.autodiscover import PATHS, Settings, Unreadable, led, site, web
from tests.fakes.exchange.places import action, json, pox_error, protocol, soap, user

OUT, IN = "https://mail.example.com/EWS/Exchange.asmx", "https://in.example.com/EWS/Exchange.asmx"


class TestAddressesOfTheWeb:
    @pytest.mark.parametrize(
        ("url", "plain"),
        [
            (" HTTPS://Mail.Example.COM/EWS/Exchange.asmx\n", OUT),
            ("https://a.test:8443/x?y=1", "https://a.test:8443/x?y=1"),
            ("https://[::1]:443/x", "https://[::1]:443/x"),
            ("https://xn--exmple-cua.se/x", "https://xn--exmple-cua.se/x"),
            ("https://a.test", "https://a.test/"),
            ("https://a.test?x=1", "https://a.test/?x=1"),
            ("http://a.test/", None),
            ("ftp://a.test/", None),
            ("file:///etc/passwd", None),
            ("javascript:alert(1)", None),
            ("//a.test/", None),
            ("/EWS/Exchange.asmx", None),
            ("", None),
            ("https://", None),
            ("https:///x", None),
            ("https://anna:secret@a.test/", None),
            ("https://anna@a.test/", None),
            ("https://exämple.se/", None),
            ("https://a.test/ä", None),
            ("https://a.test/ x", None),
            ("https://a.test\\@b.test/", None),
            ("https://a.test/\r\nX: y", None),
            ("https://a.test/#x", None),
            ("https://a.test:port/", None),
            ("https://a.test:99999/", None),
            ("https://[::1/", None),
            ("https://-a.test/", None),
            ("https://a..test/", None),
            (f"https://{'a' * 64}.test/", None),
            ("https://a.test/" + "x" * 1000, None),
        ],
    )
    def test_only_plain_ones_are_passed_on(self, url, plain):
        assert web(url) == plain

    @given(st.text() | st.from_regex(r"https://[^\s]*", fullmatch=True))
    def test_anything_else_is_none_and_what_is_one_stays_one(self, text):
        plain = web(text)
        if plain is not None:
            assert plain.startswith("https://")
            assert web(plain) == plain
            assert "@" not in site(plain)

    @given(st.text())
    def test_a_location_is_one_or_none(self, text):
        to = led("https://a.test/x", text)
        assert to is None or web(to) == to


class TestAnything:
    BODIES = (
        soap(user(ExternalEwsUrl=OUT, InternalEwsUrl=IN), user("RedirectUrl", OUT)).body,
        action("settings", protocol(OUT) + protocol(IN, "EXCH")).body,
        pox_error(600).body,
        json(OUT).body,
    )

    @staticmethod
    def check(body: bytes) -> None:
        for form in PATHS:
            try:
                told = autodiscover.read(form, body)
            except Unreadable:
                continue
            if isinstance(told, Settings):
                assert all(web(url) == url for url in told.urls)
                assert (told.group + told.address).isprintable()

    @given(st.binary(max_size=300))
    def test_bytes(self, body):
        self.check(body)

    @given(st.sampled_from(BODIES), st.integers(0, 2000), st.binary(max_size=40), st.integers(0, 100))
    def test_an_answer_that_was_tampered_with(self, body, at, put, cut):
        self.check(body[:at] + put + body[at + cut :])

    @given(st.text(), st.text(), st.text(), st.text())
    def test_texts_in_every_place(self, url, group, address, code):
        def plain(text: str) -> str:
            kept = "".join(c for c in text if c.isprintable() and c not in "<>&")
            return kept.encode("utf-8", "ignore").decode()

        url, group, address, code = map(plain, (url, group, address, code))
        self.check(soap(user(code, url, ExternalEwsUrl=url, GroupingInformation=group)).body)
        self.check(soap(user(ExternalEwsUrl=OUT, GroupingInformation=group, AutoDiscoverSMTPAddress=address)).body)
        self.check(
            action("settings", protocol(url, "EXPR", f"<GroupingInformation>{group}</GroupingInformation>")).body
        )
        self.check(action("redirectAddr", f"<RedirectAddr>{address}</RedirectAddr>").body)

    @pytest.mark.parametrize(
        "body",
        [
            b"<a>" * 130_000 + b"</a>" * 130_000,
            b'<a xmlns="b">' * 70_000,
            b"<a " + b" ".join(b'b%d="c"' % n for n in range(90_000)) + b"/>",
            b"<a>" + b"<b/>" * 250_000 + b"</a>",
        ],
    )
    def test_a_mebibyte_of_depth_or_breadth(self, body):
        began = time.thread_time()  # without what others take of a busy machine
        self.check(body)
        assert time.thread_time() - began < 1.0  # read at once, it takes the event loop's time
