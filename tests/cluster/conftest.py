"""Two nodes over one PostgreSQL and one Redis, on real clocks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.databases import Storage
from tests.support.nodes import Nodes, open_nodes
from tests.support.postgres import PostgresServer
from tests.support.redis import RedisServer


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """One that a test may harm."""
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
def shared(
    postgres_server: PostgresServer, migrated_postgres: str, redis: RedisServer, tmp_path: Path
) -> Iterator[Storage]:
    """What the nodes have in common."""
    name = postgres_server.create(migrated_postgres)
    yield Storage("postgresql", postgres_server.url(name), tmp_path / "data", redis.url)
    postgres_server.drop(name)


@pytest.fixture
async def nodes(shared: Storage, tmp_path: Path) -> AsyncIterator[Nodes]:
    storages = [replace(shared, data=tmp_path / name) for name in ("one", "other")]
    async with open_nodes(*storages) as running:
        yield running
