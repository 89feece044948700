"""What all tests share: the fixtures of real servers, and how Hypothesis runs.

The machine is shared, so an example has no deadline of its own. What is generated is seen a few times in each run, the
same each time: a run fails by what was changed, and never by chance. In `make soak`, which runs those tests again, it
is seen much more often, and other things each time.
"""

import pytest
from hypothesis import HealthCheck, settings

OFTEN = "soak"
settings.register_profile(
    "ringplan",
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
    print_blob=True,
)
settings.register_profile(OFTEN, settings.get_profile("ringplan"), max_examples=500, derandomize=False)
settings.load_profile("ringplan")

pytest_plugins = ("tests.servers",)


def pytest_configure(config: pytest.Config) -> None:
    """Let more examples be made in soak; a test with a number of its own keeps it."""
    if config.option.markexpr == OFTEN:
        settings.load_profile(OFTEN)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let soak run, beside its own tests, all that are made of examples."""
    if config.option.markexpr == OFTEN:
        for item in items:
            if isinstance(item, pytest.Function) and getattr(item.obj, "is_hypothesis_test", False):
                item.add_marker(OFTEN)
