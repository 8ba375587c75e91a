"""After the end: computed, agreed to or contested, corrected. Events in, facts out. Pure.

A settlement is computed from the facts when the session ends, and again when proof comes late, as
long as not both agreed. One who contests holds the line until a correction: by one of the two
against their own interest, or by the operator. What the other gives in does not release what one
contests: whoever contested confirms it then, or contests on.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

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


@dataclass(frozen=True, slots=True)
class Line:
    """How a session stands. `revision` counts settlements; `confirmed` and `contested` speak of the
    current one."""

    session: str
    mentor: str = ""
    mentee: str = ""
    ended: bool = False
    settled: SessionSettled | None = None
    confirmed: tuple[str, ...] = ()
    contested: str | None = None
    correction: SessionCorrected | None = None

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
    """`actor` None: the operator."""

    actor: str | None
    billed_us: int
    note: str


Event = Settle | Confirm | Contest | Correct
Step = tuple[Line, tuple[SessionFact, ...]]


def receipt(session: str, revision: int, facts: int, head: str) -> bytes:
    """What the server signs for both: that the facts of a session up to number `facts`, which holds
    this revision of its settlement, have this head."""
    return f"ithaca.settlement.v1\n{session}\n{revision}\n{facts}\n{head}".encode()


def line_of(session: str, facts: Iterable[SessionFact]) -> Line:
    """How a session stands after these facts."""
    line = Line(session)
    for fact in facts:
        line = _apply(line, fact)
    return line


def _apply(line: Line, fact: SessionFact) -> Line:
    match fact:
        case SessionCreated():
            return replace(line, mentor=fact.mentor, mentee=fact.mentee)
        case SessionEnded():
            return replace(line, ended=True)
        case SessionSettled():
            released = line.correction and line.correction.actor in (None, line.contested)
            contested = None if released else line.contested
            return replace(line, settled=fact, confirmed=(), contested=contested, correction=None)
        case SessionConfirmed():
            contested = None if fact.person == line.contested else line.contested
            return replace(line, confirmed=(*line.confirmed, fact.person), contested=contested)
        case SessionContested():
            return replace(line, contested=fact.person)
        case SessionCorrected():
            return replace(line, correction=fact)
        case _:
            return line


def _wrote(line: Line, *facts: SessionFact) -> Step:
    for fact in facts:
        line = _apply(line, fact)
    return line, facts


def _settle(line: Line, event: Settle, now_us: int) -> Step:
    same = line.settled is not None and line.settled.bill == event.bill
    if line.correction is None and (line.contested or same):
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
    return _settle(line, event, now_us) if line.correction else (line, ())


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
    _current(line, event.revision)
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


def _confirm_held(line: Line, event: Confirm, now_us: int) -> Step:
    """Whoever contested may agree after all; until then nobody else can."""
    if event.person != line.contested:
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
        ("contested", Settle): cell(_settle, "contested", "settled"),
        ("contested", Confirm): cell(_confirm_held, "settled", "confirmed"),
        ("contested", Contest): cell(_nothing, "contested"),
        ("contested", Correct): cell(_correct, "contested"),
        ("confirmed", Settle): cell(_settle_again, "confirmed", "settled"),
        ("confirmed", Confirm): cell(_agreed, "confirmed"),
        ("confirmed", Contest): cell(_agreed),
        ("confirmed", Correct): cell(_correct, "confirmed"),
    },
)
