"""Two nodes in this process, as two servers would be: they share a database and a Redis, and
nothing else. Time is real; pages beat by themselves."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from typing import Any, cast

from runtime.clock import SystemClock
from runtime.database import DatabaseClock
from runtime.redis_bus import RedisBus
from tests.support.app import BEAT_S, App, Page
from tests.support.clock import ManualClock
from tests.support.databases import Storage
from tests.support.wire import Socket

GUARD_S = 30.0
APART_S = 300


class SkewedClock(SystemClock):
    """A machine's clock that is so far ahead."""

    def __init__(self, ahead_s: float) -> None:
        super().__init__()
        self._ahead_us = round(ahead_s * 1_000_000)

    def wall_us(self) -> int:
        return super().wall_us() + self._ahead_us


@dataclass(slots=True)
class Nodes:
    one: App
    other: App
    _tabs: count[int] = field(default_factory=lambda: count(1))

    async def page(self, node: App, link: str, tab: str = "") -> Page:
        """Opens a link over a node."""
        return await node.open(link, tab or f"tab-of-the-cluster-{next(self._tabs)}")

    async def pair(self) -> tuple[Page, Page]:
        """A mentor over the one node, a mentee over the other."""
        mentor, mentee = await self.one.begin()
        return await self.page(self.one, mentor), await self.page(self.other, mentee)

    async def talk(self) -> tuple[Page, Page, Socket, Socket]:
        """The same, connected, each seeing that the other is here."""
        ada, ben = await self.pair()
        mine = await ada.connect()
        theirs = await ben.connect()
        await mine.get("presence.changed", presence="here")
        return ada, ben, mine, theirs


def bus_of(node: App) -> RedisBus:
    assert node.house.cluster is not None
    return node.house.cluster.bus


async def until(holds: Callable[[], bool], what: str) -> None:
    """Looks again and again; says what did not come."""
    try:
        async with asyncio.timeout(GUARD_S):
            while not holds():  # noqa: ASYNC110 - nobody tells when it is so
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"not so: {what}") from None


async def _beat(*apps: App) -> None:
    while True:
        await asyncio.sleep(BEAT_S)
        for app in apps:
            for socket in app.sockets:
                if socket.beats_by_itself:
                    socket.beats += 1
                    socket.send("beat", n=socket.beats)


@asynccontextmanager
async def open_nodes(one: Storage, other: Storage) -> AsyncIterator[Nodes]:
    """Their machines' clocks are five minutes apart, always."""
    clocks = [
        DatabaseClock(SkewedClock(ahead_s), storage.open())
        for storage, ahead_s in ((one, -APART_S / 2), (other, APART_S / 2))
    ]
    for clock in clocks:
        await clock.ask()
    first, second = (
        App.over(storage, cast("ManualClock", cast(Any, clock)))
        for storage, clock in zip((one, other), clocks, strict=True)
    )
    async with first, second:
        beating = asyncio.create_task(_beat(first, second))
        try:
            yield Nodes(first, second)
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            for clock in clocks:
                await clock.database.close()
