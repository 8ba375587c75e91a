"""The life of a session: whatever happens in whatever order, the facts stay true."""

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.sansio.account import Timeline
from ledger.sansio.bill import basis
from ledger.sansio.intervals import union
from ledger.sansio.order import AWAY, impossible
from ledger.sansio.session import (
    BREAK_LEAST_US,
    BROKEN_MOST,
    EMPTY_FOR_US,
    LIFE,
    PATH_CHANGES_MOST,
    STRETCHES_MOST,
    Apply,
    Create,
    End,
    Event,
    Extend,
    Join,
    Leave,
    Missed,
    Path,
    Prove,
    Session,
    Sweep,
    Unwatched,
    restore,
)
from protocol.facts import (
    ContactProven,
    MeetingApplied,
    MeetingWithdrawn,
    ParticipantJoined,
    ParticipantLeft,
    PathChanged,
    SessionConfirmed,
    SessionCreated,
    SessionEnded,
    SessionFact,
    SessionStarted,
    TermsApplied,
    WatchBroken,
    WindowExtended,
)
from protocol.terms import Terms
from protocol.types import EndReason, SessionState
from runtime.machine import NoCell

ID, MENTORSHIP = "ses_01jd3v0k7r9q2x4m6n8p0s2t4v", "men_01jd3v0k7r9q2x4m6n8p0s2t4v"
A, B = "mentor", "mentee"
NEW = Session(ID, MENTORSHIP, A, B)
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
    st.lists(st.tuples(TIMES, TIMES)).map(lambda spans: Unwatched(tuple(union(spans)))),
)
# Mostly forwards; sometimes the wall clock is set back.
DELAYS = st.integers(0, 12 * MINUTE) | st.sampled_from([0, 1, EMPTY_FOR_US, -MINUTE])


def told(*events: tuple[int, Event]) -> tuple[Session, list[SessionFact]]:
    session, facts = NEW, list[SessionFact]()
    for now_us, event in events:
        session, new = LIFE.step(session, event, now_us)
        facts += new
    return session, facts


def test_only_beginning_what_has_begun_or_ended_has_no_cell() -> None:
    everything = set(product(get_args(get_args(SessionState)[0]), get_args(Event)))
    assert everything - set(LIFE.table) == {
        ("ended", Join), ("ended", Apply), ("ended", Create), ("open", Create),
    }  # fmt: skip
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
    assert AWAY not in {why for _, why in impossible(facts)}
    assert (session.phase == "ended") == isinstance(facts[-1], SessionEnded)
    of = Timeline(facts, (A, B), now_us)
    if session.phase == "ended":
        assert of.together_since_us is None
        assert 0 <= of.together_us <= min(of.person_time(who).present_us for who in (A, B))


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


def proven(from_us: int, to_us: int) -> ContactProven:
    return ContactProven(
        session=ID,
        person=A,
        signer=B,
        about_key="A" * 87,
        signer_key="B" * 87,
        from_us=from_us,
        to_us=to_us,
        beats=2,
        signature="s" * 86,
        at_us=to_us,
    )


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
    assert session == Session(
        ID, MENTORSHIP, A, B, "ended", last_us=90, empty_us=90, known=session.known
    )


@pytest.mark.parametrize(
    "event",
    [
        gone("a1", 10**9),
        End(A, {}),
        Sweep(),
        Path("a1", False),
        Extend(B),
        Missed(),
        Unwatched(((0, 10**9),)),
    ],
)
def test_what_has_ended_stays_ended(event: Event) -> None:
    session, _ = told((10, Join(A, "a1")), (20, End(A, {})))
    assert LIFE.step(session, event, 10**12) == (session, ())


def test_what_is_said_of_it_afterwards_is_not_its_life() -> None:
    session, _ = told((10, Join(A, "a1")), (20, End(A, {})))
    said = SessionConfirmed(session=ID, person=A, revision=1, at_us=30)
    assert restore(session, [said]) == replace(session, known=(*session.known, 30))


