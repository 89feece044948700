"""Which reasons of an organisation's own codes are spoken."""

from dataclasses import replace

from gateway.cli.prompts import texts_folder
from gateway.cli.sounds import own_reasons
from gateway.planning.usual import USUAL


def test_a_reason_that_somebody_made_up_is_spoken_as_it_is_shown():
    dentist = replace(
        USUAL[0], key="dentist", reason="dentist", texts={"sv": "Hos tandläkaren", "en": "At the dentist"}
    )
    assert own_reasons([*USUAL, dentist], texts_folder()) == {
        "sv": {"dentist": "Hos tandläkaren"},
        "de": {},
        "en": {"dentist": "At the dentist"},
    }
