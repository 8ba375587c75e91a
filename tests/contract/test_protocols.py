"""The two protocols on a port, as uvicorn and uvloop run them, around an application of a few
lines: what a peer may cost that is slow, silent or endless."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import socket
import threading
import weakref
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from websockets.client import ClientProtocol
from websockets.frames import Frame, Opcode
from websockets.protocol import State
from websockets.uri import parse_uri

from runtime.flag import Flag
from runtime.turns import Turns
from web.socket.line import Line
from web.socket.protocol import AT_ONCE_MOST, HttpProtocol
from web.socket.sansio.door import Door
from web.socket.websocket import FRAMES_AT_ONCE, PINGS_MOST, WebSocketProtocol

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
GUARD_S = 30
IN_A_TURN = 2
SMALL = 4_096
"""Buffers of the kernel: what a peer does not read soon waits in the server itself."""


class Events:
    """What the server has seen, told to the test's own loop."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self.finished, self.lost = asyncio.Event(), asyncio.Event()
        self.held: list[weakref.ref[asyncio.Protocol]] = []

    def tell(self, event: asyncio.Event) -> None:
        self._loop.call_soon_threadsafe(event.set)


async def until(event: asyncio.Event) -> None:
    async with asyncio.timeout(GUARD_S):
        await event.wait()


async def application(scope: Message, receive: Receive, send: Send) -> None:
    """Answers requests with `ok`; on `/early` it begins to answer before it has the body, on
    `/large` with more than waits on the way, on `/count` by how much it was sent. To a WebSocket it
    sends until the other side reads no more, then closes; on `/quiet` and `/known` it only waits
    for the end, and on the latter knows who it is."""
    if scope["type"] == "http":
        start = {"type": "http.response.start", "status": 200, "headers": [(b"x", b"y")]}
        if scope["path"] == "/early":
            await send(start)
            await send({"type": "http.response.body", "body": b"first", "more_body": True})
        message, size = await receive(), 0
        while message["type"] == "http.request":
            size += len(message["body"])
            if not message["more_body"]:
                break
            message = await receive()
        if scope["path"] != "/early":
            await send(start)
        if scope["path"] == "/large":
            await send({"type": "http.response.body", "body": b"x" * 500_000, "more_body": True})
        answer = b"%d bytes" % size if scope["path"] == "/count" else b"ok"
        await send({"type": "http.response.body", "body": answer})
        return
    await receive()
    if scope["path"] == "/nowhere":
        await send({"type": "websocket.close", "code": 1008})
        return
    if scope["path"] in ("/hear", "/late", "/turns", "/held"):
        await hear(scope, receive, send)
        return
    await send({"type": "websocket.accept"})
    if scope["path"] == "/known":
        scope["state"]["line"].signed_in()
    if scope["path"] in ("/quiet", "/known"):
        while (await receive())["type"] != "websocket.disconnect":
            pass
        return
    with contextlib.suppress(TimeoutError):
        while True:
            async with asyncio.timeout(0.2):
                await send({"type": "websocket.send", "bytes": b"x" * 16_000})
    scope["state"]["line"].close(4003)


async def hear(scope: Message, receive: Receive, send: Send) -> None:
    """Answers each message by how it came and how it begins, until the end; it takes at once what
    does not begin with `later`. On `/late` it takes its time before it lets anybody in, on
    `/turns` it says how many of one turn of the loop it was, on `/held` it pauses after each."""

    line: Line = scope["state"]["line"]

    def answer(how: bytes, what: bytes) -> None:
        line.write(how + what[:10], text=False)

    turn: list[bytes] = []

    def take(data: bytes) -> bool:
        if data.startswith(b"later"):
            return False
        if scope["path"] == "/turns":
            if not turn:
                asyncio.get_running_loop().call_soon(turn.clear)
            turn.append(data)
            answer(b"%d: " % len(turn), data)
            return True
        if scope["path"] == "/held":
            line.hold(0.05)
        answer(b"at once: ", data)
        return True

    if scope["path"] == "/late":
        await asyncio.sleep(0.2)
    await send({"type": "websocket.accept"})
    line.heard_by(take)
    while (message := await receive())["type"] != "websocket.disconnect":
        data = message.get("bytes")
        answer(b"received: ", message["text"].encode() if data is None else data)


