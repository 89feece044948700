"""What organisers read of their conferences."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.conference import Attempt, CallState, LeftOut, Participant, Result, Why
from gateway.planning.conference.calling import attempt_id, who_of
from gateway.planning.telling import letters
from gateway.planning.telling.letters import MOST, Facts, digest
from gateway.planning.telling.wording import WORDINGS
from tests.unit.planning.given import ANNA, NASTY, at, rules
from tests.unit.planning.planned import BERTA, ROOM, conference

PEOPLE = {1: replace(ANNA, name="Anna Ek", language="en"), 2: replace(BERTA, name="Berta Öst")}
FACTS = Facts(PEOPLE[1], PEOPLE, ROOM, rules(dial_in={"sv": "+46 8 500 100", "en": "+44 20 7946 0000"}))
PLANNED = conference(subject="Budget 2027")


def facts(**values: object) -> Facts:
    return replace(FACTS, **values)  # type: ignore[arg-type]


def attempt(
    one: Participant, number: int = 1, state: CallState = CallState.OVER, result: Result | None = None
) -> Attempt:
    who = who_of(PLANNED, one)
    start = PLANNED.start
    return Attempt(
        attempt_id(PLANNED.key, who, number), PLANNED.key, who, number, state, start, start, start, result=result
    )


def test_what_is_planned_can_be_read_at_a_glance():
    letter = letters.planned([PLANNED], FACTS)
    assert letter.to == "anna@example.org"
    assert letter.subject == "Telephone conference «Budget 2027» is planned, Monday 2026-11-23 09:00"
    assert letter.body == (
        "Telephone conference «Budget 2027» is planned.\n\n"
        "  Monday 2026-11-23 09:00–10:00 (Europe/Stockholm)\n\n"
        "Room: 8001\nPIN: 4711\n"
        "From outside (Swedish): +46 8 500 100\nFrom outside (English): +44 20 7946 0000\n"
        "The room opens 10 minutes before the start.\n\n"
        "Called at the start:\n  Anna Ek (1001)\n  Berta Öst (1002)\n\n"
        "This letter was sent by the telephone system. It cannot be answered.\n"
    )


@pytest.mark.parametrize(
    ("language", "said"), [("sv", "är planerad"), ("de", "ist geplant"), ("en", "is planned"), ("xx", "är planerad")]
)
def test_it_is_in_the_organisers_language(language, said):
    assert said in letters.planned([PLANNED], facts(organiser=replace(ANNA, language=language))).subject


def test_a_private_meeting_has_no_name():
    assert letters.planned([replace(PLANNED, subject="")], FACTS).subject.startswith("Telephone conference is planned,")


def test_dates_of_a_series_are_all_there():
    body = letters.planned([conference(day, at("09:00", day)) for day in ("2026-11-23", "2026-11-24")], FACTS).body
    assert "Monday 2026-11-23 09:00" in body
    assert "Tuesday 2026-11-24 09:00" in body


def test_times_are_by_the_organisers_clock_on_that_day():
    summer = conference(start=at("09:00", "2026-07-06"))
    assert "09:00–10:00" in letters.planned([summer], FACTS).body


def test_who_is_left_out_and_why():
    out = tuple(LeftOut(f"{why.value}@example.com", why) for why in Why)
    body = letters.planned([replace(PLANNED, left_out=out)], FACTS).body
    assert "  unknown@example.com: unknown address\n" in body
    assert all(f"{why.value}@example.com" in body for why in Why)


def test_who_declined_and_who_is_outside():
    people = (
        Participant("berta@example.org", 2, declined=True),
        Participant("guest@example.com", number="004612345"),
        Participant("gone@example.org", 77),
    )
    body = letters.planned([replace(PLANNED, participants=people)], FACTS).body
    assert "  Berta Öst (1002), has declined\n  guest@example.com (004612345)\n  gone@example.org\n" in body


def test_nobody_is_called_without_autocall():
    assert "Nobody is called." in letters.planned([replace(PLANNED, autocall=False)], FACTS).body


def test_collision_recording_and_no_room_are_said():
    body = letters.planned([replace(PLANNED, collided=True)], facts(room=replace(ROOM, recorded=True))).body
    assert "Your own room is taken" in body
    assert "is recorded" in body
    nowhere = letters.planned([replace(PLANNED, room=None)], facts(room=None)).body
    assert "no free room" in nowhere
    assert "PIN" not in nowhere
    assert "From outside" not in nowhere


def test_without_a_pin_guests_cannot_come_so_no_number_is_told():
    body = letters.planned([PLANNED], facts(room=replace(ROOM, pin=""))).body
    assert "PIN" not in body
    assert "From outside" not in body


def test_moved_tells_both_times():
    body = letters.moved([PLANNED], [conference("later", at("13:00"))], FACTS).body
    assert body.index("13:00–14:00") < body.index("Before:") < body.index("09:00–10:00")


def test_cancelled_tells_when_it_would_have_been_and_nothing_else():
    letter = letters.cancelled([PLANNED], FACTS)
    assert "is cancelled" in letter.subject
    assert "09:00–10:00" in letter.body
    assert "8001" not in letter.body
    assert "4711" not in letter.body


def test_how_the_calling_went():
    declined = Participant("cecilia@example.org", 3, declined=True)
    anna, berta = PLANNED.participants
    guest = Participant("guest@example.com", number="004612345")
    late = Participant("late@example.com", number="0046777")
    some = [
        attempt(anna, state=CallState.UP),
        attempt(berta, 2, result=Result.NO_ANSWER),
        attempt(berta, 1, result=Result.BUSY),
        attempt(guest, state=CallState.DUE),
    ]
    body = letters.called(replace(PLANNED, participants=(anna, berta, guest, declined, late)), some, FACTS).body
    assert "Anna Ek (1001): is in\n" in body
    assert "Berta Öst (1002): no answer (2 attempts)\n" in body
    assert "guest@example.com (004612345): has not been reached yet\n" in body
    assert "cecilia@example.org: has declined\n" in body
    assert "late@example.com (0046777): was not called\n" in body


@pytest.mark.parametrize("words", WORDINGS.values(), ids=WORDINGS)
def test_every_result_and_every_reason_has_words(words):
    assert set(words.results) == set(Result)
    assert set(words.why) == set(Why)
    assert set(words.languages) == set(WORDINGS)
    assert len(words.weekdays) == 7


@pytest.mark.parametrize("words", WORDINGS.values(), ids=WORDINGS)
def test_the_same_is_put_into_each_language(words):
    for name in (
        "planned",
        "changed",
        "moved",
        "cancelled",
        "called",
        "room",
        "opens",
        "pin",
        "dial_in",
        "tries",
        "more",
    ):
        there, english = getattr(words, name), getattr(WORDINGS["en"], name)
        assert [p.split("}")[0] for p in sorted(there.split("{")[1:])] == [
            p.split("}")[0] for p in sorted(english.split("{")[1:])
        ]


def test_a_thousand_people_do_not_make_a_book():
    out = tuple(LeftOut(f"{number}@example.com", Why.TOO_MANY) for number in range(1000))
    body = letters.planned([replace(PLANNED, left_out=out)], FACTS).body
    assert len(body.splitlines()) < 2 * MOST
    assert f"and {1000 - MOST} more" in body


def test_the_same_letter_has_the_same_id_and_another_has_another():
    assert letters.planned([PLANNED], FACTS).id == letters.planned([PLANNED], FACTS).id
    assert letters.planned([PLANNED], FACTS).id != letters.planned([replace(PLANNED, room="8002")], FACTS).id


@given(
    st.lists(st.sampled_from((*NASTY, "{", "}", "{room}", "%s", "a")) | st.text(max_size=5), max_size=6).map("".join)
)
def test_nothing_leaves_its_line(text):
    """Whatever is in subject, names, addresses and numbers, there are as many lines as without."""

    def lines(word: str) -> int:
        people = (Participant(word, number=word), Participant("anna@example.org", 1))
        one = replace(PLANNED, subject=word, participants=people, left_out=(LeftOut(word, Why.UNKNOWN),))
        said = facts(users={1: replace(ANNA, name=word)}, rules=rules(dial_in={"sv": word}))
        letter = letters.planned([one], said)
        assert letter.subject.isprintable()
        return len(letter.body.splitlines()) + letter.body.count("\r")

    assert lines(text) == lines("plain")


TOMORROW = timedelta(days=1)


@pytest.mark.parametrize(
    "other",
    [
        conference("other", PLANNED.start + TOMORROW, subject="Budget"),
        replace(PLANNED, participants=PLANNED.participants[:1]),
        replace(PLANNED, participants=tuple(replace(one, declined=True) for one in PLANNED.participants)),
        replace(PLANNED, told="x"),
    ],
)
def test_what_need_not_be_told_leaves_the_digest(other):
    assert digest(other, FACTS) == digest(PLANNED, FACTS)


@pytest.mark.parametrize(
    "other",
    [
        replace(PLANNED, room="8002"),
        replace(PLANNED, room=None),
        replace(PLANNED, start=PLANNED.start + timedelta(minutes=1), end=PLANNED.end + timedelta(minutes=1)),
        replace(PLANNED, end=PLANNED.end + timedelta(minutes=1)),
        replace(PLANNED, autocall=False),
        replace(PLANNED, collided=True),
        replace(PLANNED, left_out=(LeftOut("x@example.com", Why.UNKNOWN),)),
    ],
)
def test_what_must_be_told_changes_the_digest(other):
    assert digest(other, FACTS) != digest(PLANNED, FACTS)


def test_another_pin_is_news():
    assert digest(PLANNED, facts(room=replace(ROOM, pin="0815"))) != digest(PLANNED, FACTS)
