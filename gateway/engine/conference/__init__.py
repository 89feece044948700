"""Conferences, kept running: which there are (`conferences`), who is called (`calling`), who is in (`live`), and what
their organisers are told (`telling`).

`due` says what follows for calls from what is `seen` in the store; `pace` how soon the next one may leave.
"""
