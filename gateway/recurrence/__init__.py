"""When something recurs: rules, the local times at which a series occurs, what that may cost, and Windows' zone names.

Pure, and free of any server's dialect: naive local times in, naive local times out. What a rule's text or pattern looks
like beyond RFC 5545's, which occurrences were moved or deleted, and whose they are, is known to each source.
"""
