"""Cards as programs write them: each of these shapes is one that the named program exports."""

import pytest

from gateway.domain.contact import Contact, Kind
from gateway.vcard.contact import read

WORK, MOBILE, HOME, OTHER = (Kind.WORK, Kind.MOBILE, Kind.HOME, Kind.OTHER)


def said(contact: Contact | None) -> tuple[str, str, str, str, str]:
    assert contact is not None
    return contact.name, contact.given, contact.family, contact.company, contact.title


def numbers(contact: Contact | None) -> list[tuple[Kind, str]]:
    assert contact is not None
    return [(number.kind, number.written) for number in contact.numbers]


def vcard(version: str, *lines: str) -> str:
    return "\r\n".join(["BEGIN:VCARD", f"VERSION:{version}", *lines, "END:VCARD", ""])


def test_outlook():
    card = vcard(
        "2.1",
        "N;LANGUAGE=sv;CHARSET=Windows-1252:Öberg;Anna;;fru",
        "FN;CHARSET=Windows-1252:Anna Öberg",
        "ORG:Räv AB;Inköp",
        "TITLE:Chef",
        "TEL;WORK;VOICE:+46 (8) 123 45",
        "TEL;CELL;VOICE:+46 (70) 123 45 67",
        "TEL;WORK;FAX:+46 (8) 123 46",
        "TEL;PAGER;VOICE:4711",
        "ADR;WORK;PREF:;;Gatan 1;Stockholm;;111 22;Sverige",
        "X-MS-OL-DEFAULT-POSTAL-ADDRESS:2",
        "EMAIL;PREF;INTERNET:anna@example.com",
        "PHOTO;TYPE=JPEG;ENCODING=BASE64:",
        " /9j/4AAQSkZJRgABAQEAYABgAAD/2wBDAAgGBgcGBQgHBwcJCQgKDBQNDAsL",
        " DBkSEw8UHRofHh0aHBwgJC4nICIsIxwcKDcpLDAxNDQ0Hyc5PTgyPC4zNDL/",
        "",
        "X-MS-OL-DESIGN;CHARSET=utf-8:<card xmlns=\"x\"><TEL/></card>",
        "REV:20261121T080000Z",
    )  # fmt: skip
    contact = read(card.encode("cp1252"), "k")
    assert said(contact) == ("Anna Öberg", "Anna", "Öberg", "Räv AB", "Chef")
    assert numbers(contact) == [(WORK, "+46 (8) 123 45"), (MOBILE, "+46 (70) 123 45 67")]
    assert contact is not None
    assert contact.emails == ("anna@example.com",)


def test_android():
    card = vcard(
        "2.1",
        "N;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=96berg;=C3=84nna=20M=C3=A4rta=20Charlotta=20Elisabe=",
        "th;;;",
        "FN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=C3=84nna=20=C3=96berg",
        "TEL;CELL;PREF:0701234567",
        "TEL;X-Sommarstugan:0850012345",
        "TEL;HOME;FAX:0812346",
        "NOTE;ENCODING=QUOTED-PRINTABLE:hemligt=0A=",
        "TEL;CELL:0000000",
        "",
    )
    contact = read(card, "k")
    assert said(contact)[:3] == ("Änna Öberg", "Änna Märta Charlotta Elisabeth", "Öberg")
    assert numbers(contact) == [(MOBILE, "0701234567"), (OTHER, "0850012345")]


def test_ios():
    card = vcard(
        "3.0",
        "PRODID:-//Apple Inc.//iPhone OS 18.0//EN",
        "N:Öberg;Anna;;;",
        "FN:Anna Öberg",
        "ORG:Räv\\, Son & Co;",
        "TEL;type=CELL;type=VOICE;type=pref:\u202a+46 70 123 45 67\u202c",
        "TEL;type=WORK;type=FAX:08-12346",
        "item1.TEL:08-12347",
        "item1.X-ABLabel:_$!<WorkFAX>!$_",
        "item2.TEL:08-12348",
        "item2.X-ABLabel:Arbete växel",
        "item3.TEL;type=pref:08-12349",
        "item3.X-ABLabel:_$!<Other>!$_",
        "item4.EMAIL;type=INTERNET:anna@example.com",
        "item4.X-ABLabel:Sommar",
    )
    contact = read(card, "k")
    assert said(contact)[3] == "Räv, Son & Co"
    assert numbers(contact) == [(WORK, "08-12348"), (MOBILE, "+46 70 123 45 67"), (OTHER, "08-12349")]


