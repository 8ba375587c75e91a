from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from ledger.elsewhere import PATIENCE_S, TOPIC, Answer, Elsewhere, Tell, alone
from ledger.held import Held, Known
from ledger.sansio.session import Leave
from runtime.bus import LocalBus
from tests.support.clock import ManualClock, settle

BYE = Leave("ben", 7, "left", estimated=False)
ADA, BEN = Known("ada", 5, None, ()), Known("ben", 6, BYE, ())


def telling(held: Sequence[Known]) -> Tell:
    return lambda asked: [known for known in held if known.connection in asked]


class Cluster:
    """Three nodes on one bus: the second holds Ada, the third Ben, the first nobody."""

    def __init__(self) -> None:
        self.bus, self.clock = LocalBus(), ManualClock()
        self.nodes = [Elsewhere(self.bus, self.clock, name) for name in ("1", "2", "3")]
        holds: tuple[list[Known], ...] = [], [ADA], [BEN]
        self.tasks = [
            asyncio.create_task(node.run(telling(held)))
            for node, held in zip(self.nodes, holds, strict=True)
        ]


@pytest.fixture
async def cluster() -> AsyncIterator[Cluster]:
    cluster = Cluster()
    await settle()
    yield cluster
    assert not any(task.done() for task in cluster.tasks)
    for task in cluster.tasks:
        task.cancel()
    await asyncio.gather(*cluster.tasks, return_exceptions=True)


async def test_whoever_holds_a_connection_answers_for_it(cluster: Cluster) -> None:
    assert list(await cluster.nodes[0].ask(["ben", "ada"])) == [BEN, ADA]
    both = await asyncio.gather(cluster.nodes[0].ask(["ada"]), cluster.nodes[2].ask(["ada"]))
    assert [list(each) for each in both] == [[ADA], [ADA]]
    assert cluster.clock.monotonic_us() == 0  # nobody waited


async def test_who_asks_for_nobody_asks_nobody(cluster: Cluster) -> None:
    assert list(await cluster.nodes[0].ask([])) == []
    assert list(await alone(["ada"])) == []


async def test_whom_nobody_holds_is_waited_for_in_vain_and_not_for_long(cluster: Cluster) -> None:
    asking = asyncio.create_task(cluster.nodes[0].ask(["ada", "carl"]))
    await cluster.clock.advance(PATIENCE_S - 0.01)
    assert not asking.done()
    await cluster.clock.advance(0.01)
    assert list(await asking) == [ADA]


async def test_what_cannot_be_read_and_what_was_missed_disturbs_nobody(cluster: Cluster) -> None:
    for _ in range(3_000):  # more than a queue holds
        cluster.bus.publish(TOPIC, b"no message")
    await settle()
    asking = asyncio.create_task(cluster.nodes[0].ask(["ada"]))
    await settle()
    assert list(await asking) == [ADA]


async def test_an_answer_that_comes_too_late_is_of_no_use(cluster: Cluster) -> None:
    late = msgspec.msgpack.encode(Answer("1:1", (Known("carl", 9, None, ()),)))
    for _ in range(2):
        asking = asyncio.create_task(cluster.nodes[0].ask(["carl"]))
        await cluster.clock.advance(PATIENCE_S)
        assert list(await asking) == []
        cluster.bus.publish(TOPIC, late)
        await settle()


async def test_an_answer_that_says_more_than_was_asked_is_believed_in_what_was(
    cluster: Cluster,
) -> None:
    asking = asyncio.create_task(cluster.nodes[0].ask(["carl"]))
    await settle()
    cluster.bus.publish(TOPIC, msgspec.msgpack.encode(Answer("1:1", (ADA,))))
    await cluster.clock.advance(PATIENCE_S)
    assert list(await asking) == []


def test_how_it_left_is_told_though_that_could_not_be_written_down_yet() -> None:
    """Mutant: of who has left nothing is told, and an older sign of life counts."""
    held = Held("site", "room", "session", "person", token=1, proof_us=5)
    assert held.known("ben", 6).said is None
    held.gone = BYE, 7
    assert held.known("ben", 9) == Known("ben", 5, BYE, ())
