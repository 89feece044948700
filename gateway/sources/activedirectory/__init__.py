"""Users and contacts of an Active Directory, or of another LDAP server, as a company book.

`source` is the port: `client` asks (I/O, in worker threads), `parse` makes contacts of entries (pure), `refusals` says
what went wrong, `check` shows each step to people. ldap3 speaks the protocol (RFC 4511); referrals are not followed,
nothing is written to the server, and nothing but the keys of what was read is kept.
"""
