"""Sessions and their facts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "ledger_0001"
down_revision = None
branch_labels = ("ledger",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_facts",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("wall_us", sa.BigInteger(), nullable=False),
        sa.Column("monotonic_us", sa.BigInteger(), nullable=False),
        sa.Column("boot", sa.Text(), nullable=False),
        sa.Column("fact", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "session_id", "seq", name=op.f("pk_ledger_facts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "sessions",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("mentorship_id", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("started_us", sa.BigInteger(), nullable=True),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("end_reason", sa.Text(), nullable=True),
        sa.Column("facts", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_sessions")),
    )
    op.create_index(
        op.f("ix_sessions_site_id_mentorship_id_created_us"),
        "sessions",
        ["site_id", "mentorship_id", "created_us"],
        unique=False,
    )
    op.create_index(
        "uq_sessions_running",
        "sessions",
        ["site_id", "room_id"],
        unique=True,
        sqlite_where=sa.text("ended_us IS NULL"),
        postgresql_where=sa.text("ended_us IS NULL"),
    )
