"""When the server could not see who comes: nobody is late for that, nor missed a meeting."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from ledger import tables, watch
from ledger.sansio.order import impossible
from ledger.sansio.session import Apply
from ledger.sansio.watch import KEPT_MOST
from protocol.bill import Bill
from protocol.facts import ParticipantLeft, WatchBroken
from protocol.terms import Terms
from protocol.types import EndReason
from protocol.views import SessionView
from runtime import leases
from runtime.database import DatabaseError, DatabaseUnavailable, Plan
from runtime.tables import leases as leases_
from tests.support.ledger import (
    A2,
    ADA,
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

MINUTE = 60 * SECOND


def booked_in(record: Record, minutes: int) -> Apply:
    start_us = record.clock.wall_us() + minutes * MINUTE
    record.agreement = Apply(1, Terms(), name("mtg", 1), start_us, 60 * MINUTE, told_by=BEN)
    return record.agreement


async def over(record: Record, agreed: Apply) -> SessionView:
    """The session, when the meeting is over."""
    assert agreed.meeting is not None
    end_us = agreed.start_us + agreed.length_us
    await record.ledger.sweep()
    await record.ledger.missed(SITE, ROOM, MENTORSHIP, agreed.meeting, end_us)
    await record.ledger.sweep()
    (view,) = await record.ledger.of_mentorships(SITE, [MENTORSHIP], None, 50)
    return view


async def reason(record: Record, agreed: Apply) -> EndReason | None:
    view = await over(record, agreed)
    assert view.settlement is not None
    no_show = "yes" if view.end_reason == "nobody" else "unknown"
    assert {view.settlement.bill.mentor.no_show, view.settlement.bill.mentee.no_show} == {no_show}
    return view.end_reason


async def away(*args: Any, **kwargs: Any) -> Any:
    raise DatabaseUnavailable("away")


@contextmanager
def database_away(record: Record, *works: str) -> Iterator[None]:
    """It cannot be written to meanwhile; or all these cannot be done."""
    with pytest.MonkeyPatch.context() as patch:
        for work in works or ("write",):
            patch.setattr(record.database, work, away)
        yield


async def refused(work: Awaitable[object]) -> None:
    with pytest.raises(DatabaseUnavailable):
        await work


async def test_a_server_that_was_up_all_the_time_says_that_nobody_came(record: Record) -> None:
    agreed = booked_in(record, 10)
    await record.goes_on(71)
    assert await reason(record, agreed) == "nobody"


@pytest.mark.parametrize(("minutes", "found"), [(5, "nobody"), (9, "unwatched")])
async def test_who_could_not_be_put_on_record_did_not_stay_away(
    record: Record, minutes: int, found: EndReason
) -> None:
    """They try to join once, before the meeting, while nothing can be written; that lasts for five
    minutes, until it begins at the latest, or into it."""
    agreed = booked_in(record, 10)
    await record.goes_on(minutes)
    with database_away(record):
        await refused(record.join(ADA, A))
        await record.goes_on(4)
    await record.goes_on(71 - minutes - 4)
    assert await reason(record, agreed) == found


async def test_a_database_that_cannot_be_read_is_noticed_with_nobody_there(record: Record) -> None:
    agreed = booked_in(record, 10)
    await record.goes_on(9)
    with database_away(record, "read", "write"):
        await refused(record.ledger.sweep())
        await record.goes_on(61)
    await record.goes_on(1)
    assert await reason(record, agreed) == "unwatched"


async def test_a_database_that_is_back_is_noticed_at_the_next_look(record: Record) -> None:
    agreed = booked_in(record, 10)
    await record.goes_on(9.25)
    with database_away(record):
        await refused(record.join(ADA, A))
        await record.goes_on(0.5)
    await record.goes_on(61.25)
    assert await reason(record, agreed) == "nobody"


async def test_a_database_that_is_still_away_tells_nothing(record: Record) -> None:
    """It is back just when that is to be put on record."""
    agreed = booked_in(record, 10)
    with database_away(record):
        await refused(record.join(ADA, A))
        await record.goes_on(71)
    assert await reason(record, agreed) == "unwatched"


@pytest.mark.parametrize(("seconds", "found"), [(15, "nobody"), (16, "unwatched")])
async def test_a_server_that_stood_still_did_not_see_who_came(
    record: Record, seconds: int, found: EndReason
) -> None:
    agreed = booked_in(record, 10)
    await record.goes_on(20)
    await record.clock.advance(seconds)  # and 15 more until the next look
    await record.goes_on(50.5)
    assert await reason(record, agreed) == found


async def test_a_server_that_stands_still_until_a_meeting_is_over_saw_nothing(
    record: Record,
) -> None:
    agreed = booked_in(record, 10)
    await record.goes_on(20)
    await record.clock.advance(51 * 60)
    assert await reason(record, agreed) == "unwatched"


# ---- who came late, or not -----------------------------------------------------------------------


async def waits(record: Record, minutes: float, *connections: str) -> None:
    """These pages are there meanwhile."""
    for _ in range(round(minutes * 15)):
        await record.clock.advance(4)
        for connection in connections:
            record.ledger.proof(connection)
        with suppress(DatabaseError):
            await record.ledger.flush()


async def stopped(record: Record, minutes: float) -> None:
    """Killed, and another run after that."""
    await record.clock.advance(minutes * 60)
    await record.restart()


async def bill_of(record: Record, agreed: Apply) -> Bill:
    await record.goes_on(max(0, agreed.span[1] - record.clock.wall_us()) / MINUTE + 11)
    view = await over(record, agreed)
    assert view.settlement is not None
    return view.settlement.bill


async def test_a_wait_that_the_server_did_not_live_to_see_the_end_of(record: Record) -> None:
    agreed = booked_in(record, 10)
    await record.goes_on(10)
    await record.join(ADA, A)
    await waits(record, 20, A)
    await stopped(record, 50)
    bill = await bill_of(record, agreed)
    assert (bill.mentor.no_show, bill.mentee.no_show) == ("no", "unknown")
    assert bill.mentor.wait_us >= 20 * MINUTE - 6 * SECOND
    (view,) = await record.ledger.of_mentorships(SITE, [MENTORSHIP], None, 50)
    ((_, back_us),) = (await record.ledger.account(SITE, view.id)).unwatched
    assert back_us == agreed.start_us + 70 * MINUTE


@pytest.mark.parametrize(("back", "no_show"), [(0.5, "unknown"), (2, "yes")])
async def test_a_wait_that_went_on_when_the_server_was_back(
    record: Record, back: float, no_show: str
) -> None:
    agreed = booked_in(record, 10)
    await record.goes_on(10)
    await record.join(ADA, A)
    await waits(record, 20, A)
    await stopped(record, 1)
    await record.join(ADA, B)
    await waits(record, back, B)
    await record.ledger.leave(B, "left")
    assert (await bill_of(record, agreed)).mentee.no_show == no_show


@pytest.mark.parametrize("later", [0.75, 5])
async def test_a_wait_that_was_over_when_the_server_went(record: Record, later: float) -> None:
    """As when a new version of it is installed."""
    agreed = booked_in(record, 10)
    await record.goes_on(10)
    await record.join(ADA, A)
    await waits(record, 20, A)
    await record.ledger.leave(A, "left")
    await record.goes_on(later)
    await stopped(record, 2)
    assert (await bill_of(record, agreed)).mentee.no_show == "yes"


async def test_nobody_is_late_for_a_server_that_was_stopped(record: Record) -> None:
    agreed = booked_in(record, 10)
    await record.goes_on(5)
    await stopped(record, 25)
    await record.goes_on(1)
    await record.both()
    await waits(record, 2, A, B)
    await record.ledger.end(SITE, await running(record), ADA)
    bill = await bill_of(record, agreed)
    assert (bill.mentor.late_us, bill.mentee.late_us) == (MINUTE, MINUTE)


async def test_what_the_run_before_the_last_did_not_see_is_known(record: Record) -> None:
    agreed = booked_in(record, 10)
    await record.goes_on(10)
    await stopped(record, 10)
    await record.goes_on(5)
    await stopped(record, 1)
    await record.goes_on(4)
    await record.both()
    await waits(record, 2, A, B)
    await record.ledger.end(SITE, await running(record), ADA)
    bill = await bill_of(record, agreed)
    late = bill.mentee.late_us / MINUTE
    assert 7 <= late <= 9  # it puts on disk only once a minute that it looks


async def test_nobody_is_late_for_a_database_that_was_away(record: Record) -> None:
    """One of the two is in the room all the time."""
    agreed = booked_in(record, 10)
    await record.goes_on(10)
    await record.join(ADA, A)
    await waits(record, 2, A)
    with database_away(record):
        await refused(record.join(BEN, B))
        await waits(record, 10, A)
    await waits(record, 1, A)
    await record.join(BEN, B)
    await waits(record, 2, A, B)
    await record.ledger.end(SITE, await running(record), ADA)
    bill = await bill_of(record, agreed)
    assert abs(bill.mentee.late_us - 3 * MINUTE) <= 6 * SECOND
    assert bill.mentor.late_us == 0


async def test_what_was_said_while_the_database_was_away_hides_nothing_of_that(
    record: Record,
) -> None:
    """A goodbye that is written down once it is back."""
    agreed = replace(
        booked_in(record, 10), terms=Terms(no_show_share=500_000, no_show_after_us=15 * MINUTE)
    )
    record.agreement = agreed
    await record.goes_on(10)
    await record.join(ADA, A)
    await waits(record, 5, A)
    with database_away(record):
        await refused(record.join(BEN, B))
        await waits(record, 3, A)
        await refused(record.ledger.leave(A, "left"))
        await waits(record, 2)
    await waits(record, 2)
    await record.join(ADA, A2)
    await waits(record, 8, A2)
    await record.ledger.leave(A2, "left")
    bill = await bill_of(record, agreed)
    assert bill.mentee.no_show == "unknown"
    (view,) = await record.ledger.of_mentorships(SITE, [MENTORSHIP], None, 50)
    start, end = agreed.start_us + 5 * MINUTE, agreed.start_us + 10 * MINUTE
    ((from_us, to_us),) = view.unwatched
    assert abs(from_us - start) <= 6 * SECOND
    assert abs(to_us - end) <= 6 * SECOND


async def test_a_reload_while_the_database_is_away_for_a_moment_keeps_it_possible(
    record: Record,
) -> None:
    """What a server writes around that is not what nobody could have written: it is settled."""
    session = (await record.both()).id
    await record.beat(20, A, B)
    with database_away(record):
        await refused(record.ledger.flush())
        await record.clock.advance(0.9)
        await refused(record.ledger.leave(A, "left"))
        await record.clock.advance(0.9)
    await record.join(ADA, A2)
    await record.beat(20, A2, B)
    view = await record.ledger.end(SITE, session, ADA)
    facts = await record.database.read(tables.facts_of, SITE, session)
    assert list(impossible(facts)) == []
    assert view.settlement is not None


async def test_what_it_did_not_see_is_on_disk_as_soon_as_it_can_be(record: Record) -> None:
    """Killed half a minute after its database was back."""
    agreed = booked_in(record, 10)
    await record.goes_on(10)
    with database_away(record):
        await refused(record.join(BEN, B))
        await record.goes_on(10)
    await record.goes_on(0.5)
    await stopped(record, 0.5)
    await record.goes_on(1)
    await record.both()
    await waits(record, 2, A, B)
    await record.ledger.end(SITE, await running(record), ADA)
    assert (await bill_of(record, agreed)).mentee.late_us <= 1.5 * MINUTE


async def test_a_run_whose_clock_was_ahead_hides_no_later_absence(record: Record) -> None:
    """It was two hours ahead, and is put right while the server is stopped."""
    record.clock.step_wall(120 * MINUTE)
    await record.restart()
    await record.goes_on(1)
    record.clock.step_wall(-120 * MINUTE)
    await record.restart()
    agreed = booked_in(record, 10)
    await record.goes_on(10)
    await record.join(ADA, A)
    await waits(record, 20, A)
    await stopped(record, 50)
    assert (await bill_of(record, agreed)).mentee.no_show == "unknown"
    assert len(await record.database.read(leases.all_of, watch.KIND)) == 1


async def test_what_a_run_kept_and_cannot_be_read_is_nothing(record: Record) -> None:
    await record.goes_on(1)

    def spoil() -> Plan[None]:
        yield (
            update(leases_)
            .where(leases_.c.kind == watch.KIND)
            .values(data=b"")
            .execution_options(all_sites="it is of none")
        )

    await record.database.write(spoil)
    with capture_logs() as logged:
        await stopped(record, 1)
    assert [each["of"] for each in logged] == [watch.KIND]
    booked_in(record, -1)
    await record.join(ADA, A)
    assert len((await record.ledger.account(SITE, await running(record))).unwatched) == 1


async def test_who_sits_and_waits_has_it_on_record_at_once(record: Record) -> None:
    """So that it is not forgotten, however often the server is away after that."""
    booked_in(record, 0)
    await record.join(ADA, A)
    await waits(record, 1, A)
    for _ in range(3):
        with database_away(record):
            await refused(record.join(BEN, B))
            await waits(record, 1, A)
        await waits(record, 1, A)
    facts = await record.database.read(tables.facts_of, SITE, await running(record))
    assert [type(fact) for fact in facts].count(WatchBroken) == 3


# ---- a server that stood still -------------------------------------------------------------------


@pytest.mark.parametrize("says_goodbye", [True, False])
async def test_what_was_said_while_the_server_stood_still_proves_nothing_of_that_time(
    record: Record, says_goodbye: bool
) -> None:
    """Both went while it did; what they had said by then it hears when it goes on."""
    session = (await record.both()).id
    await record.beat(20, A, B)
    seen_us = record.clock.wall_us()
    await record.clock.advance(46)
    for connection in (A, B):
        record.ledger.proof(connection)
        if says_goodbye:
            await record.ledger.leave(connection, "left")
    await record.ledger.flush()
    await record.clock.advance(4)
    for connection in (A, B):
        await record.ledger.leave(connection, "lost")
    view = await record.ledger.view(SITE, session)
    assert [time.present_us for time in view.people] == [20 * SECOND] * 2
    assert view.estimated
    facts = await record.database.read(tables.facts_of, SITE, session)
    ends = {(f.at_us, f.estimated) for f in facts if isinstance(f, ParticipantLeft)}
    assert ends == {(seen_us, True)}


async def both_leave(record: Record) -> None:
    """Their goodbyes wait for their turn to be written down."""
    for connection in (A, B):
        record.ledger.leaving(connection, record.ledger.hears())
    await record.heard(8, A2)
    for connection in (A, B):
        await record.ledger.leave(connection, "left")


async def test_a_goodbye_counts_from_when_it_is_heard(record: Record) -> None:
    """Not from when its turn comes to be written down: another's write is slow."""
    session = (await record.both()).id
    await record.beat(20, A, B)
    await both_leave(record)
    view = await record.ledger.view(SITE, session)
    assert [time.present_us for time in view.people] == [20 * SECOND] * 2
    assert not view.estimated
    await record.beat(20)
    await record.both()
    await record.clock.advance(90)
    await both_leave(record)
    view = await record.ledger.view(SITE, session)
    assert [time.present_us for time in view.people] == [20 * SECOND] * 2


