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


def latest(kept: Sequence[leases.Lease], now_us: int) -> tuple[int, list[Interval]]:
    """When one of them looked last, and its breaks. One that looked later than now went by a clock
    that was ahead: it tells nothing."""
    past = [lease for lease in kept if lease.proof_us <= now_us]
    if not past:
        return 0, []
    last = max(past, key=lambda lease: lease.proof_us)
    return last.proof_us, breaks_of(last)


def breaks_of(lease: leases.Lease) -> list[Interval]:
    """Raises msgspec.DecodeError."""
    return msgspec.msgpack.decode(lease.data, type=list[Interval])


def keep(
    boot: str, breaks: Sequence[Interval], earlier: Sequence[leases.Lease], now_us: int
) -> Plan[None]:
    """That this run looks now; what `earlier` ones kept is not needed any more, if they do not run
    beside it."""
    data = msgspec.msgpack.encode(breaks)
    yield from leases.acquire("", KIND, boot, boot, data, now_us, TTL_US)
    for lease in earlier:
        ahead = lease.proof_us > now_us + TTL_US
        until_us = None if ahead else now_us
        yield from leases.release("", KIND, lease.key, lease.owner, lease.token, until_us)
