"""Users for programs: the same decisions as on the pages."""

import json

from gateway.domain.signin import Scope
from gateway.store import users
from tests.unit.web.visiting import House, Program

CARL = {"extension": "1010", "name": "Carl Öman", "emails": ["Carl@example.org"], "hours": "mon 09:00-16:00"}


async def imported(program: Program, text: str, kind: str = "text/csv", **query: str):
    headers = {"Content-Type": kind}
    return await program.client.post("/users/import", content=text.encode(), headers=headers, params=query)


async def test_a_user_is_added_found_changed_and_removed(house: House):
    program = await house.program(house.ada)
    added = await program.call("POST", "/users", CARL)
    assert added.status_code == 201, added.text
    assert (added.json()["emails"], added.json()["zone"], added.json()["role"]) == (["carl@example.org"], "UTC", None)
    found = (await program.call("GET", "/users", search="carl")).json()
    assert (found["total"], found["users"][0]["extension"]) == (1, "1010")
    changed = await program.call("PATCH", "/users/1010", {"hours": None, "name": "", "phones": ["2010"]})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["hours"], changed.json()["name"], changed.json()["phones"]) == (None, "", ["2010"])
    assert (await program.call("GET", "/users/2010")).json() == changed.json()
    assert (await program.call("DELETE", "/users/1010")).status_code == 204
    assert (await program.call("GET", "/users/1010")).status_code == 404


async def test_all_that_is_wrong_is_told(house: House):
    program = await house.program(house.ada)
    refused = await program.call("POST", "/users", CARL | {"zone": "Nowhere/Land", "pbx": "other"})
    assert refused.status_code == 422
    assert [one["where"] for one in refused.json()["wrong"]] == ["body.zone", "body.pbx"]
    taken = await program.call("POST", "/users", CARL | {"extension": "1001"})
    assert (taken.status_code, taken.json()["said"]) == (409, "the number 1001 already belongs to a user")
    nothing = await program.call("PATCH", "/users/1001", {"refresh": None})
    assert (nothing.status_code, nothing.json()["said"]) == (422, "nothing is read for 1001")


async def test_somebody_is_invited_with_a_role(house: House):
    program = await house.program(house.ada)
    await program.call("POST", "/users", CARL)
    assert (await program.call("PATCH", "/users/1010", {"role": "operator"})).status_code == 409
    made = await program.call("POST", "/users/1010/invitation", {"role": "operator"})
    assert made.status_code == 201, made.text
    assert made.json()["link"].startswith("http://portal.example.org/welcome/")
    assert (await program.call("GET", "/users/1010")).json()["role"] == "operator"
    lowered = await program.call("PATCH", "/users/1010", {"role": "user"})
    assert lowered.json()["role"] == "user"
    no_mail = await program.call("POST", "/users/1010/invitation", {"by_letter": True})
    assert no_mail.status_code == 422


async def test_a_file_is_imported_or_none_of_it(house: House):
    program = await house.program(house.ada)
    text = "extension,name\n1010,Carl\n1001,Anna Bergström\n"
    refused = await imported(program, text)
    assert refused.status_code == 422
    assert "line 3: extension: 1001 is there already" in refused.json()["wrong"][0]["said"]
    checked = await imported(program, text, update="true", check="true")
    assert checked.json() == {"added": 1, "changed": 1}
    async with house.portal.store.read() as rows:
        assert await users.by_extension(rows, "1010") is None
    files = {"file": ("users.csv", text.encode(), "text/csv")}
    done = await program.client.post("/users/import", files=files, params={"update": "true"})
    assert done.json() == {"added": 1, "changed": 1}
    assert (await imported(program, text, kind="application/json")).status_code == 415


async def test_reading_is_not_writing_and_nobody_else_may(house: House):
    reader = await house.program(house.ada, Scope.ADMINISTRATION_READ)
    assert (await reader.call("GET", "/users")).status_code == 200
    assert (await reader.call("POST", "/users", CARL)).status_code == 403
    for signin in (house.anna, house.otto):
        assert (await (await house.program(signin)).call("GET", "/users")).status_code == 403
    assert "1010" not in json.dumps((await reader.call("GET", "/users")).json())
