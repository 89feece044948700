"""Sending letters: the protocol of mail servers, and nothing of what a letter says.

Each letter is a connection of its own; nothing is kept between two of them, nor repeated. What is sent is never logged.
"""
