"""What no server writes where it is."""

from __future__ import annotations

import pytest

from ledger.sansio.order import impossible
from protocol.facts import (
    MeetingRecounted,
    PathChanged,
    SessionConfirmed,
    SessionContested,
    SessionCorrected,
    SessionFact,
    WatchBroken,
    WindowExtended,
)
from tests.support.evidence import (
    MINUTE,
    SESSION,
    START,
    beginning,
    ending,
    in_contact,
    joined,
    left,
    settled_session,
)
from tests.support.ledger import ADA, BEN, PageKey, name

FACTS = settled_session().facts
ENDED = next(seq for seq, fact in enumerate(FACTS, 1) if fact in ending(46)[2:])
NOTE = "0" * 64
OVER = "The session had ended before it."
NOT_ALLOWED = "Nothing before it allows it."


def test_all_that_can_happen_to_a_session_is_possible() -> None:
    assert list(impossible(FACTS)) == []


def test_a_session_that_runs_is_possible_too() -> None:
    for count in range(len(FACTS)):
        assert list(impossible(FACTS[:count])) == []


@pytest.mark.parametrize(
    "fact",
    [
        joined(ADA, START, PageKey(3)),
        left(ADA, START + MINUTE),
        PathChanged(session=SESSION, person=ADA, connection=name("con", 1), up=True, at_us=START),
        WindowExtended(session=SESSION, person=BEN, at_us=START),
        *beginning(PageKey(1), PageKey(2)),
        *ending(50),
    ],
    ids=lambda fact: str(type(fact).__struct_config__.tag),
)
def test_after_the_end_nobody_comes_and_nothing_changes(fact: SessionFact) -> None:
    assert list(impossible([*FACTS, fact])) == [(len(FACTS) + 1, OVER)]


def test_what_comes_after_what_cannot_be_is_looked_at_too() -> None:
    late = joined(ADA, START, PageKey(3))
    assert [seq for seq, _ in impossible([*FACTS, late, late])] == [
        len(FACTS) + 1, len(FACTS) + 2,
    ]  # fmt: skip


def confirmed(person: str, revision: int) -> SessionConfirmed:
    return SessionConfirmed(session=SESSION, person=person, revision=revision, at_us=START)


def corrected(actor: str | None, minutes: int) -> SessionCorrected:
    return SessionCorrected(
        session=SESSION, actor=actor, billed_us=minutes * MINUTE, note=NOTE, at_us=START
    )


RECOUNTED = MeetingRecounted(session=SESSION, meeting="m", before_us=0, billed_us=0, at_us=START)
CONTESTED = SessionContested(session=SESSION, person=ADA, revision=2, note=NOTE, at_us=START)


@pytest.mark.parametrize(
    "fact",
    [
        FACTS[ENDED],  # the first settlement once more
        confirmed(ADA, 2),  # again
        confirmed(ADA, 3),
        CONTESTED,  # of what both confirmed
        corrected(ADA, 45),  # not against her own interest
        corrected(None, 40),  # it comes to that
    ],
)
def test_nothing_is_said_that_could_not_be_said(fact: SessionFact) -> None:
    assert list(impossible([*FACTS, fact])) == [(len(FACTS) + 1, NOT_ALLOWED)]


@pytest.mark.parametrize(
    "fact",
    [*in_contact(PageKey(1), PageKey(2), 2, 3), RECOUNTED, corrected(ADA, 30), corrected(BEN, 90)],
)
def test_late_proof_a_recount_and_a_concession_can_come_last(fact: SessionFact) -> None:
    assert list(impossible([*FACTS, fact])) == []


@pytest.mark.parametrize(
    ("fact", "why"),
    [
        (RECOUNTED, "It is of a session that ended, and this one had not."),
        (FACTS[ENDED], NOT_ALLOWED),
        (confirmed(ADA, 0), NOT_ALLOWED),
        (joined(ADA, START + MINUTE, None), "That connection was in the room already."),
        (beginning(PageKey(1), PageKey(2))[0], "Whose session it is can be said only once."),
    ],
)
def test_while_it_runs_some_cannot_be(fact: SessionFact, why: str) -> None:
    running = beginning(PageKey(1), PageKey(2))
    assert list(impossible([*running, fact])) == [(len(running) + 1, why)]


def away(from_min: float, to_min: float, at_min: float = 5) -> WatchBroken:
    from_us, to_us, at_us = (START + round(each * MINUTE) for each in (from_min, to_min, at_min))
    return WatchBroken(session=SESSION, from_us=from_us, to_us=to_us, at_us=at_us)


@pytest.mark.parametrize(
    ("breaks", "wrong"),
    [
        ([away(1, 2), away(2, 5)], 0),
        ([away(-5, 0)], 0),  # of its meeting, before anybody came
        ([away(2, 1)], 1),
        ([away(2, 2)], 1),
        ([away(2, 5.1)], 1),  # not over yet
        ([away(1, 3), away(2, 5)], 2),
        ([away(-5, 1)], 1),  # they joined in between
    ],
)
def test_when_the_server_was_away_nothing_was_written(
    breaks: list[WatchBroken], wrong: int
) -> None:
    running: list[SessionFact] = [*beginning(PageKey(1), PageKey(2)), *breaks]
    expected = [len(running) - len(breaks) + wrong] if wrong else []
    assert [seq for seq, _ in impossible(running)] == expected


def test_who_is_gone_does_nothing_more() -> None:
    running = [*beginning(PageKey(1), PageKey(2)), left(ADA, START + MINUTE)]
    path = PathChanged(session=SESSION, person=ADA, connection=name("con", 1), up=True, at_us=START)
    for fact in (left(ADA, START + MINUTE), path):
        assert list(impossible([*running, fact])) == [
            (len(running) + 1, "That connection was not in the room.")
        ]
