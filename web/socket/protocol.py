"""Uvicorn's two protocols, HTTP and WebSocket, with bounds they lack. The only file that knows
them."""

from asyncio.transports import BaseTransport, Transport
from typing import cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

HEADERS_MOST_BYTES = 64 * 1024
WRITE_HIGH_BYTES = 256 * 1024
PONGS_MOST_BYTES = 1024 * 1024


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A peer that stops reading can be dropped at once (`ws_abort` in the scope's state: a close
    frame would wait behind what it does not read), and text that is not UTF-8 ends the connection
    with 1007 without a trace in the log."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        stream = cast(Transport, transport)
        stream.set_write_buffer_limits(high=WRITE_HIGH_BYTES)
        self.app_state = {**self.app_state, "ws_abort": stream.abort}

    def handle_ping(self) -> None:
        super().handle_ping()
        # Pongs wait for nobody: who floods us with pings and reads none of the answers is cut off.
        if self.transport.get_write_buffer_size() > PONGS_MOST_BYTES:
            self.transport.abort()

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.conn.send_close(1007)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()


class HttpProtocol(HttpToolsProtocol):
    """A request's head is bounded: a line without an end fills no memory."""

    _head_bytes: int | None = 0

    def data_received(self, data: bytes) -> None:
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > HEADERS_MOST_BYTES + len(data):
                self.send_400_response("The head of the request is too large.")
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        self._head_bytes = 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_bytes = None
        super().on_headers_complete()
