"""Uvicorn's WebSocket protocol with two repairs. The only file that knows it."""

from asyncio.transports import BaseTransport, Transport
from typing import cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

WRITE_HIGH_BYTES = 256 * 1024


class WebSocketProtocol(WebSocketsSansIOProtocol):
    """A peer that stops reading can be dropped at once (`ws_abort` in the scope's state: a close
    frame would wait behind what it does not read), and text that is not UTF-8 ends the connection
    with 1007 without a trace in the log."""

    def connection_made(self, transport: BaseTransport) -> None:
        super().connection_made(transport)
        stream = cast(Transport, transport)
        stream.set_write_buffer_limits(high=WRITE_HIGH_BYTES)
        self.app_state = {**self.app_state, "ws_abort": stream.abort}

    def send_receive_event_to_app(self) -> None:
        if self.curr_msg_data_type == "text" and not self.close_sent:
            try:
                b"".join(self.frames).decode()
            except UnicodeDecodeError:
                self.conn.send_close(1007)
                self.handle_parser_exception()
                return
        super().send_receive_event_to_app()
