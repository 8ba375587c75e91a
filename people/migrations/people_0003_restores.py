"""When a site was last put back to what a backup held."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "people_0003"
down_revision = "people_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "restores",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", name=op.f("pk_restores")),
    )
