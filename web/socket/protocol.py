"""Uvicorn's HTTP protocol, with bounds it lacks, and what becomes of a WebSocket's handshake."""

from asyncio import TimerHandle
from asyncio.transports import BaseTransport, Transport
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any, cast
from urllib.parse import unquote

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from protocol.errors import Refusal
from runtime.turns import Turns
from web.http import SECURITY_HEADERS, problem
from web.socket.sansio.door import Door, Guest
from web.socket.sansio.handshake import VERSION, opening
from web.socket.websocket import WebSocketProtocol

HEAD_MOST_BYTES = 64 * 1024
HEAD_TIMEOUT_S = 10.0
BODY_TIMEOUT_S = 30.0
UNREAD_TIMEOUT_S = 30.0
AT_ONCE_MOST = 32
"""Requests of one connection that wait for their answers. No browser sends another before the
answer has come, and each is worked out of what came in one turn."""
SPEAKS = (b"sec-websocket-version", VERSION)


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
    _upgrades = False

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

    def _upgrade(self, early: bytes) -> None:
        """Behind the answers to what was asked before; `early`: what came behind the request."""
        assert self._guest is not None
        may_answer = getattr(self.cycle, "response_complete", True)  # None before the first
        if self.flow.write_paused or not may_answer:
            self._held, self._upgrades = early, True
            return
        self._unset_keepalive_if_required()
        self.transport.resume_reading()
        scope = cast(dict[str, Any], self.scope)
        raw_path, _, query = self.url.partition(b"?")
        path = unquote(raw_path.decode("latin-1"))
        scope |= {"path": path, "raw_path": raw_path, "query_string": query}
        try:
            asked = opening(scope["method"], scope["http_version"], scope["headers"])
        except Refusal as refusal:
            self._refuse(refusal, SPEAKS)
            return
        self.connections.discard(self)
        self.parser = None  # type: ignore[assignment]  # it holds this in turn
        websocket = cast(type[WebSocketProtocol], self.ws_protocol_class)
        websocket(self.config, self.server_state, asked, scope, self._guest.leave).begin(
            self.transport, early
        )

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
        self._unset_keepalive_if_required()
        try:
            self._read(memoryview(data))
        except httptools.HttpParserError:
            self.send_400_response("Invalid HTTP request received.")

    def _read(self, data: memoryview) -> None:
        """After a request for an upgrade the parser takes the rest, its body too, for another
        protocol's."""
        while data:
            try:
                self.parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                data = data[upgrade.args[0] :]
                if self._should_upgrade():
                    self._upgrade(bytes(data))
                    return
                if self._upgrade_is_not_for_us:
                    self._read_without_upgrade()

    def _read_without_upgrade(self) -> None:
        """The head once more: an upgrade that we do not make is as good as not asked for (RFC 9110,
        7.8)."""
        version = self.parser.get_http_version().encode()
        lines = [b"%s %s HTTP/%s" % (self.parser.get_method(), self.url, version)]
        lines += [b"%s: %s" % each for each in self.headers if each[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's
        self.parser.feed_data(b"\r\n".join([*lines, b"\r\n"]))

    @property
    def _upgrade_is_not_for_us(self) -> bool:
        """That of a tunnel is none either, but its head says nothing else."""
        asks = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        return asks and not self._should_upgrade()

    def _should_upgrade(self) -> bool:
        """Where the parser has found that an upgrade is asked for: whether to a WebSocket."""
        return any(
            b"websocket" in (token.strip().lower() for token in value.split(b","))
            for name, value in self.headers
            if name == b"upgrade"
        )

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
        if self._upgrade_is_not_for_us:
            return
        if len(self.pipeline) >= AT_ONCE_MOST:
            raise ValueError("too many at once")  # nothing of what has come is read any more
        super().on_headers_complete()  # refuses what asks for no place
        self._in_head = False
        self._await_nothing()
        self._await(self.body_timeout_s)

    def on_body(self, body: bytes) -> None:
        self._around_bytes -= len(body)
        super().on_body(body)

    def on_message_complete(self) -> None:
        if self._upgrade_is_not_for_us:
            return
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

    def _refuse(self, refusal: Refusal, *more: tuple[bytes, bytes]) -> None:
        """Hangs up, with an answer where that would not get into another one."""
        if self.transport.is_closing():
            return
        if self._in_head:
            may_answer = getattr(self.cycle, "response_complete", True)  # None before the first
        else:
            may_answer = not (self.pipeline or self.cycle.response_started)
        if may_answer:
            self.transport.write(self._answer(refusal, more))
        self._hang_up()

    def _answer(self, refusal: Refusal, more: Iterable[tuple[bytes, bytes]]) -> bytes:
        answer = problem(refusal)
        security = [(name.encode(), value.encode()) for name, value in SECURITY_HEADERS.items()]
        headers = [*self.server_state.default_headers, *answer.raw_headers, *security, *more]
        status = f"HTTP/1.1 {answer.status_code} {HTTPStatus(answer.status_code).phrase}\r\n"
        lines = [b"%s: %s\r\n" % header for header in headers]
        end = b"connection: close\r\n\r\n"
        return b"".join([status.encode(), *lines, end, bytes(answer.body)])

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self.transport.is_closing():
            self._cut_unless_read()
        self._upgrade_if_it_waits()

    def _upgrade_if_it_waits(self) -> None:
        early = self._held
        if self._upgrades and early is not None and not self.transport.is_closing():
            self._held, self._upgrades = None, False
            self._upgrade(early)

    def timeout_keep_alive_handler(self) -> None:
        self._hang_up()

    def _hang_up(self) -> None:
        self.pipeline.clear()
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
        self._upgrade_if_it_waits()

    def _cut_unless_read(self) -> None:
        """A peer that does not read what waits for it holds the connection no longer than this."""
        if self._cut is None:
            self._cut = self.loop.call_later(self.unread_timeout_s, self.transport.abort)
