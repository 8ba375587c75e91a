"""What somebody gave as a reason, which a fact holds by its digest only. Pure."""

from hashlib import sha256

from protocol import text as texts
from protocol.errors import Refusal

SALT_BYTES = 16


def clean(reason: str) -> str:
    """A reason as it is kept. Refuses with `invalid_field` control characters, and one in which
    there is nothing to see."""
    reason = texts.clean(reason, "reason")
    if not texts.is_visible(reason):
        raise Refusal(
            "invalid_field", "A reason needs at least one visible character.", field="reason"
        )
    return reason


def digest_of(salt: bytes, written: str) -> str:
    """What a fact holds of a note: nobody can guess a short text from it without the salt."""
    return sha256(salt + written.encode()).hexdigest()


def is_as_written(digest: str, salt: bytes, text: str) -> bool:
    """Whether this is the text. The salt's length counts: where one ends and the other begins, the
    digest does not say."""
    return len(salt) == SALT_BYTES and digest_of(salt, text) == digest
