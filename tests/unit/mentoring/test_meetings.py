"""When the two may plan to meet, and which meeting a moment belongs to."""

from dataclasses import replace
from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.sansio.agreements import AHEAD_MOST_US
from mentoring.sansio.meetings import (
    EARLY_US,
    LONGEST_US,
    MEETING,
    OVER_AFTER_US,
    SHORTEST_US,
    Cancel,
    Event,
    Meeting,
    Move,
    meeting_at,
    next_or_current,
    over_us,
    plan,
)
from protocol.errors import Refusal
from protocol.facts import MeetingCancelled, MeetingMoved, MeetingPlanned
from protocol.types import MeetingState

MENTORSHIP = "men_01jd3v0k7r9q2x4m6n8p0s2t4v"
MENTOR, MENTEE = "per_01jd3v0k7r9q2x4m6n8p0s2t4v", "per_01jd3v0k7r9q2x4m6n8p0s2t4w"
MINUTE = 60_000_000
HOUR = 60 * MINUTE
NOW = 1_000 * HOUR
ONE = Meeting(
    "met_1", MENTORSHIP, NOW + 24 * HOUR, HOUR, "Europe/Vienna", MENTOR, NOW - HOUR, MENTOR
)


def at(start_us: int, length_us: int = HOUR, id_: str = "met_2") -> Meeting:
    return replace(ONE, id=id_, start_us=start_us, length_us=length_us)


def refused(meeting: Meeting, *others: Meeting, now_us: int = NOW) -> tuple[str, str | None]:
    """Planning it, and moving another one there, are refused alike."""
    with pytest.raises(Refusal) as planned:
        plan(meeting, others, now_us)
    with pytest.raises(Refusal) as moved:
        MEETING.step(
            at(NOW + 9_000 * HOUR, id_=meeting.id),
            Move(meeting.start_us, meeting.length_us, MENTEE, others),
            now_us,
        )
    assert (planned.value.code, planned.value.field) == (moved.value.code, moved.value.field)
    return planned.value.code, planned.value.field


def test_every_event_has_a_place_in_every_phase() -> None:
    assert set(MEETING.table) == set(product(get_args(MeetingState), get_args(Event)))


def test_planning_is_a_fact() -> None:
    assert plan(ONE, [], NOW) == MeetingPlanned(
        mentorship=MENTORSHIP,
        meeting="met_1",
        start_us=ONE.start_us,
        length_us=HOUR,
        by=MENTOR,
        at_us=NOW,
    )


@pytest.mark.parametrize(
    ("start_us", "length_us", "field"),
    [
        (NOW, HOUR, "start_us"),
        (0, HOUR, "start_us"),
        (NOW + AHEAD_MOST_US + 1, HOUR, "start_us"),
        (NOW + 1, SHORTEST_US - 1, "length_us"),
        (NOW + 1, 0, "length_us"),
        (NOW + 1, LONGEST_US + 1, "length_us"),
    ],
)
def test_what_cannot_be_planned(start_us: int, length_us: int, field: str) -> None:
    assert refused(at(start_us, length_us)) == ("invalid_field", field)


@pytest.mark.parametrize("start_us", [NOW + 1, NOW + AHEAD_MOST_US])
@pytest.mark.parametrize("length_us", [SHORTEST_US, LONGEST_US])
def test_what_just_can(start_us: int, length_us: int) -> None:
    plan(at(start_us, length_us), [], NOW)


def test_no_two_at_a_time() -> None:
    for start_us, length_us in (
        (ONE.start_us, HOUR),
        (ONE.start_us - MINUTE, HOUR),
        (ONE.end_us - 1, HOUR),
        (ONE.start_us - HOUR, 3 * HOUR),
        (ONE.start_us + 10 * MINUTE, 10 * MINUTE),
    ):
        assert refused(at(start_us, length_us), ONE) == ("meeting_overlaps", "start_us")
    plan(at(ONE.end_us), [ONE], NOW)
    plan(at(ONE.start_us - HOUR), [ONE], NOW)
    plan(at(ONE.start_us), [replace(ONE, state="cancelled")], NOW)


def test_moving_is_a_fact() -> None:
    start_us = ONE.start_us + 10 * MINUTE
    moved, facts = MEETING.step(ONE, Move(start_us, 2 * HOUR, MENTEE, (ONE,)), NOW)
    assert moved == replace(ONE, start_us=start_us, length_us=2 * HOUR, told_us=NOW, told_by=MENTEE)
    assert facts == (
        MeetingMoved(
            mentorship=MENTORSHIP,
            meeting="met_1",
            start_us=start_us,
            length_us=2 * HOUR,
            by=MENTEE,
            at_us=NOW,
        ),
    )
    assert MEETING.step(moved, Move(start_us, 2 * HOUR, MENTOR, (moved,)), NOW) == (moved, ())


def test_cancelling_is_a_fact_once() -> None:
    gone, facts = MEETING.step(ONE, Cancel(MENTEE), NOW)
    assert gone == replace(ONE, state="cancelled", told_us=NOW, told_by=MENTEE)
    assert facts == (
        MeetingCancelled(mentorship=MENTORSHIP, meeting="met_1", by=MENTEE, at_us=NOW),
    )
    assert MEETING.step(gone, Cancel(MENTOR), NOW + 100 * HOUR) == (gone, ())
    with pytest.raises(Refusal) as caught:
        MEETING.step(gone, Move(ONE.start_us, HOUR, MENTOR, ()), NOW)
    assert caught.value.code == "meeting_closed"


