"""Finding an Exchange server in an internet that is a table: who is asked what, in which order, who is believed."""

from zoneinfo import ZoneInfo

import pytest

from gateway.domain.mailbox import Mailbox
from gateway.errors import GiveUp, RetryLater, SignInAgain, Unreachable
from gateway.net.services import Service
from gateway.sources.ews.discovery import search
from gateway.sources.ews.discovery.autodiscover import Endpoint
from gateway.sources.ews.discovery.discovery import Discovery
from gateway.sources.ews.discovery.fetch import Answer
from gateway.sources.ews.discovery.search import Astray
from gateway.sources.ews.settings import EwsSettings
from tests.fakes.exchange.places import Internet, action, host, json, moved, pox_error, protocol, soap, user

EWS, INSIDE = "https://mail.example.com/EWS/Exchange.asmx", "https://in.example.com/EWS/Exchange.asmx"
AUTO, BARE = "https://autodiscover.example.com", "https://example.com"
HTTP = "http://autodiscover.example.com/autodiscover/autodiscover.xml"
SVC, XML, JSON = (f"/autodiscover/autodiscover.{form}" for form in ("svc", "xml", "json"))
THERE, NOT_THERE, LOCKED = Answer(401), Answer(404), Answer(401)
ONLINE = ("outlook.office365.com", "autodiscover-s.outlook.com", "autodiscover.firm.mail.onmicrosoft.com")
WRONG = SignInAgain("refused user name or password")


def mailbox(number: int = 1, address: str = "anna@example.com") -> Mailbox:
    return Mailbox(number, number, 1, address, frozenset({address}), ZoneInfo("Europe/Stockholm"))


@pytest.fixture(autouse=True)
def srv(monkeypatch) -> list[Service]:
    """The SRV records of example.com: none, unless a test adds some."""
    records: list[Service] = []

    async def services(domain, name, _resolver=None):
        assert name == "autodiscover"
        return tuple(records) if domain == "example.com" else ()

    monkeypatch.setattr(search, "services", services)
    return records


def discovery(internet: Internet, **settings) -> Discovery:
    return Discovery(EwsSettings(**settings), internet.fetch)


async def test_a_url_in_the_settings_needs_no_request():
    internet = Internet()
    found = discovery(internet, url="https://mail.example.com")
    assert await found.endpoint(mailbox()) == Endpoint(EWS)
    assert await found.groups([mailbox()]) == {}
    found.forget(mailbox(address="no address"))
    assert internet.asked == []


async def test_json_is_asked_first_and_no_password_goes_anywhere():
    internet = Internet({f"{AUTO}{JSON}?Email=anna%40example.com&Protocol=EWS": json(EWS), EWS: THERE})
    assert await discovery(internet).endpoint(mailbox()) == Endpoint(EWS)
    assert internet.signed == []
    assert len(internet.asked) == 2


async def test_the_older_path_of_json_is_asked_where_the_newer_is_not_there():
    at = f"{AUTO}{JSON}/v1.0/anna@example.com?Protocol=EWS"
    internet = Internet({AUTO: NOT_THERE, at: json(EWS), EWS: THERE})
    assert await discovery(internet).endpoint(mailbox()) == Endpoint(EWS)
    assert internet.signed == []


@pytest.mark.parametrize("place", [AUTO, BARE])
async def test_soap_at_either_place(place):
    told = soap(user(ExternalEwsUrl=EWS, InternalEwsUrl=INSIDE))
    internet = Internet({place: NOT_THERE, f"{place}{SVC}": told, EWS: THERE})
    assert await discovery(internet).endpoint(mailbox()) == Endpoint(EWS)


@pytest.mark.parametrize("place", [AUTO, BARE])
async def test_pox_at_either_place(place):
    internet = Internet({place: NOT_THERE, f"{place}{XML}": action("settings", protocol(EWS)), EWS: THERE})
    assert await discovery(internet).endpoint(mailbox()) == Endpoint(EWS)


