"""How a reported message read before it was edited."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "mentoring_0005"
down_revision = "mentoring_0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("report_messages", sa.Column("earlier", sa.Text(), nullable=True))
