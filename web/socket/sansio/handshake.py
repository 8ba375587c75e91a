"""The server's part of a WebSocket's opening handshake (RFC 6455, 4.2). Pure."""

import binascii
from base64 import b64encode
from binascii import a2b_base64
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha1

from protocol.errors import Refusal

VERSION = b"13"
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Opening:
    """What a client asks for: the proof that it was heard, and the subprotocols it speaks."""

    accept: bytes
    subprotocols: Sequence[str]


def opening(method: str, version: str, headers: Iterable[tuple[bytes, bytes]]) -> Opening:
    """`headers`: names in lower case. Refuses with `bad_request` what is no handshake. That it asks
    for an upgrade to a WebSocket is known already."""
    nonces, versions, subprotocols = list[bytes](), list[bytes](), list[str]()
    for name, value in headers:
        if name == b"sec-websocket-key":
            nonces.append(value.strip())
        elif name == b"sec-websocket-version":
            versions.append(value.strip())
        elif name == b"sec-websocket-protocol":
            subprotocols += [each.strip() for each in value.decode("latin-1").split(",")]
    if method != "GET" or version != "1.1":
        raise Refusal("bad_request", "A WebSocket is opened by GET with HTTP/1.1.")
    if versions != [VERSION]:
        raise Refusal("bad_request", "Speak version 13 of the WebSocket protocol.")
    if len(nonces) != 1 or not _is_nonce(nonces[0]):
        raise Refusal("bad_request", "Sec-WebSocket-Key is not 16 bytes in base64.")
    return Opening(b64encode(sha1(nonces[0] + GUID).digest()), subprotocols)  # noqa: S324 - the RFC's


def _is_nonce(text: bytes) -> bool:
    try:
        return len(a2b_base64(text, strict_mode=True)) == NONCE_BYTES
    except binascii.Error:
        return False


def accepted(
    opening: Opening, subprotocol: str | None, more: Iterable[tuple[bytes, bytes]]
) -> bytes:
    """The answer that lets it in; `more` headers go along."""
    lines = [
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        b"Sec-WebSocket-Accept: %s\r\n" % opening.accept,
        *(b"%s: %s\r\n" % header for header in more),
    ]
    if subprotocol is not None:
        lines.append(b"Sec-WebSocket-Protocol: %s\r\n" % subprotocol.encode("latin-1"))
    return b"".join([*lines, b"\r\n"])