def test_an_empty_room_closes_the_session_after_ten_minutes_at_its_last_presence() -> None:
    session, _ = told(
        (10, Join(A, "a1")), (20, Join(B, "b1")), (50, gone("b1", 50)), (60, gone("a1", 40))
    )
    # From when that was noticed: before, nobody could come back.
    assert LIFE.step(session, Sweep(), 60 + EMPTY_FOR_US - 1) == (session, ())
    ended, facts = LIFE.step(session, Sweep(), 60 + EMPTY_FOR_US)
    assert ended.phase == "ended"
    assert facts == (
        SessionEnded(
            session=ID,
            mentorship=MENTORSHIP,
            at_us=50,
            noticed_us=60 + EMPTY_FOR_US,
            reason="empty",
        ),
    )


def test_a_room_with_someone_in_it_is_not_swept() -> None:
    session, _ = told((10, Join(A, "a1")))
    assert LIFE.step(session, Sweep(), 10**15) == (session, ())


# ---- what is agreed, booked and proven ---------------------------------------------------------

PAID = Terms(currency="EUR", rate_minor=6000, overrun_us=15 * MINUTE)
BOOKED = Apply(1, PAID, "meeting", start_us=100 * MINUTE, length_us=60 * MINUTE)


def test_it_begins_with_whose_it_is() -> None:
    _, facts = told((5, Create()))
    assert facts == [SessionCreated(session=ID, mentorship=MENTORSHIP, mentor=A, mentee=B, at_us=5)]


def test_what_is_agreed_is_written_down_when_it_is_news_and_until_it_has_started() -> None:
    free, paid = Apply(0, Terms()), Apply(1, PAID)
    session, facts = told((1, free), (2, free), (3, paid), (4, paid), (5, BOOKED), (6, BOOKED))
    assert facts == [
        TermsApplied(session=ID, version=0, terms=Terms(), at_us=1),
        TermsApplied(session=ID, version=1, terms=PAID, at_us=3),
        MeetingApplied(
            session=ID, meeting="meeting", start_us=100 * MINUTE, length_us=60 * MINUTE, at_us=5
        ),
    ]
    for event in (Join(A, "a1"), Join(B, "b1")):
        session, _ = LIFE.step(session, event, 7)
    assert LIFE.step(session, Apply(2, Terms()), 8) == (session, ())


def test_a_meeting_may_be_moved_or_cancelled_until_it_begins() -> None:
    moved = replace(BOOKED, start_us=130 * MINUTE)
    none = Apply(1, PAID)
    session, facts = told((1, BOOKED), (2, moved), (3, moved), (4, none), (5, none))
    assert session.meeting is None
    assert [
        (fact.at_us, fact.start_us) if isinstance(fact, MeetingApplied) else fact.at_us
        for fact in facts[1:]
    ] == [(1, 100 * MINUTE), (2, 130 * MINUTE), 4]
    assert basis(facts).meeting is None
    assert basis([*facts, *told((6, BOOKED))[1]]).booked == (100 * MINUTE, 160 * MINUTE)
    held, _ = told((1, BOOKED))
    for now_us, kept in ((100 * MINUTE - 1, False), (100 * MINUTE, True)):
        assert (LIFE.step(held, none, now_us) == (held, ())) == kept
    begun = [*told((1, BOOKED), (2, Join(A, "a1")), (3, Join(B, "b1")))[1]]
    withdrawn = MeetingWithdrawn(session=ID, meeting="meeting", at_us=4)
    assert basis([*begun, withdrawn]).meeting is not None  # what comes after the start is too late


def test_who_comes_for_the_next_meeting_does_not_go_on_with_the_last() -> None:
    here = (95 * MINUTE, BOOKED), (95 * MINUTE, Join(A, "a1"))
    last = 159 * MINUTE
    session, _ = told(*here, (last, gone("a1", last)))
    for meeting, now_us, over in (
        ("meeting", 161 * MINUTE, False),
        (None, 161 * MINUTE, False),
        ("next", 160 * MINUTE - 1, False),
        ("next", 160 * MINUTE, True),
    ):
        assert (LIFE.step(session, Sweep(meeting), now_us)[0].phase == "ended") == over
    there, _ = told(*here)
    assert LIFE.step(there, Sweep("next"), 161 * MINUTE) == (there, ())


