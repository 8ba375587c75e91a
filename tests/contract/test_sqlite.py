"""What only SQLite has: group commit, storage that fills up or fails, pragmas."""

from __future__ import annotations

import asyncio
import errno
import sqlite3
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import (
    Column,
    Connection,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    select,
    text,
)
from sqlalchemy.exc import IntegrityError

from runtime.database import (
    Database,
    DatabaseError,
    DatabaseFailed,
    DatabaseUnavailable,
    Plan,
    RowId,
    StorageFull,
    insert,
    only,
    open_database,
    sqlite,
)
from runtime.database.reserve import Reserve
from runtime.database.sqlite import SqliteDatabase
from tests.support.databases import sqlite_copy

schema = MetaData()
pages = Table("pages", schema, Column("id", RowId, primary_key=True), Column("words", String))
late = Table(
    "late",
    schema,
    Column("page", Integer, ForeignKey(pages.c.id, deferrable=True, initially="DEFERRED")),
)


def write_page(words: str) -> Plan[int]:
    rows = yield insert(pages).values(words=words).returning(pages.c.id)
    number: int = rows[0].id
    return number


def refer_to_nothing() -> Plan[None]:
    yield insert(late).values(page=1_000_000)


def count() -> Plan[int]:
    return len((yield select(pages.c.id)))


class Opened:
    """A database, and the transactions that it has run."""

    def __init__(self, data: Path) -> None:
        self.data = data
        self.sql: list[str] = []
        self.fatal: list[BaseException] = []
        self.database = open_database(
            None, data, on_statement=lambda sql, _: self.sql.append(sql), on_fatal=self.fatal.append
        )

    async def held_up(self) -> threading.Event:
        """Hold the writer until the event is set, so that what follows waits together."""
        go, held = threading.Event(), asyncio.Event()
        loop = asyncio.get_running_loop()

        def hold(connection: Connection) -> None:
            loop.call_soon_threadsafe(held.set)
            go.wait()

        self._hold = asyncio.create_task(self.database.exclusive(hold))
        await held.wait()
        self.sql.clear()
        return go


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Opened]:
    it = Opened(tmp_path)
    await it.database.exclusive(schema.create_all)
    yield it
    await it.database.close()


async def pragma(database: Database, name: str) -> object:
    def ask(connection: Connection) -> object:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar()

    return await database.exclusive(ask)


async def test_what_waits_together_commits_together(opened: Opened) -> None:
    go = await opened.held_up()
    writes = [asyncio.create_task(opened.database.write(write_page, f"{n}")) for n in range(50)]
    await asyncio.sleep(0)
    go.set()
    assert await asyncio.gather(*writes) == list(range(1, 51))
    begun = opened.sql.index("BEGIN IMMEDIATE")
    assert opened.sql[begun:].count("BEGIN IMMEDIATE") == 1
    assert opened.sql[begun:].count("SAVEPOINT plan") == 50
    assert opened.sql[-1] == "COMMIT"


async def test_the_log_begins_anew_beside_who_writes(
    opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutant: when it is due nobody begins."""
    monkeypatch.setattr(sqlite, "CHECKPOINT_PLANS", 10)

    def round_of_log() -> bytes:
        with (opened.data / f"{sqlite.FILE_NAME}-wal").open("rb") as file:
            return file.read(16)[12:]

    rounds = set()

    async def write_on() -> None:
        for number in range(500):
            await opened.database.write(write_page, f"{number}")
            rounds.add(round_of_log())
            if len(rounds) > 3:
                break

    await asyncio.gather(*(write_on() for _ in range(4)))
    assert len(rounds) > 3
    assert not opened.fatal


async def test_a_commit_that_fails_acknowledges_nobody(opened: Opened) -> None:
    go = await opened.held_up()
    writes = [
        asyncio.create_task(opened.database.write(write_page, "a")),
        asyncio.create_task(opened.database.write(refer_to_nothing)),
        asyncio.create_task(opened.database.write(write_page, "b")),
    ]
    await asyncio.sleep(0)
    go.set()
    results = await asyncio.gather(*writes, return_exceptions=True)
    assert [isinstance(result, DatabaseError) for result in results] == [True] * 3
    assert await opened.database.read(count) == 0
    assert await opened.database.write(write_page, "c") == 1  # and life goes on
    assert opened.fatal == []


async def test_a_write_cancelled_before_its_turn_is_not_run(opened: Opened) -> None:
    go = await opened.held_up()
    first = asyncio.create_task(opened.database.write(write_page, "unwanted"))
    second = asyncio.create_task(opened.database.write(write_page, "wanted"))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    go.set()
    assert await second == 1
    assert await opened.database.read(count) == 1


async def test_a_full_disk_is_said_and_overcome(opened: Opened) -> None:
    used = await pragma(opened.database, "page_count")
    assert isinstance(used, int)
    await pragma(opened.database, f"max_page_count={used + 3}")
    with pytest.raises(StorageFull):
        await opened.database.write(write_page, "x" * 100_000)
    results = await asyncio.gather(
        opened.database.write(write_page, "x" * 100_000),
        opened.database.write(write_page, "small"),
        return_exceptions=True,
    )
    assert isinstance(results[0], StorageFull)
    kept = await opened.database.read(count)
    assert kept == len([result for result in results if isinstance(result, int)])
    await pragma(opened.database, f"max_page_count={used + 1_000}")
    await opened.database.write(write_page, "x" * 100_000)
    assert await opened.database.read(count) == kept + 1
    assert opened.fatal == []


async def test_another_process_that_holds_the_lock_makes_it_unavailable(
    opened: Opened, tmp_path: Path
) -> None:
    await pragma(opened.database, "busy_timeout=1")
    holder = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "import sqlite3, sys\n"
        f"db = sqlite3.connect({str(tmp_path / 'ithaca.db')!r}, isolation_level=None)\n"
        "db.execute('BEGIN IMMEDIATE'); print('held', flush=True); sys.stdin.read(); db.close()\n",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    assert holder.stdout is not None
    assert await holder.stdout.readline() == b"held\n"
    with pytest.raises(DatabaseUnavailable):
        await opened.database.write(write_page, "a")
    assert await opened.database.read(count) == 0  # readers are not held up
    await holder.communicate(b"")
    assert await opened.database.write(write_page, "a") == 1


FAILING_DISK = """
import asyncio, resource, signal, sys
from pathlib import Path
sys.path.insert(0, {root!r})
from sqlalchemy import text
from runtime.database import DatabaseFailed, only, open_database

async def main():
    fatal = []
    db = open_database(None, Path({data!r}), on_fatal=fatal.append)
    await db.write(only, text("CREATE TABLE t (n INTEGER, filler BLOB)"))
    acknowledged = 0
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Beyond this size a write to a file fails with EFBIG, which SQLite reports as an I/O error.
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, hard))
    try:
        while True:
            await db.write(only, text(f"INSERT INTO t VALUES ({{acknowledged}}, zeroblob(9000))"))
            acknowledged += 1
    except DatabaseFailed:
        pass
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
    refused = 0
    for _ in range(3):  # the disk is well again, but what it holds is unknown
        try:
            await db.write(only, text("INSERT INTO t VALUES (-1, NULL)"))
        except DatabaseFailed:
            refused += 1
    await db.close()
    print(acknowledged, refused, len(fatal), type(fatal[0]).__name__)

