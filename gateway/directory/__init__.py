"""The LDAP directory that telephones search.

`server` listens, `connection` is one client's socket (`line`) and its TLS (`secrecy`), `session` what it asks and is
answered, `searching` a search. `visitors` says whose telephone it is. `wire` is the protocol as values, `index` the
contacts in memory; neither knows of the other but by `query` (what is asked), `searchable` (who answers) and results.
`directory` puts it together. The store is only read here.
"""
