"""Runs a machine: one event, then all its effects, then the next."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Generic

from runtime.clock import Clock
from runtime.machine import E, F, Machine, NoCell, S, WakeAt

MAILBOX = 64


class Driver(Generic[S, E, F]):
    """A mailbox and a machine.

    `now_us` is the machine's time and must advance with the clock's monotonic time (an offset
    taken once), so that a step of the wall clock moves no timer. `perform` carries out one effect;
    what it raises ends `run`. `refuse` hears of an event that has no cell; without it NoCell ends
    `run` too.
    """

    def __init__(
        self,
        machine: Machine[S, E, F | WakeAt[E]],
        state: S,
        *,
        clock: Clock,
        now_us: Callable[[], int],
        perform: Callable[[F], Awaitable[None]],
        refuse: Callable[[E, NoCell], Awaitable[None]] | None = None,
    ) -> None:
        self._machine = machine
        self._state = state
        self._clock = clock
        self._now_us = now_us
        self._perform = perform
        self._refuse = refuse
        self._mailbox: deque[E] = deque()
        self._timers: list[tuple[int, int, E]] = []
        self._order = count()
        self._changed = asyncio.Event()
        self._taken = asyncio.Event()
        self._stopped = False
        self._alarm: asyncio.Task[None] | None = None
        self._alarm_us = 0

    @property
    def state(self) -> S:
        return self._state

    def feed(self, event: E) -> None:
        """Put an event into the mailbox; never blocks."""
        self._mailbox.append(event)
        self._changed.set()

    async def put(self, event: E) -> None:
        """Put an event into the mailbox once fewer than MAILBOX wait: for those who come from
        outside and must not come faster than they are handled."""
        while len(self._mailbox) >= MAILBOX and not self._stopped:
            self._taken.clear()
            await self._taken.wait()
        self.feed(event)

    def stop(self) -> None:
        """Let `run` return after the event at hand and all its effects; the rest is dropped."""
        self._stopped = True
        self._changed.set()
        self._taken.set()

    async def run(self) -> None:
        """Handle events until `stop`."""
        try:
            while not self._stopped:
                self._changed.clear()
                self._feed_due()
                if self._mailbox:
                    event = self._mailbox.popleft()
                    self._taken.set()
                    await self._handle(event)
                else:
                    self._set_alarm()
                    await self._changed.wait()
        finally:
            if self._alarm is not None:
                self._alarm.cancel()

    def _set_alarm(self) -> None:
        """One for the next timer, however often something else comes before it."""
        if not self._timers:
            return
        next_us = self._timers[0][0]
        if self._alarm is not None and not self._alarm.done():
            if self._alarm_us <= next_us:
                return
            self._alarm.cancel()
        self._alarm_us = next_us
        self._alarm = asyncio.create_task(self._ring((next_us - self._now_us()) / 1_000_000))

    async def _ring(self, seconds: float) -> None:
        await self._clock.sleep(seconds)
        self._changed.set()

    async def _handle(self, event: E) -> None:
        try:
            self._state, effects = self._machine.step(self._state, event, self._now_us())
        except NoCell as no_cell:
            if self._refuse is None:
                raise
            await self._refuse(event, no_cell)
            return
        for effect in effects:
            if isinstance(effect, WakeAt):
                heapq.heappush(self._timers, (effect.at_us, next(self._order), effect.event))
            else:
                await self._perform(effect)

    def _feed_due(self) -> None:
        now_us = self._now_us()
        while self._timers and self._timers[0][0] <= now_us:
            self._mailbox.append(heapq.heappop(self._timers)[2])
