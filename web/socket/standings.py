"""How far the conversations have come that this node's connections follow, and how their
mentorships stand: asked of the database for many connections at once, so that a hint that was lost
is noticed."""

from collections import defaultdict
from collections.abc import Sequence
from weakref import ref

from chat.service import Chat
from runtime.clock import Clock
from web.socket.hub import Connected, Hub
from web.views import Views, of_all

GLANCE_INTERVAL_S = 1.0
GLANCES = 10
"""Each connection is told once in so many glances, or sooner."""
AT_ONCE = 50
"""So many are told in one turn of the loop: whoever writes meanwhile does not wait for all."""


class Standings:
    """Of all connections of this node."""

    def __init__(self, chat: Chat, views: Views, clock: Clock, hub: Hub) -> None:
        self._chat, self._views, self._clock, self._hub = chat, views, clock, hub
        self._round: list[ref[Connected]] = []  # who goes meanwhile is not held
        self._share = 0

    async def glance(self) -> None:
        """Tells the next few, until all have been told; then from the first one on again."""
        if not self._round:
            self._round = [ref(connected) for connected in self._hub.connected]
            self._share = -(-len(self._round) // GLANCES)
        next_ones, self._round = self._round[: self._share], self._round[self._share :]
        await self._tell([connected for each in next_ones if (connected := each()) is not None])

    async def all(self) -> None:
        """Tells everybody."""
        await self._tell(self._hub.connected)

    async def _tell(self, connections: Sequence[Connected]) -> None:
        by_site = defaultdict[str, list[Connected]](list)
        for connected in connections:
            by_site[connected.site_id].append(connected)
        parts = (
            (site_id, theirs[first : first + AT_ONCE])
            for site_id, theirs in by_site.items()
            for first in range(0, len(theirs), AT_ONCE)
        )
        for site_id, theirs in parts:
            conversations = {id_ for connected in theirs for id_ in connected.conversations}
            found = await self._chat.standings(site_id, sorted(conversations))
            now_us = self._clock.monotonic_us()
            mentorships = of_all(connected.mentorships for connected in theirs)
            within = await self._views.within(site_id, mentorships, now_us)
            for connected in theirs:
                connected.know(found, within)
