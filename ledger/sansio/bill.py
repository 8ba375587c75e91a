"""From time to money, once and in integers. Pure: the same facts always give the same bill.

The order is: which stretches count, the window of the meeting, short gaps, minimum, rounding, cap,
then the rate. Rounding happens once, after the union of all stretches.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from ledger.sansio.account import Timeline
from ledger.sansio.intervals import Interval, bridge, overlap, total, union, without
from protocol.bill import Bill, Owed, Side, YesNoUnknown
from protocol.facts import (
    MeetingApplied,
    MeetingRecounted,
    MeetingWithdrawn,
    SessionCorrected,
    SessionEnded,
    SessionFact,
    SessionStarted,
    TermsApplied,
    WindowExtended,
)
from protocol.terms import HOUR_US, MILLION, Rounding, Terms
from protocol.views import BookedView

ALWAYS: Interval = (0, 2**53)

CAME_US = 60 * MILLION
"""Who was there for less from the booked start on, and never in contact with the other, did not
come: else a glance into the room would undo a no-show."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a session is billed by: terms and meeting as they stood when it started, the moment from
    which its booked time was extended, and the last correction."""

    version: int = 0
    terms: Terms = Terms()
    meeting: MeetingApplied | None = None
    extended_us: int | None = None
    corrected_us: int | None = None
    witnessed: bool = True

    @property
    def booked(self) -> Interval | None:
        if self.meeting is None:
            return None
        return self.meeting.start_us, self.meeting.start_us + self.meeting.length_us

    @property
    def expected_us(self) -> int | None:
        """From when on the two were expected; None when they were not, or had met already."""
        if self.meeting is None or self.meeting.again:
            return None
        return self.meeting.start_us

    @property
    def expected(self) -> list[Interval]:
        """When they were: in the window from the booked start on."""
        from_us = self.expected_us
        return [] if from_us is None else overlap(self.window, [(from_us, ALWAYS[1])])

    def awaits(self, who: str) -> bool:
        """Whether somebody was expected, and had not come in an earlier session of the meeting."""
        assert self.meeting is not None
        return self.expected_us is not None and who not in self.meeting.came

    def binds(self, mentee: str) -> bool:
        """Whether the mentee had notice enough of the meeting to owe for not coming in time."""
        assert self.meeting is not None
        notice_us = self.meeting.start_us - self.meeting.told_us
        return self.meeting.told_by == mentee or notice_us >= self.terms.no_show_notice_us

    def view(self, mentee: str) -> BookedView | None:
        """The meeting, as it is shown."""
        if self.meeting is None:
            return None
        return BookedView(
            meeting=self.meeting.meeting,
            start_us=self.meeting.start_us,
            length_us=self.meeting.length_us,
            came=self.meeting.came,
            waited_us=self.meeting.waited_us,
            again=self.meeting.again,
            binding=self.binds(mentee),
            before_us=self.meeting.before_us,
            billed_us=self.meeting.billed_us,
        )

    @property
    def window(self) -> list[Interval]:
        """What can count at all."""
        if self.booked is None:
            return [ALWAYS]
        start, end = self.booked
        window = [(max(0, start - self.terms.early_us), end)]
        if self.extended_us is not None:
            window.append((max(end, self.extended_us), end + self.terms.overrun_us))
        return union(window)


def basis(facts: Sequence[SessionFact]) -> Basis:
    """What the facts of a session say about how it is billed."""
    version, terms = 0, Terms()
    meeting: MeetingApplied | None = None
    extended_us = corrected_us = None
    started, witnessed = False, True
    for fact in facts:
        match fact:
            case SessionStarted():
                started = True
            case TermsApplied() if not started:
                version, terms = fact.version, fact.terms
            case MeetingApplied() if not started:
                meeting = fact
            case MeetingWithdrawn() if not started:
                meeting = None
            case MeetingRecounted() if meeting is not None:
                meeting = msgspec.structs.replace(
                    meeting, before_us=fact.before_us, billed_us=fact.billed_us
                )
            case WindowExtended() if extended_us is None:
                extended_us = fact.at_us
            case SessionCorrected():
                corrected_us = fact.billed_us
            case SessionEnded():
                witnessed = fact.reason != "unwatched"
            case _:
                pass
    return Basis(version, terms, meeting, extended_us, corrected_us, witnessed)


def counts(timeline: Timeline, by: Basis) -> tuple[list[Interval], list[Interval]]:
    """The stretches that count, and the short gaps between them that are filled."""
    terms = by.terms
    counting = timeline.contact
    if terms.counts == "room":
        counting = union([*counting, *timeline.unknown])
    late = _wait_for_the_late(timeline, by) if terms.late_counts else []
    mentor, _ = timeline.members
    waits = without(overlap(timeline.present(mentor), late), timeline.unwatched)
    counting = union([*counting, *waits])
    counted = overlap(counting, by.window)
    # The window can have a gap of its own, before the mentee said to go on: that is not filled. Nor
    # is, in the wait for the late, what the server was away.
    filled = overlap(bridge(counted, terms.grace_us), by.window)
    away = overlap(timeline.unwatched, late)
    return counted, without(without(filled, away), counted)


def bill(timeline: Timeline, by: Basis) -> Bill:
    """What the session comes to."""
    terms = by.terms
    mentor, mentee = timeline.members
    counted, bridged = counts(timeline, by)
    both = union([*counted, *bridged])
    sides = {
        mentor: _side(timeline, by, mentor, mentee),
        mentee: _side(timeline, by, mentee, mentor),
    }
    owed: Owed = "time"
    billed_us = _billed(total(both), by)
    waited_for = sides[mentee].no_show == "yes" and sides[mentor].no_show == "no"
    if by.booked is not None and waited_for and by.binds(mentee):
        assert by.meeting is not None
        share_us = _for_no_show(by.booked, terms) - by.meeting.billed_us
        if share_us > billed_us:  # they can have met before the start
            owed, billed_us = "no_show", share_us
    uncorrected_us = None
    if by.corrected_us is not None:
        owed, billed_us, uncorrected_us = "correction", by.corrected_us, billed_us
    net = _share(terms.rate_minor, billed_us, HOUR_US)
    if not billed_us:
        owed = "correction" if owed == "correction" else "nothing"
    window = None if by.booked is None else (by.window[0][0], by.window[-1][1])
    unknown = without(overlap(timeline.unknown, by.window), both)
    impaired_us = total(without(overlap(timeline.impaired, by.window), both))
    return Bill(
        terms=by.version,
        window_from_us=window[0] if window else None,
        window_to_us=window[1] if window else None,
        counted_us=total(counted),
        bridged_us=total(bridged),
        unknown_us=total(unknown),
        impaired_us=impaired_us,
        billed_us=billed_us,
        make_up_us=_make_up(impaired_us, sides[mentor], sides[mentee]) if terms.make_up else 0,
        owed=owed,
        currency=terms.currency if terms.paid else None,
        net_minor=net,
        fee_minor=_share(net, terms.fee_share, MILLION),
        tax_minor=_share(net, terms.tax_share, MILLION),
        mentor=sides[mentor],
        mentee=sides[mentee],
        uncorrected_us=uncorrected_us,
    )


def longest_us(timeline: Timeline, by: Basis) -> int:
    """How long the session, or what it was booked for, can have been, in whole minutes or units:
    more nobody gives in to."""
    spans = union(span for who in timeline.members for span in timeline.present_at_most(who))
    whole_us = spans[-1][1] - spans[0][0] if spans else 0
    booked_us = by.meeting.length_us + by.terms.overrun_us if by.meeting else 0
    most_us = max(whole_us, booked_us, by.terms.minimum_us)
    return _to_unit(most_us, max(by.terms.unit_us, 60 * MILLION), "up")


def arrived(
    present: list[Interval], contact: list[Interval], expected: list[Interval]
) -> list[Interval]:
    """What of that presence lies in the time for which they were expected; nothing of one that is
    too short for having come."""
    came = overlap(present, expected)
    return came if overlap(contact, expected) or total(came) >= CAME_US else []


@dataclass(frozen=True, slots=True)
class Wait:
    """How long somebody was seen to wait of the booked time, and how much of that since the server
    was back that had cut it short; None if it had not."""

    us: int = 0
    back_us: int | None = None

    def then(self, later: "Wait") -> "Wait":
        """Both, one after the other."""
        back_us = later.back_us
        if back_us is None and self.back_us is not None:
            back_us = self.back_us + later.us
        return Wait(self.us + later.us, back_us)

    def proves(self, after_us: int) -> bool:
        """That the other did not come. Who still wanted to would have, in a minute."""
        if not self.us or self.us < after_us:
            return False
        return self.back_us is None or self.back_us >= CAME_US


def waited(
    present: list[Interval], at_most: list[Interval], unwatched: list[Interval], booked: Interval
) -> Wait:
    """The server cuts a wait short if it goes for a minute or longer while somebody may have been
    there, but not in the last minute."""
    wait = without(overlap(present, [booked]), unwatched)
    early = overlap(at_most, [(booked[0], booked[1] - CAME_US)])
    long = [span for span in unwatched if span[1] - span[0] >= CAME_US and overlap(early, [span])]
    back_us = total(overlap(wait, [(long[-1][1], ALWAYS[1])])) if long else None
    return Wait(total(wait), back_us)


def _came(timeline: Timeline, by: Basis, who: str, *, at_most: bool = False) -> list[Interval]:
    """The same in one session. Who was put out by the other's end had come then, however short that
    was."""
    present = timeline.present_at_most(who) if at_most else timeline.present(who)
    came = arrived(present, timeline.contact, by.expected)
    if not came and timeline.put_out(who, at_most=at_most) and overlap(present[-1:], by.expected):
        return overlap(present, by.expected)
    return came


def _wait_for_the_late(timeline: Timeline, by: Basis) -> list[Interval]:
    """From the start of the meeting until the mentee came; none for a mentee who did not, had come
    before, or had too little notice. By ending it on whoever comes nobody earns it."""
    _, mentee = timeline.members
    if by.booked is None or by.expected_us is None:
        return []
    contact = [] if timeline.put_out(mentee, at_most=True) else timeline.contact
    came = arrived(timeline.present(mentee), contact, by.expected)
    if not came or not by.awaits(mentee) or not by.binds(mentee):
        return []
    return [(by.booked[0], min(by.booked[1], came[0][0]))]


def _side(timeline: Timeline, by: Basis, who: str, other: str) -> Side:
    alone = overlap(timeline.alone(who), by.window)
    late_us = 0
    no_show: YesNoUnknown = "no"
    if by.expected_us is not None and by.awaits(who):
        came = _came(timeline, by, who)
        if came:
            late_us = total(without([(by.expected_us, came[0][0])], timeline.unwatched))
        else:
            no_show = _absence(timeline, by, who, other)
    return Side(person=who, wait_us=total(alone), late_us=late_us, no_show=no_show)


def _absence(timeline: Timeline, by: Basis, who: str, other: str) -> YesNoUnknown:
    """Nothing proves that somebody came. That they did not, the other's wait within the booked time
    shows; or, when neither came, a server that was up all the time."""
    assert by.booked is not None
    if timeline.runs(who) or _came(timeline, by, who, at_most=True):
        return "unknown"
    assert by.meeting is not None
    present, at_most = timeline.present(other), timeline.present_at_most(other)
    place = timeline.members.index(other)
    before = Wait(by.meeting.waited_us[place], by.meeting.back_us[place])
    wait = before.then(waited(present, at_most, timeline.unwatched, by.booked))
    if wait.proves(by.terms.no_show_after_us):
        return "yes"
    neither = not any(timeline.present_at_most(each) for each in (who, other))
    return "yes" if neither and by.witnessed else "unknown"


def _make_up(impaired_us: int, mentor: Side, mentee: Side) -> int:
    """Nobody missed a late mentor who did not come themselves."""
    return impaired_us + (mentor.late_us if mentee.no_show == "no" else 0)


def _for_no_show(booked: Interval, terms: Terms) -> int:
    """The agreed share of the booked time. It was not measured, so it is not rounded to the unit,
    only to whole seconds."""
    share_us = _to_unit((booked[1] - booked[0]) * terms.no_show_share // MILLION, MILLION, "down")
    return _capped(share_us, terms)


def _billed(us: int, by: Basis) -> int:
    """What is new in what the meeting comes to: minimum, rounding and cap are the meeting's, in
    however many sessions it was held."""
    if by.meeting is None or not us:
        return _rounded(us, by.terms)
    return max(0, _rounded(by.meeting.before_us + us, by.terms) - by.meeting.billed_us)


def _rounded(us: int, terms: Terms) -> int:
    if us == 0:
        return 0
    return _capped(_to_unit(max(us, terms.minimum_us), terms.unit_us, terms.rounding), terms)


def _capped(us: int, terms: Terms) -> int:
    return us if terms.cap_us is None else min(us, terms.cap_us)


def _to_unit(us: int, unit_us: int, rounding: Rounding) -> int:
    up = {"down": 0, "nearest": unit_us // 2, "up": unit_us - 1}[rounding]
    return (us + up) // unit_us * unit_us


def _share(of: int, part: int, whole: int) -> int:
    """`of` x `part` / `whole`, half up."""
    return (2 * of * part + whole) // (2 * whole)
