"""What waits to be sent is bounded, but whatever one frame has to say can be said."""

import asyncio
from collections.abc import Callable

import msgspec
import pytest
from starlette.types import Message

from protocol.codec import Format, encode
from protocol.frames import ErrorFrame
from web.socket.outgoing import LARGEST_BYTES, MOST_BYTES, Outgoing, Overflow


def sized(size: int) -> ErrorFrame:
    """A frame of that many bytes."""
    bare = ErrorFrame(code="internal", message="x" * 100_000)
    more = size - len(encode(bare, "msgpack"))
    return msgspec.structs.replace(bare, message="x" * (100_000 + more))


async def nowhere(message: Message) -> None:
    raise AssertionError(message)


class Slow:
    """A Line on which nothing is said at once, unless it is `ready`."""

    def __init__(self) -> None:
        self.ready = False
        self.sent: list[tuple[bytes, bool]] = []

    def write(self, data: bytes, *, text: bool) -> bool:
        if self.ready:
            self.sent.append((data, text))
        return self.ready

    def heard_by(self, hear: Callable[[bytes], bool]) -> None: ...

    def close(self, code: int) -> None: ...

    def signed_in(self) -> None: ...

    def hold(self, seconds: float) -> None: ...

    async def turn(self) -> None: ...


def outgoing() -> Outgoing:
    return Outgoing("msgpack", nowhere, Slow())


def test_what_waits_behind_the_next_frame_is_bounded() -> None:
    out = outgoing()
    out.put(sized(100_000))
    out.put(sized(MOST_BYTES - 100_000))
    out.put(sized(100_000))
    with pytest.raises(Overflow):
        out.put(sized(100_000))


async def test_one_frame_may_be_larger_if_nothing_waits_before_it() -> None:
    """Of somebody with hundreds of mentorships the first frame is."""
    sent = list[int]()

    async def send(message: Message) -> None:
        sent.append(len(message["bytes"]))

    out = Outgoing("msgpack", send, Slow())
    out.put(sized(2 * MOST_BYTES))
    out.put(sized(100_000))
    with pytest.raises(Overflow):
        out.put(sized(2 * MOST_BYTES))
    for _ in range(2):
        await out._send_next()
    assert sent == [2 * MOST_BYTES, 100_000]
    out.put(sized(2 * MOST_BYTES))


def test_no_frame_is_larger_than_a_page_can_bear() -> None:
    out = outgoing()
    with pytest.raises(Overflow):
        out.put(sized(LARGEST_BYTES + 1))
    out.put(sized(LARGEST_BYTES))


async def test_what_was_being_sent_when_the_connection_ends_goes_out_before_the_rest() -> None:
    """The other side had stopped reading, and reads on for the goodbye."""
    said = list[int]()
    reads = asyncio.Event()

    async def send(message: Message) -> None:
        await reads.wait()
        said.append(len(message["bytes"]) if "bytes" in message else message["code"])

    out = Outgoing("msgpack", send, Slow())
    for size in (100_001, 100_002):
        out.put(sized(size))
    sending = asyncio.create_task(out.run())
    await asyncio.sleep(0)
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    reads.set()
    await out.finish(4003)
    assert said == [100_001, 100_002, 4003]


def test_what_can_go_at_once_does_unless_something_waits_before_it() -> None:
    cases: tuple[tuple[Format, ErrorFrame], ...] = (
        ("msgpack", sized(100_000)),
        ("json", sized(100_001)),
    )
    for fmt, frame in cases:
        line = Slow()
        out = Outgoing(fmt, nowhere, line)
        line.ready = True
        out.put(frame)
        assert line.sent == [(encode(frame, fmt), fmt == "json")]
        line.ready = False
        out.put(frame)
        line.ready = True
        out.put(frame)  # waits behind the one before
        assert len(line.sent) == 1
        assert not out.room
