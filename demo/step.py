"""One step of the story, as it came out."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Step:
    """What was to be seen and what was; `evidence` is what the far ends and the PBX's files show."""

    name: str
    expected: str
    seen: str
    ok: bool
    evidence: dict[str, object] = field(default_factory=dict)
