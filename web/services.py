"""What a connection needs of the house."""

from collections.abc import Iterable
from dataclasses import dataclass

from chat.search import Search
from chat.service import Chat
from ledger.service import Ledger
from mentoring.arrangements import Arrangements
from mentoring.reflections import Reflections
from mentoring.safety import Safety
from mentoring.service import Invited
from mentoring.talks import Talks
from people.service import Caller, People
from protocol.rest import InvitationLink
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.ids import Ids
from runtime.limits import Limiter
from runtime.presence import Presence
from signaling.service import Signaling
from web.access import Access
from web.metrics import Metrics
from web.openings import Openings
from web.origins import Origins
from web.views import Views


@dataclass(frozen=True, slots=True)
class Services:
    """Wired once, in `ithaca/`."""

    clock: Clock
    ids: Ids
    bus: Bus
    presence: Presence
    people: People
    arrangements: Arrangements
    chat: Chat
    search: Search
    ledger: Ledger
    safety: Safety
    reflections: Reflections
    talks: Talks
    signaling: Signaling
    access: Access
    views: Views
    openings: Openings
    origins: Origins
    metrics: Metrics
    frames: Limiter
    messages: Limiter
    typing: Limiter
    exchanges: Limiter
    joins: Limiter
    contacts: Limiter
    requests: Limiter
    pages: Limiter
    missed: Limiter

    async def page_turn(self, caller: Caller) -> None:
        """Waits until a person may be handed one more page of history that they missed, over all
        that they are connected by. Those that they ask for are counted apart: nobody's place in
        the queue is before what they look for now."""
        key, now_us = f"{caller.site_id}:{caller.person}", self.clock.monotonic_us()
        if wait_us := self.missed.reserve(key, now_us):
            await self.clock.sleep(wait_us / 1_000_000)

    def links(self, site_id: str, invited: Iterable[Invited]) -> tuple[InvitationLink, ...]:
        """A way in for each person that was created with a mentorship."""
        return tuple(
            InvitationLink(
                person=each.person,
                role=each.role,
                url=self.origins.link(self.people.link_handle(site_id, each.invitation)),
            )
            for each in invited
        )
