"""Agreements and meetings on both engines: one answer a proposal, one place in time a meeting."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Connection, text

from mentoring import safety_tables
from mentoring.arrangements import Arrangements
from mentoring.service import Mentoring
from mentoring.tables import Mentorship
from people.service import People
from protocol.errors import Refusal
from protocol.facts import MeetingOver
from protocol.rest import MoveMeeting, NewAgreement, NewMeeting, NewMentorship, NewPerson
from protocol.terms import Terms
from protocol.views import AgreementView, MeetingView
from runtime.database import Database, Plan
from runtime.ids import Ids
from tests.support.clock import ManualClock

MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
PAID = NewAgreement(terms=Terms(currency="EUR", rate_minor=6000, overrun_us=20 * MINUTE))


def costs(rate: int) -> NewAgreement:
    return NewAgreement(terms=Terms(currency="EUR", rate_minor=rate))


class World:
    """Two people and what they arrange; `nudges` counts what was put into the outbox."""

    def __init__(self, database: Database) -> None:
        self.database, self.clock, self.nudges = database, ManualClock(), 0
        ids = Ids(self.clock)
        self.people = People(database, self.clock, ids, self._nudge)
        self.mentoring = Mentoring(database, self.clock, ids, self.people, self._nudge)
        self.met_for = set[str]()
        self.arrangements = Arrangements(
            database, self.clock, ids, self.people, self._nudge, self._met
        )

    def _nudge(self) -> None:
        self.nudges += 1

    def _met(self, site_id: str, meeting: str) -> Plan[bool]:
        yield from ()
        return meeting in self.met_for

    @property
    def now_us(self) -> int:
        return self.clock.wall_us()

    async def pair(self) -> Mentorship:
        wish = NewMentorship(
            mentor=NewPerson(name="Ada", zone="Europe/Vienna"),
            mentee=NewPerson(name="Ben", zone="Africa/Lagos"),
        )
        site = self.people.home_site
        started = await self.mentoring.start(site, wish, actor=None, key=None)
        found = await self.mentoring.find(site, "mentorship", started.mentorship)
        assert found is not None
        return found

    async def another(self) -> Mentorship:
        """A second mentorship of the same mentor."""
        wish = NewMentorship(mentee=NewPerson(name="Cleo", zone="UTC"), i_am="mentor")
        site = self.people.home_site
        started = await self.mentoring.start(site, wish, actor=self.mentor, key=None)
        found = await self.mentoring.find(site, "mentorship", started.mentorship)
        assert found is not None
        return found

    async def agreed(self, wish: NewAgreement) -> AgreementView:
        """Proposed by the mentor, accepted by the mentee."""
        view = await self.arrangements.propose(self.of, self.mentor, wish, None)
        return await self.arrangements.accept(self.of, view.version, self.mentee)

    async def meeting(self, after_us: int, length_us: int = HOUR) -> MeetingView:
        wish = NewMeeting(start_us=self.now_us + after_us, length_us=length_us, zone="UTC")
        return await self.arrangements.plan(self.of, self.mentee, wish, None)

    async def topics(self) -> list[tuple[str, int]]:
        """What waits in the outbox, and when it is due."""

        def read(connection: Connection) -> list[tuple[str, int]]:
            rows = connection.execute(
                text(
                    "SELECT topic, due_at_us FROM outbox"
                    " WHERE site_id = :site AND topic <> 'mentorship.started' ORDER BY id"
                ),
                {"site": self.people.home_site},
            )
            return [(row.topic, row.due_at_us) for row in rows]

        return await self.database.exclusive(read)

    of: Mentorship
    mentor: str
    mentee: str


@pytest.fixture
async def world(database: Database) -> World:
    made = World(database)
    await made.people.open()
    made.of = await made.pair()
    by_role = {role: person for person, role in made.of.roles.items()}
    made.mentor, made.mentee = by_role["mentor"], by_role["mentee"]
    return made


async def refused(work: object) -> str:
    with pytest.raises(Refusal) as caught:
        await work  # type: ignore[misc]  # any coroutine
    return caught.value.code


# ---- agreements --------------------------------------------------------------------------------


async def test_a_proposal_and_its_answer(world: World) -> None:
    service, of = world.arrangements, world.of
    view = await service.propose(of, world.mentor, PAID, None)
    assert view == AgreementView(
        mentorship=of.id,
        version=1,
        terms=PAID.terms,
        state="open",
        proposed_by=world.mentor,
        proposed_us=world.now_us,
        accepted_by=(world.mentor,),
    )
    standing = (await service.standing(of.site_id, [of.id]))[of.id]
    assert (standing.agreement, standing.version, standing.terms) == (None, 0, Terms())
    assert standing.proposal is not None
    await world.clock.advance(60)
    accepted = await service.accept(of, 1, world.mentee)
    assert (accepted.state, accepted.accepted_by) == ("accepted", (world.mentor, world.mentee))
    assert accepted.accepted_us == accepted.valid_from_us == world.now_us
    assert await service.accept(of, 1, world.mentee) == accepted
    assert await service.versions(of, None, 50) == (accepted,)
    standing = (await service.standing(of.site_id, [of.id]))[of.id]
    assert (standing.proposal, standing.version, standing.terms) == (None, 1, PAID.terms)
    assert await world.topics() == [("agreement.proposed", 0), ("agreement.accepted", 0)]
    assert world.nudges >= 3


async def test_versions_are_pages(world: World) -> None:
    service, of = world.arrangements, world.of
    for rate in range(5):
        await service.propose(of, world.mentor, costs(rate), None)
    pages = [
        await service.versions(of, None, 2),
        await service.versions(of, 4, 2),
        await service.versions(of, 2, 2),
        await service.versions(of, 1, 2),
        await service.versions(of, 2**53 - 1, 1),
    ]
    assert [[each.version for each in page] for page in pages] == [[5, 4], [3, 2], [1], [], [5]]
    assert [each.state for each in pages[1]] == ["superseded", "superseded"]


async def test_many_at_once_are_versions_one_after_the_other(world: World) -> None:
    service, of = world.arrangements, world.of
    made = await asyncio.gather(
        *(service.propose(of, person, PAID, None) for person in of.roles for _ in range(6))
    )
    assert sorted(each.version for each in made) == list(range(1, 13))
    versions = await service.versions(of, None, 50)
    assert [each.state for each in versions] == ["open", *["superseded"] * 11]


async def test_one_answer_a_proposal(world: World) -> None:
    """Accepted while it is withdrawn, and while another takes its place."""
    service, of = world.arrangements, world.of
    for _ in range(6):
        view = await service.propose(of, world.mentor, PAID, None)
        accepted, withdrawn, later = await asyncio.gather(
            service.accept(of, view.version, world.mentee),
            service.withdraw(of, view.version, world.mentor),
            service.propose(of, world.mentor, PAID, None),
            return_exceptions=True,
        )
        assert isinstance(later, AgreementView)
        (one,) = await service.versions(of, view.version + 1, 1)
        if one.state == "accepted":
            assert accepted == one
            assert isinstance(withdrawn, Refusal)
            assert withdrawn.code == "already_accepted"
        else:
            assert isinstance(accepted, Refusal)
            assert accepted.code == "proposal_closed"
            assert withdrawn == one


async def test_a_key_makes_one_proposal(world: World) -> None:
    service, of = world.arrangements, world.of
    first = await service.propose(of, world.mentor, PAID, "key-00001")
    await service.accept(of, 1, world.mentee)
    assert await service.propose(of, world.mentor, PAID, "key-00001") == first
    assert await refused(service.propose(of, world.mentor, costs(1), "key-00001")) == "conflict"
    other = await world.another()
    conflict = service.propose(other, world.mentor, PAID, "key-00001")
    assert await refused(conflict) == "conflict"
    assert (await service.propose(of, world.mentee, PAID, "key-00001")).version == 2
    assert len(await service.versions(of, None, 50)) == 2


async def test_what_is_wrong_leaves_nothing(world: World) -> None:
    service, of = world.arrangements, world.of
    bad = NewAgreement(terms=Terms(rate_minor=100))
    assert await refused(service.propose(of, world.mentor, bad, "key-00001")) == "invalid_field"
    assert await service.versions(of, None, 50) == ()
    assert await world.topics() == []
    await service.propose(of, world.mentor, PAID, "key-00001")
    assert await refused(service.accept(of, 2, world.mentee)) == "not_found"
    assert await refused(service.withdraw(of, 2, world.mentee)) == "not_found"
    other = await world.pair()
    assert await refused(service.accept(other, 1, world.mentee)) == "not_found"


async def test_what_is_valid_later_is_in_force_later(world: World) -> None:
    service, of = world.arrangements, world.of
    await world.agreed(costs(100))
    from_us = world.now_us + DAY
    await world.agreed(NewAgreement(terms=costs(200).terms, valid_from_us=from_us))

    async def version(at_us: int) -> int:
        then = await world.database.write(service.at, of.site_id, of.id, at_us)
        return then.version

    assert [await version(at) for at in (0, world.now_us - 1, world.now_us)] == [0, 0, 1]
    assert [await version(from_us - 1), await version(from_us)] == [1, 2]
    assert (await world.topics())[-2:] == [
        ("agreement.accepted", 0),
        ("agreement.in_force", from_us),
    ]
    await world.clock.advance(24 * 3600)
    assert (await service.standing(of.site_id, [of.id]))[of.id].version == 2


async def test_each_mentorship_has_its_own_versions(world: World) -> None:
    service, of = world.arrangements, world.of
    other = await world.another()
    cleo = next(who for who in other.roles if who != world.mentor)
    for _ in range(2):
        await world.agreed(PAID)
    await service.propose(other, world.mentor, costs(1), None)
    await service.accept(other, 1, cleo)
    await service.propose(other, cleo, costs(2), None)
    found = await service.standing(of.site_id, [of.id, other.id])
    assert (found[of.id].version, found[of.id].proposal) == (2, None)
    assert found[other.id].version == 1
    proposal = found[other.id].proposal
    assert proposal is not None
    assert (proposal.version, proposal.proposed_by) == (2, cleo)


async def test_what_was_agreed_can_only_be_added_to(world: World) -> None:
    await world.agreed(PAID)
    engine = await world.database.exclusive(lambda connection: connection.dialect.name)
    statements = [
        "UPDATE agreements SET terms = '{}' WHERE site_id <> ''",
        "DELETE FROM agreement_answers WHERE site_id <> ''",
        "UPDATE agreement_answers SET valid_from_us = 0 WHERE site_id <> ''",
        "DELETE FROM agreements WHERE site_id <> ''",
    ]
    if engine == "sqlite":
        statements += [
            f"REPLACE INTO {table} SELECT * FROM {table}"
            for table in ("agreements", "agreement_answers")
        ]
    else:
        statements += ["TRUNCATE agreements CASCADE", "TRUNCATE agreement_answers"]
    for statement in statements:

        def try_it(connection: Connection, statement: str = statement) -> None:
            connection.execute(text(statement))

        with pytest.raises(Exception, match="can only be added to"):
            await world.database.exclusive(try_it)
    assert [each.version for each in await world.arrangements.versions(world.of, None, 50)] == [1]


# ---- meetings ----------------------------------------------------------------------------------


async def test_a_meeting_is_planned_moved_and_cancelled(world: World) -> None:
    service, of = world.arrangements, world.of
    view = await world.meeting(2 * HOUR)
    start_us = world.now_us + 2 * HOUR
    assert view == MeetingView(
        id=view.id,
        mentorship=of.id,
        start_us=start_us,
        length_us=HOUR,
        zone="UTC",
        by=world.mentee,
        told_us=world.now_us,
        told_by=world.mentee,
        state="planned",
    )
    assert await service.calendar(of, None, 50) == (view,)
    wish = MoveMeeting(start_us=start_us + HOUR, length_us=2 * HOUR)
    moved = await service.move(of, view.id, world.mentor, wish)
    assert (moved.start_us, moved.length_us) == (start_us + HOUR, 2 * HOUR)
    assert (moved.id, moved.by) == (view.id, world.mentee)
    over_us = start_us + 3 * HOUR + MINUTE
    assert await world.topics() == [
        ("meeting.planned", 0),
        ("meeting.over", start_us + HOUR + MINUTE),
        ("meeting.over", over_us),
        ("meeting.moved", 0),
    ]
    cancelled = await service.cancel(of, view.id, world.mentor)
    assert (cancelled.state, cancelled.told_by) == ("cancelled", world.mentor)
    assert await service.cancel(of, view.id, world.mentee) == cancelled
    assert await refused(service.move(of, view.id, world.mentor, wish)) == "meeting_closed"
    assert (await world.topics())[4:] == [("meeting.cancelled", 0)]
    assert (await service.standing(of.site_id, [of.id]))[of.id].meeting is None
    assert await service.calendar(of, None, 50) == (cancelled,)


async def test_a_meeting_that_the_two_have_met_for_keeps_its_time(world: World) -> None:
    service, of = world.arrangements, world.of
    one, other = await world.meeting(HOUR), await world.meeting(5 * HOUR)
    world.met_for.add(one.id)
    wish = MoveMeeting(start_us=one.start_us + DAY, length_us=HOUR)
    assert await refused(service.move(of, one.id, world.mentee, wish)) == "meeting_closed"
    same = MoveMeeting(start_us=one.start_us, length_us=one.length_us)
    assert await service.move(of, one.id, world.mentee, same) == one
    assert (await service.move(of, other.id, world.mentee, wish)).start_us == wish.start_us
    assert (await service.cancel(of, one.id, world.mentor)).state == "cancelled"


async def test_a_key_plans_one_meeting(world: World) -> None:
    service, of = world.arrangements, world.of
    wish = NewMeeting(start_us=world.now_us + HOUR, length_us=HOUR, zone="UTC")
    first = await service.plan(of, world.mentor, wish, "key-00001")
    await world.clock.advance(5400)  # it has begun
    assert await service.plan(of, world.mentor, wish, "key-00001") == first
    later = NewMeeting(start_us=world.now_us + 5 * HOUR, length_us=HOUR, zone="UTC")
    assert await refused(service.plan(of, world.mentor, later, "key-00001")) == "conflict"
    await service.plan(of, world.mentee, later, "key-00001")
    assert len(await service.calendar(of, 0, 50)) == 2


async def test_of_many_at_the_same_time_one_is_planned(world: World) -> None:
    service, of = world.arrangements, world.of
    wish = NewMeeting(start_us=world.now_us + HOUR, length_us=HOUR, zone="UTC")
    made = await asyncio.gather(
        *(service.plan(of, person, wish, None) for person in of.roles for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(each, MeetingView) for each in made) == 1
    assert {each.code for each in made if isinstance(each, Refusal)} == {"meeting_overlaps"}
    other = await world.pair()
    mentor = next(iter(other.roles))
    await service.plan(other, mentor, wish, None)  # another pair is not in the way


async def test_long_ones_are_in_the_way_too(world: World) -> None:
    await world.meeting(HOUR, 12 * HOUR)
    assert await refused(world.meeting(13 * HOUR - MINUTE, 5 * MINUTE)) == "meeting_overlaps"
    await world.meeting(13 * HOUR, 5 * MINUTE)
    assert await refused(world.meeting(20 * MINUTE, HOUR)) == "meeting_overlaps"


async def test_what_is_wrong_with_a_meeting(world: World) -> None:
    service, of = world.arrangements, world.of
    wish = NewMeeting(start_us=world.now_us + HOUR, length_us=HOUR, zone="Vienna")
    with pytest.raises(Refusal) as caught:
        await service.plan(of, world.mentor, wish, None)
    assert (caught.value.code, caught.value.field) == ("invalid_field", "zone")
    nothing = "met_01jd3v0k7r9q2x4m6n8p0s2t4v"
    move = MoveMeeting(start_us=world.now_us + HOUR, length_us=HOUR)
    assert await refused(service.move(of, nothing, world.mentor, move)) == "not_found"
    assert await refused(service.cancel(of, nothing, world.mentor)) == "not_found"
    view = await world.meeting(HOUR)
    other = await world.pair()
    assert await refused(service.cancel(other, view.id, world.mentor)) == "not_found"
    assert await refused(world.meeting(0)) == "invalid_field"
    assert await refused(world.meeting(DAY, 2**53 - 1)) == "invalid_field"
    assert [each.id for each in await service.calendar(of, None, 50)] == [view.id]


async def test_which_meeting_a_moment_belongs_to(world: World) -> None:
    service, of = world.arrangements, world.of
    await world.agreed(PAID)
    one, other = await world.meeting(2 * HOUR), await world.meeting(DAY)

    async def found(at_us: int) -> str | None:
        then = await world.database.write(service.at, of.site_id, of.id, at_us)
        meeting = then.meeting
        return meeting.id if meeting else None

    assert await found(one.start_us - 30 * MINUTE) == one.id
    assert await found(one.start_us - 30 * MINUTE - 1) is None
    assert await found(one.start_us + HOUR + 20 * MINUTE) == one.id
    assert await found(one.start_us + HOUR + 20 * MINUTE + 1) is None
    assert await found(other.start_us) == other.id


async def test_the_next_or_the_current_one_of_many_mentorships_at_once(world: World) -> None:
    service, of = world.arrangements, world.of
    await world.agreed(PAID)
    far = await world.meeting(90 * DAY)
    one = await world.meeting(2 * HOUR)
    other = await world.pair()
    mentor = next(iter(other.roles))
    theirs = NewMeeting(start_us=world.now_us + 40 * DAY, length_us=HOUR, zone="UTC")
    planned = await service.plan(other, mentor, theirs, None)

    async def seen(*in_session: str) -> list[str | None]:
        found = await service.standing(of.site_id, [of.id, other.id], in_session)
        meetings = [found[id_].meeting for id_ in (of.id, other.id)]
        return [each.id if each else None for each in meetings]

    assert await seen() == [one.id, planned.id]
    await world.clock.advance(3 * 3600 + 20 * 60)  # over-run and all
    assert await seen(of.id) == [one.id, planned.id]
    assert await seen() == [far.id, planned.id]
    await world.clock.advance(1)
    assert await seen(of.id) == [far.id, planned.id]
    assert await service.standing(of.site_id, []) == {}
    assert (await service.standing("elsewhere", [of.id]))[of.id].meeting is None


async def test_a_meeting_is_over_when_it_still_stands(world: World) -> None:
    service, of = world.arrangements, world.of
    view = await world.meeting(HOUR)

    def over(start_us: int, at_us: int) -> MeetingOver:
        return MeetingOver(
            mentorship=of.id, meeting=view.id, start_us=start_us, length_us=HOUR, at_us=at_us
        )

    at_us = view.start_us + HOUR + MINUTE
    assert await service.over(of.site_id, over(view.start_us, at_us))
    assert not await service.over(of.site_id, over(view.start_us + 1, at_us))
    before = await world.topics()
    await world.agreed(PAID)  # allows 20 minutes more
    assert not await service.over(of.site_id, over(view.start_us, at_us))
    assert (await world.topics())[len(before) :] == [
        ("agreement.proposed", 0),
        ("agreement.accepted", 0),
        ("meeting.over", at_us + 20 * MINUTE),
    ]
    assert await service.over(of.site_id, over(view.start_us, at_us + 20 * MINUTE))
    await service.cancel(of, view.id, world.mentor)
    assert not await service.over(of.site_id, over(view.start_us, at_us + 20 * MINUTE))


async def test_a_page_of_meetings_does_not_end_between_two_that_end_at_once(world: World) -> None:
    """A planned one takes the place of some that were cancelled, one of them long."""
    for after_us, length_us in ((HOUR, 4 * HOUR), (3 * HOUR, 2 * HOUR), (2 * HOUR, HOUR)):
        view = await world.meeting(after_us, length_us)
        await world.arrangements.cancel(world.of, view.id, world.mentor)
    await world.meeting(4 * HOUR, HOUR)
    await world.meeting(6 * HOUR, HOUR)
    for limit in (1, 2, 3, 4, 5, 6):
        ends, after_us = list[int](), world.now_us
        while page := await world.arrangements.calendar(world.of, after_us, limit):
            found = [view.start_us + view.length_us for view in page]
            ends, after_us = [*ends, *found], found[-1]
        hours = [(end_us - world.now_us) // HOUR for end_us in ends]
        assert hours == [3, 5, 5, 5, 7], limit


async def test_what_was_on_its_way_when_one_left_arranges_nothing(world: World) -> None:
    service, of = world.arrangements, world.of
    view = await world.meeting(2 * HOUR)
    proposal = await service.propose(of, world.mentor, costs(6000), None)
    await world.database.write(safety_tables.close, of.site_id, of.id, world.mentee, world.now_us)
    wish = MoveMeeting(start_us=world.now_us + 5 * HOUR, length_us=HOUR)
    for late in (
        service.propose(of, world.mentor, costs(7000), None),
        service.accept(of, proposal.version, world.mentee),
        service.move(of, view.id, world.mentor, wish),
        world.meeting(9 * HOUR),
    ):
        assert await refused(late) == "mentorship_closed"
    assert (await service.decline(of, proposal.version, world.mentee)).state == "declined"
    assert (await service.cancel(of, view.id, world.mentor)).state == "cancelled"
