"""What a right is called, by the answers of a real EWS server (tests/captures/exchange)."""

import pytest

from gateway.sources.ews.rights import Right, right
from tests.unit.sources.ews.scripted import account, capture

DENIED = "071_delegate_account_calendar_property_GetFolder"


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (("070_permissions_after_GetFolder",), Right.FULL),
        (("072_delegate_calendar_get_distinguished_fakeroot_GetFolder",), Right.REVIEWER),
        ((DENIED, "076_availability_svc_reviewer_GetUserAvailabilityRequest"), Right.FREE_BUSY),
        ((DENIED, "066_availability_svc_no_permission_GetUserAvailabilityRequest"), Right.NONE),
    ],
)
def test_a_right_is_told_by_the_folder_else_by_free_and_busy_times(names, found):
    one, answers = account(*map(capture, names))
    assert right(one) == found
    assert len(answers.asked) == len(names)
    assert found.reads == (len(names) == 1)