@asynccontextmanager
async def serving(
    events: Events,
    app: Callable[[Message, Receive, Send], Awaitable[None]] = application,
    *,
    close_grace_s: float = 2 * GUARD_S,
    head_timeout_s: float = 2 * GUARD_S,
    body_timeout_s: float = 2 * GUARD_S,
    unread_timeout_s: float = 2 * GUARD_S,
    strangers_most: int = 100,
) -> AsyncIterator[tuple[int, uvicorn.Server]]:
    """A server in a thread of its own; its port."""

    class Ws(WebSocketProtocol):
        def begin(self, transport: asyncio.Transport, early: bytes) -> None:
            events.held.append(weakref.ref(self))
            super().begin(transport, early)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            events.tell(events.lost)

        async def run_asgi(self) -> None:
            await super().run_asgi()
            events.tell(events.finished)

    class Http(HttpProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            events.held.append(weakref.ref(self))
            super().connection_made(transport)

        def connection_lost(self, exc: Exception | None) -> None:
            super().connection_lost(exc)
            events.tell(events.lost)

    Ws.close_grace_s = close_grace_s
    Http.head_timeout_s, Http.body_timeout_s = head_timeout_s, body_timeout_s
    Http.unread_timeout_s, Http.door = unread_timeout_s, Door(most=strangers_most)
    Http.turns = Ws.turns = Turns(IN_A_TURN)
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SMALL)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http=Http,
        ws=Ws,
        ws_per_message_deflate=False,
        lifespan="off",
        log_config=None,
        timeout_graceful_shutdown=GUARD_S,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        yield listener.getsockname()[1], server
    finally:
        server.should_exit = True
        await asyncio.to_thread(thread.join)


