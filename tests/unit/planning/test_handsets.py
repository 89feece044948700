"""Settings of telephones: what is delivered for each maker."""

import re

import pytest
from defusedxml import ElementTree

from gateway.domain.secret import Secret
from gateway.planning.handsets import Access, Listener, Profile, best, file_name, mac_of, profile, settings
from tests.unit.planning.phones import PASSWORD, PHONES, TLS, TYPED, TYPES, VENDORS, delivered, filters, made

# keys that each maker's telephones must be given
KEYS = {
    "yealink": "enable host port base user password version name_filter number_filter name_attr numb_attr display_name"
    " max_hits search_delay call_in_lookup call_out_lookup ldap_sort tls_mode",
    "snom": "server port base username password over_tls search_filter number_filter name_attributes number_attributes"
    " display_name max_hits sort_results predict_text",
    "grandstream": " ".join(f"P{number}" for number in range(8020, 8038)),
    "gigaset": "Enable Lookup Server.Address Server.Port BaseDN Security Username Password NameFilter NumberFilter"
    " DisplayFormat MaxNumberOfSearchResults FirstName Surname PhoneHome PhoneOffice PhoneMobile",
    "poly": "address port transport baseDN scope filterPrefix user password pageSize cacheSize sortControl"
    " attribute.1.name attribute.1.label attribute.1.type attribute.1.filter attribute.1.sticky"
    " attribute.1.searchable",
    "cisco": "Dir_Enable Corp_Dir_Name Server Search_Base Client_DN Username Password Auth_Method StartTLS_Enable"
    " Last_Name_Filter First_Name_Filter Display_Attrs Number_Mapping",
    "mitel": "server: base dn: user name: search filter: search scope: cn attribute: dn attribute:",
    "fanvil": "Title Server port Base UseSSL Version Authenticate InCallSearch OutCallSearch TelAttr MobileAttr"
    " OtherAttr NameAttr SortAttr Displayname NumberFilter NameFilter MaxHits",
    "other": "server port encryption base user password",
}
BEGIN = {
    "yealink": "ldap.", "snom": "<ldap_", "grandstream": "<", "gigaset": '"NetDir.LDAP.0.', "poly": "dir.corp.",
    "cisco": "<LDAP_", "mitel": "ldap ", "fanvil": "LDAP1", "other": "",
}  # fmt: skip

# RFC 4515, section 3: an item, and what is made of items
ITEM = re.compile(r"\([A-Za-z][A-Za-z0-9-]*[~<>]?=(?:[^()\\\0]|\\[0-9A-Fa-f]{2})*\)")
MADE = re.compile(r"\((?:[&|]\0*|!\0)\)")


def is_filter(text: str) -> bool:
    shorter = ITEM.sub("\0", text)
    while MADE.search(shorter):
        shorter = MADE.sub("\0", shorter)
    return shorter == "\0"


def test_every_maker_is_delivered_with_its_template():
    assert set(VENDORS) == set(KEYS)
    templates = {table["template"] for table in VENDORS.values()}
    assert {path.name for path in PHONES.iterdir()} == {*templates, "vendors.toml", "README.md"}


@pytest.mark.parametrize("key", KEYS)
def test_settings_name_all_that_the_telephone_needs(key):
    text = made(key).replace(" ", "") if key == "fanvil" else made(key)
    names = KEYS[key].replace(": ", ":|").split("|" if key == "mitel" else None)
    assert [name for name in names if BEGIN[key] + name not in text] == []
    assert PASSWORD in text
    assert "{{" not in text


@pytest.mark.parametrize("key", KEYS)
def test_settings_are_well_formed(key):
    text = made(key)
    assert text.endswith("\n")
    if delivered(key).is_xml:
        ElementTree.fromstring(text)
        return
    sign = {"yealink": " = ", "mitel": ": ", "fanvil": ":", "other": " = "}[key]
    lines = [line for line in text.splitlines() if line and not line.startswith(("#", "<"))]
    assert [line for line in lines if sign not in line] == []
    keys = [line.partition(sign)[0].strip() for line in lines]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("key", KEYS)
def test_filters_are_filters_once_something_is_typed(key):
    found = filters(key)
    assert found
    sign, *typed = TYPES.get(key, TYPED)
    for one in found:
        assert all(is_filter(one.replace(sign, text.format("An"))) for text in typed), one
        assert len(one) <= 99
        assert len(one) <= (delivered(key).longest or 99)


@pytest.mark.parametrize("key", [key for key in KEYS if key not in ("poly", "mitel")])
def test_people_are_looked_for_by_names_and_callers_in_every_form(key):
    found = filters(key)
    assert any("(cn=" in one for one in found)
    assert any("(sn=" in one for one in found)
    assert any("(numberKey=" in one for one in found)


