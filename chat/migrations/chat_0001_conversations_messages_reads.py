"""Conversations, messages, read marks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "chat_0001"
down_revision = None
branch_labels = ("chat",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "conversations",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("head", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_conversations")),
    )
    op.create_table(
        "messages",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("client_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "conversation_id", "seq", name=op.f("pk_messages")),
        sa.UniqueConstraint(
            "site_id",
            "conversation_id",
            "person_id",
            "client_id",
            name=op.f("uq_messages_site_id_conversation_id_person_id_client_id"),
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reads",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "conversation_id", "person_id", name=op.f("pk_reads")),
    )
