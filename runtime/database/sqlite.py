"""SQLite: one writer thread with group commit, a few readers, each on its own connection.

Every plan of a batch runs under a SAVEPOINT in one IMMEDIATE transaction; callers are answered
after its COMMIT, which at synchronous=FULL returns after the fsync of the write-ahead log.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
import threading
import time
from collections import namedtuple
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from itertools import groupby
from pathlib import Path
from queue import Empty, SimpleQueue
from types import MappingProxyType
from typing import Any, TypeVar, cast

import msgspec
import structlog
from sqlalchemy import URL, Connection, CursorResult, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from runtime.database.checkpoints import Ahead
from runtime.database.plan import (
    DatabaseError,
    DatabaseFailed,
    DatabaseUnavailable,
    OnFatal,
    OnStatement,
    P,
    Plan,
    Rows,
    Statement,
    StorageFull,
    T,
    is_essential,
)
from runtime.database.prepared import Bound, Gathered
from runtime.database.reserve import MARGIN, Reserve

FILE_NAME = "ithaca.db"
READERS = 3
BATCH = 512
READ_BATCH = 32
HELD_BACK_S = 0.001
BUSY_TIMEOUT_MS = 5_000
WRITER_CACHE_KIB = 32 * 1024
"""Every conversation that is written in has its own pages: they are not read anew each time."""
CHECKPOINT_PLANS = 200
CHECKPOINT_BYTES = 4 * 1024 * 1024
"""After so many plans, or so much more of a write-ahead log, it is taken over into the database."""
CHECKPOINT_PLANS_FULL = 10
"""After so many when the disk is full: the log may not use up what is kept back for it."""

_UNAVAILABLE = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_FAILED = {
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_NOMEM,
}

AS_EVER = ("PRAGMA foreign_keys=ON", "PRAGMA temp_store=MEMORY")
"""Of who writes. What a statement would have to undo is kept in memory: a file of it doubles what
is written."""

CHECK = "check"
"""Where a connection has whoever sees its statements before they run."""

D = TypeVar("D")

log = structlog.get_logger(__name__)


def storage_error(error: BaseException) -> DatabaseError | None:
    """What an SQLite error says of the storage, or None when it blames the statement."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    if not isinstance(cause, sqlite3.Error):
        return None
    extended = getattr(cause, "sqlite_errorcode", 0)
    code = extended & 0xFF  # its primary part
    # The index of the log cannot grow: nothing was written, and nothing is unknown.
    if code == sqlite3.SQLITE_FULL or extended == sqlite3.SQLITE_IOERR_SHMSIZE:
        return StorageFull(str(cause))
    if code in _UNAVAILABLE:
        return DatabaseUnavailable(str(cause))
    if code in _FAILED:
        return DatabaseFailed(f"{cause} ({getattr(cause, 'sqlite_errorname', code)})")
    return None


def _driver(connection: Connection) -> sqlite3.Connection:
    driver_connection = connection.connection.driver_connection
    assert isinstance(driver_connection, sqlite3.Connection)
    return driver_connection


def drive(plan: Plan[D], connection: Connection) -> D:
    """Run a plan to its result on a connection."""
    try:
        statement = next(plan)
        while True:
            statement = plan.send(_execute(connection, statement))
    except StopIteration as stop:
        result: D = stop.value
        return result
    finally:
        plan.close()


def _execute(connection: Connection, statement: Statement) -> Rows:
    if isinstance(statement, tuple):
        many, parameters = statement
        if parameters:  # an empty list would run the statement once, without parameters
            connection.execute(many, parameters)
        return ()
    if isinstance(statement, Bound):
        return _execute_prepared(connection, statement)
    result: CursorResult[Any] = connection.execute(statement)
    return result.fetchall() if result.returns_rows else ()


