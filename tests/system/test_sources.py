"""The road from other servers than a plain Radicale: over TLS with an authority of one's own, and from SOGo."""

import asyncio
from contextlib import aclosing
from functools import partial
from pathlib import Path

import pytest
import trustme

from gateway.store import mailboxes
from peers.asterisk import Asterisk
from peers.dav import event
from peers.gateway import Gateway, Owner, Setup
from peers.phone import Phone
from peers.process import StartFailed
from peers.radicale import Radicale
from peers.sogo import Sogo
from tests.system.calls import HOUR, MINUTE, holds, instant, lands, quietly_to

PEOPLE = {"alice": "password of alice"}


async def test_a_calendar_behind_tls_is_read_with_its_own_authority_and_not_without(
    asterisk: Asterisk, folder: Path
) -> None:
    authority = trustme.CA()
    own = authority.issue_cert("127.0.0.1")
    ca, certificate, key = (folder / name for name in ("ca.pem", "certificate.pem", "key.pem"))
    authority.cert_pem.write_to_path(ca)
    own.cert_chain_pems[0].write_to_path(certificate)
    own.private_key_pem.write_to_path(key)
    owner = Owner("1020", "alice", PEOPLE["alice"])
    async with (
        Radicale.start(folder / "radicale", PEOPLE, tls=(certificate, key), ca=ca) as radicale,
        Phone.register(asterisk, "1021") as target,
        asterisk.observe() as ami,
    ):
        assert radicale.url.startswith("https://")
        await radicale.calendar("alice").put("board", event("board", instant(-MINUTE), instant(HOUR), "M: Styrgrupp"))
        setup = Setup(asterisk, radicale.url, (owner,), code=partial(quietly_to, "1021"))
        async with Gateway.start(folder / "distrusts", setup) as gateway:
            async with asyncio.timeout(60):
                assert "certificate" in await first_failure(gateway)
            await holds(ami, "1020", diverted=False)
            with pytest.raises(StartFailed, match="certificate"):
                await gateway.command("check")
        trusting = Setup(asterisk, radicale.url, (owner,), code=partial(quietly_to, "1021"), ca=ca)
        async with Gateway.start(folder / "trusts", trusting):
            await holds(ami, "1020", diverted=True)
            await lands(asterisk, "1020", target)


async def first_failure(gateway: Gateway) -> str:
    """Wait until a calendar cannot be read, and return what is said about it."""
    async with gateway.store() as store, aclosing(store.watch("progress")) as changes:
        async for _ in changes:
            async with store.read() as rows:
                for one in (await mailboxes.progress(rows)).values():
                    if one.failing_since:
                        return one.said or ""
    raise AssertionError("the store is no longer watched")


async def test_m_in_sogo_diverts_and_deleting_it_lets_the_telephone_ring(
    asterisk: Asterisk, sogo: Sogo, folder: Path
) -> None:
    calendar = sogo.calendar("ingrid")
    await calendar.events()  # SOGo makes it for the first who asks: of two at once, one is told that nothing is there
    owner = Owner("1022", "ingrid", sogo.people["ingrid"])
    async with (
        Phone.register(asterisk, "1022") as own,
        Phone.register(asterisk, "1023") as target,
        Gateway.start(folder, Setup(asterisk, sogo.url, (owner,), code=partial(quietly_to, "1023"))),
        asterisk.observe() as ami,
    ):
        await holds(ami, "1022", diverted=False)
        await calendar.put("board", event("board", instant(-MINUTE), instant(HOUR), "M: Styrgrupp"))
        await holds(ami, "1022", diverted=True)
        await lands(asterisk, "1022", target)
        assert own.calls == []
        await calendar.delete("board")
        await holds(ami, "1022", diverted=False)
        await lands(asterisk, "1022", own)
