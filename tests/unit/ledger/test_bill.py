"""From time to money: a table of cases by hand, and laws that hold for all."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from ledger.sansio.account import Timeline
from ledger.sansio.bill import ALWAYS, Basis, basis, bill, counts, longest_us
from ledger.sansio.intervals import overlap, total
from protocol.bill import Bill
from protocol.facts import (
    ContactProven,
    MeetingApplied,
    ParticipantJoined,
    ParticipantLeft,
    PathChanged,
    SessionCorrected,
    SessionCreated,
    SessionEnded,
    SessionFact,
    SessionStarted,
    TermsApplied,
    WatchBroken,
    WindowExtended,
)
from protocol.terms import HOUR_US, Terms
from protocol.types import LeaveReason

SESSION, MENTORSHIP = "ses_01jd3v0k7r9q2x4m6n8p0s2t4v", "men_01jd3v0k7r9q2x4m6n8p0s2t4v"
ADA, BEN = "mentor", "mentee"
KEYS = {ADA: "A" * 87, BEN: "B" * 87}
MINUTE, SECOND = 60_000_000, 1_000_000
START = 10_000 * MINUTE


def at(minutes: float) -> int:
    """Minutes after the start of the meeting."""
    return START + round(minutes * MINUTE)


def meeting(length: float = 60, *, again: bool = False) -> MeetingApplied:
    return MeetingApplied(
        session=SESSION, meeting="meeting", start_us=START, length_us=round(length * MINUTE),
        again=again, at_us=0, told_us=START - 86_400 * SECOND,
    )  # fmt: skip


def there(who: str, from_: float, to: float, proven: bool = True) -> list[SessionFact]:
    """In the room; `proven` by the other's signature as long as they are both there."""
    connection = f"{who} {from_}"
    facts: list[SessionFact] = [
        ParticipantJoined(
            session=SESSION, person=who, connection=connection, at_us=at(from_), key=KEYS[who]
        ),
        ParticipantLeft(
            session=SESSION, person=who, connection=connection, at_us=at(to), noticed_us=at(to),
            reason="left", estimated=False,
        ),
    ]  # fmt: skip
    if proven:
        other = BEN if who == ADA else ADA
        facts.append(
            ContactProven(
                session=SESSION, person=who, signer=other, about_key=KEYS[who],
                signer_key=KEYS[other], from_us=at(from_), to_us=at(to), beats=1,
                signature="s" * 86, at_us=at(to),
            )
        )  # fmt: skip
    return facts


def both(from_: float, to: float) -> list[SessionFact]:
    return [*there(ADA, from_, to), *there(BEN, from_, to, proven=False)]


def alone(who: str, from_: float, to: float) -> list[SessionFact]:
    return there(who, from_, to, proven=False)


def unproven(from_: float, to: float) -> list[SessionFact]:
    return [*alone(ADA, from_, to), *alone(BEN, from_, to)]


def down(from_: float, to: float) -> list[SessionFact]:
    return [
        PathChanged(session=SESSION, person=who, connection=who, up=up, at_us=at(minute))
        for who in (ADA, BEN)
        for up, minute in ((False, from_), (True, to))
    ]


EUR = Terms(currency="EUR", rate_minor=6000)


def billed(facts: list[SessionFact], terms: Terms = EUR, **by: Any) -> Bill:
    if "meeting" not in by:
        by["meeting"] = meeting()
    of = Timeline(facts, (ADA, BEN), at(100_000))
    return bill(of, Basis(version=1, terms=terms, **by))


def minutes(us: int) -> float:
    return us / MINUTE


