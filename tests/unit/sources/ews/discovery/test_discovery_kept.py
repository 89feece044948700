"""What was found is kept as long as it works, and nobody is asked more often than needed."""

import asyncio
from zoneinfo import ZoneInfo

import pytest

from gateway.domain.mailbox import Mailbox
from gateway.errors import GiveUp, RetryLater, SignInAgain, Unreachable
from gateway.sources.ews.discovery import search
from gateway.sources.ews.discovery.autodiscover import Endpoint
from gateway.sources.ews.discovery.discovery import AGAIN, Discovery
from gateway.sources.ews.discovery.fetch import Answer, Request
from gateway.sources.ews.settings import EwsSettings
from tests.fakes.exchange.places import Internet, json, pox_error, soap, user

OLD, NEW = "https://old.example.com/EWS/Exchange.asmx", "https://new.example.com/EWS/Exchange.asmx"
AUTO = "https://autodiscover.example.com"
SVC, XML, JSON = (f"{AUTO}/autodiscover/autodiscover.{form}" for form in ("svc", "xml", "json"))
THERE, NOT_THERE = Answer(401), Answer(404)


class Clock:
    def __init__(self) -> None:
        self.time = 1000.0

    def __call__(self) -> float:
        return self.time


@pytest.fixture(autouse=True)
def no_srv(monkeypatch) -> None:
    async def services(_domain, _name, _resolver=None):
        return ()

    monkeypatch.setattr(search, "services", services)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def internet() -> Internet:
    return Internet({AUTO: NOT_THERE, "https://example.com": NOT_THERE, JSON: json(OLD), OLD: THERE, NEW: THERE})


@pytest.fixture
def discovery(internet: Internet, clock: Clock) -> Discovery:
    return Discovery(EwsSettings(), internet.fetch, now=clock)


def mailbox(number: int, domain: str = "example.com") -> Mailbox:
    address = f"person{number}@{domain}"
    return Mailbox(number, number, 1, address, frozenset({address}), ZoneInfo("Europe/Stockholm"))


def searches(internet: Internet) -> int:
    return sum(url.startswith(f"{JSON}?") for url in internet.urls)


async def test_a_thousand_mailboxes_of_a_domain_are_one_search(discovery, internet):
    internet.pause = lambda: asyncio.sleep(0)
    found = await asyncio.gather(*(discovery.endpoint(mailbox(number)) for number in range(1000)))
    assert set(found) == {Endpoint(OLD)}
    assert searches(internet) == 1


async def test_a_search_that_is_given_up_by_who_wanted_it_is_taken_up_by_the_next(discovery, internet):
    begun, go = asyncio.Event(), asyncio.Event()

    async def pause() -> None:
        begun.set()
        await go.wait()

    internet.pause = pause
    first, second = (asyncio.create_task(discovery.endpoint(mailbox(number))) for number in (1, 2))
    await begun.wait()
    first.cancel()
    go.set()
    assert await second == Endpoint(OLD)


async def test_a_sick_domain_keeps_no_other_waiting(discovery, internet):
    never = asyncio.Event()

    async def fetch(request: Request) -> Answer:
        if "sick.test" in request.url:
            await never.wait()
        answer: Answer = await internet.fetch(request)
        return answer

    discovery.fetch = fetch
    sick = asyncio.create_task(discovery.endpoint(mailbox(1, "sick.test")))
    assert await discovery.endpoint(mailbox(2)) == Endpoint(OLD)
    sick.cancel()


