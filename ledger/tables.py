"""Tables of sessions and their facts, and the plans over them. Nobody else names them.

`sessions` is an index over the facts: what it holds can be computed from them again.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Column, Index, Integer, LargeBinary, Table, Text, select, text, update

from protocol.facts import SessionEnded, SessionFact, SessionStarted
from protocol.types import EndReason
from runtime.database import AnyRow, Micros, Plan, insert, metadata

sessions = Table(
    "sessions",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("mentorship_id", Text, nullable=False),
    Column("room_id", Text, nullable=False),
    Column("created_us", Micros, nullable=False),
    Column("started_us", Micros),
    Column("ended_us", Micros),
    Column("end_reason", Text),
    Column("facts", Integer, nullable=False),
    Index(None, "site_id", "mentorship_id", "created_us"),
    # At most one session of a room is not ended.
    Index(
        "uq_sessions_running",
        "site_id",
        "room_id",
        unique=True,
        sqlite_where=text("ended_us IS NULL"),
        postgresql_where=text("ended_us IS NULL"),
    ),
)
ledger_facts = Table(
    "ledger_facts",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("session_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("wall_us", Micros, nullable=False),
    Column("monotonic_us", Micros, nullable=False),
    Column("boot", Text, nullable=False),
    Column("fact", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session's index entry; `facts` is how many it has."""

    site_id: str
    id: str
    mentorship: str
    room: str
    created_us: int
    started_us: int | None
    ended_us: int | None
    end_reason: EndReason | None
    facts: int


@dataclass(frozen=True, slots=True)
class Stamp:
    """When and where a fact was written down: both clocks, and the run of the server."""

    wall_us: int
    monotonic_us: int
    boot: str


_SESSION = select(
    sessions.c.site_id,
    sessions.c.id,
    sessions.c.mentorship_id,
    sessions.c.room_id,
    sessions.c.created_us,
    sessions.c.started_us,
    sessions.c.ended_us,
    sessions.c.end_reason,
    sessions.c.facts,
)
_decode = msgspec.msgpack.Decoder[SessionFact](SessionFact).decode


def _as_session(row: AnyRow) -> SessionRow:
    return SessionRow(*row)


def claim_running(site_id: str, room: str, fresh: SessionRow) -> Plan[SessionRow]:
    """The room's running session, or `fresh` when it has none; its row is locked till the end of
    the transaction, so that facts of one session are decided one after the other."""
    begin = (
        insert(sessions)
        .values(
            site_id=site_id,
            id=fresh.id,
            mentorship_id=fresh.mentorship,
            room_id=room,
            created_us=fresh.created_us,
            facts=0,
        )
        .on_conflict_do_nothing()
    )
    running_one = _SESSION.where(
        sessions.c.site_id == site_id, sessions.c.room_id == room, sessions.c.ended_us.is_(None)
    ).with_for_update()
    yield begin
    while not (rows := (yield running_one)):
        yield begin  # the one that was in the way has ended while we waited for its row
    return _as_session(rows[0])


def claim(site_id: str, id_: str) -> Plan[SessionRow | None]:
    """A session by id, its row locked till the end of the transaction."""
    rows = yield _SESSION.where(
        sessions.c.site_id == site_id, sessions.c.id == id_
    ).with_for_update()
    return _as_session(rows[0]) if rows else None


def by_id(site_id: str, id_: str) -> Plan[SessionRow | None]:
    rows = yield _SESSION.where(sessions.c.site_id == site_id, sessions.c.id == id_)
    return _as_session(rows[0]) if rows else None


def running(site_id: str, room: str) -> Plan[SessionRow | None]:
    rows = yield _SESSION.where(
        sessions.c.site_id == site_id, sessions.c.room_id == room, sessions.c.ended_us.is_(None)
    )
    return _as_session(rows[0]) if rows else None


def of_mentorships(
    site_id: str, mentorships: Sequence[str], before_us: int | None, limit: int
) -> Plan[list[SessionRow]]:
    """Newest first."""
    wanted = _SESSION.where(
        sessions.c.site_id == site_id, sessions.c.mentorship_id.in_(mentorships)
    )
    if before_us is not None:
        wanted = wanted.where(sessions.c.created_us < before_us)
    rows = yield wanted.order_by(sessions.c.created_us.desc()).limit(limit)
    return [_as_session(row) for row in rows]


def not_ended() -> Plan[list[SessionRow]]:
    """Of all sites: what the sweeper looks at."""
    rows = yield _SESSION.where(sessions.c.ended_us.is_(None)).execution_options(
        all_sites="the sweeper closes what is over on every site"
    )
    return [_as_session(row) for row in rows]


def facts_of(site_id: str, session: str) -> Plan[list[SessionFact]]:
    rows = yield (
        select(ledger_facts.c.fact)
        .where(ledger_facts.c.site_id == site_id, ledger_facts.c.session_id == session)
        .order_by(ledger_facts.c.seq)
    )
    return [_decode(row.fact) for row in rows]


def append(session: SessionRow, facts: Sequence[SessionFact], stamp: Stamp) -> Plan[None]:
    """Adds facts to a session whose row this transaction has claimed."""
    changes: dict[str, object] = {"facts": session.facts + len(facts)}
    for number, fact in enumerate(facts, session.facts + 1):
        yield insert(ledger_facts).values(
            site_id=session.site_id,
            session_id=session.id,
            seq=number,
            wall_us=stamp.wall_us,
            monotonic_us=stamp.monotonic_us,
            boot=stamp.boot,
            fact=msgspec.msgpack.encode(fact),
        )
        if isinstance(fact, SessionStarted):
            changes["started_us"] = fact.at_us
        elif isinstance(fact, SessionEnded):
            changes["ended_us"] = fact.at_us
            changes["end_reason"] = fact.reason
    yield (
        update(sessions)
        .where(sessions.c.site_id == session.site_id, sessions.c.id == session.id)
        .values(changes)
    )