@pytest.mark.parametrize(
    ("what", "facts", "terms", "expected"),
    [
        ("an hour", both(0, 60), EUR, (60, 6000, "time")),
        ("45 min 29 s, whole minutes, down", both(0, 45 + 29 / 60), EUR, (45, 4500, "time")),
        (
            "the same, nearest",
            both(0, 45 + 30 / 60),
            Terms(currency="EUR", rate_minor=6000, rounding="nearest"),
            (46, 4600, "time"),
        ),
        (
            "the same, up",
            both(0, 45 + 1 / 60),
            Terms(currency="EUR", rate_minor=6000, rounding="up"),
            (46, 4600, "time"),
        ),
        (
            "quarters, up, not above the cap",
            both(0, 46),
            Terms(
                currency="EUR",
                rate_minor=6000,
                rounding="up",
                unit_us=15 * MINUTE,
                cap_us=50 * MINUTE,
            ),
            (50, 5000, "time"),
        ),
        (
            "a minimum, where there is anything",
            both(0, 5),
            Terms(currency="EUR", rate_minor=6000, minimum_us=30 * MINUTE),
            (30, 3000, "time"),
        ),
        (
            "no minimum of nothing",
            alone(ADA, 0, 5),
            Terms(currency="EUR", rate_minor=6000, minimum_us=30 * MINUTE),
            (0, 0, "nothing"),
        ),
        ("early is not billed", both(-10, 50), EUR, (50, 5000, "time")),
        (
            "an agreed early start is",
            both(-10, 50),
            Terms(currency="EUR", rate_minor=6000, early_us=5 * MINUTE),
            (55, 5500, "time"),
        ),
        ("beyond the booked time is not billed", both(0, 80), EUR, (60, 6000, "time")),
        (
            "a short gap is bridged",
            [*both(0, 20), *both(21.5, 60)],
            EUR,
            (60, 6000, "time"),
        ),
        ("a longer one is not", [*both(0, 20), *both(22, 60)], EUR, (58, 5800, "time")),
        (
            "rounded once, after the union: three stretches of 10 min 20 s",
            [*both(0, 10 + 1 / 3), *both(20, 30 + 1 / 3), *both(40, 50 + 1 / 3)],
            EUR,
            (31, 3100, "time"),
        ),
        ("not proven is not billed", unproven(0, 60), EUR, (0, 0, "nothing")),
        (
            "unless being in the room is what was agreed",
            unproven(0, 60),
            Terms(currency="EUR", rate_minor=6000, counts="room"),
            (60, 6000, "time"),
        ),
        (
            "impaired is not, even then",
            [*unproven(0, 60), *down(10, 20)],
            Terms(currency="EUR", rate_minor=6000, counts="room"),
            (50, 5000, "time"),
        ),
        (
            "waiting for a late mentee is not billed",
            [*alone(ADA, 0, 10), *both(10, 60)],
            EUR,
            (50, 5000, "time"),
        ),
        (
            "unless that was agreed",
            [*alone(ADA, 0, 10), *both(10, 60)],
            Terms(currency="EUR", rate_minor=6000, late_counts=True),
            (60, 6000, "time"),
        ),
        (
            "that is from the start, not before",
            [*alone(ADA, -10, 10), *both(10, 60)],
            Terms(currency="EUR", rate_minor=6000, late_counts=True, early_us=15 * MINUTE),
            (60, 6000, "time"),
        ),
        (
            "until the mentee came, proven contact or not",
            [*alone(ADA, 0, 60), *alone(BEN, 10, 60)],
            Terms(currency="EUR", rate_minor=6000, late_counts=True),
            (10, 1000, "time"),
        ),
        (
            "and only the mentor's wait",
            [*alone(BEN, 0, 10), *both(10, 60)],
            Terms(currency="EUR", rate_minor=6000, late_counts=True),
            (50, 5000, "time"),
        ),
        (
            "a mentee who does not come owes what was agreed",
            alone(ADA, 0, 15),
            Terms(currency="EUR", rate_minor=6000, no_show_share=500_000),
            (30, 3000, "no_show"),
        ),
        ("or nothing", alone(ADA, 0, 15), EUR, (0, 0, "nothing")),
        (
            "not when the mentor did not wait",
            alone(ADA, 0, 9),
            Terms(currency="EUR", rate_minor=6000, no_show_share=500_000),
            (0, 0, "nothing"),
        ),
        (
            "nor when it is the mentor who did not come",
            alone(BEN, 0, 60),
            Terms(currency="EUR", rate_minor=6000, no_show_share=500_000),
            (0, 0, "nothing"),
        ),
        ("free", both(0, 60), Terms(), (60, 0, "time")),
    ],
)
def test_cases(
    what: str, facts: list[SessionFact], terms: Terms, expected: tuple[float, int, str]
) -> None:
    found = billed(facts, terms)
    assert (minutes(found.billed_us), found.net_minor, found.owed) == expected, what


@pytest.mark.parametrize(
    ("told_before", "told_by", "owes"),
    [(24, ADA, True), (23.9, ADA, False), (0, ADA, False), (0, BEN, True), (23.9, None, False)],
)
def test_nobody_owes_for_a_meeting_they_had_no_notice_of(
    told_before: float, told_by: str | None, owes: bool
) -> None:
    booked = MeetingApplied(
        session=SESSION, meeting="meeting", start_us=START + 86_400 * SECOND, length_us=60 * MINUTE,
        told_us=START + 86_400 * SECOND - round(told_before * 60) * MINUTE, told_by=told_by,
        at_us=0,
    )  # fmt: skip
    day = 24 * 60
    terms = Terms(currency="EUR", rate_minor=6000, no_show_share=1_000_000, late_counts=True)
    missed = billed(alone(ADA, day, day + 15), terms, meeting=booked)
    assert (missed.mentee.no_show, missed.owed) == ("yes", "no_show" if owes else "nothing")
    late = billed([*alone(ADA, day, day + 10), *both(day + 10, day + 60)], terms, meeting=booked)
    assert minutes(late.billed_us) == (60 if owes else 50)


