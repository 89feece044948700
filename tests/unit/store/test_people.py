"""People of meetings and conferences are read as they were written."""

import json

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.conference import LeftOut, Participant
from gateway.store.people import left_out_in, left_out_out, participants_in, participants_out


@given(st.lists(st.builds(Participant), max_size=5))
def test_participants_are_read_as_they_were_written(some: list[Participant]) -> None:
    assert participants_in(json.loads(json.dumps(participants_out(some)))) == tuple(some)


@given(st.lists(st.builds(LeftOut), max_size=5))
def test_who_is_left_out_is_read_as_it_was_written(some: list[LeftOut]) -> None:
    assert left_out_in(json.loads(json.dumps(left_out_out(some)))) == tuple(some)
