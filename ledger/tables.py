"""Tables of sessions, their facts and what they come to, and the plans over them. Nobody else names
them.

`ledger_facts` is the source: it can only be added to (triggers refuse the rest), and its records
are chained. `sessions` is an index over it, `statement_lines` what was computed from it: both can
be computed again. What people wrote is beside it (note_tables.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Index,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    text,
    update,
)

from ledger.sansio.chain import Record, link, origin
from ledger.sansio.intervals import Interval
from ledger.sansio.settlement import line_of
from protocol.bill import Bill
from protocol.facts import (
    MeetingApplied,
    MeetingWithdrawn,
    SessionEnded,
    SessionFact,
    SessionSettled,
    SessionStarted,
)
from protocol.types import EndReason
from protocol.views import SettlementState
from runtime.database import AnyRow, Micros, Plan, Prepared, among, insert, listed, metadata

sessions = Table(
    "sessions",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("mentorship_id", Text, nullable=False),
    Column("room_id", Text, nullable=False),
    Column("mentor_id", Text, nullable=False),
    Column("mentee_id", Text, nullable=False),
    Column("meeting_id", Text),
    Column("created_us", Micros, nullable=False),
    Column("started_us", Micros),
    Column("ended_us", Micros),
    Column("end_reason", Text),
    Column("settlement", Text),
    Column("facts", Integer, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Index(None, "site_id", "mentorship_id", "created_us"),
    Index(None, "site_id", "meeting_id"),
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
    Column("hash", LargeBinary, nullable=False),
    sqlite_with_rowid=False,
)
statement_lines = Table(
    "statement_lines",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("session_id", Text, primary_key=True),
    Column("revision", Integer, primary_key=True),
    Column("mentorship_id", Text, nullable=False),
    Column("mentor_id", Text, nullable=False),
    Column("mentee_id", Text, nullable=False),
    Column("at_us", Micros, nullable=False),
    Column("facts", Integer, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("kid", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("bill", LargeBinary, nullable=False),
    Column("settled_us", Micros, nullable=False),
    Index(None, "site_id", "mentor_id", "at_us"),
    Index(None, "site_id", "mentee_id", "at_us"),
)
KEPT = (ledger_facts, statement_lines)  # can only be added to


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session's index entry; `facts` is how many it has, `head` the hash of the last."""

    site_id: str
    id: str
    mentorship: str
    room: str
    mentor: str
    mentee: str
    meeting: str | None
    created_us: int
    started_us: int | None
    ended_us: int | None
    end_reason: EndReason | None
    settlement: str | None
    facts: int
    head: bytes

    @property
    def members(self) -> tuple[str, str]:
        return self.mentor, self.mentee


@dataclass(frozen=True, slots=True)
class Stamp:
    """When and where a fact was written down: both clocks, and the run of the server."""

    wall_us: int
    monotonic_us: int
    boot: str


@dataclass(frozen=True, slots=True)
class Chained:
    """A record as it is kept, and its hash."""

    record: Record
    hash: bytes


@dataclass(frozen=True, slots=True)
class LineRow:
    """What a session comes to, signed: `facts` is the place of the settlement among its facts, and
    `head` that fact's hash. `at_us` is when the session began."""

    site_id: str
    session: str
    revision: int
    mentorship: str
    mentor: str
    mentee: str
    at_us: int
    facts: int
    head: bytes
    kid: str
    signature: bytes
    bill: Bill
    settled_us: int


_SESSION = select(
    sessions.c.site_id,
    sessions.c.id,
    sessions.c.mentorship_id,
    sessions.c.room_id,
    sessions.c.mentor_id,
    sessions.c.mentee_id,
    sessions.c.meeting_id,
    sessions.c.created_us,
    sessions.c.started_us,
    sessions.c.ended_us,
    sessions.c.end_reason,
    sessions.c.settlement,
    sessions.c.facts,
    sessions.c.head,
)
_decode = msgspec.msgpack.Decoder[SessionFact](SessionFact).decode
_decode_bill = msgspec.msgpack.Decoder(Bill).decode


def _as_session(row: AnyRow) -> SessionRow:
    return SessionRow(*row)


def fresh(
    site_id: str, id_: str, mentorship: str, room: str, members: Sequence[str], now_us: int
) -> SessionRow:
    """A session without a fact yet."""
    mentor, mentee = members
    return SessionRow(
        site_id=site_id,
        id=id_,
        mentorship=mentorship,
        room=room,
        mentor=mentor,
        mentee=mentee,
        meeting=None,
        created_us=now_us,
        started_us=None,
        ended_us=None,
        end_reason=None,
        settlement=None,
        facts=0,
        head=origin(id_),
    )


