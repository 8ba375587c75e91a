import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.ids import ALPHABET, Ids, ulid
from tests.support.clock import ManualClock

MS = st.integers(0, 2**48 - 1)
RANDOM = st.binary(min_size=10, max_size=10)


def decoded(text: str) -> int:
    value = 0
    for character in text:
        value = value * 32 + ALPHABET.index(character)
    return value


@given(MS, RANDOM)
def test_a_ulid_holds_its_time_and_randomness(ms: int, random10: bytes) -> None:
    text = ulid(ms, random10)
    assert re.fullmatch("[0-7][0-9a-hjkmnp-tv-z]{25}", text)
    assert decoded(text) == ms * 2**80 + int.from_bytes(random10, "big")


@given(MS, RANDOM, MS, RANDOM)
def test_ulids_sort_by_time(ms: int, one: bytes, other_ms: int, other: bytes) -> None:
    assert (ulid(ms, one) < ulid(other_ms, other)) == ((ms, one) < (other_ms, other))


def test_the_example_of_the_specification() -> None:
    # https://github.com/ulid/spec: 01ARZ3NDEK TSV4RRFFQ69G5FAV, time part 1469922850259 ms
    assert ulid(1469922850259, b"\0" * 10)[:10] == "01arz3ndek"


@pytest.mark.parametrize(("ms", "random10"), [(-1, b"0" * 10), (2**48, b"0" * 10), (0, b"0" * 9)])
def test_what_does_not_fit_is_refused(ms: int, random10: bytes) -> None:
    with pytest.raises(ValueError, match="48 bits|10 random bytes"):
        ulid(ms, random10)


def test_new_ids_take_prefix_clock_and_randomness() -> None:
    clock = ManualClock(wall_us=1_700_000_000_123_456)
    ids = Ids(clock, randbytes=lambda size: b"\xff" * size)
    assert ids.new("room") == "room_" + ulid(1_700_000_000_123, b"\xff" * 10)


def test_a_secret_is_256_bits_of_base64url() -> None:
    ids = Ids(ManualClock(), randbytes=lambda size: b"\xfb" * size)
    assert ids.secret() == ("-_v7" * 11)[:42] + "s"
    real = Ids(ManualClock())
    assert len(real.secret()) == 43
    assert real.secret() != real.secret()
