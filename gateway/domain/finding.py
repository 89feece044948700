"""What a check of one part found."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """`part` was looked at and is as it must be (`ok`) or not; `said` is a sentence, `remedy` what to do about it."""

    part: str
    ok: bool
    said: str
    remedy: str = ""
