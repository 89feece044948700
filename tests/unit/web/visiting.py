"""Browsers and programs that visit a portal in the same process, and the people who use them.

`Browser` keeps cookies, and brings along what a form of ours has; `Program` calls the API with a token.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from starlette.types import ASGIApp

from gateway.deciding.installation import Installation, Reach, SourceAt
from gateway.domain.signin import Role, Scope, SignIn
from gateway.domain.user import User
from gateway.planning.handsets import Listener
from gateway.ports import Clock
from gateway.store import sessions, signins, tokens, users
from gateway.store.store import Store
from gateway.web.application import application
from gateway.web.portal import Portal
from gateway.web.security.csrf import FIELD, Seal
from gateway.web.settings import WebSettings
from gateway.web.texts import Texts
from gateway.web.visit import cookie_name

ZONE = ZoneInfo("Europe/Stockholm")
PLACE = "http://portal.example.org"
INSTALLATION = Installation(
    pbxs=("main",),
    sources={"office": SourceAt("caldav"), "mail": SourceAt("exchange", addressed=False)},
    directory=Reach("pbx.example.org", "dc=contacts", (Listener("192.0.2.1", 636, "ldaps"),)),
    portal=PLACE,
)


def portal_of(store: Store, clock: Clock, texts: Texts, **changed: Any) -> Portal:
    made = Portal(store, WebSettings(url=PLACE), INSTALLATION, clock, texts, Seal())
    return replace(made, **changed)


def a_user(extension: str, name: str, email: str) -> User:
    return User(0, extension, (email,), ZONE, "en", name)


@dataclass(frozen=True, slots=True)
class House:
    """Who is there, by who they are; `app` is served to all of them."""

    portal: Portal
    app: ASGIApp
    anna: SignIn
    otto: SignIn
    ada: SignIn
    root: SignIn

    def of(self, role: Role) -> SignIn:
        return {Role.USER: self.anna, Role.OPERATOR: self.otto, Role.ADMINISTRATOR: self.ada}[role]

    async def browser(self, signin: SignIn | None = None) -> "Browser":
        """Return a browser, in which `signin` has signed in already."""
        made = Browser(self.app, self.portal)
        if signin is not None:
            now = self.portal.clock.now()
            async with self.portal.store.write() as rows:
                cookie = await sessions.begin(rows, signin.id, now, now + timedelta(days=30), "a browser")
            made.client.cookies.set(cookie_name(self.portal), cookie.reveal())
        return made

    async def program(self, signin: SignIn, *scopes: Scope) -> "Program":
        """Return a program with a token of `signin` for `scopes`; none: for all."""
        async with self.portal.store.write() as rows:
            now = self.portal.clock.now()
            _, secret = await tokens.add(rows, signin.id, "a program", scopes or [*Scope], now, None)
        return Program(self.app, secret.reveal())


async def house_of(portal: Portal) -> House:
    async with portal.store.write() as rows:
        anna = await users.add(rows, a_user("1001", "Anna Berg", "anna@example.org"))
        otto = await users.add(rows, a_user("1002", "Otto Ek", "otto@example.org"))
        ada = await users.add(rows, a_user("1003", "Ada Fors", "ada@example.org"))
        return House(
            portal,
            application(portal),
            await signins.add(rows, anna.id),
            await signins.add(rows, otto.id, role=Role.OPERATOR),
            await signins.add(rows, ada.id, role=Role.ADMINISTRATOR),
            await signins.add(rows, None, "root@example.org", Role.ADMINISTRATOR),
        )


class Browser:
    """Follows nothing by itself: where a POST leads is what a test looks at."""

    def __init__(self, app: ASGIApp, portal: Portal) -> None:
        self._portal = portal
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app, raise_app_exceptions=False), base_url=PLACE)

    async def get(self, path: str, **query: str) -> httpx.Response:
        return await self.client.get(path, params=query or None)

    async def post(
        self, path: str, fields: Mapping[str, Any] | None = None, *, files: Any = None, csrf: str | None = None
    ) -> httpx.Response:
        cookie = self.client.cookies.get(cookie_name(self._portal)) or ""
        given = {FIELD: self._portal.seal.of(cookie) if csrf is None else csrf, **(fields or {})}
        return await self.client.post(path, data=given, files=files)


class Program:
    """Calls the API."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self.client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app, raise_app_exceptions=False),
            base_url=f"{PLACE}/api",
            headers={"Authorization": f"Bearer {token}"},
        )

    async def call(self, method: str, path: str, body: Any = None, **query: str) -> httpx.Response:
        return await self.client.request(method, path, json=body, params=query or None)
