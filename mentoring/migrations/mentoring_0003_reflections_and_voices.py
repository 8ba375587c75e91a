"""What was said after sessions, and who spoke in them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "mentoring_0003"
down_revision = "mentoring_0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "talks",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("mentorship_id", sa.Text(), nullable=False),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["site_id", "mentorship_id"],
            ["mentorships.site_id", "mentorships.id"],
            name=op.f("fk_talks_site_id_mentorship_id_mentorships"),
        ),
        sa.PrimaryKeyConstraint("site_id", "session_id", name=op.f("pk_talks")),
    )
    op.create_index(
        op.f("ix_talks_site_id_mentorship_id_session_id"),
        "talks",
        ["site_id", "mentorship_id", "session_id"],
    )
    op.create_table(
        "reflections",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("useful", sa.Text(), nullable=False),
        sa.Column("next", sa.Text(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=True),
        sa.Column("private", sa.Text(), nullable=False),
        sa.Column("saved_us", sa.BigInteger(), nullable=True),
        sa.Column("answered_us", sa.BigInteger(), nullable=True),
        sa.Column("shared_us", sa.BigInteger(), nullable=True),
        sa.Column("dismissed_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["site_id", "session_id"],
            ["talks.site_id", "talks.session_id"],
            name=op.f("fk_reflections_site_id_session_id_talks"),
        ),
        sa.PrimaryKeyConstraint("site_id", "session_id", "person_id", name=op.f("pk_reflections")),
    )
    op.create_index(
        op.f("ix_reflections_site_id_person_id"), "reflections", ["site_id", "person_id"]
    )
    op.create_table(
        "voices",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("session_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("minute", sa.Integer(), nullable=False),
        sa.Column("slots", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id", "session_id"],
            ["talks.site_id", "talks.session_id"],
            name=op.f("fk_voices_site_id_session_id_talks"),
        ),
        sa.PrimaryKeyConstraint(
            "site_id", "session_id", "person_id", "minute", name=op.f("pk_voices")
        ),
    )
    op.create_index(op.f("ix_voices_site_id_person_id"), "voices", ["site_id", "person_id"])
