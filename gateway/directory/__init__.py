"""The LDAP directory that telephones search: a protocol, an index of the contacts in memory, and who may see what.

`ber`, `messages`, `filters`, `controls`, `answers`, `query` are pure. `catalogue` answers queries out of memory;
`follow` keeps it as the store is. `server` listens; a `line` is a socket, a `connection` the messages on it, with TLS
by `secrecy`; a `session` answers them, a search by `searching`; `visitors` knows who may come in. The store is only
read here.
"""
