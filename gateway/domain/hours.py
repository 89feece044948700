"""When people work."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import time


@dataclass(frozen=True, slots=True)
class WorkingHours:
    """`week` maps a weekday (Monday 0) to its spans of local time `(from, until)`; a day that is missing is free.

    `country` and `subdivision` choose public holidays (ISO 3166, as the `holidays` library names them; "" none);
    a public holiday is free.
    """

    week: Mapping[int, tuple[tuple[time, time], ...]] = field(
        default_factory=lambda: {day: ((time(8), time(17)),) for day in range(5)}
    )
    country: str = ""
    subdivision: str = ""
