"""From appointments to diversions: the codes that people write in a subject (CODES.md, "The convention").

`M: Styrgrupp`, `m : kort avstämning`, `L;`, `TJR:>1004 Göteborg`. A subject without a known code comes to nothing and
nothing of it is kept. Times come out in UTC and in whole seconds, which is what a PBX can hold.
"""

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.domain.appointment import Appointment, Response
from gateway.domain.code import Code
from gateway.domain.diversion import Diversion
from gateway.domain.user import Mode, User
from gateway.planning import show_as, working
from gateway.planning.grammar import whole
from gateway.planning.rules import Found, Remark, Rules, folded
from gateway.planning.targets import is_permitted

LONGEST_SUBJECT = 10_000
LONGEST_TEXT = 200
LONGEST_ABSENCE = timedelta(days=5 * 366)

_NAME = re.compile(r"[^\W\d_]{1,40}")
_MARKED = re.compile(rf"\s*({_NAME.pattern})\s*([:;])(.*)", re.DOTALL)
_NUMBERED = re.compile(r"\s*>(\S*)(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Marked:
    """A subject that carries a known code.

    `number` is what stands behind `>`, as written and not yet permitted; None: there is no `>`. `text` is the rest.
    """

    code: Code
    diverts: bool
    number: str | None
    text: str


def read(appointments: Iterable[Appointment], user: User, rules: Rules) -> Found:
    """Return what the calendars of `user` ask for, in the mode that the organisation has chosen, in order of time."""
    remarks: Counter[Remark] = Counter()
    asked: dict[str, set[Diversion]] = {}
    for item in appointments:
        if not _counts(item, rules):
            continue
        diversion = _diversion(item, user, rules, remarks)
        if diversion is not None:
            asked.setdefault(diversion.key, set()).add(diversion)
    remarks[Remark.SAME_ITEM_TWICE] += sum(len(same) - 1 for same in asked.values())
    diversions = sorted((min(same, key=_order) for same in asked.values()), key=_order)
    return Found(tuple(diversions), {remark: count for remark, count in remarks.items() if count})


def marked(subject: str, rules: Rules) -> Marked | None:
    """Return what `subject` says when it starts with a known code and a mark, else None."""
    parts = _MARKED.fullmatch(unicodedata.normalize("NFC", subject))
    code = rules.by_name.get(folded(parts[1])) if parts else None
    if parts is None or code is None:
        return None
    rest = parts[3]
    numbered = _NUMBERED.fullmatch(rest)
    number = numbered[1].rstrip(",.;:") if numbered else None
    return Marked(code, parts[2] == ":", number, numbered[2] if numbered else rest)


def is_name(name: str) -> bool:
    """Say whether people can write `name` as a code: 1 to 40 letters."""
    return _NAME.fullmatch(unicodedata.normalize("NFC", name)) is not None


def occurrence_key(item: Appointment) -> str:
    """Return the key of an occurrence: 32 hexadecimal digits that tell nothing of its uid."""
    named = f"{len(item.uid)}:{item.uid}{item.occurrence}"
    return hashlib.sha256(named.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _counts(item: Appointment, rules: Rules) -> bool:
    accepted = item.response is Response.ACCEPTED and not rules.organisation.only_own
    return (item.response is Response.OWN or accepted) and not item.cancelled


def _diversion(item: Appointment, user: User, rules: Rules, remarks: Counter[Remark]) -> Diversion | None:
    said = _said(item, rules, remarks)
    if said is None:
        return None
    start, end = whole(item.start), whole(item.end)
    if start >= end:
        return None
    if end - start > LONGEST_ABSENCE:
        remarks[Remark.LASTS_TOO_LONG] += 1
        return None
    if said.code.until_next_working:
        end = working.gone_until(start, end, user.hours or rules.organisation.hours, user.zone)
    return Diversion(
        user=user.id,
        key=occurrence_key(item),
        code=said.code.key,
        start=start,
        end=end,
        diverts=said.diverts,
        target=_target(item, said, user, rules, remarks),
        text=_text(item, said, rules.organisation.marker),
    )


def _said(item: Appointment, rules: Rules, remarks: Counter[Remark]) -> Marked | None:
    if rules.organisation.mode is Mode.SHOW_AS:
        code = show_as.code_of(item.show_as, rules)
        return Marked(code, diverts=True, number=None, text="") if code else None
    if item.subject is None:
        remarks[Remark.WITHHELD] += 1
        return None
    if len(item.subject) > LONGEST_SUBJECT:
        remarks[Remark.SUBJECT_TOO_LONG] += 1
        return None
    return marked(item.subject, rules)


def _target(item: Appointment, said: Marked, user: User, rules: Rules, remarks: Counter[Remark]) -> str | None:
    if said.number is None:
        return None
    if item.response is not Response.OWN:
        remarks[Remark.TARGET_NOT_OWN] += 1
        return None
    allowed = is_permitted(said.number, rules.organisation.permitted, rules.extensions)
    if not allowed or said.number in user.places:
        remarks[Remark.TARGET_REFUSED] += 1
        return None
    return said.number


def _text(item: Appointment, said: Marked, marker: str) -> str | None:
    if item.private or said.code.sensitive or not said.code.shown:
        return None
    shown = said.text.partition(unicodedata.normalize("NFC", marker))[0] if marker else said.text
    words = "".join(_printable(character) for character in shown).split()
    return " ".join(words)[:LONGEST_TEXT].rstrip() or None


def _printable(character: str) -> str:
    if character.isspace():
        return " "
    return "" if unicodedata.category(character).startswith("C") else character


def _order(diversion: Diversion) -> tuple[datetime, datetime, str, bool, str, str, str]:
    said = (diversion.code, not diversion.diverts, diversion.target or "", diversion.text or "", diversion.key)
    return (diversion.start, diversion.end, *said)
