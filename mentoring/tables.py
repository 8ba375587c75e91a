"""Tables of mentorships, what is agreed and planned in them, and the plans over them. Nobody else
names them.

`agreements` and `agreement_answers` can only be added to (triggers refuse the rest): a version, and
the one answer that closed it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import (
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    update,
)

from mentoring.sansio.agreements import Agreement
from mentoring.sansio.meetings import LONGEST_US, REACH_US, Meeting
from protocol.registry import Scope
from protocol.terms import DAY_US, Terms
from protocol.types import INT_MAX, MeetingState, ProposalState, Role
from runtime.database import (
    AnyRow,
    Micros,
    Plan,
    Prepared,
    Rows,
    among,
    insert,
    listed,
    metadata,
    names,
    read_by,
)

_STATE_OF_TERMS = read_by(partial(msgspec.convert, type=ProposalState))
_STATE_OF_A_MEETING = read_by(partial(msgspec.convert, type=MeetingState))

mentorships = Table(
    "mentorships",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("conversation_id", Text, nullable=False),
    Column("room_id", Text, nullable=False),
    Column("created_us", Micros, nullable=False),
    UniqueConstraint("site_id", "conversation_id"),
    UniqueConstraint("site_id", "room_id"),
)
members = Table(
    "members",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("mentorship_id", Text, primary_key=True),
    Column("person_id", Text, primary_key=True, info=names("persons")),
    Column("role", Text, nullable=False, info=read_by(partial(msgspec.convert, type=Role))),
    ForeignKeyConstraint(["site_id", "mentorship_id"], ["mentorships.site_id", "mentorships.id"]),
    Index(None, "site_id", "person_id"),
)
agreements = Table(
    "agreements",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("mentorship_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("terms", Text, nullable=False, info=read_by(msgspec.json.Decoder(Terms).decode)),
    Column("proposed_by", Text, nullable=False, info=names("persons")),
    Column("proposed_us", Micros, nullable=False),
    Column("asked_from_us", Micros),
    ForeignKeyConstraint(["site_id", "mentorship_id"], ["mentorships.site_id", "mentorships.id"]),
)
agreement_answers = Table(
    "agreement_answers",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("mentorship_id", Text, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("state", Text, nullable=False, info=_STATE_OF_TERMS),
    Column("person_id", Text, nullable=False, info=names("persons")),
    Column("at_us", Micros, nullable=False),
    Column("valid_from_us", Micros),
    ForeignKeyConstraint(
        ["site_id", "mentorship_id", "version"],
        ["agreements.site_id", "agreements.mentorship_id", "agreements.version"],
    ),
)
meetings = Table(
    "meetings",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("mentorship_id", Text, nullable=False),
    Column("start_us", Micros, nullable=False),
    Column("length_us", Micros, nullable=False),
    Column("zone", Text, nullable=False, info=read_by(ZoneInfo)),
    Column("person_id", Text, nullable=False, info=names("persons")),
    Column("state", Text, nullable=False, info=_STATE_OF_A_MEETING),
    Column("told_us", Micros, nullable=False),
    Column("told_by", Text, nullable=False, info=names("persons")),
    ForeignKeyConstraint(["site_id", "mentorship_id"], ["mentorships.site_id", "mentorships.id"]),
    Index(None, "site_id", "mentorship_id", "start_us"),
)
KEPT = (agreements, agreement_answers)


@dataclass(frozen=True, slots=True)
class Mentorship:
    """A relationship: its conversation, its room, and who is in it in which role."""

    site_id: str
    id: str
    conversation: str
    room: str
    created_us: int
    roles: Mapping[str, Role]


def add(mentorship: Mentorship) -> Plan[None]:
    yield insert(mentorships).values(
        site_id=mentorship.site_id,
        id=mentorship.id,
        conversation_id=mentorship.conversation,
        room_id=mentorship.room,
        created_us=mentorship.created_us,
    )
    for person, role in mentorship.roles.items():
        yield insert(members).values(
            site_id=mentorship.site_id, mentorship_id=mentorship.id, person_id=person, role=role
        )


_KEY = {
    "mentorship": mentorships.c.id,
    "conversation": mentorships.c.conversation_id,
    "room": mentorships.c.room_id,
}
_WITH_MEMBERS = (
    select(
        mentorships.c.site_id,
        mentorships.c.id,
        mentorships.c.conversation_id,
        mentorships.c.room_id,
        mentorships.c.created_us,
        members.c.person_id,
        members.c.role,
    )
    .join(
        members,
        (members.c.site_id == mentorships.c.site_id)
        & (members.c.mentorship_id == mentorships.c.id),
    )
    .order_by(mentorships.c.created_us, mentorships.c.id, members.c.role)
)


_FIND = {
    scope: Prepared(
        _WITH_MEMBERS.where(mentorships.c.site_id == bindparam("site_id"), key == bindparam("id"))
    )
    for scope, key in _KEY.items()
}
# That the role matters keeps SQLite from going through the key, which has all else, of every member
# of the site: it looks each person up in the index.
_THEIRS = select(members.c.mentorship_id).where(
    members.c.site_id == bindparam("site_id"),
    among(members.c.person_id, "persons"),
    members.c.role != literal_column("''"),
)
_OF_PERSONS = Prepared(
    _WITH_MEMBERS.where(
        mentorships.c.site_id == bindparam("site_id"),
        mentorships.c.id.in_(_THEIRS),
    ),
    together=True,
)


def find(site_id: str, scope: Scope, id_: str) -> Plan[Mentorship | None]:
    """The mentorship that a mentorship, conversation or room id belongs to."""
    rows = yield _FIND[scope](site_id=site_id, id=id_)
    found = _collect(rows)
    return found[0] if found else None


def of_persons(site_id: str, persons: Sequence[str]) -> Plan[dict[str, list[Mentorship]]]:
    """All of each person's mentorships, oldest first."""
    rows = yield _OF_PERSONS(site_id=site_id, persons=listed(persons))
    found: dict[str, list[Mentorship]] = {person: [] for person in persons}
    for mentorship in _collect(rows):
        for person in mentorship.roles.keys() & found.keys():
            found[person].append(mentorship)
    return found


