"""What every outgoing connection needs: whom TLS trusts, which host a domain names for a service, when to ask again.

Also threads for libraries that block. No protocol of any server is spoken here, and no connection is kept.
"""
