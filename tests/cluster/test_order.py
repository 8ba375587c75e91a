"""Many write into one conversation and many read it, over two nodes whose machines' clocks are ten
minutes apart, while every link is lost again and again: all have the same, in one order."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from tests.support.databases import Storage
from tests.support.load import Writer, all_there, whole
from tests.support.machine import Machine, build
from tests.support.nodes import APART_S, until
from tests.support.serving import Server
from tests.support.wire import RemoteSocket


class Restless(Writer):
    """Loses its link whenever it is told to."""

    socket: RemoteSocket | None = None

    async def _say(self, socket: RemoteSocket) -> None:
        self.socket = socket
        await socket.send("beat", n=1)
        socket.take_all("beat.ack")
        await super()._say(socket)

    def lose_link(self) -> None:
        if self.socket is not None:
            self.socket.connection.transport.abort()


class Reader(Restless):
    """Only reads."""

    async def _say(self, socket: RemoteSocket) -> None:
        self.socket = socket
        await socket.send("beat", n=1)
        await socket.get("beat.ack")
        for frame in socket.take_all("chat.messages"):
            self._show(frame["messages"])


async def one_order(
    folder: Path,
    shared: Storage,
    *,
    writers: int,
    readers: int,
    losses: int,
    every_s: float,
    pace_s: float,
) -> None:
    """`writers` and `readers` of each of the two nodes, who are half the one and half the other
    person. Mutant: whoever comes back is sent the last one again."""
    assert shared.url is not None
    servers, dice = [], random.Random(writers)
    library = build(folder)
    for n, ahead_s in enumerate((-APART_S, APART_S)):
        machine = Machine(folder / f"node-{n}", library)
        machine.set_clock_by(ahead_s)
        servers.append(
            Server(
                folder / f"node-{n}",
                database=shared.url,
                redis_url=shared.redis_url,
                machine=machine.environment,
                often=True,
            )
        )
        await servers[-1].start()
    links = await servers[0].invite("Mentor", "Mentee")
    kinds: list[tuple[str, type[Restless], int]] = [
        ("writer", Restless, writers),
        ("reader", Reader, readers),
    ]
    people = [
        kind(server, links[role], f"{name}-{n}-{at}-{role}", dice, pace_s=pace_s)
        for name, kind, many in kinds
        for at, server in enumerate(servers)
        for n, role in zip(range(many), ("mentor", "mentee") * many, strict=False)
    ]
    tasks = [asyncio.create_task(each.run()) for each in people]
    writing = people[: 2 * writers]
    async with asyncio.timeout(120):
        await asyncio.gather(*(each.go_on() for each in writing))
    for _ in range(losses):
        await asyncio.sleep(every_s)
        for each in people:
            each.lose_link()
        assert not (broken := [task for task in tasks if task.done()]), broken
    async with asyncio.timeout(120):
        await asyncio.gather(*(each.go_on() for each in writing))
        last = max(seq for each in writing for seq in each.acked.values())
    await until(
        lambda: all(max(each.shown, default=0) >= last for each in people), "all have the last"
    )
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    logs: list[list[Any]] = [await whole(each.api, each.conversation) for each in people[:2]]
    logs += [await whole(each.api, each.conversation) for each in people[-2:]]
    assert all(log == logs[0] for log in logs)
    acked = all_there(people, [logs[0]] * len(people))
    assert all(each.connections > losses / 2 for each in people)
    for server in servers:
        await server.stop()
        assert server.errors() == []
    print(f"{acked} acknowledged by {len(writing)} writers, seen by {len(people)} in one order")


async def test_all_have_one_order(tmp_path: Path, shared: Storage) -> None:
    await one_order(tmp_path, shared, writers=2, readers=1, losses=1, every_s=0.5, pace_s=0.2)


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_fifty_write_and_fifty_read_in_one_order(tmp_path: Path, shared: Storage) -> None:
    await one_order(tmp_path, shared, writers=25, readers=25, losses=60, every_s=3.0, pace_s=2.0)