def any_at(site_id: str) -> Plan[bool]:
    """Whether the site has any mentorship yet."""
    rows = yield select(mentorships.c.id).where(mentorships.c.site_id == site_id).limit(1)
    return bool(rows)


def _collect(rows: Rows) -> list[Mentorship]:
    roles: dict[str, dict[str, Role]] = {}
    found: dict[str, Mentorship] = {}
    for row in rows:
        roles.setdefault(row.id, {})[row.person_id] = row.role
        found[row.id] = Mentorship(
            row.site_id,
            row.id,
            row.conversation_id,
            row.room_id,
            row.created_us,
            MappingProxyType(roles[row.id]),
        )
    return list(found.values())


def claim(site_id: str, mentorship: str) -> Plan[None]:
    """Whatever is agreed or planned in one mentorship is decided one after the other."""
    yield (
        select(mentorships.c.id)
        .where(mentorships.c.site_id == site_id, mentorships.c.id == mentorship)
        .with_for_update()
    )


# ---- agreements --------------------------------------------------------------------------------

_AGREEMENT = select(
    agreements.c.mentorship_id,
    agreements.c.version,
    agreements.c.terms,
    agreements.c.proposed_by,
    agreements.c.proposed_us,
    agreements.c.asked_from_us,
    agreement_answers.c.state,
    agreement_answers.c.person_id,
    agreement_answers.c.at_us,
).outerjoin(
    agreement_answers,
    (agreement_answers.c.site_id == agreements.c.site_id)
    & (agreement_answers.c.mentorship_id == agreements.c.mentorship_id)
    & (agreement_answers.c.version == agreements.c.version),
)


def add_agreement(site_id: str, agreement: Agreement) -> Plan[None]:
    yield insert(agreements).values(
        site_id=site_id,
        mentorship_id=agreement.mentorship,
        version=agreement.version,
        terms=msgspec.json.encode(agreement.terms).decode(),
        proposed_by=agreement.proposed_by,
        proposed_us=agreement.proposed_us,
        asked_from_us=agreement.asked_from_us,
    )


