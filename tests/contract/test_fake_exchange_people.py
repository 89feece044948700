"""What the scripted Exchange says of lists and contacts, as Microsoft's pages of these operations have it."""

import pytest

from tests.contract.exchange_desk import ALICE, BOB, SERVICE, Desk, Told, calendar, impersonating

TEAM = "team@example.test"
IDS = "<m:ItemShape><t:BaseShape>IdOnly</t:BaseShape></m:ItemShape>"
PHONE = '<t:IndexedFieldURI FieldURI="contacts:PhoneNumber" FieldIndex="MobilePhone"/>'


@pytest.fixture
def desk() -> Desk:
    desk = Desk()
    desk.exchange.group(TEAM, BOB, "inner@example.test", "kund@extern.example")
    desk.exchange.group("inner@example.test", ALICE)
    desk.exchange.contact(ALICE, "kund@extern.example", "k2@extern.example", MobilePhone="070", BusinessPhone="08")
    return desk


def expand(inside: str = f"<t:EmailAddress>{TEAM}</t:EmailAddress>", prefix: str = "m") -> str:
    return f"<m:ExpandDL><{prefix}:Mailbox>{inside}</{prefix}:Mailbox></m:ExpandDL>"


def find(address: str, value: str, mode: str = "FullString", more: str = "", place: str = "EmailAddress1") -> str:
    path = f'<t:IndexedFieldURI FieldURI="contacts:EmailAddress" FieldIndex="{place}"/>'
    kind = f'ContainmentMode="{mode}" ContainmentComparison="IgnoreCase"'
    sought = f'<m:Restriction><t:Contains {kind}>{path}<t:Constant Value="{value}"/></t:Contains></m:Restriction>'
    shape = IDS.replace("</m:Item", f"<t:AdditionalProperties>{more}</t:AdditionalProperties></m:Item") if more else IDS
    folders = f"<m:ParentFolderIds>{calendar(address, 'contacts')}</m:ParentFolderIds>"
    return f'<m:FindItem Traversal="Shallow">{shape}{sought}{folders}</m:FindItem>'


def get(identity: str) -> str:
    shape = IDS.replace("</m:Item", f"<t:AdditionalProperties>{PHONE}</t:AdditionalProperties></m:Item")
    return f'<m:GetItem>{shape}<m:ItemIds><t:ItemId Id="{identity}"/></m:ItemIds></m:GetItem>'


def test_ids_of_contacts_are_opaque(desk: Desk):
    assert ALICE not in desk.exchange.directory.mailboxes[ALICE].contact_id(0)


async def test_a_list_is_expanded_one_level_deep_with_what_each_member_is(desk: Desk):
    told = await desk.ask(expand())
    assert told.code == "NoError"
    assert told["EmailAddress"] == [BOB, "inner@example.test", "kund@extern.example"]
    assert told["MailboxType"] == ["Mailbox", "PublicDL", "Contact"]
    assert told["RoutingType"] == ["SMTP"] * 3


async def test_what_is_no_list_or_hidden_is_not_found_or_empty(desk: Desk):
    desk.exchange.group("hidden@example.test", BOB, hidden=True)
    asked = [expand(f"<t:EmailAddress>{one}</t:EmailAddress>") for one in (BOB, "hidden@example.test", "no@body.test")]
    for body in asked:
        assert (await desk.ask(body)).code == "ErrorNameResolutionNoResults"
    desk.exchange.behaviour.unknown_lists_empty = True
    for body in asked:
        told = await desk.ask(body)
        assert (told.code, told["Mailbox"]) == ("NoError", [])


async def test_a_request_has_to_be_as_the_schema_says(desk: Desk):
    violated: Told = await desk.ask(expand(prefix="t"))
    assert violated.code == "ErrorSchemaValidation"
    assert (await desk.ask("<m:ExpandDL/>")).code == "ErrorSchemaValidation"
    assert (await desk.ask(expand("<t:Name>x</t:Name><t:Name>y</t:Name>"))).code == "ErrorSchemaValidation"
    assert (await desk.ask(find(ALICE, "x", mode="Anywhere"))).code == "ErrorSchemaValidation"


async def test_who_may_not_impersonate_or_has_no_mailbox_is_told_of_no_list(desk: Desk):
    assert (await desk.ask(expand(), SERVICE, impersonating(ALICE))).code == "ErrorImpersonateUserDenied"
    desk.exchange.service("nobody@example.test", "secret")
    assert (await desk.ask(expand(), "nobody@example.test")).code == "ErrorMissingEmailAddress"
    desk.exchange.impersonator(SERVICE)
    assert (await desk.ask(expand(), SERVICE, impersonating(ALICE))).code == "NoError"


@pytest.mark.parametrize(
    ("value", "mode", "place", "count"),
    [
        ("KUND@extern.example", "FullString", "EmailAddress1", 1),
        ("kund@extern", "FullString", "EmailAddress1", 0),
        ("kund@extern", "Prefixed", "EmailAddress1", 1),
        ("k2@extern.example", "FullString", "EmailAddress1", 0),
        ("k2@extern.example", "FullString", "EmailAddress2", 1),
    ],
)
async def test_contacts_are_found_by_each_of_their_addresses(desk: Desk, value: str, mode: str, place: str, count: int):
    told = await desk.ask(find(ALICE, value, mode, place=place))
    assert (told.code, len(told["Contact"])) == ("NoError", count)


async def test_what_has_an_index_is_told_by_get_item_alone(desk: Desk):
    found = await desk.ask(find(ALICE, "kund@extern.example", more=PHONE))
    assert (len(found["Contact"]), found["Entry"]) == (1, [])
    got = await desk.ask(get(desk.exchange.directory.mailboxes[ALICE].contact_id(0)))
    assert (got.code, got["Entry"]) == ("NoError", ["070"])


async def test_contacts_are_their_owners_and_those_whom_they_are_shared_with(desk: Desk):
    identity = desk.exchange.directory.mailboxes[ALICE].contact_id(0)
    assert (await desk.ask(find(ALICE, "x"), BOB)).code == "ErrorItemNotFound"
    assert (await desk.ask(get(identity), BOB)).code == "ErrorItemNotFound"
    desk.exchange.share_contacts(ALICE, BOB)
    assert (await desk.ask(find(ALICE, "x"), BOB)).code == "NoError"
    assert (await desk.ask(get(identity), BOB)).code == "NoError"
    assert (await desk.ask(find(ALICE, "x"), SERVICE, impersonating(ALICE))).code == "ErrorImpersonateUserDenied"
    desk.exchange.impersonator(SERVICE)
    assert (await desk.ask(find(ALICE, "x"), SERVICE, impersonating(ALICE))).code == "NoError"