class Peer:
    """A client that reads when it is told to."""

    def __init__(self, line: socket.socket, port: int, path: str) -> None:
        self._line = line
        self._ws = ClientProtocol(parse_uri(f"ws://127.0.0.1:{port}{path}"))

    @classmethod
    async def upgraded(cls, port: int, path: str = "/") -> Peer:
        line = await connected(port)
        peer = cls(line, port, path)
        peer._ws.send_request(peer._ws.connect())
        await peer._flush()
        while peer._ws.state is not State.OPEN:
            peer._ws.receive_data(await asyncio.get_running_loop().sock_recv(line, 100))
        return peer

    async def say(self, data: bytes) -> None:
        self._ws.send_binary(data)
        await self._flush()

    async def told(self, count: int) -> list[bytes]:
        """So many messages."""
        said: list[bytes] = []
        async with asyncio.timeout(GUARD_S):
            while len(said) < count:
                data = await asyncio.get_running_loop().sock_recv(self._line, 65_536)
                assert data
                self._ws.receive_data(data)
                said += [
                    bytes(event.data)
                    for event in self._ws.events_received()
                    if isinstance(event, Frame) and event.opcode is Opcode.BINARY
                ]
        return said

    async def frames(self, *frames: Frame, at_a_time: int = 65_536) -> None:
        """So many bytes of them at a time."""
        for frame in frames:
            self._ws.send_frame(frame)
        data = b"".join(self._ws.data_to_send())
        for at in range(0, len(data), at_a_time):
            await say(self._line, data[at : at + at_a_time])
            await asyncio.sleep(0)

    async def ping(self, count: int, kind: Opcode = Opcode.PING) -> None:
        for _ in range(count):
            self._ws.send_frame(Frame(kind, b"x" * 125))
        await self._flush()

    async def _flush(self) -> None:
        await asyncio.get_running_loop().sock_sendall(self._line, b"".join(self._ws.data_to_send()))

    async def rest(self) -> int | None:
        """Reads to the end, answering the close frame; its code, None without one."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(GUARD_S):
            while data := await self._more(loop):
                self._ws.receive_data(data)
                if self._ws.close_rcvd is not None:
                    await self._flush()
        return self._ws.close_rcvd.code if self._ws.close_rcvd else None

    async def _more(self, loop: asyncio.AbstractEventLoop) -> bytes:
        try:
            return await loop.sock_recv(self._line, 65_536)
        except ConnectionResetError:  # it was hung up on before our answer came
            return b""

    def close(self) -> None:
        self._line.close()


async def connected(port: int) -> socket.socket:
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    line.setblocking(False)
    await asyncio.get_running_loop().sock_connect(line, ("127.0.0.1", port))
    return line


# ---- WebSocket ----------------------------------------------------------------------------------


async def test_who_reads_on_finds_the_close_frame_behind_what_it_had_not_read() -> None:
    events = Events()
    async with serving(events) as (port, _):
        peer = await Peer.upgraded(port)
        await peer.say(b"something that is not taken any more")
        await until(events.finished)  # and the application is done with it
        assert not events.lost.is_set()
        assert await peer.rest() == 4003
        await until(events.lost)  # its answer to the close frame has been read
        peer.close()


async def test_who_never_reads_again_is_gone_after_a_grace() -> None:
    events = Events()
    async with serving(events, close_grace_s=0.1) as (port, _):
        peer = await Peer.upgraded(port)
        await until(events.lost)
        assert await peer.rest() is None
        peer.close()


async def test_the_server_does_not_wait_for_who_reads_no_more() -> None:
    events = Events()
    async with serving(events) as (port, server):
        peer = await Peer.upgraded(port)
        await until(events.finished)
        server.should_exit = True
        await until(events.lost)
        peer.close()


@pytest.mark.parametrize("kind", [Opcode.PING, Opcode.PONG])
async def test_a_flood_of_what_costs_its_sender_nothing_is_cut(
    kind: Opcode,
) -> None:
    events = Events()
    async with serving(events) as (port, _):
        peer = await Peer.upgraded(port, "/quiet")
        await peer.ping(PINGS_MOST - 1, kind)
        assert not events.lost.is_set()
        with contextlib.suppress(ConnectionError):
            while not events.lost.is_set():
                await peer.ping(10, kind)
                await asyncio.sleep(0)
        peer.close()


def messages(*said: bytes) -> list[Frame]:
    return [Frame(Opcode.BINARY, data) for data in said]


@pytest.mark.parametrize("at_a_time", [1, 7, 65_536])
async def test_messages_are_taken_as_they_come_however_they_are_cut(at_a_time: int) -> None:
    async with serving(Events()) as (port, _):
        peer = await Peer.upgraded(port, "/hear")
        sizes = (0, 5, 125, 126, 300)
        said = [bytes([65 + number]) * size for number, size in enumerate(sizes)]
        await peer.frames(*messages(*said), at_a_time=at_a_time)
        assert await peer.told(len(said)) == [b"at once: " + data[:10] for data in said]
        peer.close()


async def test_what_has_to_wait_waits_behind_what_waits_already() -> None:
    async with serving(Events()) as (port, _):
        peer = await Peer.upgraded(port, "/hear")
        await peer.frames(*messages(b"a", b"later 1", b"b", b"later 2"))
        assert await peer.told(4) == [
            b"at once: a",
            b"received: later 1",
            b"at once: b",
            b"received: later 2",
        ]
        await peer.frames(*messages(b"c"))
        assert await peer.told(1) == [b"at once: c"]
        peer.close()


async def test_what_is_no_whole_binary_message_is_heard_too() -> None:
    async with serving(Events()) as (port, _):
        peer = await Peer.upgraded(port, "/hear")
        await peer.frames(
            Frame(Opcode.TEXT, b"text"),
            Frame(Opcode.BINARY, b"in ", fin=False),
            Frame(Opcode.PING, b"between"),
            Frame(Opcode.CONT, b"two"),
            *messages(b"whole"),
        )
        assert await peer.told(3) == [b"received: text", b"at once: in two", b"at once: whole"]
        await peer.frames(*messages(b"x" * 70_000, b"y"))  # its length has eight bytes
        assert await peer.told(2) == [b"at once: " + b"x" * 10, b"at once: y"]
        peer.close()


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ([Frame(Opcode.BINARY, b"begun", fin=False), *messages(b"another")], 1002),
        ([Frame(Opcode.BINARY, b"reserved", rsv1=True)], 1002),
    ],
    ids=["another before the end", "reserved"],
)
async def test_what_breaks_the_rules_of_frames_is_cut_off(wrong: list[Frame], code: int) -> None:
    async with serving(Events()) as (port, _):
        peer = await Peer.upgraded(port, "/hear")
        await say(peer._line, b"".join(serialized(frame) for frame in wrong))
        assert await peer.rest() == code
        peer.close()


@pytest.mark.parametrize("first", [b"x" * 70_000, b"x"], ids=["eight bytes of length", "few"])
@pytest.mark.parametrize("good", [b"good", b"later"], ids=["at once", "received"])
async def test_what_came_before_a_fault_is_heard(first: bytes, good: bytes) -> None:
    """Mutant: what one read brought is dropped with its last frame."""
    async with serving(Events()) as (port, _):
        peer = await Peer.upgraded(port, "/hear")
        await peer.frames(*messages(first))
        await peer.told(1)
        wrong = Frame(Opcode.BINARY, b"reserved", rsv1=True)
        await say(peer._line, serialized(*messages(good)) + serialized(wrong))
        assert [each.rpartition(b" ")[2] for each in await peer.told(1)] == [good]
        assert await peer.rest() == 1002
        peer.close()


async def test_a_frame_without_a_mask_is_cut_off() -> None:
    async with serving(Events()) as (port, _):
        peer = await Peer.upgraded(port, "/hear")
        await say(peer._line, b"\x82\x05plain")
        assert await peer.rest() == 1002
        peer.close()


async def test_many_at_once_are_heard_in_parts_and_in_order() -> None:
    """Mutant: all that one read brought is looked at in one turn."""
    async with serving(Events()) as (port, _):
        peer = await Peer.upgraded(port, "/turns")
        said = [b"%d" % number for number in range(1_000)]
        await peer.frames(*messages(*said))
        told = [each.split(b": ") for each in await peer.told(len(said))]
        assert [what for _, what in told] == said
        assert max(int(place) for place, _ in told) <= FRAMES_AT_ONCE
        peer.close()


async def test_who_is_held_is_heard_afterwards_one_by_one() -> None:
    """Mutant: whoever is held stays so."""
    async with serving(Events()) as (port, _):
        peer = await Peer.upgraded(port, "/held")
        said = [b"%d" % number for number in range(5)]
        await peer.frames(*messages(*said))
        assert await peer.told(len(said)) == [b"at once: " + data for data in said]
        peer.close()


async def test_a_message_of_endless_parts_is_cut_off() -> None:
    async with serving(Events()) as (port, _):
        peer = await Peer.upgraded(port, "/hear")
        part = bytes((Opcode.CONT, 0x80, 0, 0, 0, 0))
        with contextlib.suppress(ConnectionError):
            await say(peer._line, bytes((Opcode.BINARY, 0x80, 0, 0, 0, 0)) + part * 10_000)
        assert await peer.rest() in (1008, None)  # it still speaks, which may undo what it was told
        peer.close()


async def test_who_goes_on_after_the_close_is_cut_off() -> None:
    """Mutant: what comes after it is thrown away for as long as it comes."""
    events = Events()
    async with serving(events) as (port, _):
        peer = await Peer.upgraded(port)  # it is closed, having read nothing
        await until(events.finished)
        with contextlib.suppress(ConnectionError):
            while not events.lost.is_set():
                await peer.say(b"more")
                await asyncio.sleep(0)
        peer.close()


async def test_an_upgrade_waits_for_no_answer_that_nobody_takes() -> None:
    """Mutant: the answer waits for ever for who reads no more."""
    events = Events()
    async with serving(events) as (port, server):
        line = await connected(port)
        await say(line, REQUEST.replace(b" / ", b" /large "))
        await heard(line, b"x: y")
        await say(line, UPGRADE)
        line.close()
        await until(events.lost)
        async with asyncio.timeout(GUARD_S):
            while server.server_state.tasks:  # noqa: ASYNC110 - in another loop
                await asyncio.sleep(0.01)


UPGRADE = (
    b"GET /hear HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


@pytest.mark.parametrize("path", [b" / ", b" /large "], ids=["short", "large"])
async def test_what_was_asked_before_an_upgrade_is_answered_before_it(path: bytes) -> None:
    """Mutants: nobody is answered; what comes behind the upgrade is dropped meanwhile."""
    async with serving(Events()) as (port, _):
        line = await connected(port)
        early = serialized(Frame(Opcode.BINARY, b"early"))
        asked = REQUEST.replace(b" / ", path)
        await say(line, asked * 3 + UPGRADE + early[:3])
        await say(line, early[3:])
        said = await heard(line, b"received: early")
        assert said.count(b"HTTP/1.1 200 ") == 3
        assert said.rindex(b"ok") < said.index(b"HTTP/1.1 101 ")
        line.close()


OTHER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"


@pytest.mark.parametrize("at_a_time", [1, 65_536])
@pytest.mark.parametrize(
    ("body", "size"),
    [
        (b"Content-Length: 300\r\n\r\n" + b"x" * 300, 300),
        (b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n", 4),
        (b"\r\n", 0),
    ],
    ids=["length", "chunks", "nothing"],
)
async def test_an_upgrade_to_anything_else_is_as_good_as_not_asked_for(
    body: bytes, size: int, at_a_time: int
) -> None:
    """Mutants: what follows the head is dropped; a body is another request."""
    async with serving(Events()) as (port, _):
        line = await connected(port)
        asked = b"POST /count?a=%2f HTTP/1.1\r\nHost: x\r\n" + OTHER + body
        whole = asked * 2 + REQUEST
        for at in range(0, len(whole), at_a_time):
            await say(line, whole[at : at + at_a_time])
        said = await heard(line, b"ok")
        assert said.count(b"HTTP/1.1 200 ") == 3
        assert said.count(b"%d bytes" % size) == 2
        line.close()


async def test_an_upgrade_is_asked_for_among_others_and_by_several_headers() -> None:
    async with serving(Events()) as (port, _):
        for upgrade in (
            UPGRADE.replace(b"keep-alive, Upgrade", b"Upgrade\r\nConnection: keep-alive"),
            UPGRADE.replace(b": WebSocket", b": h2c, websocket"),
        ):
            line = await connected(port)
            await say(line, upgrade)
            await heard(line, b"HTTP/1.1 101 ")
            line.close()


async def test_no_tunnel_is_made() -> None:
    """Mutant: its head is read again and again."""
    async with serving(Events()) as (port, _):
        line = await connected(port)
        await say(line, b"CONNECT / HTTP/1.1\r\nHost: x\r\n\r\n" + REQUEST)
        assert (await heard(line, b"ok", times=2)).count(b"HTTP/1.1 200 ") == 2
        line.close()


async def test_an_upgrade_that_is_none_is_refused() -> None:
    async with serving(Events()) as (port, _):
        line = await connected(port)
        await say(line, UPGRADE.replace(b"13", b"8"))
        said = await answers(line)
        assert b"sec-websocket-version: 13" in said
        assert problem_in(said, 400)["code"] == "bad_request"
        line = await connected(port)
        await say(line, UPGRADE.replace(b"/hear", b"/nowhere"))
        assert (await answers(line)).startswith(b"HTTP/1.1 403 ")


async def test_who_speaks_before_the_answer_is_heard_after_it() -> None:
    """Mutant: what comes before the application has accepted is dropped."""
    async with serving(Events()) as (port, _):
        line = await connected(port)
        early = serialized(Frame(Opcode.BINARY, b"early"))
        await say(line, UPGRADE.replace(b"/hear", b"/late") + early)
        await say(line, early * 2)
        await heard(line, b"\x82\x0freceived: early" + b"\x82\x0eat once: early" * 2)
        line.close()


async def test_text_that_is_none_is_cut_off() -> None:
    async with serving(Events()) as (port, _):
        peer = await Peer.upgraded(port, "/hear")
        await peer.frames(Frame(Opcode.TEXT, b"\xff"))
        assert await peer.rest() == 1007
        peer.close()


async def test_text_that_is_none_and_a_close_in_one_piece_are_no_mistake_of_ours(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Mutant: what is closing is closed once more."""
    async with serving(Events()) as (port, _):
        peer = await Peer.upgraded(port, "/hear")
        wrong = Frame(Opcode.TEXT, b"\xff"), Frame(Opcode.CLOSE, b"\x03\xe8")
        await say(peer._line, b"".join(serialized(frame) for frame in wrong))
        assert await peer.rest() is not None
        peer.close()
    assert not [record for record in caplog.records if record.exc_info]


