"""The schema that migrations make is the one that the tables declare, on both engines."""

from __future__ import annotations

import asyncio
import importlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text

from runtime.database import Database, Plan, metadata, only
from runtime.database.migrate import SchemaTooNewError, begin_revision, migrate, revisions
from tests.support.databases import ENGINES, ROOMS, Storage
from tests.support.postgres import PostgresServer


@pytest.fixture(params=ENGINES)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    """A database without a schema."""
    if request.param == "sqlite":
        yield Storage("sqlite", None, tmp_path / "data")
        return
    server: PostgresServer = request.getfixturevalue("postgres_server")
    name = server.create()
    yield Storage("postgresql", server.url(name), tmp_path / "data")
    server.drop(name)


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, metadata))


def heads() -> Plan[list[str]]:
    rows = yield text("SELECT version_num FROM alembic_version ORDER BY version_num")
    return [row.version_num for row in rows]


async def test_migrated_schema_is_the_declared_one(database: Database) -> None:
    assert await database.exclusive(differences) == []
    assert await database.read(heads) == sorted(revisions(ROOMS).get_heads())


async def test_the_comparison_sees_a_difference(database: Database) -> None:
    await database.exclusive(lambda connection: connection.execute(text("DROP TABLE leases")))
    assert await database.exclusive(differences) != []


async def test_starting_twice_changes_nothing(empty: Storage) -> None:
    for _ in range(2):
        database = empty.open()
        await migrate(database, ROOMS)
        await migrate(database, ROOMS)
        assert await database.read(heads) == sorted(revisions(ROOMS).get_heads())
        await database.close()


async def test_three_starts_at_once_take_turns(empty: Storage) -> None:
    databases = [empty.open() for _ in range(3)]
    await asyncio.gather(*(migrate(database, ROOMS) for database in databases))
    for database in databases:
        assert await database.exclusive(differences) == []
        await database.close()


async def test_a_failing_revision_leaves_nothing(
    empty: Storage, room: str, room_folder: Path
) -> None:
    broken = begin_revision(room, "Breaks half way")
    broken.write_text(
        broken.read_text()
        + '    op.create_table("half", sa.Column("id", sa.Integer()))\n'
        + '    op.execute("SELECT nothing FROM nowhere")\n'
    )
    database = empty.open()
    with pytest.raises(Exception, match="nowhere"):
        await migrate(database, [*ROOMS, room])

    def tables(connection: Connection) -> list[str]:
        return inspect(connection).get_table_names()

    assert await database.exclusive(tables) == []
    await migrate(database, ROOMS)
    await database.close()


@pytest.fixture
def room(request: pytest.FixtureRequest) -> str:
    return f"room_{abs(hash(request.node.name)) % 10**8}"


@pytest.fixture
def room_folder(tmp_path: Path, room: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package that can be imported, without revisions yet."""
    folder = tmp_path / "packages" / room
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(folder.parent))
    importlib.invalidate_caches()
    return folder


async def test_a_revision_begun_by_hand_runs_and_rebuilds_tables(
    empty: Storage, room: str, room_folder: Path
) -> None:
    first = begin_revision(room, "Pages, and their notes")
    assert first == room_folder / "migrations" / f"{room}_0001_pages_and_their_notes.py"
    first.write_text(
        first.read_text()
        + f'    op.create_table("{room}_pages", sa.Column("id", sa.Integer(), primary_key=True),'
        ' sa.Column("words", sa.String()))\n'
        + f'    op.create_table("{room}_notes", sa.Column("page", sa.Integer(),'
        f' sa.ForeignKey("{room}_pages.id", ondelete="CASCADE")))\n'
    )
    database = empty.open()
    await migrate(database, [*ROOMS, room])

    def fill() -> Plan[None]:
        yield text(f"INSERT INTO {room}_pages VALUES (1, 'once')")
        yield text(f"INSERT INTO {room}_notes VALUES (1)")

    await database.write(fill)
    second = begin_revision(room, "Words are required")
    second.write_text(
        second.read_text()
        + f'    with op.batch_alter_table("{room}_pages") as batch:\n'
        + '        batch.alter_column("words", nullable=False)\n'
    )
    await migrate(database, [*ROOMS, room])
    assert f"{room}_0002" in await database.read(heads)
    # On SQLite the table was rebuilt: its rows and those that refer to it are still there.
    notes = await database.read(only, text(f"SELECT page FROM {room}_notes"))
    assert [tuple(row) for row in notes] == [(1,)]
    with pytest.raises(SchemaTooNewError):  # an older program, which does not have this room
        await migrate(database, ROOMS)
    await database.close()


def test_a_revision_is_begun_from_the_shell(room: str, room_folder: Path) -> None:
    written = subprocess.run(
        [sys.executable, "-m", "runtime.database.migrate", room, "A first table"],
        check=True,
        capture_output=True,
        text=True,
        env={"PYTHONPATH": f"{Path.cwd()}:{room_folder.parent}"},
    ).stdout.strip()
    assert revisions([room]).get_heads() == [f"{room}_0001"]
    assert Path(written).parent == room_folder / "migrations"
