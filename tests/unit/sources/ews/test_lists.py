"""Who is in a distribution list, and in the lists in it."""

import re

import pytest
from exchangelib import Build, Version
from exchangelib.errors import ErrorADUnavailable, ErrorMissingEmailAddress

from gateway.sources.ews.lists import MOST_LISTS, Members, everybody, members
from tests.unit.sources.ews.scripted import account, capture

PEOPLE = tuple(f"p{number}@example.test" for number in range(60))
LISTS = {
    "one": Members(("bo@example.test", "ann@example.test")),
    "nested": Members(("ann@example.test",), ("one", "deeper", "hidden")),
    "deeper": Members(("cai@example.test",), ("nested", "deeper")),
    "empty": Members(),
    "around": Members((), ("empty",)),
    "fifty": Members(PEOPLE[:50]),
    "twice": Members(PEOPLE[:50], ("fifty",)),
    "many": Members(PEOPLE[:50], ("one",)),
    "chain0": Members(PEOPLE[:1], ("chain1",)),
    **{f"chain{n}": Members(PEOPLE[n : n + 1], (f"chain{n + 1}",)) for n in range(1, 40)},
}


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("one", ("bo@example.test", "ann@example.test")),
        ("nested", ("ann@example.test", "bo@example.test", "cai@example.test", "hidden")),
        ("fifty", PEOPLE[:50]),
        ("twice", PEOPLE[:50]),
        ("around", ()),
        ("many", None),
        ("chain0", None),
        ("empty", None),
        ("nobody@example.test", None),
    ],
)
async def test_everybody_in_a_list_is_named_once_and_never_more_than_fifty(address, expected):
    asked = []

    async def ask(one: str) -> Members | None:
        asked.append(one)
        return LISTS.get(one)

    found = await everybody(ask, address)
    assert (sorted(found) if found else found) == (sorted(expected) if expected else expected)
    assert len(asked) == len(set(asked)) <= MOST_LISTS + 1


def expansion(*inside: str, last: str = "true") -> bytes:
    return message(
        f'<m:DLExpansion TotalItemsInView="{len(inside)}" IncludesLastItemInRange="{last}">{"".join(inside)}'
        "</m:DLExpansion>"
    )


def message(inside: str = "", code: str = "NoError", kind: str = "Success") -> bytes:
    """Return an answer in the form of the page "ExpandDL operation"."""
    return (
        '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
        'xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages" '
        'xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types"><s:Body><m:ExpandDLResponse>'
        f'<m:ResponseMessages><m:ExpandDLResponseMessage ResponseClass="{kind}"><m:MessageText>no</m:MessageText>'
        f"<m:ResponseCode>{code}</m:ResponseCode>{inside}</m:ExpandDLResponseMessage></m:ResponseMessages>"
        "</m:ExpandDLResponse></s:Body></s:Envelope>"
    ).encode()


def mailbox(address: str, kind: str = "Mailbox", routing: str = "SMTP") -> str:
    return (
        f"<t:Mailbox><t:Name>x</t:Name><t:EmailAddress>{address}</t:EmailAddress>"
        f"<t:RoutingType>{routing}</t:RoutingType><t:MailboxType>{kind}</t:MailboxType></t:Mailbox>"
    )


def test_people_and_lists_are_told_apart_and_who_has_no_address_is_left_out():
    answer = expansion(
        mailbox("Bo@example.test"),
        mailbox("kund@extern.example", "Contact"),
        mailbox("Team@example.test", "PublicDL"),
        mailbox("/o=org/cn=x", "Mailbox", "EX"),
        "<t:Mailbox><t:Name>x</t:Name><t:MailboxType>OneOff</t:MailboxType></t:Mailbox>",
    )
    one, answers = account(answer)
    found = members(one, "all&<list>@example.test")
    assert found == Members(("bo@example.test", "kund@extern.example"), ("team@example.test",))
    assert "TimeZoneContext" not in answers.asked[0]
    assert re.search("<m:ExpandDL><m:Mailbox><t:EmailAddress>all&amp;&lt;list&gt;@", answers.asked[0])
    assert "example" not in repr(found)


@pytest.mark.parametrize(
    "answer",
    [
        message(code="ErrorNameResolutionNoResults", kind="Error"),
        message(code="ErrorNameResolutionNoMailbox", kind="Error"),
        message(code="ErrorNameResolutionMultipleResults", kind="Warning"),
        message(code="ErrorAccessDenied", kind="Error"),
        expansion(mailbox("bo@example.test"), last="false"),
        capture("060_get_server_timezones_GetServerTimeZones"),  # how gromox 3.10 knows no operation
    ],
)
def test_what_is_not_told_is_not_known(answer):
    one, _ = account(answer)
    assert members(one, "team@example.test") is None


@pytest.mark.parametrize("name", ["a" * 300, "å\u202e\U0001f600", '"/><x>&', "a@b"])
def test_a_strange_address_is_no_list(name):
    one, _ = account(message(code="ErrorNameResolutionNoResults", kind="Error"))
    assert members(one, f"{name}@example.test") is None


@pytest.mark.parametrize("error", [ErrorADUnavailable, ErrorMissingEmailAddress])
def test_what_may_be_otherwise_another_time_is_no_answer(error):
    one, _ = account(message(code=error.__name__, kind="Error"))
    with pytest.raises(error):
        members(one, "team@example.test")


def test_a_list_of_a_whole_company_takes_no_longer_to_read():
    one, _ = account(expansion(*(mailbox(f"a{number}@example.test") for number in range(20_000))))
    found = members(one, "all@example.test")
    assert found is not None
    assert 50 < len(found.people) < 100


def test_an_exchange_2007_is_asked_the_same():
    one, answers = account(expansion(mailbox("bo@example.test")))
    one.version = Version(Build(8, 3), "Exchange2007_SP1")
    assert members(one, "team@example.test") == Members(("bo@example.test",))
    assert "TimeZoneContext" not in answers.asked[0]
