"""`ithaca doctor`: is everything as it should be? One line each."""

import asyncio
import ctypes
import os
import shutil
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy.exc import SQLAlchemyError

from ledger import tables as ledger_tables
from ledger.audit import Audited, Naming
from mentoring import reflection_tables
from mentoring import tables as mentoring_tables
from people.tokens import UnusableKey
from runtime import outbox
from runtime.database import Database, DatabaseError
from runtime.database.guards import unguarded
from runtime.database.health import Health, health
from runtime.database.migrate import applied, revisions

BROKEN_SAID = 20
FREE_LEAST, FREE_LITTLE = 100 << 20, 1 << 30
FSYNC_SLOW_S = 1.0
CLOCK_OFF_US = 2_000_000
NAMING: tuple[Naming, ...] = (reflection_tables.naming(),)
"""What other rooms keep of sessions: it tells of one that is gone."""
KEPT = (*ledger_tables.KEPT, *mentoring_tables.KEPT)


class Finding(msgspec.Struct, frozen=True):
    """What was looked at, and how it is."""

    about: str
    how: Literal["ok", "note", "FAILED"]
    text: str


def as_written(sessions: int) -> str:
    """What an audit says that found no fault."""
    if sessions == 1:
        return "1 session, as it was written."
    return f"{sessions} sessions, each as it was written."


class Doctor:
    """Looks at a database and its data folder. `audit` looks at the ledger; `offset_us` is how far
    the running server's clock is ahead of the machine's."""

    def __init__(
        self,
        database: Database,
        data: Path,
        rooms: tuple[str, ...],
        audit: Callable[[], Awaitable[Audited]],
        wall_us: Callable[[], int],
        offset_us: int = 0,
    ) -> None:
        self._database, self._data, self._rooms = database, data, rooms
        self._audit, self._wall_us, self._offset_us = audit, wall_us, offset_us
        self._found: list[Finding] = []

    async def examine(self) -> list[Finding]:
        """Everything, whatever else is wrong."""
        try:
            await self._look_at_database()
        except (DatabaseError, SQLAlchemyError) as error:
            self._say("database", "FAILED", f"It does not answer: {error}")
        for look in (self._disk, self._fsync, self._clock):
            await asyncio.to_thread(look)
        return self._found

    def _say(self, about: str, how: Literal["ok", "note", "FAILED"], text: str) -> None:
        self._found.append(Finding(about, how, text))

    async def _look_at_database(self) -> None:
        known = await self._database.exclusive(lambda each: health(each, self._wall_us))
        self._say("database", "ok", f"{known.name} answers.")
        self._durable(known)
        done = await self._database.exclusive(applied)
        wanted = tuple(sorted(revisions(self._rooms).get_heads()))
        if done != wanted:
            self._say(
                "schema",
                "FAILED",
                f"It is at {', '.join(done) or 'nothing'}, and should be at {', '.join(wanted)}. "
                "`ithaca migrate` brings it there.",
            )
            return
        self._say("schema", "ok", f"Up to date: {', '.join(done)}.")
        open_ = await self._database.exclusive(lambda each: unguarded(each, KEPT))
        if open_:
            self._say("triggers", "FAILED", f"The database lets this happen: {', '.join(open_)}.")
        else:
            self._say("triggers", "ok", "Facts, lines and agreements can only be added to.")
        await self._ledger()
        latest_us = await self._database.read(outbox.latest)
        if latest_us > self._wall_us() + CLOCK_OFF_US:
            seconds = (latest_us - self._wall_us()) // 1_000_000
            self._say("clock", "FAILED", f"The newest fact is from the future, by {seconds} s.")
        apart_us = abs(known.ahead_us or 0)
        if apart_us > CLOCK_OFF_US:
            apart = f"{apart_us // 1_000_000} s apart"
            self._say("clock", "FAILED", f"The database server's and this machine's are {apart}.")

    def _durable(self, known: Health) -> None:
        if known.unsafe:
            self._say(
                "durability",
                "FAILED",
                f"A power cut may lose what was acknowledged: {', '.join(known.unsafe)}.",
            )
        else:
            self._say("durability", "ok", "What is acknowledged is on disk.")

    async def _ledger(self) -> None:
        try:
            audited = await self._audit()
        except UnusableKey as error:
            self._say("keys", "FAILED", f"What settlements are signed with is damaged: {error}.")
            return
        if not audited.broken:
            self._say("ledger", "ok", as_written(audited.sessions))
        for fault in audited.broken[:BROKEN_SAID]:
            self._say("ledger", "FAILED", f"Session {fault.session}: {fault.why[:300]}.")
        if len(audited.broken) > BROKEN_SAID:
            self._say("ledger", "FAILED", f"And {len(audited.broken) - BROKEN_SAID} more.")

    # ---- the machine ---------------------------------------------------------------------------

    def _disk(self) -> None:
        try:
            free = shutil.disk_usage(self._data).free
        except OSError as error:
            self._say("disk", "FAILED", f"{self._data} cannot be used: {error.strerror}.")
            return
        how: Literal["ok", "note", "FAILED"] = "ok"
        if free < FREE_LITTLE:
            how = "note" if free >= FREE_LEAST else "FAILED"
        self._say("disk", how, f"{free / (1 << 30):.1f} GiB free at {self._data}.")

    def _fsync(self) -> None:
        path = self._data / f".doctor-{os.getpid()}"
        began = time.monotonic()
        try:
            with path.open("wb") as file:
                file.write(bytes(4096))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self._say("fsync", "FAILED", f"Nothing can be put on disk: {error.strerror}.")
            return
        finally:
            path.unlink(missing_ok=True)
        seconds = time.monotonic() - began
        how: Literal["ok", "note"] = "ok" if seconds < FSYNC_SLOW_S else "note"
        self._say("fsync", how, f"A page is on disk after {seconds * 1000:.1f} ms.")

    def _clock(self) -> None:
        if abs(self._offset_us) > CLOCK_OFF_US:
            self._say(
                "clock",
                "note",
                f"The machine's clock was set by {-self._offset_us / 1e6:.1f} s while people are "
                "in a call; the server follows it when nobody is.",
            )
        error_us = _kernel_error_us()
        if error_us is None:
            self._say("clock", "note", "The system says of no time service that keeps it right.")
        else:
            self._say("clock", "ok", f"Kept right, within {error_us / 1000:.0f} ms.")


class _Timex(ctypes.Structure):
    """The beginning of `struct timex` (adjtimex(2)); the rest is room for it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


def _kernel_error_us() -> int | None:
    """How far off the kernel takes its clock to be at most; None where nothing tells it."""
    unsynchronized = 0x40
    answer = _Timex()
    try:
        if ctypes.CDLL(None).adjtimex(ctypes.byref(answer)) < 0:
            return None
    except (OSError, AttributeError):
        return None
    return None if answer.status & unsynchronized else int(answer.maxerror)
