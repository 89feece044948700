"""From appointments to what a PBX should hold. Pure: no I/O, no asyncio, no logging; `now` is an argument."""
