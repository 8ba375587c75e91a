"""Who else serves: by leases, and while Redis is away what they say of themselves with them."""

from __future__ import annotations

from runtime import leases
from runtime.database import Database, Plan
from runtime.nodes import KIND, LOOK_S, TTL_US, Nodes
from runtime.redis_bus import RedisBus
from runtime.roster import Roster
from tests.support.clock import ManualClock

TTL_S = TTL_US / 1_000_000


class Node:
    """One whose bus has no Redis."""

    def __init__(self, database: Database, clock: ManualClock, name: str) -> None:
        bus = RedisBus("unix:///nowhere", "test", name, clock)
        self.roster = Roster(bus, name)
        self.nodes = Nodes(database, clock, bus, self.roster, lambda: None)
        self.changes: list[tuple[str, str, bytes | None]] = []
        self.roster.watch("here", lambda *change: self.changes.append(change))

    async def look(self) -> None:
        await self.nodes.look()


async def test_without_redis_they_know_each_other_by_the_database(database: Database) -> None:
    clock = ManualClock()
    one, other = (Node(database, clock, name) for name in ("one", "other"))
    one.roster.put("here:ada", b"1")
    await one.look()
    await other.look()
    assert other.changes == [("one", "ada", b"1")]
    one.roster.drop("here:ada")
    one.roster.put("here:ben", b"2")
    await one.look()
    await other.look()
    assert other.changes[1:] == [("one", "ben", b"2"), ("one", "ada", None)]
    assert one.changes == []


async def test_a_node_that_says_nothing_any_more_is_gone(database: Database) -> None:
    clock = ManualClock()
    one, other = (Node(database, clock, name) for name in ("one", "other"))
    one.roster.put("here:ada", b"1")
    await one.look()
    for _ in range(round(TTL_S / LOOK_S)):
        await other.look()
        assert other.changes == [("one", "ada", b"1")]
        await clock.advance(LOOK_S)
    await other.look()
    assert other.changes[1:] == [("one", "ada", None)]
    await one.look()  # it was asleep only
    await other.look()
    assert other.changes[2:] == [("one", "ada", b"1")]


async def test_a_database_that_was_away_makes_nobody_dead(database: Database) -> None:
    clock = ManualClock()
    one, other = (Node(database, clock, name) for name in ("one", "other"))
    one.roster.put("here:ada", b"1")
    await one.look()
    await other.look()
    await clock.advance(2 * TTL_S)  # nobody could look
    await other.look()
    await clock.advance(LOOK_S)
    await one.look()
    await other.look()
    assert other.changes == [("one", "ada", b"1")]
    for _ in range(2 * round(TTL_S / LOOK_S)):  # and now it is
        await clock.advance(LOOK_S)
        await other.look()
    assert other.changes[1:] == [("one", "ada", None)]


async def test_who_leaves_is_gone_at_once(database: Database) -> None:
    clock = ManualClock()
    one, other = (Node(database, clock, name) for name in ("one", "other"))
    one.roster.put("here:ada", b"1")
    await one.look()
    await other.look()
    await one.nodes.leave()
    await other.look()
    assert other.changes[1:] == [("one", "ada", None)]


async def test_who_is_heard_over_the_bus_lives_whatever_its_database_does(
    database: Database,
) -> None:
    clock = ManualClock()
    one, other = (Node(database, clock, name) for name in ("one", "other"))
    one.roster.put("here:ada", b"1")
    await one.look()
    await other.look()
    for _ in range(2 * round(TTL_S / LOOK_S)):
        await clock.advance(LOOK_S)
        other.nodes.heard(one.roster.whole)
        await other.look()
    assert other.changes == [("one", "ada", b"1")]
    for _ in range(round(TTL_S / LOOK_S)):
        await clock.advance(LOOK_S)
        await other.look()
    assert other.changes[1:] == [("one", "ada", None)]


async def test_what_another_version_says_with_its_lease_is_passed_over(database: Database) -> None:
    clock = ManualClock()
    one = Node(database, clock, "one")

    def newer() -> Plan[None]:
        yield from leases.acquire("", KIND, "newer", "newer", b"\x81\xa1?", clock.wall_us(), TTL_US)

    await database.write(newer)
    await one.look()
    assert one.roster.others == []
