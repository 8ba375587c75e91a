"""The life of a session: waiting, open, ended. Events in, facts out. Pure.

A session begins to exist when the first connection enters the room; it *starts* when both sides are
present, and it ends once: when someone ends it for both, or when the room has been empty for ten
minutes. Its state is always the fold of its facts (`restore`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from protocol.facts import (
    ParticipantJoined,
    ParticipantLeft,
    SessionEnded,
    SessionFact,
    SessionStarted,
)
from protocol.types import EndReason, LeaveReason, SessionState
from runtime.machine import Machine, cell

EMPTY_FOR_US = 10 * 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class Session:
    """`present` maps each connection in the room to (person, since); `last_us` is the end of the
    latest presence that is over."""

    id: str
    mentorship: str
    phase: SessionState = "waiting"
    present: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    last_us: int = 0


@dataclass(frozen=True, slots=True)
class Join:
    person: str
    connection: str


@dataclass(frozen=True, slots=True)
class Leave:
    """`at_us`: what the connection said, or its last proof of life."""

    connection: str
    at_us: int
    reason: LeaveReason
    estimated: bool


@dataclass(frozen=True, slots=True)
class End:
    """Someone ends it for both. `proofs`: by connection, until when it is proven to be there."""

    by: str
    proofs: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Sweep:
    """Time has passed."""


Event = Join | Leave | End | Sweep
Step = tuple[Session, tuple[SessionFact, ...]]


def restore(empty: Session, facts: Iterable[SessionFact]) -> Session:
    """The state after these facts."""
    session = empty
    for fact in facts:
        session = _apply(session, fact)
    return session


def _apply(session: Session, fact: SessionFact) -> Session:
    match fact:
        case ParticipantJoined():
            present = {**session.present, fact.connection: (fact.person, fact.at_us)}
            return replace(session, present=present)
        case ParticipantLeft():
            present = {key: who for key, who in session.present.items() if key != fact.connection}
            return replace(session, present=present, last_us=max(session.last_us, fact.at_us))
        case SessionStarted():
            return replace(session, phase="open")
        case _:  # SessionEnded
            return replace(session, phase="ended", last_us=fact.at_us)


def _join(session: Session, event: Join, now_us: int) -> Step:
    if event.connection in session.present:
        return session, ()
    facts: list[SessionFact] = [
        ParticipantJoined(
            session=session.id, person=event.person, connection=event.connection, at_us=now_us
        )
    ]
    others = {person for person, _ in session.present.values()} - {event.person}
    if others and session.phase == "waiting":
        facts.append(
            SessionStarted(session=session.id, mentorship=session.mentorship, at_us=now_us)
        )
    return restore(session, facts), tuple(facts)


def _left(
    session: Session, connection: str, at_us: int, now_us: int, why: LeaveReason, estimated: bool
) -> ParticipantLeft:
    person, since = session.present[connection]
    return ParticipantLeft(
        session=session.id,
        person=person,
        connection=connection,
        # Never before it came, never later than now: whatever a clock or a caller says.
        at_us=min(max(at_us, since), max(now_us, since)),
        noticed_us=max(now_us, since),
        reason=why,
        estimated=estimated,
    )


def _leave(session: Session, event: Leave, now_us: int) -> Step:
    if event.connection not in session.present:
        return session, ()  # a late goodbye of a connection that is gone already
    fact = _left(session, event.connection, event.at_us, now_us, event.reason, event.estimated)
    return restore(session, [fact]), (fact,)


def _close(session: Session, now_us: int, reason: EndReason, by: str | None) -> SessionEnded:
    return SessionEnded(
        session=session.id,
        mentorship=session.mentorship,
        at_us=session.last_us,
        noticed_us=now_us,
        reason=reason,
        by=by,
    )


def _end(session: Session, event: End, now_us: int) -> Step:
    facts: list[SessionFact] = []
    for connection, (_, since) in session.present.items():
        proof_us = event.proofs.get(connection, since)
        estimated = proof_us < now_us
        facts.append(_left(session, connection, proof_us, now_us, "ended", estimated))
    last = restore(session, facts)
    facts.append(_close(last, now_us, "ended", event.by))
    return restore(session, facts), tuple(facts)


def _sweep(session: Session, event: Sweep, now_us: int) -> Step:
    if session.present or now_us < session.last_us + EMPTY_FOR_US:
        return session, ()
    fact = _close(session, now_us, "empty", None)
    return restore(session, [fact]), (fact,)


def _too_late(session: Session, event: Event, now_us: int) -> Step:
    return session, ()


LIFE: Machine[Session, Event, SessionFact] = Machine(
    "session",
    phase_of=lambda session: session.phase,
    table={
        ("waiting", Join): cell(_join, "waiting", "open"),
        ("waiting", Leave): cell(_leave, "waiting"),
        ("waiting", End): cell(_end, "ended"),
        ("waiting", Sweep): cell(_sweep, "waiting", "ended"),
        ("open", Join): cell(_join, "open"),
        ("open", Leave): cell(_leave, "open"),
        ("open", End): cell(_end, "ended"),
        ("open", Sweep): cell(_sweep, "open", "ended"),
        # Joining an ended session is impossible: a new one begins. The rest changes nothing.
        ("ended", Leave): cell(_too_late, "ended"),
        ("ended", End): cell(_too_late, "ended"),
        ("ended", Sweep): cell(_too_late, "ended"),
    },
)