async def test_json_that_wants_a_password_is_asked_last():
    """As gromox 3.10 does, whose POX knows only the mailbox of who signs in."""
    at = f"{AUTO}{JSON}/v1.0/anna@example.com?Protocol=EWS"
    internet = Internet({AUTO: NOT_THERE, f"{AUTO}{XML}": pox_error(501), EWS: THERE})
    internet.says[at] = lambda request: json(EWS) if request.signed else LOCKED
    assert await discovery(internet).endpoint(mailbox()) == Endpoint(EWS)
    assert [request.url.split("/")[-1][:16] for request in internet.asked if request.signed] == [
        "autodiscover.svc",
        "autodiscover.xml",
        "anna@example.com",
    ]


async def test_a_place_named_for_it_is_asked_before_the_web_site_of_the_domain():
    internet = Internet({AUTO: NOT_THERE, BARE: NOT_THERE})
    with pytest.raises(GiveUp):
        await discovery(internet).endpoint(mailbox())
    hosts = [host(request) for request in internet.asked]
    assert hosts[:4] == ["autodiscover.example.com"] * 2 + ["example.com"] * 2
    assert internet.signed == ["autodiscover.example.com"] * 2 + ["example.com"] * 2


async def test_a_refused_password_is_tried_nowhere_else():
    internet = Internet({AUTO: NOT_THERE, f"{AUTO}{SVC}": WRONG, BARE: NOT_THERE})
    found = discovery(internet)
    with pytest.raises(SignInAgain):
        await found.endpoint(mailbox())
    assert internet.signed == ["autodiscover.example.com"]
    assert found.steps[-1] == (f"{AUTO}{SVC}", "refused user name or password")


async def test_a_domain_in_the_settings_takes_the_place_of_the_address_own():
    internet = Internet({"https://autodiscover.other.test": json(EWS), EWS: THERE})
    assert await discovery(internet, domain="Other.test").endpoint(mailbox()) == Endpoint(EWS)
    assert all("example.com/" not in url for url in internet.urls if url != EWS)


@pytest.mark.parametrize("address", ["anna", "anna@", "anna@[127.0.0.1]", "anna@exämple.se", "anna@a.test/b", "a@b:1"])
async def test_an_address_that_leads_nowhere(address):
    internet = Internet()
    with pytest.raises(GiveUp) as raised:
        await discovery(internet).endpoint(mailbox(address=address))
    assert "url or domain" in raised.value.remedy
    assert internet.asked == []


async def test_nothing_anywhere():
    found = discovery(Internet())
    with pytest.raises(Unreachable, match="no Exchange server is found from") as raised:
        await found.endpoint(mailbox())
    assert "Exchange.asmx" in raised.value.remedy
    assert [step for step, _ in found.steps] == [
        f"{AUTO}{JSON}",
        f"{BARE}{JSON}",
        f"{AUTO}{SVC}",
        f"{BARE}{SVC}",
        "http://autodiscover.example.com",
        "DNS, _autodiscover._tcp.example.com",
    ]
    assert "anna" not in str(found.steps) + str(raised.value)


async def test_a_server_that_breaks_json_off_is_still_asked_for_soap():
    """A rule of IIS that aborts what looks like an attack of 2021 does that."""
    told = soap(user(ExternalEwsUrl=EWS))
    internet = Internet({f"{AUTO}{JSON}": Unreachable("broke off"), f"{AUTO}{SVC}": told, EWS: THERE})
    assert await discovery(internet).endpoint(mailbox()) == Endpoint(EWS)


async def test_the_inner_url_is_tried_where_the_outer_cannot_be_reached():
    internet = Internet({f"{AUTO}{SVC}": soap(user(ExternalEwsUrl=EWS, InternalEwsUrl=INSIDE)), INSIDE: THERE})
    found = discovery(internet)
    assert await found.endpoint(mailbox()) == Endpoint(INSIDE)
    assert found.steps[-3:] == (
        (f"{AUTO}{SVC}", f"names {EWS} and {INSIDE}"),
        (EWS, "mail.example.com cannot be reached"),
        (INSIDE, "answers (401)"),
    )


