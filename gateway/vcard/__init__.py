"""What a vCard says: bytes to contacts, for every source that gets vCards. Pure.

Versions 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350), as programs write them and not only as they should. `cards.cards`
splits a text into cards, `contact` says who a card is about. Bounded by construction: each character is looked at a few
times, and no property is kept that is longer than a name or a number can be.
"""
