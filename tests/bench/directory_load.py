"""Telephones that search: connect, bind, search, read, unbind, each time anew, many at once; over epoll.

What is asked was written before, and of what comes is looked at the end alone: a message searchResultDone.
"""

import select
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.wire import UNBIND

DONE = b"\x30\x0c\x02\x01\x02\x65\x07\x0a\x01"  # a searchResultDone of message 2 without further words
TAIL = len(DONE) + 5
STUCK = 20.0  # seconds without any answer


@dataclass(frozen=True, slots=True)
class Transaction:
    """A bind and a search, as bytes."""

    bind: bytes
    search: bytes


@dataclass(slots=True)
class Load:
    """What was done: seconds of each transaction, `codes` of the searches, `wall` seconds in all."""

    seconds: list[float] = field(default_factory=list)
    codes: dict[int, int] = field(default_factory=dict)
    wall: float = 0.0

    @property
    def rate(self) -> float:
        """Transactions in a second."""
        return len(self.seconds) / self.wall

    def percentile(self, share: float) -> float:
        """Return the milliseconds within which this share of transactions was done."""
        return sorted(self.seconds)[int(len(self.seconds) * share)] * 1000


@dataclass(slots=True)
class _Going:
    """A transaction that goes on; `due`: when it began, or should have."""

    socket: socket.socket
    transaction: Transaction
    due: float
    is_bound: bool = False
    tail: bytes = b""


def run(port: int, asked: Sequence[Transaction], seconds: float, *, at_once: int, rate: float = 0.0) -> Load:
    """Do transactions for so long, `at_once` going on at any time, or `rate` begun in a second, whatever comes back."""
    load, poll, going = Load(), select.epoll(), {}
    began = time.perf_counter()
    ends, begun, heard = began + seconds, 0, began

    def begin(due: float) -> None:
        nonlocal begun
        connected = socket.create_connection(("127.0.0.1", port))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connected.setblocking(False)
        transaction = asked[begun % len(asked)]
        begun += 1
        going[connected.fileno()] = _Going(connected, transaction, due)
        poll.register(connected.fileno(), select.EPOLLIN)
        connected.send(transaction.bind)

    while True:
        now = time.perf_counter()
        if now < ends:
            if rate:
                while (due := began + begun / rate) <= now:
                    begin(due)
            else:
                while len(going) < at_once:
                    begin(time.perf_counter())
        elif not going:
            break
        if now > heard + STUCK:
            raise RuntimeError(f"{len(going)} of {begun} transactions are not answered")
        wait = min(max(began + begun / rate - now, 0.0), 1.0) if rate and now < ends else 1.0
        for handle, _ in poll.poll(wait):
            heard = time.perf_counter()
            if _heard(going[handle], load):
                poll.unregister(handle)
                going.pop(handle).socket.close()
    load.wall = time.perf_counter() - began
    poll.close()
    return load


def _heard(one: _Going, load: Load) -> bool:
    """Take what has come; True: the transaction is done."""
    try:
        data = one.socket.recv(1 << 18)
    except BlockingIOError:
        return False
    if not data:
        raise RuntimeError("the server hung up")
    if not one.is_bound:
        one.is_bound = True
        one.socket.send(one.transaction.search)
        return False
    one.tail = (one.tail + data)[-TAIL:]
    if not one.tail.startswith(DONE):
        return False
    load.seconds.append(time.perf_counter() - one.due)
    code = one.tail[len(DONE)]
    load.codes[code] = load.codes.get(code, 0) + 1
    one.socket.send(UNBIND)
    return True


def run_secure(port: int, asked: Sequence[Transaction], seconds: float) -> Load:
    """Do transactions over LDAPS one after the other, each with a handshake of its own, as telephones do."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    load, began = Load(), time.perf_counter()
    while (due := time.perf_counter()) < began + seconds:
        transaction = asked[len(load.seconds) % len(asked)]
        with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain) as secure:
            secure.sendall(transaction.bind)
            secure.recv(1 << 16)
            secure.sendall(transaction.search)
            tail = b""
            while not tail.startswith(DONE):
                data = secure.recv(1 << 18)
                if not data:
                    raise RuntimeError("the server hung up")
                tail = (tail + data)[-TAIL:]
            load.codes[tail[len(DONE)]] = load.codes.get(tail[len(DONE)], 0) + 1
            secure.sendall(UNBIND)
        load.seconds.append(time.perf_counter() - due)
    load.wall = time.perf_counter() - began
    return load
