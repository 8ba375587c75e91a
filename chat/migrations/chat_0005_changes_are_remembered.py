"""Changes that leave no version are known when they are sent again, and what was deleted is."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "chat_0005"
down_revision = "chat_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("messages", sa.Column("trace", sa.Integer(), nullable=True))
    op.create_table(
        "message_changes",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("change_id", sa.Text(), nullable=False),
        sa.Column("trace", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id", "conversation_id"],
            ["conversations.site_id", "conversations.id"],
            name=op.f("fk_message_changes_site_id_conversation_id_conversations"),
        ),
        sa.PrimaryKeyConstraint(
            "site_id",
            "conversation_id",
            "person_id",
            "change_id",
            name=op.f("pk_message_changes"),
        ),
        sqlite_with_rowid=False,
    )
