"""What every kind of test shares: databases."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from sqlalchemy import Engine, event
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

from runtime.database import Database
from tests.support.databases import (
    ENGINES,
    Storage,
    postgres_template,
    sqlite_copy,
    sqlite_template,
)
from tests.support.postgres import PostgresServer
from tests.support.redis import RedisServer

# A deadline for an example would be a timing assertion, and machines are noisy. A change is judged
# by the same examples each time; `./run soak` searches others (--hypothesis-profile=search).
settings.register_profile("ithaca", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, max_examples=1_000)
settings.load_profile("ithaca")

WALKS = {"test_backup.py", "test_call.py", "test_conversation.py", "test_parting.py"}
"""The flows that go over PostgreSQL and Redis each time: the seams under all of them do, by their
contract suites. The others' turn comes in the soak."""
RULES = {"test_meetings.py", "test_watch.py"}
"""These try rules of time over hours of it, more than they try the database."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        is_flow = item.path.parent.name == "flows"
        twice = item.name.count("postgresql") > 1  # from PostgreSQL to PostgreSQL
        later = twice or item.path.name in RULES or (is_flow and item.path.name not in WALKS)
        if later and "postgresql" in item.name:
            item.add_marker(pytest.mark.soak)


@pytest.fixture(autouse=True, scope="session")
def engines() -> Iterator[Callable[..., None]]:
    """Each app has its own, and all of them say the same: compiled once, not by each. What is on
    disk lives as long as the tests: it survives no power cut, and need not."""
    cache: LRUCache[Any, Any] = LRUCache(5_000)
    shared = property(lambda engine: cache, lambda engine, own: None)

    def hurry(connection: Any, *_: object) -> None:
        if isinstance(connection, sqlite3.Connection):
            connection.execute("PRAGMA synchronous=OFF")

    event.listen(Engine, "checkout", hurry)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "_compiled_cache", shared, raising=False)
        patch.setattr(DefaultDialect, "__hash__", lambda self: hash(type(self)))
        patch.setattr(DefaultDialect, "__eq__", lambda self, other: type(self) is type(other))
        yield hurry
    event.remove(Engine, "checkout", hurry)


@pytest.fixture
def durable(engines: Callable[..., None]) -> Iterator[None]:
    """SQLite as the product has it."""
    event.remove(Engine, "checkout", engines)
    yield
    event.listen(Engine, "checkout", engines)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def redis_server() -> Iterator[RedisServer]:
    """For tests that leave it as it is."""
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
async def migrated_postgres(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> str:
    return await postgres_template(postgres_server, tmp_path_factory.mktemp("template"))


@pytest.fixture(scope="session")
async def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return await sqlite_template(tmp_path_factory.mktemp("template"))


@pytest.fixture(params=ENGINES)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """An empty, migrated database of each engine in turn."""
    data = tmp_path / "data"
    if request.param == "sqlite":
        yield sqlite_copy(request.getfixturevalue("migrated_sqlite"), data)
        return
    template = request.getfixturevalue("migrated_postgres")
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create(template)
    yield Storage("postgresql", server.url(name), data)
    server.drop(name)


@pytest.fixture
async def database(storage: Storage) -> AsyncIterator[Database]:
    """The same, open, refusing statements that do not name their site."""
    opened = storage.open()
    yield opened
    await opened.close()
