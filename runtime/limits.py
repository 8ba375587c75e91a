"""Rate limits by the generic cell rate algorithm (GCRA, ITU-T I.371), as a pure function."""

from __future__ import annotations

from collections import OrderedDict

KEYS = 100_000
FORGET_EVERY = 16


def gcra(tat_us: int, now_us: int, interval_us: int, burst: int, cost: int = 1) -> tuple[int, int]:
    """One request against a bucket: `(tat_us afterwards, microseconds to wait)`.

    `tat_us` is the theoretical arrival time: when the bucket is full again (any past time for a
    fresh one). A request of `cost` units takes `interval_us` each; `burst` units fit at once. Not
    allowed: wait > 0, and the bucket stays as it was.
    """
    after_us = max(tat_us, now_us) + cost * interval_us
    wait_us = after_us - burst * interval_us - now_us
    return (tat_us, wait_us) if wait_us > 0 else (after_us, 0)


class Limiter:
    """GCRA over many keys in this process.

    Full buckets are forgotten bit by bit; beyond `keys` of them the one idle longest is.
    Raises ValueError for a rate or burst that would allow nothing.
    """

    def __init__(self, rate_per_s: float, burst: int, keys: int = KEYS) -> None:
        if rate_per_s <= 0 or burst < 1 or keys < 1:
            raise ValueError("a limit allows something: rate > 0, burst and keys >= 1")
        self._interval_us = max(1, round(1_000_000 / rate_per_s))
        self._burst = burst
        self._keys = keys
        self._tat_us = OrderedDict[str, int]()  # in the order of the last request
        self._until_forgotten = FORGET_EVERY

    def allow(self, key: str, now_us: int, cost: int = 1) -> int:
        """0: allowed, and counted. Else: the microseconds to wait until it would be. `cost` is at
        most the burst, or it never is."""
        before_us = self._tat_us.get(key, now_us)
        tat_us, wait_us = gcra(before_us, now_us, self._interval_us, self._burst, cost)
        self._keep(key, tat_us, now_us)
        return wait_us

    def reserve(self, key: str, now_us: int) -> int:
        """Counted in any case: the microseconds until it is its turn. Of many who wait none looks
        again."""
        tat_us = max(self._tat_us.get(key, now_us), now_us) + self._interval_us
        self._keep(key, tat_us, now_us)
        return max(0, tat_us - self._burst * self._interval_us - now_us)

    def _keep(self, key: str, tat_us: int, now_us: int) -> None:
        self._tat_us[key] = tat_us
        self._tat_us.move_to_end(key)
        self._until_forgotten -= 1
        if not self._until_forgotten or len(self._tat_us) > self._keys:
            self._until_forgotten = FORGET_EVERY
            self._forget(now_us)

    def __len__(self) -> int:
        return len(self._tat_us)

    def _forget(self, now_us: int) -> None:
        # For each that comes at most two go: cheap for every call, and the store shrinks again.
        for _ in range(2 * FORGET_EVERY):
            oldest = next(iter(self._tat_us), None)
            if oldest is None:
                return
            if self._tat_us[oldest] > now_us and len(self._tat_us) <= self._keys:
                return
            del self._tat_us[oldest]
