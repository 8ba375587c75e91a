"""Links and renewal handles: only what was sealed here, with this key, as this kind."""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from people.sansio.handles import seal, unseal

ID = "inv_01jd3v0k7r9q2x4m6n8p0s2t4v"
OTHER = "inv_01jd3v0k7r9q2x4m6n8p0s2t4w"
KEY = b"k" * 32
WORD = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_-"


@given(
    st.binary(max_size=64), st.text("0123456789abcdefghjkmnpqrstvwxyz", min_size=26, max_size=26)
)
def test_what_is_sealed_is_unsealed(key: bytes, ulid: str) -> None:
    handle = seal(key, f"inv_{ulid}")
    assert unseal(key, handle, "inv") == f"inv_{ulid}"
    assert len(handle) == 30 + 1 + 43


def test_a_handle_is_the_id_and_its_hmac() -> None:
    mac = hmac.digest(KEY, ID.encode(), "sha256")
    assert len(mac) == hashlib.sha256().digest_size
    assert base64.urlsafe_b64decode(seal(KEY, ID).partition(".")[2] + "=") == mac


def test_no_character_can_be_altered() -> None:
    handle = seal(KEY, ID)
    for at in range(len(handle)):
        for other in WORD + ".=+/\n\x00é☃":
            altered = handle[:at] + other + handle[at + 1 :]
            assert (unseal(KEY, altered, "inv") is None) == (altered != handle)


@given(st.integers(0, 74), st.text(min_size=1, max_size=3))
def test_nothing_can_be_put_in(at: int, more: str) -> None:
    handle = seal(KEY, ID)
    assert unseal(KEY, handle[:at] + more + handle[at:], "inv") is None


@given(st.integers(0, 73))
def test_nothing_can_be_left_out(size: int) -> None:
    assert unseal(KEY, seal(KEY, ID)[:size], "inv") is None


@given(st.binary(max_size=64))
def test_another_key_does_not_open_it(key: bytes) -> None:
    assert unseal(key, seal(KEY, ID), "inv") == (ID if key == KEY else None)


@pytest.mark.parametrize("prefix", ["ren", "in", "i", "inv_", "nv", ""])
def test_another_kind_is_refused(prefix: str) -> None:
    assert unseal(KEY, seal(KEY, ID), prefix) is None


def test_the_mac_of_another_id_does_not_fit() -> None:
    mac = seal(KEY, OTHER).partition(".")[2]
    assert unseal(KEY, f"{ID}.{mac}", "inv") is None


@given(st.text(max_size=100))
def test_whatever_else_is_refused(text: str) -> None:
    assert unseal(KEY, text, "inv") is None