def _claiming(site_id: str, mine: ColumnElement[bool]) -> Select[Any]:
    """Locks one session's row, and those of the others of its meeting that are settled: what it
    comes to depends on them, and the other way round. In one order for all, so that nobody waits
    for somebody who waits for them."""
    its_meeting = (
        select(sessions.c.meeting_id)
        .where(sessions.c.site_id == site_id, mine)
        .correlate(None)
        .scalar_subquery()
    )
    others = (sessions.c.meeting_id == its_meeting) & sessions.c.settlement.is_not(None)
    return (
        _SESSION.where(sessions.c.site_id == site_id, mine | others)
        .order_by(sessions.c.id)
        .with_for_update()
    )


def claim_running(site_id: str, room: str, new: SessionRow) -> Plan[SessionRow]:
    """The room's running session, or `new` when it has none; its row is locked till the end of
    the transaction, so that facts of one session are decided one after the other."""
    begin = (
        insert(sessions)
        .values(
            site_id=site_id,
            id=new.id,
            mentorship_id=new.mentorship,
            room_id=room,
            mentor_id=new.mentor,
            mentee_id=new.mentee,
            created_us=new.created_us,
            facts=0,
            head=new.head,
        )
        .on_conflict_do_nothing()
    )
    running_one = _claiming(site_id, (sessions.c.room_id == room) & sessions.c.ended_us.is_(None))
    while True:
        yield begin
        for row in (yield running_one):
            if row.room_id == room and row.ended_us is None:
                return _as_session(row)
        # The one that was in the way has ended while we waited for its row.


def take_back(new: SessionRow) -> Plan[None]:
    """A claimed session that got no fact in this transaction never was."""
    yield delete(sessions).where(
        sessions.c.site_id == new.site_id, sessions.c.id == new.id, sessions.c.facts == 0
    )


def claim(site_id: str, id_: str) -> Plan[SessionRow | None]:
    """A session by id, its row locked till the end of the transaction."""
    rows = yield _claiming(site_id, sessions.c.id == id_)
    return next((_as_session(row) for row in rows if row.id == id_), None)


def by_id(site_id: str, id_: str) -> Plan[SessionRow | None]:
    rows = yield _SESSION.where(sessions.c.site_id == site_id, sessions.c.id == id_)
    return _as_session(rows[0]) if rows else None


_RUNNING = Prepared(
    _SESSION.where(
        sessions.c.site_id == bindparam("site_id"),
        among(sessions.c.room_id, "rooms"),
        sessions.c.ended_us.is_(None),
    )
)


def running(site_id: str, rooms: Sequence[str]) -> Plan[list[SessionRow]]:
    """The sessions of these rooms that have not ended."""
    rows = yield _RUNNING(site_id=site_id, rooms=listed(rooms))
    return [_as_session(row) for row in rows]


def met(site_id: str, meeting: str) -> Plan[bool]:
    """Whether a session that was, or is, that meeting has started."""
    started = select(sessions.c.id).where(sessions.c.started_us.is_not(None)).limit(1)
    rows = yield started.where(sessions.c.site_id == site_id, sessions.c.meeting_id == meeting)
    return bool(rows)


def beside(row: SessionRow, meeting: str, span: Interval) -> Plan[list[SessionRow]]:
    """The sessions other than that one that were the meeting, or ran in its room during the
    span."""
    from_us, to_us = span
    ran = (
        (sessions.c.mentorship_id == row.mentorship)
        & (sessions.c.room_id == row.room)
        & (sessions.c.created_us < to_us)
        & (sessions.c.ended_us > from_us)
    )
    rows = yield _SESSION.where(
        sessions.c.site_id == row.site_id,
        sessions.c.id != row.id,
        (sessions.c.meeting_id == meeting) | ran,
    )
    return [_as_session(row) for row in rows]


def of_mentorships(
    site_id: str, mentorships: Sequence[str], before_us: int | None, limit: int
) -> Plan[list[SessionRow]]:
    """Newest first: `limit`, and what else began at the moment at which the last of them did, so
    that who asks on by that moment misses none."""
    wanted = _SESSION.where(
        sessions.c.site_id == site_id, sessions.c.mentorship_id.in_(mentorships)
    )
    if before_us is not None:
        wanted = wanted.where(sessions.c.created_us < before_us)
    newest_first = sessions.c.created_us.desc(), sessions.c.id.desc()
    last_us = (
        wanted.with_only_columns(sessions.c.created_us)
        .order_by(*newest_first)
        .offset(limit - 1)
        .limit(1)
        .correlate(None)
        .scalar_subquery()
    )
    page = wanted.where(sessions.c.created_us >= func.coalesce(last_us, 0))
    rows = yield page.order_by(*newest_first)
    return [_as_session(row) for row in rows]


