"""Tables and vCards as Outlook, Google, spreadsheets and people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.contact import Contact, Kind
from gateway.errors import GiveUp, Misconfigured
from gateway.sources.file.parse import parse

PLAIN = "name;company;phone;mobile;home;email\nAnna Öberg;Räv AB;08-1;070-1;08-2;a@example.com\nBodil Ek;;1002;;;\n"
OUTLOOK = (
    '"Title","First Name","Middle Name","Last Name","Suffix","Company","Department","Job Title","Business Fax",'
    '"Business Phone","Home Phone","Mobile Phone","Other Phone","Pager","E-mail Address","E-mail Type","Notes"\r\n'
    '"Dr","Anna","M","Öberg","","Räv, Son","","Chef","08-9","08-1","08-2","070-1","08-3","47","a@example.com","SMTP",'
    '"two\r\nlines; and ""quotes"""\r\n'
)
SWEDISH = (
    "Förnamn\tEfternamn\tFöretag\tTelefon, arbete\tMobiltelefon\tTelefon (bost)\tE-postadress\r\n"
    "Anna\tÖberg\tRäv\t08-1\t070-1\t08-2\ta@example.com\r\n"
)
GOOGLE = (
    "First Name,Last Name,Organization Name,Organization Title,E-mail 1 - Label,E-mail 1 - Value,Phone 1 - Label,"
    "Phone 1 - Value,Phone 2 - Label,Phone 2 - Value,Phone 3 - Label,Phone 3 - Value\n"
    "Anna,Öberg,Räv,Chef,* Work,a@example.com ::: b@example.com,Mobile,070-1 ::: 070-2,Work Fax,08-9,,08-3\n"
)
OLD_GOOGLE = (
    "Name,Given Name,Family Name,Organization 1 - Name,Phone 1 - Type,Phone 1 - Value\n"
    "Anna Ö,Anna,Öberg,Räv,Home,08-2\n"
)


def only(name: str, text: str, encoding: str = "utf-8") -> Contact:
    parsed = parse(name, text.encode(encoding))
    assert len(parsed.contacts) == 1
    return parsed.contacts[0]


def numbers(contact: Contact) -> list[tuple[str, str]]:
    return [(number.kind.value, number.written) for number in contact.numbers]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
def test_a_plain_table(encoding, delimiter):
    parsed = parse("all.csv", PLAIN.replace(";", delimiter).encode(encoding))
    anna, bodil = parsed.contacts
    assert (anna.name, anna.company, anna.emails) == ("Anna Öberg", "Räv AB", ("a@example.com",))
    assert numbers(anna) == [("work", "08-1"), ("mobile", "070-1"), ("home", "08-2")]
    assert (bodil.name, numbers(bodil)) == ("Bodil Ek", [("work", "1002")])
    assert (anna.key != bodil.key, parsed.set_aside) == (True, 0)


def test_outlook():
    contact = only("outlook.csv", OUTLOOK, "cp1252")
    assert (contact.name, contact.given, contact.family) == ("Anna M Öberg", "Anna", "Öberg")
    assert (contact.company, contact.title, contact.emails) == ("Räv, Son", "Chef", ("a@example.com",))
    assert numbers(contact) == [("work", "08-1"), ("mobile", "070-1"), ("home", "08-2"), ("other", "08-3")]


def test_outlook_in_swedish():
    contact = only("outlook.csv", SWEDISH, "cp1252")
    assert (contact.name, contact.company, contact.emails) == ("Anna Öberg", "Räv", ("a@example.com",))
    assert numbers(contact) == [("work", "08-1"), ("mobile", "070-1"), ("home", "08-2")]


def test_google():
    contact = only("google.csv", GOOGLE)
    assert (contact.name, contact.company, contact.title) == ("Anna Öberg", "Räv", "Chef")
    assert contact.emails == ("a@example.com", "b@example.com")
    assert numbers(contact) == [("mobile", "070-1"), ("mobile", "070-2"), ("other", "08-3")]
    assert numbers(only("google.csv", OLD_GOOGLE)) == [("home", "08-2")]


