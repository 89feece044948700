"""Contacts in files: tables (CSV) as Outlook, Google and people export them, and vCards.

No calendar, nobody signs in: an account of such a source has the login "-" and no password. `columns` and `parse` are
pure; `source` reads the files.
"""
