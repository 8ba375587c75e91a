"""Tables of what was said after sessions, and of who spoke in them, and the plans over them. Nobody
else names them.

`talks` holds a row for each session that either is about; whoever changes something takes it first,
so that the two cannot pass each other.
"""

from collections.abc import Mapping, Sequence
from functools import partial

import msgspec
from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Select,
    Table,
    Text,
    delete,
    select,
    update,
)

from mentoring.sansio.reflection import Reflection, Words, erase
from mentoring.sansio.talk import add, minutes_of
from protocol.types import Rating, VoiceSlots
from runtime.database import AnyRow, Micros, Plan, insert, metadata, names, read_by

talks = Table(
    "talks",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("session_id", Text, primary_key=True),
    Column("mentorship_id", Text, nullable=False),
    Column("ended_us", Micros),
    ForeignKeyConstraint(["site_id", "mentorship_id"], ["mentorships.site_id", "mentorships.id"]),
    Index(None, "site_id", "mentorship_id", "session_id"),
)
reflections = Table(
    "reflections",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("session_id", Text, primary_key=True),
    Column("person_id", Text, primary_key=True, info=names("persons")),
    Column("useful", Text, nullable=False),
    Column("next", Text, nullable=False),
    Column("rating", Integer, info=read_by(partial(msgspec.convert, type=Rating))),
    Column("private", Text, nullable=False),
    Column("saved_us", Micros),
    Column("answered_us", Micros),
    Column("shared_us", Micros),
    Column("dismissed_us", Micros),
    ForeignKeyConstraint(["site_id", "session_id"], ["talks.site_id", "talks.session_id"]),
    Index(None, "site_id", "person_id"),
)
voices = Table(
    "voices",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("session_id", Text, primary_key=True),
    Column("person_id", Text, primary_key=True, info=names("persons")),
    Column("minute", Integer, primary_key=True),
    Column("slots", Text, nullable=False, info=read_by(partial(msgspec.convert, type=VoiceSlots))),
    ForeignKeyConstraint(["site_id", "session_id"], ["talks.site_id", "talks.session_id"]),
    Index(None, "site_id", "person_id"),
)


def naming() -> Select[tuple[str, str]]:
    """The site and the session of each that is kept here."""
    return select(talks.c.site_id, talks.c.session_id)


def claim(site_id: str, session: str, mentorship: str) -> Plan[None]:
    """Makes a session's row if there is none, and holds it until the transaction is over."""
    yield (
        insert(talks)
        .values(site_id=site_id, session_id=session, mentorship_id=mentorship, ended_us=None)
        .on_conflict_do_update(
            index_elements=["site_id", "session_id"],
            set_={"mentorship_id": talks.c.mentorship_id},
        )
    )


def end(site_id: str, session: str, ended_us: int) -> Plan[bool]:
    """The session of this row is over, and was long enough to be asked about. Whether that is
    news."""
    rows = yield (
        update(talks)
        .where(
            talks.c.site_id == site_id, talks.c.session_id == session, talks.c.ended_us.is_(None)
        )
        .values(ended_us=ended_us)
        .returning(talks.c.session_id)
    )
    return bool(rows)


def latest_ended(site_id: str, mentorship: str) -> Plan[tuple[str, int] | None]:
    """The last session that both may be asked about, and when it ended."""
    rows = yield (
        select(talks.c.session_id, talks.c.ended_us)
        .where(
            talks.c.site_id == site_id,
            talks.c.mentorship_id == mentorship,
            talks.c.ended_us.is_not(None),
        )
        .order_by(talks.c.session_id.desc())
        .limit(1)
    )
    return (rows[0].session_id, rows[0].ended_us) if rows else None


# ---- what was said -------------------------------------------------------------------------------

_REFLECTION = select(
    reflections.c.session_id,
    reflections.c.person_id,
    reflections.c.useful,
    reflections.c.next,
    reflections.c.rating,
    reflections.c.private,
    reflections.c.saved_us,
    reflections.c.answered_us,
    reflections.c.shared_us,
    reflections.c.dismissed_us,
)


def _as_reflection(row: AnyRow) -> Reflection:
    return Reflection(
        Words(row.useful, row.next, row.rating, row.private),
        row.saved_us,
        row.answered_us,
        row.shared_us,
        row.dismissed_us,
    )


def of_session(site_id: str, session: str) -> Plan[dict[str, Reflection]]:
    """By person."""
    rows = yield _REFLECTION.where(
        reflections.c.site_id == site_id, reflections.c.session_id == session
    )
    return {row.person_id: _as_reflection(row) for row in rows}