async def test_what_was_on_its_way_at_the_close_hides_no_close_frame() -> None:
    """Mutant: it is counted as pings are."""
    events = Events()
    async with serving(events) as (port, _):
        peer = await Peer.upgraded(port)  # it is closed, having read nothing
        await until(events.finished)
        await peer.frames(*messages(*[b"more"] * 400))
        assert await peer.rest() == 4003
        peer.close()


def serialized(frame: Frame) -> bytes:
    """Masked by zeros, whatever is wrong with it."""
    head = frame.fin << 7 | frame.rsv1 << 6 | frame.opcode
    return bytes((head, 0x80 | len(frame.data))) + bytes(4) + bytes(frame.data)


# ---- HTTP ---------------------------------------------------------------------------------------

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


async def say(line: socket.socket, data: bytes) -> None:
    await asyncio.get_running_loop().sock_sendall(line, data)


async def answers(line: socket.socket) -> bytes:
    """All that comes until the server hangs up."""
    loop, said = asyncio.get_running_loop(), b""
    async with asyncio.timeout(GUARD_S):
        with contextlib.suppress(ConnectionError):
            while data := await loop.sock_recv(line, 65_536):
                said += data
    line.close()
    return said


async def heard(line: socket.socket, end: bytes, times: int = 1) -> bytes:
    """All that comes until `end` has come so often."""
    loop, said = asyncio.get_running_loop(), b""
    async with asyncio.timeout(GUARD_S):
        while said.count(end) < times:
            data = await loop.sock_recv(line, 65_536)
            assert data, said
            said += data
    return said


