"""What each run of the server keeps for the next: until when it looked, and when it could not see
who comes."""

from collections.abc import Sequence

import msgspec

from ledger.sansio.intervals import Interval
from runtime import leases
from runtime.database import Plan

KIND, TTL_US = "watch", 8_000_000


def kept() -> Plan[list[leases.Lease]]:
    """Of all runs."""
    return (yield from leases.all_of(KIND))


def latest(kept: Sequence[leases.Lease]) -> tuple[int, list[Interval]]:
    """When one of them looked last, and its breaks."""
    if not kept:
        return 0, []
    last = max(kept, key=lambda lease: lease.proof_us)
    return last.proof_us, msgspec.msgpack.decode(last.data, type=list[Interval])


def keep(
    boot: str, breaks: Sequence[Interval], earlier: Sequence[leases.Lease], now_us: int
) -> Plan[None]:
    """That this run looks now; what `earlier` ones kept is not needed any more."""
    data = msgspec.msgpack.encode(breaks)
    yield from leases.acquire("", KIND, boot, boot, data, now_us, TTL_US)
    for lease in earlier:
        yield from leases.release("", KIND, lease.key, lease.owner, lease.token, now_us)