def test_nextcloud():
    card = vcard(
        "4.0",
        "UID:2f9e",
        "FN;PREF=2:A. Öberg",
        "FN;PREF=1:Anna Öberg",
        'TEL;VALUE=uri;PREF=1;TYPE="voice,work":tel:+46-8-123-45;ext=12',
        "TEL;VALUE=uri;TYPE=cell:tel:+46%2070%20123",
        "TEL;TYPE=home:tel:12345;phone-context=+468",
        "EMAIL;TYPE=work:anna@example.com",
    )
    contact = read(card, "k")
    assert said(contact) == ("Anna Öberg", "", "", "", "")
    assert numbers(contact) == [(WORK, "+46-8-123-45;ext=12"), (MOBILE, "+46 70 123"), (HOME, "+46812345")]


def test_google():
    card = vcard(
        "3.0", "N:;;;;", "FN:", "ORG:Räv AB", "item1.TEL:+46 8 123 45", "item1.X-ABLabel:", "TEL;TYPE=CELL:0701"
    )  # fmt: skip
    contact = read(card, "k")
    assert said(contact)[0] == "Räv AB"
    assert numbers(contact) == [(MOBILE, "0701"), (OTHER, "+46 8 123 45")]


def test_thunderbird():
    card = vcard("4.0", "N:Öberg;Anna;;;", "TEL;TYPE=work;VALUE=TEXT:08 1", "TEL;TYPE=fax;VALUE=TEXT:08 2", "TEL:08 3")
    contact = read(card, "k")
    assert said(contact)[0] == "Anna Öberg"
    assert numbers(contact) == [(WORK, "08 1"), (OTHER, "08 3")]


def test_sogo():
    folded = "FN:Anna Öberg\r\n med ett mycket\r\n långt namn"
    contact = read(vcard("3.0", folded, "TEL;TYPE=work:08-1", "TEL;TYPE=work,pref:08-2"), "k")
    assert said(contact)[0] == "Anna Öbergmed ett mycketlångt namn"
    assert numbers(contact) == [(WORK, "08-2"), (WORK, "08-1")]


@pytest.mark.parametrize("kind", ["KIND:group", "X-ADDRESSBOOKSERVER-KIND:group", "KIND;VALUE=text:GROUP"])
def test_a_group_is_no_contact(kind):
    assert read(vcard("4.0", kind, "FN:Alla", "MEMBER:urn:uuid:1", "TEL:1"), "k") is None


def test_a_list_of_sogo_is_no_contact():
    assert read("BEGIN:VLIST\r\nUID:l\r\nFN:Alla\r\nCARD;EMAIL=a@example.com:y.vcf\r\nEND:VLIST\r\n", "k") is None


def test_two_numbers_that_are_one_are_one():
    found = read(vcard("3.0", "FN:A", "TEL;TYPE=WORK:08 1", "TEL;TYPE=VOICE,WORK,PREF:08 1", "TEL;TYPE=WORK:08 2"), "k")
    assert numbers(found) == [(WORK, "08 1"), (WORK, "08 2")]


@pytest.mark.parametrize(
    ("mark", "is_left"), [("PRIVATE", True), ("confidential", True), ("PUBLIC", False), ("", False)]
)
def test_what_is_marked_private_is_left_to_its_owner(mark, is_left):
    card = vcard("3.0", "FN:Anna", f"CLASS:{mark}", "TEL:1")
    assert read(card, "k") is not None
    assert (read(card, "k", private=False) is None) is is_left
