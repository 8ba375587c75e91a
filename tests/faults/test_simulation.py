"""Many calls at once on a virtual clock, with faults and lies from a seed: whatever happens, what
is on record is within the promised bounds of what was, and nobody is billed for more."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import msgspec
import pytest

from ledger import book, held, service
from ledger.sansio import account, bill, session
from ledger.sansio.contact import Keys
from ledger.sansio.intervals import Interval
from ledger.service import Ledger
from protocol.bill import Side
from protocol.facts import ContactProven, ParticipantLeft
from protocol.terms import HOUR_US
from protocol.types import INT_MAX, LeaveReason
from protocol.views import Contact
from runtime import leases
from runtime.clock import SteadyClock
from runtime.database import Plan
from tests.support.databases import Storage, sqlite_copy
from tests.support.simulation.oracle import Recorded, books, judge
from tests.support.simulation.world import World

ROOMS = 30
WORLDS = 48


async def simulate(storage: Storage, seed: int, rooms: int = ROOMS, numbered_from: int = 1) -> int:
    """How many sessions it made."""
    database = storage.open()
    try:
        world = World(database, seed, rooms, numbered_from)
        await world.run()
        sessions = settled = 0
        for room in world.rooms:
            try:
                made, revisions = await books(world, room)
                judge(world, room, await Recorded.of(world, room))
            except AssertionError as error:
                error.add_note(f"seed {seed}: {'; '.join(world.story)}\n{room}")
                raise
            sessions, settled = sessions + made, settled + revisions
    finally:
        await database.close()
    print(f"seed {seed}: {sessions} sessions, {settled} settlements, {len(world.kills)} kills")
    return sessions


@pytest.mark.parametrize(
    ("seed", "rooms"), [(3, ROOMS // 3), pytest.param(5, ROOMS, marks=pytest.mark.soak)]
)
async def test_what_is_on_record_is_what_was(
    migrated_sqlite: Path, tmp_path: Path, seed: int, rooms: int
) -> None:
    """The same worlds each time; the long run searches others."""
    assert await simulate(sqlite_copy(migrated_sqlite, tmp_path), seed, rooms) >= rooms


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_a_thousand_sessions_are_what_they_were(storage: Storage) -> None:
    first, worlds, sessions = random.randrange(10**6), 0, 0
    while sessions < 1_000:
        sessions += await simulate(storage, first + worlds, ROOMS, worlds * ROOMS + 1)
        worlds += 1
    print(f"{storage.engine}: {sessions} sessions in {worlds} worlds, all within their bounds")


# ---- what the oracle sees ------------------------------------------------------------------------
# Each of these makes the ledger wrong in one way.

Mutant = Callable[[pytest.MonkeyPatch], None]


def ends_when_it_is_noticed(patch: pytest.MonkeyPatch) -> None:
    honest = session._left

    def left(
        state: session.Session,
        connection: str,
        at_us: int,
        now_us: int,
        why: LeaveReason,
        estimated: bool,
    ) -> ParticipantLeft:
        return honest(state, connection, now_us, now_us, why, estimated)

    patch.setattr(session, "_left", left)


def sums_up_connections(patch: pytest.MonkeyPatch) -> None:
    def union(spans: Iterable[Interval]) -> list[Interval]:
        return sorted((start, end) for start, end in spans if start < end)

    patch.setattr(account, "union", union)


def believes_any_signature(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(service, "signed", lambda key, statement, signature: True)


def believes_ones_own_signature(patch: pytest.MonkeyPatch) -> None:
    def believe(
        of: str, keys: Keys, person: str, contact: Contact, now_us: int
    ) -> ContactProven | None:
        return ContactProven(
            session=of,
            person=person,
            signer=person,
            about_key=contact.about_key,
            signer_key=contact.signer_key,
            from_us=max(0, contact.from_us),
            to_us=contact.to_us,
            beats=contact.beats,
            signature=contact.signature,
            at_us=now_us,
        )

    patch.setattr(service, "believe", believe)


def goes_by_the_wall_clock(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(SteadyClock, "wall_us", SteadyClock.machine_wall_us)


def follows_the_machine_back(patch: pytest.MonkeyPatch) -> None:
    async def follow(self: Ledger) -> None:
        self._clock.set_by()

    patch.setattr(Ledger, "_go_by_the_machine", follow)


def lets_a_signature_speak_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(account, "FRESH_US", 10**15)


def keeps_proofs_in_memory(patch: pytest.MonkeyPatch) -> None:
    def renew(renewals: Sequence[leases.Renewal]) -> Plan[list[leases.Renewal]]:
        yield from ()
        return []

    patch.setattr(leases, "renew", renew)


def forgets_what_was_handed_in(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        held.Held,
        "data",
        lambda self, course: msgspec.msgpack.encode(held.LeaseData(self.session, (), course)),
    )


def bills_outside_the_booked_time(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bill.Basis, "window", property(lambda self: [(0, INT_MAX)]))


def owes_nothing_for_a_no_show(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bill, "_absence", lambda timeline, by, who, other: "unknown")


def lets_nobody_be_late(patch: pytest.MonkeyPatch) -> None:
    honest = bill._side

    def side(timeline: account.Timeline, by: bill.Basis, who: str, other: str) -> Side:
        return msgspec.structs.replace(honest(timeline, by, who, other), late_us=0)

    patch.setattr(bill, "_side", side)


def does_not_say_when_it_was_away(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(session, "BREAK_LEAST_US", INT_MAX)


def charges_by_the_half_hour(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bill, "HOUR_US", HOUR_US // 2)


def knows_of_a_meetings_other_sessions_what_it_began_with(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(book, "recounted", lambda facts, settled, now_us: ())


SEEN: dict[Mutant, str] = {
    ends_when_it_is_noticed: "present at|present too long",
    sums_up_connections: "overlap",
    believes_any_signature: "too much|present at|too long",
    believes_ones_own_signature: "too much|present at|too long",
    goes_by_the_wall_clock: "too long|too short",
    follows_the_machine_back: "too short|not closed once",
    lets_a_signature_speak_for_ever: "contact|present too long",
    keeps_proofs_in_memory: "too short",
    forgets_what_was_handed_in: "too short",
    bills_outside_the_booked_time: "more than there was|not what a no-show owes",
    owes_nothing_for_a_no_show: "did not come, and that is unknown",
    lets_nobody_be_late: "later than",
    does_not_say_when_it_was_away: "not as late as",
    charges_by_the_half_hour: "another price",
    knows_of_a_meetings_other_sessions_what_it_began_with: "than there was",
}


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("mutant", SEEN, ids=lambda mutant: mutant.__name__)
async def test_the_oracle_sees_a_ledger_that(
    mutant: Mutant, migrated_sqlite: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant(monkeypatch)

    async def simulations() -> None:
        for seed in range(WORLDS):
            await simulate(sqlite_copy(migrated_sqlite, tmp_path / str(seed)), seed, rooms=12)

    with pytest.raises((AssertionError, msgspec.ValidationError), match=SEEN[mutant]) as seen:
        await simulations()
    print(f"{mutant.__name__}: {str(seen.value).splitlines()[0]}")


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_the_oracle_sees_nothing_where_nothing_is(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    """In the worlds in which it sees the others."""
    for seed in range(WORLDS):
        await simulate(sqlite_copy(migrated_sqlite, tmp_path / str(seed)), seed, rooms=12)
