"""What the facts of a session say about time. Pure: the same facts always give the same account.

A person's presence is the union of the intervals of all their connections, and of the stretches for
which the other's page signed that they were in contact: so a gap in signalling is bridged, but only
by what both say. Time together is the overlap of the two. A connection that has not left is
present.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

from ledger.sansio.contact import Keys, within
from ledger.sansio.intervals import Interval, covers, overlap, total, union, without
from protocol.facts import (
    ContactProven,
    ParticipantJoined,
    ParticipantLeft,
    PathChanged,
    SessionEnded,
    SessionFact,
    WatchBroken,
)
from protocol.types import BEAT_INTERVAL_US, HAND_IN_US
from protocol.views import Interruption, PersonTime, Stretch, StretchState

INTERRUPTIONS_MOST = 100
"""A view shows the latest; the facts hold them all."""

FRESH_US = BEAT_INTERVAL_US + 500_000
"""Until one beat interval (and some slack) has passed since a beat, its page is still there, and
until so long after a signature it is in contact."""


PENDING_US = HAND_IN_US + 2 * FRESH_US


@dataclass(slots=True)
class _Presence:
    """One person's: as proven, as it may have been at most, and since when still."""

    spans: list[Interval] = field(default_factory=list)
    most: list[Interval] = field(default_factory=list)
    down: list[Interval] = field(default_factory=list)
    down_since: int | None = None
    runs: bool = False


