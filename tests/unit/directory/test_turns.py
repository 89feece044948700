"""Who sends much at once has turns, between which everybody else has theirs."""

import asyncio
from functools import partial

from gateway.directory.connection import TURN, Turns


async def test_between_two_long_turns_others_have_theirs():
    loop = asyncio.get_running_loop()
    turns, seen = Turns(loop), list[str]()

    def work() -> None:
        began = loop.time()
        while loop.time() < began + 2 * TURN:
            pass
        seen.append("long")

    for _ in range(3):
        turns.ask(work)
    while seen.count("long") < 3:
        seen.append("others")
        await asyncio.sleep(0)
    assert "".join(one[0] for one in seen) == "ololol"


async def test_all_come_in_their_order_whoever_fails_or_asks_again():
    loop = asyncio.get_running_loop()
    turns, seen, failures = Turns(loop), list[int](), list[dict[str, object]]()

    def work(number: int) -> None:
        seen.append(number)
        if number == 1:
            turns.ask(partial(work, 9))
            raise RuntimeError("a defect")

    loop.set_exception_handler(lambda _, context: failures.append(context))
    try:
        for number in range(4):
            turns.ask(partial(work, number))
        async with asyncio.timeout(60):
            while len(seen) < 5:
                await asyncio.sleep(0)
    finally:
        loop.set_exception_handler(None)
    assert seen == [0, 1, 2, 3, 9]
    assert len(failures) == 1
