"""Bytes to frames and back, in MessagePack or JSON. Typed decode only: nothing untyped is built."""

from typing import Literal, get_args

import msgspec

from protocol.errors import Refusal
from protocol.frames import BeatAck, ClientFrame, ServerFrame
from protocol.types import FRAME_MAX_BYTES

Format = Literal["msgpack", "json"]

_msgpack_encoder = msgspec.msgpack.Encoder()
_json_encoder = msgspec.json.Encoder()
_msgpack_decoder: msgspec.msgpack.Decoder[ClientFrame] = msgspec.msgpack.Decoder(ClientFrame)
_json_decoder: msgspec.json.Decoder[ClientFrame] = msgspec.json.Decoder(ClientFrame)
_TAGS = frozenset(str(frame.__struct_config__.tag) for frame in get_args(ClientFrame))


class _Tagged(msgspec.Struct):
    """As much of a frame as says what it is about."""

    t: str


_msgpack_tag_decoder = msgspec.msgpack.Decoder(_Tagged)
_json_tag_decoder = msgspec.json.Decoder(_Tagged)
_server_decoder: msgspec.msgpack.Decoder[ServerFrame] = msgspec.msgpack.Decoder(ServerFrame)


_newest: tuple[bytes, ServerFrame] = (b"", BeatAck(n=0, now_us=0))


def encode(frame: ServerFrame, fmt: Format) -> bytes:
    """The bytes of one frame; JSON is UTF-8."""
    return _msgpack_encoder.encode(frame) if fmt == "msgpack" else _json_encoder.encode(frame)


def encode_for_all(frame: ServerFrame) -> bytes:
    """The MessagePack form, for many who hear it one after the other: they need not decode it."""
    global _newest
    _newest = _msgpack_encoder.encode(frame), frame
    return _newest[0]


def decode(data: bytes, fmt: Format) -> ClientFrame:
    """One frame from a client. Refuses with `frame_too_large` or `bad_frame`, and names the frame's
    tag if that can be read."""
    if len(data) > FRAME_MAX_BYTES:
        raise Refusal("frame_too_large")
    try:
        return _msgpack_decoder.decode(data) if fmt == "msgpack" else _json_decoder.decode(data)
    except msgspec.ValidationError as error:
        raise Refusal("bad_frame", str(error), about=_tag(data, fmt)) from None
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        raise Refusal("bad_frame", f"This is not one frame of {fmt}.") from None


def _tag(data: bytes, fmt: Format) -> str | None:
    decoder = _msgpack_tag_decoder if fmt == "msgpack" else _json_tag_decoder
    try:
        tag = decoder.decode(data).t
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return None
    return tag if tag in _TAGS else None


def decode_server(data: bytes) -> ServerFrame:
    """One of our own frames, as MessagePack. For bytes that we encoded ourselves: what many
    hear one after another is decoded once."""
    global _newest
    if _newest[0] is not data:
        _newest = data, _server_decoder.decode(data)
    return _newest[1]
