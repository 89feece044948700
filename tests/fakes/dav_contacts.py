"""Address books of the scripted DAV server (RFC 6352, RFC 6578), which may lack or refuse what real servers do.

books = Contacts(syncs=False)
async with Dav.start(sound=books.answer) as dav:
    books.put("office", "anna", card("anna", "Anna", "TEL:1"))
"""

from dataclasses import dataclass, field
from xml.sax.saxutils import escape

from defusedxml.ElementTree import fromstring

from tests.fakes.dav import Answer, Request, member, multistatus

D = "{DAV:}"
NOTHING = Answer(404, {"Content-Type": "text/html"}, b"<html>nothing here</html>")


@dataclass(frozen=True)
class Card:
    """What lies under a name, since the change of that number; `text` None: it was removed."""

    text: str | None
    since: int


@dataclass
class Contacts:
    """Address books below /books/, each with cards by name; what is asked before is `requests`.

    `tokens`: tags that a collection shows. `syncs`: there is a sync-collection; `refuses`: the status with which it
    answers an old token; `page`: after so many members it cuts the list. `most`: so many cards are told at once, of
    the others nothing is said. `etags`: whether there are any. `photo`: so many bytes come with each card.
    `home`: it is told where they are.
    """

    books: dict[str, dict[str, Card]] = field(default_factory=lambda: {"office": {}})
    tokens: tuple[str, ...] = ("sync-token", "S:getctag")
    syncs: bool = True
    refuses: int | None = None
    page: int = 1000
    most: int = 1000
    etags: bool = True
    photo: int = 0
    home: bool = True
    changes: int = 0
    fetched: list[int] = field(default_factory=list)

    def put(self, book: str, name: str, text: str | None) -> None:
        """Write a card, new or changed; None: remove it."""
        self.changes += 1
        self.books[book][name] = Card(text, self.changes)

    def answer(self, request: Request) -> Answer:
        """Answer as a server does on which /books/ is everybody's home."""
        _, *parts = request.path.rstrip("/").split("/")
        if "current-user-principal" in request.body:
            return _said(member(request.path, "<current-user-principal><href>/me/</href></current-user-principal>"))
        if "addressbook-home-set" in request.body:
            home = "<B:addressbook-home-set><href>/books/</href></B:addressbook-home-set>"
            return _said(member(request.path, home if self.home else "<resourcetype/>"))
        if parts == ["me"] and not self.home:
            return _said(member(request.path, "<resourcetype><principal/></resourcetype>"))
        if parts == ["books"]:
            inside = [self._book(book) for book in self.books] if request.headers.get("depth") == "1" else []
            return _said(member("/books/", "<resourcetype><collection/></resourcetype>"), *inside)
        if len(parts) != 2 or parts[1] not in self.books:
            return NOTHING
        if "sync-collection" in request.body:
            return self._changes(parts[1], fromstring(request.body))
        if "addressbook-multiget" in request.body:
            return self._cards(parts[1], fromstring(request.body))
        cards = self.books[parts[1]].items() if request.headers.get("depth") == "1" else ()
        return _said(self._book(parts[1]), *(self._member(parts[1], *one) for one in cards if one[1].text is not None))

    def _book(self, book: str) -> str:
        newest = max((card.since for card in self.books[book].values()), default=0)
        tags = "".join(f"<{tag}>{newest}</{tag}>" for tag in self.tokens)
        return member(f"/books/{book}/", f"<resourcetype><collection/><B:addressbook/></resourcetype>{tags}")

    def _member(self, book: str, name: str, card: Card) -> str:
        href = f"/books/{book}/{escape(name)}.vcf"
        if card.text is None:
            return f"<response><href>{href}</href><status>HTTP/1.1 404 Not Found</status></response>"
        return member(href, f'<getetag>"{card.since}"</getetag>' if self.etags else "<resourcetype/>")

    def _changes(self, book: str, asked: object) -> Answer:
        token = asked.findtext(f"{D}sync-token") or "0"  # type: ignore[attr-defined]
        if not self.syncs:
            return Answer(501)
        if self.refuses is not None and token != "0":
            return Answer(self.refuses, body=b'<error xmlns="DAV:"><valid-sync-token/></error>')
        if not token.isdigit():
            return Answer(409)
        changed = sorted(self.books[book].items(), key=lambda one: one[1].since)
        changed = [one for one in changed if one[1].since > int(token) and (one[1].text is not None or token != "0")]
        told = [self._member(book, *one) for one in changed[: self.page]]
        if len(changed) > self.page:
            told.append(f"<response><href>/books/{book}/</href><status>HTTP/1.1 507 Full</status></response>")
            return _said(*told, f"<sync-token>{changed[self.page - 1][1].since}</sync-token>")
        return _said(*told, f"<sync-token>{self.changes}</sync-token>")

    def _cards(self, book: str, asked: object) -> Answer:
        hrefs = [found.text or "" for found in asked.iterfind(f"{D}href")][: self.most]  # type: ignore[attr-defined]
        self.fetched.append(len(hrefs))
        return _said(*(self._card(book, href) for href in hrefs))

    def _card(self, book: str, href: str) -> str:
        name = href.rpartition("/")[2].removesuffix(".vcf")
        card = self.books[book].get(name)
        if card is None or card.text is None:
            return self._member(book, name, Card(None, 0))
        photo = f"PHOTO;ENCODING=b:{'A' * self.photo}\r\n" if self.photo else ""
        text = card.text.replace("END:VCARD", f"{photo}END:VCARD")
        return member(href, f"<B:address-data><![CDATA[{text}]]></B:address-data>")


def _said(*responses: str) -> Answer:
    return Answer(body=multistatus(*responses))