@pytest.mark.parametrize(
    "endless",
    [
        b"GET /",
        b"GET / HTTP/1.1\r\nHost: ",
        b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ",
    ],
    ids=["target", "header", "trailer"],
)
async def test_a_line_without_an_end_is_cut_off(endless: bytes) -> None:
    async with serving(Events()) as (port, _):
        line = await connected(port)
        with contextlib.suppress(ConnectionError):
            await say(line, endless)
            for _ in range(1_000):
                await say(line, b"x" * 16_000)
            pytest.fail("16 MB of one line were taken")
        line.close()


async def test_a_body_is_no_head_however_long() -> None:
    async with serving(Events()) as (port, _):
        line = await connected(port)
        for _ in range(2):
            head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1600000\r\n\r\n"
            await say(line, head + b"x" * 1_600_000)
            await heard(line, b"ok")
        line.close()


def problem_in(said: bytes, status: int) -> Any:
    """The one answer, which is problem+json, and the last."""
    head, _, body = said.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 %d " % status)
    assert b"content-type: application/problem+json" in head
    assert b"content-security-policy: " in head
    assert b"connection: close" in head
    return json.loads(body)


POST = b"POST %s HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET http://x:99999/ HTTP/1.1\r\n\r\n",
        b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\r\n",
        b"GET / HTTP/7.7\r\n\r\n",
        b"GET /\r\n: x\r\n\r\n",
        POST % b"/" + b"zz\r\n",
    ],
    ids=["place", "tunnel", "no HTTP", "version", "header", "chunk"],
)
async def test_what_is_no_request_is_refused_as_one(nonsense: bytes) -> None:
    async with serving(Events()) as (port, _):
        line = await connected(port)
        await say(line, nonsense)
        assert problem_in(await answers(line), 400)["code"] == "bad_request"


