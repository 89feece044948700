"""What every outgoing connection needs: whom TLS trusts, and which host a domain names for a service.

No protocol of any server is spoken here, and no connection is kept.
"""
