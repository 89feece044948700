"""People, for operators: who is away, discreetly; setting and ending an absence for somebody."""

from tests.unit.web.visiting import House


async def test_a_user_is_not_let_in(house: House):
    browser = await house.browser(house.anna)
    assert (await browser.get("/people")).status_code == 403
    assert (await browser.get("/people/1002")).status_code == 403
    assert (await browser.post("/people/1002/absence", {"code": "M", "time": "15:00"})).status_code == 403


async def test_an_operator_sets_and_ends_it_for_somebody(house: House):
    browser = await house.browser(house.otto)
    answer = await browser.post("/people/1001/absence", {"code": "sick", "time": "15:00"})
    assert answer.headers["location"] == "/people/1001?told=set"
    shown = (await browser.get("/people/1001")).text
    assert "Away" in shown
    assert (await browser.get("/people", away="yes")).text.count("<tr>") == 2
    assert (await browser.get("/people")).text.count("<tr>") == 4
    assert (await browser.get("/people", search="berg ANNA")).text.count("<tr>") == 2
    answer = await browser.post("/people/1001/absence/end")
    assert answer.headers["location"] == "/people/1001?told=ended"
    assert (await browser.get("/people", away="yes")).text.count("<tr>") == 0
