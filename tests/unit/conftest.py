"""What holds for all unit tests: nothing is reached over a network, not even on this machine."""

import socket

import pytest


@pytest.fixture(autouse=True)
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a unit test fail that connects to, listens for, or looks up a host."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a unit test uses no sockets: see tests/contract")

    for name in ("connect", "connect_ex", "bind", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
