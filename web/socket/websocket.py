"""A WebSocket on a transport (RFC 6455), as an ASGI application sees it."""

import asyncio
import logging
from asyncio import TimerHandle
from asyncio.transports import Transport
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any, Literal

from uvicorn._types import ASGI3Application
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.server import ServerState
from websockets.frames import Frame, Opcode, apply_mask  # type: ignore[attr-defined]
from websockets.protocol import SERVER, Protocol, State

from runtime.flag import Flag
from runtime.limits import gcra
from runtime.turns import Turns
from web.socket.sansio.handshake import Opening, accepted

Message = MutableMapping[str, Any]

WRITE_HIGH_BYTES = 256 * 1024
EARLY_MOST_BYTES = 64 * 1024
PARSED_AT_ONCE_BYTES = 4 * 1024
WHOLE_BINARY = 0x82
"""The first byte of a binary message in one frame."""
FRAMES_AT_ONCE = 64
"""So many of one peer are looked at in one turn of the loop."""
FRAGMENTS_MOST, LATE_MOST = 256, 1_000
"""Of one message; and of what was on its way when we closed."""
PINGS_MOST, PING_EVERY_US = 100, 1_000_000
"""So many at once, and one more a second: a page sends none, a client's library one in 20 s."""
CLOSE_GRACE_S = 30.0
CLOSE_ANSWER_S = 10.0
SHUTDOWN_GRACE_S = 1.0
FORBIDDEN = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Connection: close\r\n\r\n"
)

log = logging.getLogger(__name__)
of_frames = logging.getLogger("websockets.server")