async def test_the_inner_url_is_left_alone_where_the_outer_answers():
    internet = Internet({f"{AUTO}{SVC}": soap(user(ExternalEwsUrl=EWS, InternalEwsUrl=INSIDE)), EWS: THERE})
    await discovery(internet).endpoint(mailbox())
    assert INSIDE not in internet.urls


@pytest.mark.parametrize("status", [200, 302, 403, 404, 503])
async def test_a_url_at_which_exchange_asks_nobody_to_sign_in_counts_for_nothing(status):
    internet = Internet({AUTO: NOT_THERE, BARE: NOT_THERE, HTTP: NOT_THERE, f"{AUTO}{JSON}": json(EWS)})
    internet.says[EWS] = Answer(status)
    with pytest.raises(RetryLater if status == 503 else GiveUp) as raised:
        await discovery(internet).endpoint(mailbox())
    assert f"({status})" in str(raised.value)


@pytest.mark.parametrize("status", [200, 302, 403, 404, 503])
async def test_what_a_proxy_shows_outside_does_not_hide_the_inner_url(status):
    told = soap(user(ExternalEwsUrl=EWS, InternalEwsUrl=INSIDE))
    internet = Internet({f"{AUTO}{SVC}": told, EWS: Answer(status), INSIDE: THERE})
    assert await discovery(internet).endpoint(mailbox()) == Endpoint(INSIDE)


async def test_the_primary_address_and_the_group_are_told():
    inside = protocol(EWS, inside="<GroupingInformation>Default-First-Site</GroupingInformation>")
    told = action("settings", inside).body.replace(
        b"<Account>", b"<User><AutoDiscoverSMTPAddress>Anna.B@example.com</AutoDiscoverSMTPAddress></User><Account>"
    )
    internet = Internet({f"{AUTO}{XML}": Answer(200, {}, told), AUTO: NOT_THERE, EWS: THERE})
    assert await discovery(internet).endpoint(mailbox()) == Endpoint(EWS, "Default-First-Site", "Anna.B@example.com")


