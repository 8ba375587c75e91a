"""Pages' side of the wire: WebSocket clients that speak frames through the `msgpack` package.

`Socket` talks to the ASGI application in this process; `RemoteSocket` to a server on a port.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import msgpack
from uvicorn.protocols.utils import ClientDisconnected
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from runtime.clock import Clock
from web.socket.line import Line

Frame = dict[str, Any]
Message = MutableMapping[str, Any]
Asgi = Callable[
    [Message, Callable[[], Awaitable[Message]], Callable[[Message], Awaitable[None]]],
    Awaitable[None],
]

MSGPACK = "ithaca.v1.msgpack"
JSON = "ithaca.v1.json"
HOST = "127.0.0.1:8000"
SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 00:11\r\n"
)
CANDIDATE = "candidate:1 1 udp 2122260223 192.0.2.1 54321 typ host generation 0"
GUARD_S = 30.0
"""How long a test waits for what never comes before it says so."""


class Unexpected(AssertionError):
    """What was waited for did not come; says what did."""


class Inbox:
    """Frames that have come and were not taken yet, in order, and how the connection ended."""

    def __init__(self) -> None:
        self.frames: list[Frame] = []
        self.close_code: int | None = None
        self._changed = asyncio.Event()

    def put(self, frame: Frame) -> None:
        self.frames.append(frame)
        self._changed.set()

    def end(self, code: int) -> None:
        self.close_code = code
        self._changed.set()

    def take(self, tag: str, **fields: Any) -> Frame | None:
        """The first waiting frame with this tag and these values, taken out."""
        for frame in self.frames:
            if frame["t"] == tag and all(frame.get(name) == fields[name] for name in fields):
                self.frames.remove(frame)
                return frame
        return None

    def take_all(self, tag: str) -> list[Frame]:
        """All waiting frames with this tag, taken out."""
        taken = [frame for frame in self.frames if frame["t"] == tag]
        self.frames = [frame for frame in self.frames if frame["t"] != tag]
        return taken

    async def get(self, tag: str, **fields: Any) -> Frame:
        """The same as `take`, once there is one."""
        found: list[Frame] = []

        def there() -> bool:
            frame = self.take(tag, **fields)
            found.extend([frame] if frame is not None else [])
            return bool(found)

        await self._until(there, f"{tag} {fields}")
        return found[0]

    async def either(self, *wanted: tuple[str, str, str]) -> Frame:
        """The first frame with one of these tags and this value in this field, taken out."""
        found: list[Frame] = []

        def there() -> bool:
            taken = (self.take(tag, **{name: value}) for tag, name, value in wanted)
            found.extend(frame for frame in taken if frame is not None)
            return bool(found)

        await self._until(there, f"one of {wanted}")
        return found[0]

    async def messages_to(self, seq: int) -> list[int]:
        """The seqs of all messages that have come, once `seq` has; taken out."""

        def there() -> bool:
            return any(
                message["seq"] >= seq
                for frame in self.frames
                if frame["t"] == "chat.messages"
                for message in frame["messages"]
            )

        await self._until(there, f"message {seq}")
        return [m["seq"] for frame in self.take_all("chat.messages") for m in frame["messages"]]

    async def closed(self) -> int:
        """The close code, once the connection has ended; 1006 without one."""
        await self._until(lambda: self.close_code is not None, "the end", ended_is_fine=True)
        assert self.close_code is not None
        return self.close_code

    async def _until(
        self, holds: Callable[[], bool], what: str, *, ended_is_fine: bool = False
    ) -> None:
        try:
            async with asyncio.timeout(GUARD_S):
                while not holds():
                    if self.close_code is not None and not ended_is_fine:
                        raise Unexpected(
                            f"closed with {self.close_code}, not {what}: {self.frames}"
                        )
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise Unexpected(f"{what} did not come, but {self.frames}") from None


class Socket(Inbox):
    """A WebSocket connection in this process; to the server it is a Line. `beating`: it lives as
    time moves on; `known`: the server has believed its grant."""

    def __init__(
        self,
        app: Asgi,
        clock: Clock,
        *,
        subprotocols: tuple[str, ...] = (MSGPACK,),
        origin: str | None = f"http://{HOST}",
        host: str = HOST,
        path: str = "/ws",
        scheme: str = "ws",
    ) -> None:
        super().__init__()
        self.subprotocol: str | None = None
        self.accepted = False
        self._closed_unread = 1006
        self._parted = False
        self.known = False
        self.beating = True
        self.opened: Frame = {}
        self.beats = 0
        self._reads = asyncio.Event()
        self._reads.set()
        self._clock = clock
        self._hear: Callable[[bytes], bool] | None = None
        self._sent: deque[Message] = deque()  # and not looked at yet
        self._waiting: list[Message] = [{"type": "websocket.connect"}]
        self._held = self._looks = False
        self._filled = asyncio.Event()
        line: Line = self
        headers = [(b"host", host.encode())]
        if origin is not None:
            headers.append((b"origin", origin.encode()))
        scope: Message = {
            "type": "websocket",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "scheme": scheme,
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": headers,
            "client": ("127.0.0.1", 50_000),
            "server": ("127.0.0.1", 8_000),
            "subprotocols": list(subprotocols),
            "state": {"line": line},
        }
        self.task = asyncio.create_task(self._run(app, scope))

    async def _run(self, app: Asgi, scope: Message) -> None:
        try:
            await app(scope, self._receive, self._from_app)
        except ClientDisconnected:
            pass
        finally:
            self._hear = None
            if self.close_code is None:
                self.end(self._closed_unread)

    # ---- the server's side ---------------------------------------------------------------------

    def write(self, data: bytes, *, text: bool) -> bool:
        if not self._reads.is_set() or self._parted:
            return False
        self.put(json.loads(data) if text else msgpack.unpackb(data))
        return True

    def heard_by(self, hear: Callable[[bytes], bool]) -> None:
        self._hear = hear

    def close(self, code: int) -> None:
        if not self._parted:
            self._closed_unread = code
            self._part({"type": "websocket.disconnect", "code": code})
            if self._reads.is_set():
                self.end(code)

    def _part(self, goodbye: Message) -> None:
        """Nothing is sent any more, and of what has come nothing is heard."""
        self._parted = True
        self._sent.clear()
        self._waiting.append(goodbye)
        self._filled.set()

    def signed_in(self) -> None:
        self.known = True

    def hold(self, seconds: float) -> None:
        if not self._held:
            self._held = True
            self._clock.call_later(seconds, self._let_go)

    def _let_go(self) -> None:
        self._held = False
        self._look_soon()

    async def turn(self) -> None:
        """It is always theirs."""

    def _look_soon(self) -> None:
        """In a turn of its own: what comes comes from elsewhere."""
        if not self._looks:
            self._looks = True
            asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        self._looks = False
        while self._sent and not (self._waiting or self._held):
            message = self._sent.popleft()
            data = message.get("bytes")
            if message["type"] == "websocket.disconnect":
                self._part(message)
            elif data is None or self._hear is None or not self._hear(data):
                self._waiting.append(message)
                self._filled.set()

    async def _receive(self) -> Message:
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        self._look_soon()  # at the next, behind what is done with this one
        return self._waiting.pop(0)

    async def _from_app(self, message: Message) -> None:
        await self._reads.wait()
        if self._parted:
            raise ClientDisconnected
        match message["type"]:
            case "websocket.accept":
                self.accepted, self.subprotocol = True, message["subprotocol"]
                self._changed.set()
            case "websocket.close":
                self.close(message["code"])
            case _ if message.get("bytes") is not None:
                self.put(msgpack.unpackb(message["bytes"]))
            case _:
                self.put(json.loads(message["text"]))

    # ---- the page's side -----------------------------------------------------------------------

    async def answered(self) -> bool:
        """Whether the upgrade was accepted, once that is decided."""
        await self._until(
            lambda: self.accepted or self.close_code is not None, "an answer", ended_is_fine=True
        )
        return self.accepted

    def stall(self) -> None:
        """From now on nothing is read."""
        self._reads.clear()

    def go_on(self) -> None:
        self._reads.set()
        if self._parted and self.close_code is None:
            self.end(self._closed_unread)

    def send(self, tag: str, **fields: Any) -> None:
        """Queues a frame in the form of the subprotocol."""
        frame = {"t": tag, **fields}
        if self.subprotocol == JSON:
            self.send_text(json.dumps(frame))
        else:
            self.send_bytes(msgpack.packb(frame))

    def send_bytes(self, data: bytes) -> None:
        self._send({"type": "websocket.receive", "bytes": data})

    def send_text(self, text: str) -> None:
        self._send({"type": "websocket.receive", "text": text})

    def _send(self, message: Message) -> None:
        if not self._parted:
            self._sent.append(message)
            self._look_soon()

    @property
    def unread(self) -> int:
        """How many frames the server has not taken yet."""
        return len(self._sent) + len(self._waiting)

    @property
    def beats_by_itself(self) -> bool:
        """Whether its page is signed in, connected and lives."""
        return self.beating and bool(self.opened) and self.close_code is None

    async def beat(self) -> Frame:
        """A sign of life, and its answer."""
        self.beats += 1
        self.send("beat", n=self.beats)
        return await self.get("beat.ack", n=self.beats)

    def drop(self, code: int = 1006) -> None:
        """Ends it from outside: 1006 is a broken network, 1001 a page that goes away."""
        self.beating = False
        self._held = False  # who is gone is not
        self._send({"type": "websocket.disconnect", "code": code})

    async def finish(self, code: int = 1006) -> None:
        """The same, until the server has said goodbye for it."""
        self.drop(code)
        self.go_on()
        await self.task


class RemoteSocket(Inbox):
    """A WebSocket connection to a server on a port, over the `websockets` package."""

    def __init__(self, connection: ClientConnection) -> None:
        super().__init__()
        self.connection = connection
        self.opened: Frame = {}
        self.task = asyncio.create_task(self._read())

    async def _read(self) -> None:
        try:
            async for data in self.connection:
                self.put(msgpack.unpackb(data) if isinstance(data, bytes) else json.loads(data))
        except ConnectionClosed:
            pass  # how it ended is in the close code
        finally:
            self.end(self.connection.close_code or 1006)

    async def live(self) -> None:
        """Gives a sign of life every two seconds, as a page's worker does, until it ends."""
        n = 0
        while self.close_code is None:
            n += 1
            await self.send("beat", n=n)
            await self.get("beat.ack", n=n)
            await asyncio.wait([self.task], timeout=2)

    async def send(self, tag: str, **fields: Any) -> None:
        frame = {"t": tag, **fields}
        if self.connection.subprotocol == JSON:
            await self.connection.send(json.dumps(frame))
        else:
            await self.connection.send(msgpack.packb(frame))
