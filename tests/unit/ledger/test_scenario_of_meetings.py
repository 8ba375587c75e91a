"""Terms and meetings in what is written by hand: of one session, and of several."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.sansio.bill import basis
from ledger.sansio.meeting import attended, following
from ledger.sansio.replay import clock, comes_to
from ledger.sansio.scenario import Unclear, facts_of, read, run
from ledger.sansio.session import Apply
from protocol.facts import (
    MeetingApplied,
    MeetingRecounted,
    SessionCorrected,
    SessionEnded,
    WatchBroken,
)
from protocol.terms import Terms
from tests.support.scenarios import (
    MINUTE,
    away,
    facts,
    journal,
    meeting,
    replay,
    scenario,
    terms,
)

# ---- terms and meetings --------------------------------------------------------------------------


CALL = (
    "13:50 join Ada",
    "14:00 join Ben",
    journal("Ben", "14:00:00", "15:20:00"),
    "15:20 leave Ada",
    "15:20 leave Ben",
)


def test_without_terms_it_is_free() -> None:
    found = replay(*CALL)
    assert (found.terms_version, found.terms, found.bill.net_minor) == (0, Terms(), 0)
    assert (found.booked, found.bill.billed_us) == (None, 80 * MINUTE)


def test_terms_are_those_of_the_moment_when_it_started() -> None:
    later = {"at": "14:10:00", "do": "terms", "version": 2, "terms": {"currency": "USD"}}
    found = replay(terms(), *CALL, later)
    assert (found.terms_version, found.bill.currency, found.bill.net_minor) == (1, "EUR", 8000)


def test_a_meeting_bounds_what_counts_and_going_on_costs_more() -> None:
    found = replay(terms(overrun_us=30 * MINUTE), meeting("14:00:00"), *CALL)
    assert found.bill.net_minor == 6000
    assert found.booked is not None
    assert clock(found.booked.start_us) == "14:00:00"
    on = "14:59 extend Ben"
    found = replay(terms(overrun_us=30 * MINUTE), meeting("14:00:00"), *CALL, on)
    assert found.bill.net_minor == 8000


def test_with_other_terms_everything_is_computed_anew() -> None:
    written = read(scenario(terms(), meeting("14:00:00"), *CALL))
    assert run(written).bill.net_minor == 6000
    dearer = Terms(currency="USD", rate_minor=9000)
    assert run(written, dearer).bill.net_minor == 9000
    assert run(read(scenario(*CALL)), dearer).bill.net_minor == 12_000


def test_a_meeting_that_nobody_came_to() -> None:
    found = replay(terms(no_show_share=500_000), meeting("14:00:00"))
    assert (found.reason, found.stretches, found.from_) == ("nobody", (), None)
    assert (found.bill.mentor.no_show, found.bill.mentee.no_show) == ("yes", "yes")
    found = replay(meeting("14:00:00"), away("14:10:00", "15:30:00"))
    assert (found.reason, found.bill.mentee.no_show) == ("unwatched", "unknown")


def test_a_meeting_that_the_mentee_did_not_come_to() -> None:
    found = replay(
        terms(no_show_share=500_000), meeting("14:00:00"), "13:58 join Ada", "14:20 leave Ada"
    )
    assert (found.bill.owed, found.bill.net_minor, found.reason) == ("no_show", 3000, "window")


def test_a_server_that_was_away_for_the_rest_does_not_know_whether_they_came() -> None:
    waits = "14:00 join Ada"
    story = (terms(no_show_share=500_000), meeting("14:00:00"), waits)
    cut = replay(*story, away("14:20:00", "15:30:00"))
    assert (cut.bill.mentee.no_show, cut.bill.billed_us) == ("unknown", 0)
    back = replay(*story, away("14:20:00", "14:30:00"), "14:40 leave Ada")
    assert (back.bill.mentee.no_show, back.bill.owed) == ("yes", "no_show")
    gone = replay(*story, away("14:20:00", "14:30:00"), "14:25 leave Ada")
    assert (gone.bill.mentee.no_show, gone.bill.billed_us) == ("unknown", 0)
    silent = replay(*story, "14:25 beat Ada", away("14:20:00", "14:30:00"))
    assert silent.sums.people[0].present_us == 20 * MINUTE
    assert silent.bill.mentee.no_show == "unknown"


def test_who_tries_to_come_while_the_server_is_away_has_it_at_its_return() -> None:
    found = replay(
        meeting("14:00:00"), away("13:50:00", "14:20:00"), "13:58 join Ada", "14:02 join Ben",
        "15:00 leave Ada", "15:00 leave Ben",
    )  # fmt: skip
    assert found.from_ == "14:20:00"
    assert (found.bill.mentor.late_us, found.bill.mentee.late_us) == (0, 0)
    both = replay("14:00 join Ada", "14:00 join Ben", away("14:10:00", "14:11:00"), "14:20 end Ben")
    assert both.sums.together_us == 19 * MINUTE


def test_a_server_cannot_be_back_before_it_was_away() -> None:
    for spans in ([("14:00:00", "14:00:00")], [("14:00:00", "15:00:00"), ("14:10:00", "14:20:00")]):
        with pytest.raises(Unclear, match="back after it went, and goes again after that"):
            replay(*(away(*span) for span in spans))


# ---- several sessions ----------------------------------------------------------------------------


def test_after_ten_minutes_of_nobody_another_session_begins() -> None:
    first, second = "14:00 join Ada", "14:20 join Ada"
    found = replay(
        meeting("14:00:00", "00:05:00"), first, "14:05 leave Ada", second, "14:21 leave Ada"
    )
    (then,) = found.then
    assert (found.to, then.from_) == ("14:05:00", "14:20:00")
    assert found.booked is not None
    assert then.booked is not None
    assert (found.booked.again, then.booked.again) == (False, False)  # they have not met


SPLIT = (
    "14:00 join Ada", "14:00 join Ben", "14:10 end Ada",
    "14:11 join Ada", "14:11 join Ben", "14:21 end Ben",
    "14:22 join Ada", "14:22 join Ben", "15:00 end Ada",
)  # fmt: skip


@pytest.mark.parametrize(
    ("agreed", "billed"),
    [
        ({}, [10, 10, 38]),
        ({"minimum_us": 30 * MINUTE}, [30, 0, 28]),
        ({"cap_us": 45 * MINUTE}, [10, 10, 25]),
        ({"unit_us": 15 * MINUTE, "rounding": "up"}, [15, 15, 30]),
        ({"minimum_us": 60 * MINUTE}, [60, 0, 0]),
    ],
)
def test_a_meeting_in_three_sessions_comes_to_what_it_would_in_one(
    agreed: dict[str, Any], billed: list[int]
) -> None:
    found = replay(terms(counts="room", **agreed), meeting("14:00:00"), *SPLIT)
    each = (found, *found.then)
    assert [session.bill.billed_us // MINUTE for session in each] == billed
    assert [session.booked is not None and session.booked.again for session in each] == [
        False, True, True,
    ]  # fmt: skip


def test_gaps_that_were_filled_count_for_the_meeting_too() -> None:
    found = replay(
        terms(counts="room", grace_us=2 * MINUTE),
        meeting("14:00:00"),
        "14:00 join Ada", "14:00 join Ben", "14:05 leave Ben", "14:07 join Ben", "14:15 end Ada",
        "14:16 join Ada", "14:16 join Ben", "15:00 end Ada",
    )  # fmt: skip
    assert [each.bill.billed_us // MINUTE for each in (found, *found.then)] == [15, 44]
    (then,) = found.then
    assert found.bill.bridged_us == 2 * MINUTE
    assert then.bill.counted_us == 44 * MINUTE


TALK = "14:00 join Ada", "14:00 join Ben", "14:10 end Ada"
WAIT = "14:00 join Ada", "14:12 end Ada"


@pytest.mark.parametrize("corrected", [0, 4, 10, 15, 29, 45, 90])
@pytest.mark.parametrize(
    ("agreed", "held", "counted", "billed"),
    [
        ({}, TALK, 10, 10),
        ({"minimum_us": 60 * MINUTE}, TALK, 10, 60),
        ({"unit_us": 15 * MINUTE, "rounding": "up"}, TALK, 10, 15),
        ({"cap_us": 8 * MINUTE}, TALK, 10, 8),
        ({"no_show_share": 500_000}, WAIT, 0, 30),
    ],
)
def test_what_a_correction_decides_is_decided_of_that_session(
    agreed: dict[str, Any], held: tuple[str, ...], counted: int, billed: int, corrected: int
) -> None:
    """The next session of the meeting goes by what this one would have come to: what was taken
    away is not billed again, what was added not set off."""
    earlier = facts(terms(counts="room", **agreed), meeting("14:00:00"), *held)
    given = SessionCorrected(
        session="session 1", actor=None, billed_us=corrected * MINUTE, note="0" * 64, at_us=0
    )
    settled = comes_to([*earlier, given])
    assert (settled.billed_us, settled.uncorrected_us) == (corrected * MINUTE, billed * MINUTE)
    then = following(Apply(1, Terms(), "meeting 1"), [earlier], [settled])
    assert (then.before_us, then.billed_us) == (counted * MINUTE, billed * MINUTE)


LATE = (
    "14:00 join Ada", "14:00 join Ben", "14:05 end Ada",
    "14:10 join Ada", "14:10 join Ben",
    {**journal("Ben", "14:10:00", "14:20:00"), "at": "14:20:00"},
    "14:20 end Ada",
)  # fmt: skip


@pytest.mark.parametrize(
    ("agreed", "billed"),
    [
        ({"minimum_us": 30 * MINUTE}, [0, 30]),
        ({"minimum_us": 12 * MINUTE}, [3, 12]),
        ({"cap_us": 12 * MINUTE}, [2, 10]),
        ({}, [5, 10]),
    ],
)
def test_a_journal_that_comes_late_is_of_the_session_that_ran_then(
    agreed: dict[str, Any], billed: list[int]
) -> None:
    late = {**journal("Ben", "14:00:00", "14:05:00"), "at": "14:40:00"}
    sessions = facts_of(read(scenario(terms(**agreed), meeting("14:00:00"), *LATE, late)))
    assert [comes_to(each).billed_us // MINUTE for each in sessions] == billed
    first, second = sessions
    (recount,) = [fact for fact in first if isinstance(fact, MeetingRecounted)]
    assert (recount.before_us // MINUTE, recount.billed_us // MINUTE) == (10, billed[1])
    assert not any(isinstance(fact, MeetingRecounted) for fact in second)


def test_a_journal_that_adds_nothing_changes_nothing() -> None:
    """Though another session was settled since."""
    events = (
        meeting("14:00:00"), "14:00 join Ada", "14:00 join Ben",
        {**journal("Ben", "14:00:00", "14:05:00"), "at": "14:05:00"}, "14:05 end Ada", *LATE[3:],
    )  # fmt: skip
    again = {**journal("Ben", "14:01:00", "14:05:00"), "at": "14:41:00"}
    one, other = (facts_of(read(scenario(*all_))) for all_ in (events, (*events, again)))
    assert [len(each) for each in other] == [len(one[0]) + 1, len(one[1])]


def test_what_was_recounted_is_of_a_meeting() -> None:
    recount = MeetingRecounted(
        session="session 1", meeting="meeting 1", before_us=1, billed_us=2, at_us=0
    )
    assert basis([recount]).meeting is None
    found = basis([*facts("14:00 join Ada", meeting("14:00:00")), recount]).meeting
    assert found is not None
    assert (found.before_us, found.billed_us) == (1, 2)


def test_an_early_end_does_not_save_one_from_having_missed_the_meeting() -> None:
    agreed = terms(no_show_share=500_000), meeting("14:00:00")
    early = "13:35 join Ben", "13:36 end Ben"
    found = replay(*agreed, *early, "13:58 join Ada", "14:30 leave Ada")
    (then,) = found.then
    assert (found.bill.owed, found.bill.mentee.no_show) == ("nothing", "unknown")
    assert (then.bill.owed, then.bill.net_minor) == ("no_show", 3000)
    met = "13:35 join Ada", "13:35 join Ben", "13:36 end Ben"  # that was before the meeting
    (then,) = replay(*agreed, *met, "13:58 join Ada", "14:30 leave Ada").then
    assert then.bill.owed == "no_show"


def test_who_looks_in_and_ends_the_meeting_has_not_come() -> None:
    found = replay(
        terms(no_show_share=500_000), meeting("14:00:00"),
        "14:00 join Ada", "14:00:30 join Ben", "14:00:32 end Ben",
        "14:01 join Ada", "14:30 leave Ada",
    )  # fmt: skip
    (then,) = found.then
    assert (then.bill.mentee.no_show, then.bill.owed) == ("yes", "no_show")


@pytest.mark.parametrize("who", ["Ada", "Ben"])
def test_who_came_in_one_session_of_a_meeting_came(who: str) -> None:
    """Whoever ends the session on whom waits in it: that makes no no-show of them."""
    other = {"Ada": "Ben", "Ben": "Ada"}[who]
    written = scenario(
        terms(no_show_share=500_000, late_counts=True),
        meeting("14:00:00"),
        f"13:59 join {who}", f"14:08 end {other}",
        f"14:08 join {other}", f"14:30 leave {other}",
    )  # fmt: skip
    found = facts_of(read(written))
    late = []
    for each in map(comes_to, found):
        sides = {"Ada": each.mentor, "Ben": each.mentee}
        assert (sides[who].no_show, sides[who].late_us, each.net_minor) == ("no", 0, 0)
        late.append(sides[other].late_us)
    assert late == [0, 8 * MINUTE]
    (applied,) = [fact for fact in found[1] if isinstance(fact, MeetingApplied)]
    assert (applied.again, applied.came) == (False, (who,))


def test_an_account_tells_who_had_come_in_an_earlier_session_of_its_meeting() -> None:
    """Also of two who never met: each waited alone."""
    found = replay(
        meeting("14:00:00"),
        "14:00 join Ada", "14:10 end Ada",
        "14:20 join Ben", "14:30 end Ben",
        "14:40 join Ada", "14:40 join Ben", "14:50 end Ben",
    )  # fmt: skip
    told = [each.booked for each in (found, *found.then)]
    assert [(each.came, each.again) for each in told if each] == [
        ((), False), (("Ada",), False), (("Ada", "Ben"), True),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("first", "then", "no_shows"),
    [
        # Cut short, and Ben looks in alone: what came before the cut shows nothing now either.
        (["14:00 join Ada", away("14:20:00", "14:25:00"), "14:25:20 end Ada"],
         ["14:40 join Ben", "14:40:10 leave Ben"], ["unknown", "unknown"]),
        # It goes on for a minute there, as it would have in one session.
        (["14:00 join Ada", away("14:09:30", "14:26:00"), "14:26:30 end Ada"],
         ["14:27 join Ada", "14:45 leave Ada"], ["unknown", "yes"]),
        # It went on, so that all of it counts.
        (["14:00 join Ada", away("14:01:00", "14:02:10"), "14:09:40 end Ada"],
         ["14:30 join Ada", "14:31:40 leave Ada"], ["unknown", "yes"]),
        (["14:00 join Ada", away("14:01:00", "14:02:10"), "14:09:40 end Ada"],
         ["14:30 join Ada", "14:31:20 leave Ada"], ["unknown", "unknown"]),
    ],
)  # fmt: skip
def test_a_wait_is_cut_short_in_all_sessions_of_a_meeting(
    first: list[Any], then: list[Any], no_shows: list[str]
) -> None:
    found = replay(terms(no_show_share=500_000), meeting("14:00:00"), *first, *then)
    assert [each.bill.mentee.no_show for each in (found, *found.then)] == no_shows


def test_a_wait_that_the_server_did_not_see_is_none_in_the_next_session_either() -> None:
    (first,) = facts_of(read(scenario(meeting("14:00:00"), "14:00 join Ada", "14:10 end Ben")))
    span = {"from_us": (14 * 60 + 2) * MINUTE, "to_us": (14 * 60 + 8) * MINUTE}
    broken = WatchBroken(session=first[0].session, at_us=span["to_us"], **span)
    booked = basis(first).meeting
    assert booked is not None
    agreed = Apply(0, Terms(), booked.meeting, booked.start_us, booked.length_us)
    for facts_, minutes in ((first, 10), ([*first[:-1], broken, first[-1]], 4)):
        assert following(agreed, [facts_], []).waited_us == (minutes * MINUTE, 0)


def test_waits_add_up_over_the_sessions_of_a_meeting() -> None:
    """Whoever ends them from outside, before the wait of any is long enough."""
    agreed = terms(no_show_share=500_000), meeting("14:00:00")
    waits = [
        part
        for start in range(0, 50, 9)
        for part in (f"14:{start:02}:30 join Ada", f"14:{start + 9:02} end Ben")
    ]
    found = replay(*agreed, *waits)
    each = (found, *found.then)
    assert [session.bill.mentee.no_show for session in each] == ["unknown"] + ["yes"] * 5
    assert [session.bill.billed_us // MINUTE for session in each] == [0, 30, 0, 0, 0, 0]
    assert [session.booked and session.booked.waited_us for session in each[:3]] == [
        (0, 0), (17 * MINUTE // 2, 0), (17 * MINUTE, 0),
    ]  # fmt: skip


def test_what_was_waited_before_the_start_is_no_wait() -> None:
    agreed = terms(no_show_share=500_000), meeting("14:00:00")
    early = "13:31 join Ada", "14:02 end Ben"
    (then,) = replay(*agreed, *early, "14:02 join Ada", "14:09 end Ben").then
    assert then.bill.mentee.no_show == "unknown"


def test_short_waits_add_up_to_having_come() -> None:
    agreed = terms(no_show_share=500_000), meeting("14:00:00")
    waits = "14:00 join Ben", "14:00:40 end Ben", "14:01 join Ben", "14:01:40 end Ben"
    mentor = "14:02 join Ada", "14:30 leave Ada"
    assert replay(*agreed, *waits, *mentor).then[-1].bill.mentee.no_show == "no"
    assert replay(*agreed, *waits[:2], *mentor).then[-1].bill.mentee.no_show == "yes"


def test_who_talked_on_into_a_meeting_has_met_for_it() -> None:
    """In a session that had begun before it was time for the meeting: it was another, or none."""
    agreed = terms(no_show_share=500_000, counts="room")
    call = "13:29 join Ada", "13:29 join Ben", "14:08 end Ada", "14:08 join Ada", "14:30 leave Ada"
    for before in ((), (meeting("13:00:00", at="13:00:00"),)):
        _, then = facts_of(
            read(scenario(agreed, *before, *call, meeting("14:00:00", at="13:40:00")))
        )
        (applied,) = [fact for fact in then if isinstance(fact, MeetingApplied)]
        assert (applied.again, applied.came) == (True, ("Ada", "Ben"))
        assert (applied.before_us, applied.billed_us) == (0, 0)
        assert (comes_to(then).mentee.no_show, comes_to(then).owed) == ("no", "nothing")


@pytest.mark.parametrize(
    ("by", "before", "no_show"),
    [
        ("Ada", ["13:50 join Ben"], "no"),  # put out half a minute after the start
        ("Ada", ["13:50 join Ben", "14:00:20 join Ada"], "no"),  # and she was there too
        ("Ben", ["13:50 join Ben"], "yes"),  # that was by himself
        ("Ada", ["13:50 join Ada"], "yes"),  # he was not there
        ("Ada", ["13:50 join Ben", "13:55 join Ada", "14:00:10 leave Ben"], "yes"),  # any more
    ],
)
def test_who_is_put_out_within_the_first_minute_came(
    by: str, before: list[str], no_show: str
) -> None:
    agreed = terms(no_show_share=500_000), meeting("14:00:00")
    alone = "14:01 join Ada", "14:30 leave Ada"
    (then,) = replay(*agreed, *before, f"14:00:30 end {by}", *alone).then
    assert then.bill.mentee.no_show == no_show


def test_who_is_put_out_after_the_window_has_not_come_in_the_next_session_either() -> None:
    agreed = terms(no_show_share=500_000, overrun_us=30 * MINUTE), meeting("14:00:00")
    found = replay(
        *agreed, "13:58 join Ada", "15:00:10 join Ben", "15:00:15 end Ada",
        "15:00:20 join Ada", "15:01 leave Ada",
    )  # fmt: skip
    (then,) = found.then
    assert found.bill.mentee.no_show == "yes"
    assert then.booked is not None
    assert len(then.booked.came) == 1


def test_the_wait_for_who_came_before_does_not_count_as_time_together() -> None:
    """He waited for her first; that she waits for him now is not his being late."""
    found = replay(
        terms(late_counts=True, counts="room"), meeting("14:00:00"),
        "14:00 join Ben", "14:05 end Ada",
        "14:06 join Ada", "14:16 join Ben", "14:26 end Ada",
    )  # fmt: skip
    (then,) = found.then
    assert then.bill.counted_us == 10 * MINUTE


@pytest.mark.parametrize(
    ("events", "there"),
    [
        (("13:00 join Ben", "14:00 leave Ben"), False),
        (("13:00 join Ben", "14:00:01 leave Ben"), True),
        (("15:09 join Ada", "15:20 leave Ada"), True),
        (("15:10 join Ada", "15:20 leave Ada"), False),
        # silent since before the start, which was noticed after it
        (("13:00 join Ben", "13:59:59 beat Ben", "15:00 sweep"), True),
    ],
)
def test_who_was_in_the_room_while_a_meeting_was_on_attended_it(
    events: tuple[str, ...], there: bool
) -> None:
    agreed = Apply(1, Terms(overrun_us=10 * MINUTE), "meeting 1", 840 * MINUTE, 60 * MINUTE)
    assert attended(agreed, [facts(*events)]) is there
    assert attended(agreed, []) is False


@pytest.mark.parametrize(("start", "there"), [("14:50:00", True), ("15:00:00", False)])
def test_who_came_to_the_next_meeting_was_not_there_for_the_over_run_of_this_one(
    start: str, there: bool
) -> None:
    agreed = Apply(1, Terms(overrun_us=10 * MINUTE), "meeting 7", 840 * MINUTE, 60 * MINUTE)
    others = facts(meeting(start), f"{start} join Ada", f"{start} join Ben", "15:40 end Ada")
    assert attended(agreed, [others]) is there


def test_who_waits_twice_is_owed_once() -> None:
    waits = "13:58 join Ada", "14:15 end Ada", "14:16 join Ada", "14:40 end Ada"
    found = replay(terms(no_show_share=500_000), meeting("14:00:00"), *waits)
    (then,) = found.then
    assert [each.bill.billed_us // MINUTE for each in (found, then)] == [30, 0]


def test_the_next_meeting_is_a_session_of_its_own() -> None:
    found = replay(
        terms(counts="room", overrun_us=15 * MINUTE),
        meeting("14:00:00"),
        "14:00 join Ada", "14:00 join Ben", "14:58 leave Ada", "14:58 leave Ben",
        meeting("15:00:00", at="14:59:00"),
        "15:01 join Ada", "15:01 join Ben", "16:00 end Ada",
    )  # fmt: skip
    assert [each.bill.billed_us // MINUTE for each in (found, *found.then)] == [58, 59]


def test_after_an_end_another_session_begins() -> None:
    found = replay("14:00 join Ada", "14:01 end Ada", "14:01 end Ben", "14:02 join Ada")
    assert [each.session for each in found.then] == ["session 2"]
    again = facts("14:00 join Ada", "14:01 end Ada", "14:30 end Ada")
    assert sum(isinstance(fact, SessionEnded) for fact in again) == 1


# ---- laws ----------------------------------------------------------------------------------------


@st.composite
def one_meeting(draw: st.DrawFn) -> tuple[dict[str, Any], list[int], list[dict[str, Any]]]:
    """Terms; how long each session of a meeting is, in minutes; and the proof of each, or of its
    first part, handed in at any moment until an hour after the last."""
    agreed: dict[str, Any] = {
        "minimum_us": draw(st.integers(0, 30)) * MINUTE,
        "unit_us": draw(st.sampled_from([1, 5, 15])) * MINUTE,
        "rounding": draw(st.sampled_from(["down", "nearest", "up"])),
        "grace_us": 0,
    }
    if draw(st.booleans()):
        agreed["cap_us"] = draw(st.integers(1, 40)) * MINUTE
    lengths = draw(st.lists(st.integers(1, 15), min_size=2, max_size=4))
    proofs = []
    for number, length in enumerate(lengths):
        start = 840 + 20 * number
        for part in draw(st.lists(st.integers(1, length), max_size=2)):
            proofs.append(
                {"at": draw(st.integers(start + part, 980)) * MINUTE, "do": "journal", "who": "Ben",
                 "from": start * MINUTE, "to": (start + part) * MINUTE}
            )  # fmt: skip
    return agreed, lengths, proofs


@given(one_meeting())
def test_whenever_proof_comes_a_meeting_comes_to_what_it_would_in_one(
    held: tuple[dict[str, Any], list[int], list[dict[str, Any]]],
) -> None:
    agreed, lengths, proofs = held
    events: list[dict[str, Any]] = []
    for number, length in enumerate(lengths):
        at = (840 + 20 * number) * MINUTE
        events += [{"at": at, "do": "join", "who": who} for who in ("Ada", "Ben")]
        events.append({"at": at + length * MINUTE, "do": "end", "who": "Ada"})
    sessions = facts_of(read(scenario(terms(**agreed), meeting("14:00:00", "02:30:00"),
                                      *events, *proofs)))  # fmt: skip
    bills = [comes_to(each) for each in sessions]
    counted_us = sum(bill.counted_us for bill in bills)
    whole = bill_of(counted_us, msgspec.convert(agreed, Terms))
    assert sum(bill.billed_us for bill in bills) == whole


def bill_of(us: int, agreed: Terms) -> int:
    """Minimum, rounding, cap: as docs/ledger.md says."""
    if not us:
        return 0
    units, rest = divmod(max(us, agreed.minimum_us), agreed.unit_us)
    up = {"down": False, "nearest": 2 * rest >= agreed.unit_us, "up": rest > 0}[agreed.rounding]
    rounded = (units + up) * agreed.unit_us
    return rounded if agreed.cap_us is None else min(rounded, agreed.cap_us)
