"""Asterisk 16.28 to 22 through its manager interface (AMI).

What is written where is the table of dialplan/README.md. Facts of the protocol were measured on Asterisk 22.10.1;
tests/captures/asterisk holds the bytes. In: reading back, writing, clearing, hearing what is dialled, pausing members
of queues, placing calls and closing conferences, and inspecting of a set-up. Not in: reconnecting, who is called when
and who has been (the engine's), the dialplan itself.
"""
