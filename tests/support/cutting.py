"""A way to a server that is cut when an acknowledgement is on it: what it acknowledges is done, and
whoever asked does not know. Or it goes silent: both sides are connected, and nothing arrives."""

from __future__ import annotations

import asyncio
import random
from asyncio import StreamReader, StreamWriter
from contextlib import suppress
from types import TracebackType

ACKNOWLEDGEMENT = b"chat.accepted"
CHUNK = 1 << 16


class Cutter:
    """Listens on `port` while it lasts, and cuts a `share` of the acknowledgements."""

    def __init__(self, server_port: int, share: float, dice: random.Random) -> None:
        self._server_port, self._share, self._dice = server_port, share, dice
        self.port = self.cuts = 0
        self._carrying = set[asyncio.Task[None]]()
        self._ends = set[StreamWriter]()
        self._carries = asyncio.Event()
        self._carries.set()

    async def __aenter__(self) -> Cutter:
        self._listener = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._listener.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._listener.close()
        self._carries.set()
        for end in self._ends:
            end.transport.abort()
        await asyncio.gather(*self._carrying)

    def go_silent(self) -> None:
        """From now on nothing arrives, either way, also on new connections; no end neither."""
        self._carries.clear()

    def go_on(self) -> None:
        """New connections carry again; what was lost on the old ones cannot be made up."""
        self._carries.set()
        for end in self._ends:
            end.transport.abort()

    async def _connected(self, reader: StreamReader, writer: StreamWriter) -> None:
        here = asyncio.current_task()
        assert here is not None
        self._carrying.add(here)
        self._ends.add(writer)
        try:
            await self._join(reader, writer)
        finally:
            self._carrying.discard(here)
            self._ends.discard(writer)
            writer.transport.abort()

    async def _join(self, reader: StreamReader, writer: StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection("127.0.0.1", self._server_port)
        except OSError:
            return  # it is away
        ways = [
            asyncio.create_task(self._carry(reader, to_server, cut=False)),
            asyncio.create_task(self._carry(from_server, writer, cut=True)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            await self._carries.wait()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            to_server.transport.abort()

    async def _carry(self, reader: StreamReader, writer: StreamWriter, *, cut: bool) -> None:
        """Until its end, or the first cut."""
        with suppress(ConnectionError):
            while data := await reader.read(CHUNK):
                if not self._carries.is_set():
                    continue
                if cut and ACKNOWLEDGEMENT in data and self._dice.random() < self._share:
                    self.cuts += 1
                    return
                writer.write(data)
                await writer.drain()