def test_without_a_meeting_all_that_counts_does() -> None:
    found = billed(both(-100, 20), meeting=None)
    assert minutes(found.billed_us) == 120
    assert (found.window_from_us, found.window_to_us) == (None, None)
    nobody = billed(alone(ADA, 0, 60), meeting=None)
    assert (nobody.mentee.no_show, nobody.mentee.late_us) == ("no", 0)


def test_going_on_costs_from_when_it_was_said_and_at_most_as_long_as_agreed() -> None:
    terms = Terms(currency="EUR", rate_minor=6000, overrun_us=15 * MINUTE)
    plain = billed(both(0, 90), terms)
    assert (minutes(plain.billed_us), plain.window_to_us) == (60, at(60))
    early = billed(both(0, 90), terms, extended_us=at(58))
    assert (minutes(early.billed_us), early.window_to_us) == (75, at(75))
    # Said late: what was before it, was not agreed to.
    late = billed(both(0, 90), terms, extended_us=at(65))
    assert minutes(late.billed_us) == 70
    assert minutes(billed(both(0, 90), terms, extended_us=at(80)).billed_us) == 60


def test_what_could_count_and_is_not_proven_is_told_and_not_billed() -> None:
    found = billed([*both(0, 30), *unproven(35, 50), *unproven(55, 90)])
    assert minutes(found.counted_us) == 30
    assert minutes(found.unknown_us) == 15 + 5
    counted = billed([*both(0, 30), *unproven(35, 50)], Terms(counts="room"))
    assert counted.unknown_us == 0


def test_a_gap_in_proof_that_is_bridged_is_not_unknown() -> None:
    facts = [*unproven(0, 60), *there(ADA, 0, 30)[2:], *there(ADA, 31, 60)[2:]]
    found = billed(facts)
    assert minutes(found.billed_us) == 60
    assert found.bridged_us == 60 * SECOND - 2_500_000  # a signature speaks until the next is due
    assert found.unknown_us == 0


@pytest.mark.parametrize(
    ("what", "facts", "mentor", "mentee"),
    [
        ("both in time", both(-1, 60), (0, 0, "no"), (0, 0, "no")),
        ("both late", both(3, 60), (0, 3, "no"), (0, 3, "no")),
        ("the mentee later", [*alone(ADA, 0, 7), *both(7, 60)], (7, 0, "no"), (0, 7, "no")),
        ("only the mentor, long enough", alone(ADA, 0, 10), (10, 0, "no"), (0, 0, "yes")),
        ("only the mentor, too short", alone(ADA, 0, 9.9), (9.9, 0, "no"), (0, 0, "unknown")),
        (
            "only the mentor, before it began",
            alone(ADA, -20, -1),
            (0, 0, "unknown"),
            (0, 0, "unknown"),
        ),
        ("only the mentee", alone(BEN, -5, 20), (0, 0, "yes"), (20, 0, "no")),
        ("nobody", [], (0, 0, "yes"), (0, 0, "yes")),
        (
            "one after the other",
            [*alone(ADA, 0, 10), *alone(BEN, 20, 40)],
            (10, 0, "no"),
            (20, 20, "no"),
        ),
        (
            "a wait after the booked time is none",
            alone(ADA, 59, 90),
            (1, 59, "no"),
            (0, 0, "unknown"),
        ),
        (
            "there before the start, and gone",
            [*alone(BEN, -5, -1 / 60), *alone(ADA, 0, 15)],
            (15, 0, "no"),
            (0, 0, "yes"),
        ),
        ("there over the start", [*alone(BEN, -5, 1), *both(30, 60)], (0, 30, "no"), (1, 0, "no")),
        (
            "in for less than a minute, and never in contact",
            [*alone(ADA, 0, 15), *alone(BEN, 5, 5.9)],
            (14.1, 0, "no"),
            (0, 0, "yes"),
        ),
        (
            "in for a minute",
            [*alone(ADA, 0, 15), *alone(BEN, 5, 6)],
            (14, 0, "no"),
            (0, 5, "no"),
        ),
        (
            "in contact for less than a minute",
            [*alone(ADA, 0, 5), *both(5, 5.5), *alone(ADA, 5.5, 15)],
            (14.5, 0, "no"),
            (0, 5, "no"),
        ),
        (
            "the mentor, for a second",
            [*alone(ADA, 20, 20 + 1 / 60), *alone(BEN, 0, 15)],
            (1 / 60, 0, "yes"),
            (15, 0, "no"),
        ),
    ],
)
def test_who_was_late_who_waited_and_who_did_not_come(
    what: str,
    facts: list[SessionFact],
    mentor: tuple[float, float, str],
    mentee: tuple[float, float, str],
) -> None:
    found = billed(facts)
    for side, expected in ((found.mentor, mentor), (found.mentee, mentee)):
        assert (minutes(side.wait_us), minutes(side.late_us), side.no_show) == expected, what


