"""When the server could not see who comes. Pure.

While it was stopped or stood still, or its database was away, nobody could be put on record: so
nobody is late for that time, and of nobody it says that they did not come.
"""

from collections.abc import Sequence

from ledger.sansio.intervals import Interval, overlap, union
from protocol.types import BEAT_INTERVAL_US

GAP_US = 30_000_000
"""It looks every two seconds (`flush`): after so long without a look it stood still, or its clock
took a step."""

KEEP_US = 60_000_000
"""How often it is put on disk that it looks, while nobody is there whose leases say so."""

KEPT_MOST = 50

STILL_US = 5_000_000
"""After so long without hearing anything it may have stood still, and what is heard then was said
before."""

STALE_US = BEAT_INTERVAL_US + 500_000
"""Until whoever is there still has said so again."""


class Watch:
    """Of one run of the server. Until it `opens` nothing is known of the time before it."""

    def __init__(self, now_us: int) -> None:
        self._breaks: list[Interval] = [(0, now_us)]
        self._looked_us: int | None = None
        self._heard_us: int | None = None
        self._kept_us: int | None = None
        self._lost_us: int | None = None
        self.woke_us = 0

    @property
    def blind(self) -> bool:
        return self._lost_us is not None

    def opens(self, now_us: int, last_us: int, breaks: Sequence[Interval]) -> None:
        """`last_us`: when a run before it looked last; `breaks`: those that it knew of."""
        self._breaks = list(breaks)
        self._broke(last_us, now_us)
        self._looked_us = self._heard_us = now_us

    def hears(self, now_us: int) -> bool:
        """It is running. Whether what is heard now was said now: after it stood still that may have
        waited meanwhile."""
        if self._heard_us is not None and now_us - self._heard_us > STILL_US:
            self.woke_us = now_us
        if self._heard_us is not None and now_us < self._heard_us:
            self.woke_us = 0  # the clock was set back
        self._heard_us = now_us
        return now_us >= self.woke_us + STALE_US

    def clock_set(self, now_us: int) -> None:
        """It goes by another clock from now on: that is no standstill."""
        self._heard_us, self.woke_us = now_us, 0

    def looks(self, now_us: int) -> None:
        """It is about to look who is there, and can."""
        self.hears(now_us)
        if self._looked_us is not None and now_us - self._looked_us > GAP_US:
            self._broke(self._looked_us, now_us)
        if self._looked_us is not None and now_us < self._looked_us:
            self._breaks = overlap(self._breaks, [(0, now_us)])  # the clock was set back
        self._looked_us = now_us

    def lost(self, from_us: int) -> None:
        """Something could not be read or written down, since then."""
        if self._lost_us is None:
            self._lost_us = from_us

    def wrote(self, now_us: int) -> None:
        """What was to be written then was written."""
        if self._lost_us is not None and self._lost_us <= now_us:
            self._broke(self._lost_us, now_us)
            self._lost_us = None

    def _broke(self, from_us: int, to_us: int) -> None:
        breaks = union([*self._breaks, (from_us, max(from_us, to_us))])
        while len(breaks) > KEPT_MOST:  # more than was is held against nobody
            (first, _), (_, end), *breaks = breaks
            breaks.insert(0, (first, end))
        self._breaks = breaks

    def breaks(self, now_us: int) -> tuple[Interval, ...]:
        """The latest, until now."""
        lost_us, looked_us = self._lost_us, self._looked_us  # read in another thread
        since = [] if lost_us is None else [lost_us]
        if looked_us is not None and now_us - looked_us > GAP_US:
            since.append(looked_us)
        return tuple(union([*self._breaks, *((us, max(us, now_us)) for us in since)]))

    def is_due(self, now_us: int) -> bool:
        """Whether it is time to put on disk that it looks."""
        return self._kept_us is None or not 0 <= now_us - self._kept_us < KEEP_US

    def kept(self, now_us: int) -> None:
        """That was written."""
        self._kept_us = now_us
