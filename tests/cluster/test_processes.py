"""Two nodes in processes of their own, while people write or sit in a call, and Redis or one of
the nodes is harmed."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from runtime.database import Database, Plan
from runtime.nodes import KIND
from runtime.tables import leases
from tests.support.databases import Storage
from tests.support.load import Call, Writer, all_there, is_sound, whole
from tests.support.redis import RedisServer
from tests.support.serving import Api, Server

HARMS = ("flush", "kill", "pause")


@pytest.fixture
async def servers(shared: Storage, tmp_path: Path) -> AsyncIterator[tuple[Server, Server]]:
    assert shared.url is not None
    one, other = (
        Server(tmp_path / name, database=shared.url, redis_url=shared.redis_url, often=True)
        for name in ("node-1", "node-2")
    )
    await one.start()
    await other.start()
    yield one, other
    await one.stop()
    await other.stop()


class Timed(Writer):
    """Knows when each message was first sent, and how long after that the other's was shown."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sent_s: dict[str, float] = {}
        self.other: Timed | None = None
        self.took_s: list[float] = []

    async def _say(self, socket: Any) -> None:
        if self._waiting is None:
            self.sent_s[f"{self.name}-{self._sent + 1:06}"] = time.monotonic()
        await socket.send("beat", n=1)  # as a page that stays
        socket.take_all("beat.ack")
        await super()._say(socket)

    def _show(self, messages: list[dict[str, Any]]) -> None:
        super()._show(messages)
        assert self.other is not None
        for message in messages:
            if message["id"] in self.other.sent_s:
                self.took_s.append(time.monotonic() - self.other.sent_s[message["id"]])


async def harm_and_read(
    servers: tuple[Server, Server],
    redis: RedisServer,
    harms: list[str],
    *,
    pairs: int,
    seconds: float,
) -> None:
    one, other = servers
    writers: list[Timed] = []
    for pair in range(pairs):
        links = await one.invite(f"Mentor {pair}", f"Mentee {pair}")
        dice = random.Random(pair)
        two = [
            Timed(server, links[role], f"{role}{pair}", dice)
            for server, role in ((one, "mentor"), (other, "mentee"))
        ]
        two[0].other, two[1].other = two[1], two[0]
        writers += two
    tasks = [asyncio.create_task(writer.run()) for writer in writers]
    await asyncio.gather(*(writer.go_on() for writer in writers))
    for harm in harms:
        for writer in writers:
            writer.took_s.clear()
        getattr(redis, harm)()
        await asyncio.sleep(seconds)
        await asyncio.gather(*(writer.go_on() for writer in writers))  # each node goes on
        if harm == "kill":
            redis.start()
        redis.go_on()
        await asyncio.sleep(seconds / 2)
        await asyncio.gather(*(writer.go_on() for writer in writers))
        assert not (broken := [task for task in tasks if task.done()]), broken
        took = sorted(second for writer in writers for second in writer.took_s)
        print(f"{harm}: {len(took)} seen on the other node, slowest after {took[-1]:.2f} s")
    sent = {writer: max(writer.acked.values()) for writer in writers}
    async with asyncio.timeout(30):
        for writer in writers:
            assert writer.other is not None
            while max(writer.shown) < sent[writer.other]:
                await writer.go_on()
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert [writer.connections for writer in writers] == [1] * len(writers), "a connection was lost"
    logs = [await whole(writer.api, writer.conversation) for writer in writers]
    print(f"{all_there(writers, logs)} acknowledged, 0 lost")
    assert [*one.errors(), *other.errors()] == []


async def test_redis_is_harmed_while_people_write(
    servers: tuple[Server, Server], redis: RedisServer
) -> None:
    await harm_and_read(servers, redis, ["flush", "kill", "pause"], pairs=1, seconds=1)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("harm", HARMS)
async def test_redis_is_harmed_five_times_while_many_write(
    servers: tuple[Server, Server], redis: RedisServer, harm: str
) -> None:
    await harm_and_read(servers, redis, [harm] * 5, pairs=15, seconds=30)


async def move_and_end(servers: tuple[Server, Server], harm: Callable[[], Awaitable[None]]) -> None:
    """A call over both; then the second is harmed, its page moves to the first, and one session is
    on record, with one end."""
    one, other = servers
    links = await one.invite("Mentor", "Mentee")
    call = Call(one, links)
    staying, moving = call.sitters
    moving.server, moving.api = other, Api(other, links["mentee"])
    await call.begin()
    before = {sitter.session for sitter in call.sitters}
    moving.in_room.clear()
    moving.server, moving.api = one, Api(one, links["mentee"])
    await harm()
    for sitter in call.sitters:
        sitter.handed_in.clear()
    async with asyncio.timeout(60):
        await moving.in_room.wait()
        await asyncio.gather(*(sitter.handed_in.wait() for sitter in call.sitters))
    assert {sitter.session for sitter in call.sitters} == before
    await staying.api.sign_in()
    await staying.api.end(call.session)
    await call.vanish()
    account = await call.account()
    assert account.state == "ended"
    facts = [record.fact for record in await call.api.facts(call.session)]
    assert [str(fact.__struct_config__.tag) for fact in facts].count("session.ended") == 1
    assert len(await call.api.sessions()) == 1


async def test_a_node_is_killed_in_a_call(servers: tuple[Server, Server]) -> None:
    one, other = servers
    await move_and_end(servers, other.kill)
    await other.start()  # and it is a node again
    await is_sound(one, apart_from="durability")  # of this PostgreSQL
    assert one.errors() == []


def proofs() -> Plan[dict[tuple[str, str], tuple[int, int]]]:
    """Of all leases: the last sign of life, and until when they are live."""
    rows = yield select(leases).execution_options(all_sites="a test")
    return {(row.kind, row.key): (row.proof_us, row.expires_us) for row in rows}


async def lapsed(database: Database) -> list[tuple[str, str]]:
    """The leases that are not renewed from now on, once all of them have lapsed, a node's too."""
    before = await database.read(proofs)
    while True:
        now = await database.read(proofs)
        silent = [lease for lease in before if now.get(lease) == before[lease]]
        dead = [lease for lease in silent if before[lease][1] < time.time_ns() // 1000]
        if dead == silent and any(kind == KIND for kind, _ in dead):
            return dead
        await asyncio.sleep(0.1)


async def looked(database: Database, lease: tuple[str, str], times: int) -> None:
    """Returns when its owner has given so many signs of life more."""
    before = (await database.read(proofs))[lease]
    while times:
        await asyncio.sleep(0.1)
        now = (await database.read(proofs))[lease]
        times, before = times - (now != before), now


@pytest.mark.soak
async def test_a_node_that_stood_still_changes_nothing_when_it_wakes(
    servers: tuple[Server, Server], shared: Storage
) -> None:
    one, other = servers
    database, dead = shared.open(), list[tuple[str, str]]()

    async def stand_still() -> None:
        other.pause()
        async with asyncio.timeout(60):
            dead.extend(await lapsed(database))

    await move_and_end(servers, stand_still)
    other.go_on()
    asked = Api(other, other.links["mentor"])
    await asked.sign_in()
    async with asyncio.timeout(60):
        await looked(database, next(lease for lease in dead if lease[0] == KIND), 2)
    await database.close()
    await is_sound(one, apart_from="durability")
    await is_sound(other, apart_from="durability")
    assert [*one.errors(), *other.errors()] == []
