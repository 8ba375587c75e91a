"""When the server could not see who comes: nobody is late for that, nor missed a meeting."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from ledger import watch
from ledger.sansio.session import Apply
from ledger.sansio.watch import KEPT_MOST
from protocol.bill import Bill
from protocol.terms import Terms
from protocol.types import EndReason
from protocol.views import SessionView
from runtime import leases
from runtime.database import DatabaseError, DatabaseUnavailable
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


async def goes_on(record: Record, minutes: float) -> None:
    """The server looks every few seconds, as far as it can."""
    for _ in range(round(minutes * 4)):
        await record.clock.advance(15)
        with suppress(DatabaseError):
            await record.ledger.flush()
            await record.ledger.sweep()


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


async def test_a_server_that_was_up_all_the_time_says_that_nobody_came(record: Record) -> None:
    agreed = booked_in(record, 10)
    await goes_on(record, 71)
    assert await reason(record, agreed) == "nobody"


@pytest.mark.parametrize(("minutes", "found"), [(5, "nobody"), (9, "unwatched")])
async def test_who_could_not_be_put_on_record_did_not_stay_away(
    record: Record, monkeypatch: pytest.MonkeyPatch, minutes: int, found: EndReason
) -> None:
    """They try to join once, before the meeting, while nothing can be written; that lasts for five
    minutes, until it begins at the latest, or into it."""
    agreed = booked_in(record, 10)
    await goes_on(record, minutes)
    with monkeypatch.context() as patch:
        patch.setattr(record.database, "write", away)
        with pytest.raises(DatabaseUnavailable):
            await record.join(ADA, A)
        await goes_on(record, 4)
    await goes_on(record, 71 - minutes - 4)
    assert await reason(record, agreed) == found


async def test_a_database_that_cannot_be_read_is_noticed_with_nobody_there(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed = booked_in(record, 10)
    await goes_on(record, 9)
    with monkeypatch.context() as patch:
        for work in ("read", "write"):
            patch.setattr(record.database, work, away)
        with pytest.raises(DatabaseUnavailable):
            await record.ledger.sweep()
        await goes_on(record, 61)
    await goes_on(record, 1)
    assert await reason(record, agreed) == "unwatched"


async def test_a_database_that_is_back_is_noticed_at_the_next_look(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    agreed = booked_in(record, 10)
    await goes_on(record, 9.25)
    with monkeypatch.context() as patch:
        patch.setattr(record.database, "write", away)
        with pytest.raises(DatabaseUnavailable):
            await record.join(ADA, A)
        await goes_on(record, 0.5)
    await goes_on(record, 61.25)
    assert await reason(record, agreed) == "nobody"


async def test_a_database_that_is_still_away_tells_nothing(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is back just when that is to be put on record."""
    agreed = booked_in(record, 10)
    with monkeypatch.context() as patch:
        patch.setattr(record.database, "write", away)
        with pytest.raises(DatabaseUnavailable):
            await record.join(ADA, A)
        await goes_on(record, 71)
    assert await reason(record, agreed) == "unwatched"


@pytest.mark.parametrize(("seconds", "found"), [(15, "nobody"), (16, "unwatched")])
async def test_a_server_that_stood_still_did_not_see_who_came(
    record: Record, seconds: int, found: EndReason
) -> None:
    agreed = booked_in(record, 10)
    await goes_on(record, 20)
    await record.clock.advance(seconds)  # and 15 more until the next look
    await goes_on(record, 50.5)
    assert await reason(record, agreed) == found


async def test_a_server_that_stands_still_until_a_meeting_is_over_saw_nothing(
    record: Record,
) -> None:
    agreed = booked_in(record, 10)
    await goes_on(record, 20)
    await record.clock.advance(51 * 60)
    assert await reason(record, agreed) == "unwatched"


# ---- who came late, or not -----------------------------------------------------------------------


async def waits(record: Record, minutes: float, *connections: str) -> None:
    """These pages are there meanwhile."""
    for _ in range(round(minutes * 10)):
        await record.clock.advance(6)
        for connection in connections:
            record.ledger.proof(connection)
        with suppress(DatabaseError):
            await record.ledger.flush()


async def stopped(record: Record, minutes: float) -> None:
    """Killed, and another run after that."""
    await record.clock.advance(minutes * 60)
    await record.restart()


