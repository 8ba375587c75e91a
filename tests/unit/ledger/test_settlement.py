"""Who may say what about what a session comes to, and what follows."""

import pytest

from ledger.sansio.settlement import (
    LONGEST_US,
    SAYINGS_MOST,
    SETTLEMENT,
    Confirm,
    Contest,
    Correct,
    Event,
    Line,
    Settle,
    line_of,
    receipt,
)
from protocol.bill import Bill, Side
from protocol.errors import Refusal
from protocol.facts import (
    SessionConfirmed,
    SessionContested,
    SessionCorrected,
    SessionCreated,
    SessionEnded,
    SessionFact,
    SessionSettled,
    SessionStarted,
)

SESSION = "ses_01jd3v0k7r9q2x4m6n8p0s2t4v"
ADA, BEN = "mentor", "mentee"
NOTE = "0" * 64
MINUTE = 60_000_000


def bill(minutes: int) -> Bill:
    side = Side(person=ADA, wait_us=0, late_us=0, no_show="no")
    return Bill(
        terms=1, window_from_us=None, window_to_us=None, counted_us=minutes * MINUTE, bridged_us=0,
        unknown_us=0, impaired_us=0, billed_us=minutes * MINUTE, make_up_us=0, owed="time",
        currency="EUR", net_minor=100 * minutes, fee_minor=0, tax_minor=0, mentor=side,
        mentee=side,
    )  # fmt: skip


BEGINNING: list[SessionFact] = [
    SessionCreated(session=SESSION, mentorship="m", mentor=ADA, mentee=BEN, at_us=1),
    SessionStarted(session=SESSION, mentorship="m", at_us=2),
]
ENDED = SessionEnded(session=SESSION, mentorship="m", at_us=9, noticed_us=9, reason="ended", by=ADA)


def settle(minutes: int, facts: int = 7) -> Settle:
    return Settle(facts=facts, head="f" * 64, bill=bill(minutes))


def after(*events: Event, ended: bool = True) -> tuple[Line, list[SessionFact]]:
    line = line_of(SESSION, [*BEGINNING, *([ENDED] if ended else [])])
    facts: list[SessionFact] = []
    for event in events:
        line, new = SETTLEMENT.step(line, event, 10)
        facts += new
    assert line == line_of(SESSION, [*BEGINNING, *([ENDED] if ended else []), *facts])
    return line, facts


def correct(actor: str | None, billed_us: int, most_us: int = LONGEST_US) -> Correct:
    return Correct(actor, billed_us, NOTE, most_us)


def refused(line: Line, event: Event) -> str:
    with pytest.raises(Refusal) as refusal:
        SETTLEMENT.step(line, event, 10)
    if refusal.value.code == "invalid_field":
        assert refusal.value.field == "billed_us"
    return refusal.value.code


def test_before_the_end_nothing_is_settled() -> None:
    line, facts = after(settle(45), ended=False)
    assert (line.phase, facts) == ("running", [])
    for event in (Confirm(ADA, 0), Contest(ADA, 0, NOTE), correct(None, 0)):
        assert refused(line, event) == "not_settled"


def test_the_end_settles_once_and_proof_that_comes_late_again() -> None:
    due, _ = after()
    assert due.phase == "due"
    for event in (Confirm(ADA, 0), Contest(ADA, 0, NOTE), correct(None, 0)):
        assert refused(due, event) == "not_settled"
    line, facts = after(settle(45), settle(45, 9), settle(46, 9), Confirm(ADA, 2), settle(47, 11))
    settled = [fact for fact in facts if isinstance(fact, SessionSettled)]
    assert [(fact.revision, fact.facts, fact.bill.billed_us) for fact in settled] == [
        (1, 7, 45 * MINUTE), (2, 9, 46 * MINUTE), (3, 11, 47 * MINUTE),
    ]  # fmt: skip
    assert (line.phase, line.confirmed) == ("settled", ())


def test_both_agree_and_it_stays() -> None:
    line, facts = after(settle(45), Confirm(ADA, 1), Confirm(ADA, 1), Confirm(BEN, 1))
    assert facts[1:] == [
        SessionConfirmed(session=SESSION, person=ADA, revision=1, at_us=10),
        SessionConfirmed(session=SESSION, person=BEN, revision=1, at_us=10),
    ]
    assert line.phase == "confirmed"
    assert SETTLEMENT.step(line, settle(99), 11) == (line, ())
    assert SETTLEMENT.step(line, Confirm(BEN, 1), 11) == (line, ())
    assert refused(line, Contest(BEN, 1, NOTE)) == "already_confirmed"


