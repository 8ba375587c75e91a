"""The life of a session: whatever happens in whatever order, the facts stay true."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.sansio.account import account
from ledger.sansio.session import (
    EMPTY_FOR_US,
    LIFE,
    End,
    Event,
    Join,
    Leave,
    Session,
    Sweep,
    restore,
)
from protocol.facts import (
    ParticipantJoined,
    ParticipantLeft,
    SessionEnded,
    SessionFact,
    SessionStarted,
)
from protocol.types import SessionState
from runtime.machine import NoCell

ID, MENTORSHIP = "ses_01jd3v0k7r9q2x4m6n8p0s2t4v", "men_01jd3v0k7r9q2x4m6n8p0s2t4v"
NEW = Session(ID, MENTORSHIP)
A, B = "mentor", "mentee"
OWNERS = {"a1": A, "a2": A, "a3": A, "b1": B, "b2": B}
CONNECTIONS = st.sampled_from(sorted(OWNERS))
MINUTE = 60_000_000
# Off by years, too: a caller's clock is not to be trusted.
TIMES = st.integers(-(10**15), 10**15) | st.integers(0, 60 * MINUTE)

EVENTS = st.one_of(
    CONNECTIONS.map(lambda connection: Join(OWNERS[connection], connection)),
    st.builds(Leave, CONNECTIONS, TIMES, st.sampled_from(["left", "lost"]), st.booleans()),
    st.builds(End, st.sampled_from([A, B]), st.dictionaries(CONNECTIONS, TIMES)),
    st.just(Sweep()),
)
# Mostly forwards; sometimes the wall clock is set back.
DELAYS = st.integers(0, 12 * MINUTE) | st.sampled_from([0, 1, EMPTY_FOR_US, -MINUTE])


def told(*events: tuple[int, Event]) -> tuple[Session, list[SessionFact]]:
    session, facts = NEW, list[SessionFact]()
    for now_us, event in events:
        session, new = LIFE.step(session, event, now_us)
        facts += new
    return session, facts


def test_only_joining_what_has_ended_has_no_cell() -> None:
    everything = set(product(get_args(get_args(SessionState)[0]), get_args(Event)))
    assert everything - set(LIFE.table) == {("ended", Join)}
    assert set(LIFE.table) <= everything


@given(st.integers(1, 10**15), st.lists(st.tuples(DELAYS, EVENTS), max_size=40))
def test_whatever_happens_the_facts_stay_true(
    began_us: int, events: list[tuple[int, Event]]
) -> None:
    now_us, met = began_us, False
    session, facts = told((now_us, Join(A, "a1")))
    for delay_us, event in events:
        now_us = max(0, now_us + delay_us)
        if session.phase == "ended" and isinstance(event, Join):
            with pytest.raises(NoCell):
                LIFE.step(session, event, now_us)
            continue
        before = session
        session, new = LIFE.step(session, event, now_us)
        facts += new
        assert session == restore(before, new)
        assert before.phase != "ended" or (session, new) == (before, ())
        met = met or {person for person, _ in session.present.values()} == {A, B}
        assert session.phase in ("ended", "open" if met else "waiting")
        assert met == any(isinstance(fact, SessionStarted) for fact in facts)
    assert session == restore(NEW, facts)
    check(facts)
    assert (session.phase == "ended") == isinstance(facts[-1], SessionEnded)
    sums = account(facts, (A, B), now_us)
    if session.phase == "ended":
        assert sums.together_since_us is None
        assert 0 <= sums.together_us <= min(each.present_us for each in sums.people)


def check(facts: list[SessionFact]) -> None:
    """What is true of every session's facts."""
    here: dict[str, ParticipantJoined] = {}
    started, last_us = 0, 0
    for place, fact in enumerate(facts):
        assert fact.session == ID
        match fact:
            case ParticipantJoined():
                assert fact.connection not in here
                assert fact.person == OWNERS[fact.connection]
                here[fact.connection] = fact
            case ParticipantLeft():
                came = here.pop(fact.connection)
                assert fact.person == came.person
                assert came.at_us <= fact.at_us <= fact.noticed_us
                last_us = max(last_us, fact.at_us)
            case SessionStarted():
                started += 1
                assert {each.person for each in here.values()} == {A, B}
                assert fact.mentorship == MENTORSHIP
            case SessionEnded():
                assert place == len(facts) - 1
                assert not here
                assert fact.at_us == last_us
                assert fact.mentorship == MENTORSHIP
                assert (fact.by is None) == (fact.reason == "empty")
    assert started <= 1


