"""The XML that address books are asked with. Pure.

RFC 6578 section 3.2 (sync-collection), RFC 6352 section 8.7 (addressbook-multiget) and 10.4 (address-data, of which
only some properties are asked for: servers may send all of them).
"""

from collections.abc import Iterable
from xml.sax.saxutils import escape

PROPERTIES = (
    "VERSION", "UID", "CLASS", "KIND", "X-ADDRESSBOOKSERVER-KIND", "FN", "N", "NICKNAME", "ORG", "TITLE", "ROLE",
    "EMAIL", "TEL", "X-ABLabel",
)  # fmt: skip
ETAGS = b'<propfind xmlns="DAV:"><prop><getetag/><resourcetype/></prop></propfind>'
_DATA = "".join(f'<b:prop name="{name}"/>' for name in PROPERTIES)


def changes(token: str) -> bytes:
    """Return a sync-collection for what changed since `token`; "": for all members."""
    return (
        f'<sync-collection xmlns="DAV:"><sync-token>{escape(token)}</sync-token><sync-level>1</sync-level>'
        "<prop><getetag/></prop></sync-collection>"
    ).encode()


def cards(hrefs: Iterable[str]) -> bytes:
    """Return an addressbook-multiget for the cards at `hrefs`, as the server wrote these."""
    wanted = "".join(f"<href>{escape(href)}</href>" for href in hrefs)
    return (
        '<b:addressbook-multiget xmlns="DAV:" xmlns:b="urn:ietf:params:xml:ns:carddav"><prop>'
        f"<b:address-data>{_DATA}</b:address-data></prop>{wanted}</b:addressbook-multiget>"
    ).encode()
