"""Fresh, migrated databases of both engines, and the guard that every query names its site."""

from __future__ import annotations

import importlib
import re
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from ithaca.doctor import KEPT
from runtime.database import Database, OnFatal, metadata, open_database
from runtime.database.migrate import FOLDER, migrate
from tests.support.postgres import PostgresServer

ENGINES = ("sqlite", "postgresql")
ROOMS = tuple(
    room
    for room in ("runtime", "people", "signaling", "chat", "ledger", "mentoring")
    if find_spec(room) is not None
    and files(room).joinpath(FOLDER).is_dir()
    and files(room).joinpath("tables.py").is_file()
)
"""The rooms that keep something; a room's tables are in `<room>.tables`, those of a part of it in
`<room>.<part>_tables`."""

for _room in ROOMS:
    for _file in files(_room).iterdir():
        if _file.name.endswith("tables.py"):
            importlib.import_module(f"{_room}.{_file.name.removesuffix('.py')}")


@dataclass(frozen=True)
class Storage:
    """Where a database is, and what its nodes speak over: the settings an operator has."""

    engine: str
    url: str | None
    data: Path
    redis_url: str = ""

    def open(self, *, guarded: bool = True, on_fatal: OnFatal | None = None) -> Database:
        return open_database(
            self.url,
            self.data,
            on_statement=require_site if guarded else None,
            on_fatal=on_fatal,
        )


class SiteMissingError(AssertionError):
    """A statement touches a table without a word of the site."""


def require_site(sql: str, options: Mapping[str, Any]) -> None:
    """Refuse a query that does not mention site_id.

    Whoever means all sites says why: execution_options(all_sites="reason").
    """
    if not options.get("all_sites") and _misses_site(sql, "|".join(metadata.tables)):
        raise SiteMissingError(sql)


@lru_cache(maxsize=10_000)
def _misses_site(sql: str, tables: str) -> bool:
    if not tables or not re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE|WITH)\b", sql):
        return False
    return bool(re.search(rf"\b({tables})\b", sql)) and not re.search(r"\bsite_id\b", sql)


async def _migrated(storage: Storage) -> None:
    database = storage.open()
    try:
        await migrate(database, ROOMS)
    finally:
        await database.close()


def without_schema(engine: str, data: Path, request: pytest.FixtureRequest) -> Iterator[Storage]:
    """A database with nothing in it, for a fixture to yield."""
    if engine == "sqlite":
        yield Storage("sqlite", None, data)
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create()
    yield Storage("postgresql", server.url(name), data)
    server.drop(name)


async def sqlite_template(folder: Path) -> Path:
    """A folder with a migrated SQLite file, to be copied."""
    await _migrated(Storage("sqlite", None, folder))
    return folder


async def postgres_template(server: PostgresServer, folder: Path) -> str:
    """The name of a migrated PostgreSQL database, to be copied."""
    name = server.create()
    await _migrated(Storage("postgresql", server.url(name), folder))
    return name


def sqlite_copy(template: Path, data: Path) -> Storage:
    shutil.copytree(template, data, dirs_exist_ok=True)
    return Storage("sqlite", None, data)


def unlock(storage: Storage, connection: Connection) -> None:
    """Takes the triggers of what can only be added to away, as an operator can who means it."""
    for table in KEPT:
        if storage.engine == "postgresql":
            connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
            continue
        for verb in ("update", "delete", "replace"):
            connection.execute(text(f"DROP TRIGGER {table}_no_{verb}"))
