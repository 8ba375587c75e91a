"""Durable storage: plans on SQLite or PostgreSQL."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager, nullcontext
from pathlib import Path

from sqlalchemy.exc import DBAPIError

from runtime.database import postgres, sqlite
from runtime.database.clock import DatabaseClock
from runtime.database.plan import (
    AnyRow,
    Database,
    DatabaseBusy,
    DatabaseError,
    DatabaseFailed,
    DatabaseTaken,
    DatabaseUnavailable,
    OnFatal,
    OnStatement,
    Plan,
    Rows,
    Statement,
    StorageFull,
    essential,
    hurried,
    only,
)
from runtime.database.postgres import PostgresDatabase, hold
from runtime.database.prepared import Gathered, Prepared, among, listed, rows_of, tabled
from runtime.database.reserve import Reserve
from runtime.database.schema import DERIVED, Micros, RowId, insert, metadata, names, read_by
from runtime.database.sqlite import SqliteDatabase


def storage_error(error: BaseException) -> DatabaseError | None:
    """What an error of either engine says of the storage, or None when it blames the statement."""
    of_postgres = postgres.storage_error(error) if isinstance(error, DBAPIError) else None
    return of_postgres or sqlite.storage_error(error)


def open_database(
    url: str | None,
    data: Path,
    *,
    on_statement: OnStatement | None = None,
    on_fatal: OnFatal | None = None,
    reserve: bool = False,
) -> Database:
    """The database at a PostgreSQL `url`, or without one the SQLite file in the data folder.

    `on_fatal` hears once of an I/O error after which nothing more is acknowledged (a PostgreSQL
    server handles its own by restarting), from another thread, and before whoever waits for what
    could not be written. `reserve`: some of the disk is kept back for plans that are `essential`
    (PostgreSQL's disk is its own). Raises ValueError for any other kind of URL.
    """
    if url is None:
        kept_back = Reserve(data) if reserve else None
        return SqliteDatabase(data, on_statement=on_statement, on_fatal=on_fatal, reserve=kept_back)
    if url.startswith(("postgresql:", "postgres:", "postgresql+asyncpg:")):
        return PostgresDatabase(url, on_statement=on_statement)
    raise ValueError("a database URL starts with postgresql:// (without one: SQLite)")


def sole_server(url: str | None, *, node: bool = False) -> AbstractAsyncContextManager[None]:
    """Keeps other servers off the PostgreSQL database at `url` while it lasts; a `node` only those
    that are none. Raises DatabaseTaken when another has it, DatabaseUnavailable. Without `url`
    nothing: who holds the data folder holds its SQLite file.

    It covers the beginning: no second server starts beside one that runs. The hold is a connection
    of its own and goes with it, when PostgreSQL restarts or the network breaks; this server works
    on then, and is not told.
    """
    return nullcontext() if url is None else hold(url, shared=node)


__all__ = [
    "DERIVED",
    "AnyRow",
    "Database",
    "DatabaseBusy",
    "DatabaseClock",
    "DatabaseError",
    "DatabaseFailed",
    "DatabaseTaken",
    "DatabaseUnavailable",
    "Gathered",
    "Micros",
    "OnFatal",
    "OnStatement",
    "Plan",
    "Prepared",
    "RowId",
    "Rows",
    "Statement",
    "StorageFull",
    "among",
    "essential",
    "hurried",
    "insert",
    "listed",
    "metadata",
    "names",
    "only",
    "open_database",
    "read_by",
    "rows_of",
    "sole_server",
    "storage_error",
    "tabled",
]
