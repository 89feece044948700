"""Who takes part: whoever decides it, the same is checked, written and noted; and files of many are all or nothing."""

from datetime import UTC, datetime

import pytest

from gateway.deciding import importing
from gateway.deciding import users as deciding
from gateway.deciding.by import By
from gateway.deciding.installation import Installation, SourceAt
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.domain.signin import Role
from gateway.errors import Misconfigured, Refused
from gateway.store import accounts, audit, mailboxes, signins, users
from gateway.store.store import Store

HERE = Installation(("main", "branch"), {"office": SourceAt("caldav", 90), "mail": SourceAt("exchange")})
BY = By(datetime(2026, 11, 23, 11, tzinfo=UTC), "signin 1")


async def put(store: Store, text: str, *, update: bool = False) -> importing.Imported:
    async with store.write() as rows:
        wanted = await importing.plan(rows, HERE, importing.records(text, "users.csv"), update=update)
        return await importing.write(rows, HERE, BY, wanted)


async def numbers(store: Store) -> dict[str, tuple[str, ...]]:
    async with store.read() as rows:
        return {user.name: user.places for user in await users.every(rows)}


async def test_which_service_account_reads_must_be_said_where_there_are_several(store: Store):
    async with store.write() as rows:
        for source in ("office", "mail"):
            await accounts.add(rows, Account(0, source, "reader", Secret("x"), service=True))
    fields = {"extension": "1001", "email": "anna@example.org"}
    async with store.write() as rows:
        with pytest.raises(Misconfigured, match="there are several"):
            await deciding.add(rows, HERE, BY, fields)
        unread = await deciding.add(rows, HERE, BY, fields, unread=True)
        assert unread.account is None
        changed = await deciding.change(rows, HERE, BY, unread.user, {"source": "office"})
        assert changed.account is not None
        (box,) = await mailboxes.of(rows, unread.user.id)
        assert (box.refresh, box.address) == (90, "anna@example.org")
        with pytest.raises(Misconfigured, match="has a calendar already"):
            await deciding.change(rows, HERE, BY, unread.user, {"source": "mail"})
        assert [one.did for one in await audit.latest(rows, 5)] == ["user changed", "user added"]


async def test_an_empty_field_changes_nothing_but_in_a_whole_form(store: Store):
    async with store.write() as rows:
        anna = (await deciding.add(rows, HERE, BY, {"extension": "1001", "name": "Anna"})).user
        assert not (await deciding.change(rows, HERE, BY, anna, {"name": "", "zone": ""})).changed
        emptied = await deciding.change(rows, HERE, BY, anna, {"name": "", "email": ""}, whole=True)
        assert emptied.user.name == ""
        with pytest.raises(ExceptionGroup) as wrong:
            await deciding.change(rows, HERE, BY, anna, {"zone": "", "extension": ""}, whole=True)
        assert [str(one) for one in wrong.value.exceptions] == ["zone: is missing", "extension: is missing"]


async def test_the_last_administrator_is_neither_removed_nor_switched_off(store: Store):
    async with store.write() as rows:
        ada = (await deciding.add(rows, HERE, BY, {"extension": "1003"})).user
        await signins.add(rows, ada.id, role=Role.ADMINISTRATOR)
        for decided in (deciding.remove(rows, BY, ada), deciding.change(rows, HERE, BY, ada, {"enabled": "no"})):
            with pytest.raises(Refused, match="last administrator"):
                await decided
        await signins.add(rows, None, "root@example.org", Role.ADMINISTRATOR)
        await deciding.remove(rows, BY, ada)
        assert await users.get(rows, ada.id) is None


async def test_a_file_may_let_users_take_over_each_others_numbers(store: Store):
    await put(store, "extension,name,phones\n1001,Anna,2001\n1002,Bo,2002\n1003,Cy,2003\n")
    await put(store, "extension,phones\n1001,2002\n1002,2001\n", update=True)
    assert await numbers(store) == {"Anna": ("1001", "2002"), "Bo": ("1002", "2001"), "Cy": ("1003", "2003")}
    with pytest.raises(ExceptionGroup):
        await put(store, "extension,phones\n1001,2003\n1002,\n", update=True)
    assert (await numbers(store))["Bo"] == ("1002", "2001")


async def test_users_cannot_take_over_what_somebody_else_keeps(store: Store):
    await put(store, "extension,name,email\n1001,Anna,anna@example.org\n1002,Bo,bo@example.org\n")
    async with store.write() as rows:
        anna = await users.by_extension(rows, "1001")
        assert anna is not None
        for fields in ({"phones": "1002"}, {"email": "bo@example.org"}):
            with pytest.raises(Refused, match="already belongs"):
                await deciding.change(rows, HERE, BY, anna, fields)


async def test_a_plan_is_old_once_somebody_has_changed_anything(store: Store):
    await put(store, "extension,name\n1001,Anna\n")
    some = importing.records("extension,name\n1001,Anna Berg\n", "users.csv")
    async with store.read() as rows:
        wanted = await importing.plan(rows, HERE, some, update=True)
        assert await importing.is_current(rows, wanted)
    assert [line.kind for line in wanted.lines] == [importing.Kind.CHANGES]
    await put(store, "extension\n1002\n")
    async with store.write() as rows:
        assert not await importing.is_current(rows, wanted)
