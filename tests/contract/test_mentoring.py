"""Beginning a mentorship on both engines: once per key, whole or not at all."""

from __future__ import annotations

import asyncio

import pytest

from mentoring.service import Mentoring
from people.service import People
from protocol.errors import Refusal
from protocol.registry import Scope
from protocol.rest import NewMentorship, NewPerson
from runtime.database import Database
from runtime.ids import Ids
from tests.support.clock import ManualClock

WISH = NewMentorship(
    mentor=NewPerson(name="Ada", zone="Europe/Vienna"),
    mentee=NewPerson(name="Ben", zone="Africa/Lagos", email="ben@example.org"),
)
SCOPES: tuple[Scope, ...] = ("mentorship", "conversation", "room")


class Rooms:
    """People and mentorships over one database; `nudges` counts what was put into the outbox."""

    def __init__(self, database: Database) -> None:
        self.nudges = 0
        self.clock = ManualClock()
        ids = Ids(self.clock)
        self.people = People(database, self.clock, ids, self._nudge)
        self.mentoring = Mentoring(database, self.clock, ids, self.people, self._nudge)

    def _nudge(self) -> None:
        self.nudges += 1


@pytest.fixture
async def rooms(database: Database) -> Rooms:
    made = Rooms(database)
    await made.people.open()
    return made


@pytest.fixture
def mentoring(rooms: Rooms) -> Mentoring:
    return rooms.mentoring


@pytest.fixture
def site(rooms: Rooms) -> str:
    return rooms.people.home_site


async def test_it_brings_two_people_together(mentoring: Mentoring, site: str) -> None:
    assert not await mentoring.any_at(site)
    started = await mentoring.start(site, WISH, actor=None, key=None)
    one, other = started.invited
    assert [(each.role, each.person.name) for each in started.invited] == [
        ("mentor", "Ada"),
        ("mentee", "Ben"),
    ]
    (found,) = await mentoring.of_person(site, one.person.id)
    assert found.id == started.mentorship
    assert dict(found.roles) == {one.person.id: "mentor", other.person.id: "mentee"}
    assert await mentoring.of_person(site, other.person.id) == [found]
    assert await mentoring.any_at(site)
    ids = (found.id, found.conversation, found.room)
    for scope, id_ in zip(SCOPES, ids, strict=True):
        assert await mentoring.find(site, scope, id_) == found
        assert await mentoring.find("elsewhere", scope, id_) is None
        others = [each for each in SCOPES if each != scope]
        assert [await mentoring.find(site, each, id_) for each in others] == [None, None]
    assert await mentoring.of_person("elsewhere", one.person.id) == []
    assert not await mentoring.any_at("elsewhere")


async def test_the_same_key_again_gives_the_first_answer(
    rooms: Rooms, mentoring: Mentoring, site: str
) -> None:
    first = await mentoring.start(site, WISH, actor="ada", key="k")
    assert await mentoring.start(site, WISH, actor="ada", key="k") == first
    assert len(await mentoring.of_person(site, first.invited[0].person.id)) == 1
    # Whatever is asked for by now: the demo of an earlier version keeps its links.
    assert await mentoring.started_with(site, "ada", "k") == first
    assert await mentoring.started_with(site, "ada", "other") is None
    assert rooms.nudges > 0


async def test_the_same_key_for_another_wish_is_a_conflict(mentoring: Mentoring, site: str) -> None:
    await mentoring.start(site, WISH, actor="ada", key="k")
    other = NewMentorship(mentor=WISH.mentor, mentee=NewPerson(name="Cleo", zone="UTC"))
    with pytest.raises(Refusal) as refused:
        await mentoring.start(site, other, actor="ada", key="k")
    assert refused.value.code == "conflict"


async def test_keys_of_different_people_are_apart(mentoring: Mentoring, site: str) -> None:
    first = await mentoring.start(site, WISH, actor="ada", key="k")
    assert await mentoring.start(site, WISH, actor="ben", key="k") != first
    assert await mentoring.start(site, WISH, actor=None, key="k") != first
    assert await mentoring.start(site, WISH, actor="ada", key=None) != first


async def test_many_at_once_under_one_key_are_one(mentoring: Mentoring, site: str) -> None:
    started = await asyncio.gather(
        *(mentoring.start(site, WISH, actor="ada", key="k") for _ in range(12))
    )
    assert [each == started[0] for each in started] == [True] * 12
    assert len(await mentoring.of_person(site, started[0].invited[0].person.id)) == 1


async def test_one_of_the_two_may_be_who_asks(
    rooms: Rooms, mentoring: Mentoring, site: str
) -> None:
    first = await mentoring.start(site, WISH, actor=None, key=None)
    ada = first.invited[0].person.id
    rooms.clock.step_wall(1)
    second = await mentoring.start(
        site, NewMentorship(mentee=WISH.mentee, i_am="mentor"), actor=ada, key=None
    )
    assert [each.role for each in second.invited] == ["mentee"]
    assert [each.id for each in await mentoring.of_person(site, ada)] == [
        first.mentorship,
        second.mentorship,
    ]
    ben = first.invited[1].person.id
    together = await mentoring.of_persons(site, [ben, "nobody", ada])
    assert {person: [each.id for each in found] for person, found in together.items()} == {
        ben: [first.mentorship],
        "nobody": [],
        ada: [first.mentorship, second.mentorship],
    }


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        (NewMentorship(mentor=WISH.mentor), "mentee"),
        (NewMentorship(mentee=WISH.mentee), "mentor"),
        (NewMentorship(mentee=WISH.mentee, i_am="mentor"), "i_am"),
        (NewMentorship(mentor=NewPerson(name=" ", zone="UTC"), mentee=WISH.mentee), "mentor.name"),
        (
            NewMentorship(mentor=WISH.mentor, mentee=NewPerson(name="B", zone="Vienna")),
            "mentee.zone",
        ),
        (
            NewMentorship(
                mentor=WISH.mentor, mentee=NewPerson(name="B", zone="UTC", email="nowhere")
            ),
            "mentee.email",
        ),
    ],
)
async def test_what_is_wrong_is_named_and_leaves_nothing(
    mentoring: Mentoring, site: str, wish: NewMentorship, field: str
) -> None:
    with pytest.raises(Refusal) as refused:
        await mentoring.start(site, wish, actor=None, key="k")
    assert (refused.value.code, refused.value.field) == ("invalid_field", field)
    assert not await mentoring.any_at(site)
    await mentoring.start(site, WISH, actor=None, key="k")


async def test_nobody_is_both_sides(mentoring: Mentoring, site: str) -> None:
    for role in ("mentor", "mentee"):
        wish = NewMentorship(mentor=WISH.mentor, mentee=WISH.mentee, i_am=role)
        with pytest.raises(Refusal) as refused:
            await mentoring.start(site, wish, actor="ada", key=None)
        assert (refused.value.code, refused.value.field) == ("invalid_field", role)
