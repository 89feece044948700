"""The third act: an address book on a telephone, searched by OpenLDAP's own client with the telephone's settings."""

import asyncio
from collections.abc import AsyncIterator

from demo.calendars import Card
from demo.stage import Stage, until
from demo.step import Step
from peers.ldapsearch import Entry, Refused, Telephone, set_up
from peers.phone import call
from peers.process import POLL

KARIN = Card("Karin", "Ångström", "Papp AB", "08-123 456 78", "070-123 45 67")
FORMS = ("+46812345678", "0046812345678", "0812345678", "12345678", "00812345678", "+46701234567", "0701234567")
ABROAD = "0046812345678"
TYPED = "(|(cn=angs*)(sn=angs*))"
DEADLINE = 20.0  # seconds


async def a_phone_book(stage: Stage) -> AsyncIterator[Step]:
    """One's own contacts are on one's own telephone, in every form of their numbers, for as long as they are kept."""
    await stage.calendars.keep("anna", "karin", KARIN)
    await stage.gateway.command("sync", "1001")
    annas, bertils = await _telephone(stage, "1001"), await _telephone(stage, "1002")
    found = await _comes(annas, TYPED)
    yield Step(
        "Anna has Karin Ångström in her address book, and types ANGS on her telephone",
        "her telephone shows Karin with both numbers",
        _seen(found),
        [one["cn"] for one in found] == [["Karin Ångström"]] and found[0].get("mobile") == [KARIN.mobile],
        {"searched over": annas.url, "entry": found[0]["dn"][0] if found else ""},
    )
    colleague = await _comes(bertils, "(cn=anna*)")
    theirs = await bertils.search(TYPED)
    yield Step(
        "Bertil types ANGS on his, then ANNA",
        "Karin is Anna's own, and not there; Anna is a colleague, and is",
        f"ANGS: {_seen(theirs)}; ANNA: {_seen(colleague)}",
        theirs == [] and [one["telephoneNumber"] for one in colleague] == [["1001"]],
    )
    answers = {number: await annas.search(f"(|(telephoneNumber={number})(mobile={number}))") for number in FORMS}
    missed = [number for number, entries in answers.items() if entries != found]
    yield Step(
        "Anna's telephone looks up numbers as trunks and people write them",
        f"Karin, for each of {', '.join(FORMS)}",
        "Karin, for each" if not missed else f"not for {', '.join(missed)}",
        not missed,
    )
    before = len(stage.phones["1001"].calls)
    async with call(stage.asterisk, ABROAD, "1001", trunk=True):
        await until(lambda: len(stage.phones["1001"].calls) > before)
        legs = stage.phones["1001"].calls[before:]
        shown = legs[0].invite.header("From") if legs else ""
    yield Step(
        f"Karin calls Anna; the trunk says {ABROAD}",
        "Anna's telephone shows her name before anybody answers",
        f"shown: {shown.partition('<')[0].strip() or 'nothing'}",
        "Karin Ångström" in shown,
        {"shown on the telephone": shown},
    )
    await stage.calendars.drop("anna", "karin")
    await stage.gateway.command("sync", "1001")
    gone = await _comes(annas, TYPED, there=False)
    yield Step(
        "Anna deletes Karin from her address book", "her telephone finds nobody any more", _seen(gone), gone == []
    )


async def _telephone(stage: Stage, extension: str) -> Telephone:
    settings = await stage.gateway.command("phones", "settings", "yealink", "--user", extension)
    return set_up(settings, stage.certificate)


async def _comes(telephone: Telephone, wanted: str, *, there: bool = True) -> list[Entry]:
    """Wait until something is found, or nothing any more; a new telephone is known within a second."""
    loop = asyncio.get_running_loop()
    end = loop.time() + DEADLINE
    while True:
        try:
            found = await telephone.search(wanted)
        except Refused:
            if loop.time() > end:
                raise
        else:
            if bool(found) is there or loop.time() > end:
                return found
        await asyncio.sleep(POLL)


def _seen(found: list[Entry]) -> str:
    lines = (" ".join([*one["cn"], *one.get("telephoneNumber", []), *one.get("mobile", [])]) for one in found)
    return ", ".join(lines) or "nobody"
