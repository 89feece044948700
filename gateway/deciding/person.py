"""A user as given in options or in a line of a CSV file: texts by field. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from gateway.deciding import given
from gateway.deciding.hours import read_week, write_week
from gateway.domain.hours import WorkingHours
from gateway.domain.mailbox import Account
from gateway.domain.user import Organisation, User
from gateway.errors import Misconfigured

FIELDS = (
    "extension", "name", "email", "language", "zone", "phones", "pbx", "operator", "hours", "through", "enabled",
    "source", "path",
)  # fmt: skip

_SIMPLE: Mapping[str, Callable[[str, str], object]] = {
    "extension": given.number,
    "name": given.text,
    "language": given.language,
    "zone": given.zone,
    "pbx": given.text,
    "enabled": given.truth,
}


def nobody(organisation: Organisation, pbx: str) -> User:
    """Return what holds for a new user about whom nothing is said."""
    return User(0, "", (), organisation.zone, organisation.language, pbx=pbx)


def person(
    fields: Mapping[str, str],
    before: User,
    organisation: Organisation,
    pbxs: Collection[str],
    *,
    whole: bool = False,
) -> tuple[User, tuple[Misconfigured, ...]]:
    """Return `before` as `fields` change it, and everything that is wrong with them; a field not there changes nothing.

    `email`, `phones` and `through` hold several, with spaces between. An empty `operator` or `hours` is the
    organisation's, with empty `phones` or `through` there are none; of the others an empty one changes nothing, or,
    where the fields are a `whole` form, there is no name and no address, and what cannot be left out is missing.
    """
    wrong: list[Misconfigured] = []
    changed: dict[str, Any] = {}
    for field, value in fields.items():
        try:
            if whole and not value.strip():
                changed |= _emptied(field)
            changed |= _changed(field, value.strip(), organisation, pbxs)
        except Misconfigured as error:
            wrong.append(error)
    user = replace(before, **changed)  # once: it is most of the work with thousands of lines
    if not user.extension and not any(error.values.get("field") == "extension" for error in wrong):
        wrong.append(Misconfigured("{field}: is missing", "give the number on the PBX", field="extension"))
    return user, tuple(wrong)


def said_of(user: User) -> dict[str, str]:
    """Return what fields say of a user, as `person` reads it: all but `enabled`, and those of a calendar."""
    return {
        "extension": user.extension,
        "name": user.name,
        "email": " ".join(user.emails),
        "language": user.language,
        "zone": user.zone.key,
        "phones": " ".join(user.phones),
        "pbx": user.pbx,
        "operator": user.operator or "",
        "hours": write_week(user.hours.week) if user.hours else "",
        "through": " ".join(user.through),
    }


def _emptied(field: str) -> dict[str, object]:
    match field:
        case "name":
            return {"name": ""}
        case "email":
            return {"emails": ()}
        case "extension" | "language" | "zone" | "pbx":
            raise Misconfigured("{field}: is missing", "fill it in", field=field)
    return {}


def _changed(field: str, value: str, organisation: Organisation, pbxs: Collection[str]) -> dict[str, object]:
    """Return what a field says of a user, by the names that `User` has for it."""
    match field:
        case "operator":
            return {"operator": given.number(field, value) if value else None}
        case "hours":
            hours = organisation.hours
            own = WorkingHours(read_week(value), hours.country, hours.subdivision) if value else None
            return {"hours": own}
        case "phones":
            return {"phones": tuple(given.number(field, one) for one in value.split())}
        case "through":
            return {"through": given.through(field, value.split())}
        case "email" if value:
            return {"emails": tuple(given.email(field, one) for one in value.split())}
        case "path" | "source":
            given.text(field, value)
        case "pbx" if value and value not in pbxs:
            raise given.wrong(field, value, "is not in the settings", "one of: {known}", known=", ".join(pbxs))
    return {field: _SIMPLE[field](field, value)} if value and field in _SIMPLE else {}


def service_account(source: str, services: Collection[Account]) -> Account | None:
    """Return the one of `services` that reads a new user's calendar; `source` "" is the only one that there is.

    `services`: service accounts whose source has calendars. None: there is none yet. Raises `Misconfigured` when it is
    not clear which.
    """
    if source:
        for account in services:
            if account.source == source:
                return account
        remedy = "ringplan accounts add {source} LOGIN --service makes one"
        raise given.wrong("source", source, "has no service account", remedy, source=source)
    sources = sorted({account.source for account in services})
    if len(sources) > 1:
        said, remedy = "{field}: there are several with service accounts", "name one of: {known}"
        raise Misconfigured(said, remedy, field="source", known=", ".join(sources))
    return next(iter(services), None)
