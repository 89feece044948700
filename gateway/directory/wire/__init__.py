"""What goes over the wire: BER, messages, filters, controls and results, as bytes and as values. Pure.

Nothing here knows what is in the directory, and nothing is believed about its length, depth or number of parts.
"""
