"""What is looked up when somebody signs in on a connection, or comes or goes: for all who do so at
the same time together, as after a restart everybody does."""

from collections.abc import Mapping, Sequence

from mentoring.tables import Mentorship
from people.service import Caller, People
from protocol.errors import Refusal
from protocol.grants import GrantClaims
from runtime.clock import Clock
from runtime.together import Together
from web.access import Access
from web.sansio.within import Within
from web.views import Opened, Views, of_all


class Openings:
    """Two looks for each connection: between them it begins to listen to what it will be shown."""

    def __init__(self, people: People, access: Access, views: Views, clock: Clock) -> None:
        self._people, self._access, self._views, self._clock = people, access, views, clock
        self._whose = Together(self._believe)
        self._shown = Together(self._show)
        self._standing = Together(self._stand)

    async def whose(self, granted: GrantClaims) -> tuple[Caller, list[Mentorship]]:
        """For whom a grant speaks, and the mentorships that it reaches. Refuses as
        `People.authenticate` does."""
        return await self._whose.ask(granted.site, granted)

    async def shown(self, caller: Caller, mine: Sequence[Mentorship]) -> Opened:
        """These mentorships as the caller sees them."""
        return await self._shown.ask(caller.site_id, (caller.person, mine))

    async def within(
        self, site_id: str, mentorships: Mapping[str, Mentorship]
    ) -> dict[str, Within]:
        """How these stand, by id."""
        return await self._standing.ask(site_id, mentorships)

    async def _stand(
        self, site_id: str, asked: Sequence[Mapping[str, Mentorship]]
    ) -> list[dict[str, Within] | Exception]:
        now_us = self._clock.monotonic_us()
        found = await self._views.within(site_id, of_all(asked), now_us)
        return [{id_: found[id_] for id_ in each} for each in asked]

    async def _believe(
        self, site_id: str, grants: Sequence[GrantClaims]
    ) -> list[tuple[Caller, list[Mentorship]] | Exception]:
        believed = await self._people.believe(site_id, grants)
        callers = [each for each in believed if isinstance(each, Caller)]
        theirs = iter(await self._access.of(site_id, callers))
        return [each if isinstance(each, Refusal) else (each, next(theirs)) for each in believed]

    async def _show(
        self, site_id: str, asked: Sequence[tuple[str, Sequence[Mentorship]]]
    ) -> list[Opened | Exception]:
        found = await self._views.opened(site_id, asked, self._clock.monotonic_us())
        return list(found)
