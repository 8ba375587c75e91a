"""All tables as one file that either engine can be restored from: a zip of pages of rows, with a
manifest of what must be in it.

A page is MessagePack, an array of rows, each an array of values in the order of the manifest's
columns. The manifest, `manifest.json`, has the SHA-256 of every page.
"""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from types import GenericAlias
from typing import IO, Annotated, Any, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    MetaData,
    Table,
    insert,
    inspect,
    literal,
    select,
    text,
    tuple_,
)

from runtime.database import DERIVED, AnyRow, DatabaseError, Plan, metadata, storage_error
from runtime.database.migrate import REVISIONS, SchemaTooNewError, revisions, upgrade

MANIFEST = "manifest.json"
MEMBER_MOST = 64 << 20
"""Bytes of a member, unpacked: far more than PAGE_ROWS of the largest rows, and room in memory."""
PAGE_ROWS = 200
PAGE_ROWS_MOST = 10_000
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""What unpacks only as far as it is read."""
ALL_SITES = {"all_sites": "a backup is of everything"}

Name = Annotated[str, Meta(max_length=100)]
Count = Annotated[int, Meta(ge=0)]
Integer = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class BackupError(Exception):
    """What cannot be backed up or restored, and why, in words."""


class Damaged(BackupError):
    """A file that is no backup, or not as it was made."""

    def __init__(self, what: str, how: str = "The backup is damaged") -> None:
        super().__init__(f"{how}: {what}.")
        self.what = what


@contextmanager
def blaming(what: str) -> Iterator[None]:
    """Whatever goes wrong in here is the fault of what the backup holds, unless the storage says
    that it is its own: a file can make any part raise anything. Raises Damaged."""
    try:
        yield
    except (BackupError, DatabaseError, TimeoutError):
        raise
    except Exception as error:
        if storage_error(error) is not None:
            raise
        raise Damaged(f"{what} cannot be used ({_why(error)})") from error


def _why(error: BaseException) -> str:
    """The first line of what the innermost part says: of a statement's error, the driver."""
    while (inner := getattr(error, "orig", None) or error.__cause__) is not None:
        error = inner
    text = error.args[0] if isinstance(error, KeyError) else error
    return str(text).partition("\n")[0][:200].rstrip(".") or type(error).__name__


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Some rows of a table, in one member of the zip."""

    name: Name
    table: Name
    rows: Annotated[int, Meta(ge=1, le=PAGE_ROWS_MOST)]
    bytes: Annotated[int, Meta(ge=1, le=MEMBER_MOST)]
    sha256: str


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table: its columns, and how many rows it has."""

    columns: tuple[Name, ...]
    rows: Count


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a backup holds. `schema`: the newest revision of each room."""

    format: Literal["ithaca.backup"] = "ithaca.backup"
    version: Literal[1] = 1
    program: Name
    made_us: Annotated[int, Meta(ge=0, le=2**53 - 1)]
    schema: tuple[Name, ...]
    tables: dict[Name, Rows]
    pages: tuple[Page, ...]

    @property
    def rows(self) -> int:
        return sum(table.rows for table in self.tables.values())


# ---- making one ----------------------------------------------------------------------------------


def snapshot(into: IO[bytes], rooms: Sequence[str], program: str, made_us: int) -> Plan[Manifest]:
    """Writes everything, as it is at one moment, into an empty file. Run again, it begins anew.
    Raises BackupError."""
    into.seek(0)
    into.truncate()
    rows = yield text("SELECT version_num FROM alembic_version ORDER BY version_num")
    schema = tuple(row.version_num for row in rows)
    if set(schema) != set(revisions(rooms).get_heads()):
        raise BackupError(
            "The database is not at the revision of this program. Run `ithaca migrate` first, or "
            "make the backup with the program that it was used with."
        )
    tables: dict[str, Rows] = {}
    pages: list[Page] = []
    with zipfile.ZipFile(into, "w", compresslevel=1) as archive:
        for table in metadata.sorted_tables:
            title, count = str(table.name), 0
            after: AnyRow | None = None
            while DERIVED not in table.info and (found := (yield _page(table, after))):
                data = msgspec.msgpack.encode([tuple(row) for row in found])
                name = f"{title}/{len(pages):08}.msgpack"
                _add(archive, name, data)
                digest = sha256(data).hexdigest()
                pages.append(
                    Page(
                        name=name, table=title, rows=len(found), bytes=len(data),
                        sha256=digest,
                    )
                )  # fmt: skip
                count += len(found)
                after = found[-1]
            columns = tuple(str(column.name) for column in table.columns)
            tables[title] = Rows(columns=columns, rows=count)
        manifest = Manifest(
            program=program, made_us=made_us, schema=schema, tables=tables, pages=tuple(pages)
        )
        _add(archive, MANIFEST, msgspec.json.format(msgspec.json.encode(manifest), indent=1))
    into.flush()
    return manifest


def _page(table: Table, after: AnyRow | None) -> Any:
    """The next rows of a table in the order of its key."""
    keys = list(table.primary_key)
    page = select(*table.columns).order_by(*keys).limit(PAGE_ROWS)
    if after is not None:
        last = [literal(after._mapping[key.name], key.type) for key in keys]
        beyond: ColumnElement[bool] = tuple_(*keys) > tuple_(*last)
        page = page.where(keys[0] > last[0] if len(keys) == 1 else beyond)
    return page.execution_options(**ALL_SITES)


def _add(archive: zipfile.ZipFile, name: str, data: bytes) -> None:
    member = zipfile.ZipInfo(name)
    member.compress_type = zipfile.ZIP_DEFLATED
    member.external_attr = 0o600 << 16
    archive.writestr(member, data)


# ---- checking one --------------------------------------------------------------------------------


class Archive:
    """A backup that was opened, and whose manifest was read. Raises BackupError for what is none,
    and for one that this program cannot know."""

    def __init__(self, file: IO[bytes], rooms: Sequence[str]) -> None:
        self._rooms = tuple(rooms)
        try:
            with blaming("the file"):
                self._zip = zipfile.ZipFile(file)
            data = self._read(MANIFEST, MEMBER_MOST)
            with blaming(MANIFEST):
                self.manifest = msgspec.json.decode(data, type=Manifest)
        except Damaged as error:
            how = "This is no backup of Ithaca, or it is damaged"
            raise Damaged(error.what, how) from error
        known = {each.revision for each in revisions(self._rooms).walk_revisions()}
        if not set(self.manifest.schema) <= known:
            raise BackupError(
                f"It was made by a later version, {self.manifest.program}: restore it with that."
            )

    def check(self) -> None:
        """Whether all is in it that must be, and nothing else, as it was written."""
        pages, tables = self.manifest.pages, self.manifest.tables
        held = self._zip.namelist()
        if len(set(held)) < len(held) or sorted(held) != sorted(
            [MANIFEST, *(page.name for page in pages)]
        ):
            raise Damaged("it does not hold what its manifest says")
        rows = Counter[str]()
        for page in pages:
            rows[page.table] += page.rows
        if not rows.keys() <= tables.keys():
            raise Damaged("it holds a table that it does not describe")
        for name, table in tables.items():
            if rows[name] != table.rows:
                raise Damaged(f"rows of {name} are missing")
        for page in pages:
            self._page(page)

    def _page(self, page: Page) -> bytes:
        data = self._read(page.name, page.bytes)
        if (sha256(data).hexdigest(), len(data)) != (page.sha256, page.bytes):
            raise Damaged(f"{page.name} was changed")
        return data

    def _read(self, name: str, most: int) -> bytes:
        """A member, unpacked no further than one byte more than there should be."""
        with blaming(name), self._zip.open(name) as member:
            if self._zip.getinfo(name).compress_type not in METHODS:
                raise Damaged(f"{name} is packed in another way than a backup is")
            data = member.read(most + 1)
        if len(data) > most:
            raise Damaged(f"{name} is longer than it may be")
        return data

    # ---- restoring one -------------------------------------------------------------------------

    def restore(self, connection: Connection) -> None:
        """Puts everything into an empty database, and brings that up to date; on a connection that
        is in a transaction. Raises BackupError; then nothing may be kept."""
        there = set(inspect(connection).get_table_names())
        if there & {*metadata.tables, REVISIONS}:
            raise BackupError("There is a database already. Restore into an empty one.")
        try:
            upgrade(connection, self._rooms, self.manifest.schema)
        except SchemaTooNewError as error:
            raise Damaged(f"its schema cannot be made, for {error}") from None
        made = MetaData()
        made.reflect(connection, only=lambda name, _: name not in {*there, REVISIONS})
        self._is_described(made)
        for table in made.sorted_tables:
            for page in self.manifest.pages:
                if page.table == table.name:
                    data = self._page(page)
                    with blaming(page.name):
                        self._fill(connection, table, page, data)
        _refer_to_what_is_there(connection)
        for table in made.sorted_tables:
            with blaming(f"the numbers of {table.name}"):
                _continue_numbers(connection, table)
        with blaming("what an earlier version wrote"):
            upgrade(connection, self._rooms)
        for table in metadata.sorted_tables:
            for column in table.columns:
                _read_once(connection, column)

    def _is_described(self, made: MetaData) -> None:
        """The tables of that schema are those that the manifest describes."""
        described = self.manifest.tables
        if odd := described.keys() ^ made.tables.keys():
            raise Damaged(f"{MANIFEST} and its schema do not have the same tables ({min(odd)})")
        for name, table in made.tables.items():
            if sorted(described[name].columns) != sorted(table.columns.keys()):
                raise Damaged(f"{MANIFEST} does not have the columns of {name}")

    def _fill(self, connection: Connection, table: Table, page: Page, data: bytes) -> None:
        columns = self.manifest.tables[table.name].columns
        rows = msgspec.msgpack.decode(
            data, type=_rows([table.columns[name] for name in columns], page.rows)
        )
        connection.execute(insert(table), [dict(zip(columns, row, strict=True)) for row in rows])


def _rows(columns: Sequence[Column[Any]], count: int) -> Any:
    """The type of so many rows: SQLite would take anything for a value of any column."""
    kinds = []
    for column in columns:
        kind: Any = column.type.python_type
        if kind is int:
            kind = Integer
        kinds.append(kind | None if column.nullable else kind)
    rows: Any = GenericAlias(list, (GenericAlias(tuple, tuple(kinds)),))
    return Annotated[rows, Meta(min_length=count, max_length=count)]


def _refer_to_what_is_there(connection: Connection) -> None:
    """PostgreSQL has looked at each row; SQLite looks when asked, while a schema is made."""
    if connection.dialect.name != "sqlite":
        return
    for table, _, other, _ in connection.exec_driver_sql("PRAGMA foreign_key_check"):
        raise _stray(table, other)


def _read_once(connection: Connection, column: Column[Any]) -> None:
    """What the values of a column must be, beyond what the database itself sees to."""
    table, read, named = column.table, column.info.get("read"), column.info.get("names")
    if read is not None:
        values = select(column).where(column.is_not(None)).distinct()
        for (value,) in connection.execute(values.execution_options(**ALL_SITES)):
            with blaming(f"{table.name}.{column.name}"):
                read(value)
    if named is not None:
        other = metadata.tables[named]
        key = list(other.primary_key)[-1]
        there = select(key).where(other.c.site_id == table.c.site_id, key == column).exists()
        strays = select(column).where(column.is_not(None), ~there).limit(1)
        if connection.execute(strays.execution_options(**ALL_SITES)).first() is not None:
            raise _stray(table.name, named)


def _stray(table: str, other: str) -> Damaged:
    return Damaged(f"rows of {table} name rows of {other} that are not in it")


def _continue_numbers(connection: Connection, table: Table) -> None:
    """PostgreSQL counts on from beyond the greatest number; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for column in _integers(table):
        connection.execute(
            text(
                "SELECT setval(sequence, highest) FROM (SELECT"
                f" pg_get_serial_sequence('{table.name}', '{column}') AS sequence,"
                f" max({column}) AS highest FROM {table.name}) AS numbers"
                " WHERE sequence IS NOT NULL AND highest IS NOT NULL"
            ).execution_options(**ALL_SITES)
        )


def _integers(table: Table) -> Iterable[str]:
    return [column.name for column in table.primary_key if column.type.python_type is int]
