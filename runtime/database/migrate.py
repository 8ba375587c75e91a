"""Bring the schema up to date at start: one branch of revisions a room, forward only.

A room's revisions lie in `<room>/migrations/`, inside its package, so a wheel has them. To begin
one: `python -m runtime.database.migrate ROOM "what changes"`.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from alembic.script.revision import RevisionError
from alembic.util import CommandError
from sqlalchemy import Connection, text

from runtime.database.plan import Database, DatabaseError

FOLDER = "migrations"
REVISIONS = "alembic_version"
"""The table that says where the schema is."""
ADVISORY_LOCK = 0x17ACA
"""Any number, as long as every start of the product takes the same."""


class SchemaTooNewError(DatabaseError):
    """The database was written by a later version of the program."""


async def migrate(database: Database, rooms: Sequence[str]) -> None:
    """Run what is missing of the rooms' revisions, all of it or nothing, in one transaction.

    Several starts at once take turns. Rooms without a migrations folder are passed over.
    Raises SchemaTooNewError when the database knows a revision that these rooms do not.
    """
    await database.exclusive(lambda connection: upgrade(connection, rooms))


def upgrade(
    connection: Connection, rooms: Sequence[str], to: str | tuple[str, ...] = "heads"
) -> None:
    """The same on a connection that is in a transaction; `to` may name earlier revisions."""
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT pg_advisory_xact_lock(:lock)").bindparams(lock=ADVISORY_LOCK)
        )
    script = revisions(rooms)
    target: Any = to  # several, too, whatever its annotation says
    context = MigrationContext.configure(
        connection, opts={"fn": lambda heads, _context: script._upgrade_revs(target, heads)}
    )
    try:
        with Operations.context(context):
            context.run_migrations()
    except (CommandError, RevisionError) as error:
        raise SchemaTooNewError(f"this version does not know the schema: {error}") from error


def applied(connection: Connection) -> tuple[str, ...]:
    """The newest revisions that the database has, one a room; none in an empty one."""
    return tuple(sorted(MigrationContext.configure(connection).get_current_heads()))


def revisions(rooms: Sequence[str]) -> ScriptDirectory:
    """The revisions of all rooms that have any."""
    folders = [folder for room in rooms if (folder := _folder(room)).is_dir()]
    return ScriptDirectory(Path(__file__).parent, version_locations=folders)


def begin_revision(room: str, summary: str) -> Path:
    """Write the next, empty revision of a room for a person to fill in."""
    slug = re.sub(r"[^a-z0-9]+", "_", summary.lower()).strip("_")
    folder = _folder(room)
    folder.mkdir(exist_ok=True)
    package = folder / "__init__.py"
    if not package.exists():
        package.write_text('"""Revisions of the tables of this room."""\n')
    number = len(list(folder.glob(f"{room}_[0-9]*.py"))) + 1
    previous = f'"{room}_{number - 1:04}"' if number > 1 else None
    labels = None if number > 1 else f'("{room}",)'
    path = folder / f"{room}_{number:04}_{slug}.py"
    path.write_text(
        f'''"""{summary}."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "{room}_{number:04}"
down_revision = {previous}
branch_labels = {labels}
depends_on = None


def upgrade() -> None:
    """Tables, then indexes; alter an existing table with op.batch_alter_table (SQLite)."""
'''
    )
    return path


def _folder(room: str) -> Path:
    return Path(str(files(room))) / FOLDER


if __name__ == "__main__":
    sys.stdout.write(f"{begin_revision(*sys.argv[1:3])}\n")
