"""Whether a session's facts are such as its machines write, in that order. Pure.

A chain that fits shows that no record was changed; not that the last were written by the server: to
a database anybody who may write can add some. What no server writes there is found here.
"""

from bisect import bisect_right, insort
from collections.abc import Iterable, Iterator

from ledger.sansio.settlement import (
    LONGEST_US,
    SETTLEMENT,
    Confirm,
    Contest,
    Correct,
    Event,
    Line,
    Settle,
    after,
)
from protocol.errors import Refusal
from protocol.facts import (
    ContactProven,
    MeetingRecounted,
    ParticipantJoined,
    ParticipantLeft,
    PathChanged,
    SessionConfirmed,
    SessionContested,
    SessionCorrected,
    SessionCreated,
    SessionFact,
    SessionSettled,
    WatchBroken,
)

AWAY = "The server cannot have been away then."


def impossible(facts: Iterable[SessionFact]) -> Iterator[tuple[int, str]]:
    """Each fact that no server could have written where it is: its number, and why."""
    line: Line | None = None
    present: set[str] = set()
    away_us, times = 0, list[int]()
    for seq, fact in enumerate(facts, 1):
        if line is None:
            line = Line(fact.session)
        if (why := _why(line, present, fact)) is not None:
            yield seq, why
        elif isinstance(fact, WatchBroken):
            next_ = bisect_right(times, fact.from_us)
            if not away_us <= fact.from_us < fact.to_us <= fact.at_us or (
                next_ < len(times) and times[next_] < fact.to_us
            ):
                yield seq, AWAY
            away_us = fact.to_us
        insort(times, fact.at_us)
        line = after(line, fact)
        if isinstance(fact, ParticipantJoined):
            present.add(fact.connection)
        elif isinstance(fact, ParticipantLeft):
            present.discard(fact.connection)


def _why(line: Line, present: set[str], fact: SessionFact) -> str | None:
    match fact:
        case SessionSettled(facts=facts, head=head, bill=bill):
            said: Event = Settle(facts, head, bill)
        case SessionConfirmed(person=person, revision=revision):
            said = Confirm(person, revision)
        case SessionContested(person=person, revision=revision, note=note):
            said = Contest(person, revision, note)
        case SessionCorrected(actor=actor, billed_us=billed_us, note=note):
            # How much one could give in to then is a rule of bills, and no chain hangs on it.
            said = Correct(actor, billed_us, note, LONGEST_US)
        case ContactProven():
            return None  # it may come late
        case MeetingRecounted():
            return None if line.ended else "It is of a session that ended, and this one had not."
        case _ if line.ended:
            return "The session had ended before it."
        case SessionCreated() if line.mentor:
            return "Whose session it is can be said only once."
        case ParticipantJoined(connection=connection) if connection in present:
            return "That connection was in the room already."
        case ParticipantLeft(connection=connection) | PathChanged(connection=connection) if (
            connection not in present
        ):
            return "That connection was not in the room."
        case _:
            return None
    return None if _follows(line, said, fact) else "Nothing before it allows it."


def _follows(line: Line, said: Event, fact: SessionFact) -> bool:
    """Whether that is what the machine writes of it."""
    try:
        return SETTLEMENT.step(line, said, fact.at_us)[1] == (fact,)
    except Refusal:
        return False
