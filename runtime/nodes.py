"""Who else serves from this database: each node has a lease there, and what it says of itself
reaches the others over the bus; while not all of them hear each other there, with the lease."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

import msgspec
import structlog

from runtime import leases, roster
from runtime.bus import GAP
from runtime.clock import Clock, wait_until_set
from runtime.database import Database, DatabaseError, Plan
from runtime.redis_bus import RedisBus
from runtime.roster import Roster

KIND = "node"
TTL_US = 6_000_000
"""After so long without a sign of life a node is dead."""
LOOK_S, LOOK_APART_S = 2.0, 0.5
FORGET_US = 60_000_000
NUDGE = "outbox"
"""The topic on which a node says that there is something in the outbox."""

log = structlog.get_logger(__name__)


class Nodes:
    """This node among the others. `nudged` hears that one of them put something into the outbox, or
    may have: while they are apart nobody can say so."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        bus: RedisBus,
        known: Roster,
        nudged: Callable[[], None],
    ) -> None:
        self._database, self._clock, self._bus = database, clock, bus
        self._roster, self._nudged = known, nudged
        self._alive: set[str] = set()
        self._heard_us: dict[str, int] = {}
        self._looked_us: int | None = None
        self._judges_from_us = 0

    async def run(self) -> None:
        """Speaks with the others until cancelled."""
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._listen())
                tasks.create_task(self._look_again())
        finally:
            await self.leave()

    async def _listen(self) -> None:
        subscription = self._bus.subscribe(limit=10_000)
        subscription.add(roster.TOPIC)
        subscription.add(NUDGE)
        while True:
            item = await subscription.get()
            if item is GAP:
                continue  # the next beat tells what is missing
            if item.topic == NUDGE:
                self._nudged()
                continue
            self.heard(item.payload)

    def heard(self, said: bytes) -> None:
        """Something that came over the bus."""
        self._heard_us[self._hear(said)] = self._clock.monotonic_us()

    def _hear(self, said: bytes) -> str:
        """Which node it is about."""
        try:
            return self._roster.hear(said)
        except msgspec.MsgspecError:
            log.warning("a node says what this one does not understand")
            return ""

    async def _look_again(self) -> None:
        changed = self._bus.watch()
        while True:
            changed.clear()
            if self._bus.apart:
                self._nudged()
            try:
                await self.look()
            except DatabaseError as error:
                log.warning("nodes.waiting", error=type(error).__name__)
            if not self._bus.away:  # a beat that nobody hears is nothing that anybody misses
                self._roster.beat()
            seconds = LOOK_APART_S if self._bus.apart else LOOK_S
            await wait_until_set(changed, self._clock, seconds)

    async def look(self) -> None:
        """Says in the database that this node lives, and looks which others do."""
        data = self._roster.whole if self._bus.apart else b""
        now_us = self._clock.wall_us()
        found = await self._database.write(_looked, self._roster.node, data, now_us)
        living = {lease.key for lease in found if lease.expires_us > now_us}
        for lease in found:
            if lease.key in living and lease.data:
                self._hear(lease.data)
        # While the database was away nobody could say so there; who came then is seen late.
        mono_us = came_us = self._clock.monotonic_us()
        if self._looked_us is not None and mono_us - self._looked_us > TTL_US // 2:
            self._judges_from_us, came_us = mono_us + TTL_US, self._looked_us
        self._looked_us = mono_us
        self._bus.expect(living, came_us)
        # Who cannot reach the database, but is heard over the bus, lives; who left has no lease.
        heard_us = {each.key: self._heard_us.get(each.key, -TTL_US) for each in found}
        for name in self._roster.others:
            silent = mono_us >= heard_us.get(name, -TTL_US) + TTL_US
            if name not in living and silent and mono_us >= self._judges_from_us:
                self._roster.gone(name)
        for name in self._alive ^ living:
            log.info("node.came" if name in living else "node.gone", node=name)
        self._alive = living

    async def leave(self) -> None:
        """It serves no longer."""
        with contextlib.suppress(DatabaseError):  # then it lapses
            await self._database.write(_left, self._roster.node)


def _looked(node: str, data: bytes, now_us: int) -> Plan[list[leases.Lease]]:
    yield from leases.acquire("", KIND, node, node, data, now_us, TTL_US)
    others = [lease for lease in (yield from leases.all_of(KIND)) if lease.key != node]
    for lease in others:
        if lease.expires_us + FORGET_US < now_us:
            yield from leases.release("", KIND, lease.key, lease.owner, lease.token, now_us)
    return others


def _left(node: str) -> Plan[None]:
    lease = yield from leases.held("", KIND, node)
    if lease is not None:
        yield from leases.release("", KIND, node, node, lease.token)
