"""A WebSocket client that costs the generator little: frames in one write, mask of zeros."""

from __future__ import annotations

import asyncio
import base64
import os
from collections.abc import Callable
from typing import cast

import msgspec

from protocol.frames import SUBPROTOCOL_MSGPACK, ClientFrame, ServerFrame

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[ServerFrame] = msgspec.msgpack.Decoder(ServerFrame)
OPENING, TEXT, BINARY = 0x80, 0x81, 0x82


class Connection(asyncio.Protocol):
    """One connection; `heard` is called with each frame, `lost` when it is gone."""

    def __init__(
        self,
        port: int,
        heard: Callable[[ServerFrame], None],
        lost: Callable[[], None] = lambda: None,
    ) -> None:
        self._port, self._heard, self._lost = port, heard, lost
        self._buffer = b""
        self._transport: asyncio.Transport | None = None
        self._head = True
        self.upgraded: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport = cast(asyncio.Transport, transport)
        key = base64.b64encode(os.urandom(16)).decode()
        transport.write(
            f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\nUpgrade: websocket\r\n"
            f"Origin: http://127.0.0.1:{self._port}\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Protocol: {SUBPROTOCOL_MSGPACK}\r\n\r\n".encode()
        )

    def send(self, frame: ClientFrame) -> None:
        assert self._transport is not None
        data = _encoder.encode(frame)
        size = len(data)
        length = bytes([0x80 | size]) if size < 126 else b"\xfe" + size.to_bytes(2, "big")
        self._transport.write(b"\x82" + length + b"\0\0\0\0" + data)

    def data_received(self, data: bytes) -> None:
        buffer = self._buffer + data
        if self._head:
            head, found, buffer = buffer.partition(b"\r\n\r\n")
            if not found:
                self._buffer = head
                return
            if not head.startswith(b"HTTP/1.1 101"):
                self.upgraded.set_exception(ConnectionError(head.decode()))
                return
            self._head = False
            self.upgraded.set_result(None)
        at = 0
        while len(buffer) - at >= 2:
            size, start = buffer[at + 1], at + 2
            if size == 126:
                size, start = int.from_bytes(buffer[at + 2 : at + 4], "big"), at + 4
            elif size == 127:
                size, start = int.from_bytes(buffer[at + 2 : at + 10], "big"), at + 10
            if len(buffer) < start + size or (size == 0 and len(buffer) < start):
                break
            if buffer[at] == BINARY:
                self._heard(_decoder.decode(buffer[start : start + size]))
            at = start + size
        self._buffer = buffer[at:]

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.upgraded.done():
            self.upgraded.set_exception(exc or ConnectionError("closed"))
        self._lost()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()
