"""NATS JetStream, one stream in files, `sync_interval: always`: each message is on disk (fsync)
before it is acknowledged. Who subscribes hears of it by the subject, as it comes."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Literal, cast

import msgspec

from bench.chat.parts import fetched
from tests.support.serving import free_port

BODY = b"x" * 200
LONG_S = 60
CONFIG = """
listen: "127.0.0.1:{port}"
jetstream {{ store_dir: "{folder}", sync_interval: always }}
"""
STREAM = {"name": "chat", "subjects": ["to.*"], "storage": "file", "num_replicas": 1}


class Side(asyncio.Protocol):
    """One person of a pair, connected: hears of what is sent to them, and of what is on disk."""

    def __init__(self, port: int, name: str, other: str) -> None:
        self._port, self._name, self._other = port, name, other
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._numbers = count()
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.answered: asyncio.Future[bytes] | None = None
        self.sent_s = 0.0
        self.accepted: Callable[[float], None] = lambda _waited_s: None
        self.received: Callable[[], None] = lambda: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    async def open(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)
        self.write(
            b'CONNECT {"verbose":false,"pedantic":false,"echo":false,"headers":true}\r\n'
            b"SUB to.%s 1\r\nSUB ack.%s 2\r\nPING\r\n" % ((self._name.encode(),) * 2)
        )
        async with asyncio.timeout(LONG_S):
            await self._ready

    async def ask(self, subject: str, what: object) -> bytes:
        """The answer of the server's own interface."""
        self.answered = asyncio.get_running_loop().create_future()
        data = msgspec.json.encode(what)
        head = f"PUB {subject} ack.{self._name} {len(data)}\r\n".encode()
        self.write(head + data + b"\r\n")
        async with asyncio.timeout(LONG_S):
            return await self.answered

    def write(self, data: bytes) -> None:
        assert self._transport is not None
        self._transport.write(data)

    def send(self) -> None:
        self.sent_s = time.perf_counter()
        id_ = f"m-{self._name}-{next(self._numbers)}".encode()  # known by it if sent again
        head = b"NATS/1.0\r\nNats-Msg-Id: %s\r\n\r\n" % id_
        sizes = len(head), len(head) + len(BODY)
        line = f"HPUB to.{self._other} ack.{self._name} {sizes[0]} {sizes[1]}\r\n".encode()
        self.write(line + head + BODY + b"\r\n")

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data
        while (end := buffer.find(b"\r\n")) >= 0:
            verb, *words = buffer[:end].split(b" ")
            rest = end + 2
            if verb in (b"MSG", b"HMSG"):
                size = int(words[-1])
                if len(buffer) < rest + size + 2:
                    break
                self._heard(words[1], buffer[rest : rest + size])
                rest += size + 2
            elif verb == b"PING":
                self.write(b"PONG\r\n")
            elif verb == b"PONG" and not self._ready.done():
                self._ready.set_result(None)
            elif verb == b"-ERR":
                raise ConnectionError(buffer[:end].decode())
            buffer = buffer[rest:]
        self._buffer = buffer

    def _heard(self, subscription: bytes, payload: bytes) -> None:
        if subscription == b"1":
            self.received()
        elif self.answered is not None:
            self.answered.set_result(payload)
            self.answered = None
        else:
            assert b'"seq"' in payload, payload
            self.accepted(time.perf_counter() - self.sent_s)

    def beat(self) -> None:
        """It needs none."""

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Nats:
    """A server on one processor, and the people of so many pairs."""

    name = "NATS JetStream"
    durable = "the stream's file, fsync for each message (sync_interval: always)"
    database: Literal["none"] = "none"

    def __init__(self, pairs: int) -> None:
        self._pairs, self.port = pairs, free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="bench-nats-"))
        self._process: Process | None = None
        self.errors: list[str] = []

    async def start(self) -> None:
        place = fetched("nats")
        config = self._folder / "nats.conf"
        config.write_text(CONFIG.format(port=self.port, folder=self._folder / "store"))
        (program,) = (
            p for p in place.rglob("nats-server*") if p.is_file() and p.stat().st_size > 1_000_000
        )
        self._process = await asyncio.create_subprocess_exec(
            program, "-c", config, stdout=DEVNULL, stderr=DEVNULL,
            env={**os.environ, "GOMAXPROCS": "1"},
        )  # fmt: skip
        maker = Side(self.port, "maker", "maker")
        async with asyncio.timeout(LONG_S):
            while True:
                try:
                    await maker.open()
                    break
                except OSError:
                    await asyncio.sleep(0.1)
        made = await maker.ask("$JS.API.STREAM.CREATE.chat", STREAM)
        assert b'"error"' not in made, made
        maker.close()

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
