"""Sessions on record on both engines: one running per room, one end, nothing lost by a crash."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

import msgspec
import pytest
from sqlalchemy import Insert, delete
from structlog.testing import capture_logs

from ledger import tables
from ledger.held import LEASE_KIND, LEASE_TTL_US
from protocol.facts import ParticipantLeft, SessionEnded
from protocol.views import SessionView
from runtime.database import Database, DatabaseUnavailable, Plan, insert
from runtime.database.plan import P
from runtime.tables import leases
from tests.support.ledger import (
    A2,
    ADA,
    B2,
    BEN,
    MENTORSHIP,
    ROOM,
    SECOND,
    SITE,
    A,
    B,
    Record,
    name,
)

T = TypeVar("T")


EMPTY_S = 600


def present(view: SessionView) -> dict[str, int]:
    return {time.person: time.present_us for time in view.people}


async def test_joining_and_leaving_is_accounted_to_the_microsecond(record: Record) -> None:
    waiting = await record.join(ADA, A)
    assert (waiting.state, waiting.started_us) == ("waiting", None)
    await record.clock.advance(3)
    begun = await record.join(BEN, B)
    assert (begun.id, begun.state) == (waiting.id, "open")
    assert begun.started_us == begun.together_since_us == record.clock.wall_us()
    await record.clock.advance(1.5)
    left = await record.ledger.leave(A, "left")
    assert left is not None
    assert left.together_us == 1_500_000
    assert present(left)[ADA] == 4_500_000
    await record.clock.advance(1)
    last = await record.ledger.leave(B, "left")
    assert last is not None
    assert (last.together_us, present(last)[BEN]) == (1_500_000, 2_500_000)
    assert last.estimated is False
    assert await record.ledger.leave(B, "left") is None


async def test_who_fell_silent_was_there_until_the_last_proof(record: Record) -> None:
    await record.both()
    await record.beat(10, A, B)
    last_proof = record.clock.wall_us()
    await record.clock.advance(6)
    lost = await record.ledger.leave(A, "lost")
    assert lost is not None
    assert (lost.together_us, lost.estimated) == (10 * SECOND, True)
    await record.clock.advance(4)
    back = await record.join(ADA, A2)
    (gap,) = back.interruptions
    assert (gap.from_us, gap.to_us, gap.absent) == (last_proof, last_proof + 10 * SECOND, (ADA,))


async def test_two_connections_of_one_person_count_once(record: Record) -> None:
    await record.both()
    await record.clock.advance(1)
    await record.join(ADA, A2)
    await record.clock.advance(1)
    await record.ledger.leave(A, "replaced")
    await record.clock.advance(1)
    left = await record.ledger.leave(A2, "left")
    assert left is not None
    assert (present(left)[ADA], left.together_us) == (3 * SECOND, 3 * SECOND)
    assert left.interruptions == ()


async def test_joining_at_once_makes_one_session(record: Record) -> None:
    views = await asyncio.gather(
        *(record.join((ADA, BEN)[n % 2], name("con", n)) for n in range(20))
    )
    assert len({view.id for view in views}) == 1
    assert len(await record.ledger.of_mentorships(SITE, [MENTORSHIP], None, 50)) == 1


async def test_of_twenty_who_end_it_one_does(record: Record) -> None:
    session = (await record.both()).id
    await record.beat(4, A, B)
    other_node = record.start()
    ended = await asyncio.gather(
        *(
            (record.ledger if number % 2 else other_node).end(SITE, session, ADA)
            for number in range(20)
        )
    )
    assert {(view.state, view.end_reason, view.ended_us) for view in ended} == {
        ("ended", "ended", record.clock.wall_us())
    }
    assert ended[0].together_us == 4 * SECOND
    await record.clock.advance(EMPTY_S)
    assert await record.ledger.sweep() == []
    assert await record.ledger.end(SITE, session, BEN) == ended[0]
    assert await record.ledger.running(SITE, ROOM) is None


async def test_each_change_has_a_greater_version_whatever_the_clock_says(record: Record) -> None:
    views = [await record.join(ADA, A), await record.join(BEN, B)]
    session = views[0].id
    await record.clock.advance(1)
    for connection in (A, B):
        left = await record.ledger.leave(connection, "left")
        assert left is not None
        views.append(left)
    record.clock.step_wall(-60 * SECOND)
    views.append(await record.ledger.end(SITE, session, ADA))
    assert views[-1].state == "ended"
    versions = [view.version for view in views]
    assert versions == sorted(set(versions))
    await record.ledger.end(SITE, session, BEN)  # changes nothing
    assert await record.ledger.view(SITE, session) == views[-1]
    assert await record.ledger.of_mentorships(SITE, [MENTORSHIP], None, 1) == views[-1:]


async def test_views_read_while_it_changes_have_the_version_of_what_they_show(
    record: Record,
) -> None:
    session = (await record.both()).id
    read = (record.ledger.view(SITE, session) for _ in range(20))
    *views, _ = await asyncio.gather(*read, record.ledger.end(SITE, session, ADA))
    shown = {
        (view.version, view.state) for view in [*views, await record.ledger.view(SITE, session)]
    }
    assert len(shown) == len({version for version, _ in shown})
    assert max(shown)[1] == "ended"


async def test_ending_and_joining_race_without_a_session_in_between(record: Record) -> None:
    session = (await record.both()).id
    outcomes = await asyncio.gather(
        record.ledger.end(SITE, session, ADA), record.join(ADA, A2), record.join(BEN, B2)
    )
    ended, *joined = outcomes
    assert (ended.id, ended.state) == (session, "ended")
    assert all(time.since_us is None for time in ended.people)
    running = await record.ledger.running(SITE, ROOM)
    # Whoever came before the end was put out with it; whoever came after is in a new one.
    after = {view.id for view in joined} - {session}
    assert after == ({running.id} if running is not None else set())


async def test_an_empty_room_ends_its_session_after_ten_minutes(record: Record) -> None:
    session = (await record.both()).id
    await record.ledger.leave(A, "left")
    await record.clock.advance(2)
    await record.ledger.leave(B, "left")
    over_us = record.clock.wall_us()
    await record.clock.advance(EMPTY_S - 1)
    assert await record.ledger.sweep() == []
    await record.clock.advance(1)
    (ended,) = await record.ledger.sweep()
    assert (ended.id, ended.state, ended.end_reason) == (session, "ended", "empty")
    assert ended.ended_us == over_us
    assert await record.ledger.sweep() == []
    assert (await record.both()).id != session


async def test_who_comes_after_ten_minutes_begins_anew_though_nobody_swept(
    record: Record, database: Database
) -> None:
    session = (await record.both()).id
    await record.ledger.leave(A, "left")
    await record.ledger.leave(B, "left")
    over_us = record.clock.wall_us()
    await record.clock.advance(EMPTY_S + 1)
    again = await record.join(ADA, A2)
    assert again.id != session
    assert (again.state, again.interruptions) == ("waiting", ())
    assert await record.ledger.sweep() == []
    ended = [
        fact
        for fact in await database.read(tables.facts_of, SITE, session)
        if isinstance(fact, SessionEnded)
    ]
    assert [(fact.at_us, fact.reason) for fact in ended] == [(over_us, "empty")]


async def test_sweepers_at_once_end_it_once(record: Record) -> None:
    await record.both()
    await record.ledger.leave(A, "left")
    await record.ledger.leave(B, "left")
    await record.clock.advance(EMPTY_S)
    swept = await asyncio.gather(*(record.start().sweep() for _ in range(8)))
    assert sorted(len(changed) for changed in swept) == [0] * 7 + [1]


async def test_after_a_crash_the_next_run_closes_at_the_last_proof(record: Record) -> None:
    session = (await record.both()).id
    await record.beat(10, A, B)
    last_proof = record.clock.wall_us()
    after = record.start()
    await record.clock.advance(LEASE_TTL_US / SECOND - 1)
    assert await after.sweep() == []
    await record.clock.advance(1)
    (closed,) = await after.sweep()
    assert closed.id == session
    assert (closed.together_us, closed.estimated) == (10 * SECOND, True)
    assert closed.together_since_us is None
    await record.clock.advance(EMPTY_S)
    (ended,) = await after.sweep()
    assert (ended.end_reason, ended.ended_us) == ("empty", last_proof)


async def test_back_before_the_sweep_nothing_is_counted_twice(record: Record) -> None:
    session = (await record.both()).id
    await record.beat(10, A, B)
    record.ledger = record.start()
    await record.clock.advance(4)
    again = await record.join(ADA, A2)
    assert again.id == session
    await record.join(BEN, B2)
    await record.beat(6, A2, B2)
    await record.ledger.sweep()
    ended = await record.ledger.end(SITE, session, ADA)
    assert (ended.together_us, present(ended)) == (
        16 * SECOND,
        {ADA: 16 * SECOND, BEN: 16 * SECOND},
    )
    (gap,) = ended.interruptions
    assert gap.to_us - gap.from_us == 4 * SECOND


async def test_ended_right_after_a_crash_the_dead_connections_count_to_their_proof(
    record: Record,
) -> None:
    session = (await record.both()).id
    await record.beat(10, A, B)
    last_proof = record.clock.wall_us()
    record.ledger = record.start()
    await record.clock.advance(5)
    ended = await record.ledger.end(SITE, session, ADA)
    assert (ended.together_us, ended.ended_us) == (10 * SECOND, last_proof)
    assert ended.estimated is True


async def test_a_beating_connection_is_not_swept_when_the_disk_is_behind(record: Record) -> None:
    await record.both()
    await record.clock.advance(LEASE_TTL_US / SECOND + 1)
    record.ledger.proof(A)
    record.ledger.proof(B)
    assert await record.ledger.sweep() == []


class Unsteady:
    """Implements Database: so many more writes are done, then none."""

    def __init__(self, inner: Database, writes: int) -> None:
        self.read, self.exclusive, self.close = inner.read, inner.exclusive, inner.close
        self._inner, self.writes, self.in_turn = inner, writes, inner.in_turn

    async def write(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        if not self.writes:
            raise DatabaseUnavailable("no more writes")
        self.writes -= 1
        return await self._inner.write(plan, *args, **kwargs)


@pytest.mark.parametrize("done", [0, 1])
async def test_a_sweep_that_was_interrupted_is_made_good_by_the_next(
    database: Database, done: int
) -> None:
    unsteady = Unsteady(database, writes=100)
    record = Record(unsteady)
    session = (await record.both()).id
    await record.beat(10, A, B)
    await record.heard(LEASE_TTL_US / SECOND + 1, A2)  # of others it hears
    unsteady.writes = done
    with pytest.raises(DatabaseUnavailable):
        await record.ledger.sweep()
    unsteady.writes = 100
    (closed,) = await record.ledger.sweep()
    assert closed.id == session
    assert present(closed) == {ADA: 10 * SECOND, BEN: 10 * SECOND}
    assert all(time.since_us is None for time in closed.people)
    assert await record.ledger.sweep() == []
    again = await record.both()
    assert (again.id, again.together_us) == (session, 10 * SECOND)


async def departures(database: Database, session: str) -> list[tuple[str, int, int, str, bool]]:
    """Of each that is on record: the connection, when it left, when that was known, why, and
    whether it is an estimate."""
    facts = await database.read(tables.facts_of, SITE, session)
    return [
        (fact.connection, fact.at_us, fact.noticed_us, fact.reason, fact.estimated)
        for fact in facts
        if isinstance(fact, ParticipantLeft)
    ]


async def said_to_nobody(record: Record, unsteady: Unsteady, *connections: str) -> int:
    """These connections say goodbye while nothing can be written; when that was."""
    unsteady.writes = 0
    for connection in connections:
        with pytest.raises(DatabaseUnavailable):
            await record.ledger.leave(connection, "left")
    return record.clock.wall_us()


async def test_a_goodbye_that_found_no_database_is_written_down_as_it_was_said(
    database: Database,
) -> None:
    unsteady = Unsteady(database, writes=100)
    record = Record(unsteady)
    session = (await record.both()).id
    await record.beat(10, A, B)
    unsteady.writes = 0
    await record.heard(60, A, B)
    said_us = await said_to_nobody(record, unsteady, A)
    await record.heard(5, A, B)  # its page is still open, but out of the room
    with pytest.raises(DatabaseUnavailable):
        await record.ledger.flush()
    unsteady.writes = 100
    assert await record.ledger.sweep() == []
    await record.ledger.flush()
    assert await departures(database, session) == [(A, said_us, said_us, "left", False)]
    view = await record.ledger.view(SITE, session)
    assert (view.together_us, present(view)[ADA], view.estimated) == (
        70 * SECOND,
        70 * SECOND,
        False,
    )
    await record.ledger.flush()
    assert len(await departures(database, session)) == 1


async def test_who_said_goodbye_is_not_met_by_who_joins_later(database: Database) -> None:
    unsteady = Unsteady(database, writes=100)
    record = Record(unsteady)
    session = (await record.join(ADA, A)).id
    await record.clock.advance(1)
    said_us = await said_to_nobody(record, unsteady, A)
    await record.clock.advance(1)
    unsteady.writes = 100
    joined = await record.join(BEN, B)
    assert (joined.id, joined.state) == (session, "waiting")
    assert await departures(database, session) == [(A, said_us, said_us, "left", False)]


async def test_an_end_for_both_leaves_an_earlier_goodbye_as_it_was_said(
    database: Database,
) -> None:
    unsteady = Unsteady(database, writes=100)
    record = Record(unsteady)
    session = (await record.both()).id
    await record.clock.advance(1)
    said_us = await said_to_nobody(record, unsteady, A)
    await record.clock.advance(1)
    record.ledger.proof(B)
    unsteady.writes = 100
    await record.ledger.end(SITE, session, BEN)
    now_us = record.clock.wall_us()
    assert await departures(database, session) == [
        (A, said_us, said_us, "left", False),
        (B, now_us, now_us, "ended", False),
    ]


async def test_who_comes_back_before_the_goodbye_is_written_down_stays(
    database: Database,
) -> None:
    unsteady = Unsteady(database, writes=100)
    record = Record(unsteady)
    session = (await record.both()).id
    await record.clock.advance(1)
    said_us = await said_to_nobody(record, unsteady, A)
    await record.clock.advance(1)
    unsteady.writes = 100
    elsewhere = await record.join(ADA, A, room=name("room", 2))
    await record.ledger.flush()
    assert await departures(database, session) == [(A, said_us, said_us, "left", False)]
    assert await departures(database, elsewhere.id) == []


async def test_only_another_runs_presences_end_by_a_restart(
    record: Record, database: Database
) -> None:
    session = (await record.join(ADA, A)).id
    record.ledger = record.start()
    await record.join(BEN, B)
    joined_us = record.clock.wall_us()
    await record.clock.advance(LEASE_TTL_US / SECOND + 1)
    await record.ledger.sweep()
    now_us = record.clock.wall_us()
    assert sorted(await departures(database, session)) == [
        (A, joined_us, now_us, "restart", True),
        (B, joined_us, now_us, "lost", True),
    ]


async def test_sites_do_not_see_each_other(record: Record) -> None:
    session = (await record.both()).id
    elsewhere = await record.ledger.join(name("site", 2), ROOM, MENTORSHIP, ADA, A2)
    assert elsewhere.id != session
    assert await record.ledger.mentorship_of(SITE, elsewhere.id) is None
    assert await record.ledger.mentorship_of(name("site", 2), elsewhere.id) == MENTORSHIP
    page = await record.ledger.of_mentorships(SITE, [MENTORSHIP], None, 50)
    assert [view.id for view in page] == [session]


async def test_sessions_are_paged_newest_first(record: Record) -> None:
    made = []
    for _ in range(5):
        view = await record.both()
        await record.ledger.end(SITE, view.id, ADA)
        made.append(view)
        await record.clock.advance(1)
    made.reverse()
    ids = [view.id for view in made]
    first = await record.ledger.of_mentorships(SITE, [MENTORSHIP, name("men", 2)], None, 2)
    assert [view.id for view in first] == ids[:2]
    rest = await record.ledger.of_mentorships(SITE, [MENTORSHIP], first[-1].created_us, 9)
    assert [view.id for view in rest] == ids[2:]
    assert await record.ledger.of_mentorships(SITE, [], None, 9) == []


@pytest.mark.parametrize("step_us", [3600 * SECOND, -3600 * SECOND])
async def test_while_somebody_joins_the_clock_stays_as_it_is(record: Record, step_us: int) -> None:
    """Or they would have come at a time of another clock."""
    await record.ledger.flush()
    record.clock.step_wall(step_us)
    joins = asyncio.ensure_future(record.join(ADA, A))
    while not joins.done():
        await asyncio.sleep(0)
        await record.ledger.flush()
    view = await joins
    await record.join(BEN, B)
    await record.beat(60, A, B)
    ended = await record.ledger.end(SITE, view.id, ADA)
    assert [each.present_us for each in ended.people] == [60 * SECOND] * 2


def unreadable(session: str, seq: int) -> Insert:
    return insert(tables.ledger_facts).values(
        site_id=SITE, session_id=session, seq=seq, wall_us=0, monotonic_us=0, boot="x",
        fact=b"\xc1", hash=b"x",
    )  # fmt: skip


async def test_who_is_out_of_what_cannot_be_read_keeps_nobody_else_in(record: Record) -> None:
    spoilt = (await record.join(ADA, A)).id
    good = (await record.join(BEN, B, name("room", 2))).id
    read = await record.database.read(tables.by_id, SITE, spoilt)
    assert read is not None

    def spoil() -> Plan[None]:
        yield unreadable(spoilt, read.facts + 1)
        yield delete(leases).where(leases.c.site_id == SITE, leases.c.key == A)

    await record.database.write(spoil)
    await record.clock.advance(LEASE_TTL_US / SECOND + 1)
    assert [view.id for view in await record.start().sweep()] == [good]
    out = await record.ledger.flush()
    assert {key: view.id for key, view in out.items()} == {B: good}
    assert all(each.since_us is None for each in out[B].people)
    await record.clock.advance(2)
    assert await record.ledger.flush() == {}


async def test_a_row_that_cannot_be_used_keeps_nobody_else_from_theirs(record: Record) -> None:
    """Of four sessions one has a record that cannot be read, and two leases are broken."""
    spoilt = (await record.join(ADA, A)).id
    good = (await record.join(ADA, A2, name("room", 2))).id
    read = await record.database.read(tables.by_id, SITE, spoilt)
    assert read is not None

    def spoil() -> Plan[None]:
        yield unreadable(spoilt, read.facts + 1)
        for key, data in ((B, b""), (B2, msgspec.msgpack.encode({"session": name("ses", 9)}))):
            yield insert(leases).values(
                site_id=SITE, kind=LEASE_KIND, key=key, owner="x", token=1, proof_us=0,
                expires_us=0, data=data,
            )  # fmt: skip

    await record.database.write(spoil)
    with capture_logs() as logged:
        await record.restart()
        await record.clock.advance(10)
        changed = [view.id for view in await record.ledger.sweep()]
        await record.clock.advance(600)
        changed += [view.id for view in await record.ledger.sweep()]
    assert changed == [good, good]
    assert (await record.ledger.view(SITE, good)).state == "ended"
    said = [(each["event"], each["of"]) for each in logged]
    assert all(event == "this row cannot be used, and is passed over" for event, _ in said)
    assert {of for _, of in said} == {spoilt, A, B, B2}
    assert len(said) == 4, "each is said once"
    assert await record.ledger.running(SITE, ROOM) is None
    page = await record.ledger.of_mentorships(SITE, [MENTORSHIP], None, 50)
    assert [view.id for view in page] == [good]


async def test_a_page_of_sessions_does_not_end_between_two_of_one_moment(record: Record) -> None:
    """Meetings of one mentor at the same hour, to which nobody came."""

    async def begun(number: int) -> str:
        return (await record.join(ADA, name("con", number), name("room", number))).id

    first = [await begun(number) for number in (1, 2)]
    await record.clock.advance(1)
    later = [await begun(number) for number in (3, 4, 5)]

    async def page(before_us: int | None, limit: int) -> list[SessionView]:
        return await record.ledger.of_mentorships(SITE, [MENTORSHIP], before_us, limit)

    for limit in (1, 2, 3):
        one = await page(None, limit)
        assert {view.id for view in one} == set(later), limit
        two = await page(one[-1].created_us, limit)
        assert {view.id for view in two} == set(first), limit
        assert await page(two[-1].created_us, limit) == []
    assert len(await page(None, 4)) == 5
    assert len(await page(None, 9)) == 5
