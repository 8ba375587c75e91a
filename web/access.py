"""Who may do what: where a right of the registry becomes a yes or a refusal."""

from collections.abc import Sequence

import msgspec

from ledger.service import Ledger
from mentoring.safety import Safety
from mentoring.sansio.safety import check, refused
from mentoring.service import Mentoring
from mentoring.tables import Mentorship
from people.service import Caller
from protocol.errors import Refusal
from protocol.registry import FrameRule, Route, Scope
from protocol.types import Id


class Access:
    """Rights over mentorships and what belongs to them."""

    def __init__(self, mentoring: Mentoring, ledger: Ledger, safety: Safety) -> None:
        self._mentoring, self._ledger, self._safety = mentoring, ledger, safety

    async def member(self, caller: Caller, scope: Scope, id_: str) -> Mentorship:
        """The mentorship that the named thing belongs to, if the caller is in it; to all others it
        is `not_found`, exactly as if it did not exist."""
        try:
            msgspec.convert(id_, Id)  # a path may hold anything, even what no database can
        except msgspec.ValidationError:
            raise Refusal("not_found") from None
        if scope == "session":
            id_, scope = await self._ledger.mentorship_of(caller.site_id, id_) or "", "mentorship"
        found = await self._mentoring.find(caller.site_id, scope, id_) if id_ else None
        if found is None or caller.person not in found.roles or not covers(caller, found.id):
            raise Refusal("not_found")
        return found

    async def reaches(self, caller: Caller, mentorship: Mentorship) -> None:
        """Refuses with `mentorship_closed`, `blocking`, `not_accepted` what would reach the other
        of a mentorship that the caller is in."""
        check(await self._safety.bounds(caller.site_id, mentorship.id), caller.person)

    async def shut_out(self, caller: Caller, mentorship: Mentorship) -> bool:
        """Whether that would be refused."""
        bounds = await self._safety.bounds(caller.site_id, mentorship.id)
        return refused(bounds, caller.person) is not None

    async def mine(self, caller: Caller) -> list[Mentorship]:
        """The mentorships that the caller's grant reaches, oldest first."""
        (mine,) = await self.of(caller.site_id, [caller])
        return mine

    async def of(self, site_id: str, callers: Sequence[Caller]) -> list[list[Mentorship]]:
        """The same for each of many of one site."""
        persons = sorted({caller.person for caller in callers})
        found = await self._mentoring.of_persons(site_id, persons)
        return [
            [each for each in found[caller.person] if covers(caller, each.id)] for caller in callers
        ]


def covers(caller: Caller, mentorship: str) -> bool:
    """Whether the caller's grant is for that mentorship of theirs too."""
    return caller.mentorship in (None, mentorship)


def refuses_first(rule: Route | FrameRule) -> bool:
    """Whether who may not reach the other is refused before anything else is looked at."""
    return rule.reaches == "always"