def test_whether_somebody_came_is_unknown_where_the_server_was_away() -> None:
    neither = billed([], witnessed=False)
    assert (neither.mentor.no_show, neither.mentee.no_show) == ("unknown", "unknown")
    # Ben's end before the meeting is inferred: he may have been there when it began.
    maybe: list[SessionFact] = [
        ParticipantJoined(session=SESSION, person=BEN, connection="b", at_us=at(-5), key=None),
        ParticipantLeft(
            session=SESSION, person=BEN, connection="b", at_us=at(-1), noticed_us=at(5),
            reason="restart", estimated=True,
        ),
    ]  # fmt: skip
    assert billed([*alone(ADA, 0, 30), *maybe]).mentee.no_show == "unknown"


def test_how_long_a_session_or_its_booked_time_can_have_been() -> None:
    def longest(facts: list[SessionFact], **by: Any) -> float:
        return minutes(longest_us(Timeline(facts, (ADA, BEN), at(100_000)), Basis(**by)))

    assert longest([]) == 0
    assert longest([*alone(ADA, 0, 10), *alone(BEN, 20, 30)]) == 30
    assert longest(cut(ADA, 0, 10, 15)) == 15
    booked = {"meeting": meeting(), "terms": Terms(overrun_us=20 * MINUTE)}
    assert longest(alone(ADA, 0, 10), **booked) == 80
    assert longest(alone(ADA, 0, 90), **booked) == 90
    assert longest(alone(ADA, 0, 0.2), terms=Terms(unit_us=SECOND)) == 1
    assert longest(alone(ADA, 0, 16), terms=Terms(unit_us=15 * MINUTE)) == 30
    assert longest(alone(ADA, 0, 16), terms=Terms(minimum_us=20 * MINUTE)) == 20


def cut(who: str, from_: float, to: float, noticed: float) -> list[SessionFact]:
    """There until the server went, or they did not say that they leave."""
    joined, left = alone(who, from_, to)
    assert isinstance(left, ParticipantLeft)
    return [joined, replace(left, noticed_us=at(noticed), reason="restart", estimated=True)]


def away(from_: float, to: float) -> list[SessionFact]:
    return [WatchBroken(session=SESSION, from_us=at(from_), to_us=at(to), at_us=at(to))]


@pytest.mark.parametrize(
    ("what", "facts", "late", "make_up"),
    [
        ("away until he came", [*away(0, 20), *both(20, 60)], 0, 0),
        ("away until just before", [*away(0, 20), *alone(BEN, 20, 21), *both(21, 60)], 1, 1),
        ("away before that", [*away(-10, 0), *alone(BEN, 0, 5), *both(5, 60)], 5, 5),
        ("away in between", [*away(2, 4), *alone(BEN, 0, 5), *both(5, 60)], 3, 3),
        ("away when both were there", [*alone(BEN, 0, 5), *both(5, 60), *away(8, 9)], 5, 5),
    ],
)
def test_nobody_is_late_for_what_the_server_was_away(
    what: str, facts: list[SessionFact], late: float, make_up: float
) -> None:
    found = billed(facts, Terms(make_up=True))
    assert (minutes(found.mentor.late_us), minutes(found.make_up_us)) == (late, make_up), what


def test_the_wait_for_the_late_does_not_count_where_the_server_was_away() -> None:
    terms = Terms(late_counts=True)
    found = billed([*alone(ADA, 0, 10), *away(3, 7), *both(10, 60)], terms)
    assert (minutes(found.counted_us), minutes(found.mentee.late_us)) == (56, 6)


def test_what_the_server_was_away_is_not_filled_whatever_else_counts() -> None:
    """The mentee comes after a quarter of an hour; from then on nothing is proven."""
    waits = [*alone(ADA, -8, 5), *away(5, 9), *alone(ADA, 9, 60), *alone(BEN, 15, 60)]
    terms = Terms(late_counts=True, grace_us=5 * MINUTE, early_us=10 * MINUTE)
    assert minutes(billed(waits, terms).counted_us) == 11
    assert billed(waits, terms).bridged_us == 0
    early = [*alone(BEN, -8, -7), *waits]
    assert billed(early, replace(terms, counts="room")).bridged_us == 0


