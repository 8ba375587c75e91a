"""Who left a mentorship, who blocks the other, and what was reported."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "mentoring_0004"
down_revision = "mentoring_0003"
branch_labels = None
depends_on = None


def _of_mentorship(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["site_id", "mentorship_id"],
        ["mentorships.site_id", "mentorships.id"],
        name=op.f(f"fk_{table}_site_id_mentorship_id_mentorships"),
    )


def upgrade() -> None:
    op.create_table(
        "closures",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("mentorship_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        _of_mentorship("closures"),
        sa.PrimaryKeyConstraint("site_id", "mentorship_id", name=op.f("pk_closures")),
    )
    op.create_table(
        "blocks",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("mentorship_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        _of_mentorship("blocks"),
        sa.PrimaryKeyConstraint("site_id", "mentorship_id", "person_id", name=op.f("pk_blocks")),
    )
    op.create_table(
        "reports",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("mentorship_id", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("about_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        _of_mentorship("reports"),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_reports")),
    )
    op.create_index(
        op.f("ix_reports_site_id_mentorship_id_person_id_at_us"),
        "reports",
        ["site_id", "mentorship_id", "person_id", "at_us"],
    )
    op.create_table(
        "report_messages",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("report_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id", "report_id"],
            ["reports.site_id", "reports.id"],
            name=op.f("fk_report_messages_site_id_report_id_reports"),
        ),
        sa.PrimaryKeyConstraint("site_id", "report_id", "seq", name=op.f("pk_report_messages")),
    )
