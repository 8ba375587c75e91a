"""The whole app over each engine in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from tests.support.app import App, Page
from tests.support.databases import ENGINES, Storage, without_schema
from tests.support.redis import RedisServer
from tests.support.scene import Scene


@pytest.fixture
def storage(storage: Storage, request: pytest.FixtureRequest) -> Storage:
    """SQLite alone, and PostgreSQL with Redis."""
    if storage.engine == "sqlite":
        return storage
    server: RedisServer = request.getfixturevalue("redis_server")
    return replace(storage, redis_url=server.url)


@pytest.fixture
async def app(storage: Storage) -> AsyncIterator[App]:
    async with App.over(storage) as running:
        yield running


@pytest.fixture
async def pair(app: App) -> tuple[Page, Page]:
    """A mentor and a mentee, each with a tab open and signed in, not yet connected."""
    return await app.pair()


@pytest.fixture
async def scene(app: App) -> AsyncIterator[Scene]:
    ada, ben = await app.pair("Ada", "Ben")
    mallory, _ = await app.pair("Mallory", "Niaj")
    one, other, socket = await ada.connect(), await ben.connect(), await mallory.connect()
    await ada.join(one, peer="peer-one")
    await ben.join(other, peer="peer-other")
    await app.settle()
    for each in (one, other, socket):
        each.frames.clear()
    with structlog.testing.capture_logs() as logged:
        yield Scene(app, mallory, socket, ((ada, one), (ben, other)), logged)


@pytest.fixture(params=ENGINES)
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """Where to restore a backup to: nothing is there yet."""
    yield from without_schema(request.param, tmp_path / "restored", request)


@pytest.fixture
def short_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    """So that most tables of a backup have several."""
    monkeypatch.setattr("runtime.backup.PAGE_ROWS", 3)