@pytest.mark.parametrize(
    ("facts", "counted"),
    [
        ([*alone(ADA, -2, 0.5), *alone(ADA, 8, 10)], 60),  # nobody was away: it is a short gap
        ([*alone(ADA, -2, 0.5), *away(0.5, 8), *alone(ADA, 8, 10)], 52.5),
        ([*alone(ADA, -2, 0.5), *away(2, 4), *alone(ADA, 8, 10)], 58),
    ],
)
def test_no_gap_is_filled_that_the_server_made_before_the_mentee_came(
    facts: list[SessionFact], counted: float
) -> None:
    terms = Terms(late_counts=True, grace_us=10 * MINUTE)
    found = billed([*facts, *both(10, 60)], terms)
    assert minutes(found.counted_us + found.bridged_us) == counted


@pytest.mark.parametrize(
    ("what", "facts", "no_show"),
    [
        ("for the rest", [*cut(ADA, 0, 30, 70), *away(30, 70)], "unknown"),
        ("for the rest, and it noticed late", [*cut(ADA, 0, 30, 70), *away(30.2, 70)], "unknown"),
        ("just after she had gone", [*alone(ADA, 0, 30), *away(30, 70)], "yes"),
        ("after she was lost", [*cut(ADA, 0, 30, 30.1), *away(30.1, 70)], "yes"),
        ("after the booked time", [*cut(ADA, 0, 60, 70), *away(60, 70)], "yes"),
        ("when nobody could come any more", [*alone(ADA, 0, 60), *away(59, 61)], "yes"),
        ("when somebody still could", [*alone(ADA, 0, 60), *away(58.9, 60)], "unknown"),
        ("and she came back", [*cut(ADA, 0, 30, 31), *away(30, 31), *alone(ADA, 31, 32)], "yes"),
        ("and she looked in", [*cut(ADA, 0, 30, 31), *away(30, 31), *alone(ADA, 31, 31.9)],
         "unknown"),
        ("for a moment", [*cut(ADA, 0, 30, 31), *away(30.1, 31)], "yes"),
        ("and she came back too late for it",
         [*cut(ADA, 0, 30, 57), *away(30, 57), *alone(ADA, 59.5, 70)], "unknown"),
        ("before she came", [*away(0, 20), *alone(ADA, 20, 40)], "yes"),
        ("so long that she hardly waited", [*alone(ADA, 0, 20), *away(2, 17)], "unknown"),
        ("in the midst of it", [*alone(ADA, 0, 40), *away(10, 20)], "yes"),
        ("twice", [*alone(ADA, 0, 40), *away(10, 20), *away(38.5, 39.6)], "unknown"),
    ],
)  # fmt: skip
def test_a_wait_that_the_server_cut_short_proves_nothing(
    what: str, facts: list[SessionFact], no_show: str
) -> None:
    """Ten minutes were to be waited."""
    found = billed(facts, Terms(no_show_share=500_000, no_show_after_us=10 * MINUTE))
    assert found.mentee.no_show == no_show, what
    assert (found.owed == "no_show") == (no_show == "yes")


@pytest.mark.parametrize(
    ("by", "reason", "no_show"),
    [(ADA, "ended", "no"), (BEN, "ended", "yes"), (ADA, "left", "yes"), (None, "lost", "yes")],
)
def test_who_is_put_out_by_the_others_end_has_come(
    by: str | None, reason: LeaveReason, no_show: str
) -> None:
    """Twenty minutes late, and for ten seconds; nothing was signed yet."""
    terms = Terms(no_show_share=500_000, no_show_after_us=10 * MINUTE)
    found = billed([*alone(ADA, 0, 20.2), *ended(20, by, reason)], terms)
    assert (found.mentee.no_show, found.owed == "no_show") == (no_show, no_show == "yes")
    assert minutes(found.mentee.late_us) == (20 if no_show == "no" else 0)


def ended(
    from_: float, by: str | None = ADA, reason: LeaveReason = "ended", *, silent: bool = False
) -> list[SessionFact]:
    """Ben is there for ten seconds, and then the session is over."""
    joined, left = alone(BEN, from_, from_ + 1 / 6)
    assert isinstance(left, ParticipantLeft)
    over_us = at(from_ + 0.2)
    end = SessionEnded(
        session=SESSION, mentorship=MENTORSHIP, at_us=over_us, noticed_us=over_us,
        reason="ended" if by else "empty", by=by,
    )  # fmt: skip
    noticed_us = over_us if silent else left.at_us
    return [joined, replace(left, reason=reason, noticed_us=noticed_us, estimated=silent), end]