def _execute_prepared(connection: Connection, statement: Bound) -> Rows:
    """By the driver itself: SQLAlchemy would take longer than SQLite."""
    if statement.of.on_sqlite is not None:
        return _gathered(connection, statement.of.on_sqlite, statement.values)
    sql, values, options = statement.on(connection.dialect)
    cursor = _say(connection, sql, values, options)
    if statement.of.counted:
        return cast(Rows, [()] * cursor.rowcount)
    if statement.of.together:
        return _together(cursor, statement.of.columns)
    if cursor.description is None:
        return ()
    row = _row_type(tuple(column[0] for column in cursor.description))
    return cast(Rows, [row._make(found) for found in cursor.fetchall()])


def _gathered(connection: Connection, of: Gathered, values: Mapping[str, Any]) -> Rows:
    if not of.first:
        _execute_prepared(connection, of.writes(**values))
    rows = _execute_prepared(connection, of.reads(**values))
    if of.first:
        _execute_prepared(connection, of.writes(**values))
    return rows


def _together(cursor: sqlite3.Cursor, columns: tuple[str, ...]) -> Rows:
    (text,) = cursor.fetchone()
    row = _row_type(columns)
    return cast(Rows, [row._make(found) for found in msgspec.json.decode(text)])


def _say(
    connection: Connection,
    sql: str,
    values: Sequence[Any] = (),
    options: Mapping[str, Any] = MappingProxyType({}),
) -> sqlite3.Cursor:
    if (check := connection.connection.info.get(CHECK)) is not None:
        check(sql, options)
    return _driver(connection).execute(sql, values)


@cache
def _row_type(columns: tuple[str, ...]) -> Any:
    """Rows with as much of those of SQLAlchemy as plans use."""
    base = namedtuple("Row", columns, rename=True)  # type: ignore[misc]  # noqa: PYI024  (as found)
    return type("Row", (base,), {"__slots__": (), "_mapping": property(base._asdict)})


@dataclass(frozen=True, slots=True, eq=False)
class _Job:
    work: Callable[[Connection], Any]
    alone: bool
    essential: bool
    answer: asyncio.Future[Any]


@dataclass(frozen=True, slots=True)
class _Outcome:
    result: Any = None
    error: BaseException | None = None


