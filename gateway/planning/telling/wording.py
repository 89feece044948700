"""What letters to organisers are made of, in the languages that telephones speak. Texts, and nothing that decides.

In braces: what is put in. `{name}` is the conference's name in «», with a space before it, or nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.domain.code import Language
from gateway.domain.conference import Result, Why


@dataclass(frozen=True, slots=True)
class Wording:
    """Subjects and sentences of one language; `date` as in `strftime`, `weekdays` from Monday."""

    planned: str
    changed: str
    moved: str
    cancelled: str
    called: str
    date: str
    weekdays: tuple[str, ...]
    was: str
    room: str
    opens: str
    pin: str
    dial_in: str
    languages: Mapping[Language, str]
    no_room: str
    collided: str
    recorded: str
    all_called: str
    nobody_called: str
    declined: str
    left_out: str
    why: Mapping[Why, str]
    not_called: str
    in_room: str
    waiting: str
    tries: str
    results: Mapping[Result, str]
    more: str
    end: str


SWEDISH = Wording(
    planned="Telefonkonferensen{name} är planerad",
    changed="Telefonkonferensen{name} är ändrad",
    moved="Telefonkonferensen{name} är flyttad",
    cancelled="Telefonkonferensen{name} är inställd",
    called="Telefonkonferensen{name}: så gick uppringningen",
    date="%Y-%m-%d",
    weekdays=("måndag", "tisdag", "onsdag", "torsdag", "fredag", "lördag", "söndag"),
    was="Tidigare:",
    room="Rum: {room}",
    opens="Rummet öppnar {minutes} minuter före start.",
    pin="PIN-kod: {pin}",
    dial_in="Utifrån ({language}): {number}",
    languages={"sv": "svenska", "de": "tyska", "en": "engelska"},
    no_room="Det fanns inget ledigt rum. Ingen kan ringa in och ingen rings upp, om inte ett rum blir ledigt.",
    collided="Ditt eget rum är upptaget då, därför är konferensen i ett annat.",
    recorded="Det som sägs spelas in, och alla får höra det när de kommer in.",
    all_called="Rings upp vid start:",
    nobody_called="Ingen rings upp. Inbjudna, som ringer in själva:",
    declined="har tackat nej",
    left_out="Inte med:",
    why={
        Why.UNKNOWN: "okänd adress",
        Why.GROUP: "en lista vars medlemmar inte kunde läsas",
        Why.NOT_PERMITTED: "numret får inte ringas",
        Why.TOO_MANY: "för många inbjudna",
    },
    not_called="ringdes inte upp",
    in_room="är med",
    waiting="har inte nåtts än",
    tries="{result} ({many} försök)",
    results={
        Result.LEFT: "var med",
        Result.BUSY: "upptaget",
        Result.NO_ANSWER: "inget svar",
        Result.REJECTED: "avvisade samtalet",
        Result.UNREGISTERED: "ingen telefon var inloggad",
        Result.DND: "telefonen är satt på stör ej",
        Result.AWAY: "frånvarande, ringdes inte upp",
        Result.UNCONFIRMED: "svarade, men ingen tryckte 1",
        Result.FAILED: "kunde inte nås",
        Result.RESTARTED: "avbröts, växeln startades om",
        Result.CAME: "ringde in",
        Result.LATE: "ringdes inte upp i tid",
        Result.DROPPED: "ringdes inte upp",
    },
    more="och {many} till",
    end="Det här brevet skickades av telefonväxeln. Det går inte att svara på det.",
)
GERMAN = Wording(
    planned="Telefonkonferenz{name} ist geplant",
    changed="Telefonkonferenz{name} ist geändert",
    moved="Telefonkonferenz{name} ist verschoben",
    cancelled="Telefonkonferenz{name} ist abgesagt",
    called="Telefonkonferenz{name}: wer erreicht wurde",
    date="%d.%m.%Y",
    weekdays=("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
    was="Bisher:",
    room="Raum: {room}",
    opens="Der Raum öffnet {minutes} Minuten vor Beginn.",
    pin="PIN: {pin}",
    dial_in="Von außen ({language}): {number}",
    languages={"sv": "Schwedisch", "de": "Deutsch", "en": "Englisch"},
    no_room="Es war kein Raum frei. Niemand kann sich einwählen und niemand wird angerufen, solange keiner frei wird.",
    collided="Ihr eigener Raum ist dann belegt, deshalb findet die Konferenz in einem anderen statt.",
    recorded="Was gesagt wird, wird aufgezeichnet; das hört jeder, der hereinkommt.",
    all_called="Zu Beginn werden angerufen:",
    nobody_called="Niemand wird angerufen. Eingeladen sind und wählen sich selbst ein:",
    declined="hat abgesagt",
    left_out="Nicht dabei:",
    why={
        Why.UNKNOWN: "unbekannte Adresse",
        Why.GROUP: "eine Verteilerliste, deren Mitglieder nicht zu lesen sind",
        Why.NOT_PERMITTED: "die Nummer darf nicht angerufen werden",
        Why.TOO_MANY: "zu viele Eingeladene",
    },
    not_called="wurde nicht angerufen",
    in_room="ist dabei",
    waiting="ist noch nicht erreicht",
    tries="{result} ({many} Versuche)",
    results={
        Result.LEFT: "war dabei",
        Result.BUSY: "besetzt",
        Result.NO_ANSWER: "keine Antwort",
        Result.REJECTED: "hat abgewiesen",
        Result.UNREGISTERED: "kein Telefon angemeldet",
        Result.DND: "Telefon auf Nicht stören",
        Result.AWAY: "abwesend, nicht angerufen",
        Result.UNCONFIRMED: "abgenommen, aber niemand hat die 1 gedrückt",
        Result.FAILED: "nicht erreichbar",
        Result.RESTARTED: "abgebrochen, die Telefonanlage wurde neu gestartet",
        Result.CAME: "hat sich eingewählt",
        Result.LATE: "nicht rechtzeitig angerufen",
        Result.DROPPED: "wurde nicht angerufen",
    },
    more="und {many} weitere",
    end="Diesen Brief hat die Telefonanlage geschickt. Er kann nicht beantwortet werden.",
)
ENGLISH = Wording(
    planned="Telephone conference{name} is planned",
    changed="Telephone conference{name} has changed",
    moved="Telephone conference{name} has moved",
    cancelled="Telephone conference{name} is cancelled",
    called="Telephone conference{name}: who was reached",
    date="%Y-%m-%d",
    weekdays=("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    was="Before:",
    room="Room: {room}",
    opens="The room opens {minutes} minutes before the start.",
    pin="PIN: {pin}",
    dial_in="From outside ({language}): {number}",
    languages={"sv": "Swedish", "de": "German", "en": "English"},
    no_room="There was no free room. Nobody can dial in and nobody is called, unless one becomes free.",
    collided="Your own room is taken then, so the conference is in another one.",
    recorded="What is said is recorded, and everybody hears so on coming in.",
    all_called="Called at the start:",
    nobody_called="Nobody is called. Invited, to dial in themselves:",
    declined="has declined",
    left_out="Not included:",
    why={
        Why.UNKNOWN: "unknown address",
        Why.GROUP: "a list whose members could not be read",
        Why.NOT_PERMITTED: "the number may not be called",
        Why.TOO_MANY: "too many people are invited",
    },
    not_called="was not called",
    in_room="is in",
    waiting="has not been reached yet",
    tries="{result} ({many} attempts)",
    results={
        Result.LEFT: "was in",
        Result.BUSY: "busy",
        Result.NO_ANSWER: "no answer",
        Result.REJECTED: "rejected the call",
        Result.UNREGISTERED: "no telephone was signed in",
        Result.DND: "telephone set to do not disturb",
        Result.AWAY: "away, not called",
        Result.UNCONFIRMED: "answered, but nobody pressed 1",
        Result.FAILED: "could not be reached",
        Result.RESTARTED: "broken off, the telephone system was restarted",
        Result.CAME: "dialled in",
        Result.LATE: "not called in time",
        Result.DROPPED: "was not called",
    },
    more="and {many} more",
    end="This letter was sent by the telephone system. It cannot be answered.",
)
WORDINGS: Mapping[Language, Wording] = {"sv": SWEDISH, "de": GERMAN, "en": ENGLISH}
