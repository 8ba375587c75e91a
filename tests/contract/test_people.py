"""From a link to a grant on both engines, and back: renewing, running out, withdrawing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
import pytest
from sqlalchemy import select

from people import tables
from people.service import People
from people.tokens import Tokens
from protocol.errors import Refusal
from protocol.facts import AccessRevoked, PersonMoved
from protocol.grants import GRANT_TTL_US
from protocol.rest import Grant, NewPerson
from protocol.views import PersonView
from runtime.database import Database, Plan
from runtime.ids import Ids
from runtime.tables import outbox
from tests.support.clock import ManualClock

DAY_US = 24 * 3600 * 1_000_000


class Town:
    """People over one database, with the means to make some."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock, self.nudges = database, ManualClock(), 0
        self.ids = Ids(self.clock)
        self.people = People(database, self.clock, self.ids, self._nudge)

    def _nudge(self) -> None:
        self.nudges += 1

    @property
    def site(self) -> str:
        return self.people.home_site

    async def person(self, name: str = "Ada") -> PersonView:
        view, email = self.people.checked(NewPerson(name=name, zone="UTC"), "person")
        await self.database.write(tables.add_person, self.site, view, email, self.clock.wall_us())
        return view

    async def invitation(
        self, person: str, leads_to: str | None = None, expires_us: int | None = None
    ) -> str:
        """The handle in a new link."""
        id_ = self.ids.new("inv")
        await self.database.write(
            tables.add_invitation,
            self.site,
            id_,
            person,
            leads_to,
            self.clock.wall_us(),
            expires_us,
        )
        return self.people.link_handle(self.site, id_)

    def facts(self) -> Plan[list[AccessRevoked]]:
        rows = yield select(outbox.c.payload).where(outbox.c.site_id == self.site)
        return [msgspec.msgpack.decode(row.payload, type=AccessRevoked) for row in rows]

    def moves(self) -> Plan[list[PersonMoved]]:
        rows = yield select(outbox.c.payload).where(outbox.c.site_id == self.site)
        return [msgspec.msgpack.decode(row.payload, type=PersonMoved) for row in rows]


@pytest.fixture
async def town(database: Database) -> Town:
    made = Town(database)
    await made.people.open()
    return made


async def refusal(work: object) -> str:
    with pytest.raises(Refusal) as refused:
        await work  # type: ignore[misc]
    return refused.value.code


async def test_the_first_start_makes_one_site_and_every_start_reads_the_same_keys(
    town: Town,
) -> None:
    ada = await town.person()
    granted = await town.people.exchange(await town.invitation(ada.id))
    starts = [Town(town.database) for _ in range(3)]
    await asyncio.gather(*(each.people.open() for each in starts))
    assert {each.site for each in starts} == {town.site}
    assert [await town.database.read(tables.all_sites)] == [[town.site]]
    caller = await starts[0].people.authenticate(granted.grant)
    assert (caller.site_id, caller.person, caller.mentorship) == (town.site, ada.id, None)


async def test_a_link_is_good_for_grants_again_and_again(town: Town) -> None:
    ada = await town.person()
    link = await town.invitation(ada.id, "men_x")
    first, second = [await town.people.exchange(link) for _ in range(2)]
    assert first.person == second.person == ada
    assert first.mentorship == "men_x"
    assert first.renewal != second.renewal
    assert first.expires_us == town.clock.wall_us() + GRANT_TTL_US
    assert (await town.people.authenticate(first.grant)).person == ada.id


async def renew(town: Town, granted: Grant, narrow_to: str | None = None) -> Grant:
    assert granted.renewal is not None
    return await town.people.renew(granted.renewal, narrow_to)


async def test_a_grant_runs_out_and_its_renewal_goes_on(town: Town) -> None:
    ada = await town.person()
    granted = await town.people.exchange(await town.invitation(ada.id))
    town.clock.step_wall(GRANT_TTL_US - 1)
    assert (await town.people.authenticate(granted.grant)).person == ada.id
    town.clock.step_wall(1)
    assert await refusal(town.people.authenticate(granted.grant)) == "unauthenticated"
    renewed = await renew(town, granted)
    assert renewed.renewal == granted.renewal
    assert (await town.people.authenticate(renewed.grant)).person == ada.id


async def test_a_renewal_lives_thirty_days_from_its_last_use(town: Town) -> None:
    ada = await town.person()
    granted = await town.people.exchange(await town.invitation(ada.id))
    for _ in range(3):
        town.clock.step_wall(30 * DAY_US - 1)
        await renew(town, granted)
    town.clock.step_wall(30 * DAY_US)
    assert await refusal(renew(town, granted)) == "renewal_invalid"


async def test_a_renewed_grant_may_be_narrowed(town: Town) -> None:
    ada = await town.person()
    granted = await town.people.exchange(await town.invitation(ada.id))
    narrow = await renew(town, granted, "men_00000000000000000000000001")
    caller = await town.people.authenticate(narrow.grant)
    assert caller.mentorship == "men_00000000000000000000000001"
    assert narrow.renewal is None  # it would buy a grant that is not narrowed
    wide = await town.people.authenticate((await renew(town, granted)).grant)
    assert wide.mentorship is None


