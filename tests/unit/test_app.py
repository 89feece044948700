"""The portal beside the rest of the gateway: calls do not wait for pages."""

import asyncio
import threading
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway import app
from gateway.engine.decided import Decided
from gateway.engine.pulse import Pulse
from gateway.settings import Settings
from gateway.store.settings import StoreSettings
from gateway.store.store import Store
from gateway.web.preparing import prepare
from gateway.web.settings import WebSettings
from gateway.web.texts import Texts
from tests.fakes.clock import HandClock

NOON = datetime(2026, 11, 23, 11, tzinfo=UTC)


def settings_in(folder: Path) -> Settings:
    return Settings(folder / "ringplan.toml", StoreSettings(path=folder / "ringplan.db"), {}, {}, web=WebSettings())


async def test_the_portal_is_made_in_a_thread_and_then_listens(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    made_by, begun, clock = [], asyncio.Event(), HandClock(NOON)
    loop = asyncio.get_running_loop()

    def made(*_: object) -> object:
        made_by.append(threading.current_thread())

        def listen() -> AbstractAsyncContextManager[None]:
            loop.call_soon(begun.set)
            return nullcontext()

        return listen, None

    monkeypatch.setattr(app, "_portal", made)
    settings, pulse = settings_in(tmp_path), Pulse(store, clock)
    keeping = asyncio.create_task(app._keep_portal(settings, WebSettings(), None, store, Decided(), None, pulse, clock))
    async with asyncio.timeout(30):
        await begun.wait()
    keeping.cancel()
    await asyncio.wait((keeping,))
    assert threading.main_thread() not in made_by
    assert len(made_by) == 1


def test_nothing_is_left_to_be_read_when_the_first_one_comes(monkeypatch: pytest.MonkeyPatch):
    texts = Texts()
    prepare(texts)
    monkeypatch.setattr("jinja2.loaders.PackageLoader.get_source", None)
    for language in ("sv", "de", "en"):
        environment = texts.environment(language)
        environment.auto_reload = False
        assert environment.get_template("layout.html")
