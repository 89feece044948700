"""What a vCard says: bytes to contacts, for every source that gets vCards. Pure.

Versions 2.1, 3.0 (RFC 2426) and 4.0 (RFC 6350), as programs write them and not only as they should.
"""