async def test_who_asks_for_thousands_of_things_at_once_is_hung_up_on() -> None:
    """Without a look at what else came with it. Mutant: all of them are answered."""
    async with serving(Events()) as (port, _):
        line = await connected(port)
        await say(line, REQUEST * 5_000)
        assert (await answers(line)).count(b"HTTP/1.1 200 ") <= AT_ONCE_MOST


@pytest.mark.parametrize(
    "begun", [POST % b"/early", POST % b"/early" + b"1\r\nx\r\n"], ids=["head", "body"]
)
async def test_an_answer_that_has_begun_is_not_mixed_with_a_refusal(begun: bytes) -> None:
    async with serving(Events()) as (port, _):
        line = await connected(port)
        await say(line, begun)
        await heard(line, b"first\r\n")
        await say(line, b"zz\r\n")
        assert await answers(line) == b""


@pytest.mark.parametrize(
    "drop", [b"G", b"GET / HTTP/1.1\r\nHost: x\r\n", b"\r\n"], ids=["first", "header", "nothing"]
)
async def test_a_head_that_does_not_end_is_late(drop: bytes) -> None:
    async with serving(Events(), head_timeout_s=0.5) as (port, _):
        first = await connected(port)
        await say(first, drop)
        assert problem_in(await answers(first), 408)["code"] == "request_timeout"
        second = await connected(port)
        await say(second, REQUEST)
        await heard(second, b"ok")
        await say(second, drop)
        assert b"HTTP/1.1 408 " in await answers(second)