def not_ended() -> Plan[list[SessionRow]]:
    """Of all sites: what the sweeper looks at."""
    rows = yield _SESSION.where(sessions.c.ended_us.is_(None)).execution_options(
        all_sites="the sweeper closes what is over on every site"
    )
    return [_as_session(row) for row in rows]


def all_after(site_id: str, id_: str, limit: int) -> Plan[list[SessionRow]]:
    """All sessions in the order of (site, id), from beyond the given one on."""
    after = (sessions.c.site_id > site_id) | (
        (sessions.c.site_id == site_id) & (sessions.c.id > id_)
    )
    rows = yield (
        _SESSION.where(after)
        .order_by(sessions.c.site_id, sessions.c.id)
        .limit(limit)
        .execution_options(all_sites="the nightly check computes every session again")
    )
    return [_as_session(row) for row in rows]


# ---- facts ---------------------------------------------------------------------------------------


def facts_of(site_id: str, session: str) -> Plan[list[SessionFact]]:
    rows = yield (
        select(ledger_facts.c.fact)
        .where(ledger_facts.c.site_id == site_id, ledger_facts.c.session_id == session)
        .order_by(ledger_facts.c.seq)
    )
    return [_decode(row.fact) for row in rows]


def facts_of_many(site_id: str, ids: Sequence[str]) -> Plan[dict[str, list[SessionFact]]]:
    rows = yield (
        select(ledger_facts.c.session_id, ledger_facts.c.fact)
        .where(ledger_facts.c.site_id == site_id, ledger_facts.c.session_id.in_(ids))
        .order_by(ledger_facts.c.session_id, ledger_facts.c.seq)
    )
    found: dict[str, list[SessionFact]] = {id_: [] for id_ in ids}
    for row in rows:
        found[row.session_id].append(_decode(row.fact))
    return found


def records_of(site_id: str, session: str) -> Plan[list[Chained]]:
    """The records of a session with their hashes, as they are kept."""
    rows = yield (
        select(
            ledger_facts.c.seq,
            ledger_facts.c.wall_us,
            ledger_facts.c.monotonic_us,
            ledger_facts.c.boot,
            ledger_facts.c.fact,
            ledger_facts.c.hash,
        )
        .where(ledger_facts.c.site_id == site_id, ledger_facts.c.session_id == session)
        .order_by(ledger_facts.c.seq)
    )
    return [
        Chained(
            Record(row.seq, row.wall_us, row.monotonic_us, row.boot, bytes(row.fact)),
            bytes(row.hash),
        )
        for row in rows
    ]


def indexed(row: SessionRow, facts: Sequence[SessionFact]) -> SessionRow:
    """A session's index entry, by all of its facts."""
    for fact in facts:
        match fact:
            case MeetingApplied():
                row = replace(row, meeting=fact.meeting)
            case MeetingWithdrawn():
                row = replace(row, meeting=None)
            case SessionStarted():
                row = replace(row, started_us=fact.at_us)
            case SessionEnded():
                row = replace(row, ended_us=fact.at_us, end_reason=fact.reason)
            case _:
                pass
    line = line_of(row.id, facts)
    return replace(row, settlement=line.phase if line.settled else None)


def append(
    session: SessionRow, before: Sequence[SessionFact], new: Sequence[SessionFact], stamp: Stamp
) -> Plan[tuple[SessionRow, list[bytes]]]:
    """Adds facts to a session whose row this transaction has claimed, and whose facts so far are
    `before`; returns the row as it is now, and each new fact's hash."""
    row, hashes = session, list[bytes]()
    for fact in new:
        payload = msgspec.msgpack.encode(fact)
        record = Record(row.facts + 1, stamp.wall_us, stamp.monotonic_us, stamp.boot, payload)
        row = replace(row, facts=record.seq, head=link(row.head, record))
        hashes.append(row.head)
        yield insert(ledger_facts).values(
            site_id=row.site_id,
            session_id=row.id,
            seq=record.seq,
            wall_us=record.wall_us,
            monotonic_us=record.monotonic_us,
            boot=record.boot,
            fact=record.fact,
            hash=row.head,
        )
    row = indexed(row, [*before, *new])
    yield (
        update(sessions)
        .where(sessions.c.site_id == row.site_id, sessions.c.id == row.id)
        .values(
            meeting_id=row.meeting,
            started_us=row.started_us,
            ended_us=row.ended_us,
            end_reason=row.end_reason,
            settlement=row.settlement,
            facts=row.facts,
            head=row.head,
        )
    )
    return row, hashes


