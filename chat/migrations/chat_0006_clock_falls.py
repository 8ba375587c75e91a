"""Where in a conversation the clock was set back."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "chat_0006"
down_revision = "chat_0005"
branch_labels = None
depends_on = None

FALLS = """
    SELECT site_id, conversation_id, seq FROM (
        SELECT site_id, conversation_id, seq, at_us - lag(at_us) OVER (
            PARTITION BY site_id, conversation_id ORDER BY seq
        ) AS later_us FROM messages
    ) AS steps WHERE later_us < -1000000 ORDER BY seq
"""
NEWEST = """
    UPDATE conversations SET last_us = (
        SELECT at_us FROM messages WHERE messages.site_id = conversations.site_id
            AND conversation_id = conversations.id AND seq = head
    )
"""
FELL = """
    UPDATE conversations SET falls = coalesce(falls, '') || ' ' || :seq
    WHERE site_id = :site_id AND id = :id
"""


def upgrade() -> None:
    op.add_column("conversations", sa.Column("last_us", sa.BigInteger(), nullable=True))
    op.add_column("conversations", sa.Column("falls", sa.Text(), nullable=True))
    connection = op.get_bind()
    everybody = {"all_sites": "a migration is of everybody's"}
    connection.execute(sa.text(NEWEST).execution_options(**everybody))
    falls = connection.execute(sa.text(FALLS).execution_options(**everybody)).all()
    for site_id, conversation, seq in falls:
        values = {"site_id": site_id, "id": conversation, "seq": str(seq)}
        connection.execute(sa.text(FELL), values)
