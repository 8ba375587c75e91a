"""The whole app over each engine in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import structlog

from tests.support.app import App, Page
from tests.support.databases import Storage
from tests.support.scene import Scene


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
