"""The one MetaData of the product and the column types that both engines share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, Integer, MetaData
from sqlalchemy.dialects.postgresql import insert

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Micros = BigInteger
"""Microseconds since the Unix epoch (UTC)."""

RowId = BigInteger().with_variant(Integer, "sqlite")
"""An ever-growing integer primary key: SQLite grants one only to the type INTEGER."""


def read_by(read: Callable[[Any], object]) -> dict[str, Any]:
    """The `info` of a column whose values are made into something else later. `read` raises for
    what cannot be: each value of a database that is restored is read so once."""
    return {"read": read}


def names(table: str) -> dict[str, Any]:
    """The `info` of a column with ids of another table, that of another room perhaps: each must be
    in it when a database is restored."""
    return {"names": table}


DERIVED = "derived"
"""In the `info` of a table that follows from others, and is made again from them when it is empty:
it is in no backup."""

# SQLAlchemy's PostgreSQL insert (ON CONFLICT DO NOTHING / DO UPDATE, excluded) compiles to the
# same SQL on SQLite as long as the conflict target is named by index_elements, not by constraint.
__all__ = ["DERIVED", "Micros", "RowId", "insert", "metadata", "names", "read_by"]
