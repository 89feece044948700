"""What a code becomes by what is given of it."""

import pytest

from gateway.deciding.codes import Given, changed
from gateway.domain.code import Availability, Behaviour, Code, Takes, Treatment
from gateway.errors import Misconfigured

TELLS = Treatment(announce=True, then=Behaviour.TARGET)
MEETING = Code("meeting", ("M",), "meeting", {"sv": "Möte", "en": "Meeting"}, TELLS, TELLS, "1004", digit="1")


def test_what_is_not_given_stays():
    assert changed(MEETING, Given()) == MEETING


def test_what_is_given_is_put_and_nothing_takes_away():
    wanted = Given(
        names=("möt", "m", "MÖT"),
        texts={"sv": "", "de": " Besprechung "},
        external="quiet,voicemail",
        target="",
        digit="",
        presence="do-not-disturb",
        takes="date",
        sensitive=True,
    )
    code = changed(MEETING, wanted)
    assert (code.names, code.target, code.digit, code.sensitive) == (("MÖT", "M"), None, None, True)
    assert code.texts == {"en": "Meeting", "de": "Besprechung"}
    assert (code.internal, code.external) == (TELLS, Treatment(announce=False, then=Behaviour.VOICEMAIL))
    assert (code.availability, code.takes) == (Availability.DO_NOT_DISTURB, Takes.DATE)


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        (Given(names=("M2",)), "name"),
        (Given(names=[chr(65 + at) for at in range(21)]), "name"),
        (Given(reason="på lunch"), "reason"),
        (Given(texts={"sv": "a\nb"}), "text_sv"),
        (Given(internal="announce"), "internal"),
        (Given(external="shout,target"), "external"),
        (Given(target="+46"), "target"),
        (Given(digit="0"), "digit"),
        (Given(presence="gone"), "presence"),
        (Given(takes="all"), "takes"),
    ],
)
def test_what_cannot_be_is_named_by_its_field(wanted: Given, field: str):
    with pytest.raises(Misconfigured) as found:
        changed(MEETING, wanted)
    assert found.value.values["field"] == field