async def test_an_invitation_may_run_out(town: Town) -> None:
    ada = await town.person()
    link = await town.invitation(ada.id, expires_us=town.clock.wall_us() + DAY_US)
    granted = await town.people.exchange(link)
    town.clock.step_wall(DAY_US - 1)
    await town.people.exchange(link)
    town.clock.step_wall(1)
    assert await refusal(town.people.exchange(link)) == "invitation_expired"
    assert await refusal(renew(town, granted)) == "invitation_expired"


async def test_replacing_a_link_ends_what_the_old_ones_opened(town: Town) -> None:
    ada, ben = await town.person("Ada"), await town.person("Ben")
    old = [await town.invitation(ada.id, "men_x"), await town.invitation(ada.id)]
    theirs = await town.invitation(ben.id)
    granted = [await town.people.exchange(link) for link in (*old, theirs)]
    before = town.nudges
    fresh = await town.people.replace_link(town.site, ada.id)
    assert town.nudges > before
    for link in old:
        assert await refusal(town.people.exchange(link)) == "revoked"
    for each in granted[:2]:
        assert await refusal(town.people.authenticate(each.grant)) == "revoked"
        assert await refusal(renew(town, each)) == "revoked"
    assert (await town.people.authenticate(granted[2].grant)).person == ben.id
    together = [town.people.claims(each.grant) for each in granted]
    assert [
        each.code if isinstance(each, Refusal) else each.person
        for each in await town.people.believe(town.site, together)
    ] == ["revoked", "revoked", ben.id]
    again = await town.people.exchange(fresh)
    assert (again.person, again.mentorship) == (ada, "men_x")
    facts = await town.database.read(town.facts)
    assert {fact.person for fact in facts} == {ada.id}
    assert sorted(fact.invitation for fact in facts) == sorted(h.partition(".")[0] for h in old)
    live = await town.people.live_invitation(town.site, ada.id)
    assert live == fresh.partition(".")[0]


async def test_replacing_a_link_several_times_at_once_leaves_one_way_in(town: Town) -> None:
    ada = await town.person()
    first = await town.invitation(ada.id)
    fresh = await asyncio.gather(*(town.people.replace_link(town.site, ada.id) for _ in range(5)))
    assert await refusal(town.people.exchange(first)) == "revoked"
    live = await town.people.live_invitation(town.site, ada.id)
    revoked = [link for link in fresh if link.partition(".")[0] != live]
    assert len(revoked) == 4
    for link in revoked:
        assert await refusal(town.people.exchange(link)) == "revoked"
    facts = await town.database.read(town.facts)
    assert sorted(fact.invitation for fact in facts) == sorted(
        link.partition(".")[0] for link in (first, *revoked)
    )


async def test_that_somebody_goes_by_another_zone_is_a_fact_once(town: Town) -> None:
    """Mutants: nothing is put into the outbox; also what was so already."""
    ada, before = await town.person(), town.nudges
    for zone in ("Asia/Kathmandu", "Asia/Kathmandu", "UTC"):
        await town.people.move(town.site, ada.id, zone)
        assert (await town.people.by_id(town.site, [ada.id]))[ada.id].zone == zone
    assert await refusal(town.people.move(town.site, ada.id, "Europe/Atlantis")) == "invalid_field"
    moved = PersonMoved(person=ada.id, at_us=town.clock.wall_us())
    assert await town.database.read(town.moves) == [moved, moved]
    assert town.nudges > before


FORGED: dict[str, Callable[[str], str]] = {
    "another id": lambda handle: handle.replace(handle[4:30], "0" * 26),
    "another MAC": lambda handle: handle[:-1] + ("A" if handle[-1] != "A" else "B"),
    "no MAC": lambda handle: handle.partition(".")[0],
    "of another kind": lambda handle: "ren" + handle[3:],
    "empty": lambda handle: "",
    "not ASCII": lambda handle: handle[:-1] + "\u00e9",
}


@pytest.mark.parametrize("how", FORGED)
async def test_a_forged_handle_opens_nothing(town: Town, how: str) -> None:
    ada = await town.person()
    handle = FORGED[how](await town.invitation(ada.id))
    assert await refusal(town.people.exchange(handle)) == "invitation_invalid"
    assert await refusal(town.people.renew(handle)) == "renewal_invalid"


async def test_a_grant_of_somebody_who_is_not_in_the_database_is_nobodys(town: Town) -> None:
    ada, ben = await town.person("Ada"), await town.person("Ben")
    granted = await town.people.exchange(await town.invitation(ada.id))
    keys = await town.database.read(tables.all_keys)
    tokens = Tokens(keys)
    claims = tokens.check(granted.grant, town.clock.wall_us())
    assert claims is not None
    for other in (
        msgspec.structs.replace(claims, sub=ben.id),
        msgspec.structs.replace(claims, inv=town.ids.new("inv")),
    ):
        assert await refusal(town.people.authenticate(tokens.sign(other))) == "unauthenticated"
