"""Uvicorn's two protocols, HTTP and WebSocket, with bounds they lack. The only file that knows
them."""

from asyncio import TimerHandle
from asyncio.transports import BaseTransport, Transport
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, cast

from uvicorn._types import ASGIReceiveEvent, ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame
from websockets.protocol import Protocol, State
from websockets.speedups import apply_mask

from protocol.errors import Refusal
from runtime.flag import Flag
from runtime.limits import gcra
from runtime.turns import Turns
from web.http import SECURITY_HEADERS, problem
from web.socket.sansio.door import Door, Guest

HEAD_MOST_BYTES = 64 * 1024
HEAD_TIMEOUT_S = 10.0
BODY_TIMEOUT_S = 30.0
UNREAD_TIMEOUT_S = 30.0
WRITE_HIGH_BYTES = 256 * 1024
PARSED_AT_ONCE_BYTES = 4 * 1024
WHOLE_BINARY = 0x82
"""The first byte of a binary message in one frame."""
PINGS_MOST, PING_EVERY_US = 100, 1_000_000
"""So many at once, and one more a second: a page sends none, a client's library one in 20 s."""
CLOSE_GRACE_S = 30.0
SHUTDOWN_GRACE_S = 1.0


class _Queue:
    """As much of an `asyncio.Queue` as uvicorn uses, in a tenth of the memory. One reader."""

    __slots__ = ("_filled", "_waiting")

    def __init__(self) -> None:
        self._waiting: list[ASGIReceiveEvent] = []
        self._filled = Flag()

    def put_nowait(self, event: ASGIReceiveEvent) -> None:
        self._waiting.append(event)
        self._filled.set()

    async def get(self) -> ASGIReceiveEvent:
        while not self._waiting:
            self._filled.clear()
            await self._filled.wait()
        return self._waiting.pop(0)

    def empty(self) -> bool:
        return not self._waiting


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A connection whose peer has stopped reading ends too: the app closes it by `ws_close` in the
    scope's state, and whatever way it ended, CLOSE_GRACE_S later it is gone. Text that is not UTF-8
    ends it with 1007 without a trace in the log. By `ws_signed_in` the app says that it is no
    stranger's any more. `ws_write` sends a message without waiting, unless (False) the peer has to
    read first; what is said within one turn of the loop goes out in one piece. By `ws_hear` the app
    takes binary messages as they come, without a turn of the loop: those that it does not take so
    (False) wait for it to receive them."""

    close_grace_s = CLOSE_GRACE_S
    _hear: Callable[[bytes], bool] | None = None
    _cuts = _raw = False
    _needed = 0
    _cut: TimerHandle | None = None
    _pings_us = 0

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._said: list[bytes] = []
        self._begun = bytearray()
        self.queue, self.writable = _Queue(), Flag()  # type: ignore[assignment]
        self.writable.set()

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        cast(Transport, transport).set_write_buffer_limits(high=WRITE_HIGH_BYTES)
        self.app_state = {
            **self.app_state,
            "ws_close": self._close_unread,
            "ws_write": self._write,
            "ws_hear": self._heard_by,
        }

    def connection_lost(self, exc: Exception | None) -> None:
        self.app_state["ws_signed_in"]()  # or never will be
        super().connection_lost(exc)
        self._hear = None
        if self._cut is not None:
            self._cut.cancel()

    def _heard_by(self, hear: Callable[[bytes], bool]) -> None:
        self._hear = hear

    def data_received(self, data: bytes) -> None:
        if not self._cuts:
            # Who speaks before the upgrade is done may be in the middle of a frame then.
            self._raw = self._raw or (self.handshake_initiated and not self.handshake_complete)
            self._cuts = self.handshake_complete and not self._raw
        if not self._cuts:
            self._parse(data)
        elif self._begun:
            self._begun += data
            if len(self._begun) >= self._needed:
                data, self._begun = bytes(self._begun), bytearray()
                self._cut_up(data)
        else:
            self._cut_up(data)

    def _parse(self, data: bytes) -> None:
        """Bit by bit: a flood is cut off before all that has come of it is parsed."""
        for at in range(0, len(data), PARSED_AT_ONCE_BYTES):
            if not self.transport.is_closing():
                super().data_received(data[at : at + PARSED_AT_ONCE_BYTES])

    def _cut_up(self, data: bytes) -> None:
        """What begins with a frame. Whole binary messages, which is nearly everything, are unmasked
        here; all else is parsed by the library, frame by frame."""
        at, end = 0, len(data)
        while at < end and not self.transport.is_closing():
            self._needed, start = 6, at + 2
            if end - at >= 6:
                size = data[at + 1] - 0x80
                if size == 126:
                    size, start = int.from_bytes(data[at + 2 : at + 4], "big"), at + 4
                elif size < 0 or size == 127:  # a fault, or larger than most: see there
                    self._cuts, self._raw = False, True
                    self._parse(data[at:])
                    return
                start += 4
                self._needed = start + size - at
            if end - at < self._needed:
                self._begun += data[at:]
                return
            after = at + self._needed
            if (
                data[at] == WHOLE_BINARY
                and self.conn.state is State.OPEN
                and self.conn.current_size is None
            ):
                self._take(apply_mask(data[start:after], data[start - 4 : start]))
            else:
                self._parse(data[at:after])
            at = after

    def _take(self, data: bytes) -> None:
        first = not self.read_paused and not self.close_sent and self.queue.empty()
        if not (first and self._hear is not None and self._hear(data)):
            self.curr_msg_data_type, self.frames = "bytes", [data]
            self.send_receive_event_to_app()

    def _write(self, data: bytes, *, text: bool) -> bool:
        if not self._said:  # else that was so earlier in this turn
            if not self.writable.is_set() or self.close_sent or self.transport.is_closing():
                return False
            self.loop.call_soon(self._flush)
        self._said += (_head(len(data), text=text), data)
        return True

    def _flush(self) -> None:
        if self._said:
            said, self._said = b"".join(self._said), []
            if not self.close_sent and not self.transport.is_closing():
                self.transport.write(said)

    async def send(self, message: ASGISendEvent) -> None:
        self._flush()
        await super().send(message)
        if message["type"] == "websocket.accept":
            # What was said at the beginning would be kept for as long as the connection lasts.
            self.request = self.response = None  # type: ignore[assignment]
            if not (self._raw or self.conn.reader.buffer):
                self.conn.parser = Protocol.parse(self.conn)  # what follows on the upgrade
                next(self.conn.parser)

    def _close_unread(self, code: int) -> None:
        """Puts the close frame behind what the peer has not read yet, without waiting for it: who
        reads on within the grace finds it there."""
        self._flush()
        if self.close_sent or self.transport.is_closing():
            return
        self.conn.send_close(code)
        self.transport.write(b"".join(self.conn.data_to_send()))
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": code, "reason": ""})
        if self.read_paused:  # or its answer to the close frame would not be seen
            self.read_paused = False
            self.transport.resume_reading()
        self.close_timer = self.loop.call_later(self.close_grace_s, self.transport.close)

    async def run_asgi(self) -> None:
        await super().run_asgi()
        self._cut_within(self.close_grace_s)

    def shutdown(self) -> None:
        super().shutdown()
        self._cut_within(SHUTDOWN_GRACE_S)

    def _cut_within(self, seconds: float) -> None:
        """A transport that is told to close waits for the peer to read the rest: not for ever."""
        if self.disconnected:
            return
        if self._cut is not None:
            if self._cut.when() <= self.loop.time() + seconds:
                return
            self._cut.cancel()
        self._cut = self.loop.call_later(seconds, self.transport.abort)

    def handle_ping(self) -> None:
        if not self._is_too_much():
            super().handle_ping()

    def handle_pong(self, event: Frame) -> None:
        if not self._is_too_much():
            super().handle_pong(event)

    def _is_too_much(self) -> bool:
        """Pings and pongs cost their sender next to nothing, and us time that is the others'."""
        if not self.transport.is_closing():
            now_us = int(self.loop.time() * 1_000_000)
            self._pings_us, wait_us = gcra(self._pings_us, now_us, PING_EVERY_US, PINGS_MOST)
            if wait_us:
                self.transport.abort()
        return self.transport.is_closing()

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.conn.send_close(1007)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()