def test_what_a_spreadsheet_does_to_numbers():
    text = 'sep=;\r\nNAME;PHONE\r\nA;"=""+4681"""\r\nB;\'0812\r\nC;4,68E+10\r\nD;+46 8 (1)\r\n'
    assert [numbers(one) for one in parse("x.csv", text.encode()).contacts] == [
        [("work", "+4681")], [("work", "0812")], [], [("work", "+46 8 (1)")],
    ]  # fmt: skip


def test_short_and_long_and_empty_lines():
    parsed = parse("x.csv", b"name;phone;mail\n\nA\n;;\nB;1;b@x;more;and more\n;;\n;2\n;-\n x ;\n")
    assert [(one.name, len(one.numbers)) for one in parsed.contacts] == [("A", 0), ("B", 1), ("2", 1), ("x", 0)]
    assert parsed.set_aside == 1


def test_who_somebody_is_stays_when_numbers_change_and_lines_move():
    anna, bodil = parse("x.csv", PLAIN.encode()).contacts
    head, one, other, _ = PLAIN.split("\n")
    turned = "\n".join([head, other.replace("1002", "1003"), one])
    assert {contact.key for contact in parse("x.csv", turned.encode()).contacts} == {anna.key, bodil.key}
    twice = parse("x.csv", f"{PLAIN}Bodil Ek;;1004;;;\n".encode()).contacts
    assert len({contact.key for contact in twice}) == 3
    assert [one.key for one in parse("x.csv", b"id,name,phone\n7,A,1\n8,B,2\n").contacts] == ["7", "8"]


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", "empty"),
        (b" \r\n", "empty"),
        (b"Anna;08-1\nBodil;08-2\n", "line 1"),
        (b"sep=,\nname,note\nA,x\n", "line 2"),
        (b"phone,mobile\n1,2\n", "line 1"),
        (b'name,phone\nA,1\nB,"2\nC,3\nD,4\n', "line 3"),
        (b'name,phone\n"A\nb",1\nB,"2\nC,3\nD,4\n', "line 4"),
        (b'name,phone\nA,"' + b"x" * 1_100_000, "line 2"),
        (b"\x00\x01\x02", "line 1"),
    ],
)
def test_what_makes_no_sense_is_said_with_its_line(content, line):
    with pytest.raises(Misconfigured, match=f"x.csv.*{line}") as raised:
        parse("x.csv", content)
    assert raised.value.remedy


def test_cards():
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\n{}\r\nEND:VCARD\r\n"
    text = "".join(card.format(one) for one in ("UID:u\r\nFN:A\r\nTEL:1", "FN:B\r\nTEL:2", "KIND:group\r\nFN:G", "FN:"))
    parsed = parse("x.VCF", text.encode())
    assert [one.name for one in parsed.contacts] == ["A", "B"]
    assert (parsed.contacts[0].key, parsed.set_aside, parsed.ended) == ("u", 1, True)
    assert not parse("x.vcf", text.encode()[:-12]).ended
    with pytest.raises(Misconfigured, match=r"x.vcf, line 1"):
        parse("x.vcf", b"name;phone\nA;1\n")


def test_what_is_marked_private_is_for_nobody_else():
    card = "BEGIN:VCARD\r\nVERSION:3.0\r\nFN:{0}\r\nTEL:1\r\nCLASS:{0}\r\nEND:VCARD\r\n"
    parsed = parse("x.vcf", "".join(map(card.format, ("PUBLIC", "PRIVATE", "CONFIDENTIAL"))).encode())
    assert ([one.name for one in parsed.contacts], parsed.set_aside) == (["PUBLIC"], 0)


PIECES = st.sampled_from(
    ["name", "phone", "Phone 1 - Value", "id", ";", ",", "\t", "\n", "\r", '"', '""', "=", "1", "ö", "\x00"]
)


@given(st.lists(PIECES, max_size=30).map("".join).map(str.encode) | st.binary(max_size=50))
def test_no_content_is_too_strange(content):
    for name in ("x.csv", "x.vcf"):
        try:
            parsed = parse(name, content)
        except GiveUp:
            continue
        assert all(one.name and one.key for one in parsed.contacts)
        assert len({one.key for one in parsed.contacts}) == len(parsed.contacts)
        assert {number.kind for one in parsed.contacts for number in one.numbers} <= set(Kind)