async def test_of_one_address_so_many_who_have_not_signed_in_and_no_more() -> None:
    events = Events()
    async with serving(events, strangers_most=3) as (port, _):
        known = [await Peer.upgraded(port, "/known") for _ in range(5)]
        stranger = await Peer.upgraded(port, "/quiet")
        silent, asking = await connected(port), await connected(port)
        await say(asking, REQUEST)
        await heard(asking, b"ok")
        refusal = problem_in(await answers(await connected(port)), 429)
        assert (refusal["code"], refusal["retry_after_us"]) == (
            "rate_limited",
            2 * GUARD_S * 1_000_000,
        )
        await say(asking, REQUEST)  # who is inside stays
        await heard(asking, b"ok")
        came: list[socket.socket] = []
        for gone in (stranger, silent):
            events.lost.clear()
            gone.close()
            await until(events.lost)
            again = await connected(port)
            await say(again, REQUEST)
            await heard(again, b"ok")
            came.append(again)
        for peer in known:
            peer.close()
        for line in (asking, *came):
            line.close()


async def test_who_would_cost_more_than_a_little_waits_for_a_turn() -> None:
    """Mutants: all are let in in the turn in which they ask; nobody is later."""
    asking: list[Flag] = []
    at_once: list[bool] = []
    next_turn = Flag()
    all_in = asyncio.Event()
    tell = asyncio.get_running_loop().call_soon_threadsafe
    crowd = IN_A_TURN + 3

    def let_go() -> None:
        for each in asking:
            each.set()
        asyncio.get_running_loop().call_soon(next_turn.set)  # behind all of them

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        await send({"type": "websocket.accept"})
        asking.append(asks := Flag())
        if len(asking) == crowd:
            asyncio.get_running_loop().call_soon(let_go)
        await asks.wait()
        await scope["state"]["line"].turn()
        at_once.append(not next_turn.is_set())
        if len(at_once) == crowd:
            tell(all_in.set)
        while (await receive())["type"] != "websocket.disconnect":
            pass

    async with serving(Events(), app) as (port, _):
        peers = [await Peer.upgraded(port) for _ in range(crowd)]
        await until(all_in)
        assert sum(at_once) <= IN_A_TURN
        for peer in peers:
            peer.close()