def add_answer(site_id: str, agreement: Agreement) -> Plan[None]:
    """How a version stopped being open."""
    yield insert(agreement_answers).values(
        site_id=site_id,
        mentorship_id=agreement.mentorship,
        version=agreement.version,
        state=agreement.state,
        person_id=agreement.answered_by,
        at_us=agreement.answered_us,
        valid_from_us=agreement.valid_from_us,
    )


def agreement(site_id: str, mentorship: str, version: int) -> Plan[Agreement | None]:
    rows = yield _AGREEMENT.where(
        agreements.c.site_id == site_id,
        agreements.c.mentorship_id == mentorship,
        agreements.c.version == version,
    )
    return _as_agreement(rows[0]) if rows else None


def latest_agreement(site_id: str, mentorship: str) -> Plan[Agreement | None]:
    found = yield from page_of_agreements(site_id, mentorship, None, 1)
    return found[0] if found else None


def page_of_agreements(
    site_id: str, mentorship: str, before: int | None, limit: int
) -> Plan[list[Agreement]]:
    """At most `limit` versions before version `before`, newest first."""
    chosen = _AGREEMENT.where(
        agreements.c.site_id == site_id, agreements.c.mentorship_id == mentorship
    )
    if before is not None:
        chosen = chosen.where(agreements.c.version < min(before, 2**31 - 1))
    rows = yield chosen.order_by(agreements.c.version.desc()).limit(limit)
    return [_as_agreement(row) for row in rows]


def _standing_agreements() -> Prepared:
    later, valid = agreements.alias("later"), agreement_answers.alias("valid")
    latest = (
        select(func.max(later.c.version))
        .where(
            later.c.site_id == agreements.c.site_id,
            later.c.mentorship_id == agreements.c.mentorship_id,
        )
        .scalar_subquery()
    )
    in_force = (
        select(func.max(valid.c.version))
        .where(
            valid.c.site_id == agreements.c.site_id,
            valid.c.mentorship_id == agreements.c.mentorship_id,
            valid.c.valid_from_us <= bindparam("at_us"),
        )
        .scalar_subquery()
    )
    return Prepared(
        _AGREEMENT.where(
            agreements.c.site_id == bindparam("site_id"),
            among(agreements.c.mentorship_id, "ids"),
            or_(agreements.c.version == latest, agreements.c.version == in_force),
        )
    )


_STANDING_AGREEMENTS = _standing_agreements()


def standing_agreements(
    site_id: str, ids: Sequence[str], at_us: int
) -> Plan[dict[str, list[Agreement]]]:
    """Of each mentorship what is in force at a moment, and its latest version."""
    rows = yield _STANDING_AGREEMENTS(site_id=site_id, ids=listed(ids), at_us=at_us)
    found: dict[str, list[Agreement]] = {id_: [] for id_ in ids}
    for row in rows:
        found[row.mentorship_id].append(_as_agreement(row))
    return found


def _as_agreement(row: AnyRow) -> Agreement:
    return Agreement(
        mentorship=row.mentorship_id,
        version=row.version,
        terms=msgspec.json.decode(row.terms, type=Terms),
        proposed_by=row.proposed_by,
        proposed_us=row.proposed_us,
        asked_from_us=row.asked_from_us,
        state=row.state or "open",
        answered_by=row.person_id,
        answered_us=row.at_us,
    )


# ---- meetings ----------------------------------------------------------------------------------

_MEETING = select(
    meetings.c.id,
    meetings.c.mentorship_id,
    meetings.c.start_us,
    meetings.c.length_us,
    meetings.c.zone,
    meetings.c.person_id,
    meetings.c.told_us,
    meetings.c.told_by,
    meetings.c.state,
)


def add_meeting(site_id: str, meeting: Meeting) -> Plan[None]:
    yield insert(meetings).values(
        site_id=site_id,
        id=meeting.id,
        mentorship_id=meeting.mentorship,
        start_us=meeting.start_us,
        length_us=meeting.length_us,
        zone=meeting.zone,
        person_id=meeting.by,
        state=meeting.state,
        told_us=meeting.told_us,
        told_by=meeting.told_by,
    )


