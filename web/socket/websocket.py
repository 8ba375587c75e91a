"""A WebSocket on a transport (RFC 6455), as an ASGI application sees it."""

import asyncio
import logging
from asyncio import TimerHandle
from asyncio.transports import Transport
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any

from uvicorn._types import ASGI3Application
from uvicorn.config import Config
from uvicorn.protocols.utils import ClientDisconnected
from uvicorn.server import ServerState
from websockets.frames import apply_mask  # type: ignore[attr-defined]

from runtime.flag import Flag
from runtime.limits import gcra
from runtime.turns import Turns
from web.socket.line import Line
from web.socket.sansio.frames import (
    BINARY,
    CLOSE,
    PART,
    PING,
    PONG,
    TEXT,
    Broken,
    Frames,
    closing_code,
    framed,
    head,
)
from web.socket.sansio.handshake import Opening, accepted

Message = MutableMapping[str, Any]

WRITE_HIGH_BYTES = 256 * 1024
EARLY_MOST_BYTES = 64 * 1024
FRAMES_AT_ONCE = 64
"""So many of one peer are looked at in one turn of the loop."""
LATE_MOST = 1_000
"""Of what was on its way when we closed."""
PINGS_MOST, PING_EVERY_US = 100, 1_000_000
"""So many at once, and one more a second: a page sends none, a client's library one in 20 s."""
CLOSE_GRACE_S, SHUTDOWN_GRACE_S = 30.0, 1.0
FORBIDDEN = (
    b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nContent-Type: text/plain; charset=utf-8\r\n"
    b"Connection: close\r\n\r\n"
)

log = logging.getLogger(__name__)


