"""What pages say, in the languages there are: gettext's catalogues, times and numbers as they are written there.

The message is the English text itself. `texts/<language>/*.po` hold the translations, a file per page; Babel reads
them once at the start. A message without a translation is shown in English, and a test finds it.
"""

import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from gettext import GNUTranslations, NullTranslations
from importlib.resources import files
from importlib.resources.abc import Traversable
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_date, format_datetime, format_time
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from gateway.domain.code import LANGUAGES, Language
from gateway.errors import RingplanError
from gateway.web.heard import FILE, Heard, without_commands


@dataclass(frozen=True, slots=True)
class Forms:
    """How instants are written (CLDR patterns): one that is near, a day, and one that may be long ago."""

    moment: str
    day: str
    stamp: str


ENGLISH: Language = "en"
LOCALES: Mapping[Language, Locale] = {"sv": Locale("sv", "SE"), "de": Locale("de", "DE"), "en": Locale("en", "GB")}
FORMS: Mapping[Language, Forms] = {
    "sv": Forms("EEE d MMM HH:mm", "EEEE d MMMM y", "yyyy-MM-dd HH:mm"),
    "de": Forms("EEE d. MMM HH:mm", "EEEE, d. MMMM y", "dd.MM.yyyy HH:mm"),
    "en": Forms("EEE d MMM HH:mm", "EEEE d MMMM y", "d MMM y HH:mm"),
}
QUOTES: Mapping[Language, str] = {"sv": "”{}”", "de": "„{}“", "en": "'{}'"}
NAMES: Mapping[Language, str] = {"sv": "Svenska", "de": "Deutsch", "en": "English"}


class Texts:
    """`said` translates, `environment` has the templates; both by language. Reading them is blocking, once."""

    def __init__(self) -> None:
        self._translations = {language: _translations(language) for language in LANGUAGES}
        self._environments = {language: self._made(language) for language in LANGUAGES}

    def said(self, language: Language, message: str) -> str:
        """Return a message in a language."""
        return self._translations[language].gettext(message) if message else ""

    def environment(self, language: Language) -> Environment:
        """Return the templates in a language."""
        return self._environments[language]

    def error(self, language: Language, error: RingplanError) -> tuple[str, str]:
        """Return what happened and what to do about it; the latter is "" where it is a command for administrators."""
        remedy = "" if "ringplan " in error.remedy_template else error.remedy_template
        return self._filled(language, error.template, error), self._filled(language, remedy, error)

    def _filled(self, language: Language, text: str, error: RingplanError) -> str:
        said = self.said(language, text)
        values = {name: _quoted(language, value) for name, value in error.values.items()}
        if "field" in values:
            values = {**values, "field": self.said(language, str(values["field"]))}
        return said.format_map(values) if values else said

    def _made(self, language: Language) -> Environment:
        made = Environment(
            loader=PackageLoader("gateway.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
        )
        made.install_gettext_translations(self._translations[language], newstyle=True)  # type: ignore[attr-defined]
        made.filters |= _written(language)
        made.filters["heard"] = _heard(language)
        return made


def _written(language: Language) -> dict[str, Callable[..., str]]:
    """Return filters for instants, which want the reader's zone: `{{ one.end | moment(zone) }}`.

    Each gives a `<time>`; `stamp_text` is for where no element can be, such as an attribute or a letter.
    """
    locale, forms = LOCALES[language], FORMS[language]

    def moment(instant: datetime, zone: ZoneInfo) -> Markup:
        return _timed(instant, format_datetime(instant, forms.moment, zone, locale))

    def clock(instant: datetime, zone: ZoneInfo) -> Markup:
        return _timed(instant, format_time(instant.astimezone(zone), "HH:mm", locale=locale))

    def day(instant: datetime | date, zone: ZoneInfo) -> Markup:
        local = instant.astimezone(zone).date() if isinstance(instant, datetime) else instant
        return _timed(local, format_date(local, forms.day, locale))

    def stamp(instant: datetime, zone: ZoneInfo) -> Markup:
        return _timed(instant, stamp_text(instant, zone))

    def stamp_text(instant: datetime, zone: ZoneInfo) -> str:
        return format_datetime(instant, forms.stamp, zone, locale)

    return {"moment": moment, "clock": clock, "day": day, "stamp": stamp, "stamp_text": stamp_text}


def _heard(language: Language) -> Callable[[str | None], Markup]:
    """Return a filter for what the gateway has noted of servers: `{{ one.said | heard }}`; the unknown is English."""
    known = Heard(messages_in(FILE, language))

    def heard(noted: str | None) -> Markup:
        said = known.told(noted) if noted else ""
        if said is not None:
            return escape(said)
        return Markup('<span lang="en">{}</span>').format(without_commands(noted or ""))

    return heard


def messages_in(file: str, language: Language) -> dict[str, str]:
    """Return the messages of one catalogue with their translations; of English itself there are none."""
    found: dict[str, str] = {}
    for one in catalogues(language) if language != ENGLISH else ():
        if one.name == file:
            with one.open("rb") as opened:
                found |= {str(message.id): str(message.string) for message in read_po(opened) if message.id}
    return found


def _quoted(language: Language, value: str | int) -> str | int:
    """Put what somebody typed between the quotation marks of a language: it comes between Python's."""
    is_typed = isinstance(value, str) and len(value) > 1 and value[0] == value[-1] and value[0] in "'\""
    return QUOTES[language].format(str(value)[1:-1]) if is_typed else value


def _timed(instant: datetime | date, said: str) -> Markup:
    return Markup('<time datetime="{}">{}</time>').format(instant.isoformat(), said)


def _translations(language: Language) -> NullTranslations:
    if language == ENGLISH:
        return NullTranslations()
    whole = Catalog(locale=language)
    for file in catalogues(language):
        with file.open("rb") as opened:
            for message in read_po(opened, locale=language):
                if message.id:
                    whole[message.id] = message
    written = io.BytesIO()
    write_mo(written, whole)
    written.seek(0)
    return GNUTranslations(written)


def catalogues(language: Language) -> list[Traversable]:
    """Return the files of translations into a language."""
    folder = files("gateway.web") / "texts" / language
    return sorted((one for one in folder.iterdir() if one.name.endswith(".po")), key=lambda one: one.name)