asyncio.run(main())
"""


async def test_an_io_error_ends_all_acknowledgement(tmp_path: Path) -> None:
    program = FAILING_DISK.format(root=str(Path.cwd()), data=str(tmp_path))
    output = await asyncio.to_thread(
        subprocess.check_output, [sys.executable, "-W", "error", "-c", program], text=True
    )
    acknowledged, refused, fatal, kind = output.split()
    assert int(acknowledged) > 0
    assert (refused, fatal, kind) == ("3", "1", "DatabaseFailed")
    database = open_database(None, tmp_path)
    rows = await database.read(only, text("SELECT n FROM t ORDER BY n"))
    numbers = [row.n for row in rows]
    assert numbers[: int(acknowledged)] == list(range(int(acknowledged)))
    assert -1 not in numbers
    await database.close()


@pytest.mark.usefixtures("durable")
async def test_pragmas(opened: Opened) -> None:
    assert await pragma(opened.database, "journal_mode") == "wal"
    assert await pragma(opened.database, "synchronous") == 2
    assert await pragma(opened.database, "recursive_triggers") == 1

    def of_writer() -> Plan[tuple[object, object]]:
        """Whether references are enforced, and where it keeps what is for a while only."""
        enforced = yield text("PRAGMA foreign_keys")
        kept = yield text("PRAGMA temp_store")
        return enforced[0][0], kept[0][0]

    def fails(connection: Connection) -> None:
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 0
        raise full

    full = sqlite3.OperationalError("database or disk is full")
    full.sqlite_errorcode = sqlite3.SQLITE_FULL
    in_memory = 2
    assert await opened.database.write(of_writer) == (1, in_memory)
    await opened.database.exclusive(lambda connection: None)
    assert await opened.database.write(of_writer) == (1, in_memory)
    with pytest.raises(StorageFull):
        await opened.database.exclusive(fails)
    assert await opened.database.write(of_writer) == (1, in_memory)


async def test_exclusive_work_that_breaks_a_reference_is_undone(opened: Opened) -> None:
    def orphan(connection: Connection) -> None:
        connection.execute(text("INSERT INTO late VALUES (77)"))

    with pytest.raises(DatabaseError, match="without the ones they name"):
        await opened.database.exclusive(orphan)
    assert await opened.database.read(only, select(late)) == []


async def test_a_broken_reference_is_the_plans_own_fault(opened: Opened) -> None:
    def duplicate() -> Plan[None]:
        yield text("INSERT INTO pages VALUES (1, 'a'), (1, 'b')")

    with pytest.raises(IntegrityError):
        await opened.database.write(duplicate)


def test_a_file_that_is_no_database_is_said_at_once(tmp_path: Path) -> None:
    (tmp_path / "ithaca.db").write_bytes(b"not a database at all" * 1_000)
    with pytest.raises(DatabaseError, match="not a database"):
        open_database(None, tmp_path)


def test_only_known_kinds_of_url() -> None:
    with pytest.raises(ValueError, match="postgresql://"):
        open_database("mysql://localhost/x", Path("/nonexistent"))


class Ailing(Reserve):
    """Its disk says that it is full at first, then that it fails."""

    def fill(self) -> bool:
        if self.held_up:
            raise OSError(errno.EIO, "the disk fails")
        self.held_up = True
        return False

    held_up = False
    free = 0


async def test_a_failure_that_is_not_of_sqlite_ends_the_server_and_answers_everybody(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    told: list[BaseException] = []
    copy = sqlite_copy(migrated_sqlite, tmp_path / "data")
    database = SqliteDatabase(copy.data, reserve=Ailing(copy.data), on_fatal=told.append)
    for _ in range(2):
        with pytest.raises(DatabaseFailed):
            await database.write(only, select(1))
    assert len(told) == 1
    await database.close()
