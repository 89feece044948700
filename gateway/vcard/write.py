"""A contact as a vCard 3.0 (RFC 2426), which every address book reads. Pure."""

from gateway.domain.contact import Contact, Kind

FOLDED = 75  # octets of a line (RFC 2425, section 5.8.1)
TYPES = {Kind.WORK: "WORK,VOICE", Kind.MOBILE: "CELL", Kind.HOME: "HOME,VOICE", Kind.OTHER: "VOICE"}


def write(contact: Contact) -> str:
    """Return the card, with its line ends; what could begin another line is escaped."""
    lines = ["BEGIN:VCARD", "VERSION:3.0", f"FN:{_text(contact.name)}"]
    lines.append(f"N:{_text(contact.family)};{_text(contact.given)};;;")
    if contact.company:
        lines.append(f"ORG:{_text(contact.company)}")
    if contact.title:
        lines.append(f"TITLE:{_text(contact.title)}")
    lines += [f"EMAIL;TYPE=INTERNET:{_text(one)}" for one in contact.emails]
    lines += [f"TEL;TYPE={TYPES[number.kind]}:{_text(number.written)}" for number in contact.numbers]
    lines.append("END:VCARD")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _text(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return "\\n".join(escaped.splitlines())


def _folded(line: str) -> str:
    pieces, piece = [], ""
    for character in line:
        if len(f"{piece}{character}".encode()) > FOLDED - 1:
            pieces.append(piece)
            piece = ""
        piece += character
    return "\r\n ".join([*pieces, piece])
