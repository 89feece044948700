"""Calendars and contacts on Exchange servers, over Exchange Web Services (2007 SP1 and later).

`source` is the port for calendars, `contacts.source` that for contacts: `requests`, `lists`, `contacts` and `rights`
ask an account's mailbox, in worker threads, what they put together; `place` is where that mailbox is.
Beside it: `discovery` (which server), `connection` (how it is asked), `items` (what its answers mean, pure), `push`
(being told of changes), `check` (each step, for people). exchangelib speaks the protocol (docs/decisions, 26); nothing
here blocks the event loop, nothing is written to a server, and nothing that is read is kept: it goes to the caller.
"""