class TestForgetting:
    async def test_a_server_that_moved_is_found_by_one_search_and_a_second(self, discovery, internet, clock):
        for number in range(50):
            await discovery.endpoint(mailbox(number))
        clock.time += AGAIN
        internet.says |= {JSON: json(NEW), OLD: Unreachable("gone")}
        for number in range(50):
            discovery.forget(mailbox(number))
            assert await discovery.endpoint(mailbox(number)) == Endpoint(NEW)
        assert searches(internet) == 1 + 2  # for who found it gone first, and for the domain

    async def test_what_was_found_just_now_is_not_doubted(self, discovery, internet, clock):
        await discovery.endpoint(mailbox(1))
        clock.time += AGAIN - 1
        discovery.forget(mailbox(1))
        assert await discovery.endpoint(mailbox(1)) == Endpoint(OLD)
        assert searches(internet) == 1

    async def test_a_server_that_is_down_is_searched_once_a_minute_whoever_forgets_it(self, discovery, internet, clock):
        for _ in range(10):
            for number in range(100):
                assert await discovery.endpoint(mailbox(number)) == Endpoint(OLD)
                discovery.forget(mailbox(number))
                assert await discovery.endpoint(mailbox(number)) == Endpoint(OLD)
            clock.time += AGAIN
        assert searches(internet) == 10

    async def test_what_others_found_since_then_stays(self, discovery, internet, clock):
        await discovery.endpoint(mailbox(1))
        await discovery.endpoint(mailbox(2))
        clock.time += AGAIN
        discovery.forget(mailbox(1))
        await discovery.endpoint(mailbox(1))
        clock.time += AGAIN
        discovery.forget(mailbox(2))
        await discovery.endpoint(mailbox(2))
        assert searches(internet) == 2

    async def test_two_mailboxes_of_a_domain_on_two_servers_come_to_rest(self, discovery, internet, clock):
        def told(request: Request) -> Answer:
            return json(NEW if "person2" in request.url else OLD)

        internet.says[JSON] = told
        for _ in range(5):
            for number, right in ((1, OLD), (2, NEW), (3, OLD)):
                if (await discovery.endpoint(mailbox(number))).url != right:
                    clock.time += AGAIN
                    discovery.forget(mailbox(number))
                    await discovery.endpoint(mailbox(number))
        before = searches(internet)
        for number, right in ((1, OLD), (2, NEW), (3, OLD)):
            assert await discovery.endpoint(mailbox(number)) == Endpoint(right)
        assert searches(internet) == before <= 4

    async def test_who_doubts_a_server_is_not_sent_back_to_it_because_others_are(self, discovery, internet, clock):
        internet.says[JSON] = lambda request: json(NEW if "person2" in request.url else OLD)
        await discovery.endpoint(mailbox(1))
        await discovery.endpoint(mailbox(2))
        clock.time += AGAIN
        discovery.forget(mailbox(2))
        assert await discovery.endpoint(mailbox(3)) == Endpoint(OLD)
        assert await discovery.endpoint(mailbox(2)) == Endpoint(NEW)

    async def test_a_mailbox_that_another_server_has_is_searched_for_at_once_and_the_others_stay(
        self, discovery, internet, clock
    ):
        internet.says[JSON] = lambda request: json(NEW if "person2" in request.url else OLD)
        for number in (1, 2, 3):
            assert await discovery.endpoint(mailbox(number)) == Endpoint(OLD)
        discovery.doubt(mailbox(2))
        assert [(await discovery.endpoint(mailbox(number))).url for number in (1, 2, 3)] == [OLD, NEW, OLD]
        assert searches(internet) == 2

    async def test_one_that_is_sent_back_to_where_it_is_not_is_searched_for_once_a_minute(
        self, discovery, internet, clock
    ):
        await discovery.endpoint(mailbox(1))
        clock.time += 1
        for minute in range(3):
            for _ in range(10):
                await discovery.endpoint(mailbox(2))
                discovery.doubt(mailbox(2))
                assert await discovery.endpoint(mailbox(2)) == Endpoint(OLD)
            assert searches(internet) == 2 + minute
            clock.time += AGAIN

    async def test_forgetting_what_was_never_told(self, discovery, internet):
        discovery.forget(mailbox(1))
        await discovery.endpoint(mailbox(1))
        assert searches(internet) == 1


class TestFailures:
    async def test_a_wrong_password_is_sent_once_for_all_mailboxes(self, discovery, internet):
        internet.says |= {JSON: NOT_THERE, SVC: SignInAgain("refused")}
        told = await asyncio.gather(*(discovery.endpoint(mailbox(n)) for n in range(20)), return_exceptions=True)
        assert {type(error) for error in told} == {SignInAgain}
        assert len(internet.signed) == 1

    async def test_it_is_tried_again_a_minute_later(self, discovery, internet, clock):
        internet.says |= {JSON: Answer(503), SVC: Answer(503), XML: Answer(503)}
        for _ in range(3):
            with pytest.raises(RetryLater) as raised:
                await discovery.endpoint(mailbox(1))
        assert "Exchange.asmx" in raised.value.remedy
        assert searches(internet) == 1
        internet.says[JSON] = json(OLD)
        clock.time += AGAIN
        assert await discovery.endpoint(mailbox(1)) == Endpoint(OLD)

    async def test_an_address_that_is_not_known_says_nothing_of_the_others(self, discovery, internet):
        internet.says |= {
            JSON: lambda request: json(OLD) if "person2" in request.url else NOT_THERE,
            XML: pox_error(500),
        }
        with pytest.raises(GiveUp):
            await discovery.endpoint(mailbox(1))
        assert await discovery.endpoint(mailbox(2)) == Endpoint(OLD)

    async def test_one_that_was_moved_to_exchange_online_says_nothing_of_the_others(self, discovery, internet):
        online = json("https://outlook.office365.com/EWS/Exchange.asmx")
        internet.says |= {JSON: lambda request: json(OLD) if "person2" in request.url else online}
        with pytest.raises(GiveUp, match="Exchange Online"):
            await discovery.endpoint(mailbox(1))
        assert await discovery.endpoint(mailbox(2)) == Endpoint(OLD)


