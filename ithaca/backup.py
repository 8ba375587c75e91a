"""`ithaca backup` and `ithaca restore`: everything as one file, while the server runs; and back."""

import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

from sqlalchemy import Connection

from ithaca import VERSION
from ithaca.doctor import NAMING
from ithaca.lock import DataLock
from ithaca.settings import Settings
from ledger.audit import Audited, every_fault, lease_of_no_session
from people.tables import all_keys, restored
from people.tokens import Seals, Tokens
from runtime.backup import Archive, BackupError, Damaged, Manifest, blaming, snapshot
from runtime.clock import Clock
from runtime.database import Database, DatabaseTaken, open_database, sole_server
from runtime.database.sqlite import FILE_NAME, drive

CHUNK = 1 << 20
KNOWN = (
    ("persons", "person", "persons"),
    ("mentorships", "mentorship", "mentorships"),
    ("meetings", "meeting", "meetings"),
    ("messages", "message", "messages"),
    ("sessions", "session", "sessions"),
    ("ledger_facts", "fact", "facts"),
    ("reflections", "reflection", "reflections"),
)
"""Tables by what is in a row of them."""


@asynccontextmanager
async def spooled(
    database: Database, data: Path, rooms: tuple[str, ...], clock: Clock
) -> AsyncIterator[tuple[IO[bytes], int]]:
    """A backup in a file without a name, and its length: read at the database's pace, however
    slowly it is taken away. Raises BackupError."""
    with _room_for(data) as spool:
        try:
            await database.read(snapshot, spool, rooms, VERSION, clock.wall_us())
        except OSError as error:
            raise BackupError(f"There is no room for it in {data} ({error.strerror}).") from None
        length = spool.tell()
        spool.seek(0)
        yield spool, length


def _room_for(data: Path) -> IO[bytes]:
    try:
        return tempfile.TemporaryFile(dir=data)
    except OSError as error:
        raise BackupError(f"There is no room for it in {data} ({error.strerror}).") from None


async def without_server(
    chosen: Settings, rooms: tuple[str, ...], clock: Clock, file: Path
) -> Manifest:
    """Backs up a database that nobody works on. Raises BackupError."""
    if not chosen.database and not (chosen.data / FILE_NAME).is_file():
        raise BackupError(f"There is no database in {chosen.data}.")
    with DataLock(chosen.data):
        database = open_database(chosen.database or None, chosen.data)
        try:
            async with spooled(database, chosen.data, rooms, clock) as (spool, length):

                async def more() -> bytes:
                    return spool.read(CHUNK)

                return await keep(file, chosen.data, rooms, length, more)
        finally:
            await database.close()


async def keep(
    file: Path,
    data: Path,
    rooms: tuple[str, ...],
    length: int,
    more: Callable[[], Awaitable[bytes]],
) -> Manifest:
    """Writes so many bytes to a file outside of the data folder that only its owner can read: under
    another name, until they are all there, on disk, and found good. Raises BackupError."""
    part = _beside(file, data)
    try:
        with open(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600), "w+b") as out:  # noqa: ASYNC230 - nobody else waits in this process
            while length and (chunk := await more()):
                out.write(chunk)
                length -= len(chunk)
            if length:
                raise BackupError("The server ended before all was there. Its log says why.")
            out.flush()
            os.fsync(out.fileno())
            archive = Archive(out, rooms)
            archive.check()
        os.replace(part, file)
        folder = os.open(file.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)
        return archive.manifest
    except Damaged as error:
        raise BackupError(f"{error} It was not kept: make it again.") from error
    except OSError as error:
        raise BackupError(f"Cannot write {file} ({error.strerror}).") from None
    finally:
        part.unlink(missing_ok=True)


def _beside(file: Path, data: Path) -> Path:
    """What the file is called until it is whole."""
    inside, name = os.path.realpath(data), Path(os.path.realpath(file.parent), file.name)
    if any(each.is_relative_to(inside) for each in (name, Path(os.path.realpath(file)))):
        raise BackupError(
            f"Cannot write {file}: it is in the data folder; choose a place outside of it."
        )
    if file.exists():
        if not file.is_file():
            what = "a folder" if file.is_dir() else "no file"
            raise BackupError(f"Cannot write {file}: it is {what}.")
        with file.open("rb") as before:
            if before.read(2) not in (b"", b"PK"):
                raise BackupError(f"{file} is there, and is no backup. Choose another name.")
    return file.with_name(f".{file.name}.{os.getpid()}.part")


@dataclass(frozen=True, slots=True)
class Restored:
    """What was in the backup, and how the ledger in it is."""

    manifest: Manifest
    audited: Audited


async def restore(chosen: Settings, rooms: tuple[str, ...], clock: Clock, file: Path) -> Restored:
    """Makes a database of a backup, whole or not at all. Raises BackupError."""
    try:
        opened = file.open("rb")
    except OSError as error:
        raise BackupError(f"Cannot read {file} ({error.strerror}).") from None
    try:
        with opened:
            archive = Archive(opened, rooms)
            archive.check()
            with DataLock(chosen.data), _none_left_over(chosen.data / FILE_NAME):
                async with sole_server(chosen.database or None):
                    return await _restore(chosen, archive, clock.wall_us())
    except DatabaseTaken:
        raise BackupError("A server works on this database. Restore into an empty one.") from None
    except Damaged as error:
        raise BackupError(f"{error} Nothing was restored: take another backup.") from error


@contextmanager
def _none_left_over(path: Path) -> Iterator[None]:
    """Where a database was begun and none came of it, there is none afterwards."""
    was_there = path.exists()
    try:
        yield
    except BaseException:
        if not was_there:
            for end in ("", "-wal", "-shm"):
                path.with_name(path.name + end).unlink(missing_ok=True)
        raise


async def _restore(chosen: Settings, archive: Archive, now_us: int) -> Restored:
    def work(connection: Connection) -> Audited:
        archive.restore(connection)
        drive(restored(now_us), connection)
        with blaming("what it holds"):
            keys = drive(all_keys(), connection)
            Tokens(keys)
        with blaming("leases.data"):
            if drive(lease_of_no_session(), connection):
                raise Damaged("leases.data names a session that is not in it")
        with blaming("what it holds"):
            return drive(every_fault(Seals(keys).public, NAMING), connection)

    database = open_database(chosen.database or None, chosen.data)
    try:
        return Restored(archive.manifest, await database.exclusive(work))
    finally:
        await database.close()


def made(manifest: Manifest) -> str:
    """When, and by what, in words."""
    at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=manifest.made_us)
    return f"made {at:%Y-%m-%d %H:%M:%S} UTC by Ithaca {manifest.program}"


def holds(manifest: Manifest) -> str:
    """What people know of what a backup holds, in words."""
    parts = []
    for table, one, more in KNOWN:
        if (held := manifest.tables.get(table)) is not None and held.rows:
            parts.append(f"{held.rows} {one if held.rows == 1 else more}")
    return ", ".join(parts) or "nothing yet"
