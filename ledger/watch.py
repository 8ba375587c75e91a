"""When the server could not see who comes: while it was stopped or stood still, or its database was
away, nobody could be put on record. So nobody is late for that time, and of nobody it says that
they did not come."""

from collections.abc import Sequence

import msgspec

from ledger.sansio.intervals import Interval
from runtime import leases
from runtime.database import Plan

GAP_US = 30_000_000
"""It looks every two seconds (`flush`): after so long without a look it stood still, or its clock
took a step."""

KEEP_US = 60_000_000
"""How often it is put on disk that it looks, while nobody is there whose leases say so."""

BREAKS_MOST = 50
KIND, TTL_US = "watch", 8_000_000


class Watch:
    """Of one run of the server, `boot`. Until `opens` nothing is known of the time before it."""

    def __init__(self, boot: str, now_us: int) -> None:
        self._boot = boot
        self._breaks: list[Interval] = [(0, now_us)]
        self._earlier: Sequence[leases.Lease] = ()
        self._looked_us: int | None = None
        self._kept_us: int | None = None
        self._lost_us: int | None = None

    @property
    def blind(self) -> bool:
        return self._lost_us is not None

    def opens(self, now_us: int, earlier: Sequence[leases.Lease]) -> None:
        """`earlier`: what the runs before this one kept."""
        self._earlier, last_us = earlier, 0
        if earlier:
            last = max(earlier, key=lambda lease: lease.proof_us)
            last_us, self._breaks = last.proof_us, _breaks(last.data)
        else:
            self._breaks = []
        self._broke(last_us, now_us)

    def looks(self, now_us: int) -> None:
        """It is running."""
        if self._looked_us is not None and now_us - self._looked_us > GAP_US:
            self._broke(self._looked_us, now_us)
        self._looked_us = now_us

    def lost(self, from_us: int) -> None:
        """Something could not be read or written down, since then."""
        if self._lost_us is None:
            self._lost_us = from_us

    def wrote(self, now_us: int) -> None:
        """What was to be written then was written."""
        if self._lost_us is not None:
            self._broke(self._lost_us, now_us)
            self._lost_us = None

    def _broke(self, from_us: int, to_us: int) -> None:
        if from_us < to_us:
            self._breaks = [*self._breaks, (from_us, to_us)][-BREAKS_MOST:]

    def breaks(self, now_us: int) -> tuple[Interval, ...]:
        """The latest, until now."""
        since = [] if self._lost_us is None else [self._lost_us]
        if self._looked_us is not None and now_us - self._looked_us > GAP_US:
            since.append(self._looked_us)
        return (*self._breaks, *((us, now_us) for us in since if us < now_us))

    def is_due(self, now_us: int) -> bool:
        """Whether it is time to put on disk that it looks."""
        return self._kept_us is None or not 0 <= now_us - self._kept_us < KEEP_US

    def keep(self, now_us: int) -> Plan[None]:
        """Puts on disk that it looks, for the run after it."""
        data = msgspec.msgpack.encode(self._breaks)
        yield from leases.acquire("", KIND, self._boot, self._boot, data, now_us, TTL_US)
        for lease in self._earlier:
            yield from leases.release("", KIND, lease.key, lease.owner, lease.token, now_us)

    def kept(self, now_us: int) -> None:
        """That was written."""
        self._earlier, self._kept_us = (), now_us


def earlier() -> Plan[list[leases.Lease]]:
    """What the runs of the server kept."""
    return (yield from leases.all_of(KIND))


def _breaks(data: bytes) -> list[Interval]:
    return msgspec.msgpack.decode(data, type=list[Interval])