async def test_a_goodbye_that_waits_for_its_turn_is_not_swept_away(record: Record) -> None:
    session = (await record.both()).id
    await record.beat(20, A, B)
    record.ledger.leaving(B, record.ledger.hears())
    for _ in range(6):
        await record.beat(2, A)
        await record.ledger.sweep()
    await record.ledger.leave(B, "left")
    view = await record.ledger.view(SITE, session)
    (ben,) = (time for time in view.people if time.person == BEN)
    assert (ben.present_us, ben.present_most_us) == (20 * SECOND, 20 * SECOND)


async def test_a_goodbye_that_was_heard_stands_though_the_other_ends_it_first(
    record: Record,
) -> None:
    session = (await record.both()).id
    await record.beat(20, A, B)
    record.ledger.leaving(B, record.ledger.hears())
    await record.clock.advance(2)
    record.ledger.proof(A)
    await record.ledger.end(SITE, session, ADA)
    facts = await record.database.read(tables.facts_of, SITE, session)
    ben, ada = (fact for fact in facts if isinstance(fact, ParticipantLeft))
    assert (ben.person, ben.reason, ben.estimated, ada.reason) == (BEN, "left", False, "ended")
    assert ada.at_us - ben.at_us == 2 * SECOND


@pytest.mark.parametrize("stood_still", [1, 6])
async def test_a_clock_that_is_put_right_after_a_standstill_hides_nobody(
    record: Record, stood_still: int
) -> None:
    """Ten minutes after it, by an hour, while nobody is there."""
    await record.restart()
    await record.beat(10)
    await record.clock.advance(stood_still)
    await record.beat(600)
    record.clock.step_wall(-3600 * SECOND)
    await record.beat(10)
    session = (await record.both()).id
    await record.beat(60, A, B)
    for connection in (A, B):
        await record.ledger.leave(connection, "left")
    view = await record.ledger.view(SITE, session)
    assert [time.present_us for time in view.people] == [60 * SECOND] * 2
    assert not view.estimated


