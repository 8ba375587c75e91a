"""Time as an argument: integer microseconds since the Unix epoch, and a clock that never steps."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol


class Alarm(Protocol):
    def cancel(self) -> object:
        """It will not ring any more."""
        ...


class Clock(Protocol):
    def wall_us(self) -> int:
        """UTC microseconds since the Unix epoch; may step."""
        ...

    def monotonic_us(self) -> int:
        """Microseconds since an arbitrary start; never steps."""
        ...

    def epoch(self) -> str:
        """Names that start: what runs under the same name counts from the same one. Empty where
        that is not known."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` of monotonic time have passed."""
        ...

    def call_later(self, seconds: float, then: Callable[[], object]) -> Alarm:
        """The same, without a task: for those of whom there are many."""
        ...


BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Of Linux, whose monotonic clock counts from the machine's start for all of its processes."""


class SystemClock:
    def __init__(self) -> None:
        self._epoch = BOOT_ID.read_text().strip() if BOOT_ID.is_file() else ""

    def wall_us(self) -> int:
        return time.time_ns() // 1_000

    def monotonic_us(self) -> int:
        return time.monotonic_ns() // 1_000

    def epoch(self) -> str:
        return self._epoch

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    def call_later(self, seconds: float, then: Callable[[], object]) -> Alarm:
        return asyncio.get_running_loop().call_later(seconds, then)


class SteadyClock:
    """A clock for durations that are paid for: between two calls of `set_by` its wall clock goes as
    the monotonic clock does, whatever steps the machine's own takes."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_us = 0
        self.set_by()

    def set_by(self, not_before_us: int = 0) -> None:
        """Go by the machine's wall clock again; never before the given instant."""
        now_us = max(self._clock.wall_us(), not_before_us)
        self._offset_us = now_us - self._clock.monotonic_us()

    @property
    def course(self) -> tuple[str, int]:
        """What another run on this machine needs to `go_on`."""
        return self._clock.epoch(), self._offset_us

    def go_on(self, course: tuple[str, int], not_before_us: int) -> None:
        """As an earlier run on this machine went, whatever its wall clock was set to since; if that
        was on another, or before the machine started, as `set_by`."""
        epoch, offset_us = course
        if not epoch or epoch != self._clock.epoch():
            self.set_by(not_before_us)
        else:
            self._offset_us = max(offset_us, not_before_us - self._clock.monotonic_us())

    def wall_us(self) -> int:
        return self._clock.monotonic_us() + self._offset_us

    def monotonic_us(self) -> int:
        return self._clock.monotonic_us()

    def epoch(self) -> str:
        return self._clock.epoch()

    def machine_wall_us(self) -> int:
        """What the machine's wall clock says, steps and all."""
        return self._clock.wall_us()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)

    def call_later(self, seconds: float, then: Callable[[], object]) -> Alarm:
        return self._clock.call_later(seconds, then)


async def wait_until_set(event: asyncio.Event, clock: Clock, seconds: float | None) -> None:
    """Return when `event` is set or `seconds` have passed (None: wait for the event alone)."""
    if event.is_set():
        return
    if seconds is None:
        await event.wait()
        return
    waits = (
        asyncio.ensure_future(event.wait()),
        asyncio.ensure_future(clock.sleep(seconds)),
    )
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