def test_what_one_page_can_put_on_record_is_bounded() -> None:
    ups = [(n, Path("a1", n % 2 == 0)) for n in range(1, PATH_CHANGES_MOST + 9)]
    _, facts = told((0, Join(A, "a1")), *ups)
    assert sum(isinstance(fact, PathChanged) for fact in facts) == PATH_CHANGES_MOST
    stretches = tuple(proven(n, n + 1) for n in range(STRETCHES_MOST + 9))
    _, facts = told((0, Join(A, "a1")), (1, Prove(stretches[:7])), (2, Prove(stretches)))
    assert facts[1:] == list(stretches[:STRETCHES_MOST])


def test_a_booked_session_stays_open_until_its_time_is_over_though_the_room_is_empty() -> None:
    early = 95 * MINUTE
    session, _ = told((early, BOOKED), (early, Join(A, "a1")), (early + 1, gone("a1", early + 1)))
    over = (100 + 60 + 15) * MINUTE
    assert LIFE.step(session, Sweep(), over - 1) == (session, ())
    ended, (fact,) = LIFE.step(session, Sweep(), over)
    assert isinstance(fact, SessionEnded)
    assert (fact.reason, fact.at_us) == ("window", early + 1)
    # Whoever stayed longer has the usual ten minutes to come back.
    late = over - MINUTE
    session, _ = LIFE.step(session, Join(B, "b1"), late)
    session, _ = LIFE.step(session, gone("b1", late), late)
    assert LIFE.step(session, Sweep(), over) == (session, ())
    assert LIFE.step(session, Sweep(), late + EMPTY_FOR_US)[0].phase == "ended"


def test_a_meeting_that_nobody_came_to_is_closed_by_what_was_seen_of_it() -> None:
    over = (100 + 60 + 15) * MINUTE
    reasons: dict[tuple[int, int], EndReason] = {
        (0, 100): "nobody", (0, 101): "unwatched", (159, 170): "unwatched", (160, 170): "nobody",
    }  # fmt: skip
    for span, reason in reasons.items():
        _, facts = told((over, Create()), (over, BOOKED), (over, away(span)), (over, Missed()))
        assert facts[-1] == SessionEnded(
            session=ID, mentorship=MENTORSHIP, at_us=over, noticed_us=over, reason=reason
        )
    session, _ = told((1, BOOKED), (2, Join(A, "a1")))
    assert LIFE.step(session, Missed(), 3) == (session, ())
    session, _ = LIFE.step(session, gone("a1", 4), 4)
    assert LIFE.step(session, Missed(), 5) == (session, ())
    session, _ = told((1, Join(A, "a1")), (2, Join(B, "b1")))
    assert LIFE.step(session, Missed(), 3) == (session, ())


def breaks(*events: tuple[int, Event]) -> list[tuple[int, int, int]]:
    _, facts = told(*events)
    return [(f.from_us, f.to_us, f.at_us) for f in facts if isinstance(f, WatchBroken)]


def away(*spans: tuple[int, int]) -> Unwatched:
    return Unwatched(tuple((start * MINUTE, end * MINUTE) for start, end in spans))