async def test_a_clock_that_is_put_right_is_no_standstill(record: Record) -> None:
    await record.restart()
    await record.beat(10)
    record.clock.step_wall(3600 * SECOND)
    await record.beat(2)
    session = (await record.both()).id
    await record.clock.advance(1)
    await record.ledger.leave(A, "left")
    view = await record.ledger.view(SITE, session)
    (ada,) = (time for time in view.people if time.person == ADA)
    assert ada.present_us == SECOND


async def test_a_proof_while_one_joins_again_counts(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = (await record.both()).id
    write = record.database.write

    async def slowly(*args: Any, **kwargs: Any) -> Any:
        found = await write(*args, **kwargs)
        await record.clock.advance(2)
        record.ledger.proof(A)
        return found

    with monkeypatch.context() as patch:
        patch.setattr(record.database, "write", slowly)
        await record.join(ADA, A)
    await record.ledger.leave(A, "lost")
    view = await record.ledger.view(SITE, session)
    (ada,) = (time for time in view.people if time.person == ADA)
    assert ada.present_us >= 2 * SECOND


async def test_who_stayed_while_the_server_stood_still_was_there(record: Record) -> None:
    session = (await record.both()).id
    await record.beat(20, A, B)
    await record.clock.advance(46)
    for _ in range(3):
        assert await record.ledger.sweep() == []
        record.ledger.proof(A)
        record.ledger.proof(B)
        assert await record.ledger.flush() == {}
        await record.clock.advance(2)
    view = await record.ledger.end(SITE, session, ADA)
    assert [time.present_us for time in view.people] == [(20 + 46 + 6) * SECOND] * 2


# ---- what it keeps -------------------------------------------------------------------------------


async def test_what_the_runs_keep_does_not_pile_up(record: Record) -> None:
    for _ in range(5):
        await record.goes_on(1)
        await stopped(record, 1)
    await record.goes_on(1)
    assert len(await record.database.read(leases.all_of, watch.KIND)) == 1


async def test_what_one_run_keeps_is_bounded(record: Record) -> None:
    for _ in range(KEPT_MOST + 5):
        await stopped(record, 1)
        await record.ledger.flush()
    (kept,) = await record.database.read(leases.all_of, watch.KIND)
    assert len(kept.data) < 20 * KEPT_MOST


async def running(record: Record) -> str:
    view = await record.ledger.running(SITE, ROOM)
    assert view is not None
    return view.id
