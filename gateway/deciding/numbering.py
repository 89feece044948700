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
) -> Numbering:
    """Return `before` as what is given changes it; None changes nothing, "" takes away. Raises `Misconfigured`."""
    return replace(
        before,
        country=before.country if country is None else _country(country),
        area=before.area if area is None else _area(area),
        outside=before.outside if outside is None else _line(outside),
        extension=before.extension if extension is None else _extension(extension),
        form=before.form if form is None else shown_as("--shown-as", form),
    )


def shown_as(field: str, value: str) -> Form:
    """How numbers are shown on telephones."""
    try:
        return Form(value)
    except ValueError as error:
        raise wrong(field, value, "is not known", f"one of: {', '.join(form.value for form in Form)}") from error


def _country(value: str) -> str:
    if value and value.upper() not in SUPPORTED_REGIONS:
        raise wrong("--phone-country", value, "is no country", "give an ISO 3166 code, such as SE")
    return value.upper()


def _area(value: str) -> str:
    found = _AREA.fullmatch(value)
    if found is None:
        raise wrong("--area", value, "is no area code", 'give its digits, such as 8 or 08, or "" for none')
    return found[1] or ""


def _line(value: str) -> str:
    if not _LINE.fullmatch(value):
        raise wrong("--outside-line", value, "is nothing to dial", 'give one to four digits, such as 0, or ""')
    return value


def _extension(value: int) -> int:
    if not 1 <= value <= LONGEST_EXTENSION:
        remedy = f"give 1 to {LONGEST_EXTENSION}: the most digits that an extension has"
        raise wrong("--extension-length", str(value), "cannot be", remedy)
    return value
