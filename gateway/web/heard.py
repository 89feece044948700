"""What the gateway has noted of servers, in the reader's language.

Readings that fail are noted in English, as commands and logs tell them. The sentences are our own: what a server says
itself is never noted. `texts/<language>/sources.po` has them as templates, by which a noted one is found again.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

FILE = "sources.po"
COMMAND = "ringplan "
LONGEST, MOST = 1000, 16  # letters, and pieces between marks: what is longer is not looked for
_MARK = re.compile(r"(: |; )")
_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Sentence:
    """`known` finds a noted sentence, and what stands in the places of its translation `said`."""

    known: re.Pattern[str]
    said: str

    def of(self, noted: str) -> str | None:
        """Return the translation of what was noted, None for another sentence."""
        found = self.known.fullmatch(noted)
        return self.said.format_map(found.groupdict()) if found else None


class Heard:
    """Translates what was noted; `messages` by their templates, none for English."""

    def __init__(self, messages: Mapping[str, str]) -> None:
        wordy = sorted(messages.items(), key=lambda one: -len(_PLACE.sub("", one[0])))  # the special before the general
        self._sentences = [Sentence(_pattern(message), said) for message, said in wordy]
        self._told = lru_cache(maxsize=1000)(self._translated)

    def told(self, noted: str) -> str | None:
        """Return it as it is shown, None where not all of it is known. What begins with a command is left out."""
        return self._told(noted)

    def _translated(self, noted: str) -> str | None:
        pieces, found, at = _MARK.split(without_commands(noted)), [], 0
        if len(noted) > LONGEST or len(pieces) > 2 * MOST:
            return None
        while at < len(pieces):
            for end in range(at + 1, len(pieces) + 1, 2):  # a sentence may have a mark in it
                said = self._one("".join(pieces[at:end]))
                if said is not None:
                    break
            else:
                return None
            found.append(said + "".join(pieces[end : end + 1]))
            at = end + 1
        return "".join(found)

    def _one(self, noted: str) -> str | None:
        every: Iterator[str | None] = (one.of(noted) for one in self._sentences)
        return next((said for said in every if said is not None), None)


def without_commands(noted: str) -> str:
    """Return what was noted up to where a command is named: that is for administrators at the server."""
    pieces = _MARK.split(noted)
    named = next((at for at, piece in enumerate(pieces) if COMMAND in piece), None)
    return noted if named is None else "".join(pieces[: max(0, named - 1)])


def _pattern(message: str) -> re.Pattern[str]:
    pieces = _PLACE.split(message)  # texts and names of places in turn
    texts, places = (re.escape(one) for one in pieces[::2]), pieces[1::2]
    written = next(texts)
    for place, text in zip(places, texts, strict=True):
        written += f"(?P<{place}>.+?){text}"
    return re.compile(written)
