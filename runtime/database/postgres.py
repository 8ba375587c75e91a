"""PostgreSQL through SQLAlchemy and asyncpg: a pool, one transaction a plan."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar, cast

import asyncpg
from sqlalchemy import Connection, CursorResult, NullPool, event, func, make_url, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from runtime.database.plan import (
    DatabaseBusy,
    DatabaseError,
    DatabaseFailed,
    DatabaseTaken,
    DatabaseUnavailable,
    OnStatement,
    P,
    Plan,
    Rows,
    Statement,
    StorageFull,
    T,
    is_hurried,
)
from runtime.database.prepared import Bound

POOL_SIZE = 10
ATTEMPTS = 10
CONNECT_TIMEOUT_S = 10
COMMAND_TIMEOUT_S = 15
LOCK_TIMEOUT_S = 5
HURRY_MS = 100
SERVER_LOCK = int.from_bytes(b"ithaca", "big")
"""The advisory lock of the server at work; PostgreSQL keeps those of each database apart."""

_RETRY = {"40001", "40P01"}  # serialization failure, deadlock: the whole plan again
_FULL = {"53100"}
_FAILED = {"58030", "XX001", "XX002"}  # I/O error, corrupted data, corrupted index
_BUSY = {"55P03"}  # lock not granted
_UNAVAILABLE = {"57014"}  # statement timed out
_UNAVAILABLE_CLASSES = {"08", "53", "57"}  # connection, resources, operator intervention

D = TypeVar("D")


def sqlstate(error: DBAPIError) -> str:
    """The five characters of https://www.postgresql.org/docs/current/errcodes-appendix.html."""
    return getattr(error.orig, "sqlstate", None) or ""


def storage_error(error: DBAPIError) -> DatabaseError | None:
    """What a PostgreSQL error says of the storage, or None when it blames the statement."""
    state = sqlstate(error)
    if state in _FULL:
        return StorageFull(str(error.orig))
    if state in _FAILED:
        return DatabaseFailed(str(error.orig))
    if state in _BUSY:
        return DatabaseBusy(str(error.orig))
    if (
        error.connection_invalidated
        or state in _UNAVAILABLE
        or state[:2] in _UNAVAILABLE_CLASSES
        or state in _RETRY
    ):
        return DatabaseUnavailable(str(error.orig))
    return None


async def drive(plan: Plan[D], connection: AsyncConnection) -> D:
    """Run a plan to its result on a connection."""
    try:
        statement = next(plan)
        while True:
            statement = plan.send(await _execute(connection, statement))
    except StopIteration as stop:
        result: D = stop.value
        return result
    finally:
        plan.close()


async def _execute(connection: AsyncConnection, statement: Statement) -> Rows:
    if isinstance(statement, tuple):
        many, parameters = statement
        if parameters:  # an empty list would run the statement once, without parameters
            await connection.execute(many, parameters)
        return ()
    if isinstance(statement, Bound):
        sql, values, options = statement.on(connection.dialect)
        result: CursorResult[Any] = await connection.exec_driver_sql(sql, values, options)
        if statement.of.counted:
            return cast(Rows, [()] * result.rowcount)
    else:
        result = await connection.execute(statement)
    return result.fetchall() if result.returns_rows else ()


@asynccontextmanager
async def hold(url: str, *, shared: bool = False) -> AsyncIterator[None]:
    """Holds the database's advisory lock on a connection of its own, outside any transaction;
    `shared` with others that share it. Raises DatabaseTaken, DatabaseUnavailable."""
    lock = func.pg_try_advisory_lock_shared if shared else func.pg_try_advisory_lock
    engine = create_async_engine(
        make_url(url).set(drivername="postgresql+asyncpg"),
        isolation_level="AUTOCOMMIT",
        poolclass=NullPool,
        connect_args={
            "timeout": CONNECT_TIMEOUT_S,
            "server_settings": {"application_name": "ithaca"},
        },
    )
    connection = await _connected(engine)
    try:
        if not await connection.scalar(select(lock(SERVER_LOCK))):
            raise DatabaseTaken("another server works on it")
        yield
    finally:
        await asyncio.shield(connection.close())


async def _connected(engine: AsyncEngine) -> AsyncConnection:
    try:
        return await engine.connect()
    except (
        DBAPIError,
        PoolTimeout,
        OSError,
        TimeoutError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
    ) as error:
        raise DatabaseUnavailable(str(error)) from error


class PostgresDatabase:
    """Implements Database: writes READ COMMITTED, reads on a REPEATABLE READ snapshot."""

    in_turn = False

    def __init__(
        self,
        url: str,
        *,
        on_statement: OnStatement | None = None,
        command_timeout_s: float = COMMAND_TIMEOUT_S,
        lock_timeout_s: float = LOCK_TIMEOUT_S,
    ) -> None:
        self._closed = False
        self._engine = create_async_engine(
            make_url(url).set(drivername="postgresql+asyncpg"),
            isolation_level="READ COMMITTED",
            hide_parameters=True,  # what people write is in no log
            pool_size=POOL_SIZE,
            max_overflow=0,
            pool_timeout=CONNECT_TIMEOUT_S,
            pool_pre_ping=True,  # a restarted server costs nobody an error
            connect_args={
                "timeout": CONNECT_TIMEOUT_S,
                "command_timeout": command_timeout_s,
                "server_settings": {
                    "application_name": "ithaca",
                    # Whatever the server's default: committed means on disk.
                    "synchronous_commit": "on",
                    # Nothing waits for ever: a plan is short, or something is wrong.
                    "lock_timeout": f"{round(lock_timeout_s * 1000)}ms",
                    "statement_timeout": "10s",
                    "idle_in_transaction_session_timeout": "15s",
                },
            },
        )
        self._snapshots = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        if on_statement is not None:
            check = on_statement

            def before(
                connection: Connection,
                _cursor: object,
                sql: str,
                _parameters: object,
                context: Any,
                _many: bool,
            ) -> None:
                check(sql, context.execution_options if context else {})

            event.listen(self._engine.sync_engine, "before_cursor_execute", before)

    async def read(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._run(
            self._snapshots, lambda connection: drive(plan(*args, **kwargs), connection)
        )

    async def write(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        async def work(connection: AsyncConnection) -> T:
            if is_hurried(plan):
                await connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{HURRY_MS}ms'")
            return await drive(plan(*args, **kwargs), connection)

        return await self._run(self._engine, work)

    async def exclusive(self, work: Callable[[Connection], T]) -> T:
        return await self._run(self._engine, lambda connection: connection.run_sync(work))

    async def close(self) -> None:
        self._closed = True
        await self._engine.dispose()

    async def _run(self, engine: AsyncEngine, work: Callable[[AsyncConnection], Awaitable[D]]) -> D:
        for attempt in range(1, ATTEMPTS + 1):
            connection = await self._connect(engine)
            try:
                async with connection.begin():
                    result = await work(connection)
                return result
            except DBAPIError as error:
                if sqlstate(error) in _RETRY and attempt < ATTEMPTS:
                    continue
                failure = storage_error(error)
                if failure is None:
                    raise
                raise failure from error
            except TimeoutError as error:  # of asyncpg: the server has stopped answering
                raise DatabaseUnavailable("no answer in time") from error
            finally:
                # Also when the caller is cancelled, the connection goes back to the pool.
                await asyncio.shield(connection.close())
        raise AssertionError("unreachable: the last attempt returns or raises")

    async def _connect(self, engine: AsyncEngine) -> AsyncConnection:
        if self._closed:
            raise DatabaseUnavailable("the database is closed")
        return await _connected(engine)
