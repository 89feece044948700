"""One's own e-mail addresses, as programs change them."""

import pytest

from gateway.domain.signin import Scope
from gateway.store.store import Store
from gateway.web.portal import Portal
from gateway.web.texts import Texts
from tests.fakes.clock import HandClock
from tests.fakes.mail import FakePost
from tests.unit.web.visiting import PLACE, House, portal_of

PATH = "/account/addresses"


@pytest.fixture
def post() -> FakePost:
    return FakePost()


@pytest.fixture
def portal(store: Store, clock: HandClock, texts: Texts, post: FakePost) -> Portal:
    return portal_of(store, clock, texts, post=post)


async def test_a_program_does_what_the_page_does(house: House, post: FakePost) -> None:
    program, other = await house.program(house.anna), await house.program(house.otto)
    assert (await program.call("GET", PATH)).json() == {"emails": ["anna@example.org"], "waiting": []}
    claimed = await program.call("POST", PATH, {"email": "B@example.org"})
    assert (claimed.status_code, [one["email"] for one in claimed.json()["waiting"]]) == (200, ["b@example.org"])
    link = next(line for line in post.sent[0].body.splitlines() if line.startswith(PLACE))
    confirmed = {"secret": link.rpartition("/")[2]}
    assert (await other.call("POST", f"{PATH}/confirmation", confirmed)).status_code == 404
    done = await program.call("POST", f"{PATH}/confirmation", confirmed)
    assert done.json() == {"emails": ["anna@example.org", "b@example.org"], "waiting": []}
    assert (await program.call("POST", f"{PATH}/confirmation", confirmed)).status_code == 404
    assert (await other.call("PUT", f"{PATH}/main", {"email": "b@example.org"})).status_code == 404
    main = await program.call("PUT", f"{PATH}/main", {"email": "b@example.org"})
    assert main.json()["emails"] == ["b@example.org", "anna@example.org"]
    assert (await other.call("DELETE", f"{PATH}/b@example.org")).status_code == 404
    assert (await program.call("DELETE", f"{PATH}/anna@example.org")).status_code == 204
    assert (await program.call("DELETE", f"{PATH}/b@example.org")).status_code == 409


async def test_what_waits_is_taken_back_and_letters_are_few(house: House, post: FakePost) -> None:
    program = await house.program(house.anna)
    asked = [await program.call("POST", PATH, {"email": f"a{number}@example.org"}) for number in range(4)]
    assert [one.status_code for one in asked] == [200, 200, 200, 429]
    assert int(asked[-1].headers["retry-after"]) == 1
    assert (await program.call("DELETE", f"{PATH}/a0@example.org")).status_code == 204
    assert len((await program.call("GET", PATH)).json()["waiting"]) == 2
    assert len(post.sent) == 3


async def test_who_may_only_read_changes_nothing(house: House) -> None:
    program, root = await house.program(house.anna, Scope.OWN_READ), await house.program(house.root)
    assert (await program.call("POST", PATH, {"email": "b@example.org"})).status_code == 403
    assert (await root.call("GET", PATH)).status_code == 404
    for wrong in (
        {},
        {"email": "x"},
        {"email": "no address"},
        {"email": "anna@example.org"},
        {"email": "a@b.c", "x": 1},
    ):
        assert (await (await house.program(house.anna)).call("POST", PATH, wrong)).status_code == 422, wrong


@pytest.mark.parametrize("scopes", [(Scope.OWN_WRITE,), (Scope.OWN_READ, Scope.OWN_WRITE, Scope.PEOPLE_WRITE)])
async def test_no_narrow_token_lets_in_whoever_holds_it(
    house: House, post: FakePost, scopes: tuple[Scope, ...]
) -> None:
    """An address of an administrator's gets a letter with which their password is chosen."""
    narrow, whole = await house.program(house.ada, *scopes), await house.program(house.ada)
    address = {"email": "b@example.org"}
    assert (await narrow.call("POST", PATH, address)).status_code == 403
    assert post.sent == []
    assert (await whole.call("POST", PATH, address)).status_code == 200
    link = next(line for line in post.sent[0].body.splitlines() if line.startswith(PLACE))
    secret = {"secret": link.rpartition("/")[2]}
    assert (await narrow.call("POST", f"{PATH}/confirmation", secret)).status_code == 403
    assert (await whole.call("POST", f"{PATH}/confirmation", secret)).status_code == 200