def last_next(
    site_id: str, mentorship: str, person: str
) -> Plan[tuple[str, dict[str, Reflection]] | None]:
    """The last session of which `person` may read what either wanted to do next, and those."""
    readable = (reflections.c.person_id == person) | reflections.c.shared_us.is_not(None)
    rows = yield (
        select(reflections.c.session_id)
        .join(
            talks,
            (talks.c.site_id == reflections.c.site_id)
            & (talks.c.session_id == reflections.c.session_id),
        )
        .where(
            reflections.c.site_id == site_id,
            talks.c.mentorship_id == mentorship,
            reflections.c.next != "",
            readable,
        )
        .order_by(reflections.c.session_id.desc())
        .limit(1)
    )
    if not rows:
        return None
    session: str = rows[0].session_id
    rows = yield _REFLECTION.where(
        reflections.c.site_id == site_id, reflections.c.session_id == session, readable
    )
    return session, {row.person_id: _as_reflection(row) for row in rows}


def keep(site_id: str, session: str, person: str, mine: Reflection) -> Plan[None]:
    """In place of what was kept before."""
    values = {
        "useful": mine.words.useful,
        "next": mine.words.next,
        "rating": mine.words.rating,
        "private": mine.words.private,
        "saved_us": mine.saved_us,
        "answered_us": mine.answered_us,
        "shared_us": mine.shared_us,
        "dismissed_us": mine.dismissed_us,
    }
    yield (
        insert(reflections)
        .values(site_id=site_id, session_id=session, person_id=person, **values)
        .on_conflict_do_update(index_elements=["site_id", "session_id", "person_id"], set_=values)
    )


# ---- who spoke -----------------------------------------------------------------------------------


def hear(site_id: str, session: str, person: str, slots: Mapping[int, str]) -> Plan[None]:
    """Adds slots to a session whose row this transaction has claimed."""
    minutes = minutes_of(slots)
    rows = yield select(voices.c.minute, voices.c.slots).where(
        voices.c.site_id == site_id,
        voices.c.session_id == session,
        voices.c.person_id == person,
        voices.c.minute.in_(minutes),
    )
    kept = {row.minute: row.slots for row in rows}
    for minute in minutes:
        said = add(kept.get(minute), minute, slots)
        yield (
            insert(voices)
            .values(
                site_id=site_id, session_id=session, person_id=person, minute=minute, slots=said
            )
            .on_conflict_do_update(
                index_elements=["site_id", "session_id", "person_id", "minute"],
                set_={"slots": said},
            )
        )


def measured(site_id: str, mentorship: str, session: str, limit: int) -> Plan[list[str]]:
    """The last sessions of which anything was measured, up to this one; oldest first."""
    rows = yield (
        select(talks.c.session_id)
        .where(
            talks.c.site_id == site_id,
            talks.c.mentorship_id == mentorship,
            talks.c.session_id <= session,
            select(voices.c.minute)
            .where(voices.c.site_id == talks.c.site_id, voices.c.session_id == talks.c.session_id)
            .exists(),
        )
        .order_by(talks.c.session_id.desc())
        .limit(limit)
    )
    return [row.session_id for row in reversed(rows)]


def voices_of(site_id: str, sessions: Sequence[str]) -> Plan[dict[str, dict[str, dict[int, str]]]]:
    """By session, person and minute."""
    rows = yield select(
        voices.c.session_id, voices.c.person_id, voices.c.minute, voices.c.slots
    ).where(voices.c.site_id == site_id, voices.c.session_id.in_(sessions))
    found: dict[str, dict[str, dict[int, str]]] = {session: {} for session in sessions}
    for row in rows:
        found[row.session_id].setdefault(row.person_id, {})[row.minute] = row.slots
    return found


# ---- erasure -------------------------------------------------------------------------------------


def worded(site_id: str, person: str) -> Plan[int]:
    rows = yield _REFLECTION.where(
        reflections.c.site_id == site_id, reflections.c.person_id == person
    )
    return sum(_as_reflection(row).words != Words() for row in rows)


def forget(site_id: str, person: str) -> Plan[None]:
    """No word of a person, and nothing of their voice; that they answered stays."""
    rows = yield _REFLECTION.where(
        reflections.c.site_id == site_id, reflections.c.person_id == person
    )
    for row in rows:
        yield from keep(site_id, row.session_id, person, erase(_as_reflection(row)))
    yield delete(voices).where(voices.c.site_id == site_id, voices.c.person_id == person)
