"""Tables of mentorships and the plans over them. Nobody else names them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import Column, ForeignKeyConstraint, Index, Table, Text, UniqueConstraint, select

from protocol.registry import Scope
from protocol.types import Role
from runtime.database import Micros, Plan, Rows, insert, metadata

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
    Column("person_id", Text, primary_key=True),
    Column("role", Text, nullable=False),
    ForeignKeyConstraint(["site_id", "mentorship_id"], ["mentorships.site_id", "mentorships.id"]),
    Index(None, "site_id", "person_id"),
)


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


def find(site_id: str, scope: Scope, id_: str) -> Plan[Mentorship | None]:
    """The mentorship that a mentorship, conversation or room id belongs to."""
    rows = yield _WITH_MEMBERS.where(mentorships.c.site_id == site_id, _KEY[scope] == id_)
    found = _collect(rows)
    return found[0] if found else None


def of_person(site_id: str, person: str) -> Plan[list[Mentorship]]:
    """All of a person's mentorships, oldest first."""
    mine = select(members.c.mentorship_id).where(
        members.c.site_id == site_id, members.c.person_id == person
    )
    rows = yield _WITH_MEMBERS.where(mentorships.c.site_id == site_id, mentorships.c.id.in_(mine))
    return _collect(rows)


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
