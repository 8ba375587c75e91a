"""What is said after sessions, and who spoke in them, on both engines."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
import pytest

from mentoring.reflections import Reflections
from mentoring.service import Mentoring
from mentoring.tables import Mentorship
from mentoring.talks import Talks
from people.service import People
from protocol.errors import Refusal
from protocol.facts import ReflectionShared
from protocol.frames import ReflectionChanged
from protocol.rest import NewMentorship, NewPerson, SaveReflection
from protocol.types import SLOT_US
from protocol.views import ReflectionView
from runtime.database import Database
from runtime.ids import Ids
from runtime.outbox import Dispatcher, Event
from tests.support.clock import ManualClock

HOUR_US = 3_600_000_000
MINUTE_US = 60_000_000
WISH = SaveReflection(useful="the rehearsal", next="try it", rating=4, private="I was nervous")
REPLY = SaveReflection(next="read the chapter", rating=5)


class Rooms:
    """Two mentorships over one database. `told`: whose pages were told of which session;
    `facts`: what left through the outbox."""

    def __init__(self, database: Database) -> None:
        self.clock = ManualClock()
        self.ids = Ids(self.clock)
        self.told: list[tuple[str, str]] = []
        self.facts: list[ReflectionShared] = []
        self.people = People(database, self.clock, self.ids, lambda: None)
        self.mentoring = Mentoring(database, self.clock, self.ids, self.people, lambda: None)
        self.reflections = Reflections(database, self.clock, self.ids, lambda: None, self._tell)
        self.talks = Talks(database, self.clock)
        self.dispatcher = Dispatcher(
            database,
            self.clock,
            {
                "reflection.shared": [self._shared],
                "reflection.due": [self.reflections.share_due],
                "reflection.asked": [self.reflections.ask],
            },
        )

    def _tell(self, site_id: str, persons: Sequence[str], frame: ReflectionChanged) -> None:
        assert site_id == self.people.home_site
        self.told += [(person, frame.session) for person in persons]

    async def _shared(self, event: Event) -> None:
        self.facts.append(msgspec.msgpack.decode(event.payload, type=ReflectionShared))

    async def pair(self) -> Mentorship:
        wish = NewMentorship(
            mentor=NewPerson(name="Ada", zone="UTC"), mentee=NewPerson(name="Ben", zone="UTC")
        )
        started = await self.mentoring.start(self.people.home_site, wish, actor=None, key=None)
        found = await self.mentoring.find(self.people.home_site, "mentorship", started.mentorship)
        assert found is not None
        return found

    async def session(self) -> str:
        """The id of another session, later than those before."""
        await self.clock.advance(60)
        return self.ids.new("ses")

    async def pass_hours(self, hours: float) -> None:
        await self.clock.advance(hours * 3600)
        await self.dispatcher.deliver()

    def taken(self) -> list[tuple[str, str]]:
        told, self.told = self.told, []
        return told


@pytest.fixture
async def rooms(database: Database) -> Rooms:
    made = Rooms(database)
    await made.people.open()
    return made


@pytest.fixture
async def pair(rooms: Rooms) -> Mentorship:
    return await rooms.pair()


def members(pair: Mentorship) -> tuple[str, str]:
    by_role = {role: person for person, role in pair.roles.items()}
    return by_role["mentor"], by_role["mentee"]


def words(view: ReflectionView) -> tuple[str, str, int | None] | None:
    theirs = view.theirs
    return None if theirs is None else (theirs.useful, theirs.next, theirs.rating)


async def test_two_answers_reach_each_other_without_what_is_private(
    rooms: Rooms, pair: Mentorship
) -> None:
    (ada, ben), session = members(pair), await rooms.session()
    site, said = pair.site_id, rooms.reflections
    mine = (await said.save(pair, session, ada, WISH)).mine
    assert mine is not None
    assert (mine.useful, mine.next, mine.rating, mine.private) == (
        WISH.useful,
        WISH.next,
        WISH.rating,
        WISH.private,
    )
    assert (mine.answered_us, mine.shared_us) == (rooms.clock.wall_us(), None)
    assert await said.view(site, session, ada) == await said.save(pair, session, ada, WISH)
    seen = await said.view(site, session, ben)
    assert (seen.mine, seen.theirs, seen.they_answered) == (None, None, True)
    assert sorted(rooms.taken()) == sorted([(ada, session), (ben, session)])

    both = await said.save(pair, session, ben, REPLY)
    assert words(both) == (WISH.useful, WISH.next, WISH.rating)
    assert words(await said.view(site, session, ada)) == (REPLY.useful, REPLY.next, REPLY.rating)
    await rooms.dispatcher.deliver()
    assert sorted((fact.person, fact.session) for fact in rooms.facts) == sorted(
        [(ada, session), (ben, session)]
    )
    await rooms.pass_hours(25)
    assert len(rooms.facts) == 2
    with pytest.raises(Refusal) as refused:
        await said.save(pair, session, ada, SaveReflection(next="else", private="I was nervous"))
    assert refused.value.code == "already_shared"
    kept = msgspec.structs.replace(WISH, private="calmer now")
    assert (await said.save(pair, session, ada, kept)).mine != mine
    assert WISH.private not in repr(await said.view(site, session, ben))
    assert "calmer" not in repr(await said.view(site, session, ben))
    await rooms.dispatcher.deliver()
    assert len(rooms.facts) == 2  # each once, whatever its author changes for themselves


async def test_one_answer_reaches_the_other_after_24_hours_and_not_before(
    rooms: Rooms, pair: Mentorship
) -> None:
    (ada, ben), session = members(pair), await rooms.session()
    said = rooms.reflections
    await said.save(pair, session, ada, WISH)
    await rooms.pass_hours(20)
    await said.save(pair, session, ada, msgspec.structs.replace(WISH, next="on Monday"))
    await rooms.pass_hours(3.99)
    assert words(await said.view(pair.site_id, session, ben)) is None
    rooms.clock.step_wall(-HOUR_US)
    await rooms.pass_hours(1.02)
    seen = await said.view(pair.site_id, session, ben)
    assert words(seen) == (WISH.useful, "on Monday", WISH.rating)
    await rooms.dispatcher.deliver()
    assert [fact.person for fact in rooms.facts] == [ada]
    with pytest.raises(Refusal):
        await said.save(pair, session, ada, WISH)
    late = await said.save(pair, session, ben, REPLY)
    assert late.mine is not None
    assert late.mine.shared_us == rooms.clock.wall_us()


async def test_an_answer_that_was_taken_back_is_not_shared(rooms: Rooms, pair: Mentorship) -> None:
    (ada, ben), session = members(pair), await rooms.session()
    said = rooms.reflections
    await said.save(pair, session, ada, WISH)
    await rooms.pass_hours(1)
    await said.save(pair, session, ada, SaveReflection(private="only for me"))
    assert not (await said.view(pair.site_id, session, ben)).they_answered
    await rooms.pass_hours(22)
    await said.save(pair, session, ada, WISH)
    await rooms.pass_hours(23)
    assert words(await said.view(pair.site_id, session, ben)) is None
    await rooms.pass_hours(1.1)
    assert words(await said.view(pair.site_id, session, ben)) is not None


async def test_a_private_note_does_not_bring_up_what_the_other_said(
    rooms: Rooms, pair: Mentorship
) -> None:
    (ada, ben), session = members(pair), await rooms.session()
    await rooms.reflections.save(pair, session, ada, WISH)
    rooms.taken()
    note = await rooms.reflections.save(pair, session, ben, SaveReflection(private="mine"))
    assert note.theirs is None
    assert rooms.taken() == [(ben, session)]  # it is nobody else's business
    assert not (await rooms.reflections.view(pair.site_id, session, ada)).they_answered


async def test_both_at_once_reach_each_other(rooms: Rooms, pair: Mentorship) -> None:
    persons = members(pair)
    for _ in range(5):
        session = await rooms.session()
        await asyncio.gather(
            *(rooms.reflections.save(pair, session, person, WISH) for person in persons)
        )
        for person in persons:
            assert words(await rooms.reflections.view(pair.site_id, session, person)) is not None
    await rooms.dispatcher.deliver()
    assert len(rooms.facts) == 10


async def test_a_text_that_cannot_be_kept_leaves_nothing(rooms: Rooms, pair: Mentorship) -> None:
    (ada, _), session = members(pair), await rooms.session()
    with pytest.raises(Refusal) as refused:
        await rooms.reflections.save(pair, session, ada, SaveReflection(private="\x00"))
    assert (refused.value.code, refused.value.field) == ("invalid_field", "private")
    assert (await rooms.reflections.view(pair.site_id, session, ada)).mine is None


# ---- what comes next, and being asked -----------------------------------------------------------


async def test_the_next_session_begins_with_what_was_to_come_next(
    rooms: Rooms, pair: Mentorship
) -> None:
    (ada, ben), first = members(pair), await rooms.session()
    said = rooms.reflections
    assert (await said.next(pair, ada)).session is None
    await said.save(pair, first, ada, WISH)
    mine = await said.next(pair, ada)
    assert (mine.session, mine.mine, mine.theirs) == (first, "try it", "")
    assert (await said.next(pair, ben)).session is None  # not shared yet
    await said.save(pair, first, ben, REPLY)
    for person, mine_, theirs in ((ada, "try it", REPLY.next), (ben, REPLY.next, "try it")):
        seen = await said.next(pair, person)
        assert (seen.session, seen.mine, seen.theirs) == (first, mine_, theirs)
    second = await rooms.session()
    await said.save(pair, second, ben, SaveReflection(next="ask Cleo", private="note"))
    last = await said.next(pair, ben)
    assert (last.session, last.mine, last.theirs) == (second, "ask Cleo", "")
    assert (await said.next(pair, ada)).session == first
    third = await rooms.session()
    await said.save(pair, third, ben, SaveReflection(rating=1))
    assert (await said.next(pair, ben)).session == second
    other = await rooms.pair()
    assert (await said.next(other, members(other)[0])).session is None


async def test_each_is_asked_once_and_only_about_the_last_session(
    rooms: Rooms, pair: Mentorship
) -> None:
    (ada, ben), session = members(pair), await rooms.session()
    said = rooms.reflections

    async def asked() -> list[str | None]:
        return [(await said.next(pair, person)).reminder for person in (ada, ben)]

    for _ in range(2):  # a fact may come twice
        await said.ended(pair, session, rooms.clock.wall_us(), 5 * MINUTE_US)
    await rooms.pass_hours(11.9)
    assert await asked() == [None, None]
    assert rooms.taken() == []
    await rooms.pass_hours(0.2)
    assert await asked() == [session, session]
    assert sorted(rooms.taken()) == sorted([(ada, session), (ben, session)])
    await said.dismiss(pair, session, ada)
    assert rooms.taken() == [(ada, session)]
    await said.dismiss(pair, session, ada)
    assert rooms.taken() == []
    await said.save(pair, session, ben, SaveReflection(private="x"))
    assert await asked() == [None, None]
    assert (await said.view(pair.site_id, session, ada)).mine is None

    second, third = await rooms.session(), await rooms.session()
    await said.ended(pair, second, rooms.clock.wall_us(), 6 * MINUTE_US)
    await rooms.pass_hours(13)
    assert await asked() == [second, second]
    await said.ended(pair, third, rooms.clock.wall_us(), 6 * MINUTE_US)
    assert await asked() == [None, None]  # the one before is not brought up any more
    short = await rooms.session()
    await said.ended(pair, short, rooms.clock.wall_us(), 5 * MINUTE_US - 1)
    await rooms.pass_hours(13)
    assert await asked() == [third, third]


# ---- who spoke ----------------------------------------------------------------------------------


async def test_each_sees_their_own_part_of_what_both_measured(
    rooms: Rooms, pair: Mentorship
) -> None:
    (ada, ben), session = members(pair), await rooms.session()
    nothing = await rooms.talks.view(pair, session, ada)
    assert (nothing.both_us, nothing.trend) == (0, ())
    now_us = rooms.clock.wall_us() // SLOT_US * SLOT_US
    await rooms.talks.hear(pair, session, ada, now_us - 60 * SLOT_US, "1" * 30 + "0" * 30)
    assert (await rooms.talks.view(pair, session, ada)).trend == ()
    await rooms.talks.hear(pair, session, ben, now_us - 50 * SLOT_US, "0" * 10 + "1" * 20)
    await rooms.talks.hear(pair, session, ben, now_us - 50 * SLOT_US, "1" * 10)  # known already
    await rooms.talks.hear(pair, session, ben, 0, "1")  # too old
    mine = await rooms.talks.view(pair, session, ada)
    assert (mine.both_us, mine.speaking_us, mine.overlap_us, mine.silence_us) == (
        30 * SLOT_US,
        20 * SLOT_US,
        10 * SLOT_US,
        0,
    )
    theirs = await rooms.talks.view(pair, session, ben)
    assert (theirs.both_us, theirs.speaking_us, theirs.overlap_us) == (
        30 * SLOT_US,
        20 * SLOT_US,
        10 * SLOT_US,
    )
    assert [(each.session, each.speaking_us) for each in mine.trend] == [(session, 20 * SLOT_US)]
    assert abs(mine.trend[0].at_us - now_us) <= 2 * MINUTE_US


async def test_the_trend_is_of_the_last_sessions_up_to_this_one(
    rooms: Rooms, pair: Mentorship
) -> None:
    ada, ben = members(pair)
    other = await rooms.pair()
    sessions = []
    for spoken in range(10):
        session = await rooms.session()
        now_us = rooms.clock.wall_us()
        slots = "1" * spoken + "0" * (10 - spoken)
        for person in (ada, ben):
            await rooms.talks.hear(pair, session, person, now_us - 10 * SLOT_US, slots)
        sessions.append(session)
        stranger = members(other)[0]
        await rooms.talks.hear(
            other, await rooms.session(), stranger, rooms.clock.wall_us() - SLOT_US, "1"
        )
    trend = (await rooms.talks.view(pair, sessions[8], ada)).trend
    assert [each.session for each in trend] == sessions[1:9]
    assert [each.speaking_us for each in trend] == [n * SLOT_US for n in range(1, 9)]


async def test_reports_at_once_all_arrive(rooms: Rooms, pair: Mentorship) -> None:
    persons, session = members(pair), await rooms.session()
    first_us = rooms.clock.wall_us() // SLOT_US * SLOT_US - 100 * SLOT_US
    await asyncio.gather(
        *(
            rooms.talks.hear(pair, session, person, first_us + at * SLOT_US, "10")
            for person in persons
            for at in range(0, 100, 2)
        )
    )
    view = await rooms.talks.view(pair, session, persons[0])
    assert (view.both_us, view.speaking_us) == (100 * SLOT_US, 50 * SLOT_US)


async def test_who_is_forgotten_leaves_no_word_and_no_voice(rooms: Rooms, pair: Mentorship) -> None:
    (ada, ben), session = members(pair), await rooms.session()
    for person, wish in ((ada, WISH), (ben, REPLY)):
        await rooms.reflections.save(pair, session, person, wish)
        await rooms.talks.hear(pair, session, person, rooms.clock.wall_us() - SLOT_US, "1")
    await rooms.reflections.forget(pair.site_id, ada)
    assert words(await rooms.reflections.view(pair.site_id, session, ben)) == ("", "", None)
    mine = (await rooms.reflections.view(pair.site_id, session, ada)).mine
    assert mine is not None
    assert mine.private == ""
    assert (await rooms.talks.view(pair, session, ben)).both_us == 0
    assert words(await rooms.reflections.view(pair.site_id, session, ada)) == (
        REPLY.useful,
        REPLY.next,
        REPLY.rating,
    )
