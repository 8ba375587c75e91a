"""The ledger's way to its database: what it could not do there, the watch knows of."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import structlog

from ledger.sansio.watch import Watch
from runtime.clock import SteadyClock
from runtime.database import Database, DatabaseError, Plan

log = structlog.get_logger(__name__)

P = ParamSpec("P")
T = TypeVar("T")


class Store:
    """`nudge`: there may be something in the outbox."""

    def __init__(
        self, database: Database, clock: SteadyClock, watch: Watch, nudge: Callable[[], None]
    ) -> None:
        self._database, self._clock = database, clock
        self._watch, self._nudge = watch, nudge
        self.unusable: set[tuple[str, str]] = set()

    async def read(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        return await self._database.read(plan, *args, **kwargs)

    async def look(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Reads who is there."""
        return await self._seen(self._clock.wall_us(), self.read(plan, *args, **kwargs))

    async def keep(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Writes what nobody is told of."""
        now_us = self._clock.wall_us()
        result = await self._seen(now_us, self._database.write(plan, *args, **kwargs))
        self._watch.wrote(now_us)
        return result

    async def write(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a plan that may put facts into the outbox."""
        result = await self.keep(plan, *args, **kwargs)
        self._nudge()
        return result

    async def _seen(self, from_us: int, work: Awaitable[T]) -> T:
        """Whoever comes while the database is away is not seen."""
        try:
            return await work
        except DatabaseError:
            self._watch.lost(from_us)
            raise

    @contextmanager
    def past(self, site_id: str, of: str) -> Iterator[None]:
        """One row that cannot be used is said, once, and keeps nobody else from theirs."""
        try:
            yield
        except (DatabaseError, TimeoutError):
            raise
        except Exception as error:
            if (site_id, of) not in self.unusable:
                self.unusable.add((site_id, of))
                log.exception(
                    "this row cannot be used, and is passed over",
                    site_id=site_id,
                    of=of,
                    why=f"{type(error).__name__}: {error}",
                )
