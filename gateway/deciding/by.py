"""Who decides something, and when."""

from dataclasses import dataclass
from datetime import datetime

COMMAND = "command"  # who decides by one: whoever may run it


@dataclass(frozen=True, slots=True)
class By:
    """`who` as the audit log has it: "signin 3", "token 7", "command"."""

    now: datetime
    who: str = COMMAND
