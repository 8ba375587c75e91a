"""What is written by hand goes through the machines of a real session, and comes to the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.sansio.account import FRESH_US
from ledger.sansio.bill import basis
from ledger.sansio.meeting import following
from ledger.sansio.replay import Replay, clock, comes_to, duration
from ledger.sansio.scenario import NOTICED_US, Unclear, facts_of, micros, read, run
from ledger.sansio.session import Apply
from protocol.facts import (
    MeetingRecounted,
    ParticipantLeft,
    SessionCorrected,
    SessionEnded,
    SessionFact,
)
from protocol.terms import Terms
from web.socket.sansio.connection import BEAT_TIMEOUT_US

ROOT = Path(__file__).resolve().parents[3]
MINUTE, HOUR = 60_000_000, 3_600_000_000
EUR = {"currency": "EUR", "rate_minor": 6000}


def event(text: str) -> dict[str, Any]:
    """`14:00 join Ada phone`: when, what, who, on which device."""
    at, do, *rest = text.split()
    found: dict[str, Any] = {"at": f"{at}:00" if at.count(":") == 1 else at, "do": do}
    if rest:
        found["who"] = rest[0]
    if len(rest) > 1:
        found["device"] = rest[1]
    return found


def scenario(*events: str | dict[str, Any], **more: Any) -> bytes:
    written = [event(each) if isinstance(each, str) else each for each in events]
    return json.dumps({"mentor": "Ada", "mentee": "Ben", "events": written, **more}).encode()


def replay(*events: str | dict[str, Any], **more: Any) -> Replay:
    return run(read(scenario(*events, **more)))


def facts(*events: str | dict[str, Any], **more: Any) -> list[SessionFact]:
    (found,) = facts_of(read(scenario(*events, **more)))
    return found


def departures(found: list[SessionFact]) -> list[tuple[str, str, str, str, bool]]:
    return [
        (fact.person, clock(fact.at_us), clock(fact.noticed_us), fact.reason, fact.estimated)
        for fact in found
        if isinstance(fact, ParticipantLeft)
    ]


def journal(who: str, from_: str, to: str, **more: Any) -> dict[str, Any]:
    return {"at": to, "do": "journal", "who": who, "from": from_, "to": to, **more}


def terms(at: str = "00:00:00", **more: Any) -> dict[str, Any]:
    return {"at": at, "do": "terms", "terms": {**EUR, **more}}


def meeting(start: str, length: str = "01:00:00", at: str = "00:00:00") -> dict[str, Any]:
    return {"at": at, "do": "meeting", "start": start, "length": length}


def lines(of: Replay) -> list[str]:
    return [
        f"{each.from_}-{each.to} {each.state} {' '.join(each.present)}" for each in of.stretches
    ]


# ---- who is there --------------------------------------------------------------------------------


def test_who_says_goodbye_was_there_until_then() -> None:
    found = replay("14:00 join Ada", "14:05 join Ben", "14:50 leave Ben", "15:00 leave Ada")
    assert lines(found) == [
        "14:00:00-14:05:00 alone Ada",
        "14:05:00-14:50:00 unknown Ada Ben",
        "14:50:00-15:00:00 alone Ada",
    ]
    assert (found.state, found.reason, found.estimated) == ("ended", "empty", False)
    assert (found.from_, found.to, found.then) == ("14:00:00", "15:00:00", ())
    ada, ben = found.sums.people
    assert (ada.present_us, ada.alone_us, ben.present_us) == (60 * MINUTE, 15 * MINUTE, 45 * MINUTE)


def test_the_order_in_which_it_is_written_does_not_matter() -> None:
    events = ["14:00 join Ada", "14:05 join Ben", "14:50 leave Ben", "15:00 leave Ada"]
    assert replay(*events) == replay(*reversed(events))


def test_silence_after_the_last_beat_is_lost_at_the_last_beat() -> None:
    found = facts("14:00 join Ada", "14:00 join Ben", "14:20:03 beat Ben", "15:00 end Ada")
    assert departures(found) == [
        ("Ben", "14:20:03", "14:20:09", "lost", True),
        ("Ada", "15:00:00", "15:00:00", "ended", False),
    ]
    assert NOTICED_US == BEAT_TIMEOUT_US


def test_where_no_beat_is_written_a_page_beats_by_itself() -> None:
    assert departures(facts("14:00 join Ada", "14:30 sweep")) == [
        ("Ada", "14:30:00", "14:30:06", "lost", True)
    ]


def test_who_comes_back_is_there_again() -> None:
    found = replay(
        "14:00 join Ada", "14:00 join Ben", "14:20:03 beat Ben", "14:20:31 join Ben",
        "14:30 leave Ben", "14:30 leave Ada",
    )  # fmt: skip
    assert lines(found) == [
        "14:00:00-14:20:03 unknown Ada Ben",
        "14:20:03-14:20:31 alone Ada",
        "14:20:31-14:30:00 unknown Ada Ben",
    ]


def test_a_reload_leaves_no_gap_if_it_is_quick() -> None:
    quick = facts("14:00 join Ada", "14:20:03 beat Ada", "14:20:05 join Ada", "14:30 leave Ada")
    assert departures(quick)[0] == ("Ada", "14:20:05", "14:20:05", "replaced", False)
    slow = facts("14:00 join Ada", "14:20:03 beat Ada", "14:20:06 join Ada", "14:30 leave Ada")
    assert departures(slow)[0] == ("Ada", "14:20:03", "14:20:06", "replaced", True)


def test_two_devices_count_once() -> None:
    found = replay(
        "14:00 join Ada", "14:00 join Ben", "14:10 join Ben phone", "14:20 leave Ben",
        "14:30 leave Ben phone", "14:30 leave Ada",
    )  # fmt: skip
    assert lines(found) == ["14:00:00-14:30:00 unknown Ada Ben"]


def test_with_silence_every_beat_is_written() -> None:
    events = (
        "14:00:00 join Ada", "14:00:04 beat Ada", "14:00:08 beat Ada", "14:01:00 beat Ada",
        "14:01:04 beat Ada", "14:01:30 leave Ada", "14:01:31 end Ben",
    )  # fmt: skip
    assert departures(facts(*events, silence="00:00:06")) == [
        ("Ada", "14:00:08", "14:00:14", "lost", True),
        ("Ada", "14:01:04", "14:01:10", "lost", True),
    ]
    assert departures(facts(*events)) == [("Ada", "14:01:30", "14:01:30", "left", False)]
    kept = ("14:00:00 join Ada", "14:00:04 beat Ada", "14:00:08 leave Ada", "14:00:12 beat Ada")
    assert departures(facts(*kept, silence=6_000_000)) == [
        ("Ada", "14:00:08", "14:00:08", "left", False)
    ]


def test_late_words_of_a_page_that_is_gone_change_nothing() -> None:
    gone = ("14:00 join Ada", "14:10 leave Ada")
    up = {"at": "14:11:00", "do": "path", "who": "Ada", "up": False}
    assert facts(*gone, "14:11 leave Ada", "14:11 beat Ada", up)[:-1] == facts(*gone)[:-1]


def test_leaving_at_the_moment_of_coming_is_leaving() -> None:
    assert len(departures(facts("14:00 join Ada", "14:00 leave Ada", "14:00 join Ada"))) == 2


# ---- proof ---------------------------------------------------------------------------------------


def test_journals_prove_contact_and_bridge_a_gap() -> None:
    found = replay(
        "14:00 join Ada", "14:00 join Ben", "14:20 beat Ben", "14:21 join Ben",
        journal("Ben", "14:00:00", "14:40:00"), "14:40 leave Ben", "14:40 leave Ada",
    )  # fmt: skip
    assert lines(found) == ["14:00:00-14:40:00 contact Ada Ben"]


def test_who_makes_proof_up_adds_nothing() -> None:
    both = ("14:00 join Ada", "14:10 join Ben")
    over = ("14:40 leave Ben", "14:40 leave Ada")
    lie = journal("Ben", "14:10:00", "14:40:00", signed=False)
    assert replay(*both, lie, *over).sums.contact_us == 0
    early = journal("Ben", "13:00:00", "14:40:00")
    assert replay(*both, early, *over).sums.contact_us == 30 * MINUTE
    ahead = {**journal("Ben", "14:10:00", "14:40:00"), "at": "14:39:00"}
    assert replay(*both, ahead, *over).sums.contact_us == 29 * MINUTE + FRESH_US
    before = journal("Ben", "13:00:00", "13:30:00")
    assert replay(before, *both, *over).sums.contact_us == 0
    alone = journal("Ada", "14:00:00", "14:05:00")
    assert replay("14:00 join Ada", alone, "14:10 leave Ada").sums.contact_us == 0
    backwards = journal("Ben", "14:30:00", "14:20:00")
    assert replay(*both, backwards, *over).sums.contact_us == 0


def test_proof_that_comes_after_the_end_counts() -> None:
    late = {**journal("Ben", "14:00:00", "14:30:00"), "at": "16:00:00"}
    found = replay("14:00 join Ada", "14:00 join Ben", "14:30 end Ada", late, terms())
    assert (found.sums.contact_us, found.bill.net_minor) == (30 * MINUTE, 3000)


def test_a_broken_path_is_impaired_where_both_say_so() -> None:
    down = [
        {"at": at, "do": "path", "who": who, "up": up}
        for who in ("Ada", "Ben")
        for at, up in (("14:10:00", False), ("14:15:00", True))
    ]
    found = replay("14:00 join Ada", "14:00 join Ben", *down, "14:30 end Ben")
    assert (found.sums.impaired_us, found.bill.make_up_us) == (5 * MINUTE, 5 * MINUTE)
    assert found.reason == "ended"


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
    found = replay(meeting("14:00:00"), watched=False)
    assert (found.reason, found.bill.mentee.no_show) == ("unwatched", "unknown")


def test_a_meeting_that_the_mentee_did_not_come_to() -> None:
    found = replay(
        terms(no_show_share=500_000), meeting("14:00:00"), "13:58 join Ada", "14:20 leave Ada"
    )
    assert (found.bill.owed, found.bill.net_minor, found.reason) == ("no_show", 3000, "window")


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


@pytest.mark.parametrize("corrected_us", [0, 15 * MINUTE])
def test_what_a_correction_decides_is_decided_of_that_session(corrected_us: int) -> None:
    """It is neither billed again in the next session of the meeting, nor set off against it."""
    held = "14:00 join Ada", "14:00 join Ben", "14:10 end Ada"
    earlier = facts(terms(counts="room"), meeting("14:00:00"), *held)
    given = SessionCorrected(
        session="session 1", actor=None, billed_us=corrected_us, note="0" * 64, at_us=0
    )
    settled = comes_to([*earlier, given])
    then = following(Apply(1, Terms(), "meeting 1"), [earlier], [settled])
    assert (then.before_us, then.billed_us) == (corrected_us, corrected_us)


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
def anything(draw: st.DrawFn) -> list[dict[str, Any]]:
    """An hour and a bit in which everything can happen, in any order."""
    moment = st.integers(0, 80).map(lambda minute: minute * MINUTE)
    events: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 14))):
        found: dict[str, Any] = {"at": draw(moment)}
        do = draw(st.sampled_from(["join", "join", "beat", "leave", "journal", "path", "extend",
                                   "end", "sweep", "meeting", "terms"]))  # fmt: skip
        found["do"] = do
        if do == "meeting":
            found |= {"start": draw(moment), "length": "00:30:00"}
        elif do == "terms":
            found["terms"] = {**EUR, "counts": draw(st.sampled_from(["contact", "room"]))}
        elif do != "sweep":
            found["who"] = draw(st.sampled_from(["Ada", "Ben"]))
            found["device"] = draw(st.sampled_from(["page", "phone"]))
        if do == "journal":
            found |= {"from": draw(moment), "to": draw(moment)}
        if do == "path":
            found["up"] = draw(st.booleans())
        events.append(found)
    return events


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


@given(anything(), st.sampled_from([None, "00:02:30"]))
def test_whatever_happens_time_adds_up(events: list[dict[str, Any]], silence: str | None) -> None:
    written = read(scenario(*events, silence=silence))
    try:
        whole = run(written)
    except Unclear as unclear:
        assert "nothing happens" in str(unclear)  # noqa: PT017 - it is one of two right answers
        return
    end_us = max(each["at"] for each in events)
    latest = 0
    for each in (whole, *whole.then):
        edges = [edge for part in each.stretches for edge in (part.from_us, part.to_us)]
        assert edges == sorted(edges)
        assert not edges or (latest <= edges[0] and edges[-1] <= end_us)
        latest = max([latest, *edges])
        of: dict[str, int] = {}
        for part in each.stretches:
            of[part.state] = of.get(part.state, 0) + part.us
        together = sum(of.get(state, 0) for state in ("contact", "impaired", "unknown"))
        assert together == each.sums.together_us <= each.sums.together_most_us
        assert of.get("contact", 0) == each.sums.contact_us
        assert of.get("alone", 0) == sum(person.alone_us for person in each.sums.people)
        assert each.bill.counted_us <= each.sums.together_us
        assert (each.state, each.settled, each.then) == ("ended", None, ()) or each is whole
    assert whole == run(written)


# ---- what cannot be run --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"events": 1}', "Expected `array`"),
        (b'{"mentor": "Ada", "events": []}', "missing required field `mentee`"),
        (scenario("14:00 dance Ada"), "^event 1: Invalid value 'dance'"),
        (scenario("14:00 join Eve"), "event 1: there is no Eve, only Ada and Ben"),
        (scenario("14:00 join Ada", mentor="Ben"), "different names"),
        (scenario("14:00 sweep", "14:00 join"), "^event 2: .*missing required field `who`"),
        (scenario(), "nothing happens"),
        (scenario("14:00 beat Ada", "14:01 end Ben", "14:02 sweep"), "nothing happens"),
        (scenario("48:00 join Ada"), "`48:00:00` is no time"),
        (scenario("1:00:00 join Ada"), "`1:00:00` is no time"),
        (scenario({"at": "2026-01-01", "do": "join", "who": "Ada"}), "is no time"),
        (scenario(meeting("14:00:00", "00:00:00")), "a meeting is not longer than a day"),
        (scenario(meeting("14:00:00", "24:00:01")), "a meeting is not longer than a day"),
        (scenario(meeting("soon")), "`soon` is no time"),
        (scenario("14:00 join Ada", silence="x"), "`x` is no time"),
    ],
)
def test_what_cannot_be_run_is_said_in_words(data: bytes, said: str) -> None:
    with pytest.raises(Unclear, match=said):
        run(read(data))


def test_moments_are_microseconds_or_read_off_a_clock() -> None:
    assert micros(7) == 7
    assert micros("00:00:00.5") == 500_000
    assert micros("14:02:11") == 14 * HOUR + 2 * MINUTE + 11_000_000
    assert micros("25:00:00") == 25 * HOUR
    assert clock(micros("47:59:59.000001")) == "47:59:59.000001"
    assert clock(1_800_000_000_000_000) == "2027-01-15T08:00:00+00:00"
    assert [duration(us) for us in (0, 1_500, 61_000_000, 2 * HOUR)] == [
        "0 ms", "1 ms", "1 min 1 s", "2 h",
    ]  # fmt: skip
    real = {"at": 1_800_000_000_000_000, "do": "join", "who": "Ada"}
    assert replay(real).from_ is None


# ---- the docs ------------------------------------------------------------------------------------


def worked() -> list[tuple[str, str, str]]:
    """Of each worked scenario in the docs: its heading, itself, and what is said to come out."""
    page = (ROOT / "docs" / "ledger.md").read_text()
    return re.findall(
        r"^### (Scenario: .+?)$.*?^```json\n(.+?)^```.*?^```json\n(.+?)^```", page, re.M | re.S
    )


def test_there_are_three_worked_scenarios() -> None:
    assert len(worked()) >= 3


@pytest.mark.parametrize(("title", "written", "said"), worked(), ids=lambda text: text[:40])
def test_what_the_docs_say_comes_out(title: str, written: str, said: str) -> None:
    found = msgspec.to_builtins(run(read(written.encode())))
    assert part_of(json.loads(said), found)


def part_of(said: Any, found: Any) -> bool:
    """Whether everything that is said is so; there may be more."""
    if isinstance(said, dict):
        return all(part_of(value, found[name]) for name, value in said.items())
    if isinstance(said, list):
        return len(said) == len(found) and all(map(part_of, said, found))
    assert said == found
    return True
