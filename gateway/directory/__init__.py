"""The LDAP directory that telephones search: a protocol, an index of the contacts in memory, and who may see what.

`ber`, `messages`, `filters`, `controls`, `query` are pure. `catalogue` answers queries out of memory; `follow` keeps it
as the store is. `server` listens; a `session` is one connection. The store is only read here.
"""
