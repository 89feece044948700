"""What the directory answers: result codes, and messages to a client (RFC 4511, section 4.1.9 and appendix A). Pure."""

from collections.abc import Sequence
from functools import lru_cache

from gateway.directory.wire import ber

SUCCESS = 0
OPERATIONS_ERROR = 1
PROTOCOL_ERROR = 2
TIME_LIMIT_EXCEEDED = 3
SIZE_LIMIT_EXCEEDED = 4
COMPARE_FALSE = 5
COMPARE_TRUE = 6
AUTH_METHOD_NOT_SUPPORTED = 7
ADMIN_LIMIT_EXCEEDED = 11
UNAVAILABLE_CRITICAL_EXTENSION = 12
CONFIDENTIALITY_REQUIRED = 13
NO_SUCH_ATTRIBUTE = 16
INAPPROPRIATE_MATCHING = 18
NO_SUCH_OBJECT = 32
INVALID_DN_SYNTAX = 34
INAPPROPRIATE_AUTHENTICATION = 48
INVALID_CREDENTIALS = 49
INSUFFICIENT_ACCESS_RIGHTS = 50
UNAVAILABLE = 52
UNWILLING_TO_PERFORM = 53
SORT_CONTROL_MISSING = 60  # this and the next: draft-ietf-ldapext-ldapv3-vlv-09
OFFSET_RANGE_ERROR = 61

BIND, SEARCH_ENTRY, SEARCH_DONE = 0x61, 0x64, 0x65
MODIFY, ADD, DELETE, RENAME, COMPARE, EXTENDED = 0x67, 0x69, 0x6B, 0x6D, 0x6F, 0x78
NOTICE_OF_DISCONNECTION = b"1.3.6.1.4.1.1466.20036"  # RFC 4511, section 4.4.1
_CONTROLS = 0xA0
_OID, _VALUE = 0x8A, 0x8B


class Refusal(Exception):
    """One request is answered with this result; the connection goes on. `said` holds nothing of the request."""

    def __init__(self, code: int, said: str = "", matched: str = "") -> None:
        super().__init__(said)
        self.code = code
        self.said = said
        self.matched = matched


_NUMBERS = tuple(ber.encoded_integer(number) for number in range(256))


def message(number: int, operation: bytes, controls: bytes = b"") -> bytes:
    """Return the message `number` with an operation; `controls`: encoded each, one after the other."""
    identified = _NUMBERS[number] if number < 256 else ber.encoded_integer(number)
    if not controls:
        return ber.tlv(ber.SEQUENCE, identified + operation)
    return ber.tlv(ber.SEQUENCE, identified + operation + ber.tlv(_CONTROLS, controls))


def result(number: int, tag: int, code: int, said: str = "", matched: str = "", controls: bytes = b"") -> bytes:
    """Return the message that ends request `number`."""
    if not (said or matched or controls):
        return _plain(number, tag, code)
    return message(number, ber.tlv(tag, _content(code, said, matched)), controls)


@lru_cache(maxsize=1024)
def _plain(number: int, tag: int, code: int) -> bytes:
    return message(number, ber.tlv(tag, _content(code, "", "")))


def extended(number: int, code: int, said: str = "", oid: bytes | None = None, value: bytes | None = None) -> bytes:
    """Return the answer to an extended request."""
    content = _content(code, said, "")
    content += b"" if oid is None else ber.tlv(_OID, oid)
    content += b"" if value is None else ber.tlv(_VALUE, value)
    return message(number, ber.tlv(EXTENDED, content))


def entries(number: int, found: Sequence[bytes]) -> bytes:
    """Return one message for each of these entries, which are encoded already."""
    identified = _NUMBERS[number] if number < 256 else ber.encoded_integer(number)
    return b"".join([ber.tlv(ber.SEQUENCE, identified + one) for one in found])


def disconnection(code: int, said: str) -> bytes:
    """Return the notice that the connection is closed, and why."""
    return extended(0, code, said, NOTICE_OF_DISCONNECTION)


def entry(dn: str, attributes: Sequence[tuple[str, tuple[bytes, ...]]]) -> bytes:
    """Return one entry of an answer, without the message around it."""
    listed = b"".join(
        ber.tlv(
            ber.SEQUENCE,
            ber.tlv(ber.OCTETS, name.encode())
            + ber.tlv(ber.SET, b"".join(ber.tlv(ber.OCTETS, value) for value in values)),
        )
        for name, values in attributes
    )
    return ber.tlv(SEARCH_ENTRY, ber.tlv(ber.OCTETS, dn.encode()) + ber.tlv(ber.SEQUENCE, listed))


def _content(code: int, said: str, matched: str) -> bytes:
    return (
        ber.encoded_integer(code, ber.ENUMERATED)
        + ber.tlv(ber.OCTETS, matched.encode())
        + ber.tlv(ber.OCTETS, said.encode())
    )
