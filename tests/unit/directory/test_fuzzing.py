"""An hour of bytes that a fuzzer makes up for what reads the messages of clients (`fuzzing.py`).

`FUZZ_SECONDS` sets another time.
"""

import asyncio
import os
from pathlib import Path

import pytest

TOP = Path(__file__).parents[3]
PYTHON = TOP / ".servers" / "atheris" / "bin" / "python"  # docker/setup.sh atheris
SECONDS = int(os.environ.get("FUZZ_SECONDS", "3600"))


@pytest.mark.soak
@pytest.mark.timeout(SECONDS + 300)
async def test_nothing_that_clients_send_is_neither_read_nor_refused(tmp_path):
    assert PYTHON.exists(), "docker/setup.sh atheris"
    program = Path(__file__).with_name("fuzzing.py")
    process = await asyncio.create_subprocess_exec(
        PYTHON, program, str(SECONDS), tmp_path,
        cwd=tmp_path, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, said[-5000:].decode(errors="replace")
    assert b"Done " in said
