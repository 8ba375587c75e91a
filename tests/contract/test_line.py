"""What a connection relies on in its WebSocket, over the real one and over the tests' own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import msgpack
import pytest
import websockets

from runtime.clock import SystemClock
from tests.contract.test_protocols import Events, serving, until
from tests.support.wire import MSGPACK, Asgi, RemoteSocket, Socket
from web.socket.line import Line

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


MANY = 400
"""More messages of 60 kB than may wait, or be on their way."""


class Page:
    """The other end of either."""

    def __init__(self, socket: Socket | RemoteSocket) -> None:
        self.inbox = socket
        self._socket = socket

    async def send(self, *numbers: int) -> None:
        for number in numbers:
            if isinstance(self._socket, Socket):
                self._socket.send("said", number=number)
            else:
                await self._socket.send("said", number=number)

    def stall(self) -> None:
        if isinstance(self._socket, Socket):
            self._socket.stall()
        else:
            self._socket.connection.transport.pause_reading()

    def go_on(self) -> None:
        if isinstance(self._socket, Socket):
            self._socket.go_on()
        else:
            self._socket.connection.transport.resume_reading()


Dial: TypeAlias = Callable[[Asgi], Any]


@asynccontextmanager
async def by_wire(app: Asgi) -> AsyncIterator[Page]:
    socket = Socket(app, SystemClock())
    await socket.answered()
    yield Page(socket)
    await socket.finish()


@asynccontextmanager
async def by_port(app: Asgi) -> AsyncIterator[Page]:
    async with serving(Events(), app) as (port, _):
        connection = await websockets.connect(
            f"ws://127.0.0.1:{port}/ws", subprotocols=[websockets.Subprotocol(MSGPACK)]
        )
        yield Page(RemoteSocket(connection))
        connection.transport.resume_reading()
        await connection.close()


dialled = pytest.mark.parametrize("dial", [by_wire, by_port])


def tell(line: Line, how: str, data: bytes) -> bool:
    return line.write(msgpack.packb({"t": how, **number(data)}), text=False)


def number(data: bytes) -> dict[str, Any]:
    return {"number": msgpack.unpackb(data)["number"]}


async def opened(scope: Message, receive: Receive, send: Send) -> Line:
    await receive()
    await send({"type": "websocket.accept", "subprotocol": MSGPACK})
    line: Line = scope["state"]["line"]
    return line


@dialled
async def test_messages_are_heard_in_order_at_once_or_later(dial: Dial) -> None:
    """Odd ones wait. Mutants: one is taken at once though another waits; or none is."""

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        line = await opened(scope, receive, send)
        line.heard_by(lambda data: bool(number(data)["number"] % 2 == 0 and tell(line, "at", data)))
        while (message := await receive())["type"] != "websocket.disconnect":
            tell(line, "received", message["bytes"])

    async with dial(app) as page:
        await page.send(*range(9))
        await page.inbox.get("at", number=8)
        told = [(frame["t"], frame["number"]) for frame in page.inbox.frames]
        assert told == [("received" if n % 2 else "at", n) for n in range(8)]


@dialled
async def test_who_is_held_is_heard_afterwards(dial: Dial) -> None:
    """Mutant: whoever is held stays so; or is not held."""
    held: list[bool] = []

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        line = await opened(scope, receive, send)

        def hear(data: bytes) -> bool:
            loop = asyncio.get_running_loop()
            held.append(loop.time() < scope["state"].get("until", 0))
            scope["state"]["until"] = loop.time() + 0.02
            line.hold(0.03)
            return tell(line, "at", data)

        line.heard_by(hear)
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async with dial(app) as page:
        await page.send(*range(4))
        await page.inbox.get("at", number=3)
        assert [frame["number"] for frame in page.inbox.frames] == [0, 1, 2]
        assert held == [False] * 4


@dialled
async def test_what_cannot_be_written_at_once_is_sent_once_the_peer_reads(dial: Dial) -> None:
    """Mutant: what is written while nobody reads is lost, or comes before what waits."""
    filler = b"x" * 100_000
    refused = asyncio.Event()
    loop, written = asyncio.get_running_loop(), list[int]()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        line = await opened(scope, receive, send)
        await receive()

        def packed() -> bytes:
            data: bytes = msgpack.packb({"t": "told", "number": len(written), "filler": filler})
            return data

        while line.write(packed(), text=False):
            written.append(len(written))
            await asyncio.sleep(0)
        loop.call_soon_threadsafe(refused.set)
        await send({"type": "websocket.send", "bytes": packed()})
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async with dial(app) as page:
        page.stall()
        await page.send(0)
        await until(refused)
        page.go_on()
        for each in range(len(written) + 1):
            assert page.inbox.take("told", number=each) or await page.inbox.get("told", number=each)


@dialled
async def test_what_is_said_in_one_turn_is_bounded(dial: Dial) -> None:
    """Mutant: what waits for the end of the turn is not counted."""
    data = msgpack.packb({"t": "told", "filler": b"x" * 60_000})
    taken = 0
    done = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        nonlocal taken
        line = await opened(scope, receive, send)
        await receive()
        while taken < MANY and line.write(data, text=False):
            taken += 1
        loop.call_soon_threadsafe(done.set)
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async with dial(app) as page:
        page.stall()
        await page.send(0)
        await until(done)
        assert taken < MANY
        page.go_on()
        for _ in range(taken):
            assert page.inbox.take("told") or await page.inbox.get("told")


@dialled
async def test_much_that_is_said_in_one_turn_comes_whole_and_in_order(dial: Dial) -> None:
    """Of who reads. Mutant: what goes out before the end of the turn comes in another order."""
    size = 90_000

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        line = await opened(scope, receive, send)
        await receive()
        for each in range(20):
            data = msgpack.packb({"t": "told", "number": each, "filler": b"x" * size})
            if not line.write(data, text=False):
                await send({"type": "websocket.send", "bytes": data})
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async with dial(app) as page:
        await page.send(0)
        await page.inbox.get("told", number=19)
        assert [frame["number"] for frame in page.inbox.frames] == list(range(19))


@dialled
async def test_who_does_not_read_finds_the_code_of_the_close(dial: Dial) -> None:
    closed = asyncio.Event()
    loop = asyncio.get_running_loop()

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        line = await opened(scope, receive, send)
        await receive()
        line.signed_in()
        await line.turn()
        line.close(4003)
        loop.call_soon_threadsafe(closed.set)

    async with dial(app) as page:
        page.stall()
        await page.send(0)
        await until(closed)
        page.go_on()
        assert await page.inbox.closed() == 4003


@dialled
async def test_behind_the_close_nothing_is_said_and_the_end_is_received(dial: Dial) -> None:
    """Mutants: what is written is taken; the end is never received; a second code counts."""
    seen: list[Any] = []
    done = asyncio.Event()
    loop = asyncio.get_running_loop()
    late = msgpack.packb({"t": "late"})

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        line = await opened(scope, receive, send)
        await receive()
        line.close(4003)
        line.close(4004)
        seen.append(line.write(late, text=False))
        message = await receive()
        seen.extend((message["type"], message["code"]))
        try:
            await send({"type": "websocket.send", "bytes": late})
        except OSError:
            seen.append("nobody is there")
        loop.call_soon_threadsafe(done.set)

    async with dial(app) as page:
        await page.send(0)
        await until(done)
        assert seen == [False, "websocket.disconnect", 4003, "nobody is there"]
        assert await page.inbox.closed() == 4003
        assert page.inbox.frames == []
