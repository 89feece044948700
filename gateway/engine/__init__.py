"""What keeps running: calendars and books are read, what is over is forgotten, each PBX is brought to what is planned.

The engine knows the store, the plan and the ports; it does not know any server, PBX or protocol. Nothing is replayed
after a loss: every loop looks at what is and computes what should be. Connections are opened again by `supervise` and
by nobody else. What keeps conferences running is in `conference`.
"""
