"""What a connection knows of the others, as it is told and as the database says."""

import pytest
from msgspec.structs import replace

from mentoring.sansio.safety import OPEN, Blocks, Bounds, Hides, Left
from protocol.views import MeetingView, Member, MentorshipView, PersonView
from web.sansio.within import Within, as_shown, asked, gone, told

ADA, BEN = "ada", "ben"
OPENED = Within(OPEN, seen={BEN: 7})


def test_of_what_is_not_known_nobody_is_shown_anything() -> None:
    assert Within(seen={BEN: 7}).last_seen(BEN, ADA) is None


@pytest.mark.parametrize(
    ("within", "seen_us"),
    [
        (OPENED, 7),
        (Within(OPEN), None),
        (told(OPENED, Hides(BEN, True), 1), None),
        (told(OPENED, Hides(ADA, True), 1), None),
        (told(told(OPENED, Hides(BEN, True), 1), Hides(BEN, False), 2), 7),
        (told(OPENED, Blocks(BEN, True), 1), None),
        (told(OPENED, Blocks(ADA, True), 1), 7),
        (told(told(OPENED, Blocks(BEN, True), 1), Blocks(BEN, False), 2), 7),
        (told(OPENED, Left(BEN, 5), 1), None),
        (told(OPENED, Left(ADA, 5), 1), None),
        (gone(OPENED, BEN, 9), 9),
        (gone(OPENED, BEN, 3), 7),
        (gone(Within(OPEN), BEN, 3), 3),
    ],
)
def test_when_somebody_was_last_here(within: Within, seen_us: int | None) -> None:
    assert within.last_seen(BEN, ADA) == seen_us
    assert within.last_seen(ADA, ADA) is None


def test_what_was_told_after_the_database_was_asked_stands() -> None:
    late = told(OPENED, Blocks(BEN, True), 20)
    assert asked(late, Within(OPEN, at_us=10)) is late
    found = Within(Bounds(blockers=frozenset({ADA})), frozenset({ADA}), {ADA: 5, BEN: 9}, 20)
    now = asked(gone(late, ADA, 8), found)
    assert (now.bounds, now.hidden, now.at_us) == (found.bounds, found.hidden, 20)
    assert now.seen == {ADA: 8, BEN: 9}, "when they went may not be on record yet"


def test_what_one_is_shown_looks_otherwise_once_it_is() -> None:
    person = PersonView(id=BEN, name="Ben", zone="Africa/Lagos")
    member = Member(person=person, role="mentee", presence="away")
    view = MentorshipView(
        id="men", conversation="con", room="rom", created_us=1, members=(member,), head=0,
        revision=0, read=0, unread=0, marks=(), last=None,
    )  # fmt: skip
    meeting = MeetingView(
        id="met", mentorship="men", start_us=1, length_us=1, zone="UTC", by=BEN, told_us=1,
        told_by=BEN, state="planned",
    )  # fmt: skip
    moved = replace(member, person=replace(person, zone="UTC"))
    for other in (
        replace(view, closed_us=5, closed_by=BEN),
        replace(view, blocked_by_me=True),
        replace(view, members=(moved,)),
        replace(view, meeting=meeting),
    ):
        assert as_shown(other) != as_shown(view)
    assert as_shown(replace(view, unread=1, members=(replace(member, presence="here"),))) == (
        as_shown(view)
    )
