"""What telephone numbers mean here, as an administrator gives it. Pure."""

import re
from dataclasses import replace

from phonenumbers import SUPPORTED_REGIONS

from gateway.deciding.given import wrong
from gateway.domain.contact import Form, Numbering

LONGEST_EXTENSION = 8
_AREA = re.compile(r"0?([1-9][0-9]{0,5})?", re.ASCII)
_LINE = re.compile(r"[0-9]{0,4}", re.ASCII)


def numbering(
    before: Numbering,
    country: str | None = None,
    area: str | None = None,
    outside: str | None = None,
    extension: int | None = None,
    form: str | None = None,
    mark: str = "--",
) -> Numbering:
    """Return `before` as what is given changes it; None changes nothing, "" takes away.

    Raises `Misconfigured`, whose field has `mark` before its name: `--area` is an option, `area` a field of a form.
    """
    return replace(
        before,
        country=before.country if country is None else _country(f"{mark}phone-country", country),
        area=before.area if area is None else _area(f"{mark}area", area),
        outside=before.outside if outside is None else _line(f"{mark}outside-line", outside),
        extension=before.extension if extension is None else _extension(f"{mark}extension-length", extension),
        form=before.form if form is None else shown_as(f"{mark}shown-as", form),
    )


def shown_as(field: str, value: str) -> Form:
    """How numbers are shown on telephones."""
    try:
        return Form(value)
    except ValueError as error:
        raise wrong(
            field, value, "is not known", "one of: {known}", known=", ".join(form.value for form in Form)
        ) from error


def _country(field: str, value: str) -> str:
    if value and value.upper() not in SUPPORTED_REGIONS:
        raise wrong(field, value, "is no country", "give an ISO 3166 code, such as SE")
    return value.upper()


def _area(field: str, value: str) -> str:
    found = _AREA.fullmatch(value)
    if found is None:
        raise wrong(field, value, "is no area code", 'give its digits, such as 8 or 08, or "" for none')
    return found[1] or ""


def _line(field: str, value: str) -> str:
    if not _LINE.fullmatch(value):
        raise wrong(field, value, "is nothing to dial", 'give one to four digits, such as 0, or ""')
    return value


def _extension(field: str, value: int) -> int:
    if not 1 <= value <= LONGEST_EXTENSION:
        remedy = "give 1 to {most}: the most digits that an extension has"
        raise wrong(field, str(value), "cannot be", remedy, most=LONGEST_EXTENSION)
    return value
