"""Contacts of an Exchange mailbox: the folder of that name, read as an address book or asked for one address.

`source` is the port: `changes` asks, in worker threads, `parse` makes contacts of what is said (pure). `numbers`: what
a calendar's organisers are asked for. Contacts in folders below are not looked for; nothing is written, and nothing of
a contact is kept.
"""
