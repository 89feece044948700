"""One account's way to Exchange servers: requests in worker threads, over connections that are ours, trusted and whole.

`client` is what others use: `ask` for a request, `stream` and `listen` for what stays open. Behind it: `protocol`
(exchangelib's side of a connection), `adapter` (trust, and whole answers only), `dialect` (what exchangelib cannot
read, written anew), `kept` (idle connections), `refusals` (errors in Ringplan's words). What is asked for is not known
here.
"""
