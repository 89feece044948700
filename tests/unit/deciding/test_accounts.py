"""Which server an address leads to, which passwords can be sent, and how often one may be read."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from gateway.deciding import accounts
from gateway.deciding.accounts import Entered, Reads
from gateway.deciding.installation import Installation, SourceAt
from gateway.domain.mailbox import Account
from gateway.domain.secret import Secret
from gateway.errors import Misconfigured

WORD = Secret("correct horse")
AT = {
    "dav": SourceAt("caldav", host="dav.example.org"),
    "mail": SourceAt("exchange", host="mail.example.net", refresh=30),
    "found": SourceAt("exchange", addressed=False),
    "people": SourceAt("file", has_calendars=False, host="example.com"),
}


def of(*names: str) -> Installation:
    return Installation(("main",), {name: AT[name] for name in names})


def named(*found: str) -> accounts.Hosts:
    async def hosts(_: str) -> Sequence[str]:
        return found

    return hosts


@pytest.mark.parametrize(
    ("names", "login", "hosts", "found"),
    [
        (("dav",), "anna", None, "dav"),
        (("dav", "people"), "anna@example.com", None, "dav"),
        (("dav", "mail"), "anna@Example.org", None, "dav"),
        (("dav", "mail"), "anna@dav.example.org", None, "dav"),
        (("dav", "mail"), "anna@ample.org", None, None),
        (("dav", "mail"), "anna@example.com", named("mail.example.net"), "mail"),
        (("dav", "mail"), "anna@example.com", named("mail.example.net", "dav.example.org"), None),
        (("dav", "mail"), "anna@example.com", named("elsewhere.example.com"), None),
        (("dav", "found"), "anna@example.org", None, "dav"),
        (("dav", "found"), "anna@example.com", None, "found"),
        (("dav", "found"), "anna", None, None),
        (("people",), "anna@example.com", None, None),
        ((), "anna@example.org", None, None),
    ],
)
async def test_an_address_leads_to_one_server_or_to_none(
    names: tuple[str, ...], login: str, hosts: accounts.Hosts | None, found: str | None
):
    try:
        at = await accounts.source_of(of(*names), login, "", hosts)
    except Misconfigured:
        at = None
    assert at == found


@pytest.mark.parametrize("source", ["people", "https://dav.example.org/", "DAV", "pbx:main"])
async def test_only_servers_of_the_settings_can_be_named(source: str):
    with pytest.raises(Misconfigured):
        await accounts.source_of(of("dav", "people"), "anna@example.org", source, None)


async def test_what_is_not_typed_stays_and_is_looked_for_nowhere():
    own = Reads(account=Account(1, "mail", "anna@example.com", Secret("")))
    both = of("dav", "mail")
    stays = Entered("anna@example.com", "mail", None)
    assert await accounts.entered(both, own, "", "", None, None) == stays
    assert await accounts.entered(both, own, "anna@example.com", "mail", WORD, None) == replace(stays, password=WORD)
    assert await accounts.entered(both, Reads(), "anna@example.com", "", None, None) is None
    only = of("dav")  # where its server is no more
    assert await accounts.entered(only, own, "", "", None, None) == stays
    assert await accounts.entered(only, own, "", "", WORD, None) == Entered("anna@example.com", "dav", WORD)


def test_a_password_is_in_no_message_and_no_repr():
    assert "horse" not in repr(Entered("anna", "dav", WORD))
    for first, again in (("correct horse", "correct house"), ("horse\n", "horse\n"), ("horse" * 999, "horse" * 999)):
        with pytest.raises(Misconfigured) as caught:
            accounts.password("password", first, again)
        told = (str(caught.value), caught.value.remedy, repr(caught.value.values))
        assert not any("horse" in one or "house" in one for one in told)
    assert accounts.password("password", "", "") is None
    assert accounts.password("password", " ö ", " ö ") == Secret(" ö ")


@pytest.mark.parametrize(("value", "before", "is_allowed"), [
    (None, 60, True), (60, None, True), (86400, 60, True), (59, 60, False), (10, 10, True), (86401, None, False),
])  # fmt: skip
def test_users_choose_how_often_within_what_servers_are_asked_anyway(
    value: int | None, before: int | None, is_allowed: bool
):
    for installation, allowed in ((of("dav"), is_allowed), (of(), is_allowed), (of("mail"), is_allowed or value == 59)):
        try:
            assert accounts.refresh("refresh", value, installation, before) == value
        except Misconfigured:
            assert not allowed
        else:
            assert allowed
