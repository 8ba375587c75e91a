"""The tables of this floor: the outbox, the leases, the idempotency keys."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from runtime.database import Micros, RowId, metadata

outbox = Table(
    "outbox",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("site_id", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("topic", String, nullable=False),
    Column("payload", LargeBinary, nullable=False),
    Column("occurred_at_us", Micros, nullable=False),
    Column("due_at_us", Micros, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("done_at_us", Micros, nullable=True),
    UniqueConstraint("site_id", "event_id"),
    Index(
        "ix_outbox_waiting",
        "due_at_us",
        "id",
        sqlite_where=text("done_at_us IS NULL"),
        postgresql_where=text("done_at_us IS NULL"),
    ),
    Index(
        "ix_outbox_done",
        "done_at_us",
        sqlite_where=text("done_at_us IS NOT NULL"),
        postgresql_where=text("done_at_us IS NOT NULL"),
    ),
)

leases = Table(
    "leases",
    metadata,
    Column("site_id", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("owner", String, nullable=False),
    Column("token", BigInteger, nullable=False),
    Column("proof_us", Micros, nullable=False),
    Column("expires_us", Micros, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Index("ix_leases_expiry", "kind", "expires_us"),
)

idempotency = Table(
    "idempotency",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("actor", Text, primary_key=True),
    Column("operation", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("digest", LargeBinary, nullable=False),
    Column("result", LargeBinary, nullable=False),
    Column("at_us", Micros, nullable=False),
)
