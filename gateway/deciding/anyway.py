"""What lets a telephone ring whatever is planned for it: facts of the whole gateway, or about its owner."""

from gateway.deciding.installation import Installation
from gateway.domain.user import User
from gateway.engine.decided import takes_part
from gateway.store import switches
from gateway.store.rows import Rows


async def rings_anyway(rows: Rows, installation: Installation, user: User) -> list[str]:
    """Return what keeps the telephones of `user` from being diverted, as sentences."""
    beyond = {
        f"{user.extension} is disabled": not user.enabled,
        "Ringplan is off": await switches.off_since(rows) is not None,
        "only the pilot group takes part": not takes_part(installation.pilot, user),
        "it is a dry run: nothing is written into the PBX": installation.dry_run,
    }
    return [said for said, is_so in beyond.items() if is_so]