class Timeline:
    """Everything about the time of one session between two members, as of `now_us`: whoever has not
    left is present until then. Lists are sorted, disjoint, in microseconds."""

    def __init__(self, facts: Iterable[SessionFact], members: Sequence[str], now_us: int) -> None:
        self.facts = tuple(facts)
        self.members = tuple(members)
        # One more than all that the facts know: who came just now is there, if for no time yet.
        self.end_us = max([now_us, *(fact.at_us for fact in self.facts)]) + 1
        self.estimated = False
        self._people = {member: _Presence() for member in members}
        self._contacts: list[Interval] = []
        self.unwatched = union(
            (fact.from_us, fact.to_us) for fact in self.facts if isinstance(fact, WatchBroken)
        )
        self._read()

    def _read(self) -> None:
        keys = Keys.of(self.facts)
        ends = [
            f.noticed_us for f in self.facts if isinstance(f, SessionEnded) if f.reason == "ended"
        ]
        over_us = min(ends, default=self.end_us)  # what somebody ended, no signature prolongs
        open_: dict[str, tuple[str, int]] = {}
        for fact in self.facts:
            match fact:
                case ParticipantJoined():
                    open_[fact.connection] = (fact.person, fact.at_us)
                case ParticipantLeft() if fact.connection in open_:
                    person, since = open_.pop(fact.connection)
                    who = self._people[person]
                    who.spans.append((since, fact.at_us))
                    who.most.append((since, fact.noticed_us if fact.estimated else fact.at_us))
                    self.estimated |= fact.estimated
                    if not any(person == each for each, _ in open_.values()):
                        self._path(person, fact.at_us, up=True)
                case PathChanged():
                    self._path(fact.person, fact.at_us, up=fact.up)
                case ContactProven():
                    span = within(keys, fact, min(fact.at_us, over_us))
                    if span is not None:
                        self._contacts.append(span)
                case _:
                    pass
        for person, since in open_.values():
            who = self._people[person]
            who.runs = True
            who.spans.append((since, self.end_us))
        for person, who in self._people.items():
            self._path(person, self.end_us, up=True)
            who.spans = self._with_contacts(who.spans)
            who.most = union([*who.spans, *who.most])
            who.down = union(who.down)

    def _with_contacts(self, spans: Sequence[Interval]) -> list[Interval]:
        """One's own presence, and what the other signed. From one of these to the other nobody was
        away whose next sign of life was not due yet."""
        whole = union([*spans, *self._contacts])
        signed = {edge for contact in self._contacts for edge in contact}
        bridged = [
            (end, start)
            for (_, end), (start, _) in pairwise(whole)
            if (end in signed or start in signed) and start - end <= FRESH_US
        ]
        return union([*whole, *bridged])

    def _path(self, person: str, at_us: int, *, up: bool) -> None:
        """Sound and picture travel, or not, as this person's page sees it."""
        who = self._people[person]
        if up and who.down_since is not None:
            who.down.append((who.down_since, at_us))
            who.down_since = None
        elif not up and who.down_since is None:
            who.down_since = at_us

    # ---- each one ------------------------------------------------------------------------------

    def present(self, person: str) -> list[Interval]:
        """As proven: by beats to the server, or by signatures of the other's page."""
        return self._people[person].spans

    def present_at_most(self, person: str) -> list[Interval]:
        """With the stretches between a last proof and the moment its end was noticed."""
        return self._people[person].most

    def runs(self, person: str) -> bool:
        return self._people[person].runs

    def put_out(self, person: str, *, at_most: bool = False) -> bool:
        """Whether they were in the room when the other ended it; `at_most`: or may have been, their
        page being silent by then."""
        there = ended = False
        for fact in self.facts:
            if isinstance(fact, ParticipantLeft) and fact.person == person:
                there |= fact.reason == "ended" and (at_most or not fact.estimated)
            elif isinstance(fact, SessionEnded):
                ended = fact.by != person
        return there and ended

    # ---- the two -------------------------------------------------------------------------------

    @cached_property
    def together(self) -> list[Interval]:
        first, second = (self.present(member) for member in self.members)
        return overlap(first, second)

    @cached_property
    def together_at_most(self) -> list[Interval]:
        first, second = (self.present_at_most(member) for member in self.members)
        return overlap(first, second)

    @cached_property
    def contact(self) -> list[Interval]:
        """Together, and proven: each signature speaks until the next one is due, and the latest,
        while both are still there, until it should have been handed in."""
        lasts_us = PENDING_US if self._together_runs else FRESH_US
        latest = max((end for _, end in self._contacts), default=0)
        signed = union(
            (start, end + (lasts_us if end == latest else FRESH_US))
            for start, end in self._contacts
        )
        return overlap(self.together, signed)

    @cached_property
    def impaired(self) -> list[Interval]:
        """Together in the room, but both say that no sound or picture travelled."""
        first, second = (self._people[member].down for member in self.members)
        return overlap(without(self.together, self.contact), overlap(first, second))

    @cached_property
    def unknown(self) -> list[Interval]:
        """Together in the room, without proof that they were in contact, or that they were not."""
        return without(without(self.together, self.contact), self.impaired)

    def alone(self, person: str) -> list[Interval]:
        return without(self.present(person), self.together)

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """The session from the first arrival to the last departure, cut wherever something
        changes."""
        spans: list[tuple[StretchState, tuple[str, ...], Interval]] = []
        shared: list[tuple[StretchState, list[Interval]]] = [
            ("contact", self.contact),
            ("impaired", self.impaired),
            ("unknown", self.unknown),
        ]
        for state, found in shared:
            spans += [(state, self.members, span) for span in found]
        for member in self.members:
            spans += [("alone", (member,), span) for span in self.alone(member)]
        spans.sort(key=lambda each: each[2])
        cut: list[Stretch] = []
        for state, present, (start, end) in spans:
            if cut and cut[-1].to_us < start:
                gap = Stretch(from_us=cut[-1].to_us, to_us=start, state="nobody", present=())
                cut.append(gap)
            cut.append(Stretch(from_us=start, to_us=end, state=state, present=present))
        return tuple(cut)

    @cached_property
    def interruptions(self) -> tuple[Interruption, ...]:
        """What lies between the stretches together, cut wherever someone came or went."""
        found: list[Interruption] = []
        together = self.together[-INTERRUPTIONS_MOST - 1 :]
        present = {member: self.present(member) for member in self.members}
        edges = sorted({edge for spans in present.values() for span in spans for edge in span})
        for (_, gap_start), (gap_end, _) in pairwise(together):
            cuts = [gap_start, *(edge for edge in edges if gap_start < edge < gap_end), gap_end]
            for start, end in pairwise(cuts):
                absent = tuple(who for who, spans in present.items() if not covers(spans, start))
                found.append(Interruption(from_us=start, to_us=end, absent=absent))
        return tuple(found)

    # ---- sums ----------------------------------------------------------------------------------

    @property
    def together_us(self) -> int:
        """Of what is over; what still runs grows from `together_since_us`."""
        return total(self.together[:-1] if self._together_runs else self.together)

    @property
    def together_since_us(self) -> int | None:
        return self.together[-1][0] if self._together_runs else None

    @property
    def _together_runs(self) -> bool:
        return all(self.runs(member) for member in self.members)

    def person_time(self, person: str) -> PersonTime:
        spans, runs = self.present(person), self.runs(person)
        over = spans[:-1] if runs else spans
        return PersonTime(
            person=person,
            present_us=total(over),
            since_us=spans[-1][0] if runs else None,
            present_most_us=total(self.present_at_most(person)) - total(spans) + total(over),
        )
