"""Bytes that atheris makes up, guided by which lines they reach, for everything that reads bytes of clients.

Run by `test_fuzzing.py` with a Python of its own that has atheris and nothing else, from the top of the checkout:
`python tests/unit/directory/fuzzing.py SECONDS CORPUS`. What is found is written down by atheris, and ends the run.
"""

import sys
from pathlib import Path

import atheris  # type: ignore[import-untyped,import-not-found,unused-ignore] # in a Python of its own

sys.path.insert(0, str(Path(__file__).parents[3]))
with atheris.instrument_imports():
    from gateway.directory.wire import ber, controls, filters, messages
    from gateway.directory.wire.answers import Refusal

LONGEST = 4096


def one(data: bytes) -> None:
    """Read `data` as a message and as a filter; whatever is understood is written and read again."""
    try:
        end = ber.message_end(data, 0, LONGEST)
        if 0 < end <= len(data):
            controls.wanted(messages.decode(data, 0, end).controls)
    except (ber.Malformed, Refusal):
        pass
    try:
        asked, _ = filters.decode(data, 0, len(data))
    except (ber.Malformed, Refusal):
        return
    filters.text(asked)
    again = filters.encoded(asked)
    if filters.decode(again, 0, len(again)) != (asked, len(again)):
        raise AssertionError("a filter is not read as it was written")


if __name__ == "__main__":
    seconds, corpus = sys.argv[1:]
    words = [sys.argv[0], f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=5", corpus]
    atheris.Setup(words, one)
    atheris.Fuzz()