class SqliteDatabase:
    """Implements Database over `<data>/ithaca.db`, for one event loop and one process."""

    in_turn = True

    def __init__(
        self,
        data: Path,
        *,
        on_statement: OnStatement | None = None,
        on_fatal: OnFatal | None = None,
        reserve: Reserve | None = None,
    ) -> None:
        """`reserve`: what is written from when the disk is full."""
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = data / FILE_NAME
        self._log_path = data / f"{FILE_NAME}-wal"
        self._log_bytes = self._since_checkpoint = 0
        self._on_fatal = on_fatal
        self._closed = False
        self._failure: DatabaseFailed | None = None
        self._reserve, self._full = reserve, False
        if reserve is not None and not reserve.fill():
            self._full = True
            if reserve.free < MARGIN:
                reserve.give()  # opening it takes some, too
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._write_engine = _engine(path, on_statement, query_only=False)
        self._read_engine = _engine(path, on_statement, query_only=True)
        try:
            self._connection = self._write_engine.connect()
            self._ahead = Ahead(self._write_engine.connect(), self._not_taken_over)
        except DBAPIError as error:
            raise (storage_error(error) or error) from error
        self._asked: SimpleQueue[_Job | None] = SimpleQueue()
        # Daemons: an interpreter that dies without close() must not hang on them.
        self._threads = [
            threading.Thread(target=loop, name=f"sqlite-{name}", daemon=True)
            for name, loop in (
                ("writer", self._write_loop),
                *[("reader", self._read_loop)] * READERS,
            )
        ]
        for thread in self._threads:
            thread.start()

    async def read(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        if self._closed:
            raise DatabaseUnavailable("the database is closed")

        def work(connection: Connection) -> T:
            return drive(plan(*args, **kwargs), connection)

        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._asked.put(_Job(work, alone=False, essential=False, answer=answer))
        try:
            return await answer
        except (DBAPIError, sqlite3.Error) as error:
            failure = storage_error(error)
            if failure is None or _is_readonly(error):  # a plan that writes is its own fault
                raise
            raise failure from error

    async def write(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        def work(connection: Connection) -> T:
            return drive(plan(*args, **kwargs), connection)

        return await self._submit(work, essential=is_essential(plan))

    async def exclusive(self, work: Callable[[Connection], T]) -> T:
        return await self._submit(work, alone=True)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            self._jobs.put(None)
            for _ in range(READERS):
                self._asked.put(None)
        for thread in self._threads:
            await asyncio.to_thread(thread.join)
        self._read_engine.dispose()

    async def _submit(
        self, work: Callable[[Connection], T], *, alone: bool = False, essential: bool = False
    ) -> T:
        if self._failure is not None:
            raise self._failure
        if self._closed:
            raise DatabaseUnavailable("the database is closed")
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(work, alone, essential, answer))
        return await answer

    # What follows runs in the reader threads.

    def _read_loop(self) -> None:
        open_, line = True, None
        while open_:
            # A share each: whoever has something long to look up does not hold up all.
            share = 1 + min(READ_BATCH, self._asked.qsize()) // READERS
            batch, open_ = _take(self._asked, share)
            if batch:
                line = self._look_up(batch, line)
        if line is not None:
            line.close()

    def _look_up(self, batch: Sequence[_Job], line: Connection | None) -> Connection | None:
        """On one snapshot, which is younger than each of the questions. Nobody waits long for
        another's answer. Returns the connection for the next ones."""
        found: list[_Outcome] = []
        answered, since_s = 0, time.monotonic()
        try:
            line = line or self._read_engine.connect()
            sql = partial(_say, line)
            sql("BEGIN")
            for job in batch:
                found.append(_attempted(job, line))
                if (now_s := time.monotonic()) - since_s > HELD_BACK_S:
                    self._finish(batch[answered : len(found)], found[answered:])
                    answered, since_s = len(found), now_s
            sql("ROLLBACK")
        except Exception as error:  # whatever it is, nobody waits for an answer for ever
            found += [_Outcome(error=error)] * (len(batch) - len(found))
            with suppress(Exception):
                if line is not None:
                    line.invalidate()
                    line.close()
            line = None
        if answered < len(found):
            self._finish(batch[answered:], found[answered:])
        return line

    # What follows runs in the writer thread.

    def _write_loop(self) -> None:
        open_ = True
        while open_:
            batch, open_ = _take(self._jobs, BATCH)
            for alone, jobs in groupby(batch, key=lambda job: job.alone):
                for part in ([job] for job in jobs) if alone else (list(jobs),):
                    try:
                        outcomes = self._commit_alone(part[0]) if alone else self._commit(part)
                    except Exception as error:  # what is on disk now is unknown
                        outcomes = [_Outcome(error=self._fail(error))] * len(part)
                    self._finish(part, outcomes)
                    try:
                        self._checkpoint_when_due(len(part))
                    except Exception as error:
                        self._fail(error)
        self._ahead.close()
        self._connection.close()
        self._write_engine.dispose()

    def _commit(self, batch: Sequence[_Job]) -> list[_Outcome]:
        if self._failure is not None:
            return [_Outcome(error=self._failure)] * len(batch)
        if not self._full or self._has_room_again():
            outcomes = self._attempt(batch)
            if self._reserve is None or not _is_full(outcomes):
                return outcomes
            self._fills_up()
        refused = _Outcome(error=StorageFull("the disk is full"))
        urgent = iter(self._from_reserve([job for job in batch if job.essential]))
        return [next(urgent) if job.essential else refused for job in batch]

    def _from_reserve(self, batch: Sequence[_Job]) -> list[_Outcome]:
        outcomes = self._attempt(batch) if batch else []
        while _is_full(outcomes) and self._give():
            outcomes = self._attempt(batch)
        return outcomes

    def _attempt(self, batch: Sequence[_Job]) -> list[_Outcome]:
        """All of them in one transaction; a storage error is everybody's."""
        sql = partial(_say, self._connection)
        outcomes: list[_Outcome] = []
        shared = len(batch) > 1
        try:
            sql("BEGIN IMMEDIATE")
            for job in batch:
                if job.answer.cancelled():
                    outcomes.append(_Outcome())
                    continue
                if shared:
                    sql("SAVEPOINT plan")
                try:
                    outcomes.append(_Outcome(job.work(self._connection)))
                except Exception as error:
                    # The engine may have rolled back the whole transaction by itself.
                    if storage_error(error) is not None:
                        raise
                    sql("ROLLBACK TO plan" if shared else "ROLLBACK")
                    outcomes.append(_Outcome(error=error))
                    if not shared:
                        return outcomes
                if shared:
                    sql("RELEASE plan")
            sql("COMMIT")
        except Exception as error:
            return [_Outcome(error=self._give_up(error))] * len(batch)
        return outcomes

    def _fills_up(self) -> None:
        if not self._full:
            log.warning("the disk is full: only what must be is written down")
        self._full = True

    def _has_room_again(self) -> bool:
        assert self._reserve is not None
        if self._reserve.fill():
            log.info("the disk has room again")
            self._full = False
        return not self._full

    def _give(self) -> bool:
        return self._reserve is not None and self._reserve.give()

    def _commit_alone(self, job: _Job) -> list[_Outcome]:
        if self._failure is not None:
            return [_Outcome(error=self._failure)]
        sql = self._connection.exec_driver_sql
        refused: Exception | None = None
        try:
            # Rebuilding a table drops the old one, which would cascade into those that refer to it;
            # the switch has no effect inside a transaction.
            sql("PRAGMA foreign_keys=OFF")
            sql("PRAGMA temp_store=FILE")  # a new index of a large table is sorted there
            sql("BEGIN IMMEDIATE")
            try:
                result = job.work(self._connection)
            except Exception as error:
                if storage_error(error) is not None:
                    raise
                refused, result = error, None
            if refused is None and sql("PRAGMA foreign_key_check").fetchall():
                refused = DatabaseError("the change would leave rows without the ones they name")
            sql("COMMIT" if refused is None else "ROLLBACK")
            self._as_ever()
        except Exception as error:
            return [_Outcome(error=self._give_up(error))]
        return [_Outcome(result, refused)]

    def _checkpoint_when_due(self, plans: int) -> None:
        """SQLite's own checkpoints keep it to themselves when the disk fails or is full."""
        self._since_checkpoint += plans
        if self._failure is not None:
            return
        if self._ahead.state == "under way":
            return
        if self._ahead.state == "idle":
            grown = self._log_size() - self._log_bytes
            due = CHECKPOINT_PLANS_FULL if self._full else CHECKPOINT_PLANS
            if self._since_checkpoint < due and grown < CHECKPOINT_BYTES:
                return
            if not self._full:
                self._ahead.begin()
                return
        self._ahead.over()
        while isinstance(self._checkpoint(), StorageFull):
            self._fills_up()
            if not self._give():
                break
        self._since_checkpoint = 0
        self._log_bytes = self._log_size()

    def _checkpoint(self) -> DatabaseError | None:
        try:
            self._connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
        except Exception as error:
            return self._give_up(error)
        return None

    def _not_taken_over(self, error: Exception) -> None:
        """In that thread. What is wrong with the disk it has been told, and the writer may not be
        told again; that it is full, and what passes, the writer sees when it does the rest."""
        failure = storage_error(error)
        if failure is None or isinstance(failure, DatabaseFailed):
            self._fail(failure or error)

    def _log_size(self) -> int:
        try:
            return os.stat(self._log_path).st_size
        except FileNotFoundError:
            return 0

    def _give_up(self, error: Exception) -> DatabaseError:
        """Roll back and name the error; a failed storage acknowledges nothing from then on."""
        failure = storage_error(error) or DatabaseError(str(error))
        failure.__cause__ = error
        try:
            if self._driver_connection().in_transaction:
                self._connection.exec_driver_sql("ROLLBACK")
            self._as_ever()
        except Exception as second:
            failure = DatabaseFailed(f"{error}, then no rollback: {second}")
            failure.__cause__ = second
        return self._fail(failure) if isinstance(failure, DatabaseFailed) else failure

    def _as_ever(self) -> None:
        """What is not so for as long as something runs alone."""
        for sql in AS_EVER:
            self._connection.exec_driver_sql(sql)

    def _fail(self, error: Exception) -> DatabaseFailed:
        """Nothing is acknowledged any more."""
        failure = error if isinstance(error, DatabaseFailed) else DatabaseFailed(repr(error))
        self._failure = failure
        if self._on_fatal is not None:
            self._on_fatal(failure)  # from here: the loop may be busy, and nobody is told first
        return failure

    def _driver_connection(self) -> sqlite3.Connection:
        return _driver(self._connection)

    def _finish(self, jobs: Sequence[_Job], outcomes: Sequence[_Outcome]) -> None:
        """Answer a whole batch with one wake-up of the loop."""

        def answer() -> None:
            for job, outcome in zip(jobs, outcomes, strict=True):
                if job.answer.done():  # its caller was cancelled
                    continue
                if outcome.error is None:
                    job.answer.set_result(outcome.result)
                else:
                    job.answer.set_exception(outcome.error)

        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            jobs[0].answer.get_loop().call_soon_threadsafe(answer)


def _take(queue: SimpleQueue[_Job | None], most: int) -> tuple[list[_Job], bool]:
    """Wait for a job, then take all that wait (up to `most`); False once the queue is closed."""
    batch: list[_Job] = []
    job = queue.get()
    while job is not None:
        batch.append(job)
        if len(batch) == most:
            return batch, True
        try:
            job = queue.get_nowait()
        except Empty:
            return batch, True
    return batch, False


def _attempted(job: _Job, connection: Connection) -> _Outcome:
    if job.answer.cancelled():
        return _Outcome()
    try:
        return _Outcome(job.work(connection))
    except Exception as error:
        return _Outcome(error=error)


def _is_full(outcomes: Sequence[_Outcome]) -> bool:
    """A full disk is everybody's, or nobody's."""
    return any(isinstance(outcome.error, StorageFull) for outcome in outcomes)


def _is_readonly(error: DBAPIError | sqlite3.Error) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", 0)
    return isinstance(code, int) and code & 0xFF == sqlite3.SQLITE_READONLY


def _engine(path: Path, on_statement: OnStatement | None, *, query_only: bool) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        isolation_level="AUTOCOMMIT",  # BEGIN and COMMIT are ours alone
        hide_parameters=True,  # what people write is in no log
        pool_size=READERS,
    )

    def prepare(connection: sqlite3.Connection, record: ConnectionPoolEntry) -> None:
        if on_statement is not None:
            record.info[CHECK] = on_statement
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
        if query_only:
            connection.execute("PRAGMA query_only=ON")
            return
        (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
        if mode != "wal":
            raise DatabaseFailed(f"{path} cannot be used with a write-ahead log ({mode})")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(f"PRAGMA cache_size=-{WRITER_CACHE_KIB}")
        connection.execute("PRAGMA wal_autocheckpoint=0")
        connection.execute("PRAGMA recursive_triggers=ON")
        for sql in AS_EVER:
            connection.execute(sql)

    event.listen(engine, "connect", prepare)
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

        event.listen(engine, "before_cursor_execute", before)
    return engine
