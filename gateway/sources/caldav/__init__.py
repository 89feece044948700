"""Calendars on CalDAV servers (RFC 4791): finding them, noticing changes, and reading a window whole.

Nothing is written to a server, and nothing of a calendar is kept here: what is read goes to the caller.
Pure: `dav`, `components`, `zones`, `event`, `series`, `parse`. With I/O: `client`, `discovery`, `source`, `check`.
"""
