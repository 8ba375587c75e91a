"""Outbox and leases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "runtime_0001"
down_revision = None
branch_labels = ("runtime",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("occurred_at_us", sa.BigInteger(), nullable=False),
        sa.Column("due_at_us", sa.BigInteger(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("done_at_us", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("site_id", "event_id", name="uq_outbox_site_id_event_id"),
    )
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["due_at_us", "id"],
        sqlite_where=sa.text("done_at_us IS NULL"),
        postgresql_where=sa.text("done_at_us IS NULL"),
    )
    op.create_index(
        "ix_outbox_done",
        "outbox",
        ["done_at_us"],
        sqlite_where=sa.text("done_at_us IS NOT NULL"),
        postgresql_where=sa.text("done_at_us IS NOT NULL"),
    )
    op.create_table(
        "leases",
        sa.Column("site_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("token", sa.BigInteger(), nullable=False),
        sa.Column("proof_us", sa.BigInteger(), nullable=False),
        sa.Column("expires_us", sa.BigInteger(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "kind", "key", name="pk_leases"),
    )
    op.create_index("ix_leases_expiry", "leases", ["kind", "expires_us"])
