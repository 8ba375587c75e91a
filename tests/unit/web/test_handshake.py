from __future__ import annotations

import pytest

from protocol.errors import Refusal
from web.socket.sansio.handshake import accepted, opening

KEY = (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==")
VERSION = (b"sec-websocket-version", b"13")


def test_it_proves_to_have_heard_and_says_what_the_client_speaks() -> None:
    """The key and its proof are the example of RFC 6455, 1.3."""
    spoken = [(b"sec-websocket-protocol", b"a, b"), (b"sec-websocket-protocol", b"c")]
    asked = opening("GET", "1.1", [(b"host", b"x"), KEY, VERSION, *spoken])
    assert asked.accept == b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    assert list(asked.subprotocols) == ["a", "b", "c"]
    head = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    proof = b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
    assert accepted(asked, None, []) == head + proof + b"\r\n"
    with_more = accepted(asked, "b", [(b"date", b"today")])
    assert with_more == head + proof + b"date: today\r\nSec-WebSocket-Protocol: b\r\n\r\n"


@pytest.mark.parametrize(
    ("method", "version", "headers", "says"),
    [
        ("POST", "1.1", [KEY, VERSION], "GET"),
        ("GET", "1.0", [KEY, VERSION], "HTTP/1.1"),
        ("GET", "1.1", [KEY], "version 13"),
        ("GET", "1.1", [KEY, (b"sec-websocket-version", b"8")], "version 13"),
        ("GET", "1.1", [KEY, VERSION, VERSION], "version 13"),
        ("GET", "1.1", [VERSION], "16 bytes"),
        ("GET", "1.1", [KEY, KEY, VERSION], "16 bytes"),
        ("GET", "1.1", [(b"sec-websocket-key", b"c2hvcnQ="), VERSION], "16 bytes"),
        ("GET", "1.1", [(b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ"), VERSION], "16 bytes"),
        ("GET", "1.1", [(b"sec-websocket-key", b"\xff" * 24), VERSION], "16 bytes"),
    ],
)
def test_what_is_no_handshake_is_refused(
    method: str, version: str, headers: list[tuple[bytes, bytes]], says: str
) -> None:
    with pytest.raises(Refusal, match=says) as caught:
        opening(method, version, headers)
    assert caught.value.code == "bad_request"
