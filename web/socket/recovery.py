"""What other nodes said may be lost with the bus between them: then this node asks the database,
and no connection is any worse for it."""

from collections.abc import Awaitable, Callable

import structlog

from runtime import outbox
from runtime.clock import Clock, wait_until_set
from runtime.database import Database, DatabaseError
from runtime.outbox import Event
from runtime.redis_bus import RedisBus
from web.socket.standings import Standings

AGAIN_S = 0.5
"""How often while nodes are apart; and once more when they are not, for what comes late."""
MARGIN_US = 15_000_000
"""How long before the last sign of whoever fell silent something may have been lost, for what takes
its time to be on record; facts are told again from there."""

log = structlog.get_logger(__name__)


class Recovery:
    """Of all connections of this node. `tell` tells what a fact means to whoever is connected;
    `heal` mends calls after nodes could not hear each other: from so long ago until so long ago."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        bus: RedisBus,
        standings: Standings,
        tell: Callable[[Event], Awaitable[None]],
        heal: Callable[[int, int], Awaitable[None]],
    ) -> None:
        self._database, self._clock, self._bus = database, clock, bus
        self._standings, self._tell, self._heal = standings, tell, heal
        self._told: set[int] = set()
        self._since_us: int | None = None

    async def run(self) -> None:
        """Looks after every loss, until cancelled."""
        changed, losses, again = self._bus.watch(), self._bus.losses, False
        lost = False  # not only silent: what has died said nothing that others did not hear
        lost_us: int | None = None  # by the monotonic clock, since the last time all was mended
        while True:
            soon = again or self._bus.apart
            await wait_until_set(changed, self._clock, AGAIN_S if soon else None)
            changed.clear()
            lost = lost or self._bus.away or losses != self._bus.losses
            again, losses = self._bus.apart or losses != self._bus.losses, self._bus.losses
            now_us, silence_us = self._clock.monotonic_us(), self._bus.silence_us
            lost_us = now_us - silence_us if lost_us is None else lost_us
            if self._since_us is None:
                self._since_us = self._clock.wall_us() - silence_us - MARGIN_US
            try:
                await self.catch_up()
                if not again:
                    now_us = self._clock.monotonic_us()
                    if lost:
                        await self._heal(now_us - lost_us, now_us - self._bus.lost_us)
                    self._told, lost_us, lost = set(), None, False
                    if not changed.is_set():
                        self._since_us = None
            except DatabaseError as error:
                log.warning("recovery waits for the database", error=type(error).__name__)
                again = True
            except Exception:
                log.exception("recovery failed; it is tried again")
                again = True

    async def catch_up(self) -> None:
        """Brings every connection up to date: its conversations, then whatever has happened."""
        await self._standings.all()
        now_us = self._clock.wall_us()
        since_us = now_us - MARGIN_US if self._since_us is None else self._since_us
        facts = await self._database.read(outbox.done_since, since_us)
        for fact in facts:
            if fact.id not in self._told:
                try:
                    with self._bus.only_here():
                        await self._tell(fact)
                except DatabaseError:
                    raise
                except Exception:
                    log.exception("a fact could not be told", site_id=fact.site_id, id=fact.id)
                self._told.add(fact.id)
        self._told &= {fact.id for fact in facts}
        self._since_us = now_us - MARGIN_US
