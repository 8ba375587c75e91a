"""What each node says of itself, known to all: who is here, who is in which room.

Every node owns its entries, and numbers its changes. A node that has missed one asks for the whole;
so whatever was lost on the way, all know the same in the end. Nothing here is durable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import msgspec

from runtime.bus import Bus

TOPIC = "roster"

OnChange: TypeAlias = Callable[[str, str, bytes | None], None]
"""Hears the node, the key after its prefix, and the new value; None: there is no such entry now."""


class Edge(msgspec.Struct, frozen=True, array_like=True, tag="edge"):
    """One change. `value` None: the entry is gone."""

    node: str
    number: int
    key: str
    value: bytes | None


class Beat(msgspec.Struct, frozen=True, array_like=True, tag="beat"):
    """How many changes there have been."""

    node: str
    number: int


class Whole(msgspec.Struct, frozen=True, array_like=True, tag="whole"):
    """All entries after so many changes."""

    node: str
    number: int
    entries: dict[str, bytes]


class Ask(msgspec.Struct, frozen=True, array_like=True, tag="ask"):
    """Who has missed something asks a node for the whole."""

    node: str


_Said = Edge | Beat | Whole | Ask
_encode, _decode = msgspec.msgpack.Encoder().encode, msgspec.msgpack.Decoder(_Said).decode


class _Other:
    """Another node, as far as is known."""

    def __init__(self) -> None:
        self.number = -1
        self.entries: dict[str, bytes] = {}


class Roster:
    """Entries of `node`, this one, and of the others. Keys are `prefix:rest`."""

    def __init__(self, bus: Bus, node: str) -> None:
        self._bus, self.node = bus, node
        self._number = 0
        self._own: dict[str, bytes] = {}
        self._others: dict[str, _Other] = {}
        self._watches: dict[str, OnChange] = {}

    # ---- this node's ---------------------------------------------------------------------------

    def put(self, key: str, value: bytes) -> None:
        if self._own.get(key) != value:
            self._own[key] = value
            self._changed(key, value)

    def drop(self, key: str) -> None:
        if self._own.pop(key, None) is not None:
            self._changed(key, None)

    def has(self, key: str) -> bool:
        """Whether this node says so."""
        return key in self._own

    def _changed(self, key: str, value: bytes | None) -> None:
        self._number += 1
        self._say(Edge(self.node, self._number, key, value))

    def beat(self) -> None:
        """Lets the others see whether they have missed something."""
        self._say(Beat(self.node, self._number))

    @property
    def whole(self) -> bytes:
        """All that this node says, for `hear` of another."""
        return _encode(Whole(self.node, self._number, self._own))

    def _say(self, what: _Said) -> None:
        self._bus.publish(TOPIC, _encode(what))

    # ---- the others' ---------------------------------------------------------------------------

    def watch(self, prefix: str, on_change: OnChange) -> None:
        """Whoever acts on what changes under a prefix on other nodes."""
        self._watches[prefix] = on_change

    def holders(self, key: str) -> Iterator[str]:
        """The other nodes that have such an entry."""
        return (name for name, other in self._others.items() if key in other.entries)

    @property
    def others(self) -> list[str]:
        return list(self._others)

    def hear(self, said: bytes) -> str:
        """Something that a node has said, in whatever order; its own is nothing. Which node it is
        about. Raises msgspec.MsgspecError."""
        what = _decode(said)
        if isinstance(what, Ask):
            if what.node == self.node:
                self._say(Whole(self.node, self._number, self._own))
            return self.node
        node: str = what.node
        if node == self.node:
            return node
        other = self._others.setdefault(node, _Other())
        match what:
            case Edge(number=number, key=key, value=value) if number == other.number + 1:
                other.number = number
                self._set(what.node, other, key, value)
            case Whole(number=number, entries=entries) if number > other.number:
                other.number = number
                self._replace(what.node, other, entries)
            case Edge(number=number) | Beat(number=number) if number > other.number:
                self._say(Ask(what.node))
            case _:
                pass  # known already
        return node

    def gone(self, node: str) -> None:
        """A node has died: it says nothing any more."""
        other = self._others.pop(node, None)
        if other is not None:
            self._replace(node, other, {})

    def _replace(self, node: str, other: _Other, entries: dict[str, bytes]) -> None:
        """What is there is heard of before what is gone: it may say why."""
        gone = [key for key in other.entries if key not in entries]
        for key, value in entries.items():
            if other.entries.get(key) != value:
                self._set(node, other, key, value)
        for key in gone:
            self._set(node, other, key, None)

    def _set(self, node: str, other: _Other, key: str, value: bytes | None) -> None:
        if value is not None:
            other.entries[key] = value
        elif other.entries.pop(key, None) is None:
            return
        prefix, _, rest = key.partition(":")
        if prefix in self._watches:
            self._watches[prefix](node, rest, value)
