"""Leases: working state that lives as long as its owner proves to be alive.

Two uses: a participant's presence in a room (its last proof of life is where their time ends) and
the ownership of a room by a node. The token fences: it grows with every take-over, so whatever an
owner that lost its lease still writes can be told by its older token. Everything here is a plan,
to run alone or with `yield from` inside another.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, case, delete, select, update

from runtime.database import AnyRow, Plan, insert
from runtime.tables import leases


@dataclass(frozen=True, slots=True)
class Lease:
    """`proof_us`: the owner's last proof of life; live until `expires_us`."""

    site_id: str
    kind: str
    key: str
    owner: str
    token: int
    proof_us: int
    expires_us: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Renewal:
    """An owner's claim that it still lives: the lease it means, its new times and its new data."""

    site_id: str
    kind: str
    key: str
    owner: str
    token: int
    proof_us: int
    expires_us: int
    data: bytes


def acquire(
    site_id: str, kind: str, key: str, owner: str, data: bytes, now_us: int, ttl_us: int
) -> Plan[int | None]:
    """Take a lease that is free or expired; returns its token, None while another owner lives.

    Whoever holds it live keeps the token (asking twice is asking once) and may change `data`.
    The token is the time of the taking: a lease is taken over at its expiry at the earliest, so
    every take-over has a greater one, and so has a lease that was released in between.
    """
    if ttl_us <= 0:
        raise ValueError("a lease lasts longer than nothing")
    new = insert(leases).values(
        site_id=site_id,
        kind=kind,
        key=key,
        owner=owner,
        token=now_us,
        proof_us=now_us,
        expires_us=now_us + ttl_us,
        data=data,
    )
    live = leases.c.expires_us > now_us
    rows = yield new.on_conflict_do_update(
        index_elements=["site_id", "kind", "key"],
        set_={
            "owner": owner,
            "token": case((live, leases.c.token), else_=now_us),
            "proof_us": now_us,
            "expires_us": now_us + ttl_us,
            "data": data,
        },
        where=~live | (leases.c.owner == owner),
    ).returning(leases.c.token)
    return rows[0].token if rows else None


def renew(renewals: Sequence[Renewal]) -> Plan[list[Renewal]]:
    """Prolong many leases at once; returns those that were lost (another token, or gone).

    An expired lease that nobody took or released is its owner's again. Times never go back.
    """
    if not renewals:
        return []
    mine = [
        leases.c.site_id == bindparam("at_site"),
        leases.c.kind == bindparam("at_kind"),
        leases.c.key == bindparam("at_key"),
        leases.c.owner == bindparam("at_owner"),
        leases.c.token == bindparam("at_token"),
    ]
    later = update(leases).where(
        *mine,
        leases.c.proof_us <= bindparam("new_proof"),
        leases.c.expires_us <= bindparam("new_expires"),
    )
    yield (
        later.values(
            proof_us=bindparam("new_proof"),
            expires_us=bindparam("new_expires"),
            data=bindparam("new_data"),
        ),
        # In one order for all: two batches over the same rows must not lock each other out.
        [
            {
                "at_site": renewal.site_id,
                "at_kind": renewal.kind,
                "at_key": renewal.key,
                "at_owner": renewal.owner,
                "at_token": renewal.token,
                "new_proof": renewal.proof_us,
                "new_expires": renewal.expires_us,
                "new_data": renewal.data,
            }
            for renewal in sorted(renewals, key=_name)
        ],
    )
    rows = yield (
        select(leases.c.site_id, leases.c.kind, leases.c.key, leases.c.owner, leases.c.token)
        .where(leases.c.owner.in_({renewal.owner for renewal in renewals}))
        .where(leases.c.kind.in_({renewal.kind for renewal in renewals}))
    )
    held_now = {tuple(row) for row in rows}
    return [renewal for renewal in renewals if (*_name(renewal), renewal.token) not in held_now]


def release(
    site_id: str, kind: str, key: str, owner: str, token: int, expired_at_us: int | None = None
) -> Plan[bool]:
    """Give a lease up; False when it is not this owner's any more.

    With `expired_at_us` only if it had expired by then: how a sweeper ends a lapsed lease without
    cutting off an owner who came back in between.
    """
    gone = delete(leases).where(
        leases.c.site_id == site_id,
        leases.c.kind == kind,
        leases.c.key == key,
        leases.c.owner == owner,
        leases.c.token == token,
    )
    if expired_at_us is not None:
        gone = gone.where(leases.c.expires_us <= expired_at_us)
    rows = yield gone.returning(leases.c.token)
    return bool(rows)


def lapsed(kind: str, now_us: int) -> Plan[list[Lease]]:
    """The leases of a kind that have expired, of all sites, those expired longest first."""
    rows = yield (
        select(leases)
        .where(leases.c.kind == kind, leases.c.expires_us <= now_us)
        .order_by(leases.c.expires_us, leases.c.site_id, leases.c.key)
        .execution_options(all_sites="the sweeper ends what lapsed, whosever it was")
    )
    return [_lease(row) for row in rows]


def all_of(kind: str) -> Plan[list[Lease]]:
    """The leases of a kind, live or expired, of all sites."""
    rows = yield (
        select(leases)
        .where(leases.c.kind == kind)
        .order_by(leases.c.site_id, leases.c.key)
        .execution_options(all_sites="a restored database is looked at whole")
    )
    return [_lease(row) for row in rows]


def latest(kind: str) -> Plan[Lease | None]:
    """Of a kind, and of all sites, the one with the newest proof of life."""
    rows = yield (
        select(leases)
        .where(leases.c.kind == kind)
        .order_by(leases.c.proof_us.desc())
        .limit(1)
        .execution_options(all_sites="a clock is not set back behind what any site has proof of")
    )
    return _lease(rows[0]) if rows else None


def held(site_id: str, kind: str, key: str) -> Plan[Lease | None]:
    """The lease as it is, live or expired."""
    rows = yield select(leases).where(
        leases.c.site_id == site_id, leases.c.kind == kind, leases.c.key == key
    )
    return _lease(rows[0]) if rows else None


def _name(renewal: Renewal) -> tuple[str, str, str, str]:
    return (renewal.site_id, renewal.kind, renewal.key, renewal.owner)


def _lease(row: AnyRow) -> Lease:
    return Lease(**row._mapping)
