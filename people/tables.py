"""Tables of sites, persons, keys and invitations, and their plans. Nobody else names them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    Table,
    Text,
    bindparam,
    delete,
    func,
    select,
    update,
)

from protocol.views import PersonView
from runtime.database import (
    DERIVED,
    AnyRow,
    Micros,
    Plan,
    Prepared,
    among,
    insert,
    listed,
    metadata,
    names,
    read_by,
)

KeyKind = Literal["grant", "ledger", "handle"]
Algorithm = Literal["Ed25519", "HS256"]

sites = Table(
    "sites",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("created_us", Micros, nullable=False),
)
restores = Table(
    "restores",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("at_us", Micros, nullable=False),
    info={DERIVED: True},  # of this database, not of what was put into it
)
"""When a site was last put back to what a backup held."""
persons = Table(
    "persons",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("zone", Text, nullable=False, info=read_by(ZoneInfo)),
    Column("email", Text, nullable=False),
    Column("created_us", Micros, nullable=False),
    Column("seen_us", Micros),
    Column("seen_hidden_us", Micros),
    Column("zone_given", Text, info=read_by(ZoneInfo)),
)
keys = Table(
    "keys",
    metadata,
    Column("site_id", Text, primary_key=True, info=names("sites")),
    Column("id", Text, primary_key=True),
    Column("kind", Text, nullable=False, info=read_by(partial(msgspec.convert, type=KeyKind))),
    Column(
        "algorithm", Text, nullable=False, info=read_by(partial(msgspec.convert, type=Algorithm))
    ),
    Column("secret", LargeBinary, nullable=False),
    Column("created_us", Micros, nullable=False),
)
invitations = Table(
    "invitations",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("person_id", Text, nullable=False),
    Column("mentorship_id", Text, info=names("mentorships")),
    Column("created_us", Micros, nullable=False),
    Column("expires_us", Micros),
    Column("revoked_us", Micros),
    ForeignKeyConstraint(["site_id", "person_id"], ["persons.site_id", "persons.id"]),
    Index(None, "site_id", "person_id"),
)
renewals = Table(
    "renewals",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("invitation_id", Text, nullable=False),
    Column("created_us", Micros, nullable=False),
    Column("expires_us", Micros, nullable=False),
    ForeignKeyConstraint(["site_id", "invitation_id"], ["invitations.site_id", "invitations.id"]),
    Index(None, "site_id", "invitation_id"),
)


@dataclass(frozen=True, slots=True)
class Key:
    """A site's key: kind `grant` or `ledger` (an Ed25519 JWK), or `handle` (32 bytes for HMAC)."""

    site_id: str
    id: str
    kind: str
    algorithm: str
    secret: bytes


@dataclass(frozen=True, slots=True)
class Invitation:
    """A way in for one person, and whose it is."""

    site_id: str
    id: str
    person: PersonView
    mentorship: str | None
    expires_us: int | None
    revoked_us: int | None


def all_sites() -> Plan[list[str]]:
    """Every site's id, oldest first."""
    rows = yield (
        select(sites.c.site_id)
        .order_by(sites.c.created_us, sites.c.site_id)
        .execution_options(all_sites="lists the sites themselves")
    )
    return [row.site_id for row in rows]


def restored(now_us: int) -> Plan[None]:
    """Every site has just been put back to what a backup held."""
    for site_id in (yield from all_sites()):
        yield insert(restores).values(site_id=site_id, at_us=now_us)


def all_restores() -> Plan[dict[str, int]]:
    """When each site was, of those that ever were."""
    rows = yield select(restores).execution_options(all_sites="one server serves every site")
    return {row.site_id: row.at_us for row in rows}


def add_site(site_id: str, name: str, new_keys: list[Key], now_us: int) -> Plan[bool]:
    """False when there is a site of that name already: nothing changes."""
    added = yield (
        insert(sites)
        .values(site_id=site_id, name=name, created_us=now_us)
        .on_conflict_do_nothing(index_elements=["name"])
        .returning(sites.c.site_id)
    )
    if not added:
        return False
    yield from add_keys(new_keys, now_us)
    return True


