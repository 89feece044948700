"""Real servers and real phones for tests, the demonstration and the benchmarks.

In here: Asterisk, Radicale, SOGo and DavMail as child processes on free loopback ports below 32768 in fresh folders,
SIP phones as sipp processes whose sound is sent and counted exactly, lamps, and a plain AMI connection. Everything is
an async context manager that ends what it started, by process id. Logs stay in the folder that was given, and the end
of the log is part of the error when a start fails.

Not in here: anything that `gateway` imports, and servers made of our own code (those are `tests/fakes`). Nothing but
`peers.gateway`, which prepares and starts the product, imports `gateway`, so that a fault there cannot hide here.
"""
