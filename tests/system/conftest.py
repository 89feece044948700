"""An Asterisk for star codes: with every sound, the codes where phones dial, and lamps where they subscribe.

Calls take their time: of a test with many cases some are run each time, and all of them in `make soak`.
"""

from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.cli.prompts import build
from peers.asterisk import Asterisk, Setup
from tests.system.dialplan.conftest import beep

CODES = """
[internal](+)
include => ringplan-codes
include => ringplan-hints
"""
SOME = 8  # cases of a test that are run each time
WHOLE = ("test_killed_and_started_again",)  # each case is another step


@pytest.fixture(scope="session", params=["22", pytest.param("16", marks=pytest.mark.soak)])
async def exchange(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Asterisk]:
    """An Asterisk of each version, with phones 1001 to 1040; 1039 and 1040 are members of the queue 6000."""
    folder = tmp_path_factory.mktemp("exchange")
    await build(folder / "sounds", speak=beep)
    setup = Setup(version=request.param, sounds=folder / "sounds", extra=CODES)
    async with Asterisk.start(folder / "state", setup) as asterisk:
        yield asterisk


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave all but `SOME` cases of a test, evenly spread over its table, to `make soak`."""
    cases: defaultdict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if Path(__file__).parent in item.path.parents and item.get_closest_marker("soak") is None:
            cases[item.nodeid.partition("[")[0]].append(item)
    for name, some in cases.items():
        if name.partition("::")[2] in WHOLE:
            continue
        kept = {len(some) * place // SOME for place in range(SOME)}
        for place, item in enumerate(some):
            if len(some) > SOME and place not in kept:
                item.add_marker(pytest.mark.soak)
