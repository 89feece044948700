"""What an administrator types: `ringplan --config FILE …`, a file per noun.

Commands read and write the store, and ask a running gateway by writing a wish; none of them needs it to run. What is
said goes to standard output, errors to standard error with what to do about them: status 2 for a wrong setting or use,
1 for what failed. Not in here: anything that decides about calls.
"""