@pytest.mark.parametrize("key", ["snom", "cisco"])
def test_a_bare_name_gets_the_star_that_makes_it_a_beginning(key):
    sign = TYPES[key][0]
    names = [one for one in filters(key) if "cn=" in one]
    assert all(re.search(re.escape(sign) + r"\*", one) and not re.search(re.escape(sign) + r"\)", one) for one in names)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("yealink", ("ldap.tls_mode = 0", "ldap.tls_mode = 1", "ldap.tls_mode = 2")),
        ("snom", (">off</ldap_over_tls", None, ">on</ldap_over_tls")),
        ("grandstream", ("<P8037>0<", None, "<P8037>1<")),
        ("gigaset", ('Security" value="0"', 'Security" value="1"', 'Security" value="2"')),
        ("poly", ('"TCP"', None, '"ldaps://pbx.example.org"')),
        ("cisco", ("ldap://pbx.example.org:389", '_StartTLS_Enable ua="na">Yes', "ldaps://pbx.example.org:636")),
        ("mitel", (f"ldap server: 1001:{PASSWORD}@pbx.example.org:389", None, None)),
        ("fanvil", ("Use SSL            :0", "Use SSL            :2", "Use SSL            :1")),
    ],
)
def test_each_maker_has_words_of_its_own_for_tls(key, words):
    for tls, word in zip(TLS, words, strict=True):
        if word is None:
            assert best(delivered(key), [Listener("10.0.0.1", 1, tls)]) is None
        else:
            assert word in made(key, tls)


@pytest.mark.parametrize(
    "text", ["cn=a", "(cn=a", "(|(cn=a)(sn=b)", "(cn=a)(sn=b)", "(cn=(a))", "((cn=a))", r"(cn=\zz)", "(=a)"]
)
def test_what_is_no_filter_is_told_from_one(text):
    assert not is_filter(text)
    assert is_filter("(&(cn=*)(!(sn=a*b))(|(x>=1)(y~=2)))")


def test_the_same_telephone_gets_the_same_bytes():
    assert {made(key) for key in KEYS} == {made(key) for key in KEYS}


def test_a_telephone_is_served_as_safely_as_it_can():
    some = [
        Listener("10.0.0.1", 389, "none"),
        Listener("10.0.0.1", 390, "starttls"),
        Listener("10.0.0.1", 636, "ldaps"),
    ]
    assert [best(delivered(key), some).port for key in ("yealink", "snom", "mitel")] == [636, 636, 389]  # type: ignore[union-attr]
    here = [Listener("127.0.0.1", 636, "ldaps"), Listener("::", 389, "starttls")]
    assert best(delivered("yealink"), here) == here[1]
    assert best(delivered("snom"), here) == here[0]
    assert best(delivered("mitel"), here) is None


def test_files_are_called_what_telephones_ask_for():
    named = {key: file_name(delivered(key), "0004f2aabbcc") for key in KEYS}
    assert named == {
        "yealink": "0004f2aabbcc.cfg",
        "snom": "snom-0004F2AABBCC.xml",
        "grandstream": "cfg0004f2aabbcc.xml",
        "gigaset": "0004F2AABBCC.xml",
        "poly": "ldap-0004f2aabbcc.cfg",
        "cisco": "0004f2aabbcc.xml",
        "mitel": "0004F2AABBCC.cfg",
        "fanvil": "0004f2aabbcc.cfg",
        "other": "0004f2aabbcc.txt",
    }


def test_a_mac_address_may_be_written_in_many_ways():
    written = ("0004f2aabbcc", "00:04:F2:AA:BB:CC", "00-04-f2-aa-bb-cc", "0004.f2aa.bbcc", " 00 04 F2 AA BB CC ")
    assert {mac_of(one) for one in written} == {"0004f2aabbcc"}
    assert [mac_of(one) for one in ("", "0004f2aabbc", "0004f2aabbccd", "0004f2aabbcg", "../../../etc")] == [None] * 5


def maker(template: str, **more: object) -> Profile:
    return profile("acme", {"title": "Acme", "file": "{mac}", "escape": "xml", "tls": {"none": {}}} | more, template)


def test_what_a_file_cannot_hold_is_not_written():
    plain, odd = Listener("", 389, "none"), Access("h", 'o=<"&>', "line\nbreak", "1", Secret("p"))
    assert settings(maker("<base>{{base}}</base>"), plain, odd) == "<base>o=&lt;&quot;&amp;&gt;</base>"
    with pytest.raises(ValueError, match="user has characters"):
        settings(maker("{{user}}", escape="lines"), plain, odd)
    with pytest.raises(ValueError, match="base is longer than the 4 characters that Acme takes"):
        settings(maker("{{base}}", longest=4), plain, odd)


def test_a_template_that_cannot_be_filled_in_is_found_when_it_is_read():
    many: tuple[dict[str, object], ...] = ({"tls": {}}, {"tls": {"ssl": {}}}, {"escape": "json"}, {"longest": "64"})
    for wrong in many:
        with pytest.raises(ValueError, match="acme: "):
            maker("", **wrong)
    with pytest.raises(ValueError, match="asks for hots"):
        maker("{{hots}}")