class WebSocketProtocol(asyncio.Protocol):
    """Runs `app` once the handshake was asked for, which `opening` is. Whole binary messages, which
    is nearly everything, are cut out here; all else the library parses. Besides what ASGI has, the
    scope's state holds:

    - `ws_close(code)` closes without waiting for a peer that has stopped reading. Whatever way it
      ended, CLOSE_GRACE_S later the connection is gone.
    - `ws_signed_in()`: it is no stranger's any more.
    - `ws_write(data, text=...)` sends a message without waiting, unless (False) the peer has to
      read first; what is said within one turn of the loop goes out in one piece.
    - `ws_hear(hear)`: from now on `hear` takes binary messages as they come, without a turn of the
      loop; those that it does not take so (False) wait to be received.
    - `ws_hold(seconds)`: nothing more is heard of the peer for so long.
    - `ws_turn()` returns when it is this connection's turn to cost more than a little.

    What a peer has sent at once is looked at in parts, and no further while a message waits to be
    received: nobody else waits for it.
    """

    __slots__ = (
        "_accepted", "_app", "_begun", "_close_sent", "_close_timer", "_conn", "_cut", "_filled",
        "_gone", "_hear", "_held", "_kind", "_late", "_left", "_loop", "_max_size", "_needed",
        "_opening", "_parts", "_paused", "_pings_us", "_put_off", "_raw", "_said", "_scope",
        "_server", "_transport", "_turns", "_waiting", "_writable", "__weakref__",
    )  # fmt: skip
    close_grace_s = CLOSE_GRACE_S

    def __init__(
        self,
        app: ASGI3Application,
        opening: Opening,
        scope: Mapping[str, Any],
        transport: Transport,
        server: ServerState,
        loop: asyncio.AbstractEventLoop,
        left: Callable[[], None],
        max_size: int,
        turns: Turns,
    ) -> None:
        self._app, self._opening, self._transport = app, opening, transport
        self._server, self._loop, self._left, self._max_size = server, loop, left, max_size
        self._turns = turns
        self._accepted = self._close_sent = self._gone = self._paused = self._raw = False
        self._held = self._put_off = False
        self._waiting: list[Message] = []
        self._filled, self._writable = Flag(), Flag()
        self._writable.set()
        self._hear: Callable[[bytes], bool] | None = None
        self._said: list[bytes] = []
        self._begun, self._needed = bytearray(), 0
        self._conn: Protocol | None = None
        self._parts: list[bytes] = []
        self._kind: Literal["text", "bytes"] = "bytes"
        self._pings_us = self._late = 0
        self._cut: TimerHandle | None = None
        self._close_timer: TimerHandle | None = None
        self._scope: MutableMapping[str, Any] = {
            **scope,
            "type": "websocket",
            "scheme": "wss" if scope["scheme"] == "https" else "ws",
            "subprotocols": list(opening.subprotocols),
            "state": {
                **scope["state"],
                "ws_close": self._close_unread,
                "ws_write": self._write,
                "ws_hear": self._heard_by,
                "ws_signed_in": left,
                "ws_hold": self._hold,
                "ws_turn": self._turn,
            },
            "extensions": {},
        }

    def begin(self, early: bytes) -> None:
        """The transport is its own from here on; `early` came already."""
        self._transport.set_write_buffer_limits(high=WRITE_HIGH_BYTES)
        self._transport.set_protocol(self)
        self._begun += early
        self._server.connections.add(self)  # type: ignore[arg-type]
        self._waiting.append({"type": "websocket.connect"})
        task = self._loop.create_task(self.run_asgi())
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    async def run_asgi(self) -> None:
        scope = self._scope
        del self._scope  # the application's now
        try:
            await self._app(scope, self._receive, self._send)  # type: ignore[arg-type]
        except ClientDisconnected:
            pass
        except Exception:
            log.exception("connection failed")
        finally:
            if self._close_timer is None:
                self._transport.close()
            self._cut_within(self.close_grace_s)

    # ---- the transport's -------------------------------------------------------------------------

    def connection_lost(self, exc: Exception | None) -> None:
        self._left()  # or has long since
        self._gone, self._hear = True, None
        self._put({"type": "websocket.disconnect", "code": 1005 if self._accepted else 1006})
        self._server.connections.discard(self)
        self._writable.set()  # nothing will be read any more
        self._begun, self._parts, self._conn = bytearray(), [], None  # before it is collected
        for timer in (self._close_timer, self._cut):
            if timer is not None:
                timer.cancel()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    def shutdown(self) -> None:
        """Uvicorn's server stops."""
        if not self._close_sent and self._accepted and not self._transport.is_closing():
            self._part(1012)
        self._transport.close()
        self._cut_within(SHUTDOWN_GRACE_S)

    def _cut_within(self, seconds: float) -> None:
        """A transport that is told to close waits for the peer to read the rest: not for ever."""
        if self._gone:
            return
        if self._cut is not None:
            if self._cut.when() <= self._loop.time() + seconds:
                return
            self._cut.cancel()
        self._cut = self._loop.call_later(seconds, self._transport.abort)

    # ---- what comes ------------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._accepted and not self._begun:
            self._cut_up(data)
            return
        self._begun += data
        if self._accepted:
            self._go_on()
        elif len(self._begun) > EARLY_MOST_BYTES:
            self._pause()

    def _go_on(self) -> None:
        """With what had begun, if that is a whole frame by now and it is time for it."""
        if len(self._begun) >= self._needed and not self._waits:
            data, self._begun = bytes(self._begun), bytearray()
            self._cut_up(data)

    @property
    def _waits(self) -> bool:
        """What comes is not looked at for now."""
        return self._put_off or (not self._close_sent and (bool(self._waiting) or self._held))

    def _cut_up(self, data: bytes) -> None:
        """What begins with a frame, or was given to the library from somewhere within one on."""
        at, end, seen = 0, len(data), 0
        while at < end and not self._transport.is_closing():
            if seen == FRAMES_AT_ONCE:
                self._put_off = True
                self._loop.call_soon(self._next_turn)
            if self._waits:
                self._begun += data[at:]
                self._needed = 0
                self._pause()
                return
            seen += 1
            if self._raw:
                self._parse(data[at : at + PARSED_AT_ONCE_BYTES])
                at, seen = at + PARSED_AT_ONCE_BYTES, FRAMES_AT_ONCE
                continue
            self._needed, start = 6, at + 2
            if end - at >= 6:
                size = data[at + 1] - 0x80
                if size == 126:
                    size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
                elif size < 0 or size == 127:  # a fault, or larger than most: see there
                    self._raw = True
                    continue
                start += 4
                self._needed = start + size - at
            if end - at < self._needed:
                self._begun += data[at:]
                return
            after = at + self._needed
            if data[at] == WHOLE_BINARY and self._is_between_messages:
                self._take(apply_mask(data[start:after], data[start - 4 : start]))
            else:
                self._parse(data[at:after])
            at = after

    def _next_turn(self) -> None:
        self._put_off = False
        self._hear_more()

    def _hear_more(self) -> None:
        """Of what had come, then of what comes."""
        if self._accepted and self._begun:
            self._go_on()
        if not self._waits:
            self._resume()

    @property
    def _is_between_messages(self) -> bool:
        conn = self._conn
        return conn is None or (conn.state is State.OPEN and conn.current_size is None)

    def _take(self, data: bytes) -> None:
        if self._close_sent:
            return  # the application is past that
        if self._waiting or self._hear is None or not self._hear(data):
            self._queue({"type": "websocket.receive", "bytes": data})

    def _queue(self, message: Message) -> None:
        self._put(message)
        self._pause()

    def _put(self, event: Message) -> None:
        self._waiting.append(event)
        self._filled.set()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    @property
    def _frames(self) -> Protocol:
        """The library's view, from the first frame that is not just a message; it knows nothing of
        what was taken before."""
        if self._conn is None:
            self._conn = Protocol(SERVER, max_size=self._max_size, logger=of_frames)
        return self._conn

    def _parse(self, data: bytes) -> None:
        conn = self._frames
        conn.receive_data(data)
        if conn.parser_exc is not None:
            assert conn.close_sent is not None
            self._end(conn.close_sent.code)
            return
        for event in conn.events_received():
            assert isinstance(event, Frame)
            self._on_frame(conn, event)

    def _on_frame(self, conn: Protocol, frame: Frame) -> None:
        if self._close_sent and frame.opcode is not Opcode.CLOSE:
            self._late += 1  # the application is past that
            if self._late > LATE_MOST:
                self._transport.abort()
        elif frame.opcode in (Opcode.TEXT, Opcode.BINARY, Opcode.CONT):
            if frame.opcode is not Opcode.CONT:
                self._kind = "text" if frame.opcode is Opcode.TEXT else "bytes"
            self._parts.append(bytes(frame.data))
            if frame.fin:
                data, self._parts = b"".join(self._parts), []
                self._on_message(conn, data)
            elif len(self._parts) == FRAGMENTS_MOST:
                self._transport.abort()
        elif frame.opcode is Opcode.CLOSE:
            self._on_close(conn)
        elif not self._is_too_much():
            self._answer(conn)

    def _on_message(self, conn: Protocol, data: bytes) -> None:
        if self._kind == "bytes":
            self._queue({"type": "websocket.receive", "bytes": data})
            return
        try:
            self._queue({"type": "websocket.receive", "text": data.decode()})
        except UnicodeDecodeError:
            if conn.state is State.OPEN:  # else its close frame came in the same piece
                conn.send_close(1007)
            self._end(1007)

    def _on_close(self, conn: Protocol) -> None:
        """The peer's close frame: its first word of it, or the answer to ours."""
        if not self._close_sent and not self._transport.is_closing():
            assert conn.close_rcvd is not None
            self._end(conn.close_rcvd.code)
        self._transport.close()

    def _end(self, code: int) -> None:
        """Our close frame is made; the application hears that there will be no more."""
        self._put({"type": "websocket.disconnect", "code": code})
        self._answer(self._frames)
        self._close_sent = True
        self._transport.close()

    def _answer(self, conn: Protocol) -> None:
        """With what the library has to say to what it was given."""
        self._flush()
        if said := b"".join(conn.data_to_send()):
            self._transport.write(said)

    def _is_too_much(self) -> bool:
        """Pings and pongs cost their sender next to nothing, and us time that is the others'."""
        if not self._transport.is_closing():
            now_us = int(self._loop.time() * 1_000_000)
            self._pings_us, wait_us = gcra(self._pings_us, now_us, PING_EVERY_US, PINGS_MOST)
            if wait_us:
                self._transport.abort()
        return self._transport.is_closing()

    # ---- the application's -----------------------------------------------------------------------

    def _heard_by(self, hear: Callable[[bytes], bool]) -> None:
        self._hear = hear

    async def _receive(self) -> Message:
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        event = self._waiting.pop(0)
        if self._paused and not self._gone and not self._waits:
            if self._begun:  # behind what the application does with this one
                self._put_off = True
                self._loop.call_soon(self._next_turn)
            else:
                self._resume()
        return event

    def _hold(self, seconds: float) -> None:
        if not self._held:
            self._held = True
            self._pause()
            self._loop.call_later(seconds, self._let_go)

    def _let_go(self) -> None:
        self._held = False
        if not self._gone:
            self._hear_more()

    async def _turn(self) -> None:
        if not self._turns.now(behind=True):
            come = Flag()
            self._turns.later(come.set, behind=True)
            await come.wait()

    async def _send(self, message: Message) -> None:
        """Raises ClientDisconnected when it can reach nobody any more."""
        self._flush()
        await self._writable.wait()
        if self._gone or self._close_sent or self._transport.is_closing():
            raise ClientDisconnected
        if message["type"] == "websocket.accept":
            self._accept(message.get("subprotocol"))
        elif message["type"] == "websocket.send":
            text, data = message.get("text"), message.get("bytes")
            said = data if data is not None else text.encode()  # type: ignore[union-attr]
            self._transport.write(_head(len(said), text=data is None) + said)
        elif self._accepted:
            self._part(message["code"])
            self._close_timer = self._loop.call_later(CLOSE_ANSWER_S, self._transport.close)
        else:
            self._close_sent = True
            self._transport.write(FORBIDDEN)

    def _accept(self, subprotocol: str | None) -> None:
        headers = self._server.default_headers
        self._transport.write(accepted(self._opening, subprotocol, headers))
        self._accepted = True
        del self._opening
        self._hear_more()

    def _write(self, data: bytes, *, text: bool) -> bool:
        if not self._said:  # else that was so earlier in this turn
            if not self._writable.is_set() or self._close_sent or self._transport.is_closing():
                return False
            self._loop.call_soon(self._flush)
        self._said += (_head(len(data), text=text), data)
        return True

    def _flush(self) -> None:
        if self._said:
            said, self._said = b"".join(self._said), []
            if not self._close_sent and not self._transport.is_closing():
                self._transport.write(said)

    def _close_unread(self, code: int) -> None:
        """Puts the close frame behind what the peer has not read yet, without waiting for it: who
        reads on within the grace finds it there."""
        self._flush()
        if self._close_sent or self._transport.is_closing():
            return
        self._part(code)
        self._close_timer = self._loop.call_later(self.close_grace_s, self._transport.close)

    def _part(self, code: int) -> None:
        """The application hears that there will be no more, the peer why."""
        self._put({"type": "websocket.disconnect", "code": code})
        self._flush()
        self._frames.send_close(code)
        self._answer(self._frames)
        self._close_sent = True
        self._hear_more()  # or its answer would not be seen


def _head(size: int, *, text: bool) -> bytes:
    """Of an unmasked message in one frame (RFC 6455, 5.2)."""
    kind = 0x81 if text else 0x82
    if size < 126:
        return bytes((kind, size))
    if size < 1 << 16:
        return bytes((kind, 126)) + size.to_bytes(2, "big")
    return bytes((kind, 127)) + size.to_bytes(8, "big")
