"""Who has Ithaca open, by the connections to this process. Nothing here outlives it."""

from __future__ import annotations

from runtime.bus import Bus

HERE = b"here"
GONE = b"gone"


def presence_topic(site_id: str, person: str) -> str:
    return f"presence:{site_id}:{person}"


class Presence:
    """Counts connections; tells the bus when a person's first arrives and the last departs."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus
        self._connections: dict[tuple[str, str], set[str]] = {}

    def arrive(self, site_id: str, person: str, connection: str) -> None:
        """Arriving twice is arriving once."""
        connections = self._connections.setdefault((site_id, person), set())
        first = not connections
        connections.add(connection)
        if first:
            self._bus.publish(presence_topic(site_id, person), HERE)

    def depart(self, site_id: str, person: str, connection: str) -> None:
        """Departing without having arrived is nothing."""
        connections = self._connections.get((site_id, person))
        if connections is None or connection not in connections:
            return
        connections.remove(connection)
        if not connections:
            del self._connections[site_id, person]
            self._bus.publish(presence_topic(site_id, person), GONE)

    def here(self, site_id: str, person: str) -> bool:
        return (site_id, person) in self._connections
