"""The whole app over each engine in turn."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.support.app import App, Page
from tests.support.databases import Storage


@pytest.fixture
async def app(storage: Storage) -> AsyncIterator[App]:
    async with App.over(storage) as running:
        yield running


@pytest.fixture
async def pair(app: App) -> tuple[Page, Page]:
    """A mentor and a mentee, each with a tab open and signed in, not yet connected."""
    return await app.pair()
