"""Plans: transactions without I/O, and the errors a database can answer with."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from typing import Any, ParamSpec, Protocol, TypeAlias, TypeVar

from sqlalchemy import Connection, Executable, Row

from runtime.database.prepared import Bound

T = TypeVar("T")
P = ParamSpec("P")

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
Rows: TypeAlias = Sequence[AnyRow]
Statement: TypeAlias = Executable | Bound | tuple[Executable, Sequence[Mapping[str, Any]]]
"""A SQLAlchemy Core statement, a prepared one with its values, or one with a list of parameter sets
(executemany, no rows)."""

Plan: TypeAlias = Generator[Statement, Rows, T]
"""A transaction as a generator: yields statements, is sent their rows, returns its result."""

OnStatement: TypeAlias = Callable[[str, Mapping[str, Any]], None]
"""Sees every statement's SQL and execution options before it runs; may raise to refuse it."""

OnFatal: TypeAlias = Callable[[BaseException], None]


_ESSENTIAL = "essential"


def essential(plan: Callable[P, Plan[T]]) -> Callable[P, Plan[T]]:
    """Marks a plan that is written down even when the disk is full, from what is kept back for it:
    what runs must be able to end, and its time to be on record."""
    vars(plan)[_ESSENTIAL] = True
    return plan


def is_essential(plan: Callable[P, Plan[T]]) -> bool:
    return getattr(plan, _ESSENTIAL, False)


_HURRIED = "hurried"


def hurried(plan: Callable[P, Plan[T]]) -> Callable[P, Plan[T]]:
    """Marks a plan that waits for what another transaction holds no longer than a moment: then it
    is refused with DatabaseBusy."""
    vars(plan)[_HURRIED] = True
    return plan


def is_hurried(plan: Callable[P, Plan[T]]) -> bool:
    return getattr(plan, _HURRIED, False)


class DatabaseError(Exception):
    """The database could not do its work; nothing of the plan is acknowledged."""


class DatabaseUnavailable(DatabaseError):
    """No connection, a lost connection, a lock not granted in time, or closed: try again later."""


class DatabaseBusy(DatabaseUnavailable):
    """Another transaction holds what the plan needs, and held it for longer than plans wait."""


class DatabaseTaken(DatabaseError):
    """Another server works on this database."""


class StorageFull(DatabaseError):
    """The disk is full: nothing of the plan was kept."""


class DatabaseFailed(DatabaseError):
    """The storage answered with an I/O error: what it holds is unknown until a restart."""


class Database(Protocol):
    """Runs plans. The same plan runs on every engine.

    An exception raised inside a plan rolls back that plan alone and reaches the caller. A failed
    statement ends its plan (PostgreSQL aborts the transaction): use ON CONFLICT instead of
    catching. A plan may run more than once (conflicts are retried): it decides from its arguments
    and from rows only.
    """

    in_turn: bool
    """Whether plans that write run one after the other, as they came."""

    async def read(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a plan on one read-only snapshot."""
        ...

    async def write(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a plan in one transaction; returns only after the commit is on disk."""
        ...

    async def exclusive(self, work: Callable[[Connection], T]) -> T:
        """Run synchronous schema work in one transaction of its own, foreign keys unenforced."""
        ...

    async def close(self) -> None:
        """Finish what was accepted, then let go of every connection and thread."""
        ...


def only(statement: Statement) -> Plan[Rows]:
    """The plan of a single statement: its rows."""
    return (yield statement)
