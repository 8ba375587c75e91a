"""Many calls at once on a virtual clock, over a real ledger and a real database: pages that behave
as web/client does, lies and faults drawn from a seed."""

from __future__ import annotations

import asyncio
import heapq
import random
from collections.abc import Awaitable, Callable, Sequence
from itertools import count

from ledger.sansio.intervals import Interval
from ledger.sansio.session import Apply
from ledger.service import Ledger
from runtime.database import Database, Plan
from runtime.ids import Ids
from tests.support.clock import ManualClock
from tests.support.ledger import SECOND, name
from tests.support.simulation.page import HOUR
from tests.support.simulation.room import Room
from tests.support.simulation.server import Server

SLOT_US = SECOND // 10
"""What happens happens on this grid: so much of it happens at once."""


class World:
    """Rooms, and what befalls the server: killed, its clock set, its disk refusing."""

    def __init__(self, database: Database, seed: int, rooms: int, numbered_from: int = 1) -> None:
        self.database, self.seed, self.dice = database, seed, random.Random(seed)
        self.clock = ManualClock()
        self.begin_us = self.clock.wall_us()
        self.ids = Ids(self.clock, self.dice.randbytes)
        self.refusing = False
        self.refused: list[Interval] = []
        self.kills: list[Interval] = []
        self.stepped = False
        self.servers: list[Server] = []
        self.server: Server | None = None
        self._order = count()
        self._due: list[tuple[int, int, Callable[[], Awaitable[None]]]] = []
        self.rooms = [Room(self, number) for number in range(numbered_from, numbered_from + rooms)]
        self._by_mentorship = {room.mentorship: room for room in self.rooms}
        self.story: list[str] = []
        self._plan()

    @property
    def ledger(self) -> Ledger:
        assert self.server is not None
        return self.server.ledger

    @property
    def now_us(self) -> int:
        """What really passes."""
        return self.clock.monotonic_us()

    async def members(self, site_id: str, mentorship: str) -> Sequence[str]:
        return tuple(self._by_mentorship[mentorship].people.values())

    def agreed(self, site_id: str, mentorship: str, at_us: int) -> Plan[Apply]:
        yield from ()
        room = self._by_mentorship[mentorship]
        if room.meeting is None:
            return Apply(1, room.terms)
        return Apply(1, room.terms, name("mtg", room.number), *room.meeting)

    # ---- time -----------------------------------------------------------------------------------

    def at(self, at_us: int, do: Callable[[], Awaitable[None]]) -> None:
        at_us = -(-max(at_us, self.now_us + 1) // SLOT_US) * SLOT_US
        heapq.heappush(self._due, (at_us, next(self._order), do))

    def later(self, in_us: int, do: Callable[[], Awaitable[None]]) -> None:
        self.at(self.now_us + in_us, do)

    def soon(self, do: Callable[[], Awaitable[None]]) -> None:
        """After the way through a network."""
        self.later(self.dice.randrange(1, 4) * SLOT_US, do)

    def every(self, us: int, do: Callable[[], Awaitable[None]], while_: Callable[[], bool]) -> None:
        async def again() -> None:
            if while_():
                self.later(us, again)
                await do()

        self.later(0, again)

    # ---- what befalls the server ----------------------------------------------------------------

    def _plan(self) -> None:
        dice = self.dice
        for _ in range(dice.choice((0, 1, 1, 2))):
            at_us = dice.randrange(5 * SECOND, dice.choice((50, 200)) * SECOND)
            away_us = dice.choice((SECOND, 5 * SECOND, 15 * SECOND, 40 * SECOND))
            step_us = dice.choice((0, 0, HOUR, -HOUR))
            self.story.append(f"killed at {at_us} for {away_us}, clock set by {step_us}")
            self.stepped |= step_us != 0
            self.kills.append((at_us, at_us + away_us))
            self.at(at_us, self._killer(step_us))
            self.at(at_us + away_us, self._start)
        if dice.random() < 0.5:
            step_us, at_us = dice.choice((HOUR, -HOUR)), dice.randrange(200 * SECOND)
            self.story.append(f"clock set by {step_us} at {at_us}")
            self.stepped = True
            self.at(at_us, self._stepper(step_us))
        if dice.random() < 0.4:
            at_us, for_us = dice.randrange(30 * SECOND, 200 * SECOND), dice.randrange(15 * SECOND)
            self.story.append(f"disk refuses at {at_us} for {for_us}")
            self.refused.append((at_us, at_us + for_us))
            for on, when_us in ((True, at_us), (False, at_us + for_us)):
                self.at(when_us, self._refuser(on))

    def _killer(self, step_us: int) -> Callable[[], Awaitable[None]]:
        async def kill() -> None:
            if self.server is not None:
                self.server.kill()
                self.server = None
            self.clock.step_wall(step_us)

        return kill

    def _stepper(self, step_us: int) -> Callable[[], Awaitable[None]]:
        async def step() -> None:
            self.clock.step_wall(step_us)

        return step

    def _refuser(self, on: bool) -> Callable[[], Awaitable[None]]:
        async def refuse() -> None:
            self.refusing = on

        return refuse

    async def _start(self) -> None:
        if self.server is None:
            self.server = Server(self)
            self.servers.append(self.server)
            await self.server.start()

    # ---- the run --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Until every page is done, and for as long again as sessions stay open."""
        await self._start()
        while not all(page.done for room in self.rooms for page in room.pages) or (
            self.now_us < 300 * SECOND
        ):
            await self._slot()
        for room in self.rooms:
            room.look(self.now_us)
        assert self.server is not None
        server = self.server
        for _ in range(4):  # over by the machine's clock, whatever it was set to
            await server.ledger.flush()
            await server.ledger.sweep()
            self.clock.skip_to(self.now_us + 700 * SECOND)
        await server.ledger.sweep()
        if any(room.meeting for room in self.rooms):
            self.clock.skip_to(self.now_us + 2 * HOUR)
            await server.ledger.sweep()

    async def _slot(self) -> None:
        at_us = self._due[0][0]
        self.clock.skip_to(at_us)
        now: list[Awaitable[None]] = []
        while self._due and self._due[0][0] == at_us:
            now.append(heapq.heappop(self._due)[2]())
        await asyncio.gather(*now)
        for room in self.rooms:
            room.look(self.now_us)
