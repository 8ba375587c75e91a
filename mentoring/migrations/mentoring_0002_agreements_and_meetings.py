"""What the two agree on, which can only be added to, and when they meet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "mentoring_0002"
down_revision = "mentoring_0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "agreements",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("mentorship_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("terms", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.Text(), nullable=False),
        sa.Column("proposed_us", sa.BigInteger(), nullable=False),
        sa.Column("asked_from_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["site_id", "mentorship_id"],
            ["mentorships.site_id", "mentorships.id"],
            name=op.f("fk_agreements_site_id_mentorship_id_mentorships"),
        ),
        sa.PrimaryKeyConstraint("site_id", "mentorship_id", "version", name=op.f("pk_agreements")),
    )
    op.create_table(
        "agreement_answers",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("mentorship_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("valid_from_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["site_id", "mentorship_id", "version"],
            ["agreements.site_id", "agreements.mentorship_id", "agreements.version"],
            name=op.f("fk_agreement_answers_site_id_mentorship_id_version_agreements"),
        ),
        sa.PrimaryKeyConstraint(
            "site_id", "mentorship_id", "version", name=op.f("pk_agreement_answers")
        ),
    )
    op.create_table(
        "meetings",
        sa.Column("site_id", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("mentorship_id", sa.Text(), nullable=False),
        sa.Column("start_us", sa.BigInteger(), nullable=False),
        sa.Column("length_us", sa.BigInteger(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("told_us", sa.BigInteger(), nullable=False),
        sa.Column("told_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["site_id", "mentorship_id"],
            ["mentorships.site_id", "mentorships.id"],
            name=op.f("fk_meetings_site_id_mentorship_id_mentorships"),
        ),
        sa.PrimaryKeyConstraint("site_id", "id", name=op.f("pk_meetings")),
    )
    op.create_index(
        op.f("ix_meetings_site_id_mentorship_id_start_us"),
        "meetings",
        ["site_id", "mentorship_id", "start_us"],
        unique=False,
    )
    _keep(op.get_bind().dialect.name)


def _keep(dialect: str) -> None:
    """From here on what was agreed can only be added to."""
    for table in ("agreements", "agreement_answers"):
        if dialect == "sqlite":
            for verb in ("UPDATE", "DELETE"):
                op.execute(
                    f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table}"
                    f" BEGIN SELECT RAISE(ABORT, '{table} can only be added to'); END"
                )
            # REPLACE deletes without asking the trigger above wherever recursive_triggers is off.
            op.execute(
                f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS"
                f" (SELECT 1 FROM {table} WHERE site_id = NEW.site_id AND mentorship_id ="
                f" NEW.mentorship_id AND version = NEW.version)"
                f" BEGIN SELECT RAISE(ABORT, '{table} can only be added to'); END"
            )
        else:
            op.execute(
                f"CREATE FUNCTION {table}_keep() RETURNS trigger LANGUAGE plpgsql AS $$"
                f" BEGIN RAISE EXCEPTION '{table} can only be added to'; END $$"
            )
            op.execute(
                f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}"
                f" FOR EACH ROW EXECUTE FUNCTION {table}_keep()"
            )
            op.execute(
                f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}"
                f" FOR EACH STATEMENT EXECUTE FUNCTION {table}_keep()"
            )
