"""All tables as one file that either engine can be restored from: a zip of pages of rows, with a
manifest of what must be in it.

A page is MessagePack, an array of rows, each an array of values in the order of the manifest's
columns. The manifest, `manifest.json`, has the SHA-256 of every page.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256
from typing import IO, Annotated, Any, Literal

import msgspec
from msgspec import Meta
from sqlalchemy import (
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
from sqlalchemy.exc import StatementError

from runtime.database import AnyRow, Plan, metadata
from runtime.database.migrate import SchemaTooNewError, revisions, upgrade

MANIFEST = "manifest.json"
MANIFEST_MOST = 64 << 20
PAGE_ROWS = 200
CHUNK = 1 << 20
UNREADABLE = (
    *(zipfile.BadZipFile, OSError, EOFError, KeyError, ValueError, NotImplementedError),
    RuntimeError,  # one with a password
)
ALL_SITES = {"all_sites": "a backup is of everything"}

Count = Annotated[int, Meta(ge=0)]


class BackupError(Exception):
    """What cannot be backed up or restored, and why, in words."""


class Page(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Some rows of a table, in one member of the zip."""

    name: str
    table: str
    rows: Count
    bytes: Count
    sha256: str


class Rows(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A table: its columns, and how many rows it has."""

    columns: tuple[str, ...]
    rows: Count


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a backup holds. `schema`: the newest revision of each room."""

    format: Literal["ithaca.backup"] = "ithaca.backup"
    version: Literal[1] = 1
    program: str
    made_us: Count
    schema: tuple[str, ...]
    tables: dict[str, Rows]
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
            while found := (yield _page(table, after)):
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
            self._zip = zipfile.ZipFile(file)
            self.manifest = self._read_manifest()
        except (*UNREADABLE, zlib.error) as error:
            raise BackupError(f"This is no backup of Ithaca ({error}).") from None
        known = {each.revision for each in revisions(self._rooms).walk_revisions()}
        if not set(self.manifest.schema) <= known:
            raise BackupError(
                f"It was made by a later version, {self.manifest.program}: restore it with that."
            )

    def _read_manifest(self) -> Manifest:
        if self._zip.getinfo(MANIFEST).file_size > MANIFEST_MOST:
            raise ValueError("its manifest is too large")
        return msgspec.json.decode(self._zip.read(MANIFEST), type=Manifest)

    def check(self) -> None:
        """Whether all is in it that must be, and nothing else, as it was written."""
        pages = self.manifest.pages
        names = sorted([MANIFEST, *(page.name for page in pages)])
        if sorted(self._zip.namelist()) != names:
            raise BackupError("The backup is damaged: it does not hold what its manifest says.")
        for name, table in self.manifest.tables.items():
            if sum(page.rows for page in pages if page.table == name) != table.rows:
                raise BackupError(f"The backup is damaged: rows of {name} are missing.")
        if not {page.table for page in pages} <= self.manifest.tables.keys():
            raise BackupError("The backup is damaged: it holds a table that it does not describe.")
        for page in pages:
            digest, size = sha256(), 0
            for chunk in self._chunks(page):
                digest.update(chunk)
                size += len(chunk)
            if (digest.hexdigest(), size) != (page.sha256, page.bytes):
                raise BackupError(f"The backup is damaged: {page.name} was changed.")

    def _chunks(self, page: Page) -> Iterator[bytes]:
        """At most one byte more than there should be."""
        left = page.bytes + 1
        try:
            with self._zip.open(page.name) as member:
                while left and (chunk := member.read(min(CHUNK, left))):
                    left -= len(chunk)
                    yield chunk
        except (*UNREADABLE, zlib.error) as error:
            raise BackupError(f"The backup is damaged: {page.name} ({error}).") from None

    # ---- restoring one -------------------------------------------------------------------------

    def restore(self, connection: Connection) -> None:
        """Puts everything into an empty database, and brings that up to date; on a connection that
        is in a transaction. Raises BackupError; then nothing may be kept."""
        there = set(inspect(connection).get_table_names())
        if there & {*metadata.tables, "alembic_version"}:
            raise BackupError("There is a database already. Restore into an empty one.")
        try:
            upgrade(connection, self._rooms, self.manifest.schema)
        except SchemaTooNewError as error:
            raise BackupError(f"Its schema cannot be made: {error}.") from None
        made = MetaData()
        made.reflect(connection, only=list(self.manifest.tables))
        for table in made.sorted_tables:
            for page in self.manifest.pages:
                if page.table == table.name:
                    self._fill(connection, table, page)
        for table in made.sorted_tables:
            _continue_numbers(connection, table)
        upgrade(connection, self._rooms)

    def _fill(self, connection: Connection, table: Table, page: Page) -> None:
        columns = self.manifest.tables[table.name].columns
        data = b"".join(self._chunks(page))
        if sha256(data).hexdigest() != page.sha256:
            raise BackupError(f"The backup changed while it was read: {page.name}.")
        try:
            rows = msgspec.msgpack.decode(data, type=list[list[Any]])
            values = [dict(zip(columns, row, strict=True)) for row in rows]
            connection.execute(insert(table), values)
        except (ValueError, StatementError) as error:
            raise BackupError(f"{page.name} cannot be restored: {error}") from None


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
