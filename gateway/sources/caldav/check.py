"""What `ringplan check` says about a CalDAV source: each step on the way to a mailbox, up to the first that fails.

The steps are those of `discovery` and `source`, so what is found here is what happens when the gateway runs.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta

import dns.asyncresolver

from gateway.domain.finding import Finding
from gateway.domain.mailbox import Account, Mailbox, Window
from gateway.errors import RingplanError
from gateway.net.trust import trust
from gateway.sources.caldav.client import DEADLINES, opened
from gateway.sources.caldav.discovery import Discovery, Place
from gateway.sources.caldav.places import Places
from gateway.sources.caldav.settings import CalDavSettings
from gateway.sources.caldav.source import Calendars, now_utc


async def check(
    settings: CalDavSettings,
    account: Account,
    mailbox: Mailbox,
    resolver: dns.asyncresolver.Resolver | None = None,
    now: Callable[[], datetime] = now_utc,
) -> tuple[Finding, ...]:
    """Try to read `mailbox` through `account`; return a finding per step, the last one alone not `ok`, if any is."""
    findings: list[Finding] = []
    part = f"source {account.source}"

    async def step(doing: Callable[[], Awaitable[str]]) -> None:
        findings.append(Finding(part, True, await doing()))

    try:
        context = trust(settings.ca, settings.pin, settings.tls_minimum)
        async with opened(account, context, settings.connections, DEADLINES) as client:
            discovery = Discovery(client, settings, account, resolver)
            calendars = Calendars(client, Places(client, discovery), account.service, now)
            places: list[Place] = []

            async def principal() -> str:
                at = await discovery.principal(mailbox)
                return f"account {account.id} is signed in: {at.host} knows it as {at.path}"

            async def homes() -> str:
                found = await discovery.homes(mailbox)
                places.extend([await discovery.place(home) for home in found])
                count = sum(len(place.collections) for place in places)
                named = ", ".join(home.path for home in found)
                return f"mailbox {mailbox.id} has {count} calendar{'s' * (count != 1)} in {named}"

            async def window() -> str:
                moment = now().astimezone(UTC)
                wanted = Window(moment - timedelta(days=1), moment + timedelta(days=14), moment.date())
                reading = await calendars.read(mailbox, wanted, None)
                count = len(reading.appointments) if reading else 0
                aside = reading.set_aside if reading else 0
                also = f"; {aside} could not be understood and are set aside" if aside else ""
                return f"mailbox {mailbox.id} was read: {count} appointments in the days to come{also}"

            if settings.url is None or (mailbox.path is None and settings.calendars is None):
                await step(principal)
            await step(homes)
            await step(window)
    except RingplanError as error:
        findings.append(Finding(part, False, str(error), error.remedy))
    return tuple(findings)