@pytest.mark.parametrize("event", [Move(NOW + 99 * HOUR, HOUR, MENTOR, ()), Cancel(MENTOR)])
def test_what_has_begun_stays(event: Event) -> None:
    MEETING.step(ONE, event, ONE.start_us - 1)
    for now_us in (ONE.start_us, ONE.start_us + MINUTE, ONE.end_us + 9 * HOUR):
        with pytest.raises(Refusal) as caught:
            MEETING.step(ONE, event, now_us)
        assert caught.value.code == "meeting_closed"


def test_what_the_two_have_met_for_keeps_its_time_until_it_is_cancelled() -> None:
    for start_us, length_us in ((ONE.start_us + HOUR, HOUR), (ONE.start_us, 2 * HOUR)):
        with pytest.raises(Refusal) as caught:
            MEETING.step(ONE, Move(start_us, length_us, MENTEE, (), met=True), NOW)
        assert caught.value.code == "meeting_closed"
    same = Move(ONE.start_us, ONE.length_us, MENTEE, (), met=True)
    assert MEETING.step(ONE, same, NOW) == (ONE, ())
    assert MEETING.step(ONE, Cancel(MENTEE), NOW)[0].state == "cancelled"


# ---- which meeting ----------------------------------------------------------------------------


def test_a_meeting_reaches_from_early_to_its_over_run() -> None:
    for now_us, early_us, overrun_us, belongs in (
        (ONE.start_us - EARLY_US, 0, 0, True),
        (ONE.start_us - EARLY_US - 1, 0, 0, False),
        (ONE.start_us - HOUR, HOUR, 0, True),
        (ONE.start_us - HOUR - 1, HOUR, 0, False),
        (ONE.start_us - EARLY_US, MINUTE, 0, True),
        (ONE.end_us, 0, 0, True),
        (ONE.end_us + 1, 0, 0, False),
        (ONE.end_us + 20 * MINUTE, 0, 20 * MINUTE, True),
        (ONE.end_us + 20 * MINUTE + 1, 0, 20 * MINUTE, False),
    ):
        found = meeting_at([ONE], now_us, early_us, overrun_us)
        assert found == (ONE if belongs else None), (now_us, early_us, overrun_us)
        assert meeting_at([replace(ONE, state="cancelled")], now_us, early_us, overrun_us) is None


def test_of_several_the_nearest() -> None:
    next_ = at(ONE.end_us + 20 * MINUTE)
    for after_us, found in ((9, ONE), (10, next_), (11, next_), (20, next_)):
        moment = ONE.end_us + after_us * MINUTE
        assert meeting_at([ONE, next_], moment, 0, HOUR) == found
        assert meeting_at([next_, ONE], moment, 0, HOUR) == found
    right_after = at(ONE.end_us)
    assert meeting_at([ONE, right_after], ONE.end_us, 0, HOUR) == right_after
    assert meeting_at([ONE, right_after], ONE.end_us - 1, 0, HOUR) == ONE


def test_the_next_or_the_current_one() -> None:
    later, latest = at(ONE.start_us + 24 * HOUR), at(ONE.start_us + 48 * HOUR, id_="met_3")
    all_ = [latest, ONE, later]
    assert next_or_current(all_, NOW) == ONE
    assert next_or_current(all_, ONE.end_us) == ONE
    assert next_or_current(all_, ONE.end_us + 1) == later
    assert next_or_current(all_, ONE.end_us + 1, 0, MINUTE, in_session=True) == ONE
    assert next_or_current(all_, ONE.end_us + 1, 0, MINUTE) == later
    assert next_or_current([ONE], ONE.end_us + 1, 0, MINUTE) is None
    assert next_or_current(iter([replace(ONE, state="cancelled"), latest]), NOW) == latest
    assert next_or_current([], NOW) is None
    assert next_or_current([ONE], ONE.end_us + HOUR) is None


def test_it_is_over_a_minute_after_its_over_run() -> None:
    assert over_us(ONE, 20 * MINUTE) == ONE.end_us + 20 * MINUTE + OVER_AFTER_US
    assert meeting_at([ONE], over_us(ONE, 20 * MINUTE), 0, 20 * MINUTE) is None


DOING = st.one_of(
    st.tuples(st.just("plan"), st.integers(-2, 60), st.integers(0, 30)),
    st.tuples(st.just("move"), st.integers(-2, 60), st.integers(0, 30)),
    st.tuples(st.just("cancel"), st.just(0), st.just(0)),
)


@given(st.lists(st.tuples(DOING, st.integers(0, 5), st.integers(0, 8)), max_size=30))
def test_whatever_is_planned_never_overlaps_and_never_changes_once_begun(
    doings: list[tuple[tuple[str, int, int], int, int]],
) -> None:
    planned: dict[str, Meeting] = {}
    begun: dict[str, Meeting] = {}
    now_us = NOW
    for (verb, start, length), which, passed in doings:
        now_us += passed * MINUTE
        begun |= {id_: each for id_, each in planned.items() if each.start_us <= now_us}
        start_us, length_us = now_us + start * MINUTE, length * MINUTE
        others = tuple(planned.values())
        id_ = f"met_{which}"
        try:
            if verb == "plan" and id_ not in planned:
                new = at(start_us, length_us, id_)
                plan(new, others, now_us)
                planned[id_] = new
            elif id_ in planned:
                event = (
                    Cancel(MENTOR)
                    if verb == "cancel"
                    else Move(start_us, length_us, MENTEE, others)
                )
                planned[id_], _ = MEETING.step(planned[id_], event, now_us)
        except Refusal:
            continue
    standing = sorted(
        (each for each in planned.values() if each.state == "planned"),
        key=lambda each: each.start_us,
    )
    for one, other in zip(standing, standing[1:], strict=False):
        assert one.end_us <= other.start_us
        assert meeting_at(standing, one.start_us) == one
    assert {id_: planned[id_] for id_ in begun} == begun
