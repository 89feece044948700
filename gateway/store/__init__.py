"""What Ringplan remembers: rows in one database, the statements on them, and the migrations that shape it.

`store.Store` opens the database; every noun has a file of functions that take `Rows`, one transaction:

    async with Store.open(settings) as store:
        async with store.write() as rows:
            await users.add(rows, user)

Domain objects go in and come out. Statements are such that PostgreSQL runs them too; what is SQLite's alone is in
`sqlite`. What is removed is gone from the file: from its free pages and from its WAL as well.

Not in here: when to read a calendar, what a code means, what a PBX holds. No text of a calendar is kept but the
description of a diversion that operators may see, and of a meeting that asks for a conference its subject and who is
asked; and no longer than the diversion, the meeting or the conference itself. Contacts are kept as long as their book
has them and is read; no password of a telephone is kept at all (`devices`).
"""
