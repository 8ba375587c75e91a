"""What every bus promises; a backend joins by one more entry in BACKENDS."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.bus import GAP, Bus, Gap, LocalBus, Message, Subscription, SubscriptionClosed
from tests.support.clock import settle
from tests.support.redis import RedisServer
from tests.support.redis_bus import spoken_over

Backend = Callable[[RedisServer], AbstractAsyncContextManager[Bus]]


@asynccontextmanager
async def _local(_: RedisServer) -> AsyncIterator[Bus]:
    yield LocalBus()


BACKENDS: dict[str, Backend] = {"local": _local, "redis": spoken_over}


@pytest.fixture(params=BACKENDS)
async def bus(request: pytest.FixtureRequest, redis_server: RedisServer) -> AsyncIterator[Bus]:
    async with BACKENDS[request.param](redis_server) as backend:
        yield backend


def subscribed(bus: Bus, *topics: str, limit: int = 256) -> Subscription:
    subscription = bus.subscribe(limit)
    for topic in topics:
        subscription.add(topic)
    return subscription


async def until(subscription: Subscription, payload: bytes) -> list[bytes | Gap]:
    """What comes up to and with this payload."""
    seen: list[bytes | Gap] = []
    while True:
        item = await subscription.get()
        seen.append(item if item is GAP else item.payload)
        if seen[-1] == payload:
            return seen


async def test_in_order_to_everyone_who_subscribed(bus: Bus) -> None:
    one, two = subscribed(bus, "a", "b"), subscribed(bus, "a")
    for number in range(5):
        bus.publish("a", b"a%d" % number)
        bus.publish("b", b"b%d" % number)
    assert await until(two, b"a4") == [b"a0", b"a1", b"a2", b"a3", b"a4"]
    seen = await until(one, b"b4")
    assert [item for item in seen if isinstance(item, bytes) and item[:1] == b"a"] == [
        b"a%d" % number for number in range(5)
    ]
    assert [item for item in seen if isinstance(item, bytes) and item[:1] == b"b"] == [
        b"b%d" % number for number in range(5)
    ]


async def test_messages_carry_their_topic_and_bytes(bus: Bus) -> None:
    subscription = subscribed(bus, "a")
    bus.publish("a", b"\x00\xff")
    assert await subscription.get() == Message("a", b"\x00\xff")


async def test_a_waiting_reader_is_woken(bus: Bus) -> None:
    subscription = subscribed(bus, "a")
    reader = asyncio.create_task(subscription.get())
    await settle()
    assert not reader.done()
    bus.publish("a", b"now")
    assert await reader == Message("a", b"now")


async def test_a_cancelled_reader_loses_nothing(bus: Bus) -> None:
    subscription = subscribed(bus, "a")
    reader = asyncio.create_task(subscription.get())
    await settle()
    reader.cancel()
    await asyncio.gather(reader, return_exceptions=True)
    bus.publish("a", b"kept")
    assert await subscription.get() == Message("a", b"kept")


async def test_nothing_from_before_add(bus: Bus) -> None:
    subscription = subscribed(bus, "b")
    bus.publish("a", b"before")
    subscription.add("a")
    bus.publish("a", b"after")
    assert await until(subscription, b"after") == [b"after"]


async def test_nothing_after_discard_not_even_what_waited(bus: Bus) -> None:
    subscription = subscribed(bus, "a", "b")
    bus.publish("a", b"waited")
    bus.publish("b", b"stays")
    subscription.discard("a")
    subscription.discard("never added")
    bus.publish("a", b"after")
    subscription.add("a")
    bus.publish("a", b"again")
    assert await until(subscription, b"again") == [b"stays", b"again"]


async def test_adding_twice_is_adding_once(bus: Bus) -> None:
    subscription = subscribed(bus, "a", "a")
    bus.publish("a", b"1")
    bus.publish("a", b"2")
    assert await until(subscription, b"2") == [b"1", b"2"]


async def test_nothing_after_close(bus: Bus) -> None:
    subscription = subscribed(bus, "a")
    bus.publish("a", b"waited")
    subscription.close()
    subscription.close()
    bus.publish("a", b"after")
    with pytest.raises(SubscriptionClosed):
        await subscription.get()
    with pytest.raises(SubscriptionClosed):
        subscription.add("a")


async def test_close_tells_a_waiting_reader(bus: Bus) -> None:
    subscription = subscribed(bus, "a")
    reader = asyncio.create_task(subscription.get())
    await settle()
    subscription.close()
    with pytest.raises(SubscriptionClosed):
        await reader


async def test_overflow_shows_one_gap_where_messages_are_missing(bus: Bus) -> None:
    subscription = subscribed(bus, "a", limit=2)
    for number in range(5):
        bus.publish("a", b"%d" % number)
    assert [await subscription.get() for _ in range(2)] == [Message("a", b"0"), Message("a", b"1")]
    bus.publish("a", b"5")
    bus.publish("a", b"6")
    bus.publish("a", b"7")
    assert await subscription.get() is GAP
    assert await until(subscription, b"6") == [b"5", b"6"]
    assert await subscription.get() is GAP
    bus.publish("a", b"8")
    assert await until(subscription, b"8") == [b"8"]


async def test_a_gap_outlives_the_topic_that_overflowed_once(bus: Bus) -> None:
    subscription = subscribed(bus, "a", "b", limit=1)
    bus.publish("b", b"first")
    bus.publish("a", b"dropped")
    assert await subscription.get() == Message("b", b"first")
    bus.publish("a", b"between")
    bus.publish("b", b"dropped too")
    subscription.discard("a")  # the two marks are neighbours now
    bus.publish("b", b"last")
    assert await until(subscription, b"last") == [GAP, b"last"]


async def test_a_slow_subscriber_harms_no_other(bus: Bus) -> None:
    slow, quick = subscribed(bus, "a", limit=1), subscribed(bus, "a", limit=100)
    for number in range(100):
        bus.publish("a", b"%d" % number)
    assert await until(quick, b"99") == [b"%d" % number for number in range(100)]
    assert await until(slow, b"0") == [b"0"]
    assert await slow.get() is GAP


async def test_publishing_to_nobody_is_nothing(bus: Bus) -> None:
    bus.publish("a", b"unheard")
    subscription = subscribed(bus, "a")
    bus.publish("a", b"heard")
    assert await until(subscription, b"heard") == [b"heard"]


async def test_a_subscription_holds_at_least_one_message(bus: Bus) -> None:
    with pytest.raises(ValueError, match="at least one"):
        bus.subscribe(0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])  # a bus keeps nothing
@given(
    limit=st.integers(1, 4),
    steps=st.lists(st.sampled_from(["publish a", "publish b", "get"]), max_size=60),
)
async def test_order_bound_and_marked_losses(bus: Bus, limit: int, steps: list[str]) -> None:
    """Whatever the interleaving: per topic in order, and a loss only where a GAP stands."""

    subscription = subscribed(bus, "a", "b", limit=limit)
    published: list[tuple[str, int]] = []
    seen: list[tuple[str, int] | Gap] = []
    outstanding = 0

    async def get() -> None:
        nonlocal outstanding
        item = await subscription.get()
        seen.append(item if item is GAP else (item.topic, int(item.payload)))
        if item is not GAP:
            outstanding -= 1

    for step in steps:
        if step == "get":
            if outstanding:
                await get()
        else:
            topic = step[-1]
            bus.publish(topic, b"%d" % len(published))
            published.append((topic, len(published)))
            outstanding = min(limit, outstanding + 1)
    while outstanding:
        await get()
    expected = iter(published)
    missing = False
    for item in seen:
        if item is GAP:
            assert not missing, "two marks in a row"
            missing = True
            continue
        skipped = 0
        while next(expected) != item:
            skipped += 1
        assert (skipped > 0) == missing
        missing = False
    subscription.close()


async def test_who_looks_at_once_sees_all_in_order_and_gets_the_rest(bus: Bus) -> None:
    seen: list[bytes] = []

    def at_once(message: Message) -> bool:
        seen.append(message.payload)
        return message.payload.startswith(b"quick")

    subscription = bus.subscribe(at_once=at_once)
    subscription.add("a")
    bus.publish("a", b"before it is read")
    assert seen == []
    assert await subscription.get() == Message("a", b"before it is read")
    reader = asyncio.create_task(subscription.get())
    await settle()
    for payload in (b"quick 1", b"quick 2", b"slow", b"quick 3"):
        bus.publish("a", payload)
    assert seen == [b"quick 1", b"quick 2", b"slow"]  # the last one has to wait behind it
    assert await reader == Message("a", b"slow")
    assert await subscription.get() == Message("a", b"quick 3")
