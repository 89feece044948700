"""Address books on CardDAV servers (RFC 6352): what changed in them since a token, or all that is in them.

Finding them and their tokens is `caldav.discovery` and `caldav.places`; what a vCard says is `gateway.vcard`. Pure:
`asked` (what is sent), `token`. With I/O: `listing` (which members), `cards` (what they say), `source` (the port).
"""
