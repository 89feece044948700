"""Phones whose lamps are lit, in a process of their own, so that nothing but Asterisk makes a notification late.

    python -m tests.bench.lamps HOST PORT SECRET

Reads lines `<phone> <watched>` up to an empty line, subscribes to each, and prints `ready`. From then on it reads
states: when every key has been told that state since the last answer, it prints for each
`<phone>/<watched> <seconds since 1970>`, and `end`. It ends when its input ends. The time is the kernel's, of the
datagram's arrival.
"""

import asyncio
import os
import re
import select
import socket
import struct
import sys
from collections import defaultdict
from collections.abc import Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import cast

from peers.asterisk import Asterisk
from peers.lamp import Lamp

SO_TIMESTAMPNS = 35  # socket(7), linux/asm-generic/socket.h
_KEPT = (b"Via:", b"From:", b"To:", b"Call-ID:", b"CSeq:")
_STATE = re.compile(rb"<state>(\w+)</state>")


@dataclass(frozen=True, slots=True)
class Where:
    """What `Lamp` needs to know of an Asterisk that another process runs; `running`: it is not unsubscribed from."""

    host: str
    sip_port: int
    sip_secret: str
    running: bool = False


async def main(host: str, port: str, secret: str) -> None:
    """Subscribe, and then look without asyncio: it has no timestamps of datagrams."""
    server = cast(Asterisk, Where(host, int(port), secret))
    pairs = [line.split() for line in iter(sys.stdin.readline, "\n")]
    async with AsyncExitStack() as stack:
        lamps = [await stack.enter_async_context(Lamp.subscribe(server, *pair)) for pair in pairs]
        watch({_socket(lamp): f"{lamp.phone}/{lamp.watched}" for lamp in lamps})


def watch(watched: dict[socket.socket, str]) -> None:
    """Answer notifications, and tell of them when asked, until the input ends."""
    sockets = {some.fileno(): some for some in watched}
    known: set[bytes] = set()
    ready = select.epoll()
    for descriptor in (sys.stdin.fileno(), *sockets):
        ready.register(descriptor, select.EPOLLIN)
    print("ready", flush=True)
    told: dict[str, dict[str, float]] = defaultdict(dict)  # by state and key: when first
    wanted = ""
    while True:
        for descriptor, _ in ready.poll():
            if some := sockets.get(descriptor):
                for at, state in _notices(some, known):
                    told[state].setdefault(watched[some], at)
            elif line := sys.stdin.readline():
                wanted = line.strip()
            else:
                return
        if wanted and len(told[wanted]) == len(watched):
            print(*(f"{key} {at:.6f}" for key, at in told[wanted].items()), "end", sep="\n", flush=True)
            told.clear()
            wanted = ""


def _notices(some: socket.socket, known: set[bytes]) -> Iterator[tuple[float, str]]:
    """Yield what has arrived, each but once: `known` are those that were seen, by what a repetition leaves alone."""
    while True:
        try:
            data, extra, _, sender = some.recvmsg(8192, 64, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        head, _, body = data.partition(b"\r\n\r\n")
        kept = [line for line in head.split(b"\r\n") if line.startswith(_KEPT)]
        some.sendto(b"\r\n".join([b"SIP/2.0 200 OK", *kept, b"Content-Length: 0\r\n\r\n"]), sender)
        name = b"".join(line for line in kept if line.startswith((b"Call-ID:", b"CSeq:")))
        if name in known:
            continue
        known.add(name)
        seconds, nanoseconds = struct.unpack("ll", extra[0][2])
        state = _STATE.search(body)
        yield seconds + nanoseconds / 1e9, state[1].decode() if state else "terminated"


def _socket(lamp: Lamp) -> socket.socket:
    assert lamp._transport is not None
    some = socket.socket(fileno=os.dup(lamp._transport.get_extra_info("socket").fileno()))
    some.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    return some


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
