"""Tags, lengths and values of the Basic Encoding Rules, as LDAP limits them (X.690; RFC 4511, section 5.1). Pure.

Lengths are definite, tags have one byte; longer forms of a length than needed are taken, as BER has them. Values are
read where they lie: functions take the bytes, where to begin and where what surrounds the value ends.
"""

BOOLEAN, INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET = 0x01, 0x02, 0x04, 0x0A, 0x30, 0x31
_LONGEST_INTEGER = 8  # bytes; LDAP's own have four
_LONGEST_LENGTH = 8


class Malformed(ValueError):
    """These bytes are no BER, or not what has to stand here: whatever follows them has no beginning."""


def message_end(data: bytes | bytearray, at: int, longest: int) -> int:
    """Return where the message that begins at `at` ends, which may be beyond `data`; 0: too little is here to know.

    Raises `Malformed` for what is no sequence, has no definite length, or is longer than `longest` bytes.
    """
    here = len(data) - at
    if here < 2:
        if here == 1 and data[at] != SEQUENCE:
            raise Malformed("a message is a sequence")
        return 0
    if data[at] != SEQUENCE:
        raise Malformed("a message is a sequence")
    length = data[at + 1]
    begins = at + 2
    if length > 0x7F:
        count = length & 0x7F
        if not 0 < count <= _LONGEST_LENGTH:
            raise Malformed("a length is definite and of at most eight bytes")
        begins += count
        if begins > len(data):
            return 0
        length = int.from_bytes(data[at + 2 : begins], "big")
    if begins + length - at > longest:
        raise Malformed(f"a message has at most {longest} bytes")
    return begins + length


def header(data: bytes, at: int, end: int) -> tuple[int, int, int]:
    """Return the tag of the value at `at`, and where its content begins and ends, which is not beyond `end`."""
    begins = at + 2
    if begins > end:
        raise Malformed("a value is cut off")
    tag, length = data[at], data[at + 1]
    if tag & 0x1F == 0x1F:
        raise Malformed("LDAP has no tags of several bytes")
    if length > 0x7F:
        count = length & 0x7F
        if not 0 < count <= _LONGEST_LENGTH:
            raise Malformed("a length is definite and of at most eight bytes")
        begins += count
        if begins > end:
            raise Malformed("a length is cut off")
        length = int.from_bytes(data[at + 2 : begins], "big")
    if begins + length > end:
        raise Malformed("a value is longer than what surrounds it")
    return tag, begins, begins + length


def expect(data: bytes, at: int, end: int, tag: int) -> tuple[int, int]:
    """Return where the content of the value with this `tag` begins and ends."""
    begins = at + 2
    if begins <= end and data[at] == tag and data[at + 1] < 0x80:  # nearly all are short
        ends = begins + data[at + 1]
        if ends <= end:
            return begins, ends
    found, begins, ends = header(data, at, end)
    if found != tag:
        raise Malformed(f"tag {tag:#04x} has to stand here, not {found:#04x}")
    return begins, ends


def integer(data: bytes, begins: int, ends: int) -> int:
    """Return the integer (or enumerated) with this content."""
    if ends - begins == 1 and data[begins] < 0x80:
        return data[begins]
    if not 0 < ends - begins <= _LONGEST_INTEGER:
        raise Malformed("an integer has one to eight bytes here")
    return int.from_bytes(data[begins:ends], "big", signed=True)


def boolean(data: bytes, begins: int, ends: int) -> bool:
    """Return the boolean with this content; any byte but 0 is true."""
    if ends - begins != 1:
        raise Malformed("a boolean has one byte")
    return data[begins] != 0


def tlv(tag: int, content: bytes) -> bytes:
    """Encode a value; `content` is encoded already."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    if size < 0x100:
        return bytes((tag, 0x81, size)) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(length))) + length + content


def encoded_integer(value: int, tag: int = INTEGER) -> bytes:
    """Encode an integer (or enumerated) in as few bytes as it needs."""
    bits = (value if value >= 0 else ~value).bit_length()
    return tlv(tag, value.to_bytes(bits // 8 + 1, "big", signed=True))
