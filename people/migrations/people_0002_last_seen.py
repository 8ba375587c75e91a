"""When a person was last here, and whether they keep that to themselves."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "people_0002"
down_revision = "people_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("persons", sa.Column("seen_us", sa.BigInteger(), nullable=True))
    op.add_column("persons", sa.Column("seen_hidden_us", sa.BigInteger(), nullable=True))