def test_only_who_was_in_the_window_when_it_was_ended_had_come() -> None:
    glance = [*alone(ADA, 0, 60.7), *alone(BEN, 0, 1 / 6)]
    terms = Terms(no_show_share=500_000)
    assert billed([*glance, *ended(50)], terms).mentee.no_show == "no"
    assert billed([*glance, *ended(60.5)], terms).mentee.no_show == "yes"


def test_whose_page_was_silent_when_it_was_ended_may_have_come() -> None:
    terms = Terms(no_show_share=500_000)
    found = billed([*alone(ADA, 0, 30.2), *ended(30, silent=True)], terms)
    assert (found.mentee.no_show, found.owed) == ("unknown", "nothing")


def test_nobody_earns_a_wait_by_ending_it_on_whoever_comes() -> None:
    terms = Terms(late_counts=True)
    for proof in ([], both(58, 58.1)[2:3]):
        found = billed([*alone(ADA, 0, 58.2), *ended(58), *proof], terms)
        assert (found.counted_us > 0) == bool(proof)
        assert found.counted_us < 10 * SECOND
    stayed = [*alone(ADA, 0, 60), *alone(BEN, 50, 51)]
    assert minutes(billed(stayed, terms).counted_us) == 50


def test_what_was_waited_in_an_earlier_session_adds_to_it() -> None:
    waited = replace(meeting(), waited_us=(15 * MINUTE, 0))
    terms = Terms(no_show_share=500_000, no_show_after_us=20 * MINUTE)
    assert billed(alone(ADA, 30, 35), terms, meeting=waited).mentee.no_show == "yes"
    assert billed(alone(ADA, 30, 34.9), terms, meeting=waited).mentee.no_show == "unknown"
    short = [*cut(ADA, 30, 40, 70), *away(40, 70)]
    assert billed(short, terms, meeting=waited).mentee.no_show == "unknown"
    for back, no_show in ((0.5, "yes"), (0.4, "unknown")):
        earlier = replace(waited, waited_us=(20 * MINUTE, 0), back_us=(round(back * MINUTE), None))
        assert billed(alone(ADA, 50, 50.5), terms, meeting=earlier).mentee.no_show == no_show


def test_who_may_have_been_there_for_a_minute_may_have_come() -> None:
    def lost(until: float) -> list[SessionFact]:
        joined, left = alone(BEN, 20, 20.5)
        assert isinstance(left, ParticipantLeft)
        found = replace(left, noticed_us=at(until), reason="restart", estimated=True)
        return [*alone(ADA, 0, 15), joined, found]

    assert billed(lost(20.9)).mentee.no_show == "yes"
    assert billed(lost(21)).mentee.no_show == "unknown"


def test_who_came_in_just_now_may_be_coming() -> None:
    of = Timeline([*alone(ADA, 0, 12), *alone(BEN, 12, 13)[:1]], (ADA, BEN), at(12.5))
    found = bill(of, Basis(terms=Terms(no_show_share=500_000), meeting=meeting()))
    assert (found.mentee.no_show, found.owed) == ("unknown", "nothing")


def test_the_wait_for_who_was_there_before_the_start_counts_until_they_are_back() -> None:
    early = alone(BEN, -1, -1 / 60)
    terms = Terms(late_counts=True, early_us=15 * MINUTE)
    found = billed([*early, *alone(ADA, 0, 10), *both(10, 60)], terms)
    assert (minutes(found.billed_us), minutes(found.mentee.late_us)) == (60, 10)
    glance = [*early, *alone(ADA, 0, 15), *alone(BEN, 5, 5.5)]
    assert billed(glance, terms).counted_us == 0


def test_what_a_no_show_owes_is_not_rounded_to_the_unit() -> None:
    def owed(length: float = 60, **terms: Any) -> int:
        of = Terms(no_show_share=500_000, unit_us=15 * MINUTE, rounding="up", **terms)
        return billed(alone(ADA, 0, 15), of, meeting=meeting(length)).billed_us

    assert owed(25) == 12 * MINUTE + 30 * SECOND
    assert owed(25 + 1 / 60) == 12 * MINUTE + 30 * SECOND  # whole seconds, down
    assert (owed(cap_us=20 * MINUTE), owed(cap_us=40 * MINUTE)) == (20 * MINUTE, 30 * MINUTE)


def test_a_no_show_takes_nothing_from_time_together_before_the_start() -> None:
    facts = [*both(-20, -1), *alone(ADA, -1, 15)]
    terms = Terms(early_us=30 * MINUTE)
    found = billed(facts, terms)
    assert (found.mentee.no_show, found.owed, minutes(found.billed_us)) == ("yes", "time", 19)
    more = billed(facts, replace(terms, no_show_share=500_000))
    assert (more.owed, minutes(more.billed_us)) == ("no_show", 30)


