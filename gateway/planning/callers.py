"""What callers of one user meet: in which language, why, and where they are led. Pure."""

from gateway.domain.code import LANGUAGES, NEUTRAL, Behaviour, Code, Language, Treatment
from gateway.domain.diversion import Diversion
from gateway.domain.user import User
from gateway.planning.rules import Rules
from gateway.planning.schedule import Window, is_reason, is_zone
from gateway.planning.targets import is_number
from gateway.planning.timeline import Segment


def window_of(segment: Segment, user: User, rules: Rules) -> Window:
    """Return what callers meet during `segment`, whose code must be one of `rules`."""
    diversion, code, operator = segment.diversion, rules.by_key[segment.diversion.code], operator_of(user, rules)
    target = target_of(diversion, code, user)
    asked_for = diversion.target is not None and diversion.target == target
    return Window(
        start=segment.start,
        end=segment.end,
        back=segment.back,
        internal=resolved(code.internal, target, operator, asked_for=asked_for),
        external=resolved(code.external, target, operator, asked_for=asked_for),
        reason=reason_of(code),
        target=target,
        begun=diversion.start if diversion.start < segment.start else None,
    )


def operator_of(user: User, rules: Rules) -> str | None:
    """Return the number that `0` leads to; None: none, or nothing but the user's own telephone."""
    operator = user.operator or rules.organisation.operator
    return other(operator, user)


def language_of(user: User, rules: Rules) -> Language:
    """Return the language in which callers of `user` are told."""
    return next((code for code in (user.language, rules.organisation.language) if code in LANGUAGES), "en")


def zone_of(user: User) -> str:
    """Return the name of the zone in which callers of `user` are told the time."""
    return user.zone.key if is_zone(user.zone.key or "") else "UTC"


def reason_of(code: Code) -> str:
    """Return the key of the reason that may be told; that of a sensitive code is nobody's business."""
    return NEUTRAL if code.sensitive or not is_reason(code.reason) else code.reason


def target_of(diversion: Diversion, code: Code, user: User) -> str | None:
    """Return where a target leads this time: the number that was asked for, else the code's own; never to oneself."""
    return other(diversion.target, user) or other(code.target, user)


def resolved(treatment: Treatment, target: str | None, operator: str | None, *, asked_for: bool = False) -> Treatment:
    """Return what can be done of `treatment`.

    A target that was `asked_for` this time comes before the voicemail and the operator. Where there is no target, or
    no operator, callers get the voicemail.
    """
    then = treatment.then
    if asked_for and then in (Behaviour.VOICEMAIL, Behaviour.OPERATOR):
        then = Behaviour.TARGET
    if (then is Behaviour.TARGET and not target) or (then is Behaviour.OPERATOR and not operator):
        then = Behaviour.VOICEMAIL
    return Treatment(treatment.announce, then)


def other(number: str | None, user: User) -> str | None:
    """Return `number` where it can be dialled and is none of the user's own."""
    return number if number and is_number(number) and number not in user.places else None
