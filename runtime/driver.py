"""Runs a machine: one event, then all its effects, then the next."""

from __future__ import annotations

import heapq
from collections.abc import Awaitable, Callable
from itertools import count
from typing import Generic

from runtime.clock import Alarm, Clock
from runtime.flag import Flag
from runtime.machine import E, F, Machine, NoCell, S, WakeAt

MAILBOX = 64


class Driver(Generic[S, E, F]):
    """A mailbox and a machine.

    `now_us` is the machine's time and must advance with the clock's monotonic time (an offset
    taken once), so that a step of the wall clock moves no timer. `perform` carries out one effect;
    what it raises ends `run`. `at_once` is asked first: True if it has carried the effect out, for
    which it does not wait. `refuse` hears of an event that has no cell; without it NoCell ends
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
        at_once: Callable[[F], bool] = lambda effect: False,
        refuse: Callable[[E, NoCell], Awaitable[None]] | None = None,
    ) -> None:
        self._machine = machine
        self._state = state
        self._clock = clock
        self._now_us = now_us
        self._perform, self._at_once = perform, at_once
        self._refuse = refuse
        # Short, and of every connection: a deque takes more than half a kilobyte, empty.
        self._mailbox: list[E] = []
        self._left: list[F] = []
        self._failure: Exception | None = None
        self._idle = False
        self._timers: list[tuple[int, int, E]] = []
        self._order = count()
        self._changed = Flag()
        self._taken = Flag()
        self._stopped = False
        self._alarm: Alarm | None = None
        self._alarm_us = 0

    @property
    def state(self) -> S:
        return self._state

    def feed(self, event: E) -> None:
        """Put an event into the mailbox; never blocks."""
        self._mailbox.append(event)
        self._changed.set()

    @property
    def idle(self) -> bool:
        """Whether nothing waits or is under way: `take` would take an event."""
        return self._idle and not self._changed.is_set()

    def take(self, event: E) -> bool:
        """Handle an event now, without a turn of the loop, if nothing waits or is under way. What
        its effects have to wait for, `run` waits for."""
        if not self.idle:
            return False
        self._idle = False  # what its effects feed comes behind it
        timers = len(self._timers)
        try:
            self._step(event)
            while self._left and self._at_once(self._left[0]):
                self._left.pop(0)
        except NoCell:
            self.feed(event)
        except Exception as error:
            self._failure = error
        self._idle = True
        if len(self._timers) > timers:
            self._set_alarm()
        if self._left or self._failure is not None:
            self._changed.set()
        return True

    async def put(self, event: E) -> None:
        """The same, or put it into the mailbox once fewer than MAILBOX wait: for those who come
        from outside and must not come faster than they are handled."""
        if self.take(event):
            return
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
                if self._failure is not None:
                    raise self._failure
                await self._carry_out()
                self._feed_due()
                if self._mailbox:
                    event = self._mailbox.pop(0)
                    self._taken.set()
                    await self._handle(event)
                elif not self._stopped:
                    self._set_alarm()
                    self._idle = True
                    await self._changed.wait()
                    self._idle = False
        finally:
            self._idle = False
            if self._alarm is not None:
                self._alarm.cancel()
            del self._perform, self._at_once, self._refuse  # whoever runs it does not go round

    def _set_alarm(self) -> None:
        """One for the next timer, however often something else comes before it."""
        if not self._timers:
            return
        next_us = self._timers[0][0]
        if self._alarm is not None:
            if self._alarm_us <= next_us:
                return
            self._alarm.cancel()
        self._alarm_us = next_us
        seconds = (next_us - self._now_us()) / 1_000_000
        self._alarm = self._clock.call_later(seconds, self._ring)

    def _ring(self) -> None:
        self._alarm = None
        self._changed.set()

    async def _handle(self, event: E) -> None:
        try:
            self._step(event)
        except NoCell as no_cell:
            if self._refuse is None:
                raise
            await self._refuse(event, no_cell)
            return
        await self._carry_out()

    def _step(self, event: E) -> None:
        self._state, effects = self._machine.step(self._state, event, self._now_us())
        for effect in effects:
            if isinstance(effect, WakeAt):
                heapq.heappush(self._timers, (effect.at_us, next(self._order), effect.event))
            else:
                self._left.append(effect)

    async def _carry_out(self) -> None:
        while self._left:
            effect = self._left.pop(0)
            if not self._at_once(effect):
                await self._perform(effect)

    def _feed_due(self) -> None:
        now_us = self._now_us()
        while self._timers and self._timers[0][0] <= now_us:
            self._mailbox.append(heapq.heappop(self._timers)[2])
