"""What a dialplan must know of a number's owner for star codes to work (dialplan/README.md, `ringplan-phone`).

The value is the same from local midnight to local midnight, unless somebody changes something: `base` is midnight, and
working time is told for two weeks. It is made for everybody each hour, so what many have in common is made once.
"""

from datetime import date, datetime, time, timedelta
from functools import lru_cache
from itertools import islice
from zoneinfo import ZoneInfo

from gateway.domain.code import Code, Takes
from gateway.domain.hours import WorkingHours
from gateway.domain.user import Extension, User
from gateway.planning.callers import language_of, operator_of, reason_of, resolved, zone_of
from gateway.planning.grammar import EPOCH, LIMIT, count, number, seconds
from gateway.planning.rules import Rules
from gateway.planning.schedule import letters
from gateway.planning.targets import is_number
from gateway.planning.working import midnight, spans

VERSION = "1"
DAYS = 14
SPANS = 14
THROUGH = 20
_DAY = timedelta(days=1)
_TAKES = {Takes.TIME: "t", Takes.DATE: "d", Takes.NOTHING: "n"}

Spans = tuple[tuple[time, time], ...]


def phone(user: User, rules: Rules, turn: int, now: datetime, limit: int = LIMIT) -> str:
    """Return the value of `user` at `now`, for all numbers of theirs, at most `limit` bytes.

    `turn` is that of the last thing dialled that has been taken over, 0: none has. What does not fit is left out from
    the end, first codes, then numbers that ring through, then further telephones: these follow when the gateway hears
    of a code. Raises `ValueError` for a main number that is none.
    """
    operator = operator_of(user, rules)
    codes = _codes(user, rules, operator)
    through = tuple(dict.fromkeys(filter(is_number, (*user.through, *rules.organisation.through))))[:THROUGH]
    phones = tuple(filter(is_number, user.places))
    owner = f"{number(user.extension)}-{language_of(user, rules)}-{operator or ''}-{count(turn)}"
    head, working = f"{VERSION}|{zone_of(user)}|{owner}", _working(user, rules, now)
    value = _value(head, phones, working, through, codes)
    while len(value) > limit and (codes or through or len(phones) > 1):
        if codes:
            codes = codes[:-1]
        elif through:
            through = through[:-1]
        else:
            phones = phones[:-1]
        value = _value(head, phones, working, through, codes)
    return value


def tomorrow(user: User, now: datetime) -> datetime:
    """Return the next local midnight of `user` after `now`: when the value is another one."""
    return _midnight(user.zone, now.astimezone(user.zone).date() + _DAY)


def _value(
    owner: str, phones: tuple[Extension, ...], working: str, through: tuple[Extension, ...], codes: tuple[str, ...]
) -> str:
    """Put it together; the diversion key sets the first code that asks for nothing more."""
    key = next((code.partition("-")[0] for code in codes if code.split("-", 2)[1] == _TAKES[Takes.NOTHING]), "")
    return "|".join((f"{owner}-{key}", ".".join(phones), ".".join(through), working, *codes))


def _codes(user: User, rules: Rules, operator: Extension | None) -> tuple[str, ...]:
    """Return the sections of all codes that can be dialled; users whose number is no code's target share them."""
    own = frozenset(user.places).intersection([code.target for code in rules.by_digit.values()])
    key = (operator is not None, own)
    found = rules.sections.get(key)
    if found is None:
        dialled = [code for code in rules.codes if rules.by_digit.get(code.digit or "") is code]
        found = rules.sections[key] = tuple(_section(code, own, operator) for code in dialled)
    return found


def _section(code: Code, own: frozenset[Extension], operator: Extension | None) -> str:
    target = code.target if code.target and is_number(code.target) and code.target not in own else None
    meets = (letters(resolved(treatment, target, operator)) for treatment in (code.internal, code.external))
    return "-".join((code.digit or "", _TAKES[code.takes], *meets, reason_of(code), target or ""))


def _working(user: User, rules: Rules, now: datetime) -> str:
    hours = user.hours or rules.organisation.hours
    day = now.astimezone(user.zone).date()
    return _spans_from(day, tuple(hours.week.items()), hours.country, hours.subdivision, user.zone)


@lru_cache(maxsize=8192)
def _spans_from(day: date, week: tuple[tuple[int, Spans], ...], country: str, subdivision: str, zone: ZoneInfo) -> str:
    hours, base = WorkingHours(dict(week), country, subdivision), midnight(day, zone)
    every = (span for ahead in range(DAYS) for span in sorted(spans(day + ahead * _DAY, hours, zone)))
    told = (f"{seconds(begin, base)}.{seconds(max(begin, end), base)}" for begin, end in islice(every, SPANS))
    return f"{seconds(base, EPOCH)}-{'.'.join(told)}"


@lru_cache(maxsize=512)
def _midnight(zone: ZoneInfo, day: date) -> datetime:
    return midnight(day, zone)
