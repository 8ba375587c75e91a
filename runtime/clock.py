"""Time as an argument: integer microseconds since the Unix epoch, and a clock that never steps."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    def wall_us(self) -> int:
        """UTC microseconds since the Unix epoch; may step."""
        ...

    def monotonic_us(self) -> int:
        """Microseconds since an arbitrary start; never steps."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` of monotonic time have passed."""
        ...


class SystemClock:
    def wall_us(self) -> int:
        return time.time_ns() // 1_000

    def monotonic_us(self) -> int:
        return time.monotonic_ns() // 1_000

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


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
