"""The three forms of Autodiscover: what is asked, and what is made of any answer."""

import pytest
from defusedxml.ElementTree import fromstring

from gateway.sources.ews.discovery import autodiscover
from gateway.sources.ews.discovery.autodiscover import (
    MOST_URLS,
    Elsewhere,
    Failed,
    Renamed,
    Settings,
    Unreadable,
    like,
    read_json,
    read_pox,
    read_soap,
)
from tests.fakes.exchange.places import POX, SOAP, action, json, pox, pox_error, protocol, soap, user

OUT, IN = "https://mail.example.com/EWS/Exchange.asmx", "https://in.example.com/EWS/Exchange.asmx"


class TestWhatIsAsked:
    def test_soap_of_several_users(self):
        root = fromstring(autodiscover.soap(["anna@example.com", "<b>&@example.com"], "https://a.test/x?a&b"))
        assert [one.text for one in root.iter(f"{{{SOAP}}}Mailbox")] == ["anna@example.com", "<b>&@example.com"]
        assert [one.text for one in root.iter(f"{{{SOAP}}}Setting")] == [
            "ExternalEwsUrl",
            "InternalEwsUrl",
            "AutoDiscoverSMTPAddress",
        ]
        header = root.find("{http://schemas.xmlsoap.org/soap/envelope/}Header")
        assert header is not None
        assert [one.text for one in header] == [
            "Exchange2010",
            f"{SOAP}/Autodiscover/GetUserSettings",
            "https://a.test/x?a&b",
        ]

    def test_soap_of_groups(self):
        root = fromstring(autodiscover.soap(["anna@example.com"], "https://a.test/", groups=True))
        assert [one.text for one in root.iter(f"{{{SOAP}}}Setting")] == ["GroupingInformation"]
        assert root.findtext(f".//{{{SOAP}}}RequestedServerVersion") == "Exchange2013"

    def test_pox(self):
        root = fromstring(autodiscover.pox("<a>&@example.com"))
        space = "{http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006}"
        assert root.tag == f"{space}Autodiscover"
        assert root.findtext(f"{space}Request/{space}EMailAddress") == "<a>&@example.com"
        assert (root.findtext(f"{space}Request/{space}AcceptableResponseSchema") or "").endswith("responseschema/2006a")

    def test_json(self):
        assert autodiscover.json_paths("o'neil+x/?#&@example.com") == (
            "/autodiscover/autodiscover.json?Email=o%27neil%2Bx%2F%3F%23%26%40example.com&Protocol=EWS",
            "/autodiscover/autodiscover.json/v1.0/o%27neil%2Bx%2F%3F%23%26@example.com?Protocol=EWS",
        )

    @pytest.mark.parametrize(
        ("form", "url", "becomes"),
        [
            ("svc", "https://a.test/Autodiscover/Autodiscover.xml", "https://a.test/Autodiscover/Autodiscover.svc"),
            ("xml", "https://a.test/autodiscover/autodiscover.SVC", "https://a.test/autodiscover/autodiscover.xml"),
            ("svc", "https://a.test/elsewhere", "https://a.test/elsewhere"),
            ("json", "https://a.test/a.xml", "https://a.test/a.xml"),
        ],
    )
    def test_redirects_are_followed_in_the_form_that_asked(self, form, url, becomes):
        assert like(form, url) == becomes


class TestSoap:
    def test_settings(self):
        told = user(
            ExternalEwsUrl=OUT, InternalEwsUrl=IN, GroupingInformation="Site-1", AutoDiscoverSMTPAddress="A@b.test"
        )
        assert read_soap(soap(told).body) == (Settings((OUT, IN), "Site-1", "A@b.test"),)

    def test_each_user_is_told_of_in_turn(self):
        body = soap(
            user(ExternalEwsUrl=OUT, InternalEwsUrl=OUT),
            user("InvalidUser"),
            user("RedirectAddress", "anna@moved.test"),
            user("RedirectUrl", "https://b.test/autodiscover/autodiscover.svc"),
            user("RedirectUrl", "http://b.test/"),
            user("RedirectAddress", "no address"),
            user("Ill-mannered &lt;b&gt;"),
        ).body
        assert read_soap(body) == (
            Settings((OUT,)),
            Failed("InvalidUser"),
            Renamed("anna@moved.test"),
            Elsewhere("https://b.test/autodiscover/autodiscover.svc"),
            Elsewhere(""),
            Renamed(""),
            Failed("?"),
        )

    def test_a_hundred_users_with_all_that_may_be_wrong_with_them(self):
        wrong = "<UserSettingError><ErrorCode>InvalidSetting</ErrorCode><SettingName>x</SettingName></UserSettingError>"
        one = user(ExternalEwsUrl=OUT, InternalEwsUrl=IN, AutoDiscoverSMTPAddress="a@b.test").replace(
            "<UserSettings>", f"<UserSettingErrors>{wrong * 3}</UserSettingErrors><UserSettings>"
        )
        assert len(read_soap(soap(*[one] * 100).body)) == 100

    def test_a_request_that_is_refused_as_a_whole(self):
        assert read_soap(soap(code="ServerBusy").body) == (Failed("ServerBusy"),)

    def test_a_prefix_is_no_matter_and_a_namespace_is(self):
        body = soap(user(ExternalEwsUrl=OUT)).body
        assert read_soap(
            body.replace(b"<s:", b"<soap:").replace(b"</s:", b"</soap:").replace(b"xmlns:s", b"xmlns:soap")
        )
        with pytest.raises(Unreadable):
            read_soap(body.replace(b"http://schemas.microsoft.com", b"https://schemas.microsoft.com"))


