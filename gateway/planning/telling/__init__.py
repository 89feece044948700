"""What organisers are told of their conferences: what is `news` to them, as `letters`, in the `wording` of a language.

Pure.
"""
