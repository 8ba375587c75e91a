"""What is said on one node, on the others: in order, or known to be missing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import pytest

from runtime.bus import Message, Subscription
from runtime.clock import SystemClock
from runtime.redis_bus import AWAY_S, Batch, RedisBus, packed
from tests.support.clock import ManualClock
from tests.support.redis import RedisServer
from tests.support.redis_bus import spoken_over, until_lost


@pytest.fixture
def server() -> Iterator[RedisServer]:
    """For tests that harm it."""
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
async def nodes(server: RedisServer) -> AsyncIterator[tuple[RedisBus, RedisBus]]:
    async with spoken_over(server, "two") as one, spoken_over(server, "two") as other:
        yield one, other


def listening(bus: RedisBus, topic: str = "a") -> Subscription:
    subscription = bus.subscribe()
    subscription.add(topic)
    return subscription


async def heard(subscription: Subscription, payload: bytes) -> list[bytes]:
    """What comes up to and with this payload."""
    seen: list[bytes] = []
    async with asyncio.timeout(20):
        while not seen or seen[-1] != payload:
            item = await subscription.get()
            assert isinstance(item, Message)
            seen.append(item.payload)
    return seen


async def both_ways(one: RedisBus, other: RedisBus, payload: bytes) -> None:
    there, back = listening(other), listening(one)
    one.publish("a", payload)
    await heard(there, payload)
    other.publish("a", payload + b" back")
    await heard(back, payload + b" back")
    there.close()
    back.close()


async def test_in_order_to_the_other_node(nodes: tuple[RedisBus, RedisBus]) -> None:
    one, other = nodes
    there, here = listening(other), listening(one)
    for number in range(200):
        one.publish("a", b"%d" % number)
        if number % 50 == 0:
            await asyncio.sleep(0)
    expected = [b"%d" % number for number in range(200)]
    assert await heard(there, b"199") == expected
    assert await heard(here, b"199") == expected  # and once to its own


async def test_those_who_share_a_redis_hear_only_their_own(server: RedisServer) -> None:
    async with (
        spoken_over(server, "one") as one,
        spoken_over(server, "one") as same,
        spoken_over(server, "two") as stranger,
    ):
        there, elsewhere = listening(same), listening(stranger)
        one.publish("a", b"for us")
        await heard(there, b"for us")
        stranger.publish("a", b"for them")
        assert await heard(elsewhere, b"for them") == [b"for them"]


async def test_only_here_is_for_this_node_alone(nodes: tuple[RedisBus, RedisBus]) -> None:
    one, other = nodes
    there, here = listening(other), listening(one)
    with one.only_here():
        one.publish("a", b"here")
    one.publish("a", b"both")
    assert await heard(here, b"both") == [b"here", b"both"]
    assert await heard(there, b"both") == [b"both"]


async def test_what_is_no_batch_is_passed_over(nodes: tuple[RedisBus, RedisBus]) -> None:
    one, other = nodes
    one.take(b"\xc1")
    await both_ways(other, one, b"after")


@pytest.mark.parametrize("harm", ["kill", "pause", "cut"])
async def test_redis_goes_away_and_comes_back(
    server: RedisServer, nodes: tuple[RedisBus, RedisBus], harm: str
) -> None:
    one, other = nodes
    await both_ways(one, other, b"before")
    losses = one.losses, other.losses
    here, there = listening(one), listening(other)
    getattr(server, harm)()
    if harm != "cut":  # there it may be back already
        await until_lost(one, -1, away=True)
        await until_lost(other, -1, away=True)
    one.publish("a", b"meanwhile")
    assert await heard(here, b"meanwhile") == [b"meanwhile"]  # at once, without Redis
    if harm == "kill":
        server.start()
    server.go_on()
    await until_lost(one, losses[0])
    await until_lost(other, losses[1])
    one.publish("a", b"after")
    assert (await heard(there, b"after"))[-1] == b"after"
    await both_ways(one, other, b"at last")


async def test_a_flush_harms_nothing(server: RedisServer, nodes: tuple[RedisBus, RedisBus]) -> None:
    one, other = nodes
    await both_ways(one, other, b"before")
    losses = other.losses
    server.flush()
    await both_ways(one, other, b"after")
    assert other.losses == losses


async def test_what_a_node_could_not_say_the_others_know_to_be_missing(
    nodes: tuple[RedisBus, RedisBus], monkeypatch: pytest.MonkeyPatch
) -> None:
    one, other = nodes
    await both_ways(one, other, b"before")
    losses, there = other.losses, listening(other)
    monkeypatch.setattr("runtime.redis_bus.MOST_BYTES", 10)
    for number in range(5):
        one.publish("a", b"%d much" % number)
    await asyncio.sleep(0)
    one.publish("a", b"last")
    await heard(there, b"last")
    assert other.losses > losses


async def test_what_a_node_said_before_it_found_redis_the_others_know_to_be_missing(
    server: RedisServer,
) -> None:
    async with spoken_over(server, "two") as one:
        losses, there = one.losses, listening(one)
        late = RedisBus(server.url, "two", "late", SystemClock())
        late.publish("a", b"unheard")
        speaking = asyncio.create_task(late.run())
        await until_lost(late, 0)
        late.publish("a", b"heard")
        assert await heard(there, b"heard") == [b"heard"]
        assert one.losses == losses + 1
        speaking.cancel()
        await asyncio.gather(speaking, return_exceptions=True)


async def test_a_batch_that_was_held_up_is_not_told_after_later_ones(
    nodes: tuple[RedisBus, RedisBus],
) -> None:
    one, other = nodes
    there = listening(other)
    for number, text in ((7, b"seventh"), (6, b"sixth"), (8, b"eighth")):
        other.take(packed(Batch("a third node", number, [("a", text)])))
    assert await heard(there, b"eighth") == [b"seventh", b"eighth"]


async def test_who_lives_and_is_not_heard_is_apart(server: RedisServer) -> None:
    """Whatever Redis they speak with, or none. Mutant: all is well while one's own answers."""
    clock = ManualClock()
    async with spoken_over(server, clock=clock) as bus:
        changed = bus.watch()

        async def until_changed() -> None:
            async with asyncio.timeout(20):
                await changed.wait()
            changed.clear()

        bus.expect(["lone"], clock.monotonic_us())
        assert not bus.apart
        await clock.advance(AWAY_S)
        bus.take(packed(Batch("stranger", 1, [])))  # of whom the database says nothing
        assert not bus.apart
        await clock.advance(60)
        await until_changed()
        assert (bus.apart, bus.away) == (True, False)
        assert bus.silence_us == (60 + AWAY_S) * 1_000_000
        bus.take(packed(Batch("lone", 1, [])))
        await until_changed()
        assert (bus.apart, bus.losses) == (False, 1)
        await clock.advance(60)
        await until_changed()
        bus.expect([], clock.monotonic_us())  # it died
        await until_changed()
        assert not bus.apart


async def test_a_node_starts_without_redis_and_finds_it_later(server: RedisServer) -> None:
    server.kill()
    bus = RedisBus(server.url, "late", "node", SystemClock())
    speaking = asyncio.create_task(bus.run())
    here = listening(bus)
    bus.publish("a", b"alone")
    await heard(here, b"alone")
    assert bus.away
    server.start()
    await until_lost(bus, 0)
    speaking.cancel()
    await asyncio.gather(speaking, return_exceptions=True)
