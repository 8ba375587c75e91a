"""Identifiers: prefixed ULIDs (https://github.com/ulid/spec, in lower case) and secrets."""

from __future__ import annotations

import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable

from runtime.clock import Clock

ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: no i, l, o, u; its order is the order of the characters."""

RANDOM_BYTES = 10
SECRET_BYTES = 32


def ulid(ms: int, random10: bytes) -> str:
    """26 characters: 48 bits of milliseconds since the Unix epoch, then 80 random bits.

    Raises ValueError when `ms` does not fit 48 bits or `random10` is not 10 bytes.
    """
    if not 0 <= ms < 1 << 48:
        raise ValueError("milliseconds must fit 48 bits")
    if len(random10) != RANDOM_BYTES:
        raise ValueError("a ULID takes exactly 10 random bytes")
    value = (ms << 80) | int.from_bytes(random10, "big")
    return "".join(ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


class Ids:
    """Makes identifiers from a clock and a source of randomness."""

    def __init__(
        self, clock: Clock, randbytes: Callable[[int], bytes] = secrets.token_bytes
    ) -> None:
        self._clock = clock
        self._randbytes = randbytes

    def new(self, prefix: str) -> str:
        """`<prefix>_<ulid>`; sorts by the millisecond of creation."""
        return f"{prefix}_{ulid(self._clock.wall_us() // 1_000, self._randbytes(RANDOM_BYTES))}"

    def random(self, count: int) -> bytes:
        """That many random bytes."""
        return self._randbytes(count)

    def secret(self) -> str:
        """256 random bits as 43 characters of base64url without padding."""
        return urlsafe_b64encode(self._randbytes(SECRET_BYTES)).rstrip(b"=").decode("ascii")
