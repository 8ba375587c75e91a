"""What the other nodes know of connections that are in a session: each hears only its own pages,
and puts their signs of life on disk now and then."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import TypeAlias

import msgspec
import structlog

from ledger.held import Known
from runtime.bus import GAP, Bus
from runtime.clock import Clock, wait_until_set

TOPIC = "held"
PATIENCE_S = 0.5
"""Who has not answered by then is away; what it put on disk counts."""

log = structlog.get_logger(__name__)


Ask: TypeAlias = Callable[[Collection[str]], Coroutine[object, object, Sequence[Known]]]
"""What others know of these connections; nothing of those whom nobody holds."""
Tell: TypeAlias = Callable[[Collection[str]], Sequence[Known]]
"""What this node knows of these."""


async def alone(_: Collection[str]) -> Sequence[Known]:
    """There is no other node."""
    return ()


class Question(msgspec.Struct, frozen=True, tag="question"):
    id: str
    connections: tuple[str, ...]


class Answer(msgspec.Struct, frozen=True, tag="answer"):
    id: str
    known: tuple[Known, ...]


_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Question | Answer).decode


class Elsewhere:
    """Asks the other nodes, and answers them. `node` makes the names of its questions its own."""

    def __init__(self, bus: Bus, clock: Clock, node: str) -> None:
        self._bus, self._clock, self._node = bus, clock, node
        self._asked = 0
        self._open: dict[str, tuple[dict[str, Known | None], asyncio.Event]] = {}

    async def ask(self, connections: Collection[str]) -> Sequence[Known]:
        """Returns what was answered, after PATIENCE_S at the latest."""
        if not connections:
            return ()
        self._asked += 1
        question = Question(f"{self._node}:{self._asked}", tuple(connections))
        found: dict[str, Known | None] = dict.fromkeys(connections)
        answered = asyncio.Event()
        self._open[question.id] = found, answered
        try:
            self._bus.publish(TOPIC, _encode(question))
            await wait_until_set(answered, self._clock, PATIENCE_S)
        finally:
            del self._open[question.id]
        return [known for known in found.values() if known is not None]

    async def run(self, tell: Tell) -> None:
        """Until cancelled."""
        subscription = self._bus.subscribe()
        subscription.add(TOPIC)
        while True:
            item = await subscription.get()
            if item is GAP:
                continue  # who asked goes by what is on disk
            try:
                said = _decode(item.payload)
            except msgspec.MsgspecError:
                log.warning("a node says what this one does not understand")
                continue
            if isinstance(said, Answer):
                self._take(said)
            elif known := tell(said.connections):
                self._bus.publish(TOPIC, _encode(Answer(said.id, tuple(known))))

    def _take(self, answer: Answer) -> None:
        if answer.id not in self._open:
            return
        found, answered = self._open[answer.id]
        found.update({each.connection: each for each in answer.known if each.connection in found})
        if None not in found.values():
            answered.set()
