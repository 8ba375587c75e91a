"""The zone that a person began with, once they have chosen another."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "people_0004"
down_revision = "people_0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("persons", sa.Column("zone_given", sa.Text(), nullable=True))