def add_keys(new_keys: list[Key], now_us: int) -> Plan[None]:
    for key in new_keys:
        yield insert(keys).values(
            site_id=key.site_id,
            id=key.id,
            kind=key.kind,
            algorithm=key.algorithm,
            secret=key.secret,
            created_us=now_us,
        )


def all_keys() -> Plan[list[Key]]:
    """Every site's keys, newest last."""
    rows = yield (
        select(keys.c.site_id, keys.c.id, keys.c.kind, keys.c.algorithm, keys.c.secret)
        .order_by(keys.c.created_us, keys.c.id)
        .execution_options(all_sites="keys are looked up by key id before the site is known")
    )
    return [Key(*row) for row in rows]


def add_person(site_id: str, person: PersonView, email: str, now_us: int) -> Plan[None]:
    yield insert(persons).values(
        site_id=site_id,
        id=person.id,
        name=person.name,
        zone=person.zone,
        email=email,
        created_us=now_us,
    )


def rename_person(site_id: str, to: PersonView, email: str) -> Plan[None]:
    yield (
        update(persons)
        .where(persons.c.site_id == site_id, persons.c.id == to.id)
        .values(name=to.name, zone=to.zone, zone_given=None, email=email)
    )


def _is_not_forgotten(site_id: str, person: str) -> ColumnElement[bool]:
    """Of whoever is forgotten every way in is withdrawn."""
    given = select(invitations.c.id).where(
        invitations.c.site_id == site_id, invitations.c.person_id == person
    )
    return ~given.exists() | given.where(invitations.c.revoked_us.is_(None)).exists()


def move_person(site_id: str, person: str, zone: str) -> Plan[bool]:
    """They go by another clock; the one that they began with is kept. Whether they did not yet; of
    who is forgotten meanwhile nothing is written down."""
    yield from claim_person(site_id, person)
    rows = yield (
        update(persons)
        .where(
            persons.c.site_id == site_id,
            persons.c.id == person,
            persons.c.zone != zone,
            _is_not_forgotten(site_id, person),
        )
        .values(zone=zone, zone_given=func.coalesce(persons.c.zone_given, persons.c.zone))
        .returning(persons.c.id)
    )
    return bool(rows)


def forget_seen(site_id: str, person: str, now_us: int) -> Plan[None]:
    """When they were last here; that they go now does not show either."""
    yield (
        update(persons)
        .where(persons.c.site_id == site_id, persons.c.id == person)
        .values(seen_us=None, seen_hidden_us=now_us)
    )


def see(site_id: str, person: str, now_us: int) -> Plan[None]:
    """They were here until now; of who is forgotten meanwhile nothing is written down."""
    yield from claim_person(site_id, person)
    yield (
        update(persons)
        .where(
            persons.c.site_id == site_id,
            persons.c.id == person,
            func.coalesce(persons.c.seen_us, 0) < now_us,
            _is_not_forgotten(site_id, person),
        )
        .values(seen_us=now_us)
    )


def hide_seen(site_id: str, person: str, since_us: int | None) -> Plan[None]:
    yield (
        update(persons)
        .where(persons.c.site_id == site_id, persons.c.id == person)
        .values(seen_hidden_us=since_us)
    )


@dataclass(frozen=True, slots=True)
class Known:
    """A person, when they were last here, and whether they keep that to themselves. `parted` is who
    they are to somebody who is not told where they are: with the zone that they began with."""

    view: PersonView
    parted: PersonView
    seen_us: int | None
    hidden: bool


_PERSONS = Prepared(
    select(
        persons.c.id,
        persons.c.name,
        persons.c.zone,
        persons.c.zone_given,
        persons.c.seen_us,
        persons.c.seen_hidden_us,
    ).where(persons.c.site_id == bindparam("site_id"), among(persons.c.id, "ids")),
    together=True,
)


def known(site_id: str, ids: list[str]) -> Plan[dict[str, Known]]:
    rows = yield _PERSONS(site_id=site_id, ids=listed(ids))
    return {
        row.id: Known(
            PersonView(id=row.id, name=row.name, zone=row.zone),
            PersonView(id=row.id, name=row.name, zone=row.zone_given or row.zone),
            row.seen_us,
            row.seen_hidden_us is not None,
        )
        for row in rows
    }


