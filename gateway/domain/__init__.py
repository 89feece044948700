"""The things that Ringplan is about, as frozen dataclasses and enumerations.

Pure data: no I/O, no clock, no logging, and nothing that knows a server, a PBX or a database.
"""
