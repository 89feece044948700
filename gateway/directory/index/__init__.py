"""The contacts in memory: kept in few bytes, found without a look at each, and kept as the store is.

A shelf holds the contacts of one owner, or the company's; a search enters the shelves of its viewer and no other.
`catalogue` answers queries, `follow` fills it; the rest is pure.
"""
