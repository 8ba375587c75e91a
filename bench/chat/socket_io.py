"""Socket.IO, node's own and python-socketio, each with a durable append in SQLite."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import shutil
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Literal, cast

from bench.chat.parts import fetched
from tests.support.serving import free_port
from web.hatch_build import install, npm_command

HERE = Path(__file__).parent / "socketio"
BODY = "x" * 200
LONG_S = 60
PING, PONG, EVENT, ACK, CONNECTED, OPEN = "2", "3", "42", "43", "40", "0"
"""Packets of Engine.IO 4, and of Socket.IO in its messages."""


class Side(asyncio.Protocol):
    """One person of a pair, connected: over WebSocket from the first byte on."""

    def __init__(self, port: int, name: str, other: str) -> None:
        self._port, self._name, self._other = port, name, other
        self._transport: asyncio.Transport | None = None
        self._buffer, self._head = b"", True
        self._numbers = count()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.sent_s = 0.0
        self.accepted: Callable[[float], None] = lambda _waited_s: None
        self.received: Callable[[], None] = lambda: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        self._transport.write(
            f"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nUpgrade: websocket\r\n"
            f"Host: 127.0.0.1:{self._port}\r\nConnection: Upgrade\r\nSec-WebSocket-Key: {key}\r\n"
            f"Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )

    async def open(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)
        async with asyncio.timeout(LONG_S):
            await self._ready

    def _say(self, text: str) -> None:
        """Masked with zeros."""
        assert self._transport is not None
        data = text.encode()
        size = len(data)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self._transport.write(b"\x81" + length + b"\0\0\0\0" + data)

    def send(self) -> None:
        self.sent_s = time.perf_counter()
        number = next(self._numbers)
        said = json.dumps(["send", self._other, f"{self._name}-{number}", BODY])
        self._say(f"{EVENT}{number}{said}")

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data
        if self._head:
            head, found, buffer = buffer.partition(b"\r\n\r\n")
            if not found:
                self._buffer = head
                return
            assert head.startswith(b"HTTP/1.1 101"), head
            self._head = False
        while len(buffer) >= 2:
            size, start = buffer[1], 2
            if size == 126:
                size, start = int.from_bytes(buffer[2:4], "big"), 4
            if len(buffer) < start + size:
                break
            if buffer[0] == 0x81:
                self._heard(buffer[start : start + size].decode())
            buffer = buffer[start + size :]
        self._buffer = buffer

    def _heard(self, text: str) -> None:
        if text.startswith(ACK):
            self.accepted(time.perf_counter() - self.sent_s)
        elif text.startswith(EVENT):
            self.received()
        elif text.startswith(CONNECTED):
            self._ready.set_result(None)
        elif text.startswith(OPEN):
            self._say(CONNECTED + json.dumps({"name": self._name}))
        elif text == PING:
            self._say(PONG)

    def beat(self) -> None:
        """It needs none: the server pings."""

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class SocketIo:
    """A server, its SQLite, and the people of so many pairs."""

    name = "socket.io (node)"
    durable = "a row in SQLite, synchronous=FULL, one commit for what came in a turn of the loop"
    database: Literal["threads", "none"] = "none"

    def __init__(self, pairs: int) -> None:
        self._pairs, self.port = pairs, free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="bench-socketio-"))
        self._process: Process | None = None
        self.errors: list[str] = []

    def _command(self) -> tuple[list[str], dict[str, str]]:
        install(HERE)
        return [npm_command()[0][0], "--no-warnings", str(HERE / "server.js")], {}

    async def start(self) -> None:
        command, more = self._command()
        self._process = await asyncio.create_subprocess_exec(
            *command, str(self.port), str(self._folder / "chat.db"),
            stdout=DEVNULL, env={**os.environ, **more},
        )  # fmt: skip
        async with asyncio.timeout(LONG_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.1)
                else:
                    writer.close()
                    return

    @property
    def processes(self) -> list[int]:
        assert self._process is not None
        return [self._process.pid]

    def sides(self) -> Iterator[tuple[Side, Side]]:
        for number in range(self._pairs):
            one, other = f"u{2 * number}", f"u{2 * number + 1}"
            yield Side(self.port, one, other), Side(self.port, other, one)

    async def stop(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.terminate()
            await self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


class PythonSocketIo(SocketIo):
    name = "python-socketio"
    durable = "a row in SQLite, synchronous=FULL, one commit for all that waits"
    database = "threads"

    def _command(self) -> tuple[list[str], dict[str, str]]:
        more = {"PYTHONPATH": str(fetched("python-socketio"))}
        return [sys.executable, str(HERE / "server.py")], more
