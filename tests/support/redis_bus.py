"""Nodes' buses over a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

from runtime.clock import Clock, SystemClock
from runtime.redis_bus import RedisBus
from tests.support.redis import RedisServer

GUARD_S = 20.0
_numbers = count(1)


async def until_lost(bus: RedisBus, losses: int, *, away: bool = False) -> None:
    """Returns once the bus has lost something more often than that, and speaks with Redis or,
    `away`, does not."""
    changed = bus.watch()
    async with asyncio.timeout(GUARD_S):
        while bus.losses <= losses or bus.away is not away:
            changed.clear()
            await changed.wait()


@asynccontextmanager
async def spoken_over(
    server: RedisServer, namespace: str = "", clock: Clock | None = None
) -> AsyncIterator[RedisBus]:
    """A node's bus that speaks with Redis."""
    number = next(_numbers)
    name = namespace or f"test-{number}"
    bus = RedisBus(server.url, name, f"node-{number}", clock or SystemClock())
    speaking = asyncio.create_task(bus.run())
    try:
        await until_lost(bus, 0)
        yield bus
    finally:
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)
