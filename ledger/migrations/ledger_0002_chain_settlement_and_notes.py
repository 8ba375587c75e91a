"""The chain over facts, which nothing can change any more; what sessions come to; notes.

Sessions that were recorded before get their first fact, which says whose they are, and their chain.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "ledger_0002"
down_revision = "ledger_0001"
branch_labels = None
depends_on = None

FACTS = ("site_id", "session_id", "seq", "wall_us", "monotonic_us", "boot", "fact", "hash")


def upgrade() -> None:
    """New tables, then what there is, then the triggers."""
    op.create_table(
        "statement_lines",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("mentorship_id", sa.Text(), nullable=False),
        sa.Column("mentor_id", sa.Text(), nullable=False),
        sa.Column("mentee_id", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("kid", sa.Text(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.Column("bill", sa.LargeBinary(), nullable=False),
        sa.Column("settled_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint(
            "site_id", "session_id", "revision", name=op.f("pk_statement_lines")
        ),
    )
    for side in ("mentor_id", "mentee_id"):
        op.create_index(
            op.f(f"ix_statement_lines_site_id_{side}_at_us"),
            "statement_lines",
            ["site_id", side, "at_us"],
        )
    op.create_table(
        "ledger_notes",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("salt", sa.LargeBinary(), nullable=False),
        sa.Column("text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("site_id", "session_id", "digest", name=op.f("pk_ledger_notes")),
    )
    connection = op.get_bind()
    recorded = _recorded(connection)
    op.drop_table("ledger_facts")
    op.create_table(
        "ledger_facts",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("wall_us", sa.BigInteger(), nullable=False),
        sa.Column("monotonic_us", sa.BigInteger(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("fact", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "session_id", "seq", name=op.f("pk_ledger_facts")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("sessions") as table:
        table.add_column(sa.Column("mentor_id", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("mentee_id", sa.Text(), nullable=False, server_default=""))
        table.add_column(sa.Column("meeting_id", sa.Text(), nullable=True))
        table.add_column(sa.Column("settlement", sa.Text(), nullable=True))
        table.add_column(sa.Column("head", sa.LargeBinary(), nullable=False, server_default=""))
    _chain(connection, recorded)
    with op.batch_alter_table("sessions") as table:
        for column in ("mentor_id", "mentee_id", "head"):
            table.alter_column(column, server_default=None)
    op.create_index(op.f("ix_sessions_site_id_meeting_id"), "sessions", ["site_id", "meeting_id"])
    keep(connection.dialect.name)


def _recorded(connection: sa.Connection) -> list[tuple[Any, list[Any]]]:
    """Every session so far with its two people and its facts."""
    found = []
    for session in connection.execute(
        sa.text("SELECT site_id, id, mentorship_id, created_us FROM sessions")
    ).all():
        roles = {
            row.role: row.person_id
            for row in connection.execute(
                sa.text(
                    "SELECT role, person_id FROM members"
                    " WHERE site_id = :site AND mentorship_id = :mentorship"
                ).bindparams(site=session.site_id, mentorship=session.mentorship_id)
            )
        }
        facts = connection.execute(
            sa.text(
                "SELECT wall_us, monotonic_us, boot, fact FROM ledger_facts"
                " WHERE site_id = :site AND session_id = :session ORDER BY seq"
            ).bindparams(site=session.site_id, session=session.id)
        ).all()
        found.append((session, [roles, facts]))
    return found


def _chain(connection: sa.Connection, recorded: list[tuple[Any, list[Any]]]) -> None:
    """As ledger/sansio/chain.py does it at this revision."""
    columns: list[sa.ColumnClause[Any]] = [sa.column(name) for name in FACTS]
    table = sa.table("ledger_facts", *columns)
    for session, (roles, facts) in recorded:
        created = msgspec.msgpack.encode(
            {
                "t": "session.created",
                "session": session.id,
                "mentorship": session.mentorship_id,
                "mentor": roles["mentor"],
                "mentee": roles["mentee"],
                "at_us": session.created_us,
            }
        )
        first = facts[0]
        rows = [(first.wall_us, first.monotonic_us, first.boot, created), *map(tuple, facts)]
        head = sha256(b"ithaca.ledger.v1\0" + session.id.encode()).digest()
        for seq, (wall_us, monotonic_us, boot, fact) in enumerate(rows, 1):
            record = msgspec.msgpack.encode([seq, wall_us, monotonic_us, boot, bytes(fact)])
            head = sha256(head + record).digest()
            connection.execute(
                sa.insert(table).values(
                    site_id=session.site_id, session_id=session.id, seq=seq, wall_us=wall_us,
                    monotonic_us=monotonic_us, boot=boot, fact=bytes(fact), hash=head,
                )
            )  # fmt: skip
        connection.execute(
            sa.text(
                "UPDATE sessions SET mentor_id = :mentor, mentee_id = :mentee, facts = :facts,"
                " head = :head WHERE site_id = :site AND id = :session"
            ).bindparams(
                mentor=roles["mentor"], mentee=roles["mentee"], facts=len(rows), head=head,
                site=session.site_id, session=session.id,
            )
        )  # fmt: skip


def keep(dialect: str) -> None:
    """From here on `ledger_facts` and `statement_lines` can only be added to."""
    for table in ("ledger_facts", "statement_lines"):
        if dialect == "sqlite":
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
                    f" BEGIN SELECT RAISE(ABORT, '{table} can only be added to'); END"
                )
            # REPLACE deletes without asking the trigger above wherever recursive_triggers is off.
            key = "seq" if table == "ledger_facts" else "revision"
            op.execute(
                f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS"
                f" (SELECT 1 FROM {table} WHERE site_id = NEW.site_id AND session_id ="
                f" NEW.session_id AND {key} = NEW.{key})"
                f" BEGIN SELECT RAISE(ABORT, '{table} can only be added to'); END"
            )
        else:
            op.execute(
                f"CREATE FUNCTION {table}_keep() RETURNS trigger LANGUAGE plpgsql AS $$"
                f" BEGIN RAISE EXCEPTION '{table} can only be added to'; END $$"
            )
            op.execute(
                f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {table}_keep()"
            )
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_keep()"
            )
