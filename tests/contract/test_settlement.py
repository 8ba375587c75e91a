"""What sessions come to, on both engines: proof, clocks, the chain that nothing can change."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from hashlib import sha512
from typing import Any

import msgspec
import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from ledger import tables
from ledger.held import LEASE_TTL_US
from ledger.sansio import chain, settlement
from ledger.sansio.session import Apply
from ledger.views import base64url
from protocol.errors import Refusal
from protocol.facts import (
    ContactProven,
    Noted,
    ParticipantLeft,
    Receipt,
    SessionEnded,
    SessionSettled,
)
from protocol.terms import Terms
from protocol.views import SessionAccount, SessionView
from runtime.database import AnyRow, Database, DatabaseUnavailable, Plan
from runtime.tables import idempotency, outbox
from tests.support.databases import Storage
from tests.support.ledger import (
    A2,
    ADA,
    B2,
    BEN,
    KID,
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
PAID = Terms(currency="EUR", rate_minor=6000, unit_us=SECOND)


@pytest.fixture(scope="module")
def keys() -> tuple[PageKey, PageKey]:
    return PageKey(), PageKey()


async def proven_call(record: Record, keys: tuple[PageKey, PageKey], seconds: float) -> str:
    """A call of so long whose every second Ben's page signed and Ada's handed in."""
    ada, ben = keys
    await record.join(ADA, A, key=ada.public)
    session = (await record.join(BEN, B, key=ben.public)).id
    since = record.clock.wall_us()
    await record.beat(seconds, A, B)
    await hand_in(record, session, keys, since, record.clock.wall_us())
    return session


async def hand_in(
    record: Record, session: str, keys: tuple[PageKey, PageKey], from_us: int, to_us: int
) -> None:
    ada, ben = keys
    contact = ben.sign(session, ada, from_us, to_us)
    await record.ledger.contact(SITE, ADA, A, session, [contact])


async def account(record: Record, session: str) -> SessionAccount:
    return await record.ledger.account(SITE, session)


# ---- proof ---------------------------------------------------------------------------------------


async def test_what_the_other_signed_is_proven_and_the_rest_unknown(
    record: Record, keys: tuple[PageKey, PageKey]
) -> None:
    session = await proven_call(record, keys, 20)
    await record.beat(20, A, B)
    await record.ledger.end(SITE, session, ADA)
    found = await account(record, session)
    assert (found.together_us, found.contact_us) == (40 * SECOND, 22_500_000)
    assert found.unknown_us == 17_500_000
    assert found.bill.unknown_us == 17_500_000
    start_us = found.started_us
    assert start_us is not None
    assert (found.counted, found.bridged) == (((start_us, start_us + 22_500_000),), ())
    assert [(proof.person, proof.signer) for proof in found.proofs] == [(ADA, BEN)]


async def test_forged_and_foreign_signatures_prove_nothing(
    record: Record, keys: tuple[PageKey, PageKey]
) -> None:
    ada, ben = keys
    session = await proven_call(record, keys, 0)
    since, until = record.clock.wall_us(), record.clock.wall_us() + 10 * SECOND
    await record.beat(10, A, B)
    good = ben.sign(session, ada, since, until)
    eve = PageKey()
    for bad in (
        ada.sign(session, ada, since, until),
        eve.sign(session, ada, since, until),
        ben.sign("ses_of_another", ada, since, until),
        msgspec.structs.replace(good, to_us=until + 1),
        msgspec.structs.replace(good, signature="A" * 86),
    ):
        await record.ledger.contact(SITE, ADA, A, session, [bad])
    await record.ledger.contact(SITE, BEN, B, session, [good])  # not his to hand in
    assert (await account(record, session)).proofs == ()
    await record.ledger.contact(SITE, ADA, A, session, [good])
    assert len((await account(record, session)).proofs) == 1


async def test_a_longer_signature_takes_the_place_of_a_shorter_one(
    record: Record, keys: tuple[PageKey, PageKey]
) -> None:
    session = await proven_call(record, keys, 20)
    since = record.clock.wall_us() - 20 * SECOND
    for seconds in (4, 12, 8):
        await hand_in(record, session, keys, since, since + seconds * SECOND)
    await record.ledger.end(SITE, session, ADA)
    facts = await record.database.read(tables.facts_of, SITE, session)
    proofs = [fact for fact in facts if isinstance(fact, ContactProven)]
    assert [(fact.from_us, fact.to_us) for fact in proofs] == [(since, since + 20 * SECOND)]


async def test_what_was_handed_in_to_one_run_counts_though_another_ended_the_session(
    record: Record, keys: tuple[PageKey, PageKey]
) -> None:
    """It ends it by what is on disk; the first hands in the rest when it next writes."""
    ada, ben = keys
    await record.join(ADA, A, key=ada.public)
    session = (await record.join(BEN, B, key=ben.public)).id
    since = record.clock.wall_us()
    await record.beat(20, A, B)
    other = record.start()
    await hand_in(record, session, keys, since, record.clock.wall_us())
    await other.end(SITE, session, BEN)
    before = await account(record, session)
    assert (before.contact_us, before.bill.counted_us) == (0, 0)
    assert before.counted == ()
    out = await record.ledger.flush()
    assert {connection: view.state for connection, view in out.items()} == {A: "ended", B: "ended"}
    assert await record.ledger.flush() == {}
    after = await account(record, session)
    assert (after.contact_us, after.bill.unknown_us) == (20 * SECOND, 0)
    assert (after.settlement and after.settlement.revision) == 2
    await hand_in(record, session, keys, since, record.clock.wall_us())
    assert await account(record, session) == after


async def test_who_is_out_by_the_record_is_named_though_the_database_was_away_in_between(
    record: Record, keys: tuple[PageKey, PageKey], monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await proven_call(record, keys, 20)
    await record.start().end(SITE, session, BEN)

    write = record.database.write

    async def refuses(plan: Any, *args: Any) -> Any:
        if plan.__name__ == "_leave":
            raise DatabaseUnavailable("away")
        return await write(plan, *args)

    with monkeypatch.context() as away:
        away.setattr(record.database, "write", refuses)
        with pytest.raises(DatabaseUnavailable):
            await record.ledger.flush()
    assert set(await record.ledger.flush()) == {A, B}


async def test_who_joins_again_over_a_connection_keeps_what_was_handed_in(
    record: Record, keys: tuple[PageKey, PageKey]
) -> None:
    ada, _ = keys
    session = await proven_call(record, keys, 20)
    assert (await record.join(ADA, A, key=ada.public)).id == session
    await record.ledger.flush()
    await record.restart()
    await record.clock.advance(LEASE_TTL_US / SECOND + 1)
    await record.ledger.sweep()
    assert (await account(record, session)).contact_us == 20 * SECOND


async def test_who_joins_the_next_session_hands_in_for_the_last_one(
    record: Record, keys: tuple[PageKey, PageKey]
) -> None:
    """It was ended by another run of the server, which knew of no proof."""
    ada, _ = keys
    session = await proven_call(record, keys, 20)
    await record.start().end(SITE, session, BEN)
    assert (await record.join(ADA, A, key=ada.public)).id != session
    assert (await account(record, session)).contact_us == 20 * SECOND


@pytest.mark.parametrize("step_s", [0, -30, -3600, 3600])
async def test_whatever_the_clock_is_set_to_while_the_server_is_away_the_time_has_its_place(
    record: Record, keys: tuple[PageKey, PageKey], step_s: int
) -> None:
    ada, ben = keys
    session = await proven_call(record, keys, 60)
    since = record.clock.wall_us() - 60 * SECOND
    await record.ledger.flush()
    await record.clock.advance(120)
    until = since + 180 * SECOND  # as the pages count on
    record.clock.step_wall(step_s * SECOND)
    await record.restart()
    for _ in range(2):  # what a server does until the two are back
        await record.ledger.flush()
        await record.ledger.sweep()
    assert (await record.join(ADA, A2, key=ada.public)).id == session
    await record.join(BEN, B2, key=ben.public)
    contact = ben.sign(session, ada, since, until)
    await record.ledger.contact(SITE, ADA, A2, session, [contact])
    await record.ledger.end(SITE, session, ADA)
    found = await account(record, session)
    assert (found.together_us, found.contact_us) == (180 * SECOND, 180 * SECOND)


async def test_on_another_machine_time_goes_on_from_the_end_of_the_record(record: Record) -> None:
    session = (await record.both()).id
    await record.beat(60, A, B)
    record.clock.reboot()
    record.clock.step_wall(-3600 * SECOND)
    await record.restart()
    await record.join(ADA, A2)
    await record.beat(10, A2)
    ended = await record.ledger.end(SITE, session, ADA)
    assert [each.present_us for each in ended.people] == [70 * SECOND, 60 * SECOND]


async def test_what_was_handed_in_survives_the_server(
    record: Record, keys: tuple[PageKey, PageKey]
) -> None:
    session = await proven_call(record, keys, 20)
    await record.ledger.flush()
    await record.restart()
    await record.clock.advance(LEASE_TTL_US / SECOND + 1)
    await record.ledger.sweep()
    found = await account(record, session)
    assert (found.contact_us, found.estimated) == (20 * SECOND, True)


async def test_what_is_handed_in_while_it_ends_is_not_lost(
    record: Record, keys: tuple[PageKey, PageKey]
) -> None:
    ada, ben = keys
    await record.join(ADA, A, key=ada.public)
    session = (await record.join(BEN, B, key=ben.public)).id
    since = record.clock.wall_us()
    await record.beat(10, A, B)
    until = record.clock.wall_us()
    await asyncio.gather(
        hand_in(record, session, keys, since, until),
        record.ledger.end(SITE, session, ADA),
        hand_in(record, session, keys, since + 1, until),
    )
    facts = await record.database.read(tables.facts_of, SITE, session)
    proven = {fact.from_us - since for fact in facts if isinstance(fact, ContactProven)}
    assert proven == {0, 1}


async def test_a_gap_in_signalling_is_bridged_by_what_is_handed_in_on_return(
    record: Record, keys: tuple[PageKey, PageKey]
) -> None:
    ada, ben = keys
    session = await proven_call(record, keys, 20)
    since = record.clock.wall_us() - 20 * SECOND
    await record.clock.advance(6)
    for connection in (A, B):
        await record.ledger.leave(connection, "lost")
    await record.clock.advance(14)
    await record.join(ADA, A2, key=ada.public)
    await record.join(BEN, B2, key=ben.public)
    until = record.clock.wall_us()
    contact = ben.sign(session, ada, since, until)
    await record.ledger.contact(SITE, ADA, A2, session, [contact])
    await record.beat(2, A2, B2)
    view = await record.ledger.end(SITE, session, BEN)
    assert (view.together_us, view.interruptions) == (42 * SECOND, ())
    found = await account(record, session)
    assert {each.state for each in found.stretches} == {"contact"}


async def test_proof_that_comes_after_the_end_settles_again_until_both_agreed(
    record: Record, keys: tuple[PageKey, PageKey]
) -> None:
    record.agreement = Apply(1, PAID)
    ada, ben = keys
    await record.join(ADA, A, key=ada.public)
    session = (await record.join(BEN, B, key=ben.public)).id
    since = record.clock.wall_us()
    await record.beat(60, A, B)
    view = await record.ledger.end(SITE, session, ADA)
    assert view.settlement is not None
    assert (view.settlement.revision, view.settlement.bill.billed_us) == (1, 0)
    await hand_in(record, session, keys, since, since + 30 * SECOND)
    again = (await record.ledger.view(SITE, session)).settlement
    assert again is not None
    assert (again.revision, again.bill.billed_us) == (2, 32 * SECOND)
    for person in (ADA, BEN):
        await record.ledger.confirm(SITE, session, person, 2)
    await hand_in(record, session, keys, since, since + 60 * SECOND)
    last = (await record.ledger.view(SITE, session)).settlement
    assert last is not None
    assert (last.revision, last.state) == (2, "confirmed")


async def test_paths_that_both_say_are_down_are_impaired(record: Record) -> None:
    session = (await record.both()).id
    await record.beat(10, A, B)
    for connection in (A, B):
        await record.ledger.path(connection, up=False)
    await record.beat(10, A, B)
    for connection in (A, B):
        await record.ledger.path(connection, up=True)
    await record.ledger.end(SITE, session, ADA)
    found = await account(record, session)
    assert (found.impaired_us, found.unknown_us) == (10 * SECOND, 10 * SECOND)
    with pytest.raises(Refusal, match="not_in_room"):
        await record.ledger.path(A, up=False)


# ---- clocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("step_s", [3600, -3600, 700, -60])
async def test_a_step_of_the_machines_clock_changes_no_total(record: Record, step_s: int) -> None:
    session = (await record.both()).id
    await record.beat(10, A, B)
    record.clock.step_wall(step_s * SECOND)
    assert await record.ledger.sweep() == []
    await record.beat(10, A, B)
    assert await record.ledger.sweep() == []
    for connection in (A, B):
        await record.ledger.leave(connection, "left")
    view = await record.ledger.view(SITE, session)
    assert view.together_us == 20 * SECOND
    assert [time.present_us for time in view.people] == [20 * SECOND] * 2
    assert view.estimated is False


async def test_with_no_session_open_time_is_the_machines_again(record: Record) -> None:
    session = (await record.both()).id
    record.clock.step_wall(3600 * SECOND)
    await record.ledger.flush()
    assert (await record.join(ADA, A2)).as_of_us < record.clock.wall_us()
    for connection in (A, A2, B):
        await record.ledger.leave(connection, "left")
    await record.ledger.flush()
    ended = await record.ledger.end(SITE, session, ADA)
    assert ended.ended_us is not None
    assert ended.ended_us < record.clock.wall_us() - 3599 * SECOND
    await record.ledger.flush()
    later = await record.join(ADA, A, room=name("room", 2))
    assert later.created_us == record.clock.wall_us()


@pytest.mark.parametrize("step_s", [3600, -3600])
async def test_a_step_across_a_restart_adds_and_takes_nothing(record: Record, step_s: int) -> None:
    session = (await record.both()).id
    await record.beat(10, A, B)
    record.clock.step_wall(step_s * SECOND)
    await record.restart()
    await record.join(ADA, A2)
    await record.join(BEN, B2)
    await record.beat(10, A2, B2)
    view = await record.ledger.end(SITE, session, ADA)
    assert view.together_us == 20 * SECOND
    facts = await record.database.read(tables.facts_of, SITE, session)
    times = [fact.at_us for fact in facts if not isinstance(fact, ParticipantLeft)]
    assert times == sorted(times)


@pytest.mark.parametrize("restarts", [False, True])
async def test_a_clock_set_back_while_nobody_is_in_the_room_takes_nothing(
    record: Record, keys: tuple[PageKey, PageKey], restarts: bool
) -> None:
    """Those who come back to the open session go on after what is on record, not beside it."""
    session = await proven_call(record, keys, 20)
    for connection in (A, B):
        await record.ledger.leave(connection, "left")
    record.clock.step_wall(-30 * SECOND)
    if restarts:
        await record.restart()
    await record.ledger.flush()
    ada, ben = keys
    await record.join(ADA, A2, key=ada.public)
    back = await record.join(BEN, B2, key=ben.public)
    assert back.id == session
    since = back.as_of_us
    await record.beat(20, A2, B2)
    contact = ben.sign(session, ada, since, since + 20 * SECOND)
    await record.ledger.contact(SITE, ADA, A2, session, [contact])
    await record.ledger.end(SITE, session, BEN)
    found = await account(record, session)
    assert (found.together_us, found.contact_us) == (40 * SECOND, 40 * SECOND)


async def test_with_no_session_open_a_clock_that_was_set_back_is_followed(record: Record) -> None:
    session = (await record.both()).id
    await record.ledger.end(SITE, session, ADA)
    record.clock.step_wall(-3600 * SECOND)
    await record.ledger.flush()
    assert (await record.join(ADA, A2)).created_us == record.clock.wall_us()


# ---- meetings ------------------------------------------------------------------------------------


def booked(record: Record, in_s: float, length_s: float = 3600, terms: Terms = PAID) -> Apply:
    start_us = record.clock.wall_us() + round(in_s * SECOND)
    return Apply(1, terms, name("mtg", 1), start_us, round(length_s * SECOND))


async def missed(record: Record) -> None:
    agreed = record.agreement
    assert agreed.meeting is not None
    end_us = agreed.start_us + agreed.length_us
    await record.ledger.missed(SITE, ROOM, MENTORSHIP, agreed.meeting, end_us)


async def sessions(record: Record) -> list[SessionView]:
    return await record.ledger.of_mentorships(SITE, [MENTORSHIP], None, 50)


async def test_a_meeting_that_nobody_came_to_is_on_record_once(record: Record) -> None:
    record.agreement = booked(record, 60)
    await record.clock.advance(60 + 3600)
    await asyncio.gather(*(missed(record) for _ in range(5)))
    (view,) = await sessions(record)
    assert (view.state, view.end_reason) == ("ended", "nobody")
    assert view.settlement is not None
    bill = view.settlement.bill
    assert (bill.mentor.no_show, bill.mentee.no_show, bill.owed) == ("yes", "yes", "nothing")


async def test_what_the_server_did_not_see_it_does_not_claim(record: Record) -> None:
    record.agreement = booked(record, 60)
    await record.clock.advance(600)
    await record.restart()
    await record.clock.advance(3600)
    await missed(record)
    (view,) = await sessions(record)
    assert view.end_reason == "unwatched"
    assert view.settlement is not None
    assert view.settlement.bill.mentee.no_show == "unknown"


async def test_a_meeting_that_was_moved_or_that_somebody_came_to_was_not_missed(
    record: Record,
) -> None:
    record.agreement = booked(record, 0)
    await record.join(ADA, A)
    await record.clock.advance(60)
    await record.ledger.leave(A, "left")
    await record.clock.advance(3600)
    await missed(record)
    agreed = record.agreement
    assert agreed.meeting is not None
    await record.ledger.missed(SITE, ROOM, MENTORSHIP, name("mtg", 2), 1)
    (view,) = await sessions(record)
    assert view.state == "waiting"
    (ended,) = await record.ledger.sweep()
    assert (ended.id, ended.end_reason) == (view.id, "window")
    assert ended.settlement is not None
    assert ended.settlement.bill.mentee.no_show == "unknown"  # the mentor did not wait


async def test_the_second_session_of_a_meeting_makes_nobody_late(record: Record) -> None:
    record.agreement = booked(record, 0)
    first = (await record.both()).id
    await record.beat(60, A, B)  # so long that they have come
    await record.ledger.end(SITE, first, ADA)
    await record.clock.advance(600)
    second = (await record.both()).id
    assert second != first
    found = await account(record, second)
    assert found.booked is not None
    assert found.booked.again is True
    assert found.bill.mentor.late_us == 0


async def test_going_on_is_for_the_mentee_to_say(record: Record) -> None:
    record.agreement = booked(
        record, 0, terms=Terms(currency="EUR", rate_minor=1, overrun_us=MINUTE)
    )
    session = (await record.both()).id
    await record.ledger.extend(SITE, session, ADA)
    assert (await account(record, session)).extended_us is None
    await record.clock.advance(5)
    await record.ledger.extend(SITE, session, BEN)
    assert (await account(record, session)).extended_us == record.clock.wall_us()


async def test_terms_are_those_in_force_when_it_started(record: Record) -> None:
    record.agreement = Apply(1, PAID)
    await record.join(ADA, A)
    record.agreement = Apply(2, Terms(currency="EUR", rate_minor=1))
    session = (await record.join(BEN, B)).id
    record.agreement = Apply(3, Terms(currency="EUR", rate_minor=9))
    await record.join(BEN, B2)
    found = await account(record, session)
    assert (found.terms_version, found.terms.rate_minor) == (2, 1)


# ---- after the end -------------------------------------------------------------------------------


async def test_of_a_hundred_who_close_it_one_does(
    record: Record, keys: tuple[PageKey, PageKey]
) -> None:
    """Both sides, another run of the server, the sweeper: one end, one settlement."""
    session = await proven_call(record, keys, 60)
    await record.ledger.leave(A, "left")
    await record.ledger.leave(B, "left")
    await record.clock.advance(601)
    other = record.start()
    closers = [
        closer
        for ledger in (record.ledger, other)
        for _ in range(17)
        for closer in (
            ledger.end(SITE, session, ADA),
            ledger.end(SITE, session, BEN),
            ledger.sweep(),
        )
    ]
    await asyncio.gather(*closers)
    facts = await record.database.read(tables.facts_of, SITE, session)
    assert len([fact for fact in facts if isinstance(fact, SessionEnded)]) == 1
    assert len([fact for fact in facts if isinstance(fact, SessionSettled)]) == 1


def used_keys() -> Plan[Sequence[AnyRow]]:
    return (yield select(idempotency.c.digest).where(idempotency.c.site_id == SITE))


async def test_it_is_contested_given_in_to_and_agreed_on(
    record: Record, keys: tuple[PageKey, PageKey]
) -> None:
    record.agreement = Apply(1, PAID)
    session = await proven_call(record, keys, 60)
    await record.ledger.end(SITE, session, ADA)
    ledger = record.ledger
    with pytest.raises(Refusal, match="stale_revision"):
        await ledger.contest(SITE, session, BEN, 2, "no")
    held = await ledger.contest(SITE, session, BEN, 1, "We only spoke for half of it.")
    assert held.settlement is not None
    assert (held.settlement.state, held.settlement.contested_by) == ("contested", (BEN,))
    assert held.settlement.said_us is not None
    with pytest.raises(Refusal, match="not_a_concession"):
        await ledger.correct(SITE, session, ADA, 61 * SECOND, "no", None)
    given, again = [
        await ledger.correct(SITE, session, ADA, 30 * SECOND, "Right.", "key-0001")
        for _ in range(2)
    ]
    assert given == again
    assert given.settlement is not None
    assert (given.settlement.revision, given.settlement.state) == (2, "contested")
    assert given.settlement.bill.net_minor == 50
    with pytest.raises(Refusal, match="conflict"):
        await ledger.correct(SITE, session, ADA, 20 * SECOND, "Right.", "key-0001")
    ((digest,),) = await record.database.read(used_keys)
    assert len(digest) == 32  # and not what was written
    await ledger.confirm(SITE, session, BEN, 2)
    agreed = await ledger.confirm(SITE, session, ADA, 2)
    assert agreed.settlement is not None
    assert agreed.settlement.state == "confirmed"
    notes = (await account(record, session)).notes
    assert [(note.person, note.text, note.about) for note in notes] == [
        (BEN, "We only spoke for half of it.", "contested"),
        (ADA, "Right.", "corrected"),
    ]


async def test_what_both_contest_keeps_the_reason_of_each(record: Record) -> None:
    session = (await record.both()).id
    await record.ledger.end(SITE, session, ADA)
    await record.ledger.contest(SITE, session, BEN, 1, "Too much.")
    held = await record.ledger.contest(SITE, session, ADA, 1, "Too little.")
    assert held.settlement is not None
    assert held.settlement.contested_by == (BEN, ADA)
    notes = (await account(record, session)).notes
    assert [(note.person, note.text) for note in notes] == [
        (BEN, "Too much."), (ADA, "Too little."),
    ]  # fmt: skip
    held = await record.ledger.confirm(SITE, session, BEN, 1)
    assert held.settlement is not None
    assert (held.settlement.state, held.settlement.contested_by) == ("contested", (ADA,))


async def test_nobody_gives_in_to_more_than_the_session_can_have_been(record: Record) -> None:
    session = (await record.both()).id
    await record.heard(600, A, B)
    await record.ledger.end(SITE, session, ADA)
    await record.ledger.contest(SITE, session, ADA, 1, "It was more.")
    with pytest.raises(Refusal, match="At most 10 min can be given in to"):
        await record.ledger.correct(SITE, session, BEN, 601 * SECOND, "fine", None)
    given = await record.ledger.correct(SITE, session, BEN, 600 * SECOND, "fine", None)
    assert given.settlement is not None
    assert given.settlement.bill.billed_us == 600 * SECOND
    # Whoever runs the server knows more; and who gave in by mistake contests that.
    await record.ledger.correct(SITE, session, None, 900 * SECOND, "They said so.", None)
    await record.ledger.contest(SITE, session, BEN, 3, "I did not mean to.")


async def test_a_second_reason_is_kept_and_the_same_one_once(record: Record) -> None:
    session = (await record.both()).id
    await record.ledger.end(SITE, session, ADA)
    for why in ("Too much.", "Too much.", "And the sound was bad.", "Too much."):
        held = await record.ledger.contest(SITE, session, BEN, 1, why)
        assert held.settlement is not None
        assert held.settlement.contested_by == (BEN,)
    notes = (await account(record, session)).notes
    assert [note.text for note in notes] == ["Too much.", "And the sound was bad."]
    await record.ledger.confirm(SITE, session, BEN, 1)
    await record.ledger.contest(SITE, session, BEN, 1, "Too much.")
    assert len((await account(record, session)).notes) == 3


async def test_who_confirmed_contests_and_confirms_again(record: Record) -> None:
    session = (await record.both()).id
    await record.ledger.end(SITE, session, ADA)
    await record.ledger.confirm(SITE, session, BEN, 1)
    await record.ledger.contest(SITE, session, BEN, 1, "On second thoughts, no.")
    view = await record.ledger.confirm(SITE, session, BEN, 1)
    assert view.settlement is not None
    assert (view.settlement.state, view.settlement.confirmed_by) == ("settled", (BEN,))


async def test_facts_hold_no_words(record: Record) -> None:
    session = (await record.both()).id
    await record.ledger.end(SITE, session, ADA)
    await record.ledger.contest(SITE, session, BEN, 1, "canary words")
    kept = await record.database.read(tables.records_of, SITE, session)
    assert not [each for each in kept if b"canary" in each.record.fact]


async def test_a_settlement_is_signed_with_its_place_in_the_chain(record: Record) -> None:
    session = (await record.both()).id
    view = await record.ledger.end(SITE, session, ADA)
    settled = view.settlement
    assert settled is not None
    kept = await record.database.read(tables.records_of, SITE, session)
    assert settled.head == kept[settled.facts - 1].hash.hex()
    lines = await record.database.read(tables.lines_of, SITE, [session])
    written = settlement.receipt(session, 1, settled.facts, settled.head)
    assert lines[session].signature == sha512(SITE.encode() + written).digest()
    assert (settled.kid, settled.signature) == (KID, base64url(lines[session].signature))


async def test_what_is_said_of_a_settlement_is_signed_too(record: Record) -> None:
    """So that nobody takes away that it is contested and leaves no trace."""
    session = (await record.both()).id
    await record.ledger.end(SITE, session, ADA)
    views = [
        await record.ledger.confirm(SITE, session, ADA, 1),
        await record.ledger.contest(SITE, session, BEN, 1, "no"),
    ]
    kept = await record.database.read(tables.records_of, SITE, session)
    told = await record.database.read(told_of, "session.confirmed", "session.contested")
    for view, noted, (seq, chained) in zip(views, told, [*enumerate(kept, 1)][-2:], strict=True):
        settled = view.settlement
        assert settled is not None
        assert (settled.facts, settled.head) == (seq, chained.hash.hex())
        written = settlement.receipt(session, 1, seq, settled.head)
        signature = base64url(sha512(SITE.encode() + written).digest())
        assert (settled.kid, settled.signature) == (KID, signature)
        assert noted.receipt == Receipt(kid=KID, signature=signature)


def told_of(*topics: str) -> Plan[list[Noted]]:
    """The facts under these topics on their way out."""
    rows = (
        yield select(outbox.c.payload)
        .where(outbox.c.site_id == SITE, outbox.c.topic.in_(topics))
        .order_by(outbox.c.id)
    )
    return [msgspec.msgpack.decode(row.payload, type=Noted) for row in rows]


async def test_a_statement_has_each_session_once_as_it_stands(record: Record) -> None:
    began, ids = record.clock.wall_us(), []
    for _ in range(3):
        session = (await record.both()).id
        await record.clock.advance(10)
        await record.ledger.end(SITE, session, ADA)
        ids.append(session)
    await record.ledger.contest(SITE, ids[1], BEN, 1, "no")
    await record.ledger.correct(SITE, ids[2], None, MINUTE, "operator", None)
    now = record.clock.wall_us()
    for person, as_mentor in ((ADA, True), (BEN, False)):
        rows = await record.ledger.statement(
            SITE, person, as_mentor=as_mentor, from_us=began, to_us=now
        )
        assert [(row.session, row.revision, state) for row, state in rows] == [
            (ids[0], 1, "settled"), (ids[1], 1, "contested"), (ids[2], 2, "settled"),
        ]  # fmt: skip
        later = await record.ledger.statement(
            SITE, person, as_mentor=as_mentor, from_us=began + 1, to_us=now
        )
        assert len(later) == 2
    assert await record.ledger.statement(SITE, BEN, as_mentor=True, from_us=0, to_us=now) == []
    other = name("site", 2)
    assert await record.ledger.statement(other, ADA, as_mentor=True, from_us=0, to_us=now) == []


# ---- what nothing can change ---------------------------------------------------------------------

CHANGES = (
    "UPDATE {table} SET {column} = {column}",
    "DELETE FROM {table}",
    "INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
    "REPLACE INTO {table} SELECT * FROM {table}",
    "TRUNCATE {table}",
    "INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT (site_id, session_id, {key})"
    " DO UPDATE SET {column} = EXCLUDED.{column}",
)


@pytest.mark.parametrize("table", ["ledger_facts", "statement_lines"])
@pytest.mark.parametrize("change", CHANGES)
async def test_the_database_refuses_every_change_of_the_book(
    storage: Storage, database: Database, table: str, change: str
) -> None:
    sqlite_only, postgres_only = "REPLACE" in change, "TRUNCATE" in change
    if storage.engine == ("postgresql" if sqlite_only else "sqlite") and (
        sqlite_only or postgres_only
    ):
        return  # the other engine's words
    record = Record(database)
    session = (await record.both()).id
    await record.ledger.end(SITE, session, ADA)
    before = await database.read(tables.records_of, SITE, session)
    key = {"ledger_facts": "seq", "statement_lines": "revision"}[table]
    column = {"ledger_facts": "fact", "statement_lines": "head"}[table]
    statement = text(change.format(table=table, column=column, key=key)).execution_options(
        all_sites="an attack names nobody"
    )
    with pytest.raises(DBAPIError, match="can only be added to"):
        await database.exclusive(lambda connection: connection.execute(statement))
    assert await database.read(tables.records_of, SITE, session) == before


async def test_the_chain_of_every_session_holds(
    record: Record, keys: tuple[PageKey, PageKey]
) -> None:
    session = await proven_call(record, keys, 10)
    await record.restart()
    await record.clock.advance(20)
    await record.ledger.sweep()
    await record.ledger.end(SITE, session, ADA)
    kept = await record.database.read(tables.records_of, SITE, session)
    assert chain.check(session, [(each.record, each.hash) for each in kept]) is None
    row = await record.database.read(tables.by_id, SITE, session)
    assert row is not None
    assert (row.facts, row.head) == (len(kept), kept[-1].hash)
    assert len({each.record.boot for each in kept}) == 2
