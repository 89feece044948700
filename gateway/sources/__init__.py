"""Calendar servers: one package per kind, each giving `connect(settings) -> ports.Connect`.

In a package: `settings` (its TOML table), `client` (I/O), `parse` (pure), `source` (the port). The packages do not know
each other, and nothing here knows what a code, a diversion or a PBX is.
"""
