"""Reading a real Active Directory, that of Samba: what the common suite of contacts does not ask."""

import ssl
from typing import Any

import pytest

from gateway.domain.book import Book, ContactChanges
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import GiveUp, SignInAgain, Unreachable
from gateway.net.trust import fingerprint
from gateway.sources.activedirectory.check import check
from gateway.sources.activedirectory.settings import ActiveDirectorySettings
from gateway.sources.activedirectory.source import connect
from peers.samba import BASE, PASSWORD, STAFF, Person, Samba

pytestmark = pytest.mark.soak
BOOK = Book(1, 1, "", name="office")
ENABLED, DISABLED = "544", "546"  # a user without a password


def settings_of(samba: Samba, **more: Any) -> ActiveDirectorySettings:
    pin = fingerprint(ssl.PEM_cert_to_DER_cert(samba.certificate.read_text()))
    return ActiveDirectorySettings(**{"url": samba.url, "pin": pin, **more})


def account_of(who: Person) -> Account:
    return Account(1, "office", who.login, Secret(who.password), service=True)


def named(found: ContactChanges | None) -> set[str]:
    assert found is not None
    return {contact.name for contact in found.put}


async def read(samba: Samba, who: Person | None = None, **more: Any) -> ContactChanges | None:
    async with connect(settings_of(samba, **more))(account_of(who or samba.reader)) as opened:
        assert opened.contacts is not None
        return await opened.contacts.read(BOOK, None)


async def test_what_leaves_the_book_in_any_way_is_gone(samba):
    await samba.clear()
    for name in ("stays", "deleted", "disabled", "silent", "moved"):
        await samba.put(name, "user", telephoneNumber="1", userAccountControl=ENABLED)
    await samba.put("customer", telephoneNumber="2")
    async with connect(settings_of(samba, base=STAFF))(account_of(samba.reader)) as opened:
        assert opened.contacts is not None
        first = await opened.contacts.read(BOOK, None)
        assert named(first) == {"stays", "deleted", "disabled", "silent", "moved", "customer"}
        assert first is not None
        keys = {contact.name: contact.key for contact in first.put}
        await samba.remove("deleted")
        await samba.put("disabled", "user", telephoneNumber="1", userAccountControl=DISABLED)
        await samba.put("silent", "user", userAccountControl=ENABLED)
        await samba.move("moved", f"CN=Users,{BASE}")
        await samba.put("new", mobile="3")
        second = await opened.contacts.read(BOOK, first.token)
    assert second is not None
    assert (named(second), second.whole) == ({"new"}, False)
    assert set(second.gone) == {keys[name] for name in ("deleted", "disabled", "silent", "moved")}
    async with connect(settings_of(samba))(account_of(samba.reader)) as opened:
        assert opened.contacts is not None
        whole = await opened.contacts.read(BOOK, None)
        assert whole is not None
    moved = {contact.name: contact.key for contact in whole.put}["moved"]
    assert moved == keys["moved"], "an objectGUID moves with its entry"


@pytest.mark.parametrize("url", ["ldap", "ldaps"])
async def test_tls_of_both_kinds_is_held_to_the_pin(samba, url):
    assert await read(samba, url=getattr(samba, "url" if url == "ldap" else url))
    with pytest.raises(Unreachable, match="another certificate"):
        await read(samba, url=getattr(samba, "url" if url == "ldap" else url), pin="00" * 32)


async def test_a_sign_in_that_is_refused_says_why(samba):
    await samba.clear()
    await samba.put("gone", "user", telephoneNumber="1", userAccountControl=ENABLED)
    await samba.password("gone", PASSWORD)
    login = "CN=gone," + STAFF
    assert await read(samba, Person(login))
    said = {}
    for what, who in (("wrong", Person(login, "wrong")), ("nobody", Person("nobody@EXAMPLE.TEST"))):
        with pytest.raises(SignInAgain) as raised:
            await read(samba, who)
        said[what] = str(raised.value)
    await samba.put("gone", "user", telephoneNumber="1", userAccountControl=DISABLED)
    with pytest.raises(SignInAgain) as raised:
        await read(samba, Person(login))
    said["disabled"] = str(raised.value)
    assert "wrong" in said["wrong"]
    assert "no such user" in said["nobody"] or "wrong" in said["nobody"]
    assert "disabled" in said["disabled"]


async def test_a_base_that_is_not_there_is_said(samba):
    with pytest.raises(GiveUp, match="no such base"):
        await read(samba, base=f"OU=Nowhere,{BASE}")
    with pytest.raises(GiveUp):
        await read(samba, base="no DN")


async def test_check_finds_the_domain_by_itself(samba):
    *_, found = await check(settings_of(samba), account_of(samba.reader))
    assert found.ok
    assert f"below {BASE}; only what has changed" in found.said
