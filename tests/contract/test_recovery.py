"""What was not heard is told from the database, however late that is noticed."""

from __future__ import annotations

import asyncio
from typing import Any, cast

from runtime.database import Database, Plan
from runtime.outbox import Dispatcher, Event, put
from runtime.redis_bus import RedisBus
from tests.support.clock import ManualClock
from web.socket.hub import Hub
from web.socket.recovery import Recovery
from web.socket.standings import Standings

TEN_MINUTES_S = 600


async def test_facts_are_told_from_when_the_silent_were_last_heard(database: Database) -> None:
    """Mutant: from a while before it was noticed."""
    clock = ManualClock()

    def revoked() -> Plan[None]:
        yield put("site", "revoked", "access.revoked", b"", clock.wall_us())

    await database.write(revoked)
    await Dispatcher(database, clock, {}).deliver()  # on a node that nobody hears
    bus = RedisBus("unix:///nowhere", "test", "one", clock)
    bus.expect(["lone"], clock.monotonic_us())
    await clock.advance(TEN_MINUTES_S)
    told: asyncio.Queue[str] = asyncio.Queue()

    async def tell(event: Event) -> None:
        told.put_nowait(event.event_id)

    async def heal(from_ago_us: int, to_ago_us: int) -> None:
        raise AssertionError("they are apart")

    nobody = Standings(cast(Any, None), cast(Any, None), clock, Hub())
    running = asyncio.create_task(Recovery(database, clock, bus, nobody, tell, heal).run())
    await clock.slept_on()
    await clock.advance(1)
    async with asyncio.timeout(20):
        assert await told.get() == "revoked"
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