async def test_what_an_address_alone_was_told_is_told_to_nobody_else(discovery, internet):
    internet.says |= {JSON: NOT_THERE, SVC: soap(user(ExternalEwsUrl=OLD, AutoDiscoverSMTPAddress="main@example.com"))}
    assert await discovery.endpoint(mailbox(1)) == Endpoint(OLD, address="main@example.com")
    assert await discovery.endpoint(mailbox(2)) == Endpoint(OLD)
    assert await discovery.endpoint(mailbox(1)) == Endpoint(OLD, address="main@example.com")
    assert sum(url == SVC for url in internet.urls) == 1


async def test_another_address_holds_for_the_one_that_led_to_it(discovery, internet):
    moved = soap(user("RedirectAddress", "p1@moved.test"))
    internet.says |= {JSON: lambda request: NOT_THERE if "person1" in request.url else json(OLD), SVC: moved}
    internet.says["https://autodiscover.moved.test"] = json(NEW)
    assert await discovery.endpoint(mailbox(1)) == Endpoint(NEW, address="p1@moved.test")
    assert await discovery.endpoint(mailbox(2)) == Endpoint(OLD)
    assert await discovery.endpoint(mailbox(1)) == Endpoint(NEW, address="p1@moved.test")


class TestGroups:
    @staticmethod
    def told(request: Request) -> Answer:
        """Even people are in one group, odd ones in another; person7 is not known."""
        asked = request.body.decode().split("<a:Mailbox>")[1:]
        numbers = [int(part.partition("@")[0].removeprefix("person")) for part in asked]
        return soap(*(user("InvalidUser") if n == 7 else user(GroupingInformation=f"site{n % 2}") for n in numbers))

    async def test_a_hundred_at_once(self, discovery, internet):
        internet.says[SVC] = self.told
        found = await discovery.groups([mailbox(number) for number in range(250)])
        assert found == {number: f"site{number % 2}" for number in range(250) if number != 7}
        asked = [request for request in internet.asked if request.url == SVC]
        assert [request.body.count(b"<a:User>") for request in asked] == [100, 100, 50]
        assert [request.anchor for request in asked] == [f"person{n}@example.com" for n in (0, 100, 200)]
        assert all(request.signed for request in asked)

    async def test_who_has_another_address_is_asked_for_by_that(self, discovery, internet):
        there = "https://autodiscover.moved.test"
        internet.says |= {JSON: NOT_THERE, SVC: soap(user("RedirectAddress", "person4@moved.test"))}
        internet.says |= {there: json(NEW), f"{there}/autodiscover/autodiscover.svc": self.told}
        assert await discovery.groups([mailbox(1)]) == {1: "site0"}

    async def test_a_server_that_takes_fewer_is_asked_in_halves(self, discovery, internet):
        def told(request: Request) -> Answer:
            many = request.body.count(b"<a:User>") > 90
            return soap(code="InvalidRequest") if many else self.told(request)

        internet.says[SVC] = told
        assert len(await discovery.groups([mailbox(number) for number in range(100)])) == 99

    @pytest.mark.parametrize(
        "told",
        [NOT_THERE, Answer(200, {}, b"<html/>"), soap(code="InvalidRequest"), soap(user()), soap(user(), user())],
    )
    async def test_where_they_are_not_known(self, discovery, internet, told):
        internet.says[SVC] = told
        assert await discovery.groups([mailbox(1), mailbox(2)]) == {}
        assert await discovery.groups([]) == {}

    async def test_where_only_pox_is(self, discovery, internet):
        internet.says |= {JSON: NOT_THERE, XML: json(OLD)}
        assert await discovery.groups([mailbox(1)]) == {}

    async def test_a_server_that_is_busy(self, discovery, internet):
        internet.says[SVC] = Answer(503, {"retry-after": "30"})
        with pytest.raises(RetryLater) as raised:
            await discovery.groups([mailbox(1)])
        assert raised.value.after == 30

    async def test_a_refused_password_is_said(self, discovery, internet):
        internet.says[SVC] = SignInAgain("refused")
        with pytest.raises(SignInAgain):
            await discovery.groups([mailbox(number) for number in range(300)])
        assert len(internet.signed) == 1


async def test_a_service_account_is_looked_for_at_its_own_domain_whatever_the_addresses_are(internet, clock):
    discovery = Discovery(EwsSettings(), internet.fetch, login="reader@example.com", now=clock)
    assert await discovery.endpoint(mailbox(1, "elsewhere.test")) == Endpoint(OLD)
    assert not [url for url in internet.urls if "//elsewhere.test" in url or "//autodiscover.elsewhere.test" in url]


async def test_a_service_account_whose_login_is_no_address_needs_a_domain(internet, clock):
    nameless = Discovery(EwsSettings(), internet.fetch, login=r"EXAMPLE\reader", now=clock)
    with pytest.raises(GiveUp, match="names no domain"):
        await nameless.endpoint(mailbox(1))
    named = Discovery(EwsSettings(domain="example.com"), internet.fetch, login=r"EXAMPLE\reader", now=clock)
    assert await named.endpoint(mailbox(1)) == Endpoint(OLD)
