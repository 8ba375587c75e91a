"""One node alone has lost Redis, or speaks with another than the rest; the others notice nothing on
their own."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from runtime import leases
from runtime.database import Plan
from runtime.outbox import TURN
from tests.support.databases import Storage
from tests.support.nodes import Nodes, bus_of, open_nodes, until
from tests.support.redis import RedisServer


@pytest.fixture
def elsewhere() -> Iterator[RedisServer]:
    """Another Redis."""
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
async def nodes(shared: Storage, redis: RedisServer, tmp_path: Path) -> AsyncIterator[Nodes]:
    """The other comes to Redis by a door of its own."""
    one = replace(shared, data=tmp_path / "one")
    other = replace(shared, data=tmp_path / "other", redis_url=redis.door(redis))
    async with open_nodes(one, other) as running:
        yield running


def release_turn() -> Plan[None]:
    lease = yield from leases.held("", TURN, "")
    if lease is not None:
        yield from leases.release("", TURN, "", lease.owner, lease.token)


@pytest.mark.parametrize("leads", ["nowhere", "elsewhere"])
async def test_a_node_that_the_others_do_not_hear_is_told_all_and_tells_all(
    nodes: Nodes, redis: RedisServer, elsewhere: RedisServer, leads: str
) -> None:
    """Also when it is the one that hands facts on. Mutant: each looks at its own Redis."""
    ada, ben, mine, theirs = await nodes.talk()
    spare = await (await nodes.page(nodes.one, ben.link)).connect()
    redis.door(elsewhere if leads == "elsewhere" else None)
    redis.cut()
    both = bus_of(nodes.one), bus_of(nodes.other)
    await until(lambda: both[0].apart and both[1].apart, "both know that they are apart")
    await until(lambda: not both[0].away, "the one speaks with Redis")
    await nodes.one.database.write(release_turn)
    await nodes.other.house.dispatcher.deliver()
    mine.send("chat.send", conversation=ada.conversation, id="while-apart", body="x")
    assert await theirs.messages_to(1) == [1]
    await mine.finish(1001)
    await theirs.get("presence.changed", person=ada.person, presence="away")
    people = nodes.one.house.services.people
    await people.replace_link(people.home_site, ben.person)
    assert await spare.closed() == 4202
    assert await theirs.closed() == 4202
    redis.door(redis)
    elsewhere.cut()
    await until(lambda: not both[0].apart and not both[1].apart, "they hear each other again")
