"""Reasons: what they may be, and what a fact holds of them."""

from hashlib import sha256

import pytest

from ledger.sansio.notes import SALT_BYTES, clean, digest_of, is_as_written
from protocol.errors import Refusal


def test_a_reason_is_kept_without_the_space_around_it() -> None:
    assert clean(" It broke\r\noff.\t\n") == "It broke\noff."


@pytest.mark.parametrize(
    ("reason", "why"),
    [
        *(("a\x00b", "U\\+0000"), ("\x1b[31mred", "U\\+001B"), ("a\ud800", "U\\+D800")),
        *((text, "visible") for text in ("", " \n", "\u200b\ufeff", "\u202e", "\u2800\u3164")),
    ],
    ids=ascii,
)
def test_one_that_cannot_be_kept_or_read_is_refused(reason: str, why: str) -> None:
    with pytest.raises(Refusal, match=why) as refused:
        clean(reason)
    assert (refused.value.code, refused.value.field) == ("invalid_field", "reason")


def test_a_salt_takes_nothing_of_the_text() -> None:
    """Of the two together the digest is the same, wherever the one ends."""
    salt, text = bytes(range(SALT_BYTES)), "It is not true."
    digest = digest_of(salt, text)
    assert digest == sha256(salt + text.encode()).hexdigest()
    assert is_as_written(digest, salt, text)
    assert not is_as_written(digest, salt, "It is true.")
    assert not is_as_written(digest, salt + b"It is not ", "true.")
    assert not is_as_written(digest, salt[:-1], "\x0fIt is not true.")
