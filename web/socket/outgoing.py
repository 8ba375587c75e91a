"""The sending half of one connection: what waits, bounded and in order; then the goodbye."""

import asyncio
from collections import deque

from starlette.types import Send

from protocol.codec import Format, encode
from protocol.frames import ServerFrame
from runtime.flag import Flag
from web.socket.line import Line

MOST_BYTES = 256 * 1024
LARGEST_BYTES = 8 * 1024 * 1024
CLOSE_WAIT_S = 1.0


class Overflow(Exception):
    """More waits than may wait: the other side does not read."""


class Outgoing:
    """A queue of encoded frames. Behind the one that goes out next wait at most MOST_BYTES; that
    one may have up to LARGEST_BYTES: who has hundreds of mentorships is told of all at once."""

    def __init__(self, fmt: Format, send: Send, line: Line) -> None:
        self._format, self._send, self._line = fmt, send, line
        self._text = fmt == "json"
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._filled = Flag()
        self._room = Flag()
        self._room.set()

    def put(self, frame: ServerFrame, encoded: bytes | None = None) -> None:
        """Queues a frame; `encoded` is its MessagePack form, if there is one already. Raises
        Overflow when too much waits already."""
        data = encoded
        if data is None or self._text:
            data = encode(frame, self._format)
        if len(data) > LARGEST_BYTES:
            raise Overflow
        if self._waiting:
            if self._bytes + len(data) - len(self._waiting[0]) > MOST_BYTES:
                raise Overflow
        elif self._line.write(data, text=self._text):
            return
        self._waiting.append(data)
        self._bytes += len(data)
        self._filled.set()
        if self._bytes > MOST_BYTES // 4:
            self._room.clear()

    @property
    def room(self) -> bool:
        """Whether a page of history can be queued without crowding out live frames."""
        return self._room.is_set()

    async def has_room(self) -> None:
        """Returns when there is room."""
        await self._room.wait()

    def release(self) -> None:
        """Whoever waits for room need not wait any more: the connection ends."""
        self._room.set()

    async def run(self) -> None:
        """Sends what is queued, until cancelled."""
        while True:
            while not self._waiting:
                self._filled.clear()
                await self._filled.wait()
            await self._send_next()

    async def finish(self, code: int) -> None:
        """What still waits goes out, then the close frame, which does not wait for a peer that has
        stopped reading."""
        try:
            async with asyncio.timeout(CLOSE_WAIT_S):
                while self._waiting:
                    await self._send_next()
                await self._send({"type": "websocket.close", "code": code})
        except (TimeoutError, OSError):
            self._line.close(code)

    async def _send_next(self) -> None:
        """One that is cancelled waited for the other side to read, and was not sent: it stays."""
        data = self._waiting[0]
        if self._format == "msgpack":
            await self._send({"type": "websocket.send", "bytes": data})
        else:
            await self._send({"type": "websocket.send", "text": data.decode()})
        self._waiting.popleft()
        self._bytes -= len(data)
        if self._bytes <= MOST_BYTES // 4:
            self._room.set()
