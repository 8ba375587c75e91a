"""Messages change by revision: replies, edits, deletions, reactions, pins; delivery marks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "chat_0003"
down_revision = "chat_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("revision", sa.Integer(), nullable=True))
    _fill("conversations", "revision", "head")
    with op.batch_alter_table("conversations") as table:
        table.alter_column("revision", existing_type=sa.Integer(), nullable=False)

    for column in (
        sa.Column("revision", sa.Integer(), nullable=True),
        sa.Column("reply_to", sa.Integer(), nullable=True),
        sa.Column("edited_us", sa.BigInteger(), nullable=True),
        sa.Column("deleted_us", sa.BigInteger(), nullable=True),
        sa.Column("pinned_us", sa.BigInteger(), nullable=True),
        sa.Column("pinned_by", sa.Text(), nullable=True),
    ):
        op.add_column("messages", column)
    _fill("messages", "revision", "seq")
    with op.batch_alter_table("messages", table_kwargs={"sqlite_with_rowid": False}) as table:
        table.alter_column("revision", existing_type=sa.Integer(), nullable=False)
        table.create_unique_constraint(
            op.f("uq_messages_site_id_conversation_id_revision"),
            ["site_id", "conversation_id", "revision"],
        )
    op.create_index(
        "ix_messages_pinned",
        "messages",
        ["site_id", "conversation_id"],
        sqlite_where=sa.text("pinned_us IS NOT NULL"),
        postgresql_where=sa.text("pinned_us IS NOT NULL"),
    )

    op.add_column("reads", sa.Column("delivered", sa.Integer(), nullable=True))
    _fill("reads", "delivered", "seq")
    with op.batch_alter_table("reads") as table:
        table.alter_column("delivered", existing_type=sa.Integer(), nullable=False)

    op.create_table(
        "reactions",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("emoji", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id", "conversation_id", "seq"],
            ["messages.site_id", "messages.conversation_id", "messages.seq"],
            name=op.f("fk_reactions_site_id_conversation_id_seq_messages"),
        ),
        sa.PrimaryKeyConstraint(
            "site_id", "conversation_id", "seq", "person_id", "emoji", name=op.f("pk_reactions")
        ),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "message_versions",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("change_id", sa.Text(), nullable=True),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id", "conversation_id", "seq"],
            ["messages.site_id", "messages.conversation_id", "messages.seq"],
            name=op.f("fk_message_versions_site_id_conversation_id_seq_messages"),
        ),
        sa.PrimaryKeyConstraint(
            "site_id", "conversation_id", "seq", "version", name=op.f("pk_message_versions")
        ),
        sa.UniqueConstraint(
            "site_id",
            "conversation_id",
            "person_id",
            "change_id",
            name=op.f("uq_message_versions_site_id_conversation_id_person_id_change_id"),
        ),
    )


def _fill(table: str, column: str, by: str) -> None:
    statement = sa.text(f"UPDATE {table} SET {column} = {by}")
    op.get_bind().execute(statement.execution_options(all_sites="a migration is of everybody's"))
