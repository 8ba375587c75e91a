"""Leases on both engines: one live owner, fenced by a growing token."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from runtime import leases
from runtime.database import Database, Plan
from runtime.leases import Lease, Renewal

SITE, KIND, KEY = "site", "room", "r1"
NOW, TTL = 1_000_000_000, 10_000_000


def acquire(owner: str, now_us: int = NOW, key: str = KEY, site: str = SITE) -> Plan[int | None]:
    return leases.acquire(site, KIND, key, owner, owner.encode(), now_us, TTL)


def renewal(owner: str, token: int, at_us: int, key: str = KEY, site: str = SITE) -> Renewal:
    data = f"{owner} at {at_us}".encode()
    return Renewal(site, KIND, key, owner, token, at_us, at_us + TTL, data)


async def taken(database: Database, owner: str, now_us: int = NOW, key: str = KEY) -> int:
    token = await database.write(acquire, owner, now_us, key)
    assert token is not None
    return token


async def test_a_free_lease_is_taken(database: Database) -> None:
    token = await taken(database, "a")
    assert await database.read(leases.held, SITE, KIND, KEY) == Lease(
        SITE, KIND, KEY, "a", token, NOW, NOW + TTL, b"a"
    )


async def test_a_live_lease_is_not_taken_by_another(database: Database) -> None:
    token = await taken(database, "a")
    assert await database.write(acquire, "b", NOW + TTL - 1) is None
    lease = await database.read(leases.held, SITE, KIND, KEY)
    assert lease is not None
    assert (lease.owner, lease.token, lease.expires_us) == ("a", token, NOW + TTL)


async def test_asking_twice_is_asking_once(database: Database) -> None:
    token = await taken(database, "a")
    assert await taken(database, "a", NOW + 1) == token
    lease = await database.read(leases.held, SITE, KIND, KEY)
    assert lease is not None
    assert lease.expires_us == NOW + 1 + TTL


@pytest.mark.parametrize("owner", ["a", "b"])
async def test_an_expired_lease_is_taken_over_with_a_greater_token(
    database: Database, owner: str
) -> None:
    token = await taken(database, "a")
    later = await taken(database, owner, NOW + TTL)
    assert later > token
    lease = await database.read(leases.held, SITE, KIND, KEY)
    assert lease == Lease(SITE, KIND, KEY, owner, later, NOW + TTL, NOW + 2 * TTL, owner.encode())


async def test_every_take_over_has_a_greater_token(database: Database) -> None:
    tokens = [await taken(database, f"o{turn}", NOW + turn * TTL) for turn in range(5)]
    assert tokens == sorted(set(tokens))


async def test_a_lease_lasts_longer_than_nothing(database: Database) -> None:
    with pytest.raises(ValueError, match="longer than nothing"):
        await database.write(leases.acquire, SITE, KIND, KEY, "a", b"", NOW, 0)


async def test_the_token_grows_over_a_release(database: Database) -> None:
    token = await taken(database, "a")
    assert await database.write(leases.release, SITE, KIND, KEY, "a", token)
    assert await database.read(leases.held, SITE, KIND, KEY) is None
    assert await taken(database, "b", NOW + 1) > token


async def test_of_many_who_ask_at_once_one_gets_it(database: Database) -> None:
    tokens = await asyncio.gather(*(database.write(acquire, f"o{n}") for n in range(8)))
    assert len([token for token in tokens if token is not None]) == 1


async def test_renewing_prolongs(database: Database) -> None:
    token = await taken(database, "a")
    assert await database.write(leases.renew, [renewal("a", token, NOW + 5)]) == []
    lease = await database.read(leases.held, SITE, KIND, KEY)
    assert lease is not None
    assert (lease.proof_us, lease.expires_us) == (NOW + 5, NOW + 5 + TTL)
    assert lease.data == f"a at {NOW + 5}".encode()
    assert await database.write(leases.renew, []) == []


async def test_times_never_go_back(database: Database) -> None:
    token = await taken(database, "a")
    assert await database.write(leases.renew, [renewal("a", token, NOW - 5)]) == []
    lease = await database.read(leases.held, SITE, KIND, KEY)
    assert lease is not None
    assert (lease.proof_us, lease.expires_us) == (NOW, NOW + TTL)


async def test_a_stale_owner_can_neither_renew_nor_release(database: Database) -> None:
    old = await taken(database, "a")
    new = await taken(database, "b", NOW + TTL)
    before = await database.read(leases.held, SITE, KIND, KEY)
    stale = [
        renewal("a", old, NOW + 2 * TTL),
        renewal("a", new, NOW + 2 * TTL),
        renewal("b", old, NOW + 2 * TTL),
    ]
    assert await database.write(leases.renew, stale) == stale
    for owner, token in (("a", old), ("a", new), ("b", old)):
        assert not await database.write(leases.release, SITE, KIND, KEY, owner, token)
    assert await database.read(leases.held, SITE, KIND, KEY) == before


async def test_a_batch_renews_what_is_held_and_names_what_is_lost(database: Database) -> None:
    tokens = {key: await taken(database, "a", key=key) for key in ("k1", "k2", "k3")}
    assert await database.write(leases.release, SITE, KIND, "k2", "a", tokens["k2"])
    batch = [renewal("a", tokens[key], NOW + 7, key) for key in ("k3", "k2", "k1")]
    elsewhere = replace(batch[0], site_id="other")
    assert await database.write(leases.renew, [*batch, elsewhere]) == [batch[1], elsewhere]
    for key in ("k1", "k3"):
        lease = await database.read(leases.held, SITE, KIND, key)
        assert lease is not None
        assert lease.proof_us == NOW + 7


async def test_an_owner_who_was_late_but_not_replaced_goes_on(database: Database) -> None:
    token = await taken(database, "a")
    assert await database.write(leases.renew, [renewal("a", token, NOW + 3 * TTL)]) == []
    assert await database.write(acquire, "b", NOW + 3 * TTL) is None


async def test_lapsed_are_those_expired_of_every_site_in_order(database: Database) -> None:
    await taken(database, "a", NOW + 2, "second")
    await taken(database, "a", NOW + 1, "first")
    await taken(database, "a", NOW + 3, "alive")
    await database.write(acquire, "b", NOW, "r", "another site")
    found = await database.read(leases.lapsed, KIND, NOW + 2 + TTL)
    assert [(lease.site_id, lease.key) for lease in found] == [
        ("another site", "r"),
        (SITE, "first"),
        (SITE, "second"),
    ]
    assert await database.read(leases.lapsed, "another kind", NOW + 100 * TTL) == []


async def test_a_sweeper_spares_an_owner_who_came_back(database: Database) -> None:
    token = await taken(database, "a")
    (seen,) = await database.read(leases.lapsed, KIND, NOW + TTL)
    await database.write(leases.renew, [renewal("a", token, NOW + TTL)])
    assert not await database.write(
        leases.release, SITE, KIND, KEY, seen.owner, seen.token, expired_at_us=NOW + TTL
    )
    assert await database.write(
        leases.release, SITE, KIND, KEY, seen.owner, seen.token, expired_at_us=NOW + 2 * TTL
    )


async def test_sites_are_apart(database: Database) -> None:
    await taken(database, "a")
    assert await database.write(acquire, "b", NOW, KEY, "other") is not None
    assert await database.read(leases.held, "third", KIND, KEY) is None


async def test_a_plan_may_take_a_lease_among_other_things(database: Database) -> None:
    def both() -> Plan[list[int | None]]:
        return [(yield from acquire("a", key="k1")), (yield from acquire("a", key="k2"))]

    assert None not in await database.write(both)
