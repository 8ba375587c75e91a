"""Durable facts to those who act on them: written with their cause, delivered at least once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import structlog
from sqlalchemy import Executable, bindparam, delete, func, select, update

from runtime import leases
from runtime.clock import Clock, wait_until_set
from runtime.database import Database, DatabaseError, Plan, essential, insert
from runtime.tables import outbox

POLL_S = 5.0
BATCH = 100
BACKOFF_FIRST_US = 1_000_000
BACKOFF_MOST_US = 600_000_000
KEEP_DONE_US = 86_400_000_000
SWEEP_EVERY_US = 3_600_000_000
TURN = "outbox"
TURN_TTL_US = 10_000_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Event:
    """`attempts`: how often it was tried before; the same `event_id` every time."""

    id: int
    site_id: str
    event_id: str
    topic: str
    payload: bytes
    occurred_at_us: int
    attempts: int


Handler: TypeAlias = Callable[[Event], Awaitable[None]]
"""Must bear the same event twice: when one handler of a topic fails, all see it again."""


def put(
    site_id: str,
    event_id: str,
    topic: str,
    payload: bytes,
    occurred_at_us: int,
    due_at_us: int | None = None,
) -> Executable:
    """The statement to yield in the plan that makes it true; the same event id again is nothing.

    `due_at_us`: not delivered before; by default at once, whatever the wall clock does.
    """
    return (
        insert(outbox)
        .values(
            site_id=site_id,
            event_id=event_id,
            topic=topic,
            payload=payload,
            occurred_at_us=occurred_at_us,
            due_at_us=0 if due_at_us is None else due_at_us,
            attempts=0,
            done_at_us=None,
        )
        .on_conflict_do_nothing(index_elements=["site_id", "event_id"])
    )


def backoff_us(attempts: int) -> int:
    """How long to wait after the attempt of this number (1: the first): doubling, to 10 minutes."""
    return min(BACKOFF_FIRST_US << min(attempts - 1, 32), BACKOFF_MOST_US)


class Later(Exception):
    """Raised by a handler for which it is too early: it is asked again, as if it had failed."""


class Turn(Protocol):
    """Of several nodes one delivers at a time: who is it?"""

    owner: str

    def pass_on(self) -> None:
        """It is another's turn, and there is something to deliver."""
        ...