def persons_called(site_id: str, name_or_id: str) -> Plan[list[PersonView]]:
    rows = yield (
        select(persons.c.id, persons.c.name, persons.c.zone)
        .where(
            persons.c.site_id == site_id,
            (persons.c.id == name_or_id) | (persons.c.name == name_or_id),
        )
        .order_by(persons.c.created_us, persons.c.id)
    )
    return [PersonView(id=row.id, name=row.name, zone=row.zone) for row in rows]


def add_invitation(
    site_id: str,
    id_: str,
    person: str,
    mentorship: str | None,
    now_us: int,
    expires_us: int | None = None,
) -> Plan[None]:
    yield insert(invitations).values(
        site_id=site_id,
        id=id_,
        person_id=person,
        mentorship_id=mentorship,
        created_us=now_us,
        expires_us=expires_us,
    )


_INVITATION = (
    select(
        invitations.c.site_id,
        invitations.c.id,
        invitations.c.person_id,
        invitations.c.mentorship_id,
        invitations.c.expires_us,
        invitations.c.revoked_us,
        persons.c.name,
        persons.c.zone,
    )
    .join(
        persons,
        (persons.c.site_id == invitations.c.site_id) & (persons.c.id == invitations.c.person_id),
    )
    .order_by(invitations.c.created_us, invitations.c.id)
)


_INVITATIONS_BY_ID = Prepared(
    _INVITATION.where(
        invitations.c.site_id == bindparam("site_id"), among(invitations.c.id, "ids")
    ),
    together=True,
)


def invitation(site_id: str, id_: str) -> Plan[Invitation | None]:
    return (yield from invitations_by_id(site_id, [id_])).get(id_)


def invitations_by_id(site_id: str, ids: Sequence[str]) -> Plan[dict[str, Invitation]]:
    rows = yield _INVITATIONS_BY_ID(site_id=site_id, ids=listed(ids))
    return {row.id: _as_invitation(row) for row in rows}


def claim_person(site_id: str, person: str) -> Plan[None]:
    """Nobody else changes a person's invitations before this transaction ends."""
    yield (
        select(persons.c.id)
        .where(persons.c.site_id == site_id, persons.c.id == person)
        .with_for_update()
    )


def invitations_of_person(site_id: str, person: str) -> Plan[list[Invitation]]:
    """All of a person's invitations, revoked ones too, oldest first."""
    rows = yield _INVITATION.where(
        invitations.c.site_id == site_id, invitations.c.person_id == person
    )
    return [_as_invitation(row) for row in rows]


def _as_invitation(row: AnyRow) -> Invitation:
    return Invitation(
        site_id=row.site_id,
        id=row.id,
        person=PersonView(id=row.person_id, name=row.name, zone=row.zone),
        mentorship=row.mentorship_id,
        expires_us=row.expires_us,
        revoked_us=row.revoked_us,
    )


def revoke_invitation(site_id: str, id_: str, now_us: int) -> Plan[bool]:
    """Whether it was revoked by this call."""
    rows = yield (
        update(invitations)
        .where(
            invitations.c.site_id == site_id,
            invitations.c.id == id_,
            invitations.c.revoked_us.is_(None),
        )
        .values(revoked_us=now_us)
        .returning(invitations.c.id)
    )
    return bool(rows)


def forget_renewals(before_us: int) -> Plan[None]:
    """Removes handles that ran out before then."""
    yield (
        delete(renewals)
        .where(renewals.c.expires_us < before_us)
        .execution_options(all_sites="what has run out is forgotten on every site")
    )


def add_renewal(
    site_id: str, id_: str, invitation_id: str, now_us: int, expires_us: int
) -> Plan[None]:
    yield insert(renewals).values(
        site_id=site_id,
        id=id_,
        invitation_id=invitation_id,
        created_us=now_us,
        expires_us=expires_us,
    )


def extend_renewal(site_id: str, id_: str, now_us: int, expires_us: int) -> Plan[str | None]:
    """The invitation that a live renewal handle came from; its life starts anew. None: no such
    handle, or it has run out."""
    rows = yield (
        update(renewals)
        .where(renewals.c.site_id == site_id, renewals.c.id == id_, renewals.c.expires_us > now_us)
        .values(expires_us=expires_us)
        .returning(renewals.c.invitation_id)
    )
    return rows[0].invitation_id if rows else None
