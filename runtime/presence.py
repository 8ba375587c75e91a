"""Who has Ithaca open, by the connections to this node and what the others say of theirs. Nothing
here outlives them."""

from __future__ import annotations

from runtime.bus import Bus
from runtime.roster import Roster

HERE = b"here"
GONE = b"gone"
PREFIX = "here"


def presence_topic(site_id: str, person: str) -> str:
    return f"presence:{site_id}:{person}"


class Presence:
    """Counts connections; tells those who are connected to this node when a person's first
    arrives and the last departs, here or elsewhere."""

    def __init__(self, bus: Bus, roster: Roster) -> None:
        self._bus, self._roster = bus, roster
        self._connections: dict[str, set[str]] = {}
        roster.watch(PREFIX, self._elsewhere)

    def arrive(self, site_id: str, person: str, connection: str) -> None:
        """Arriving twice is arriving once."""
        who = f"{site_id}:{person}"
        connections = self._connections.setdefault(who, set())
        first = not connections
        connections.add(connection)
        if first:
            self._roster.put(f"{PREFIX}:{who}", b"")
            self._tell(who, HERE)

    def depart(self, site_id: str, person: str, connection: str) -> None:
        """Departing without having arrived is nothing."""
        who = f"{site_id}:{person}"
        connections = self._connections.get(who)
        if connections is None or connection not in connections:
            return
        connections.remove(connection)
        if not connections:
            del self._connections[who]
            self._roster.drop(f"{PREFIX}:{who}")
            self._tell(who, GONE)

    def here(self, site_id: str, person: str) -> bool:
        who = f"{site_id}:{person}"
        return who in self._connections or any(self._roster.holders(f"{PREFIX}:{who}"))

    def on_this_node(self, site_id: str, person: str) -> bool:
        return f"{site_id}:{person}" in self._connections

    def _elsewhere(self, node: str, who: str, value: bytes | None) -> None:
        self._tell(who, GONE if value is None else HERE)

    def _tell(self, who: str, what: bytes) -> None:
        # Each node knows by its roster, and tells its own.
        with self._bus.only_here():
            self._bus.publish(f"presence:{who}", what)
