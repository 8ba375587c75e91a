"""Whose messages a conversation takes no more, and why."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "chat_0004"
down_revision = "chat_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("conversations", sa.Column("shut", sa.Text(), nullable=True))
