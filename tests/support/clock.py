"""A clock that moves only when a test says so."""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable
from itertools import count
from typing import Any, cast

from runtime.clock import Alarm

SETTLE_TURNS = 50
"""Turns of the event loop that tasks get at most after each wake-up. Work that leaves the loop (a
database thread) is not waited for: wait for its outcome instead."""
IDLE_TURNS = 2
"""Nothing was left to run in so many turns: whoever runs next is woken from outside the loop."""


async def settle() -> None:
    """Let every task that can run without I/O run."""
    ready = cast(Any, asyncio.get_running_loop())._ready  # nothing public tells
    idle = 0
    for _ in range(SETTLE_TURNS):
        await asyncio.sleep(0)
        idle = 0 if ready else idle + 1
        if idle == IDLE_TURNS:
            return


class ManualClock:
    """Implements runtime.clock.Clock. `machine`: which one it is of, since which start."""

    def __init__(
        self,
        wall_us: int = 1_800_000_000_000_000,
        monotonic_us: int = 0,
        machine: str = "machine 1",
    ) -> None:
        self._machine = machine
        self._wall_us = wall_us
        self._monotonic_us = monotonic_us
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []
        self._order = count()
        self._slept_on = asyncio.Event()

    def wall_us(self) -> int:
        return self._wall_us

    def monotonic_us(self) -> int:
        return self._monotonic_us

    def epoch(self) -> str:
        return self._machine

    def reboot(self) -> None:
        """Another machine, or this one started anew: it counts from elsewhere."""
        self._machine += "'"
        self._monotonic_us += 123_456_789

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        await self._wakes(seconds)

    def call_later(self, seconds: float, then: Callable[[], object]) -> Alarm:
        woken = self._wakes(seconds)
        if seconds <= 0:
            woken.set_result(None)
        woken.add_done_callback(lambda done: done.cancelled() or then())
        return woken

    def _wakes(self, seconds: float) -> asyncio.Future[None]:
        woken = asyncio.get_running_loop().create_future()
        at_us = self._monotonic_us + round(seconds * 1_000_000)
        heapq.heappush(self._sleepers, (at_us, next(self._order), woken))
        self._slept_on.set()
        return woken

    async def slept_on(self) -> None:
        """Return once a sleep has begun since the last call: somebody has nothing left to do."""
        await self._slept_on.wait()
        self._slept_on.clear()

    async def advance(self, seconds: float) -> None:
        """Move time on, waking sleepers in order; tasks run after each moment of waking."""
        await settle()
        target_us = self._monotonic_us + round(seconds * 1_000_000)
        while self._sleepers and self._sleepers[0][0] <= target_us:
            at_us = self._sleepers[0][0]
            self._move_to(at_us)
            wakes = False
            while self._sleepers and self._sleepers[0][0] == at_us:
                _, _, woken = heapq.heappop(self._sleepers)
                if not woken.done():  # a cancelled sleeper leaves its place in the heap
                    woken.set_result(None)
                    wakes = True
            if wakes:
                await settle()
        self._move_to(target_us)
        await settle()

    def skip_to(self, monotonic_us: int) -> None:
        """Move time on where nobody sleeps."""
        assert not self._sleepers
        self._move_to(monotonic_us)

    def step_wall(self, us: int) -> None:
        """Move the wall clock alone, as an operator or NTP would."""
        self._wall_us += us

    def _move_to(self, monotonic_us: int) -> None:
        # A task may advance the clock from within advance(): time never goes back.
        delta = max(0, monotonic_us - self._monotonic_us)
        self._monotonic_us += delta
        self._wall_us += delta
