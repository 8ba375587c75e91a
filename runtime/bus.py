"""Hints between connections and nodes: at most once, in order per topic, never blocking.

A subscriber that falls behind sees GAP where messages are missing. What is said on another node
may be lost on the way (`runtime/redis_bus.py`): the truth is in the database. Every backend keeps
the same contract: `tests/contract/test_bus.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol, TypeAlias

from runtime.flag import Flag

LIMIT = 256


@dataclass(frozen=True, slots=True)
class Message:
    topic: str
    payload: bytes


class Gap(Enum):
    GAP = "gap"


GAP: Final = Gap.GAP
"""In a subscription's order: here at least one message is missing, of whatever topic."""


AtOnce: TypeAlias = Callable[[Message], bool]
"""Looks at a message as it comes, within `publish`: it neither waits nor raises, and leaves the
subscriptions as they are."""


class SubscriptionClosed(Exception):
    """There is nothing more to get."""


class Subscription(Protocol):
    """One reader's bounded queue. All calls belong to the event loop's thread."""

    def add(self, topic: str) -> None:
        """From now on messages of `topic` are delivered."""
        ...

    def discard(self, topic: str) -> None:
        """From now on none of `topic` is, not even what waits already."""
        ...

    async def get(self) -> Message | Gap:
        """The next message, or GAP. Raises SubscriptionClosed."""
        ...

    def close(self) -> None:
        """Drop what waits; whoever waits in `get` is told."""
        ...


class Bus(Protocol):
    @property
    def shared(self) -> bool:
        """Whether things are said on other nodes too, which may be lost on the way."""
        ...

    @property
    def apart(self) -> bool:
        """Whether they are known to be lost now."""
        ...

    def publish(self, topic: str, payload: bytes) -> None:
        """Hand a message to those who are subscribed now."""
        ...

    def subscribe(self, limit: int = LIMIT, at_once: AtOnce | None = None) -> Subscription:
        """A queue of at most `limit` messages, without topics yet. `at_once` is offered each
        message first for which the reader waits; True: it is done with it."""
        ...

    def only_here(self) -> AbstractContextManager[None]:
        """What is published within, by this task, is for the subscribers of this node alone."""
        ...


class Inbox:
    """The subscriber's side, the same for every backend, which calls `offer` and `gap`."""

    def __init__(
        self,
        limit: int,
        on_add: Callable[[str], None],
        on_discard: Callable[[str], None],
        at_once: AtOnce | None = None,
    ) -> None:
        if limit < 1:
            raise ValueError("a subscription holds at least one message")
        self._limit = limit
        self._on_add = on_add
        self._on_discard = on_discard
        self._at_once = at_once
        self._awaited = False
        self._topics: set[str] = set()
        self._waiting: list[Message | Gap] = []
        self._messages = 0
        self._changed = Flag()
        self._closed = False

    def add(self, topic: str) -> None:
        if self._closed:
            raise SubscriptionClosed
        if topic not in self._topics:
            self._topics.add(topic)
            self._on_add(topic)

    def discard(self, topic: str) -> None:
        if topic not in self._topics:
            return
        self._topics.remove(topic)
        self._on_discard(topic)
        kept: list[Message | Gap] = []
        for item in self._waiting:
            if item is GAP:
                if not kept or kept[-1] is not GAP:
                    kept.append(item)
            elif item.topic != topic:
                kept.append(item)
        self._waiting = kept
        self._messages = sum(item is not GAP for item in kept)

    async def get(self) -> Message | Gap:
        while not self._waiting:
            if self._closed:
                raise SubscriptionClosed
            self._changed.clear()
            self._awaited = True
            try:
                await self._changed.wait()
            finally:
                self._awaited = False
        item = self._waiting.pop(0)
        if item is not GAP:
            self._messages -= 1
        return item

    def close(self) -> None:
        for topic in tuple(self._topics):
            self.discard(topic)
        self._waiting.clear()
        if not self._closed:  # nobody holds it, or is held by it, any more
            del self._on_add, self._on_discard
            self._at_once = None
        self._closed = True
        self._changed.set()

    def offer(self, message: Message) -> None:
        """A message has arrived: queue it, or mark the gap when the queue is full."""
        if message.topic not in self._topics:
            return
        # Only then is the reader done with all that came before.
        idle = self._awaited and not self._changed.is_set()
        if idle and self._at_once is not None and self._at_once(message):
            return
        if self._messages >= self._limit:
            self.gap()
            return
        self._waiting.append(message)
        self._messages += 1
        self._changed.set()

    def gap(self) -> None:
        """Messages may be missing at this point; marks in a row are one."""
        if self._closed or (self._waiting and self._waiting[-1] is GAP):
            return
        self._waiting.append(GAP)
        self._changed.set()


class LocalBus:
    """The bus of a single process."""

    shared = apart = False

    def __init__(self) -> None:
        # A dict for its order: those who came first are served first.
        self._inboxes: dict[str, dict[Inbox, None]] = {}

    def publish(self, topic: str, payload: bytes) -> None:
        message = Message(topic, payload)
        for inbox in self._inboxes.get(topic, ()):
            inbox.offer(message)

    def only_here(self) -> AbstractContextManager[None]:
        return nullcontext()

    def subscribe(self, limit: int = LIMIT, at_once: AtOnce | None = None) -> Inbox:
        def on_add(topic: str) -> None:
            self._inboxes.setdefault(topic, {})[inbox] = None

        def on_discard(topic: str) -> None:
            of_topic = self._inboxes[topic]
            del of_topic[inbox]
            if not of_topic:
                del self._inboxes[topic]

        inbox = Inbox(limit, on_add, on_discard, at_once)
        return inbox
