"""Everybody as a file."""

from dataclasses import replace

from gateway.deciding.exporting import everybody, written
from gateway.domain.mailbox import Mailbox
from gateway.store import accounts, mailboxes, users
from gateway.store.store import Store
from tests.unit.store.made import ZONE, account, person


async def test_a_file_says_which_service_reads_whose_calendar_and_nothing_of_own_accounts(store: Store) -> None:
    async with store.write() as rows:
        anna, bertil, _ = await users.add_every(rows, [person("1001"), person("1002"), person("1003", enabled=False)])
        service, own = await accounts.add(rows, account()), await accounts.add(rows, account("own", service=False))
        box = Mailbox(0, anna.id, service.id, anna.emails[0], frozenset(), ZONE, "/calendars/anna/")
        await mailboxes.add_every(rows, [box, replace(box, user=bertil.id, account=own.id, path="/calendars/bertil/")])
    async with store.read() as rows:
        lines = await everybody(rows)
    head, *told = written(lines).removeprefix("\ufeff").splitlines()
    assert head == "extension,name,email,language,zone,phones,pbx,operator,hours,through,enabled,source,path"
    assert told == [
        "1001,Person 1001,u1001@example.org,sv,Europe/Stockholm,,main,,,,yes,office,/calendars/anna/",
        "1002,Person 1002,u1002@example.org,sv,Europe/Stockholm,,main,,,,yes,,",
        "1003,Person 1003,u1003@example.org,sv,Europe/Stockholm,,main,,,,no,,",
    ]
