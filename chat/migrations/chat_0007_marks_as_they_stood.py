"""How far somebody had got when the other was to hear no more of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "chat_0007"
down_revision = "chat_0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("kept_seq", "kept_delivered"):
        op.add_column("reads", sa.Column(name, sa.Integer(), nullable=True))