async def bill_of(record: Record, agreed: Apply) -> Bill:
    await goes_on(record, max(0, agreed.span[1] - record.clock.wall_us()) / MINUTE + 11)
    view = await over(record, agreed)
    assert view.settlement is not None
    return view.settlement.bill


async def test_a_wait_that_the_server_did_not_live_to_see_the_end_of(record: Record) -> None:
    agreed = booked_in(record, 10)
    await goes_on(record, 10)
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
    await goes_on(record, 10)
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
    await goes_on(record, 10)
    await record.join(ADA, A)
    await waits(record, 20, A)
    await record.ledger.leave(A, "left")
    await goes_on(record, later)
    await stopped(record, 2)
    assert (await bill_of(record, agreed)).mentee.no_show == "yes"


async def test_nobody_is_late_for_a_server_that_was_stopped(record: Record) -> None:
    agreed = booked_in(record, 10)
    await goes_on(record, 5)
    await stopped(record, 25)
    await goes_on(record, 1)
    await record.both()
    await waits(record, 2, A, B)
    await record.ledger.end(SITE, await running(record), ADA)
    bill = await bill_of(record, agreed)
    assert (bill.mentor.late_us, bill.mentee.late_us) == (MINUTE, MINUTE)


async def test_what_the_run_before_the_last_did_not_see_is_known(record: Record) -> None:
    agreed = booked_in(record, 10)
    await goes_on(record, 10)
    await stopped(record, 10)
    await goes_on(record, 5)
    await stopped(record, 1)
    await goes_on(record, 4)
    await record.both()
    await waits(record, 2, A, B)
    await record.ledger.end(SITE, await running(record), ADA)
    bill = await bill_of(record, agreed)
    late = bill.mentee.late_us / MINUTE
    assert 7 <= late <= 9  # it puts on disk only once a minute that it looks


async def test_nobody_is_late_for_a_database_that_was_away(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One of the two is in the room all the time."""
    agreed = booked_in(record, 10)
    await goes_on(record, 10)
    await record.join(ADA, A)
    await waits(record, 2, A)
    with monkeypatch.context() as patch:
        patch.setattr(record.database, "write", away)
        with pytest.raises(DatabaseUnavailable):
            await record.join(BEN, B)
        await waits(record, 10, A)
    await waits(record, 1, A)
    await record.join(BEN, B)
    await waits(record, 2, A, B)
    await record.ledger.end(SITE, await running(record), ADA)
    bill = await bill_of(record, agreed)
    assert abs(bill.mentee.late_us - 3 * MINUTE) <= 6 * SECOND
    assert bill.mentor.late_us == 0


async def test_what_was_said_while_the_database_was_away_hides_nothing_of_that(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A goodbye that is written down once it is back."""
    agreed = replace(
        booked_in(record, 10), terms=Terms(no_show_share=500_000, no_show_after_us=15 * MINUTE)
    )
    record.agreement = agreed
    await goes_on(record, 10)
    await record.join(ADA, A)
    await waits(record, 5, A)
    with monkeypatch.context() as patch:
        patch.setattr(record.database, "write", away)
        with pytest.raises(DatabaseUnavailable):
            await record.join(BEN, B)
        await waits(record, 3, A)
        with pytest.raises(DatabaseUnavailable):
            await record.ledger.leave(A, "left")
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


async def test_what_it_did_not_see_is_on_disk_as_soon_as_it_can_be(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed half a minute after its database was back."""
    agreed = booked_in(record, 10)
    await goes_on(record, 10)
    with monkeypatch.context() as patch:
        patch.setattr(record.database, "write", away)
        with pytest.raises(DatabaseUnavailable):
            await record.join(BEN, B)
        await goes_on(record, 10)
    await goes_on(record, 0.5)
    await stopped(record, 0.5)
    await goes_on(record, 1)
    await record.both()
    await waits(record, 2, A, B)
    await record.ledger.end(SITE, await running(record), ADA)
    assert (await bill_of(record, agreed)).mentee.late_us <= 1.5 * MINUTE


async def test_what_the_runs_keep_does_not_pile_up(record: Record) -> None:
    for _ in range(5):
        await goes_on(record, 1)
        await stopped(record, 1)
    await goes_on(record, 1)
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
