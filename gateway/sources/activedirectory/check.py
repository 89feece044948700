"""What `ringplan check` says about a directory: each step on the way to its entries, up to the first that fails.

The steps are those of `source`. A finding that is `ok` with a remedy works, and should be looked at all the same.
"""

from gateway.domain.finding import Finding
from gateway.domain.mailbox import Account
from gateway.errors import RingplanError
from gateway.net.threads import Threads
from gateway.net.trust import trust
from gateway.sources.activedirectory.client import DEADLINES, Deadlines, signed_in
from gateway.sources.activedirectory.settings import ActiveDirectorySettings
from gateway.sources.activedirectory.source import standing


async def check(
    settings: ActiveDirectorySettings, account: Account, deadlines: Deadlines = DEADLINES
) -> tuple[Finding, ...]:
    """Sign in and look where the entries are; how many there are is said of each book that is read."""
    part = f"source {account.source}"
    findings = [Finding(part, True, *_protected(settings))]
    try:
        context = trust(settings.ca, settings.pin, settings.tls_minimum)
        async with signed_in(account, settings, context, Threads(1), deadlines) as session:
            findings.append(Finding(part, True, f"{settings.host} has signed account {account.id} in"))
            there = await standing(session, settings.base)
            counts = "only what has changed is read" if there.usn is not None else "it is read whole each time"
            findings.append(Finding(part, True, f"entries are read below {there.base}; {counts}"))
    except RingplanError as error:
        findings.append(Finding(part, False, str(error), error.remedy))
    return tuple(findings)


def _protected(settings: ActiveDirectorySettings) -> tuple[str, str]:
    """Say what stands between the password and who listens, with a remedy where that is weak."""
    if settings.is_clear:
        said = "NO TLS: the password of the account, and all that is read, can be seen by whoever is on the way"
        return said, "use ldaps://, or take start_tls = false away"
    how = "TLS from the first byte" if settings.is_ldaps else "StartTLS"
    if settings.pin:
        return f"{how}: only the pinned certificate is trusted", ""
    if settings.tls_minimum in ("1.0", "1.1"):
        return f"{how}, and TLS {settings.tls_minimum} is allowed", "let the server speak TLS 1.2"
    return f"{how}: the authority in {settings.ca} is trusted" if settings.ca else f"{how}", ""
