"""What waits to be sent to one connection: bounded, in order."""

import asyncio
from collections import deque

MOST_BYTES = 256 * 1024


class Overflow(Exception):
    """More waits than may wait: the other side does not read."""


class Outgoing:
    """A queue of encoded frames, at most MOST_BYTES together."""

    def __init__(self) -> None:
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._filled = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()

    def put(self, data: bytes) -> None:
        """Queues a frame; raises Overflow when too much waits already."""
        if self._bytes + len(data) > MOST_BYTES:
            raise Overflow
        self._waiting.append(data)
        self._bytes += len(data)
        self._filled.set()
        if self._bytes > MOST_BYTES // 4:
            self._room.clear()

    async def get(self) -> bytes:
        """The next frame."""
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        data = self._waiting.popleft()
        self._bytes -= len(data)
        if self._bytes <= MOST_BYTES // 4:
            self._room.set()
        return data

    async def has_room(self) -> None:
        """Returns when a page of history can be queued without crowding out live frames."""
        await self._room.wait()

    def release(self) -> None:
        """Whoever waits for room need not wait any more: the connection ends."""
        self._room.set()

    def rest(self) -> list[bytes]:
        """What still waits, taken out."""
        rest = list(self._waiting)
        self._waiting.clear()
        self._bytes = 0
        return rest
