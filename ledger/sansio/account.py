"""What the facts of a session say about time. Pure: the same facts always give the same account.

A person's presence is the union of the intervals of all their connections; time together is the
overlap of the two. A connection that has not left yet is present.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ledger.sansio.intervals import Interval, covers, overlap, total, union
from protocol.facts import ParticipantJoined, ParticipantLeft, SessionFact
from protocol.views import Interruption, PersonTime

INTERRUPTIONS_MOST = 100
"""A view shows the latest; the facts hold them all."""


@dataclass(frozen=True, slots=True)
class Account:
    """Sums over what is over; `since_us` and `together_since_us` say what still runs."""

    together_us: int
    together_since_us: int | None
    people: tuple[PersonTime, ...]
    interruptions: tuple[Interruption, ...]
    estimated: bool


def presence(
    facts: Iterable[SessionFact], now_us: int
) -> tuple[dict[str, list[Interval]], frozenset[str]]:
    """Each person's presence as disjoint intervals, and who is present now: their last interval
    ends after `now_us` and all that the facts know, so that it is there even if it began now."""
    facts = tuple(facts)
    end_us = max([now_us, *(fact.at_us for fact in facts)]) + 1
    open_: dict[str, tuple[str, int]] = {}
    spans: dict[str, list[Interval]] = {}
    for fact in facts:
        if isinstance(fact, ParticipantJoined):
            open_[fact.connection] = (fact.person, fact.at_us)
            spans.setdefault(fact.person, [])
        elif isinstance(fact, ParticipantLeft) and fact.connection in open_:
            person, since = open_.pop(fact.connection)
            spans[person].append((since, fact.at_us))
    for person, since in open_.values():
        spans[person].append((since, end_us))
    return (
        {person: union(intervals) for person, intervals in spans.items()},
        frozenset(person for person, _ in open_.values()),
    )


def account(facts: Sequence[SessionFact], members: Sequence[str], now_us: int) -> Account:
    """The account of one session between two `members`, as of `now_us`."""
    present, running = presence(facts, now_us)
    first, second = (present.get(member, []) for member in members)
    together = overlap(first, second)
    together_runs = running.issuperset(members)
    people = []
    for member in members:
        intervals = present.get(member, [])
        runs = member in running
        people.append(
            PersonTime(
                person=member,
                present_us=total(intervals[:-1] if runs else intervals),
                since_us=intervals[-1][0] if runs else None,
            )
        )
    return Account(
        together_us=total(together[:-1] if together_runs else together),
        together_since_us=together[-1][0] if together_runs else None,
        people=tuple(people),
        interruptions=_interruptions(together, {m: present.get(m, []) for m in members}),
        estimated=any(isinstance(fact, ParticipantLeft) and fact.estimated for fact in facts),
    )


def _interruptions(
    together: Sequence[Interval], present: dict[str, list[Interval]]
) -> tuple[Interruption, ...]:
    """What lies between the stretches together, cut wherever someone came or went."""
    found: list[Interruption] = []
    together = together[-INTERRUPTIONS_MOST - 1 :]
    edges = sorted({edge for spans in present.values() for span in spans for edge in span})
    for (_, gap_start), (gap_end, _) in zip(together, together[1:], strict=False):
        cuts = [gap_start, *(edge for edge in edges if gap_start < edge < gap_end), gap_end]
        for start, end in zip(cuts, cuts[1:], strict=False):
            absent = tuple(who for who, spans in present.items() if not covers(spans, start))
            found.append(Interruption(from_us=start, to_us=end, absent=absent))
    return tuple(found)
