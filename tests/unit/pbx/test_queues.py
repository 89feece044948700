"""Which extension a member of a queue is."""

import pytest

from gateway.pbx.asterisk.codec import Message
from gateway.pbx.asterisk.queues import place_of


@pytest.mark.parametrize(
    ("location", "state", "place"),
    [
        ("PJSIP/1001", "PJSIP/1001", "1001"),
        ("pjsip/1001", "", "1001"),
        ("PJSIP/1001/sip:1001@192.0.2.7:5060", "", "1001"),
        ("SIP/1001", "", "1001"),
        ("IAX2/1001", "", "1001"),
        ("Local/1001@internal/n", "Local/1001@internal/n", "1001"),
        ("Local/1001@from-queue", "hint:1002@ext-local", "1001"),
        ("Local/FM-1001@internal/n", "hint:1001@phones", "1001"),
        ("Local/FM-1001@internal/n", "PJSIP/1001", "1001"),
        ("DAHDI/1", "DAHDI/1", None),
        ("PJSIP/0701234567@trunk", "PJSIP/0701234567@trunk", None),
        ("PJSIP/anna", "PJSIP/anna", None),
        ("Local/FM-1001@internal/n", "hint:anna@phones", None),
        ("Local/1001", "", None),
        ("Local/1234567890123456@internal", "", None),
        ("", "", None),
    ],
)
def test_an_extension_is_known_by_its_interface_or_else_by_its_state(location, state, place):
    assert place_of(Message({"Location": location, "StateInterface": state})) == place