def change_meeting(site_id: str, meeting: Meeting) -> Plan[None]:
    yield (
        update(meetings)
        .where(meetings.c.site_id == site_id, meetings.c.id == meeting.id)
        .values(
            start_us=meeting.start_us,
            length_us=meeting.length_us,
            state=meeting.state,
            told_us=meeting.told_us,
            told_by=meeting.told_by,
        )
    )


def meeting(site_id: str, mentorship: str, id_: str) -> Plan[Meeting | None]:
    rows = yield _MEETING.where(
        meetings.c.site_id == site_id,
        meetings.c.mentorship_id == mentorship,
        meetings.c.id == id_,
    )
    return _as_meeting(rows[0]) if rows else None


def meetings_between(
    site_id: str, mentorship: str, from_us: int, to_us: int
) -> Plan[list[Meeting]]:
    """The planned meetings that begin in [from, to]."""
    rows = yield _MEETING.where(
        meetings.c.site_id == site_id,
        meetings.c.mentorship_id == mentorship,
        meetings.c.start_us.between(from_us, to_us),
        meetings.c.state == "planned",
    )
    return [_as_meeting(row) for row in rows]


def meetings_to_come(site_id: str, mentorship: str, after_us: int) -> Plan[list[Meeting]]:
    """The planned meetings that begin after a moment."""
    rows = yield _MEETING.where(
        meetings.c.site_id == site_id,
        meetings.c.mentorship_id == mentorship,
        meetings.c.start_us > after_us,
        meetings.c.state == "planned",
    )
    return [_as_meeting(row) for row in rows]


def page_of_meetings(
    site_id: str, mentorship: str, after_us: int, limit: int
) -> Plan[list[Meeting]]:
    """Meetings that end after a moment, the earliest end first: `limit`, and what else ends when
    the last of them does, so that who asks on by that moment misses none."""
    end_us = meetings.c.start_us + meetings.c.length_us
    earliest_first = end_us, meetings.c.start_us, meetings.c.id
    wanted = _MEETING.where(
        meetings.c.site_id == site_id,
        meetings.c.mentorship_id == mentorship,
        meetings.c.start_us > after_us - LONGEST_US,
        end_us > after_us,
    )
    last_us = (
        wanted.with_only_columns(end_us)
        .order_by(*earliest_first)
        .offset(limit - 1)
        .limit(1)
        .correlate(None)
        .scalar_subquery()
    )
    page = wanted.where(end_us <= func.coalesce(last_us, INT_MAX))
    rows = yield page.order_by(*earliest_first)
    return [_as_meeting(row) for row in rows]


def _standing_meetings() -> Prepared:
    coming = meetings.alias("coming")
    following = (
        select(func.min(coming.c.start_us))
        .where(
            coming.c.site_id == meetings.c.site_id,
            coming.c.mentorship_id == meetings.c.mentorship_id,
            coming.c.start_us > bindparam("at_us"),
            coming.c.state == "planned",
        )
        .scalar_subquery()
    )
    return Prepared(
        _MEETING.where(
            meetings.c.site_id == bindparam("site_id"),
            among(meetings.c.mentorship_id, "ids"),
            meetings.c.state == "planned",
            meetings.c.start_us > bindparam("after_us"),
            or_(meetings.c.start_us < bindparam("before_us"), meetings.c.start_us == following),
        )
    )


_STANDING_MEETINGS = _standing_meetings()


def standing_meetings(
    site_id: str, ids: Sequence[str], at_us: int
) -> Plan[dict[str, list[Meeting]]]:
    """Of each mentorship the planned meetings that a moment may belong to, and the next one."""
    rows = yield _STANDING_MEETINGS(
        site_id=site_id,
        ids=listed(ids),
        at_us=at_us,
        after_us=at_us - REACH_US,
        before_us=at_us + DAY_US,
    )
    found: dict[str, list[Meeting]] = {id_: [] for id_ in ids}
    for row in rows:
        found[row.mentorship_id].append(_as_meeting(row))
    return found


def _as_meeting(row: AnyRow) -> Meeting:
    return Meeting(
        id=row.id,
        mentorship=row.mentorship_id,
        start_us=row.start_us,
        length_us=row.length_us,
        zone=row.zone,
        by=row.person_id,
        told_us=row.told_us,
        told_by=row.told_by,
        state=row.state,
    )