def test_grace_does_not_reach_out_of_the_window() -> None:
    before = [*both(-10, -0.5), *both(0.5, 60)]
    assert billed(before).counted_us == 59.5 * MINUTE
    assert billed(before).bridged_us == 0
    after = [*both(0, 59), *both(60.25, 70)]
    assert billed(after).bridged_us == 0
    # Nor into what was not agreed to, between the booked time and going on.
    terms = Terms(overrun_us=15 * MINUTE)
    late = billed([*both(0, 59.5), *both(59.75, 70)], terms, extended_us=at(60.5))
    assert (minutes(late.counted_us), minutes(late.bridged_us)) == (59.75 + 9.5, 0.25)


def test_what_counts_and_what_is_bridged_is_told_stretch_by_stretch() -> None:
    facts = [*alone(ADA, 0, 5), *both(5, 20), *both(21, 59), *both(59.5, 70)]
    of = Timeline(facts, (ADA, BEN), at(100_000))
    terms = Terms(late_counts=True)
    counted, bridged = counts(of, Basis(terms=terms, meeting=meeting()))
    assert counted == [(at(0), at(20)), (at(21), at(59)), (at(59.5), at(60))]
    assert bridged == [(at(20), at(21)), (at(59), at(59.5))]


def test_who_had_met_already_is_not_late_again() -> None:
    found = billed(both(30, 60), meeting=meeting(again=True))
    assert minutes(found.billed_us) == 30
    assert (found.mentor.late_us, found.mentee.late_us, found.make_up_us) == (0, 0, 0)
    nobody = billed(alone(ADA, 30, 60), Terms(late_counts=True), meeting=meeting(again=True))
    assert (nobody.mentee.no_show, nobody.billed_us) == ("no", 0)


def test_impaired_time_and_a_late_mentor_are_made_up_for() -> None:
    facts = [*alone(BEN, 0, 5), *unproven(5, 25), *down(10, 20), *both(30, 60)]
    found = billed(facts)
    assert (minutes(found.impaired_us), minutes(found.make_up_us)) == (10, 15)
    assert billed(facts, Terms(make_up=False)).make_up_us == 0


def test_what_is_billed_as_a_gap_is_not_made_up_for() -> None:
    facts = [*unproven(10, 20), *down(10, 11), *down(16, 18), *both(0, 10), *both(11, 15)]
    found = billed(facts, Terms(counts="room"))
    assert minutes(found.billed_us) == 18
    assert (minutes(found.impaired_us), minutes(found.make_up_us)) == (2, 2)


def test_who_did_not_come_is_not_owed_the_time_of_a_late_mentor() -> None:
    facts = alone(ADA, 20, 40)
    found = billed(facts)
    assert (minutes(found.mentor.late_us), found.mentee.no_show) == (20, "yes")
    assert found.make_up_us == 0


def test_fee_and_tax_are_shares_of_the_net_half_up() -> None:
    terms = Terms(currency="EUR", rate_minor=5, fee_share=100_000, tax_share=500_000)
    found = billed(both(0, 60), terms)
    assert (found.net_minor, found.fee_minor, found.tax_minor) == (5, 1, 3)
    assert found.currency == "EUR"


def test_a_correction_replaces_the_time_and_the_rate_stays() -> None:
    found = billed(both(0, 60), corrected_us=30 * MINUTE)
    assert (found.owed, minutes(found.billed_us), found.net_minor) == ("correction", 30, 3000)
    nothing = billed(both(0, 60), corrected_us=0)
    assert (nothing.owed, nothing.net_minor) == ("correction", 0)


def test_what_a_session_is_billed_by_is_what_stood_when_it_started() -> None:
    def terms(version: int, rate: int) -> TermsApplied:
        of = Terms(currency="EUR", rate_minor=rate)
        return TermsApplied(session=SESSION, version=version, terms=of, at_us=0)

    started = SessionStarted(session=SESSION, mentorship=MENTORSHIP, at_us=9)
    ended = SessionEnded(
        session=SESSION, mentorship=MENTORSHIP, at_us=9, noticed_us=9, reason="empty"
    )
    facts: list[SessionFact] = [
        SessionCreated(session=SESSION, mentorship=MENTORSHIP, mentor=ADA, mentee=BEN, at_us=0),
        terms(1, 10), terms(2, 20), meeting(), started, terms(3, 30), meeting(90),
        WindowExtended(session=SESSION, person=BEN, at_us=11),
        WindowExtended(session=SESSION, person=BEN, at_us=12), ended,
        SessionCorrected(session=SESSION, actor=None, billed_us=5, note="n", at_us=13),
        SessionCorrected(session=SESSION, actor=None, billed_us=6, note="n", at_us=14),
    ]  # fmt: skip
    found = basis(facts)
    assert (found.version, found.terms.rate_minor, found.meeting) == (2, 20, meeting())
    assert (found.extended_us, found.corrected_us, found.witnessed) == (11, 6, True)
    assert basis([]) == Basis()


