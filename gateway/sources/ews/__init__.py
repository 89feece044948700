"""Calendars on Exchange servers, over Exchange Web Services: finding the server, reading windows, and being told.

Exchange 2007 SP1 and later. `exchangelib` speaks the protocol, in worker threads: nothing here blocks the event loop.
Nothing is written to a server, and nothing of a calendar is kept here: what is read goes to the caller.
Pure: `autodiscover`, `groups`, and what makes appointments of items: `dialect` and `when`, `people`, `pattern`, out of
which `parse` and `expand` are made. In worker threads: `adapter`, `protocol`, `requests`, `notifications`. With tasks:
`client` with `kept` and `threads`, `fetch`, `search`, `discovery`, `stream` (one) and `streams` (of an account),
`source`, `check`.
"""
