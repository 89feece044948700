"""The overview: what is told to whom."""

import pytest

from gateway.domain.signin import Role
from tests.unit.web.visiting import House


@pytest.mark.parametrize("role", Role)
async def test_everybody_has_an_overview(house: House, role: Role):
    browser = await house.browser(house.of(role))
    shown = (await browser.get("/")).text
    assert "Your telephone rings." in shown
    assert ('href="/people?away=yes"' in shown) == (role >= Role.OPERATOR)
    assert (">To the status<" in shown) == (role >= Role.ADMINISTRATOR)


async def test_an_administrator_without_a_telephone_sees_how_the_house_is(house: House):
    browser = await house.browser(house.root)
    shown = (await browser.get("/")).text
    assert "My telephone" not in shown
    assert "Ringplan stands still" in shown
    assert "0 people are away now." in shown
