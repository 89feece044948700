"""Calendars on CalDAV servers (RFC 4791) and address books on CardDAV servers (RFC 6352), which are often one server.

Finding them, noticing changes, and reading a calendar's window whole, or what changed in an address book (`contacts`).
Nothing is written to a server, and nothing that is read is kept here: it goes to the caller.
Pure: `dav`, `components`, `zones`, `event`, `parse`. With I/O: `client`, `discovery`, `places`, `source`, `check`.
"""