@pytest.mark.parametrize(
    ("what", "at_first", "then", "written"),
    [
        ("before anything of it", [(10, 50)], [], []),
        ("just before its meeting, and into it", [(98, 103)], [], [(100, 103)]),
        ("until its meeting began", [(98, 100)], [], []),
        ("nobody knows since when, before it", [(0, 103)], [], [(100, 103)]),
        ("while somebody was there", [], [[(115, 120)]], [(115, 120)]),
        ("nobody knows since when", [], [[(0, 120)]], [(110, 120)]),
        ("until later than now", [], [[(115, 121)]], [(115, 120)]),
        ("twice", [(101, 102)], [[(101, 102), (115, 120)]], [(101, 102), (115, 120)]),
        ("longer than was known", [], [[(115, 118)], [(115, 119)]], [(115, 118), (118, 119)]),
    ],
)
def test_when_the_server_saw_nobody_come_is_written_once(
    what: str,
    at_first: list[tuple[int, int]],
    then: list[list[tuple[int, int]]],
    written: list[tuple[int, int]],
) -> None:
    """A meeting begins at 100 minutes; Ada comes at 110, and then it is 120."""
    came: list[Event] = [Create(), BOOKED, away(*at_first), Join(A, "a1")]
    found = breaks(
        *((110 * MINUTE, each) for each in came),
        *((120 * MINUTE, away(*each)) for each in then),
    )
    assert [(start // MINUTE, end // MINUTE) for start, end, _ in found] == written, what
    assert all(end <= at_us for _, end, at_us in found)


def test_the_server_was_not_away_when_it_wrote_something() -> None:
    """A page is lost within it, as is noticed after it: what is left is too short, and stays so."""
    second = MINUTE // 60
    blip = Unwatched(((100 * second, 102 * second - 1),))
    story: list[tuple[int, Event]] = [
        (1, Join(A, "a1")), (1, Join(B, "b1")), (101 * second, gone("a1", 101 * second)),
        (102 * second, blip), (103 * second, Join(A, "a2")), (110 * second, blip),
    ]  # fmt: skip
    assert breaks(*story) == []


def test_who_is_kept_out_for_a_moment_is_there_after_it() -> None:
    late = 10 * MINUTE
    for length_us, written in ((BREAK_LEAST_US, 1), (BREAK_LEAST_US - 1, 0)):
        gone_us = late - length_us
        assert len(breaks((1, Join(A, "a1")), (late, Unwatched(((gone_us, late),))))) == written


def test_how_often_the_server_was_away_is_bounded() -> None:
    spans = tuple((n * MINUTE, n * MINUTE + BREAK_LEAST_US) for n in range(1, BROKEN_MOST + 9))
    late = (BROKEN_MOST + 9) * MINUTE
    one = Unwatched(spans[:7])
    assert len(breaks((1, Join(A, "a1")), (9 * MINUTE, one), (late, Unwatched(spans)))) == (
        BROKEN_MOST
    )


def test_a_page_says_how_its_path_is_and_only_changes_are_news() -> None:
    session, _ = told((10, Join(A, "a1")))
    session, new = LIFE.step(session, Path("a1", False), 20)
    assert new == (PathChanged(session=ID, person=A, connection="a1", up=False, at_us=20),)
    assert LIFE.step(session, Path("a1", False), 30) == (session, ())
    assert LIFE.step(session, Path("b1", False), 30) == (session, ())
    session, _ = LIFE.step(session, gone("a1", 40), 40)
    session, _ = LIFE.step(session, Join(A, "a1"), 50)
    assert len(LIFE.step(session, Path("a1", False), 60)[1]) == 1


def test_a_proof_is_written_down_once_and_also_after_the_end() -> None:
    proof = ContactProven(
        session=ID, person=A, signer=B, about_key="a", signer_key="b", from_us=1, to_us=2,
        beats=1, signature="s", at_us=3,
    )  # fmt: skip
    session, _ = told((10, Join(A, "a1")))
    session, new = LIFE.step(session, Prove((proof,)), 20)
    assert new == (proof,)
    assert LIFE.step(session, Prove((proof,)), 30) == (session, ())
    session, _ = LIFE.step(session, Join(B, "b1"), 40)
    assert LIFE.step(session, Prove((proof,)), 50) == (session, ())
    session, _ = LIFE.step(session, End(A, {}), 60)
    assert LIFE.step(session, Prove((proof,)), 70) == (session, ())


def test_only_who_pays_says_to_go_on_and_once() -> None:
    session, _ = told((10, Join(A, "a1")))
    assert LIFE.step(session, Extend(B), 11) == (session, ())
    session, _ = LIFE.step(session, Join(B, "b1"), 20)
    assert LIFE.step(session, Extend(A), 30) == (session, ())
    session, new = LIFE.step(session, Extend(B), 40)
    assert new == (WindowExtended(session=ID, person=B, at_us=40),)
    assert LIFE.step(session, Extend(B), 50) == (session, ())
