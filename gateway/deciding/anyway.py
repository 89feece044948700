"""What lets a telephone ring whatever is planned for it: facts of the whole gateway, or about its owner."""

from enum import Enum

from gateway.deciding.installation import Installation
from gateway.domain.user import User
from gateway.engine.decided import takes_part
from gateway.store import switches
from gateway.store.rows import Rows


class Anyway(Enum):
    """Why a telephone rings; each is a sentence about the number `extension`."""

    DISABLED = "{extension} is disabled"
    OFF = "Ringplan is off"
    PILOT = "only the pilot group takes part"
    DRY_RUN = "it is a dry run: nothing is written into the PBX"


async def why_anyway(rows: Rows, installation: Installation, user: User) -> tuple[Anyway, ...]:
    """Return what keeps the telephones of `user` from being diverted."""
    beyond = {
        Anyway.DISABLED: not user.enabled,
        Anyway.OFF: await switches.off_since(rows) is not None,
        Anyway.PILOT: not takes_part(installation.pilot, user),
        Anyway.DRY_RUN: installation.dry_run,
    }
    return tuple(why for why, is_so in beyond.items() if is_so)


async def rings_anyway(rows: Rows, installation: Installation, user: User) -> list[str]:
    """Return what `why_anyway` does, as sentences of commands."""
    return [why.value.format(extension=user.extension) for why in await why_anyway(rows, installation, user)]