# ---- by hand -----------------------------------------------------------------------------------


def gone(connection: str, at_us: int) -> Leave:
    return Leave(connection, at_us, "left", False)


def test_it_starts_when_the_other_side_comes_and_not_by_a_second_tab() -> None:
    session, facts = told((10, Join(A, "a1")), (20, Join(A, "a2")))
    assert session.phase == "waiting"
    session, new = LIFE.step(session, Join(B, "b1"), 30)
    assert session.phase == "open"
    assert new == (
        ParticipantJoined(session=ID, person=B, connection="b1", at_us=30),
        SessionStarted(session=ID, mentorship=MENTORSHIP, at_us=30),
    )
    session, new = LIFE.step(session, Join(B, "b2"), 40)
    assert len(new) == 1


def test_one_after_the_other_is_not_together() -> None:
    session, _ = told((10, Join(A, "a1")), (20, gone("a1", 20)), (30, Join(B, "b1")))
    assert session.phase == "waiting"


def test_the_same_connection_joins_once() -> None:
    _, facts = told((10, Join(A, "a1")), (20, Join(A, "a1")))
    assert len(facts) == 1


@pytest.mark.parametrize(
    ("said_us", "now_us", "at_us", "noticed_us"),
    [
        (25, 30, 25, 30),
        (30, 30, 30, 30),
        (99, 30, 30, 30),  # a clock ahead
        (5, 30, 10, 30),  # a proof from before it came
        (-(10**15), 30, 10, 30),
        (25, 7, 10, 10),  # our own clock was set back
    ],
)
def test_a_presence_ends_between_its_beginning_and_now(
    said_us: int, now_us: int, at_us: int, noticed_us: int
) -> None:
    _, facts = told((10, Join(A, "a1")), (now_us, Leave("a1", said_us, "lost", True)))
    assert facts[-1] == ParticipantLeft(
        session=ID,
        person=A,
        connection="a1",
        at_us=at_us,
        noticed_us=noticed_us,
        reason="lost",
        estimated=True,
    )


def test_a_late_goodbye_changes_nothing() -> None:
    session, facts = told((10, Join(A, "a1")), (20, gone("a1", 20)))
    assert LIFE.step(session, gone("a1", 30), 30) == (session, ())
    assert LIFE.step(session, gone("b1", 30), 30) == (session, ())


def test_who_ends_it_ends_it_for_both_at_their_last_proofs() -> None:
    session, facts = told(
        (10, Join(A, "a1")),
        (20, Join(B, "b1")),
        (30, Join(A, "a2")),
        (90, End(B, {"a1": 70, "b1": 90, "elsewhere": 80})),
    )
    left = [fact for fact in facts if isinstance(fact, ParticipantLeft)]
    assert {fact.reason for fact in left} == {"ended"}
    assert [(fact.connection, fact.at_us, fact.estimated) for fact in left] == [
        ("a1", 70, True),
        ("b1", 90, False),
        ("a2", 30, True),  # without any proof it was never there
    ]
    assert facts[-1] == SessionEnded(
        session=ID, mentorship=MENTORSHIP, at_us=90, noticed_us=90, reason="ended", by=B
    )
    assert session == Session(ID, MENTORSHIP, "ended", {}, 90)


@pytest.mark.parametrize("event", [gone("a1", 10**9), End(A, {}), Sweep()])
def test_what_has_ended_stays_ended(event: Event) -> None:
    session, _ = told((10, Join(A, "a1")), (20, End(A, {})))
    assert LIFE.step(session, event, 10**12) == (session, ())


def test_an_empty_room_closes_the_session_after_ten_minutes_at_its_last_presence() -> None:
    session, _ = told(
        (10, Join(A, "a1")), (20, Join(B, "b1")), (50, gone("b1", 50)), (60, gone("a1", 40))
    )
    assert LIFE.step(session, Sweep(), 50 + EMPTY_FOR_US - 1) == (session, ())
    ended, facts = LIFE.step(session, Sweep(), 50 + EMPTY_FOR_US)
    assert ended.phase == "ended"
    assert facts == (
        SessionEnded(
            session=ID,
            mentorship=MENTORSHIP,
            at_us=50,
            noticed_us=50 + EMPTY_FOR_US,
            reason="empty",
        ),
    )


def test_a_room_with_someone_in_it_is_not_swept() -> None:
    session, _ = told((10, Join(A, "a1")))
    assert LIFE.step(session, Sweep(), 10**15) == (session, ())
