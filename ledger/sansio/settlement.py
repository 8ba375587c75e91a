"""After the end: computed, agreed to or contested, corrected. Events in, facts out. Pure.

A settlement is computed from the facts when the session ends, and again when proof comes late, as
long as not both agreed. Each who contests holds the line, until they confirm it or correct it
against their own interest, or the operator corrects it. What the other gives in does not release
what one contests: whoever contested confirms it then, or contests on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from ledger.sansio.replay import duration
from protocol.bill import Bill
from protocol.errors import Refusal
from protocol.facts import (
    SessionConfirmed,
    SessionContested,
    SessionCorrected,
    SessionCreated,
    SessionEnded,
    SessionFact,
    SessionSettled,
)
from protocol.views import SettlementState
from runtime.machine import Machine, cell

LONGEST_US = 24 * 3_600_000_000
SAYINGS_MOST = 50  # how often each of the two can contest and correct a session


@dataclass(frozen=True, slots=True)
class Line:
    """How a session stands. `revision` counts settlements; `confirmed` and `contested` are who does
    so with the current one, never both; `said` is who contested or corrected, each time, and
    `said_us` when somebody last did."""

    session: str
    mentor: str = ""
    mentee: str = ""
    ended: bool = False
    settled: SessionSettled | None = None
    confirmed: tuple[str, ...] = ()
    contested: tuple[str, ...] = ()
    said: tuple[str, ...] = ()
    corrected: bool = False
    said_us: int | None = None

    @property
    def revision(self) -> int:
        return self.settled.revision if self.settled else 0

    @property
    def phase(self) -> str:
        if not self.settled:
            return "due" if self.ended else "running"
        return self.state

    @property
    def state(self) -> SettlementState:
        """Of what is settled."""
        if self.contested:
            return "contested"
        return "confirmed" if len(self.confirmed) == 2 else "settled"


@dataclass(frozen=True, slots=True)
class Settle:
    """The facts up to number `facts`, whose last has hash `head`, come to `bill`."""

    facts: int
    head: str
    bill: Bill


@dataclass(frozen=True, slots=True)
class Confirm:
    person: str
    revision: int


@dataclass(frozen=True, slots=True)
class Contest:
    person: str
    revision: int
    note: str


@dataclass(frozen=True, slots=True)
class Correct:
    """`actor` None: the operator. To more than `most_us` nobody gives in."""

    actor: str | None
    billed_us: int
    note: str
    most_us: int


Event = Settle | Confirm | Contest | Correct
Step = tuple[Line, tuple[SessionFact, ...]]


def receipt(session: str, revision: int, facts: int, head: str) -> bytes:
    """What the server signs for both: that the facts of a session up to number `facts`, among them
    this revision of its settlement, have this head."""
    return f"ithaca.settlement.v1\n{session}\n{revision}\n{facts}\n{head}".encode()


def line_of(session: str, facts: Iterable[SessionFact]) -> Line:
    """How a session stands after these facts."""
    line = Line(session)
    for fact in facts:
        line = after(line, fact)
    return line


def after(line: Line, fact: SessionFact) -> Line:
    """How it stands once that is written."""
    match fact:
        case SessionCreated():
            return replace(line, mentor=fact.mentor, mentee=fact.mentee)
        case SessionEnded():
            return replace(line, ended=True)
        case SessionSettled():
            return replace(line, settled=fact, confirmed=(), corrected=False)
        case SessionConfirmed(person=person):
            contested = _without(line.contested, person)
            return replace(line, confirmed=(*line.confirmed, person), contested=contested)
        case SessionContested(person=person):
            return replace(
                line,
                confirmed=_without(line.confirmed, person),
                contested=(*_without(line.contested, person), person),
                said=(*line.said, person),
                said_us=fact.at_us,
            )
        case SessionCorrected(actor=None):
            return replace(line, corrected=True, contested=(), said_us=fact.at_us)
        case SessionCorrected(actor=str(person)):
            contested = _without(line.contested, person)
            said = (*line.said, person)
            return replace(line, corrected=True, contested=contested, said=said, said_us=fact.at_us)
        case _:
            return line


def _without(persons: tuple[str, ...], person: str) -> tuple[str, ...]:
    return tuple(each for each in persons if each != person)


def _wrote(line: Line, *facts: SessionFact) -> Step:
    for fact in facts:
        line = after(line, fact)
    return line, facts


def _settle(line: Line, event: Settle, now_us: int) -> Step:
    same = line.settled is not None and line.settled.bill == event.bill
    if not line.corrected and (line.contested or same):
        return line, ()  # what is held, only a correction moves
    return _wrote(
        line,
        SessionSettled(
            session=line.session,
            revision=line.revision + 1,
            facts=event.facts,
            head=event.head,
            bill=event.bill,
            at_us=now_us,
        ),
    )


def _settle_again(line: Line, event: Settle, now_us: int) -> Step:
    """What both agreed to, proof that comes late does not change; a correction does."""
    return _settle(line, event, now_us) if line.corrected else (line, ())


def _confirm(line: Line, event: Confirm, now_us: int) -> Step:
    _current(line, event.revision)
    if event.person in line.confirmed:
        return line, ()
    return _wrote(
        line,
        SessionConfirmed(
            session=line.session, person=event.person, revision=event.revision, at_us=now_us
        ),
    )


def _contest(line: Line, event: Contest, now_us: int) -> Step:
    """Again, with another reason, too."""
    _current(line, event.revision)
    _may_say(line, event.person)
    return _wrote(
        line,
        SessionContested(
            session=line.session,
            person=event.person,
            revision=event.revision,
            note=event.note,
            at_us=now_us,
        ),
    )


def _current(line: Line, revision: int) -> None:
    if revision != line.revision:
        raise Refusal(
            "stale_revision", f"The settlement has changed since: it is at {line.revision}."
        )


def _may_say(line: Line, person: str) -> None:
    """Each word is kept for good, so there is an end to them."""
    if line.said.count(person) >= SAYINGS_MOST:
        raise Refusal("said_enough")


def _confirm_held(line: Line, event: Confirm, now_us: int) -> Step:
    """Whoever contested may agree after all; until then nobody else can."""
    if event.person not in line.contested:
        raise Refusal("contested")
    return _confirm(line, event, now_us)


def _agreed(line: Line, event: Event, now_us: int) -> Step:
    if isinstance(event, Contest):
        raise Refusal("already_confirmed")
    return line, ()


def _correct(line: Line, event: Correct, now_us: int) -> Step:
    assert line.settled is not None
    if not 0 <= event.billed_us <= LONGEST_US:
        raise Refusal("invalid_field", "A session is at most a day long.", field="billed_us")
    billed_us = line.settled.bill.billed_us
    takes = {line.mentor: event.billed_us > billed_us, line.mentee: event.billed_us < billed_us}
    if event.actor is not None and takes[event.actor]:
        raise Refusal("not_a_concession")
    most_us = max(event.most_us, billed_us)
    if event.billed_us > most_us:
        raise Refusal(
            "invalid_field", f"At most {duration(most_us)} can be given in to.", field="billed_us"
        )
    releases = bool(line.contested) if event.actor is None else event.actor in line.contested
    if event.billed_us == billed_us and not releases:
        raise Refusal("invalid_field", "It comes to that already.", field="billed_us")
    if event.actor is not None:
        _may_say(line, event.actor)
    return _wrote(
        line,
        SessionCorrected(
            session=line.session,
            actor=event.actor,
            billed_us=event.billed_us,
            note=event.note,
            at_us=now_us,
        ),
    )


def _not_yet(line: Line, event: Event, now_us: int) -> Step:
    raise Refusal("not_settled")


def _nothing(line: Line, event: Event, now_us: int) -> Step:
    return line, ()


SETTLEMENT: Machine[Line, Event, SessionFact] = Machine(
    "settlement",
    phase_of=lambda line: line.phase,
    table={
        ("running", Settle): cell(_nothing, "running"),
        ("running", Confirm): cell(_not_yet),
        ("running", Contest): cell(_not_yet),
        ("running", Correct): cell(_not_yet),
        ("due", Settle): cell(_settle, "settled"),
        ("due", Confirm): cell(_not_yet),
        ("due", Contest): cell(_not_yet),
        ("due", Correct): cell(_not_yet),
        ("settled", Settle): cell(_settle, "settled"),
        ("settled", Confirm): cell(_confirm, "settled", "confirmed"),
        ("settled", Contest): cell(_contest, "contested"),
        ("settled", Correct): cell(_correct, "settled"),
        ("contested", Settle): cell(_settle, "contested"),
        ("contested", Confirm): cell(_confirm_held, "contested", "settled", "confirmed"),
        ("contested", Contest): cell(_contest, "contested"),
        ("contested", Correct): cell(_correct, "contested", "settled"),
        ("confirmed", Settle): cell(_settle_again, "confirmed", "settled"),
        ("confirmed", Confirm): cell(_agreed, "confirmed"),
        ("confirmed", Contest): cell(_agreed),
        ("confirmed", Correct): cell(_correct, "confirmed"),
    },
)