async def test_who_says_nothing_at_all_is_let_go_without_a_word() -> None:
    async with serving(Events(), head_timeout_s=0.1) as (port, _):
        assert await answers(await connected(port)) == b""


@pytest.mark.parametrize(
    "body",
    [b"Content-Length: 9\r\n\r\n", b"Content-Length: 9\r\n\r\nx",
     b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n"],
    ids=["none", "length", "chunk"],
)  # fmt: skip
async def test_a_body_that_does_not_end_is_late(body: bytes) -> None:
    async with serving(Events(), body_timeout_s=0.1) as (port, _):
        line = await connected(port)
        await say(line, REQUEST)
        await heard(line, b"ok")
        await say(line, b"POST / HTTP/1.1\r\nHost: x\r\n" + body)
        said = (await answers(line)).removeprefix(b"\r\n0\r\n\r\n")  # the end of the first answer
        assert problem_in(said, 408)["code"] == "request_timeout"
        answered = await connected(port)
        await say(answered, b"POST /early HTTP/1.1\r\nHost: x\r\n" + body)
        assert (await answers(answered)).endswith(b"first\r\n")


@pytest.mark.parametrize("head", [REQUEST[:-2], REQUEST[:-2] + b"Connection: close\r\n"])
async def test_who_does_not_take_the_answer_is_cut_off(head: bytes) -> None:
    events = Events()
    async with serving(events, unread_timeout_s=0.1) as (port, _):
        line = await connected(port)
        await say(line, head.replace(b" / ", b" /large ") + b"\r\n")
        await until(events.lost)
        line.close()


async def test_who_takes_the_answer_slowly_gets_it_all() -> None:
    async with serving(Events()) as (port, _):
        line = await connected(port)
        await say(line, REQUEST.replace(b" / ", b" /large "))
        await heard(line, b"ok")
        line.close()


async def test_bodies_and_pauses_between_requests_may_take_longer() -> None:
    async with serving(Events(), head_timeout_s=0.5) as (port, _):

        async def while_another_is_late() -> None:
            other = await connected(port)
            await say(other, b"G")
            assert b" 408 " in await answers(other)

        line = await connected(port)
        await say(line, REQUEST)
        await heard(line, b"ok")
        await while_another_is_late()
        await say(line, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nx")
        await while_another_is_late()
        await say(line, b"x")
        await heard(line, b"ok")
        line.close()


async def test_what_is_held_for_a_connection_goes_with_it() -> None:
    """Mutant: it holds itself, until somebody looks for such."""
    events = Events()
    gc.disable()
    try:
        async with serving(events) as (port, _):
            peer = await Peer.upgraded(port, "/hear")
            await peer.frames(*messages(b"at once", b"later"), Frame(Opcode.TEXT, b"text"))
            await peer.told(3)
            await peer.frames(Frame(Opcode.CLOSE, b"\x03\xe8"))
            assert await peer.rest() == 1000
            peer.close()
            cut = await Peer.upgraded(port, "/quiet")
            cut.close()
            wrong = await connected(port)
            await say(wrong, b"nonsense\r\n\r\n")
            await answers(wrong)
            line = await connected(port)
            await say(line, REQUEST.replace(b" / ", b" /count ") * 3)
            await heard(line, b"bytes", times=3)
            line.close()
            assert len(events.held) == 6
            async with asyncio.timeout(GUARD_S):
                while any(each() for each in events.held):  # noqa: ASYNC110 - in another loop
                    await asyncio.sleep(0.01)
    finally:
        gc.enable()


async def test_who_comes_in_a_crowd_is_let_in_turn_by_turn() -> None:
    """Mutant: who has to wait for a turn is forgotten."""
    async with serving(Events()) as (port, _):
        peers = await asyncio.gather(*(Peer.upgraded(port, "/quiet") for _ in range(60)))
        for peer in peers:
            peer.close()
