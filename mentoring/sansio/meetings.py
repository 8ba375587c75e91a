"""Planned talks: when one may be planned, moved or cancelled, and which one a moment belongs to.
Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from mentoring.sansio.agreements import AHEAD_MOST_US
from protocol.errors import Refusal
from protocol.facts import MeetingCancelled, MeetingMoved, MeetingPlanned, MentoringFact
from protocol.terms import DAY_US, HOUR_US
from protocol.types import MeetingState
from runtime.machine import Machine, cell

MINUTE_US = 60_000_000
SHORTEST_US = 5 * MINUTE_US
LONGEST_US = 12 * HOUR_US
EARLY_US = 30 * MINUTE_US
OVER_AFTER_US = MINUTE_US
"""So long after its end and over-run a meeting is over: whoever came is on record by then."""
REACH_US = LONGEST_US + DAY_US + OVER_AFTER_US
"""A meeting that began longer ago is over, whatever the terms say of over-runs."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """`zone`: by whose wall clock it was planned. `told_us`, `told_by`: when its time was last set,
    and by whom: what notice the other had. Of a cancelled one: when it was, and by whom."""

    id: str
    mentorship: str
    start_us: int
    length_us: int
    zone: str
    by: str
    told_us: int
    told_by: str
    state: MeetingState = "planned"

    @property
    def end_us(self) -> int:
        return self.start_us + self.length_us


@dataclass(frozen=True, slots=True)
class Move:
    """`others`: the meetings of the same two, as far as they may be in the way. `met`: they have
    met for this one."""

    start_us: int
    length_us: int
    by: str
    others: tuple[Meeting, ...]
    met: bool = False


@dataclass(frozen=True, slots=True)
class Cancel:
    by: str


Event = Move | Cancel
Step = tuple[Meeting, tuple[MentoringFact, ...]]


def plan(meeting: Meeting, others: Iterable[Meeting], now_us: int) -> MeetingPlanned:
    """The fact of a new meeting. Refuses with `invalid_field` and `meeting_overlaps`."""
    _check(meeting, others, now_us)
    return MeetingPlanned(
        mentorship=meeting.mentorship,
        meeting=meeting.id,
        start_us=meeting.start_us,
        length_us=meeting.length_us,
        by=meeting.by,
        at_us=now_us,
    )


def _check(meeting: Meeting, others: Iterable[Meeting], now_us: int) -> None:
    if meeting.start_us <= now_us:
        raise Refusal("invalid_field", "A meeting begins in the future.", field="start_us")
    if meeting.start_us > now_us + AHEAD_MOST_US:
        raise Refusal("invalid_field", "At most two years from now.", field="start_us")
    if not SHORTEST_US <= meeting.length_us <= LONGEST_US:
        raise Refusal(
            "invalid_field", "A meeting takes from 5 minutes to 12 hours.", field="length_us"
        )
    for other in others:
        apart = other.end_us <= meeting.start_us or meeting.end_us <= other.start_us
        if other.id != meeting.id and other.state == "planned" and not apart:
            raise Refusal("meeting_overlaps", field="start_us")


def meeting_at(
    meetings: Iterable[Meeting], at_us: int, early_us: int = 0, overrun_us: int = 0
) -> Meeting | None:
    """The meeting that a moment belongs to: from half an hour before its start, or `early_us` if
    that is more, to its end and `overrun_us`. Of several the nearest, of two as near the later."""
    early_us = max(early_us, EARLY_US)
    near = [
        each
        for each in meetings
        if each.state == "planned" and each.start_us - early_us <= at_us <= each.end_us + overrun_us
    ]
    return min(near, key=lambda each: (_distance(each, at_us), -each.start_us), default=None)


def _distance(meeting: Meeting, at_us: int) -> int:
    return max(meeting.start_us - at_us, at_us - meeting.end_us, 0)


def next_or_current(
    meetings: Iterable[Meeting],
    now_us: int,
    early_us: int = 0,
    overrun_us: int = 0,
    *,
    in_session: bool = False,
) -> Meeting | None:
    """The meeting that now belongs to, else the next. Whoever is not `in_session` over-runs none:
    they look at the next one as soon as the booked time is over."""
    meetings = tuple(meetings)
    if not in_session:
        overrun_us = 0
    coming = (each for each in meetings if each.state == "planned" and each.start_us > now_us)
    return meeting_at(meetings, now_us, early_us, overrun_us) or min(
        coming, key=lambda each: each.start_us, default=None
    )


def over_us(meeting: Meeting, overrun_us: int) -> int:
    """When a meeting is over for good."""
    return meeting.end_us + overrun_us + OVER_AFTER_US


# ---- the life of a meeting ---------------------------------------------------------------------


def _move(meeting: Meeting, event: Move, now_us: int) -> Step:
    _not_begun(meeting, now_us)
    moved = replace(meeting, start_us=event.start_us, length_us=event.length_us)
    if moved == meeting:
        return meeting, ()
    if event.met:  # what they met for counts as a part of it, and would do so on any other day
        raise Refusal(
            "meeting_closed",
            "The two have met for it already: it keeps its time. Plan another one; this one can be "
            "cancelled until it begins.",
        )
    moved = replace(moved, told_us=now_us, told_by=event.by)
    _check(moved, event.others, now_us)
    fact = MeetingMoved(
        mentorship=meeting.mentorship,
        meeting=meeting.id,
        start_us=moved.start_us,
        length_us=moved.length_us,
        by=event.by,
        at_us=now_us,
    )
    return moved, (fact,)


def _cancel(meeting: Meeting, event: Cancel, now_us: int) -> Step:
    _not_begun(meeting, now_us)
    fact = MeetingCancelled(
        mentorship=meeting.mentorship, meeting=meeting.id, by=event.by, at_us=now_us
    )
    return replace(meeting, state="cancelled", told_us=now_us, told_by=event.by), (fact,)


def _not_begun(meeting: Meeting, now_us: int) -> None:
    if meeting.start_us <= now_us:
        raise Refusal("meeting_closed", "The meeting has begun: it stays as it is.")


def _closed(meeting: Meeting, event: Move, now_us: int) -> Step:
    raise Refusal("meeting_closed", "The meeting was cancelled. Plan another one.")


def _nothing(meeting: Meeting, event: Cancel, now_us: int) -> Step:
    return meeting, ()


MEETING: Machine[Meeting, Event, MentoringFact] = Machine(
    "meeting",
    phase_of=lambda meeting: meeting.state,
    table={
        ("planned", Move): cell(_move, "planned"),
        ("planned", Cancel): cell(_cancel, "cancelled"),
        ("cancelled", Move): cell(_closed),
        ("cancelled", Cancel): cell(_nothing, "cancelled"),
    },
)
