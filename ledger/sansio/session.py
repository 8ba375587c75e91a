"""The life of a session: waiting, open, ended. Events in, facts out. Pure.

A session begins to exist when the first connection enters the room; it *starts* when both sides are
present, and it ends once: when someone ends it for both, or when the room has been empty for ten
minutes and the booked time, if any, is over. Its state is always the fold of its facts (`restore`).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import msgspec

from ledger.sansio.intervals import Interval, overlap
from protocol.facts import (
    ContactProven,
    MeetingApplied,
    MeetingWithdrawn,
    ParticipantJoined,
    ParticipantLeft,
    PathChanged,
    SessionCreated,
    SessionEnded,
    SessionFact,
    SessionStarted,
    TermsApplied,
    WatchBroken,
    WindowExtended,
)
from protocol.terms import Terms
from protocol.types import EndReason, LeaveReason, SessionState
from runtime.machine import Machine, cell

EMPTY_FOR_US = 10 * 60 * 1_000_000
# Far more than a call of a day needs, on the worst of ways.
PATH_CHANGES_MOST = 1_000
STRETCHES_MOST = 10_000
BROKEN_MOST = 1_000
BREAK_LEAST_US = 1_000_000
"""Who is kept out for less is there a moment later."""


@dataclass(frozen=True, slots=True)
class Session:
    """`present` maps each connection in the room to (person, since), `paths` to whether its page
    says that sound and picture travel; `last_us` is the end of the latest presence that is over,
    `empty_us` when an end was noticed last: while no server is up, nobody can come back. `began_us`
    is when it was created, `known` are the moments of its facts, `broken` is when the server
    saw nobody come."""

    id: str
    mentorship: str
    mentor: str
    mentee: str
    phase: SessionState = "waiting"
    present: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    paths: Mapping[str, bool] = field(default_factory=dict)
    path_changes: int = 0
    contacts: frozenset[tuple[str, str, int, int]] = frozenset()
    version: int | None = None
    terms: Terms = Terms()
    meeting: MeetingApplied | None = None
    extended: bool = False
    last_us: int = 0
    empty_us: int = 0
    began_us: int = 0
    known: tuple[int, ...] = ()
    broken: tuple[Interval, ...] = ()

    @property
    def booked_until_us(self) -> int:
        """Until when the session stays open for those who were to meet; 0 when nothing was
        booked."""
        if self.meeting is None:
            return 0
        return self.meeting.start_us + self.meeting.length_us + self.terms.overrun_us


@dataclass(frozen=True, slots=True)
class Create:
    """Somebody enters a room in which no session runs, or a meeting passed without anybody."""


@dataclass(frozen=True, slots=True)
class Apply:
    """What is agreed and booked at this moment; `version` 0: nothing is agreed."""

    version: int
    terms: Terms
    meeting: str | None = None
    start_us: int = 0
    length_us: int = 0
    told_us: int = 0
    told_by: str | None = None
    again: bool = False
    came: tuple[str, ...] = ()
    waited_us: tuple[int, int] = (0, 0)
    back_us: tuple[int | None, int | None] = (None, None)
    before_us: int = 0
    billed_us: int = 0

    @property
    def span(self) -> Interval:
        """When the meeting is, with its over-run."""
        return self.start_us, self.start_us + self.length_us + self.terms.overrun_us


@dataclass(frozen=True, slots=True)
class Join:
    person: str
    connection: str
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """`at_us`: what the connection said, or its last proof of life."""

    connection: str
    at_us: int
    reason: LeaveReason
    estimated: bool


@dataclass(frozen=True, slots=True)
class Path:
    """A page says whether sound and picture travel."""

    connection: str
    up: bool


@dataclass(frozen=True, slots=True)
class Prove:
    """Stretches of contact whose signatures were checked."""

    contacts: tuple[ContactProven, ...]


@dataclass(frozen=True, slots=True)
class Extend:
    """Someone says to go on past the booked time; only the mentee, who pays, can."""

    person: str


@dataclass(frozen=True, slots=True)
class End:
    """Someone ends it for both. `proofs`: by connection, until when it is proven to be there."""

    by: str
    proofs: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Missed:
    """The meeting is over, and nobody came."""


@dataclass(frozen=True, slots=True)
class Unwatched:
    """When the server could not see who comes, as far as it knows."""

    breaks: tuple[Interval, ...]


@dataclass(frozen=True, slots=True)
class Sweep:
    """Time has passed. `meeting`: the one that it is time for now."""

    meeting: str | None = None


Event = Create | Apply | Unwatched | Join | Leave | Path | Prove | Extend | End | Missed | Sweep
Step = tuple[Session, tuple[SessionFact, ...]]


def restore(empty: Session, facts: Iterable[SessionFact]) -> Session:
    """The state after these facts."""
    session, proven, known = empty, list[ContactProven](), list(empty.known)
    for fact in facts:
        known.append(fact.at_us)
        if isinstance(fact, ContactProven):
            proven.append(fact)  # there may be many: all at once
        else:
            session = _apply(session, fact)
    contacts = session.contacts.union(map(_name, proven))
    return replace(session, contacts=contacts, known=tuple(known))


def _apply(session: Session, fact: SessionFact) -> Session:
    match fact:
        case TermsApplied(version=version, terms=terms):
            return replace(session, version=version, terms=terms)
        case MeetingApplied():
            return replace(session, meeting=fact)
        case MeetingWithdrawn():
            return replace(session, meeting=None)
        case ParticipantJoined():
            present = {**session.present, fact.connection: (fact.person, fact.at_us)}
            return replace(session, present=present)
        case ParticipantLeft():
            present = {key: who for key, who in session.present.items() if key != fact.connection}
            paths = {key: up for key, up in session.paths.items() if key != fact.connection}
            return replace(
                session,
                present=present,
                paths=paths,
                last_us=max(session.last_us, fact.at_us),
                empty_us=max(session.empty_us, fact.noticed_us),
            )
        case PathChanged():
            paths = {**session.paths, fact.connection: fact.up}
            return replace(session, paths=paths, path_changes=session.path_changes + 1)
        case WindowExtended():
            return replace(session, extended=True)
        case SessionStarted():
            return replace(session, phase="open")
        case WatchBroken():
            return replace(session, broken=(*session.broken, (fact.from_us, fact.to_us)))
        case SessionCreated():
            return replace(session, began_us=fact.at_us)
        case SessionEnded():
            return replace(session, phase="ended", last_us=fact.at_us)
        case _:  # what is said of the session after its end
            return session


def _name(fact: ContactProven) -> tuple[str, str, int, int]:
    return (fact.about_key, fact.signer_key, fact.from_us, fact.to_us)


def _wrote(session: Session, *facts: SessionFact) -> Step:
    return restore(session, facts), facts


def _create(session: Session, event: Create, now_us: int) -> Step:
    return _wrote(
        session,
        SessionCreated(
            session=session.id,
            mentorship=session.mentorship,
            mentor=session.mentor,
            mentee=session.mentee,
            at_us=now_us,
        ),
    )


def _agree(session: Session, event: Apply, now_us: int) -> Step:
    """Writes down what is news."""
    facts: list[SessionFact] = []
    if (event.version, event.terms) != (session.version, session.terms):
        facts.append(
            TermsApplied(session=session.id, version=event.version, terms=event.terms, at_us=now_us)
        )
    held = session.meeting
    if held is not None and now_us >= held.start_us:
        return _wrote(session, *facts)  # who came for it came for it
    if event.meeting is not None:
        applied = MeetingApplied(
            session=session.id,
            meeting=event.meeting,
            start_us=event.start_us,
            length_us=event.length_us,
            told_us=event.told_us,
            told_by=event.told_by,
            again=event.again,
            came=event.came,
            waited_us=event.waited_us,
            back_us=event.back_us,
            before_us=event.before_us,
            billed_us=event.billed_us,
            at_us=now_us,
        )
        if held is None or msgspec.structs.replace(held, at_us=now_us) != applied:
            facts.append(applied)
    elif held is not None:
        facts.append(MeetingWithdrawn(session=session.id, meeting=held.meeting, at_us=now_us))
    return _wrote(session, *facts)


def _join(session: Session, event: Join, now_us: int) -> Step:
    if event.connection in session.present:
        return session, ()
    facts: list[SessionFact] = [
        ParticipantJoined(
            session=session.id,
            person=event.person,
            connection=event.connection,
            key=event.key,
            at_us=now_us,
        )
    ]
    others = {person for person, _ in session.present.values()} - {event.person}
    if others and session.phase == "waiting":
        facts.append(
            SessionStarted(session=session.id, mentorship=session.mentorship, at_us=now_us)
        )
    return _wrote(session, *facts)


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
    return _wrote(
        session,
        _left(session, event.connection, event.at_us, now_us, event.reason, event.estimated),
    )


def _path(session: Session, event: Path, now_us: int) -> Step:
    if event.connection not in session.present or session.paths.get(event.connection) == event.up:
        return session, ()
    if session.path_changes >= PATH_CHANGES_MOST:
        return session, ()
    person, _ = session.present[event.connection]
    return _wrote(
        session,
        PathChanged(
            session=session.id,
            person=person,
            connection=event.connection,
            up=event.up,
            at_us=now_us,
        ),
    )


def _prove(session: Session, event: Prove, now_us: int) -> Step:
    new = [fact for fact in event.contacts if _name(fact) not in session.contacts]
    return _wrote(session, *new[: max(0, STRETCHES_MOST - len(session.contacts))])


def _extend(session: Session, event: Extend, now_us: int) -> Step:
    if session.extended or event.person != session.mentee:
        return session, ()
    return _wrote(session, WindowExtended(session=session.id, person=event.person, at_us=now_us))


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
    return _wrote(session, *facts, _close(last, now_us, "ended", event.by))


def _unwatched(session: Session, event: Unwatched, now_us: int) -> Step:
    """Writes down what is news: of its own time, or of its meeting's. At no moment of what is on
    record by then was the server away."""
    from_us = session.began_us
    if session.meeting is not None:
        from_us = min(from_us, session.meeting.start_us)
    from_us = max([from_us, *(end_us for _, end_us in session.broken)])
    facts: list[SessionFact] = []
    for start_us, end_us in overlap(event.breaks, [(from_us, now_us)]):
        start_us = max([start_us, *(us for us in session.known if us < end_us)])
        if end_us - start_us >= BREAK_LEAST_US:
            facts.append(
                WatchBroken(session=session.id, from_us=start_us, to_us=end_us, at_us=now_us)
            )
    return _wrote(session, *facts[: max(0, BROKEN_MOST - len(session.broken))])


def _missed(session: Session, event: Missed, now_us: int) -> Step:
    if session.last_us or session.present:
        return session, ()
    held = session.meeting
    booked = [] if held is None else [(held.start_us, held.start_us + held.length_us)]
    reason: EndReason = "unwatched" if overlap(session.broken, booked) else "nobody"
    at = replace(session, last_us=session.booked_until_us)
    return _wrote(session, _close(at, now_us, reason, None))


def _sweep(session: Session, event: Sweep, now_us: int) -> Step:
    over_us = max(session.empty_us + EMPTY_FOR_US, session.booked_until_us)
    held = session.meeting
    if held is not None and event.meeting not in (None, held.meeting):
        over_us = held.start_us + held.length_us  # they come for the next one
    if session.present or now_us < over_us:
        return session, ()
    reason: EndReason = "empty" if session.meeting is None else "window"
    return _wrote(session, _close(session, now_us, reason, None))


def _too_late(session: Session, event: Event, now_us: int) -> Step:
    return session, ()


LIFE: Machine[Session, Event, SessionFact] = Machine(
    "session",
    phase_of=lambda session: session.phase,
    table={
        ("waiting", Create): cell(_create, "waiting"),
        ("waiting", Apply): cell(_agree, "waiting"),
        ("waiting", Unwatched): cell(_unwatched, "waiting"),
        ("waiting", Join): cell(_join, "waiting", "open"),
        ("waiting", Leave): cell(_leave, "waiting"),
        ("waiting", Path): cell(_path, "waiting"),
        ("waiting", Prove): cell(_prove, "waiting"),
        ("waiting", Extend): cell(_too_late, "waiting"),
        ("waiting", End): cell(_end, "ended"),
        ("waiting", Missed): cell(_missed, "waiting", "ended"),
        ("waiting", Sweep): cell(_sweep, "waiting", "ended"),
        ("open", Apply): cell(_too_late, "open"),
        ("open", Unwatched): cell(_unwatched, "open"),
        ("open", Join): cell(_join, "open"),
        ("open", Leave): cell(_leave, "open"),
        ("open", Path): cell(_path, "open"),
        ("open", Prove): cell(_prove, "open"),
        ("open", Extend): cell(_extend, "open"),
        ("open", End): cell(_end, "ended"),
        ("open", Missed): cell(_too_late, "open"),
        ("open", Sweep): cell(_sweep, "open", "ended"),
        # Joining an ended session is impossible: a new one begins. Proof may come late; the rest
        # changes nothing.
        ("ended", Prove): cell(_prove, "ended"),
        ("ended", Unwatched): cell(_too_late, "ended"),
        ("ended", Leave): cell(_too_late, "ended"),
        ("ended", Path): cell(_too_late, "ended"),
        ("ended", Extend): cell(_too_late, "ended"),
        ("ended", End): cell(_too_late, "ended"),
        ("ended", Missed): cell(_too_late, "ended"),
        ("ended", Sweep): cell(_too_late, "ended"),
    },
)
