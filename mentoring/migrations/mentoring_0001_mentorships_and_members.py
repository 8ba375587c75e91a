"""Mentorships and their members."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "mentoring_0001"
down_revision = None
branch_labels = ("mentoring",)
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mentorships",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("room_id", sa.Text(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_mentorships")),
        sa.UniqueConstraint(
            "site_id", "conversation_id", name=op.f("uq_mentorships_site_id_conversation_id")
        ),
        sa.UniqueConstraint("site_id", "room_id", name=op.f("uq_mentorships_site_id_room_id")),
    )
    op.create_table(
        "members",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("mentorship_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id", "mentorship_id"],
            ["mentorships.site_id", "mentorships.id"],
            name=op.f("fk_members_site_id_mentorship_id_mentorships"),
        ),
        sa.PrimaryKeyConstraint("site_id", "mentorship_id", "person_id", name=op.f("pk_members")),
    )
    op.create_index(
        op.f("ix_members_site_id_person_id"), "members", ["site_id", "person_id"], unique=False
    )
