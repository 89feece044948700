"""What is written is what differs, and after it nothing differs."""

from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.held import Held, Lamp
from gateway.planning.difference import difference

helds = st.builds(Held, st.sampled_from((None, "1|UTC|0-0-sv-")), st.sampled_from((None, Lamp.ON, Lamp.OFF)))
states = st.dictionaries(st.sampled_from(("1001", "1002", "1003")), helds)


def test_new_changed_gone_and_the_same():
    on, off = Held(lamp=Lamp.ON), Held(lamp=Lamp.OFF)
    holds = {"same": on, "changed": on, "gone": off}
    assert difference(holds, {"same": on, "changed": off, "new": off}) == {"changed": off, "new": off, "gone": None}


@given(states, states)
def test_after_writing_the_difference_nothing_differs(holds: dict[str, Held], wanted: dict[str, Held]):
    after = dict(holds)
    for place, held in difference(holds, wanted).items():
        assert holds.get(place) != held
        after.pop(place, None)
        if held is not None:
            after[place] = held
    assert after == wanted
    assert difference(after, wanted) == {}
