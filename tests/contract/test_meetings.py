"""One meeting in several sessions, on both engines: whenever proof comes, and in whatever order
they are settled, it comes to what it would in one."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
import pytest
from sqlalchemy import text

from ledger import tables
from ledger.sansio.replay import replayed
from ledger.sansio.scenario import read, run
from ledger.sansio.session import Apply
from ledger.service import Ledger
from protocol.bill import Bill
from protocol.facts import MeetingRecounted
from protocol.terms import Terms
from protocol.views import SessionView
from runtime.database import Plan
from tests.support.databases import Storage
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
    PageKey,
    Record,
    name,
)

MINUTE = 60 * SECOND
KEYS = PageKey(1), PageKey(2)


@dataclass(frozen=True)
class Held:
    """A session that is over, and from when to when they were together in it."""

    id: str
    from_us: int
    to_us: int


def booked(record: Record, **terms: object) -> None:
    """A meeting of two hours that begins now; `terms` by the minute."""
    wish = msgspec.convert({"currency": "EUR", "rate_minor": 6000, **terms}, Terms)
    start_us = record.clock.wall_us()
    record.agreement = Apply(1, wish, name("mtg", 1), start_us, 120 * MINUTE, start_us, BEN)


async def meet(record: Record, minutes: int, *, end: bool = True) -> Held:
    """They are together for so long, and nothing is handed in of it."""
    await record.join(ADA, A, key=KEYS[0].public)
    session = (await record.join(BEN, B, key=KEYS[1].public)).id
    from_us = record.clock.wall_us()
    await record.heard(minutes * 60, A, B)
    if end:
        await record.ledger.end(SITE, session, ADA)
    held = Held(session, from_us, record.clock.wall_us())
    if end:
        await record.clock.advance(60)
    return held


async def hand_in(record: Record, held: Held, ledger: Ledger | None = None) -> None:
    """What the other's page signed of all of it."""
    ada, ben = KEYS
    signed = ben.sign(held.id, ada, held.from_us, held.to_us)
    await (ledger or record.ledger).contact(SITE, ADA, A, held.id, [signed])


async def proven(record: Record, minutes: int) -> Held:
    held = await meet(record, minutes, end=False)
    await hand_in(record, held)
    await record.ledger.end(SITE, held.id, ADA)
    await record.clock.advance(60)
    return held


async def bills(record: Record, *sessions: Held) -> list[Bill]:
    found = []
    for each in sessions:
        settled = (await record.ledger.view(SITE, each.id)).settlement
        assert settled is not None
        found.append(settled.bill)
    return found


