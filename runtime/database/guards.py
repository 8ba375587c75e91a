"""Whether the database still refuses to change what can only be added to."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Executable,
    Integer,
    LargeBinary,
    Table,
    delete,
    text,
    update,
)
from sqlalchemy.exc import DBAPIError

from runtime.database.schema import insert

PROBE = "a probe, never kept"
REFUSED = "can only be added to"


def unguarded(connection: Connection, kept: Sequence[Table]) -> list[str]:
    """What it would let happen to tables that can only be added to. It is tried out on rows of our
    own, and taken back; on a connection that is in a transaction."""
    found = []
    for table in kept:
        _begin(connection, "probe")
        _add(connection, table)
        for verb, statement in _changes(connection, table):
            _begin(connection, "change")
            try:
                connection.execute(statement)
                found.append(f"{verb} {table.name}")
            except DBAPIError as error:
                if REFUSED not in str(error.orig):
                    raise
            _take_back(connection, "change")
        _take_back(connection, "probe")
        if not _refuses_truncate(connection, table):
            found.append(f"TRUNCATE {table.name}")
    return found


def _add(connection: Connection, table: Table) -> None:
    """A row of our own, and those that it refers to."""
    for foreign in table.foreign_key_constraints:
        _add(connection, foreign.referred_table)
    connection.execute(insert(table).values(_row(table)))


def _changes(connection: Connection, table: Table) -> Iterator[tuple[str, Executable]]:
    ours = table.c.site_id == PROBE
    again = insert(table).values(_row(table))
    keys = [column.name for column in table.primary_key]
    yield "UPDATE", update(table).where(ours).values(_another_value(table))
    yield "DELETE", delete(table).where(ours)
    yield (
        "INSERT ... ON CONFLICT UPDATE",
        again.on_conflict_do_update(index_elements=keys, set_=_another_value(table)),
    )
    if connection.dialect.name == "sqlite":
        columns = ", ".join(column.name for column in table.columns)
        yield (
            "REPLACE",
            text(
                f"REPLACE INTO {table.name} ({columns})"
                f" SELECT {columns} FROM {table.name} WHERE site_id = :ours"
            ).bindparams(ours=PROBE),
        )


def _refuses_truncate(connection: Connection, table: Table) -> bool:
    """SQLite has no such statement. On PostgreSQL trying it out would keep everybody waiting, so
    its triggers are looked up."""
    if connection.dialect.name == "sqlite":
        return True
    on_truncate, switched_on = 32, ("O", "A")
    rows = connection.execute(
        text(
            "SELECT tgenabled FROM pg_trigger WHERE tgrelid = CAST(:name AS regclass)"
            " AND tgtype & :kind > 0"
        ).bindparams(name=table.name, kind=on_truncate)
    )
    return any(_letter(row.tgenabled) in switched_on for row in rows)


def _letter(value: Any) -> str:
    """PostgreSQL's "char" comes as a byte."""
    return value.decode() if isinstance(value, bytes) else str(value)


def _row(table: Table) -> dict[str, Any]:
    """Something in every column."""
    return {column.name: _value(column, 0, b"", PROBE) for column in table.columns}


def _another_value(table: Table) -> dict[str, Any]:
    """In one column that is no part of the key."""
    column = next(column for column in table.columns if not column.primary_key)
    return {column.name: _value(column, 1, b"changed", "changed")}


def _value(column: Column[Any], number: int, data: bytes, words: str) -> int | bytes | str:
    if isinstance(column.type, Integer):
        return number
    return data if isinstance(column.type, LargeBinary) else words


def _begin(connection: Connection, name: str) -> None:
    connection.exec_driver_sql(f"SAVEPOINT {name}")


def _take_back(connection: Connection, name: str) -> None:
    connection.exec_driver_sql(f"ROLLBACK TO SAVEPOINT {name}")
    connection.exec_driver_sql(f"RELEASE SAVEPOINT {name}")