# ---- what sessions come to -----------------------------------------------------------------------

_LINE = select(
    statement_lines.c.site_id,
    statement_lines.c.session_id,
    statement_lines.c.revision,
    statement_lines.c.mentorship_id,
    statement_lines.c.mentor_id,
    statement_lines.c.mentee_id,
    statement_lines.c.at_us,
    statement_lines.c.facts,
    statement_lines.c.head,
    statement_lines.c.kid,
    statement_lines.c.signature,
    statement_lines.c.bill,
    statement_lines.c.settled_us,
)


def _as_line(row: AnyRow) -> LineRow:
    return LineRow(
        site_id=row.site_id,
        session=row.session_id,
        revision=row.revision,
        mentorship=row.mentorship_id,
        mentor=row.mentor_id,
        mentee=row.mentee_id,
        at_us=row.at_us,
        facts=row.facts,
        head=bytes(row.head),
        kid=row.kid,
        signature=bytes(row.signature),
        bill=_decode_bill(row.bill),
        settled_us=row.settled_us,
    )


def add_line(
    row: SessionRow, settled: SessionSettled, seq: int, head: bytes, kid: str, signature: bytes
) -> Plan[None]:
    """The line of a settlement that was just appended to a session as its fact number `seq`."""
    yield insert(statement_lines).values(
        site_id=row.site_id,
        session_id=row.id,
        revision=settled.revision,
        mentorship_id=row.mentorship,
        mentor_id=row.mentor,
        mentee_id=row.mentee,
        at_us=row.created_us if row.started_us is None else row.started_us,
        facts=seq,
        head=head,
        kid=kid,
        signature=signature,
        bill=msgspec.msgpack.encode(settled.bill),
        settled_us=settled.at_us,
    )


def lines_of(site_id: str, ids: Sequence[str]) -> Plan[dict[str, LineRow]]:
    """The current line of each session that has one."""
    rows = yield (
        _LINE.where(
            statement_lines.c.site_id == site_id, statement_lines.c.session_id.in_(ids)
        ).order_by(statement_lines.c.revision)
    )
    return {row.session_id: _as_line(row) for row in rows}


def settled_of_meeting(site_id: str, meeting: str, but: str) -> Plan[list[Bill]]:
    """What the sessions other than `but` that were that meeting are settled at. Their rows are
    locked till the end of the transaction (of a session that was claimed, they are already), so
    that of two that are settled at once the later one knows of the earlier; one that is not settled
    yet looks for itself when it is."""
    rows = yield (
        select(sessions.c.id)
        .where(
            sessions.c.site_id == site_id,
            sessions.c.meeting_id == meeting,
            sessions.c.id != but,
            sessions.c.settlement.is_not(None),
        )
        .order_by(sessions.c.id)
        .with_for_update()
    )
    lines = yield from lines_of(site_id, [row.id for row in rows])
    return [line.bill for line in lines.values()]


def all_lines_of(site_id: str, session: str) -> Plan[list[LineRow]]:
    """Every line that a session has had, the current one last."""
    rows = yield _LINE.where(
        statement_lines.c.site_id == site_id, statement_lines.c.session_id == session
    ).order_by(statement_lines.c.revision)
    return [_as_line(row) for row in rows]


def statement(
    site_id: str, person: str, as_mentor: bool, from_us: int, to_us: int
) -> Plan[list[tuple[LineRow, SettlementState]]]:
    """The current lines of the sessions that began in [from, to), oldest first, each with how its
    session stands."""
    side = statement_lines.c.mentor_id if as_mentor else statement_lines.c.mentee_id
    newest = (
        select(statement_lines.c.session_id, func.max(statement_lines.c.revision).label("revision"))
        .where(
            statement_lines.c.site_id == site_id,
            side == person,
            statement_lines.c.at_us >= from_us,
            statement_lines.c.at_us < to_us,
        )
        .group_by(statement_lines.c.session_id)
        .subquery()
    )
    rows = yield (
        _LINE.add_columns(sessions.c.settlement)
        .join(
            newest,
            (newest.c.session_id == statement_lines.c.session_id)
            & (newest.c.revision == statement_lines.c.revision),
        )
        .join(
            sessions,
            (sessions.c.site_id == statement_lines.c.site_id)
            & (sessions.c.id == statement_lines.c.session_id),
        )
        .where(statement_lines.c.site_id == site_id)
        .order_by(statement_lines.c.at_us, statement_lines.c.session_id)
    )
    return [(_as_line(row), row.settlement) for row in rows]
