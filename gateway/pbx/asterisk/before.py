"""What an Asterisk obeys before anything that is planned: asked through AMI, changes nothing.

The order is the dialplan's (dialplan/README.md): the global `RINGPLAN_OFF`, then the telephone's own do not disturb and
forwarding. `DBGet` will do here: Asterisk 16.28 cuts values at 255 bytes, and only whether there is one counts.
"""

from gateway.domain.user import Extension
from gateway.pbx.asterisk import lines
from gateway.pbx.asterisk.codec import Action
from gateway.pbx.asterisk.connection import connect
from gateway.pbx.asterisk.settings import AsteriskSettings

OWN = {"DND": "its own do not disturb is on", "CF": "its own forwarding is on"}


async def obeyed_first(settings: AsteriskSettings, extension: Extension) -> tuple[str, ...]:
    """Return, as sentences, what lets a call to `extension` pass whatever is planned.

    Raises `Unreachable` or `SignInAgain`.
    """
    async with connect(settings) as asterisk:
        off, *own = await asterisk.ask_all(
            [Action("Getvar", (("Variable", lines.OFF),))]
            + [Action("DBGet", (("Family", family), ("Key", extension))) for family in OWN]
        )
    said = [] if off.get("Value") in ("", "0") else [f"{lines.OFF} is set on the PBX: every call passes"]
    for family, answer in zip(OWN, own, strict=True):
        if any(item.get("Val") for item in answer.items):
            said.append(f"{OWN[family]} ({family}/{extension} on the PBX), and is obeyed first")
    return tuple(said)
