"""Which server a mailbox is on: Autodiscover.

`discovery` keeps what was found; `search` looks at each place in turn, `fetch` sends one request, `autodiscover` writes
and reads the three forms of question and answer, pure.
"""