# ---- laws --------------------------------------------------------------------------------------


@st.composite
def sessions(draw: st.DrawFn) -> list[SessionFact]:
    """People come and go over some connections, with and without proof."""
    facts: list[SessionFact] = []
    for _ in range(draw(st.integers(0, 8))):
        who = draw(st.sampled_from([ADA, BEN]))
        from_ = draw(st.integers(-30, 90))
        length = draw(st.integers(0, 60))
        facts += there(who, from_, from_ + length, proven=False)
    joined = {fact.person for fact in facts if isinstance(fact, ParticipantJoined)}
    if joined == {ADA, BEN}:
        for _ in range(draw(st.integers(0, 4))):
            who = draw(st.sampled_from([ADA, BEN]))
            from_ = draw(st.integers(-30, 90))
            facts.append(there(who, from_, from_ + draw(st.integers(0, 60)))[2])
    return sorted(facts, key=lambda fact: fact.at_us)


TERMS = st.builds(
    Terms,
    currency=st.just("EUR"),
    rate_minor=st.integers(0, 100_000),
    counts=st.sampled_from(["contact", "room"]),
    grace_us=st.sampled_from([0, 90 * SECOND, 10 * MINUTE]),
    early_us=st.sampled_from([0, 10 * MINUTE]),
    overrun_us=st.sampled_from([0, 15 * MINUTE]),
    cap_us=st.none() | st.integers(0, 90).map(lambda n: n * MINUTE),
    unit_us=st.sampled_from([SECOND, MINUTE, 15 * MINUTE]),
    rounding=st.sampled_from(["down", "nearest", "up"]),
    late_counts=st.booleans(),
    no_show_share=st.integers(0, 1_000_000),
    fee_share=st.integers(0, 1_000_000),
    tax_share=st.integers(0, 1_000_000),
)
MEETINGS = st.none() | st.integers(5, 120).map(meeting)


@given(sessions(), TERMS, MEETINGS, st.none() | st.integers(0, 100).map(at))
def test_nobody_is_billed_more_than_both_can_have_been_there(
    facts: list[SessionFact], terms: Terms, booked: MeetingApplied | None, extended: int | None
) -> None:
    of = Timeline(facts, (ADA, BEN), at(100_000))
    by = Basis(version=1, terms=terms, meeting=booked, extended_us=extended)
    found = bill(of, by)
    most = found.counted_us + found.bridged_us
    if found.owed == "time":
        assert found.billed_us <= most + terms.unit_us - 1
        assert terms.rounding != "down" or found.billed_us <= most
        if terms.cap_us is not None:
            assert found.billed_us <= terms.cap_us
    counting = total(overlap(of.together, by.window))
    if not terms.late_counts:
        assert found.counted_us <= counting
    if terms.counts == "contact":
        assert found.counted_us + found.unknown_us + found.impaired_us <= counting + (
            found.mentor.wait_us if terms.late_counts else 0
        )
    exact = Decimal(terms.rate_minor * found.billed_us) / HOUR_US
    assert found.net_minor == int(exact.to_integral_value(ROUND_HALF_UP))
    assert found.fee_minor <= found.net_minor
    for side in (found.mentor, found.mentee):
        if side.no_show == "yes":
            assert by.expected_us is not None
            expected = overlap(by.window[:1], [(by.expected_us, ALWAYS[1])])
            assert total(overlap(of.present(side.person), expected)) < MINUTE
        assert side.wait_us >= 0


@given(sessions(), TERMS, st.integers(5, 120).map(meeting))
def test_longer_proof_never_lowers_the_time_that_counts(
    facts: list[SessionFact], terms: Terms, booked: MeetingApplied
) -> None:
    joined = [fact for fact in facts if isinstance(fact, ParticipantJoined)]
    assume({fact.person for fact in joined} == {ADA, BEN})
    more = [*facts, there(ADA, 0, 30)[2]]
    by = Basis(version=1, terms=terms, meeting=booked)
    before = bill(Timeline(facts, (ADA, BEN), at(100_000)), by)
    after = bill(Timeline(more, (ADA, BEN), at(100_000)), by)
    if not terms.late_counts:
        assert after.counted_us >= before.counted_us