class TestPox:
    def test_settings_of_the_outside_come_before_those_of_the_inside(self):
        inside = protocol(IN, "EXCH") + protocol(OUT, "EXPR", "<GroupingInformation>Site-1</GroupingInformation>")
        assert read_pox(action("settings", inside).body) == Settings((OUT, IN), "Site-1")

    def test_of_exchange_2007(self):
        """Without EwsUrl: ASUrl is what it is called in "POX Autodiscover response for Exchange"."""
        inside = (
            f"<Protocol><Type>EXCH</Type><ASUrl>{IN}</ASUrl></Protocol><Protocol><Type>EXPR</Type><ASUrl>{OUT}</ASUrl>"
            "</Protocol><Protocol><Type>WEB</Type><External/></Protocol>"
        )
        assert read_pox(action("settings", inside).body) == Settings((OUT, IN))

    def test_of_a_server_without_outlook_anywhere(self):
        """By MS-OXDSCLI section 4.4: the urls lie in WEB, and what else there is has no Type."""
        inside = (
            '<Protocol Type="mapiHttp" Version="1"><MailStore/></Protocol><Protocol><Type>WEB</Type>'
            f"<External><Protocol><Type>EXPR</Type><ASUrl>{OUT}</ASUrl></Protocol></External>"
            f"<Internal><Protocol><Type>EXCH</Type><ASUrl>{IN}</ASUrl></Protocol></Internal></Protocol>"
        )
        assert read_pox(action("settings", inside).body) == Settings((OUT, IN))

    def test_of_gromox(self):
        """3.10 names its url in EXHTTP and EXCH, with the type after other elements, and none in EXPR."""
        inside = (
            f"<Protocol><OOFUrl>{OUT}</OOFUrl><Type>EXHTTP</Type><ASUrl>{OUT}</ASUrl><EwsUrl>{OUT}</EwsUrl></Protocol>"
            f"<Protocol><Type>EXCH</Type><EwsUrl>{OUT}</EwsUrl></Protocol><Protocol><Type>EXPR</Type></Protocol>"
        )
        assert read_pox(action("settings", inside).body) == Settings((OUT,))

    def test_primary_address(self):
        body = pox(
            "<User><AutoDiscoverSMTPAddress>main@example.com</AutoDiscoverSMTPAddress></User>"
            f"<Account><Action>settings</Action>{protocol(OUT)}</Account>"
        ).body
        assert read_pox(body) == Settings((OUT,), address="main@example.com")

    def test_redirects(self):
        url = action("redirectUrl", "<RedirectUrl>https://b.test/autodiscover/autodiscover.xml</RedirectUrl>")
        assert read_pox(url.body) == Elsewhere("https://b.test/autodiscover/autodiscover.xml")
        address = action("redirectAddr", "<RedirectAddr>anna@moved.test</RedirectAddr>")
        assert read_pox(address.body) == Renamed("anna@moved.test")

    def test_errors_stand_in_either_namespace(self):
        assert read_pox(pox_error(600).body) == Failed("600")
        assert read_pox(pox("<Error><ErrorCode>500</ErrorCode></Error>").body) == Failed("500")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"<html></html>",
            b"<Autodiscover/>",
            f'<Autodiscover xmlns="{POX}"/>'.encode(),
            pox("").body,
            pox("<Account/>", POX).body,
            action("settings", protocol(OUT)).body[:-20],
            b'<!DOCTYPE a [<!ENTITY b "c">]>' + action("settings", protocol(OUT)).body,
            b'<!DOCTYPE a SYSTEM "http://evil.test/a.dtd">' + action("settings", protocol(OUT)).body,
            action("settings", protocol("&b;")).body,
            b'<?xml version="1.0" encoding="no-such"?>' + action("settings").body,
        ],
    )
    def test_what_is_no_answer(self, body):
        with pytest.raises(Unreadable):
            read_pox(body)

    def test_too_many_urls(self):
        many = "".join(protocol(f"https://a{n}.test/EWS/Exchange.asmx") for n in range(1000))
        told = read_pox(action("settings", many).body)
        assert isinstance(told, Settings)
        assert len(told.urls) == MOST_URLS


class TestJson:
    def test_settings(self):
        assert read_json(json(OUT).body) == Settings((OUT,))
        assert read_json(f'{{"Protocol":"Ews","Url":"{OUT}"}}'.encode()) == Settings((OUT,))
        assert read_json(b"\xef\xbb\xbf" + json(OUT).body) == Settings((OUT,))

    def test_a_url_of_another_protocol_is_none(self):
        with pytest.raises(Unreadable):
            read_json(f'{{"Protocol":"ActiveSync","Url":"{OUT}"}}'.encode())

    def test_error(self):
        assert read_json(b'{"ErrorCode":"UserNotFound","ErrorMessage":"anna@example.com"}') == Failed("UserNotFound")

    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b"null",
            b"[]",
            b"{}",
            b'{"Url":""}',
            b'{"Url":{}}',
            b"{" * 500_000,
            b"[" * 500_000,
            b'{"a":' * 200_000,
            b"9" * 500_000,
            b"\xff",
            b"<html>",
        ],
    )
    def test_what_is_no_answer(self, body):
        with pytest.raises(Unreadable):
            read_json(body)

    def test_a_url_with_a_query_or_without_tls_is_none(self):
        for url in (f"{OUT}?x=1", OUT.replace("https", "http"), "https://a:b@mail.example.com/"):
            assert read_json(json(url).body) == Settings(())