class Dispatcher:
    """Delivers events in the order of their ids; one that fails waits while the rest goes on."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        handlers: Mapping[str, Sequence[Handler]],
        turn: Turn | None = None,
    ) -> None:
        """`handlers`: by topic. A topic without any has nobody to tell: its events are done.
        `turn`: there are other nodes."""
        self._database = database
        self._clock = clock
        self._handlers = handlers
        self._turn = turn
        self._own = False
        self._nudged = asyncio.Event()
        self._delivering = asyncio.Lock()
        self._swept_at_us: int | None = None

    def nudge(self) -> None:
        """Something was committed: look now rather than at the next poll."""
        self._own = True
        self._nudged.set()

    def nudged_by_another(self) -> None:
        """The same, on another node: whose turn it is has been told."""
        self._nudged.set()

    async def run(self) -> None:
        """Deliver until cancelled. Outlives a database that is away or full."""
        try:
            await self._run()
        finally:
            if self._turn is not None:
                with contextlib.suppress(DatabaseError):  # then it lapses
                    await self._database.write(_give_up, self._turn.owner)

    async def _run(self) -> None:
        while True:
            self._nudged.clear()
            try:
                next_us = await self.deliver()
                await self._sweep()
            except DatabaseError as error:
                log.warning("outbox.waiting", error=str(error))
                next_us = None
            wait_s = POLL_S
            if next_us is not None:
                wait_s = min(POLL_S, (next_us - self._clock.wall_us()) / 1_000_000)
            await wait_until_set(self._nudged, self._clock, wait_s)

    async def deliver(self) -> int | None:
        """Deliver all that is due; returns when the next is (microseconds), None for nothing."""
        async with self._delivering:
            while True:
                now_us = self._clock.wall_us()
                if self._turn is None:
                    events, next_us = await self._database.read(_due, now_us)
                else:
                    mine = await self._database.write(_due_in_turn, self._turn.owner, now_us)
                    own, self._own = self._own, False
                    if mine is None:
                        if own:
                            self._turn.pass_on()
                        return None
                    events, next_us = mine
                if not events:
                    return next_us
                failed = [event for event in events if not await self._deliver(event)]
                await self._database.write(_settle, events, failed, self._clock.wall_us())

    async def _deliver(self, event: Event) -> bool:
        try:
            for handler in self._handlers.get(event.topic, ()):
                await handler(event)
        except Later as why:
            log.info("outbox.later", event_id=event.event_id, topic=event.topic, why=str(why))
            return False
        except Exception as error:
            log.warning(
                "outbox.retry",
                site_id=event.site_id,
                event_id=event.event_id,
                topic=event.topic,
                attempts=event.attempts + 1,
                exc_info=error,
            )
            return False
        return True

    async def _sweep(self) -> None:
        now_us = self._clock.wall_us()
        if self._swept_at_us is None or now_us - self._swept_at_us >= SWEEP_EVERY_US:
            await self._database.write(_forget_done, now_us - KEEP_DONE_US)
            self._swept_at_us = now_us


_EVENT = (
    outbox.c.id,
    outbox.c.site_id,
    outbox.c.event_id,
    outbox.c.topic,
    outbox.c.payload,
    outbox.c.occurred_at_us,
    outbox.c.attempts,
)


def latest() -> Plan[int]:
    """When the newest event is said to have happened; 0 without any. What was put for later and was
    not tried yet is still to happen."""
    still_to_happen = (
        outbox.c.done_at_us.is_(None) & (outbox.c.due_at_us > 0) & (outbox.c.attempts == 0)
    )
    rows = yield (
        select(outbox.c.occurred_at_us)
        .where(~still_to_happen)
        .order_by(outbox.c.id.desc())
        .limit(1)
        .execution_options(all_sites="a clock is not set back behind what any site has on record")
    )
    return rows[0][0] if rows else 0


def _due(now_us: int) -> Plan[tuple[list[Event], int | None]]:
    """The next batch, and without one when the next event is due."""
    waiting = outbox.c.done_at_us.is_(None)
    rows = yield (
        select(*_EVENT)
        .where(waiting, outbox.c.due_at_us <= now_us)
        .order_by(outbox.c.id)
        .limit(BATCH)
        .execution_options(all_sites="one dispatcher serves every site")
    )
    if rows:
        return [Event(**row._mapping) for row in rows], None
    rows = yield (
        select(func.min(outbox.c.due_at_us))
        .where(waiting)
        .execution_options(all_sites="one dispatcher serves every site")
    )
    next_us: int | None = rows[0][0]
    return [], next_us


def _due_in_turn(owner: str, now_us: int) -> Plan[tuple[list[Event], int | None] | None]:
    """The same; None while another node delivers."""
    if (yield from leases.acquire("", TURN, "", owner, b"", now_us, TURN_TTL_US)) is None:
        return None
    return (yield from _due(now_us))


def _give_up(owner: str) -> Plan[None]:
    lease = yield from leases.held("", TURN, "")
    if lease is not None:
        yield from leases.release("", TURN, "", owner, lease.token)


def done_since(since_us: int) -> Plan[list[Event]]:
    """What was delivered since then, here or elsewhere, in the order of the ids."""
    rows = yield (
        select(*_EVENT)
        .where(outbox.c.done_at_us >= since_us)
        .order_by(outbox.c.id)
        .execution_options(all_sites="a node catches up for every site")
    )
    return [Event(**row._mapping) for row in rows]


@essential
def _settle(events: Sequence[Event], failed: Sequence[Event], now_us: int) -> Plan[None]:
    again = {event.id for event in failed}
    row = (
        update(outbox)
        .where(outbox.c.site_id == bindparam("at_site"), outbox.c.id == bindparam("at_id"))
        .values(attempts=outbox.c.attempts + 1)
    )
    yield (
        row.values(done_at_us=now_us),
        [
            {"at_site": event.site_id, "at_id": event.id}
            for event in events
            if event.id not in again
        ],
    )
    yield (
        row.values(due_at_us=bindparam("next_due")),
        [
            {
                "at_site": event.site_id,
                "at_id": event.id,
                "next_due": now_us + backoff_us(event.attempts + 1),
            }
            for event in failed
        ],
    )


@essential
def _forget_done(before_us: int) -> Plan[None]:
    yield (
        delete(outbox)
        .where(outbox.c.done_at_us < before_us)
        .execution_options(all_sites="what was delivered is forgotten for every site alike")
    )
