"""What callers meet, as people write it: `announce,voicemail`. Pure."""

from gateway.deciding.given import wrong
from gateway.domain.code import Behaviour, Treatment

THEN = {behaviour.name.lower(): behaviour for behaviour in Behaviour}
WORDS = f"announce or quiet, then {', '.join(THEN)}: announce,voicemail"


def words(treatment: Treatment) -> str:
    """Return a treatment as words."""
    return f"{'announce' if treatment.announce else 'quiet'},{treatment.then.name.lower()}"


def read_treatment(field: str, value: str) -> Treatment:
    """Read what `words` wrote. Raises `Misconfigured`."""
    how, _, then = (part.strip().lower() for part in value.partition(","))
    if how not in ("announce", "quiet") or then not in THEN:
        remedy = "write announce or quiet, then {known}: announce,voicemail"
        raise wrong(field, value, "is not understood", remedy, known=", ".join(THEN))
    return Treatment(how == "announce", THEN[then])