class WebSocketProtocol(asyncio.Protocol):
    """Runs the application once the handshake was asked for, which `opening` is; `left` hears when
    it is no stranger's any more. It is the Line of its scope. Whatever way it ended, CLOSE_GRACE_S
    later the connection is gone.

    What a peer has sent at once is looked at in parts, and no further while a message waits to be
    received: nobody else waits for it.
    """

    __slots__ = (
        "_accepted", "_app", "_close_sent", "_cut", "_filled", "_frames", "_gone", "_hear", "_held",
        "_late", "_left", "_loop", "_opening", "_paused", "_pings_us", "_put_off", "_said",
        "_said_bytes", "_scope", "_server", "_transport", "_waiting", "_writable", "__weakref__",
    )  # fmt: skip
    turns: Turns
    close_grace_s = CLOSE_GRACE_S

    def __init__(
        self,
        config: Config,
        server: ServerState,
        opening: Opening,
        scope: Mapping[str, Any],
        left: Callable[[], None],
    ) -> None:
        self._app: ASGI3Application = config.loaded_app
        self._server, self._opening, self._left = server, opening, left
        self._frames = Frames(config.ws_max_size, apply_mask)
        self._accepted = self._close_sent = self._gone = self._paused = False
        self._held = self._put_off = False
        self._waiting: list[Message] = []
        self._filled, self._writable = Flag(), Flag()
        self._writable.set()
        self._hear: Callable[[bytes], bool] | None = None
        self._said: list[bytes] = []
        self._pings_us = self._late = self._said_bytes = 0
        self._cut: TimerHandle | None = None
        line: Line = self
        self._scope: MutableMapping[str, Any] = {
            **scope,
            "type": "websocket",
            "scheme": "wss" if scope["scheme"] == "https" else "ws",
            "subprotocols": list(opening.subprotocols),
            "state": {**scope["state"], "line": line},
            "extensions": {},
        }

    def begin(self, transport: Transport, early: bytes) -> None:
        """The transport is its own from here on; `early` came already."""
        self._transport, self._loop = transport, asyncio.get_running_loop()
        self._transport.set_write_buffer_limits(high=WRITE_HIGH_BYTES)
        self._transport.set_protocol(self)
        self._frames.feed(early)
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
            self._hear = None  # whoever heard is gone
            if not self._close_sent:  # else its answer is awaited
                self._transport.close()
            self._cut_within(self.close_grace_s)

    # ---- the transport's -------------------------------------------------------------------------

    def connection_lost(self, exc: Exception | None) -> None:
        self._left()  # or has long since
        self._gone, self._hear = True, None
        self._put({"type": "websocket.disconnect", "code": 1005 if self._accepted else 1006})
        self._server.connections.discard(self)
        self._writable.set()  # nothing will be read any more
        del self._frames
        if self._cut is not None:
            self._cut.cancel()

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
        self._frames.feed(data)
        if self._accepted:
            self._go_on()
        elif self._frames.held > EARLY_MOST_BYTES:
            self._pause()

    def _go_on(self) -> None:
        """With what has come and was not looked at, if it is time for that."""
        seen = 0
        while not self._waits:
            if self._transport.is_closing():
                return
            if seen == FRAMES_AT_ONCE:
                self._put_off_a_turn()
                break
            try:
                frame = self._frames.next()
                if frame is None:
                    self._resume()
                    return
                self._on_frame(*frame)
            except Broken as broken:
                self._end(broken.code, _closing(broken.code))
            seen += 1
        self._pause()

    @property
    def _waits(self) -> bool:
        """What comes is not looked at for now."""
        return self._put_off or (not self._close_sent and (bool(self._waiting) or self._held))

    def _put_off_a_turn(self) -> None:
        self._put_off = True
        self._loop.call_soon(self._next_turn)

    def _next_turn(self) -> None:
        self._put_off = False
        self._hear_more()

    def _hear_more(self) -> None:
        if self._accepted and not self._gone:
            self._go_on()

    def _on_frame(self, kind: int, data: bytes) -> None:
        if self._close_sent and kind != CLOSE:
            self._late += 1  # the application is past that
            if self._late > LATE_MOST:
                self._transport.abort()
        elif kind == BINARY:
            if self._hear is None or not self._hear(data):
                self._put({"type": "websocket.receive", "bytes": data})
        elif kind == TEXT:
            try:
                self._put({"type": "websocket.receive", "text": data.decode()})
            except UnicodeDecodeError:
                raise Broken(1007) from None
        elif kind == CLOSE:
            self._on_close(data)
        elif kind != PART and not self._is_too_much() and kind == PING:
            self._flush()
            self._transport.write(framed(PONG, data))

    def _on_close(self, data: bytes) -> None:
        """The peer's close frame: its first word of it, or the answer to ours."""
        if self._close_sent:
            self._transport.close()
        else:
            self._end(closing_code(data), framed(CLOSE, data))

    def _end(self, code: int, said: bytes) -> None:
        """There is nothing to wait for any more."""
        if not self._close_sent:
            self._take_leave(code, said)
        self._transport.close()

    def _take_leave(self, code: int, said: bytes) -> None:
        """The application hears that there will be no more, the peer why."""
        self._put({"type": "websocket.disconnect", "code": code})
        self._flush()
        self._transport.write(said)
        self._close_sent = True

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

    def _is_too_much(self) -> bool:
        """Pings and pongs cost their sender next to nothing, and us time that is the others'."""
        now_us = int(self._loop.time() * 1_000_000)
        self._pings_us, wait_us = gcra(self._pings_us, now_us, PING_EVERY_US, PINGS_MOST)
        if wait_us:
            self._transport.abort()
        return bool(wait_us)

    # ---- the application's -----------------------------------------------------------------------

    async def _receive(self) -> Message:
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        event = self._waiting.pop(0)
        if self._paused and not self._waits:
            self._put_off_a_turn()  # behind what the application does with this one
        return event

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
            self._transport.write(framed(TEXT if data is None else BINARY, said))
        elif self._accepted:
            self._part(message["code"])
        else:
            self._close_sent = True
            self._transport.write(FORBIDDEN)
            self._transport.close()

    def _accept(self, subprotocol: str | None) -> None:
        headers = self._server.default_headers
        self._transport.write(accepted(self._opening, subprotocol, headers))
        self._accepted = True
        del self._opening
        self._hear_more()

    def _flush(self) -> None:
        if self._said:
            said, self._said, self._said_bytes = b"".join(self._said), [], 0
            if not self._close_sent and not self._transport.is_closing():
                self._transport.write(said)

    def _part(self, code: int) -> None:
        self._take_leave(code, _closing(code))
        self._cut_within(self.close_grace_s)
        self._hear_more()  # or its answer would not be seen

    # ---- as a Line -------------------------------------------------------------------------------

    def write(self, data: bytes, *, text: bool) -> bool:
        if self._said_bytes + self._transport.get_write_buffer_size() > WRITE_HIGH_BYTES:
            self._flush()  # what does not go out at once is too much
        if not self._said:  # else that was so earlier in this turn
            if not self._writable.is_set() or self._close_sent or self._transport.is_closing():
                return False
            self._loop.call_soon(self._flush)
        self._said += (head(TEXT if text else BINARY, len(data)), data)
        self._said_bytes += len(data)
        return True

    def heard_by(self, hear: Callable[[bytes], bool]) -> None:
        self._hear = hear

    def close(self, code: int) -> None:
        if not self._close_sent and not self._transport.is_closing():
            self._part(code)

    def signed_in(self) -> None:
        self._left()

    def hold(self, seconds: float) -> None:
        if not self._held:
            self._held = True
            self._pause()
            self._loop.call_later(seconds, self._let_go)

    def _let_go(self) -> None:
        self._held = False
        self._hear_more()

    async def turn(self) -> None:
        if not self.turns.now(behind=True):
            come = Flag()
            self.turns.later(come.set, behind=True)
            await come.wait()


def _closing(code: int) -> bytes:
    return framed(CLOSE, code.to_bytes(2, "big"))