def test_a_correction_that_both_confirmed_stays_whatever_proof_comes_late() -> None:
    corrected = settle(45), correct(None, 30 * MINUTE), settle(30, 9)
    line, facts = after(*corrected, Confirm(ADA, 2), Confirm(BEN, 2))
    assert SETTLEMENT.step(line, settle(47, 11), 11) == (line, ())
    again, new = SETTLEMENT.step(line, correct(None, 20 * MINUTE), 12)
    again, settled = SETTLEMENT.step(again, settle(20, 14), 13)
    assert again.phase == "settled"
    assert [fact.at_us for fact in (*facts, *new, *settled)] == [10] * 5 + [12, 13]
    assert {fact.session for fact in (*facts, *settled)} == {SESSION}
    (last,) = settled
    assert isinstance(last, SessionSettled)
    assert (last.revision, last.facts, last.head) == (3, 14, "f" * 64)


@pytest.mark.parametrize("billed_us", [-1, 45 * MINUTE])
def test_a_correction_that_cannot_be_names_its_field(billed_us: int) -> None:
    line, _ = after(settle(45))
    with pytest.raises(Refusal) as refusal:
        SETTLEMENT.step(line, correct(ADA, billed_us), 10)
    assert (refusal.value.code, refusal.value.field) == ("invalid_field", "billed_us")


def test_who_contested_confirms_at_that_moment() -> None:
    line, _ = after(settle(45), Contest(BEN, 1, NOTE))
    assert SETTLEMENT.step(line, Confirm(BEN, 1), 11)[1] == (
        SessionConfirmed(session=SESSION, person=BEN, revision=1, at_us=11),
    )


def test_one_can_correct_and_then_contest_and_correct_again() -> None:
    less = correct(ADA, 40 * MINUTE), settle(40, 9)
    line, _ = after(settle(45), *less, Contest(ADA, 2, NOTE), correct(ADA, 30 * MINUTE))
    assert line.said == (ADA,) * 3


@pytest.mark.parametrize("event", [Confirm(ADA, 1), Contest(BEN, 1, NOTE), Confirm(ADA, 3)])
def test_one_speaks_of_what_one_has_seen(event: Event) -> None:
    line, _ = after(settle(45), settle(46))
    assert refused(line, event) == "stale_revision"


def test_what_is_contested_is_held_until_a_correction() -> None:
    line, facts = after(settle(45), Confirm(ADA, 1), Contest(BEN, 1, NOTE))
    assert facts[-1] == SessionContested(
        session=SESSION, person=BEN, revision=1, note=NOTE, at_us=10
    )
    assert (line.phase, line.said_us) == ("contested", 10)
    assert SETTLEMENT.step(line, settle(99), 11) == (line, ())
    more, (fact,) = SETTLEMENT.step(line, Contest(BEN, 1, "b" * 64), 11)
    assert (more.contested, fact.at_us) == ((BEN,), 11)  # for another reason too
    assert refused(line, Confirm(ADA, 1)) == "contested"
    line, new = SETTLEMENT.step(line, correct(None, 40 * MINUTE), 12)
    assert new == (
        SessionCorrected(session=SESSION, actor=None, billed_us=40 * MINUTE, note=NOTE, at_us=12),
    )
    line, new = SETTLEMENT.step(line, settle(40), 12)
    assert (line.phase, line.said_us) == ("settled", 12)
    assert [fact.revision for fact in new if isinstance(fact, SessionSettled)] == [2]
    line, _ = SETTLEMENT.step(line, correct(ADA, 30 * MINUTE), 13)
    assert line.said_us == 13


def test_whoever_contested_may_agree_after_all() -> None:
    for agreeing in (
        (Contest(BEN, 1, NOTE), Confirm(BEN, 1), Confirm(ADA, 1)),
        (Confirm(ADA, 1), Contest(BEN, 1, NOTE), Confirm(BEN, 1)),
    ):
        line, _ = after(settle(45), *agreeing)
        assert line.phase == "confirmed"


def test_who_contests_what_they_confirmed_confirms_it_no_more() -> None:
    line, _ = after(settle(45), Confirm(BEN, 1), Contest(BEN, 1, NOTE))
    assert (line.phase, line.confirmed) == ("contested", ())
    line, _ = SETTLEMENT.step(line, Confirm(BEN, 1), 11)
    assert (line.phase, line.confirmed) == ("settled", (BEN,))
    line, _ = SETTLEMENT.step(line, Confirm(ADA, 1), 12)
    assert line.phase == "confirmed"


