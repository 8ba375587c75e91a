"""The bus of several nodes, over Redis: what is said on one reaches the connections of all.

Redis is a lossy hint. Whoever is connected to this node is told at once, within this process. For
the others everything that is said in one turn of the event loop goes out as one batch, on one
channel that every node hears. Batches are numbered, so a node knows when it has missed one; and a
node that hears nothing, not even itself, knows that Redis is away. `losses` counts those times, and
`lost_us` is the last of them on the monotonic clock: whoever keeps people up to date looks into the
database then. So they do for as long as `apart` holds: a node that lives by its lease (`expect`) is
not heard, whatever Redis it speaks with.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING

import msgspec
import structlog

from runtime.bus import LIMIT, AtOnce, Inbox, LocalBus
from runtime.clock import Clock

if TYPE_CHECKING:
    from redis.asyncio import Redis
    from redis.asyncio.client import PubSub

BEAT_S = 0.25
"""How often a node says something, if only that it is there."""
AWAY_S = 1.0
"""After so long without hearing anything, or an answer, Redis is away; of one node, that one is."""
AGAIN_S = 0.25
MOST_BYTES = 8 * 1024 * 1024
"""Of what waits for Redis; beyond that it is dropped, and the others know by the numbers."""
NODES_MOST = 256

log = structlog.get_logger(__name__)

_only_here: ContextVar[bool] = ContextVar("only_here", default=False)


class Batch(msgspec.Struct, frozen=True, array_like=True):
    """What a node says in one turn: topics and payloads. Numbers count from 1; what was never said
    has one too."""

    node: str
    number: int
    messages: list[tuple[str, bytes]]


packed, unpacked = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(Batch).decode


class RedisBus:
    """Implements Bus. `node` is fresh at every start; `namespace` keeps those who share a Redis
    apart. Without `run` it is the bus of this process alone."""

    shared = True

    def __init__(self, url: str, namespace: str, node: str, clock: Clock) -> None:
        self._url, self._channel, self._node = url, f"ithaca:{namespace}", node
        self._clock = clock
        self._local = LocalBus()
        self._waiting: list[tuple[str, bytes]] = []
        self._bytes = 0
        self._said = asyncio.Event()
        self._number = 0
        self._heard: dict[str, int] = {}
        self._heard_us = {node: clock.monotonic_us()}
        self._silent = frozenset[str]()
        self._told_away = False
        self._watches: list[asyncio.Event] = []
        self.away = True
        self.losses = self.lost_us = 0

    def publish(self, topic: str, payload: bytes) -> None:
        self._local.publish(topic, payload)
        if _only_here.get():
            return
        if self.away or self._bytes > MOST_BYTES:
            self._drop()
            return
        self._waiting.append((topic, payload))
        self._bytes += len(topic) + len(payload)
        self._said.set()

    def subscribe(self, limit: int = LIMIT, at_once: AtOnce | None = None) -> Inbox:
        return self._local.subscribe(limit, at_once)

    def watch(self) -> asyncio.Event:
        """An event of one's own, to wait for and to clear: set at every loss, when Redis goes away,
        and when a node falls silent or is heard again."""
        self._watches.append(asyncio.Event())
        return self._watches[-1]

    def expect(self, nodes: Iterable[str], since_us: int) -> None:
        """These live, and should be heard; of one that was not expected before, since then (on the
        monotonic clock). So should this one itself."""
        heard_us = self._heard_us
        self._heard_us = {node: heard_us.get(node, since_us) for node in (self._node, *nodes)}
        self._look_around()

    @property
    def apart(self) -> bool:
        """Whether what is said here, or elsewhere, may not reach every node."""
        return self.away or bool(self._silent)

    @property
    def silence_us(self) -> int:
        """How long ago whoever was silent for longest was heard."""
        return self._clock.monotonic_us() - min(self._heard_us.values())

    @contextmanager
    def only_here(self) -> Iterator[None]:
        """What is published within, by this task, is for this node alone."""
        before = _only_here.set(True)
        try:
            yield
        finally:
            _only_here.reset(before)

    async def run(self) -> None:
        """Speaks with the other nodes until cancelled."""
        while True:
            try:
                await self._converse()
            except* (OSError, TimeoutError) as group:
                self._went(group.exceptions[0])
            await asyncio.sleep(AGAIN_S)

    async def _converse(self) -> None:
        # Here, not above: who has no Redis need not wait for it to be loaded.
        from redis.asyncio import Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff
        from redis.exceptions import RedisError

        client = Redis.from_url(
            self._url,
            socket_connect_timeout=AWAY_S,
            socket_timeout=None,  # each wait has its own bound
            retry=Retry(NoBackoff(), 0),
        )
        channel = client.pubsub()
        try:
            async with asyncio.timeout(AWAY_S):
                await channel.ssubscribe(self._channel)
                await channel.get_message(timeout=AWAY_S)  # that it is subscribed
            self._came()
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._hear(channel))
                tasks.create_task(self._say(client))
        except* RedisError as group:
            raise ConnectionError(str(group.exceptions[0])) from group
        finally:
            self.away = True
            with suppress(RedisError, OSError, TimeoutError):  # it is gone, or does not answer
                async with asyncio.timeout(AWAY_S):
                    await channel.aclose()  # type: ignore[no-untyped-call] # redis-py types it so
                    await client.aclose()

    async def _hear(self, channel: PubSub) -> None:
        while True:
            async with asyncio.timeout(AWAY_S):
                message = await channel.get_message(timeout=None)
            if message is not None and message["type"] == "smessage":
                self.take(message["data"])

    def take(self, data: bytes) -> None:
        """Something has come over the channel."""
        try:
            batch = unpacked(data)
        except msgspec.MsgspecError:
            log.warning("redis.not_ours", channel=self._channel)
            return
        if batch.node in self._heard_us:
            self._heard_us[batch.node] = self._clock.monotonic_us()
            if batch.node in self._silent:
                self._look_around()
        if batch.node == self._node:
            return
        before = self._heard.pop(batch.node, 0)
        self._heard[batch.node] = max(before, batch.number)
        if len(self._heard) > NODES_MOST:
            del self._heard[next(iter(self._heard))]
        if batch.number <= before:
            return  # what was held up until it was too late: later things have been heard
        if batch.number != before + 1:
            self._lost()
        for topic, payload in batch.messages:
            self._local.publish(topic, payload)

    async def _say(self, client: Redis) -> None:
        self._said.set()  # at once: the others learn that we are there
        while True:
            self._look_around()
            if not self._said.is_set():
                try:
                    async with asyncio.timeout(BEAT_S):
                        await self._said.wait()
                except TimeoutError:
                    pass  # that we are there
            self._said.clear()
            messages, self._waiting, self._bytes = self._waiting, [], 0
            self._number += 1
            batch = packed(Batch(self._node, self._number, messages))
            async with asyncio.timeout(AWAY_S):
                await client.execute_command(  # type: ignore[no-untyped-call] # redis-py types it so
                    "SPUBLISH", self._channel, batch
                )

    def _drop(self) -> None:
        """What others will not hear leaves a hole in the numbers."""
        if self._waiting or not self.away:
            log.warning("redis.full", dropped=len(self._waiting))
        self._waiting, self._bytes = [], 0
        self._number += 1

    def _look_around(self) -> None:
        """Who is silent now: whoever watches is told of a change."""
        if self.away:
            return  # so is everybody
        now_us, most_us = self._clock.monotonic_us(), AWAY_S * 1_000_000
        silent = frozenset(
            node for node, heard_us in self._heard_us.items() if now_us - heard_us > most_us
        )
        if silent == self._silent:
            return
        for node in silent ^ self._silent:
            if node in silent:
                log.warning("redis.silent", node=node)
            elif node in self._heard_us:
                log.info("redis.heard", node=node)
        self._silent, self.lost_us = silent, now_us
        self._changed()

    def _came(self) -> None:
        self.away = False
        self._heard_us = dict.fromkeys(self._heard_us, self._clock.monotonic_us())
        self._silent = frozenset()
        self._lost()
        if self._told_away:
            self._told_away = False
            log.info("redis.back")

    def _went(self, error: BaseException) -> None:
        self._waiting, self._bytes = [], 0
        self._number += 1
        if not self._told_away:
            self._told_away = True
            log.warning("redis.away", error=type(error).__name__)
        self._changed()

    def _lost(self) -> None:
        self.losses += 1
        self.lost_us = self._clock.monotonic_us()
        self._changed()

    def _changed(self) -> None:
        for event in self._watches:
            event.set()
