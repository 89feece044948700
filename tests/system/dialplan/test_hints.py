"""The optional include: a key at *21 and the extension shows Ringplan's lamp and nothing else."""

from peers.lamp import Lamp
from tests.system.dialplan.conftest import Desk


async def test_a_key_shows_the_diversion_of_its_extension(desk: Desk):
    await desk.put_global("DEVICE_STATE(Custom:ringplan-1001)", "UNAVAILABLE")
    async with Lamp.subscribe(desk.asterisk, "1040", "*211001") as lamp:
        await lamp.shows("terminated")
        await desk.put_global("DEVICE_STATE(Custom:ringplan-1001)", "INUSE")
        await lamp.shows("confirmed")
        await desk.put_global("DEVICE_STATE(Custom:ringplan-1001)", "UNAVAILABLE")
        await lamp.shows("terminated")
