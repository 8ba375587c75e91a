"""What a database says of itself: what it is, whether what it acknowledges is on disk, what its
clock says."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, text


@dataclass(frozen=True, slots=True)
class Health:
    """`unsafe`: settings by which something acknowledged can be lost; `ahead_us`: how far its clock
    is ahead of ours, None where it is the same."""

    name: str
    unsafe: tuple[str, ...]
    ahead_us: int | None


def health(connection: Connection, wall_us: Callable[[], int]) -> Health:
    """Of the database on the other side; on a connection that is in a transaction."""
    if connection.dialect.name == "sqlite":
        version = _ask(connection, "SELECT sqlite_version()")
        mode, level = (_ask(connection, f"PRAGMA {of}") for of in ("journal_mode", "synchronous"))
        unsafe = [] if mode == "wal" and level == "2" else [f"journal {mode}, synchronous {level}"]
        return Health(f"SQLite {version}", tuple(unsafe), None)
    version = _ask(connection, "SHOW server_version").split()[0]
    unsafe = [
        f"{setting} {value}"
        for setting in ("fsync", "full_page_writes", "synchronous_commit")
        if (value := _ask(connection, f"SHOW {setting}")) in ("off", "local")
    ]
    before_us = wall_us()
    theirs_us = int(
        _ask(connection, "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint)")
    )
    ahead_us = theirs_us - (before_us + wall_us()) // 2
    return Health(f"PostgreSQL {version}", tuple(unsafe), ahead_us)


def _ask(connection: Connection, question: str) -> str:
    return str(connection.execute(text(question)).scalar())
