"""A plain connection to Asterisk's manager interface, one action at a time, for looking from outside.

Deliberately not the gateway's own client: what that client gets wrong must show here.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

INJECTION = "a value with CR or LF would be another header"


class RawAmi:
    """One logged-in connection. `events` are kept in the order in which they came."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer, self._count = reader, writer, 0
        self.events: list[dict[str, str]] = []

    @classmethod
    @asynccontextmanager
    async def connect(cls, host: str, port: int, user: str, secret: str) -> AsyncIterator["RawAmi"]:
        """Connect and log in; returns when the PBX is fully booted. Raises OSError where that cannot be."""
        reader, writer = await asyncio.open_connection(host, port)
        try:
            await reader.readline()
            ami = cls(reader, writer)
            answer = await ami.action("Login", {"Username": user, "Secret": secret})
            if answer["Response"] != "Success":
                raise PermissionError(answer.get("Message", ""))
            await ami.event("FullyBooted")
            yield ami
        finally:
            writer.close()

    async def action(self, name: str, fields: Mapping[str, str] | None = None) -> dict[str, str]:
        """Send one action and return its response; events that come before it are kept in `events`."""
        self._count += 1
        lines = {"Action": name, "ActionID": f"raw-{self._count}", **(fields or {})}
        if any("\r" in value or "\n" in value for value in lines.values()):
            raise ValueError(INJECTION)
        self._writer.write(("".join(f"{key}: {value}\r\n" for key, value in lines.items()) + "\r\n").encode())
        await self._writer.drain()
        while True:
            message = await self._message()
            if message.get("ActionID") == lines["ActionID"] and "Response" in message:
                return message
            self.events.append(message)

    async def event(self, name: str, fields: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the first event `name` (kept or new) that has these `fields`. The caller sets the deadline."""
        wanted = {"Event": name, **(fields or {})}
        while True:
            for number, event in enumerate(self.events):
                if wanted.items() <= event.items():
                    return self.events.pop(number)
            self.events.append(await self._message())

    async def value(self, variable: str) -> str:
        """Return a global variable or dialplan function, such as `DEVICE_STATE(Custom:x)`."""
        return (await self.action("Getvar", {"Variable": variable})).get("Value", "")

    async def _message(self) -> dict[str, str]:
        message: dict[str, str] = {}
        while True:
            line = (await self._reader.readline()).decode(errors="replace")
            if not line:
                raise ConnectionError("Asterisk closed the connection")
            if not line.strip():
                return message
            key, _, value = line.rstrip("\r\n").partition(": ")
            message[key] = f"{message[key]}\n{value}" if key in message else value
