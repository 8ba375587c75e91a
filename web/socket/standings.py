"""How far the conversations have come that this node's connections follow: asked of the database
for many connections at once, so that a hint that was lost is noticed."""

from collections import defaultdict
from collections.abc import Sequence

from chat.service import Chat
from web.socket.hub import Connected, Hub

GLANCE_INTERVAL_S = 1.0
GLANCES = 10
"""Each connection is told once in so many glances, or sooner."""


class Standings:
    """Of all connections of this node."""

    def __init__(self, chat: Chat, hub: Hub) -> None:
        self._chat, self._hub = chat, hub
        self._round: list[Connected] = []
        self._share = 0

    async def glance(self) -> None:
        """Tells the next few, until all have been told; then from the first one on again."""
        if not self._round:
            self._round = self._hub.connected
            self._share = -(-len(self._round) // GLANCES)
        next_ones, self._round = self._round[: self._share], self._round[self._share :]
        await self._tell(next_ones)

    async def all(self) -> None:
        """Tells everybody."""
        await self._tell(self._hub.connected)

    async def _tell(self, connections: Sequence[Connected]) -> None:
        followed = defaultdict[str, set[str]](set)
        for connected in connections:
            followed[connected.site_id].update(connected.conversations)
        for site_id, conversations in followed.items():
            found = await self._chat.standings(site_id, sorted(conversations))
            for connected in connections:
                if connected.site_id == site_id:
                    connected.know(found)
