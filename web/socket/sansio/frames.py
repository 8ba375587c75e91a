"""The frames of a WebSocket (RFC 6455, 5): a client's are read, a server's written. Pure."""

from collections.abc import Callable

PART, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
"""What a frame is, as its first byte says beside the bits below."""
FIN = MASKED = 0x80
WHOLE_BINARY = FIN | BINARY
PARTS_MOST = 256
"""Of one message: they may be empty, and each costs its time."""
SHORT_MOST = 125
"""What the second byte says; it also bounds a control frame."""
CODES = frozenset({*range(1000, 1004), *range(1007, 1015)})
"""Those of RFC 6455 and its registry that are sent; from 3000 on they are others' to give."""


class Broken(Exception):
    """Something against the rules has come, and what follows it means nothing; `code` is what to
    close with."""

    def __init__(self, code: int) -> None:
        self.code = code


class Frames:
    """What has come, cut up when it is asked for; what waits is not moved again. No message is
    larger than `most`; `unmask` takes the mask (4 bytes) off data."""

    __slots__ = ("_at", "_begun", "_come", "_kind", "_most", "_parts", "_unmask")

    def __init__(self, most: int, unmask: Callable[[bytearray, bytearray], bytes]) -> None:
        self._most, self._unmask = most, unmask
        self._come, self._at = bytearray(), 0
        self._begun: bytearray | None = None  # a message of which parts have come
        self._kind, self._parts = BINARY, 0

    def feed(self, data: bytes) -> None:
        if self._at:
            del self._come[: self._at]
            self._at = 0
        self._come += data

    @property
    def held(self) -> int:
        """How many bytes have come and were not asked for yet."""
        return len(self._come) - self._at

    def next(self) -> tuple[int, bytes] | None:
        """The next message, or what a control frame holds; an empty PART where a message goes on.
        None: its end has not come. Raises Broken as soon as that is known."""
        come, at = self._come, self._at
        if len(come) < at + 2:
            return None
        first, second = come[at], come[at + 1]
        if first != WHOLE_BINARY or second < MASKED or self._begun is not None:
            self._check(first, second)
        size, start = second - MASKED, at + 6
        if size > SHORT_MOST:
            start += 2 if size == SHORT_MOST + 1 else 8
            if len(come) < start - 4:
                return None
            size = int.from_bytes(come[at + 2 : start - 4], "big")
        if size > self._most:
            raise Broken(1009)
        after = start + size
        if len(come) < after:
            return None
        data = self._unmask(come[start:after], come[start - 4 : start])
        if len(come) == after:
            come.clear()
            after = 0
        self._at = after
        if first == WHOLE_BINARY:
            return BINARY, data
        return self._found(first, data)

    def _check(self, first: int, second: int) -> None:
        """What the first two bytes of a frame say."""
        kind = first & ~FIN  # and what is reserved, which none has
        if kind in (CLOSE, PING, PONG):
            fits = first & FIN and second <= MASKED + SHORT_MOST
        else:
            fits = kind == PART if self._begun is not None else kind in (TEXT, BINARY)
        if not fits or second < MASKED:
            raise Broken(1002)

    def _found(self, first: int, data: bytes) -> tuple[int, bytes]:
        kind = first & ~FIN
        if kind > BINARY or (first & FIN and self._begun is None):
            return kind, data
        if self._begun is None:
            self._begun, self._kind, self._parts = bytearray(), kind, 0
        self._begun += data
        self._parts += 1
        if len(self._begun) > self._most:
            raise Broken(1009)
        if first & FIN:
            data, self._begun = bytes(self._begun), None
            return self._kind, data
        if self._parts == PARTS_MOST:
            raise Broken(1008)
        return PART, b""


def closing_code(data: bytes) -> int:
    """Of what a close frame holds; 1005 when it holds nothing. Raises Broken."""
    if not data:
        return 1005
    code = int.from_bytes(data[:2], "big")
    if len(data) < 2 or not (code in CODES or 3000 <= code < 5000):
        raise Broken(1002)
    try:
        data[2:].decode()
    except UnicodeDecodeError:
        raise Broken(1007) from None
    return code


def framed(kind: int, data: bytes) -> bytes:
    """In one frame, of a server."""
    return head(kind, len(data)) + data


def head(kind: int, size: int) -> bytes:
    """What stands before so many bytes of a server's only frame."""
    if size <= SHORT_MOST:
        return bytes((FIN | kind, size))
    if size < 1 << 16:
        return bytes((FIN | kind, SHORT_MOST + 1)) + size.to_bytes(2, "big")
    return bytes((FIN | kind, SHORT_MOST + 2)) + size.to_bytes(8, "big")
