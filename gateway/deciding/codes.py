"""What an organisation's codes become by what somebody gives of one, and what a subject comes to under them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from gateway.deciding import given
from gateway.deciding.treatments import read_treatment
from gateway.domain.code import (
    LANGUAGES,
    NEUTRAL,
    NEUTRAL_TEXTS,
    Availability,
    Behaviour,
    Code,
    Language,
    Takes,
    Treatment,
)
from gateway.domain.user import Mode
from gateway.errors import Misconfigured
from gateway.planning.codes import is_name, marked
from gateway.planning.rules import Rules, is_digit
from gateway.planning.schedule import is_reason
from gateway.planning.targets import is_number, is_permitted
from gateway.store import audit, codes, organisation, users
from gateway.store.rows import Rows

AVAILABLE: Mapping[str, Availability] = {one.name.lower().replace("_", "-"): one for one in Availability}
TAKES: Mapping[str, Takes] = {one.value: one for one in Takes}
TELLS = Treatment(announce=True, then=Behaviour.TARGET)
MOST_NAMES = 20
_KEY = re.compile(r"[a-z0-9_]{1,40}", re.ASCII)

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody gives of a code, as it is written; None (of `texts`: a language that is missing) stays as it is.

    `names`: "M". `texts`: "" takes one away. `internal` and `external`: "announce,voicemail" (treatments). `target`
    and `digit`: "" is none. `presence`: a key of `AVAILABLE`, `takes`: of `TAKES`.
    """

    names: Sequence[str] | None = None
    reason: str | None = None
    texts: Mapping[Language, str] = field(default_factory=dict)
    internal: str | None = None
    external: str | None = None
    target: str | None = None
    shown: bool | None = None
    sensitive: bool | None = None
    presence: str | None = None
    digit: str | None = None
    takes: str | None = None
    until_next_working: bool | None = None


@dataclass(frozen=True, slots=True)
class Tried:
    """What a subject comes to. `code` None: nothing changes, and nothing of it is kept.

    `by_show_as`: the organisation goes by how items are shown, not by codes. `number`: what stands behind `>`, and
    whether that is `permitted`. `hidden`: the description is not kept.
    """

    code: Code | None
    by_show_as: bool = False
    diverts: bool = False
    number: str | None = None
    permitted: bool = False

    @property
    def hidden(self) -> bool:
        """Whether operators never see the description."""
        return self.code is None or self.code.sensitive or not self.code.shown


async def put(rows: Rows, now: datetime, who: str, key: str, wanted: Given) -> bool:
    """Add the code `key`, or change what is given of it; every calendar is then read anew. True: it is new.

    Raises `Misconfigured` for what cannot be, `Refused` when a name or the digit is another code's.
    """
    before = await codes.get(rows, key)
    code = changed(before or _new(key), wanted)
    if before is None and not code.names:
        said, remedy = "{field}: {key} is a new code, and people must be able to write it", "give at least one name"
        raise Misconfigured(said, remedy, field="name", key=key)
    if code != before:
        await codes.put(rows, code)
        await audit.note(rows, now, who, "code added" if before is None else "code changed", f"code {key}")
    return before is None


async def remove(rows: Rows, now: datetime, who: str, key: str) -> None:
    """Remove a code; diversions and absences that it made end. Raises `Misconfigured` where there is none."""
    if not await codes.remove(rows, key):
        raise Misconfigured("there is no code {key}", "ringplan codes list names all", key=given.shortened(key))
    await audit.note(rows, now, who, "code removed", f"code {key}")


def changed(code: Code, wanted: Given) -> Code:
    """Return `code` as what is given changes it. Raises `Misconfigured`."""
    known = {language: one.strip() for language, one in wanted.texts.items() if language in LANGUAGES}
    texts = {**code.texts, **{language: given.text(f"text_{language}", one) for language, one in known.items()}}
    return replace(
        code,
        names=code.names if wanted.names is None else _names(wanted.names),
        reason=code.reason if wanted.reason is None else _reason(wanted.reason),
        texts={language: one for language, one in texts.items() if one},
        internal=code.internal if wanted.internal is None else read_treatment("internal", wanted.internal),
        external=code.external if wanted.external is None else read_treatment("external", wanted.external),
        target=code.target if wanted.target is None else _target(wanted.target),
        shown=code.shown if wanted.shown is None else wanted.shown,
        sensitive=code.sensitive if wanted.sensitive is None else wanted.sensitive,
        availability=code.availability if wanted.presence is None else _one_of("presence", wanted.presence, AVAILABLE),
        digit=code.digit if wanted.digit is None else _digit(wanted.digit),
        takes=code.takes if wanted.takes is None else _one_of("takes", wanted.takes, TAKES),
        until_next_working=code.until_next_working if wanted.until_next_working is None else wanted.until_next_working,
    )


async def tried(rows: Rows, subject: str) -> Tried:
    """Return what a subject comes to; it is not kept."""
    rules = Rules(await organisation.get(rows), await codes.every(rows))
    by_show_as = rules.organisation.mode is Mode.SHOW_AS
    said = marked(subject, rules)
    if said is None:
        return Tried(None, by_show_as)
    permitted = False
    if said.number is not None:
        is_users = is_number(said.number) and await users.by_extension(rows, said.number) is not None
        permitted = is_permitted(said.number, rules.organisation.permitted, {said.number} if is_users else ())
    return Tried(said.code, by_show_as, said.diverts, said.number, permitted)


def presence(code: Code) -> str:
    """Return what colleagues see, as `Given.presence` has it."""
    return code.availability.name.lower().replace("_", "-")


def _new(key: str) -> Code:
    if not _KEY.fullmatch(key):
        raise given.wrong("key", key, "cannot name a code", "use a to z, 0 to 9 and _, at most 40")
    return Code(key, (), NEUTRAL, NEUTRAL_TEXTS, internal=TELLS, external=TELLS)


def _names(values: Sequence[str]) -> tuple[str, ...]:
    if len(values) > MOST_NAMES:
        raise given.wrong("name", " ".join(values), "are too many", "give at most {most}", most=MOST_NAMES)
    return tuple(dict.fromkeys(_name(one) for one in values))


def _name(value: str) -> str:
    if not is_name(value):
        raise given.wrong("name", value, "cannot be a code", "give letters only")
    return value.upper()


def _reason(value: str) -> str:
    if not is_reason(value):
        raise given.wrong("reason", value, "cannot name a sound", "use a to z, 0 to 9 and _, at most 32")
    return value


def _target(value: str) -> str | None:
    return given.number("target", value) if value else None


def _digit(value: str) -> str | None:
    if value and not is_digit(value):
        raise given.wrong("digit", value, "cannot be dialled", "give 1 to 99, or nothing; 0 is the operator")
    return value or None


def _one_of(name: str, value: str, known: Mapping[str, T]) -> T:
    if value.lower() not in known:
        raise given.wrong(name, value, "is not known", "one of: {known}", known=", ".join(known))
    return known[value.lower()]
