"""PBXs: each package speaks one kind and implements `gateway.ports.Pbx`; nothing is planned or remembered here.

A package holds `settings` (its table of the file), `codec` (bytes and messages, pure), `client` (one connection),
`driver` (the port). They know neither each other nor calendars, the store or the engine.
"""
