"""The chain over a session's records: each hash covers the one before and the record's exact bytes,
so that no record can be changed, left out or moved without changing all that follow. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256

import msgspec

FORMAT = b"ithaca.ledger.v1\0"


class Record(msgspec.Struct, frozen=True, array_like=True):
    """One fact as it was written down: `fact` is its MessagePack; both clocks in microseconds;
    `boot` names the run of the server."""

    seq: int
    wall_us: int
    monotonic_us: int
    boot: str
    fact: bytes


def origin(session: str) -> bytes:
    """What the first record of a session is chained to."""
    return sha256(FORMAT + session.encode()).digest()


def link(before: bytes, record: Record) -> bytes:
    """The hash of a record that follows the one with hash `before`."""
    return sha256(before + msgspec.msgpack.encode(record)).digest()


@dataclass(frozen=True, slots=True)
class Broken:
    """The first record (by its place, from 1) that is not what was written."""

    seq: int
    why: str


def check(session: str, chain: Iterable[tuple[Record, bytes]]) -> Broken | None:
    """The first break in the records and hashes of a session, in the order they are kept."""
    before = origin(session)
    for place, (record, hash_) in enumerate(chain, 1):
        if record.seq != place:
            return Broken(place, f"record {place} is missing; here is {record.seq}")
        before = link(before, record)
        if hash_ != before:
            return Broken(place, f"record {place} was altered, or one before it")
    return None
