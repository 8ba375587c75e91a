"""Read as the `websockets` package writes them, however they are cut."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.frames import Close, Frame, Opcode, apply_mask  # type: ignore[attr-defined]
from websockets.protocol import CLIENT, Protocol

from web.socket.sansio.frames import (
    BINARY,
    CLOSE,
    PART,
    PARTS_MOST,
    PING,
    PONG,
    TEXT,
    Broken,
    Frames,
    closing_code,
    framed,
    head,
)

MOST = 70_000


def reader(most: int = MOST) -> Frames:
    return Frames(most, apply_mask)


def told(frames: Frames) -> list[tuple[int, bytes]]:
    """All that has come; without the parts that are not the last."""
    found = iter(frames.next, None)
    return [(kind, data) for kind, data in found if (kind, data) != (PART, b"")]


def of_client(*frames: Frame) -> bytes:
    return b"".join(frame.serialize(mask=True) for frame in frames)


sizes = st.sampled_from([0, 1, 124, 125, 126, 127, 300, 65_535, 65_536, MOST])


@st.composite
def spoken(draw: st.DrawFn) -> tuple[list[tuple[int, bytes]], list[Frame]]:
    """What is said, and the frames that say so."""
    said: list[tuple[int, bytes]] = []
    frames: list[Frame] = []
    for _ in range(draw(st.integers(0, 6))):
        kind = draw(st.sampled_from([Opcode.TEXT, Opcode.BINARY]))
        data = bytes(itertools.islice(itertools.cycle(b"abcdefg"), draw(sizes)))
        cuts = sorted(draw(st.lists(st.integers(0, len(data)), max_size=3)))
        parts = [data[a:b] for a, b in itertools.pairwise([0, *cuts, len(data)])]
        for number, part in enumerate(parts):
            opcode = Opcode.CONT if number else kind
            frames.append(Frame(opcode, part, fin=number == len(parts) - 1))
            if number < len(parts) - 1 and draw(st.booleans()):
                control = draw(st.sampled_from([Opcode.PING, Opcode.PONG]))
                frames.append(Frame(control, b"between"))
                said.append((control, b"between"))
        said.append((kind, data))
    return said, frames


@given(spoken(), st.data())
def test_what_was_said_is_read_however_it_is_cut(
    talk: tuple[list[tuple[int, bytes]], list[Frame]], data: st.DataObject
) -> None:
    """Mutants: what is left when the next piece comes is dropped; a length of eight bytes is read
    as two."""
    said, frames = talk
    whole = of_client(*frames)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=5)))
    read, found = reader(), list[tuple[int, bytes]]()
    for a, b in itertools.pairwise([0, *cuts, len(whole)]):
        read.feed(whole[a:b])
        if data.draw(st.booleans()):
            found += told(read)
    assert found + told(read) == said
    assert read.held == 0


def test_byte_by_byte() -> None:
    read, found = reader(), list[tuple[int, bytes]]()
    for byte in of_client(
        *(Frame(Opcode.BINARY, b"x" * size) for size in (0, 125, 126, 65_536)),
        Frame(Opcode.CLOSE, b""),
    ):
        read.feed(bytes((byte,)))
        found += told(read)
    assert [(kind, len(data)) for kind, data in found] == [
        (BINARY, 0), (BINARY, 125), (BINARY, 126), (BINARY, 65_536), (CLOSE, 0),
    ]  # fmt: skip


def test_one_at_a_time() -> None:
    read = reader()
    read.feed(of_client(Frame(Opcode.BINARY, b"one"), Frame(Opcode.TEXT, b"two")))
    before = read.held
    assert read.next() == (BINARY, b"one")
    assert read.held == before - 9
    read.feed(of_client(Frame(Opcode.PONG, b"three")))
    assert told(read) == [(TEXT, b"two"), (PONG, b"three")]
    assert read.next() is None


CUT = Frame(Opcode.BINARY, b"begun", fin=False)
MASK = bytes(4)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        (b"\x82\x05", 1002),
        (b"\xc2\x80", 1002),
        (b"\x92\x80", 1002),
        (b"\x83\x80", 1002),
        (b"\x8b\x80", 1002),
        (b"\x80\x80", 1002),
        (of_client(CUT) + b"\x82\x80", 1002),
        (of_client(CUT) + b"\x81\x80", 1002),
        (of_client(CUT) + b"\x03\x80", 1002),
        (b"\x09\x80", 1002),
        (b"\x88\xfe", 1002),
        (b"\x89\xff", 1002),
        (b"\x82\xff" + (MOST + 1).to_bytes(8, "big"), 1009),
        (b"\x82\xff" + b"\xff" * 8, 1009),
        (of_client(CUT, Frame(Opcode.CONT, bytes(MOST - 4))), 1009),
        (b"\x02\x80" + MASK + (b"\x00\x80" + MASK) * (PARTS_MOST - 1), 1008),
    ],
)
def test_what_is_against_the_rules(wrong: bytes, code: int) -> None:
    """Known as soon as it has come; what came before it is read."""
    read = reader()
    read.feed(of_client(Frame(Opcode.BINARY, b"good")) + wrong)
    assert read.next() == (BINARY, b"good")
    with pytest.raises(Broken) as caught:
        told(read)
    assert caught.value.code == code


def test_a_message_may_be_as_large_and_of_as_many_parts() -> None:
    read = reader()
    read.feed(of_client(CUT, Frame(Opcode.CONT, bytes(MOST - 5))))
    read.feed(b"\x02\x80" + MASK + (b"\x00\x80" + MASK) * (PARTS_MOST - 2) + b"\x80\x80" + MASK)
    assert [(kind, len(data)) for kind, data in told(read)] == [(BINARY, MOST), (BINARY, 0)]


def test_who_closes_within_a_message_has_closed() -> None:
    read = reader()
    read.feed(of_client(CUT, Frame(Opcode.CLOSE, Close(1001, "bye").serialize())))
    ((kind, data),) = told(read)
    assert (kind, closing_code(data)) == (CLOSE, 1001)


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1011, 1014, 3000, 4000, 4999])
def test_codes_that_may_be_sent(code: int) -> None:
    assert closing_code(code.to_bytes(2, "big") + "tschüß".encode()) == code


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"\x03", 1002),
        *((code.to_bytes(2, "big"), 1002) for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000)),
        (b"\x03\xe8\xff", 1007),
    ],
)
def test_codes_and_reasons_that_may_not(data: bytes, code: int) -> None:
    with pytest.raises(Broken) as caught:
        closing_code(data)
    assert caught.value.code == code


def test_no_code_is_one_too() -> None:
    assert closing_code(b"") == 1005


@pytest.mark.parametrize("size", [0, 125, 126, 65_535, 65_536])
@pytest.mark.parametrize("kind", [TEXT, BINARY])
def test_what_is_written_the_package_reads(kind: int, size: int) -> None:
    client = Protocol(CLIENT)
    client.receive_data(head(kind, size) + b"x" * size + framed(PING, b"ping"))
    message, ping = client.events_received()
    assert isinstance(message, Frame)
    assert (message.opcode, message.data, message.fin) == (kind, b"x" * size, True)
    assert ping == Frame(Opcode.PING, b"ping")