def test_what_both_contest_is_held_until_both_let_go() -> None:
    both = (settle(45), Contest(BEN, 1, NOTE), Contest(ADA, 1, NOTE))
    line, facts = after(*both)
    assert [fact.person for fact in facts if isinstance(fact, SessionContested)] == [BEN, ADA]
    line, _ = after(*both, Confirm(BEN, 1))
    assert (line.phase, line.contested, line.confirmed) == ("contested", (ADA,), (BEN,))
    assert refused(line, Confirm(BEN, 1)) == "contested"
    line, _ = after(*both, Confirm(BEN, 1), Confirm(ADA, 1))
    assert line.phase == "confirmed"
    line, _ = after(*both, correct(ADA, 44 * MINUTE), settle(44))
    assert (line.phase, line.contested) == ("contested", (BEN,))
    line, _ = after(*both, correct(None, 44 * MINUTE), settle(44))
    assert (line.phase, line.contested) == ("settled", ())


def test_who_contests_speaks_of_what_they_have_seen() -> None:
    """Also who does so already; saying it again changes nothing."""
    line, _ = after(settle(45), Contest(BEN, 1, NOTE))
    for person in (ADA, BEN):
        for revision in (0, 2):
            assert refused(line, Contest(person, revision, NOTE)) == "stale_revision"
    more, (fact,) = SETTLEMENT.step(line, Contest(BEN, 1, "b" * 64), 11)
    assert (more.contested, fact.at_us) == ((BEN,), 11)  # for another reason too


def test_a_correction_that_changes_nothing_is_none_unless_it_lets_go() -> None:
    line, _ = after(settle(45))
    for actor in (ADA, BEN, None):
        assert refused(line, correct(actor, 45 * MINUTE)) == "invalid_field"
    line, _ = after(settle(45), Contest(BEN, 1, NOTE))
    assert refused(line, correct(ADA, 45 * MINUTE)) == "invalid_field"
    for actor in (BEN, None):
        assert SETTLEMENT.step(line, correct(actor, 45 * MINUTE), 11)[1]


def test_each_of_the_two_has_so_many_words() -> None:
    line, _ = after(settle(45))
    for _ in range(SAYINGS_MOST):
        line, new = SETTLEMENT.step(line, Contest(BEN, 1, NOTE), 11)
        assert new
        line, _ = SETTLEMENT.step(line, Confirm(BEN, 1), 11)
    assert refused(line, Contest(BEN, 1, NOTE)) == "said_enough"
    assert refused(line, correct(BEN, 46 * MINUTE)) == "said_enough"
    for event in (Contest(ADA, 1, NOTE), correct(ADA, 44 * MINUTE), correct(None, 0)):
        assert SETTLEMENT.step(line, event, 11)[1]


def test_one_gives_in_and_never_takes() -> None:
    line, _ = after(settle(45))
    assert refused(line, correct(ADA, 46 * MINUTE)) == "not_a_concession"
    assert refused(line, correct(BEN, 44 * MINUTE)) == "not_a_concession"
    for event in (correct(ADA, 44 * MINUTE), correct(BEN, 46 * MINUTE)):
        assert SETTLEMENT.step(line, event, 10)[1]
    assert refused(line, correct(BEN, 61 * MINUTE, 60 * MINUTE)) == "invalid_field"
    much, _ = after(settle(200))
    assert SETTLEMENT.step(much, correct(ADA, 190 * MINUTE, 60 * MINUTE), 10)[1]
    assert SETTLEMENT.step(line, correct(BEN, 60 * MINUTE, 60 * MINUTE), 10)[1]
    for us in (-1, LONGEST_US + 1):
        assert refused(line, correct(None, us)) == "invalid_field"
    for us in (0, LONGEST_US):
        assert SETTLEMENT.step(line, correct(None, us), 10)[1]


def test_what_the_other_gives_in_does_not_release_what_one_contests() -> None:
    given = (settle(45), Contest(BEN, 1, NOTE), correct(ADA, 44 * MINUTE), settle(44))
    line, _ = after(*given)
    assert (line.phase, line.revision) == ("contested", 2)
    assert refused(line, Confirm(BEN, 1)) == "stale_revision"
    line, _ = after(*given, Confirm(BEN, 2))
    assert line.phase == "settled"
    own = (settle(45), Contest(BEN, 1, NOTE), correct(BEN, 45 * MINUTE), settle(45))
    line, _ = after(*own)  # taken back: the same once more
    assert (line.phase, line.revision) == ("settled", 2)


def test_a_correction_moves_even_what_both_agreed_to() -> None:
    agreed = (settle(45), Confirm(ADA, 1), Confirm(BEN, 1))
    line, _ = after(*agreed, correct(None, 0), settle(0))
    assert (line.phase, line.revision, line.confirmed) == ("settled", 2, ())


def test_what_is_signed_names_everything() -> None:
    assert receipt(SESSION, 2, 9, "ab") == f"ithaca.settlement.v1\n{SESSION}\n2\n9\nab".encode()