class TestRedirects:
    """What answers over TLS may lead anywhere; what does not, nowhere but home."""

    async def test_a_302_over_tls_is_followed_to_another_domain(self):
        internet = Internet({f"{AUTO}{JSON}": moved("https://auto.hoster.test/a.json?x=1"), EWS: THERE})
        internet.says["https://auto.hoster.test/a.json?x=1"] = json(EWS)
        assert await discovery(internet).endpoint(mailbox()) == Endpoint(EWS)

    @pytest.mark.parametrize(
        "to", ["https://cas2.example.com/autodiscover/autodiscover.xml", "/Autodiscover/other.svc"]
    )
    async def test_soap_follows_a_302_in_its_own_form(self, to):
        leads = f"https://cas2.example.com{SVC}" if to.startswith("https") else f"{AUTO}/Autodiscover/other.svc"
        internet = Internet(
            {AUTO: NOT_THERE, f"{AUTO}{SVC}": moved(to), leads: soap(user(ExternalEwsUrl=EWS)), EWS: THERE}
        )
        assert await discovery(internet).endpoint(mailbox()) == Endpoint(EWS)
        assert internet.asked[-2].url == leads
        assert leads.encode() in internet.asked[-2].body  # wsa:To

    async def test_redirect_url_of_soap_and_pox(self):
        for form, told in (
            (SVC, soap(user("RedirectUrl", "https://cas2.example.com/autodiscover/autodiscover.svc"))),
            (XML, action("redirectUrl", f"<RedirectUrl>https://cas2.example.com{XML}</RedirectUrl>")),
        ):
            there = soap(user(ExternalEwsUrl=EWS)) if form == SVC else action("settings", protocol(EWS))
            internet = Internet({AUTO: NOT_THERE, f"{AUTO}{form}": told, f"https://cas2.example.com{form}": there})
            internet.says[EWS] = THERE
            assert await discovery(internet).endpoint(mailbox()) == Endpoint(EWS)

    @pytest.mark.parametrize(
        "told",
        [
            soap(user("RedirectAddress", "anna@moved.test")),
            action("redirectAddr", "<RedirectAddr>anna@moved.test</RedirectAddr>"),
        ],
    )
    async def test_another_address_is_searched_from_the_beginning(self, told):
        form = SVC if b"Envelope" in told.body else XML
        internet = Internet({AUTO: NOT_THERE, f"{AUTO}{form}": told, EWS: THERE})
        internet.says["https://autodiscover.moved.test"] = json(EWS)
        assert await discovery(internet).endpoint(mailbox()) == Endpoint(EWS, address="anna@moved.test")

    @pytest.mark.parametrize(
        ("form", "told"),
        [
            (JSON, moved(f"https://outlook.office365.com{JSON}?Email=anna%40example.com&Protocol=EWS")),
            (JSON, json("https://outlook.office365.com/EWS/Exchange.asmx")),
            (SVC, soap(user("RedirectAddress", "anna@firm.mail.onmicrosoft.com"))),
            (SVC, soap(user("RedirectUrl", f"https://autodiscover-s.outlook.com{SVC}"))),
            (XML, action("redirectAddr", "<RedirectAddr>Anna@Firm.mail.onmicrosoft.com</RedirectAddr>")),
        ],
    )
    async def test_nothing_leads_to_exchange_online(self, form, told):
        internet = Internet({AUTO: NOT_THERE, BARE: NOT_THERE, HTTP: NOT_THERE, f"{AUTO}{form}": told})
        internet.says |= dict.fromkeys((f"https://{one}" for one in ONLINE), WRONG)
        with pytest.raises(GiveUp, match="leads to Exchange Online") as raised:
            await discovery(internet).endpoint(mailbox())
        assert "remove the user" in raised.value.remedy
        assert set(map(host, internet.asked)).isdisjoint(ONLINE), "nor does any password"

    async def test_addresses_in_a_circle(self):
        internet = Internet(
            {
                f"{AUTO}{SVC}": soap(user("RedirectAddress", "anna@moved.test")),
                f"https://autodiscover.moved.test{SVC}": soap(user("RedirectAddress", "Anna@example.com")),
            }
        )
        with pytest.raises(GiveUp, match="circle"):
            await discovery(internet).endpoint(mailbox())

    async def test_urls_in_a_circle(self):
        internet = Internet(
            {AUTO: NOT_THERE, f"{AUTO}{SVC}": moved(f"{BARE}{SVC}"), f"{BARE}{SVC}": moved(f"{AUTO}{SVC}")}
        )
        found = discovery(internet)
        with pytest.raises(RetryLater):
            await found.endpoint(mailbox())
        assert (f"{AUTO}{SVC}", "autodiscover.example.com leads in a circle") in found.steps
        assert internet.urls.count(f"{AUTO}{SVC}") == internet.urls.count(f"{BARE}{SVC}") == 1

    async def test_no_end(self):
        internet = Internet({AUTO: lambda _: moved(f"/{len(internet.asked)}")})
        found = discovery(internet)
        with pytest.raises(RetryLater):
            await found.endpoint(mailbox())
        assert (f"{AUTO}{JSON}", "Autodiscover of example.com leads on more than 10 times") in found.steps
        assert len([url for url in internet.urls if url.startswith(AUTO)]) == 11 + 3

    @pytest.mark.parametrize(
        "to",
        [
            "http://autodiscover.example.com/x",
            "ftp://a.test/",
            "https://u:p@a.test/",
            "https://[",
            "https://ä.test/",
            "",
        ],
    )
    async def test_nothing_leads_out_of_tls_or_to_what_is_no_plain_address(self, to):
        internet = Internet({AUTO: NOT_THERE, f"{AUTO}{SVC}": moved(to)})
        with pytest.raises(RetryLater):
            await discovery(internet).endpoint(mailbox())
        assert set(internet.signed) == {"autodiscover.example.com", "example.com"}
        assert [url for url in internet.urls if url.startswith("http://")] == [HTTP]