def _head(size: int, *, text: bool) -> bytes:
    """Of an unmasked message in one frame (RFC 6455, 5.2)."""
    kind = 0x81 if text else 0x82
    if size < 126:
        return bytes((kind, size))
    if size < 1 << 16:
        return bytes((kind, 126)) + size.to_bytes(2, "big")
    return bytes((kind, 127)) + size.to_bytes(8, "big")


class HttpProtocol(HttpToolsProtocol):
    """What comes around a request's body is bounded: a line without an end fills no memory. So is
    the time that a head, a body and the peer's reading may take: whoever says nothing, drips or
    does not read holds no connection. Between requests uvicorn's keep-alive timeout rules. `door`
    bounds the connections of one address on which nobody has signed in. Whoever is new waits for
    one of the `turns`: when all come at once, those who are in do not wait until all are."""

    door: Door
    turns: Turns
    head_timeout_s = HEAD_TIMEOUT_S
    body_timeout_s = BODY_TIMEOUT_S
    unread_timeout_s = UNREAD_TIMEOUT_S
    _around_bytes = 0
    _in_head = True
    _due: TimerHandle | None = None
    _cut: TimerHandle | None = None
    _guest: Guest | None = None
    _let_in = False
    _held: bytes | None = None

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(cast(Transport, transport))
        self._guest = self.door.enter(self.client[0] if self.client else "")
        if self._guest is not None:
            self._await(self.head_timeout_s)
            return
        wait_us = round(self.head_timeout_s * 1_000_000)
        self._refuse(
            Refusal("rate_limited", "Too many connections at once.", retry_after_us=wait_us)
        )

    def handle_websocket_upgrade(self) -> None:
        assert self._guest is not None
        self.app_state = {**self.app_state, "ws_signed_in": self._guest.leave}
        super().handle_websocket_upgrade()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._guest is not None:
            self._guest.leave()
        self._await_nothing()
        if self._cut is not None:
            self._cut.cancel()
        super().connection_lost(exc)

    # ---- what comes ----------------------------------------------------------------------------

    def data_received(self, data: bytes) -> None:
        if self._held is not None:
            self._held += data
            if len(self._held) > HEAD_MOST_BYTES:
                self.transport.pause_reading()
            return
        if not self._let_in:
            self._let_in = True
            if not self.turns.now():
                self._await_nothing()  # it is not they who are late
                self._held = data
                self.turns.later(self._is_let_in)
                return
        if self._around_bytes > HEAD_MOST_BYTES:
            self.send_400_response("The head of the request is too large.")
            return
        self._around_bytes += len(data)
        if self._in_head:
            self._await(self.head_timeout_s)
        super().data_received(data)

    def _is_let_in(self) -> None:
        """Unless they have gone meanwhile: in a crowd those cost next to nothing."""
        data, self._held = self._held, None
        if data is not None and not self.transport.is_closing():
            self.transport.resume_reading()
            self.data_received(data)

    def on_message_begin(self) -> None:
        self._await(self.head_timeout_s)
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._await_nothing()
        self._await(self.body_timeout_s)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._around_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head, self._around_bytes = True, 0
        self._await_nothing()
        super().on_message_complete()

    def _await(self, seconds: float) -> None:
        """The head, or the body, is due by then; what is awaited already stays due when it was."""
        if self._due is None:
            self._due = self.loop.call_later(seconds, self._is_late)

    def _await_nothing(self) -> None:
        if self._due is not None:
            self._due.cancel()
            self._due = None

    def _is_late(self) -> None:
        if self._around_bytes:
            self._refuse(Refusal("request_timeout"))
        else:
            self._hang_up()  # nothing was asked

    # ---- what goes -----------------------------------------------------------------------------

    def send_400_response(self, msg: str) -> None:
        self._refuse(Refusal("bad_request", msg))

    def _refuse(self, refusal: Refusal) -> None:
        """Hangs up, with an answer where that would not get into another one."""
        if self.transport.is_closing():
            return
        if self._in_head:
            may_answer = getattr(self.cycle, "response_complete", True)  # None before the first
        else:
            may_answer = not (self.pipeline or self.cycle.response_started)
        if may_answer:
            self.transport.write(self._answer(refusal))
        self._hang_up()

    def _answer(self, refusal: Refusal) -> bytes:
        answer = problem(refusal)
        security = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
        headers = [*self.server_state.default_headers, *answer.raw_headers, *security]
        status = f"HTTP/1.1 {answer.status_code} {HTTPStatus(answer.status_code).phrase}\r\n"
        lines = [b"%s: %s\r\n" % header for header in headers]
        end = b"connection: close\r\n\r\n"
        return b"".join([status.encode(), *lines, end, bytes(answer.body)])

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._cut_unless_read()

    def timeout_keep_alive_handler(self) -> None:
        self._hang_up()

    def _hang_up(self) -> None:
        self.transport.close()
        self._cut_unless_read()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._cut_unless_read()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._cut is not None and not self.transport.is_closing():
            self._cut.cancel()
            self._cut = None

    def _cut_unless_read(self) -> None:
        """A peer that does not read what waits for it holds the connection no longer than this."""
        if self._cut is None:
            self._cut = self.loop.call_later(self.unread_timeout_s, self.transport.abort)
