"""What is told about an account whose credentials were refused."""

from datetime import datetime
from zoneinfo import ZoneInfo

from gateway.domain.mailbox import Account
from gateway.engine.patience import next_try
from gateway.store import accounts, organisation, refusals
from gateway.store.refusals import Refusals
from gateway.store.rows import Rows


async def every(rows: Rows, now: datetime) -> dict[int, str]:
    """Return it for all accounts where there is something to tell, by account."""
    return {account: text for account, (text, _) in (await _told(rows, now)).items()}


async def resting(rows: Rows, now: datetime) -> dict[int, str]:
    """Return it for those accounts whose credentials must not be tried now."""
    return {account: text for account, (text, due) in (await _told(rows, now)).items() if due is None or due > now}


async def _told(rows: Rows, now: datetime) -> dict[int, tuple[str, datetime | None]]:
    """Return what there is to tell of accounts, and when each may be tried."""
    zone, past = (await organisation.get(rows)).zone, await refusals.known(rows)
    every_account = [one for one in await accounts.listed(rows) if one.id in past] if past else []
    said = {one.id: (told(one, past[one.id], now, zone), next_try(one, past[one.id])) for one in every_account}
    return {account: about for account, about in said.items() if about[0]}


def told(account: Account, past: Refusals, now: datetime, zone: ZoneInfo) -> str:
    """Return how often and when the password was refused and what happens next, in `zone`; "" where nothing was."""
    due = next_try(account, past)
    retry = f"ringplan sources retry {account.source} --account {account.id}"
    if due is None and past.first and past.last:
        times = "twice" if past.many == 2 else f"{past.many} times"
        when = f"{past.first.astimezone(zone):%Y-%m-%d %H:%M} and {_time(past.last, past.first, zone)}"
        return f"stopped: password refused {times}, {when}; set it anew (ringplan accounts password) or {retry}"
    if due is not None and due > now:
        why = "password refused" if past.many else f"not answered {past.unanswered} times"
        return f"{why}, tried again at {_time(due, now, zone)}; at once by {retry}"
    return "password refused, tried now" if past.many else ""


def _time(when: datetime, beside: datetime, zone: ZoneInfo) -> str:
    """Return the time of day, with the day where it is another one than that of `beside`."""
    local = when.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == beside.astimezone(zone).date() else f"{local:%Y-%m-%d %H:%M}"
