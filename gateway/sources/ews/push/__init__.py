"""Being told of changes, by streaming notifications.

`streams` keeps those of one account, `stream` keeps one of them open, `groups` says who shares one (pure), `known` is
what outlives a stream, and `notifications` speaks the protocol, in a worker thread.
"""