async def minutes(record: Record, *sessions: Held) -> list[int]:
    """What each is billed."""
    return [bill.billed_us // MINUTE for bill in await bills(record, *sessions)]


async def recounts(record: Record, held: Held) -> list[tuple[int, int]]:
    """What counted elsewhere and was billed for it, each time that was news."""
    return [
        (fact.before_us // MINUTE, fact.billed_us // MINUTE)
        for fact in await record.database.read(tables.facts_of, SITE, held.id)
        if isinstance(fact, MeetingRecounted)
    ]


@pytest.mark.parametrize(
    ("terms", "before", "after"),
    [
        ({"minimum_us": 30 * MINUTE}, [0, 30], [0, 30]),
        ({"minimum_us": 12 * MINUTE}, [0, 12], [3, 12]),
        ({"cap_us": 12 * MINUTE}, [0, 10], [2, 10]),
        ({"unit_us": 10 * MINUTE, "rounding": "up"}, [0, 10], [10, 10]),
        ({}, [0, 10], [5, 10]),
    ],
)
async def test_proof_that_comes_when_the_next_session_is_over_adds_what_is_new(
    record: Record, terms: dict[str, object], before: list[int], after: list[int]
) -> None:
    booked(record, **terms)
    first, second = await meet(record, 5), await proven(record, 10)
    assert await minutes(record, first, second) == before
    await hand_in(record, first)
    assert await minutes(record, first, second) == after
    assert await recounts(record, first) == [(10, before[1])]
    shown = (await record.ledger.account(SITE, first.id)).booked
    assert shown is not None
    assert (shown.before_us // MINUTE, shown.billed_us // MINUTE) == (10, before[1])
    assert await recounts(record, second) == []


async def test_proof_that_comes_while_the_next_session_runs_is_known_at_its_end(
    record: Record,
) -> None:
    booked(record, cap_us=12 * MINUTE)
    first = await meet(record, 5)
    second = await meet(record, 10, end=False)
    await hand_in(record, first)
    assert await minutes(record, first) == [5]
    await hand_in(record, second)
    await record.ledger.end(SITE, second.id, ADA)
    assert await minutes(record, first, second) == [5, 7]
    assert await recounts(record, first) == []
    assert await recounts(record, second) == [(5, 5)]


async def test_the_third_session_knows_of_both_before_it(record: Record) -> None:
    booked(record, minimum_us=30 * MINUTE)
    first, second = await meet(record, 5), await proven(record, 10)
    await hand_in(record, first)
    third = await proven(record, 20)
    assert await minutes(record, first, second, third) == [0, 30, 5]
    assert await recounts(record, third) == []


async def test_what_both_agreed_to_is_what_the_others_go_by(record: Record) -> None:
    """Not what it would come to by proof that came after that."""
    booked(record, minimum_us=30 * MINUTE)
    first = await meet(record, 5)
    for person in (ADA, BEN):
        await record.ledger.confirm(SITE, first.id, person, 1)
    await hand_in(record, first)
    second = await proven(record, 10)
    assert await minutes(record, first, second) == [0, 30]
    assert await recounts(record, first) == []


async def test_a_contest_that_is_let_go_of_goes_by_what_the_others_are_settled_at_then(
    record: Record,
) -> None:
    booked(record, minimum_us=30 * MINUTE)
    first = await meet(record, 5)
    await record.ledger.contest(SITE, first.id, ADA, 1, "we did talk")
    await hand_in(record, first)
    second = await proven(record, 10)
    assert await minutes(record, first, second) == [0, 30]
    await record.ledger.confirm(SITE, first.id, ADA, 1)
    assert await minutes(record, first, second) == [0, 30]
    assert [bill.counted_us // MINUTE for bill in await bills(record, first)] == [5]


async def test_a_word_on_a_session_settles_nothing_anew(record: Record) -> None:
    """Though another has changed since: what is confirmed stays what it was."""
    booked(record, minimum_us=30 * MINUTE)
    first, second = await proven(record, 5), await proven(record, 10)
    await record.ledger.correct(SITE, first.id, None, 0, "so", None)
    confirmed = await record.ledger.confirm(SITE, second.id, ADA, 1)
    assert confirmed.settlement is not None
    assert (confirmed.settlement.revision, confirmed.settlement.confirmed_by) == (1, (ADA,))
    assert await minutes(record, first, second) == [0, 0]


@pytest.mark.parametrize("corrected", [0, 20])
@pytest.mark.parametrize(
    ("agreed", "late"), [({"cap_us": 30 * MINUTE}, 15), ({"minimum_us": 60 * MINUTE}, 0)]
)
async def test_a_correction_is_of_its_session_alone(
    record: Record, agreed: dict[str, object], late: int, corrected: int
) -> None:
    """It is neither billed again by proof that comes late for another, nor set off against it."""
    booked(record, **agreed)
    first, second = await meet(record, 15), await proven(record, 10)
    await record.ledger.correct(SITE, second.id, None, corrected * MINUTE, "so", None)
    await hand_in(record, first)
    assert await minutes(record, first, second) == [late, corrected]


async def test_waiting_in_vain_that_is_corrected_makes_the_meeting_no_dearer(
    record: Record,
) -> None:
    booked(record, no_show_share=500_000)
    await record.join(ADA, A)
    await record.clock.advance(12 * 60)
    record.ledger.proof(A)
    waited = await record.ledger.running(SITE, ROOM)
    assert waited is not None
    await record.ledger.end(SITE, waited.id, ADA)
    await record.ledger.correct(SITE, waited.id, None, 59 * MINUTE, "not all of it", None)
    first, second = Held(waited.id, 0, 0), await proven(record, 70)
    assert await minutes(record, first, second) == [59, 10]


async def test_who_waited_is_owed_what_is_left_of_the_share(record: Record) -> None:
    """They met in a session that was over before the start; that is proven when the mentor has
    waited in vain."""
    start_us = record.clock.wall_us() + 10 * MINUTE
    wish = Terms(currency="EUR", rate_minor=6000, early_us=15 * MINUTE, no_show_share=500_000)
    record.agreement = Apply(1, wish, name("mtg", 1), start_us, 60 * MINUTE, told_by=BEN)
    early = await meet(record, 5)
    await record.clock.advance(4 * 60)
    await record.join(ADA, A)
    await record.heard(20 * 60, A)
    waited = await record.ledger.running(SITE, name("room", 1))
    assert waited is not None
    await record.ledger.end(SITE, waited.id, ADA)
    missed = Held(waited.id, 0, 0)
    assert await minutes(record, early, missed) == [0, 30]
    await hand_in(record, early)
    assert await minutes(record, early, missed) == [0, 30]


# ---- beside it -----------------------------------------------------------------------------------


def talking_already(record: Record, *, next_hour: bool) -> Apply:
    """The meeting that begins in 31 minutes. Until it is time for it there is none, or, with
    `next_hour`, the one of the hour before it."""
    start_us = record.clock.wall_us() + 31 * MINUTE
    wish = Terms(currency="EUR", rate_minor=6000, counts="room", no_show_share=500_000)
    coming = Apply(1, wish, name("mtg", 2), start_us, 60 * MINUTE, told_by=BEN)
    record.agreement = Apply(1, wish)
    if next_hour:
        record.agreement = replace(coming, meeting=name("mtg", 1), start_us=start_us - 60 * MINUTE)
    return coming


async def over(record: Record, agreed: Apply) -> list[SessionView]:
    """The sessions, oldest first, when the meeting is over."""
    assert agreed.meeting is not None
    end_us = agreed.start_us + agreed.length_us
    await record.goes_on((agreed.span[1] - record.clock.wall_us()) / MINUTE + 1)
    await record.ledger.sweep()
    record.agreement = agreed
    await record.ledger.missed(SITE, ROOM, MENTORSHIP, agreed.meeting, end_us)
    await record.ledger.sweep()
    return (await record.ledger.of_mentorships(SITE, [MENTORSHIP], None, 50))[::-1]


@pytest.mark.parametrize("next_hour", [False, True])
async def test_a_meeting_that_they_talked_into_was_not_missed(
    record: Record, next_hour: bool
) -> None:
    coming = talking_already(record, next_hour=next_hour)
    held = await meet(record, 31 + 58)
    (view,) = await over(record, coming)
    assert view.id == held.id
    assert (await bills(record, held))[0].mentee.no_show == "no"


@pytest.mark.parametrize("next_hour", [False, True])
async def test_who_talked_into_a_meeting_is_not_missed_in_the_session_after_that(
    record: Record, next_hour: bool
) -> None:
    coming = talking_already(record, next_hour=next_hour)
    held = await meet(record, 31 + 8)
    record.agreement = coming
    await record.join(ADA, A2)
    await record.clock.advance(20 * 60)
    await record.ledger.leave(A2, "left")
    first, then = await over(record, coming)
    assert first.id == held.id
    (bill,) = await bills(record, Held(then.id, 0, 0))
    assert (bill.mentee.no_show, bill.mentor.late_us, bill.owed) == ("no", 0, "nothing")


async def test_what_was_over_before_a_meeting_does_not_tell_who_came(record: Record) -> None:
    coming = talking_already(record, next_hour=False)
    await meet(record, 20)
    *_, view = await over(record, coming)
    (bill,) = await bills(record, Held(view.id, 0, 0))
    assert (view.end_reason, bill.mentor.no_show, bill.mentee.no_show) == ("nobody", "yes", "yes")


async def test_of_two_meetings_one_after_the_other_both_can_be_missed(record: Record) -> None:
    """Though the first stays open for an over-run, into the second."""
    coming = talking_already(record, next_hour=False)
    first = replace(coming, terms=Terms(overrun_us=30 * MINUTE))
    assert len(await over(record, first)) == 1
    later_us = first.start_us + first.length_us
    views = await over(record, replace(first, meeting=name("mtg", 3), start_us=later_us))
    assert [view.end_reason for view in views] == ["nobody", "nobody"]


async def test_a_meeting_is_missed_when_it_is_over_by_the_clock_that_it_goes_by(
    record: Record,
) -> None:
    """The machine's clock can be ahead of that while somebody is in a room."""
    wish = Terms(overrun_us=10 * MINUTE)
    start_us = record.clock.wall_us() + 10 * MINUTE
    agreed = record.agreement = Apply(1, wish, name("mtg", 1), start_us, 60 * MINUTE, told_by=BEN)
    assert agreed.meeting is not None
    end_us = agreed.start_us + agreed.length_us
    for seconds in (0, 70 * 60, 10 * 60 - 1):
        await record.clock.advance(seconds)
        assert not await record.ledger.missed(SITE, ROOM, MENTORSHIP, agreed.meeting, end_us)
    assert await record.ledger.of_mentorships(SITE, [MENTORSHIP], None, 50) == []
    await record.clock.advance(1)
    assert await record.ledger.missed(SITE, ROOM, MENTORSHIP, agreed.meeting, end_us)
    (view,) = await record.ledger.of_mentorships(SITE, [MENTORSHIP], None, 50)
    assert view.end_reason == "nobody"


# ---- at once -------------------------------------------------------------------------------------


def nodes(record: Record, count: int) -> Sequence[Ledger]:
    return [record.start() for _ in range(count)]


@pytest.mark.parametrize("cap", [12, 25, 60])
async def test_proofs_that_come_at_once_know_of_each_other(record: Record, cap: int) -> None:
    booked(record, cap_us=cap * MINUTE)
    held = [await meet(record, 10) for _ in range(4)]
    nodes_ = nodes(record, len(held))
    await asyncio.gather(
        *(hand_in(record, each, node) for each, node in zip(held, nodes_, strict=True))
    )
    assert sum(await minutes(record, *held)) == min(cap, 40)


async def test_an_end_and_proof_of_the_session_before_know_of_each_other(record: Record) -> None:
    booked(record, cap_us=12 * MINUTE)
    first = await meet(record, 10)
    second = await meet(record, 10, end=False)
    await hand_in(record, second)
    await asyncio.gather(
        hand_in(record, first, record.start()), record.ledger.end(SITE, second.id, ADA)
    )
    assert sum(await minutes(record, first, second)) == 12


@pytest.mark.parametrize("moved", [False, True])
async def test_a_join_goes_by_what_is_booked_when_it_is_written_down(
    record: Record, monkeypatch: pytest.MonkeyPatch, moved: bool
) -> None:
    """Not by what was booked when it was asked for: a meeting can be cancelled in between."""
    booked(record)
    start_us = record.clock.wall_us() + 5 * MINUTE
    record.agreement = replace(record.agreement, start_us=start_us)
    asked, written = asyncio.Event(), record.database.write

    async def slow(*args: Any, **kwargs: Any) -> Any:
        asked.set()
        await changed.wait()
        return await written(*args, **kwargs)

    changed = asyncio.Event()
    monkeypatch.setattr(record.database, "write", slow)
    joining = asyncio.create_task(record.join(ADA, A))
    await asked.wait()
    monkeypatch.setattr(record.database, "write", written)
    now = replace(record.agreement, start_us=start_us + 60 * MINUTE)
    record.agreement = now if moved else Apply(1, now.terms)
    await record.ledger.rearranged(SITE, ROOM, MENTORSHIP)
    changed.set()
    shown = (await record.ledger.account(SITE, (await joining).id)).booked
    assert (shown and shown.start_us) == (now.start_us if moved else None)


# ---- the same by hand ----------------------------------------------------------------------------


@pytest.mark.parametrize("terms", [{"minimum_us": 12 * MINUTE}, {"cap_us": 12 * MINUTE}])
async def test_a_story_written_by_hand_comes_to_the_same(
    record: Record, terms: dict[str, object]
) -> None:
    """As on the server, and as the server's own facts when they are computed again."""
    booked(record, **terms)
    begin_us = record.clock.wall_us()
    first, second = await meet(record, 5), await proven(record, 10)
    await hand_in(record, first)

    def journal(held: Held, at_us: int) -> dict[str, object]:
        return {
            "at": at_us, "do": "journal", "who": "Ada", "from": held.from_us, "to": held.to_us,
        }  # fmt: skip

    events: list[dict[str, object]] = [
        {"at": begin_us, "do": "terms", "terms": {"currency": "EUR", "rate_minor": 6000, **terms}},
        {"at": begin_us, "do": "meeting", "start": begin_us, "length": "02:00:00"},
        journal(second, second.to_us),
        journal(first, record.clock.wall_us()),
    ]
    for held in (first, second):
        events += [{"at": held.from_us, "do": "join", "who": who} for who in ("Ada", "Ben")]
        events += [{"at": held.to_us, "do": "end", "who": "Ada"}]
    by_hand = run(read(msgspec.json.encode({"mentor": "Ada", "mentee": "Ben", "events": events})))

    def named(bill: Bill) -> Bill:
        names = {ADA: "Ada", BEN: "Ben"}
        sides = [
            msgspec.structs.replace(side, person=names.get(side.person, side.person))
            for side in (bill.mentor, bill.mentee)
        ]
        return msgspec.structs.replace(bill, mentor=sides[0], mentee=sides[1])

    on_record = [named(bill) for bill in await bills(record, first, second)]
    assert on_record == [by_hand.bill, *(then.bill for then in by_hand.then)]
    for held in (first, second):
        again = replayed(await record.database.read(tables.facts_of, SITE, held.id))
        assert again.settled is True


@pytest.mark.parametrize("storage", ["postgresql"], indirect=True)
async def test_sessions_of_a_meeting_that_are_settled_at_once_wait_for_each_other(
    storage: Storage, record: Record
) -> None:
    """In one order: two that each have their own row and want the other's would never end. Nobody
    tries again here, so that it would be seen."""
    booked(record)
    one, two = await proven(record, 10), await proven(record, 20)
    runs = await meet(record, 5, end=False)
    runs_too = await record.database.read(tables.by_id, SITE, runs.id)
    assert runs_too is not None
    tries = list[str]()

    def settle(session: str) -> Plan[int]:
        tries.append(session)
        if session == runs.id:
            row: tables.SessionRow | None = yield from tables.claim_running(
                SITE, runs_too.room, replace(runs_too, id=name("ses", 9))
            )
        else:
            row = yield from tables.claim(SITE, session)
        assert row is not None
        assert row.id == session
        assert row.meeting is not None
        yield text("SELECT pg_sleep(0.2)").execution_options(all_sites="nothing is looked at")
        return len((yield from tables.settled_of_meeting(SITE, row.meeting, session)))

    for pair in ([one, two], [two, one], [one, runs], [runs, two], [one, runs, two]):
        tries.clear()
        found = await asyncio.gather(*(record.database.write(settle, each.id) for each in pair))
        assert found == [2 if each is runs else 1 for each in pair]
        assert len(tries) == len(pair), "a deadlock, after which one was tried again"