class TestWhatNobodySigns:
    """The redirect without TLS, and DNS: the password follows neither out of the domain."""

    async def test_the_redirect_within_the_domain(self):
        internet = Internet({HTTP: moved(f"https://owa.example.com{XML}"), "https://owa.example.com": NOT_THERE})
        internet.says |= {f"https://owa.example.com{SVC}": soap(user(ExternalEwsUrl=EWS)), EWS: THERE}
        found = discovery(internet)
        assert await found.endpoint(mailbox()) == Endpoint(EWS)
        assert ("http://autodiscover.example.com", "leads to owa.example.com") in found.steps
        assert not next(request for request in internet.asked if request.url == HTTP).signed

    @pytest.mark.parametrize("to", ["evil.test", "example.com.evil.test", "notexample.com"])
    async def test_the_redirect_to_another_domain(self, to):
        internet = Internet({HTTP: moved(f"https://{to}{XML}"), f"https://{to}": json(EWS), EWS: THERE})
        with pytest.raises(Astray, match="another domain") as raised:
            await discovery(internet).endpoint(mailbox())
        assert "Exchange.asmx" in raised.value.remedy
        assert to not in internet.signed
        assert not any(url.startswith(f"https://{to}") for url in internet.urls)

    async def test_dns_within_the_domain(self, srv):
        srv += [Service("mail.example.com", 443), Service("owa.example.com", 8443)]
        internet = Internet({f"https://owa.example.com:8443{JSON}": json(EWS), EWS: THERE})
        found = discovery(internet)
        assert await found.endpoint(mailbox()) == Endpoint(EWS)
        assert found.steps[-3][1] == "leads to owa.example.com"

    async def test_dns_to_another_domain(self, srv):
        srv.append(Service("evil.test", 443))
        internet = Internet({"https://evil.test": json(EWS), EWS: THERE})
        with pytest.raises(Astray, match="another domain"):
            await discovery(internet).endpoint(mailbox())
        assert "evil.test" not in [host(request) for request in internet.asked]

    async def test_a_place_that_was_asked_already_is_not_asked_again(self, srv):
        srv.append(Service("autodiscover.example.com", 443))
        internet = Internet({AUTO: NOT_THERE, HTTP: moved(f"{AUTO}{XML}")})
        with pytest.raises(RetryLater):
            await discovery(internet).endpoint(mailbox())
        assert len(internet.urls) == len(set(internet.urls))


class TestWhy:
    """What a search ends with is what somebody can do something about."""

    @pytest.mark.parametrize(
        ("told", "kind"),
        [
            (pox_error(500), GiveUp),
            (pox_error(600), GiveUp),
            (pox_error(603), RetryLater),
            (soap(user("InvalidUser")), GiveUp),
            (soap(code="ServerBusy"), RetryLater),
            (soap(code="InvalidRequest"), GiveUp),
            (soap(), GiveUp),
            (Answer(200, {}, b"<html>Welcome"), GiveUp),
            (Answer(503), RetryLater),
            (Answer(403), GiveUp),
            (action("settings"), GiveUp),
            (action("settings", protocol("http://mail.example.com/EWS/Exchange.asmx")), GiveUp),
            (action("redirectAddr", "<RedirectAddr>nobody</RedirectAddr>"), GiveUp),
        ],
    )
    async def test_an_answer_that_brings_nothing(self, told, kind):
        form = SVC if b"Envelope" in told.body else XML
        internet = Internet({AUTO: NOT_THERE, BARE: NOT_THERE, HTTP: NOT_THERE, f"{AUTO}{form}": told})
        with pytest.raises(kind):
            await discovery(internet).endpoint(mailbox())

    async def test_an_address_that_is_not_known_says_so(self):
        internet = Internet({AUTO: NOT_THERE, f"{AUTO}{SVC}": soap(user("InvalidUser"))})
        with pytest.raises(GiveUp, match="does not know the address"):
            await discovery(internet).endpoint(mailbox())
