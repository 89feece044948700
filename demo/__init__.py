"""The story of `make demo`: real servers and phones, four people, and what their calendars do to the telephone.

`stage` starts everything, `story` is what happens step by step, `tale` shows and records it, `live` stays up
afterwards.
"""
