"""Versions of what two agree on: proposed, accepted, declined, withdrawn, in force."""

from dataclasses import replace
from itertools import product
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.sansio.agreements import (
    AGREEMENT,
    AHEAD_MOST_US,
    Accept,
    Agreement,
    Decline,
    Event,
    Supersede,
    Withdraw,
    check_terms,
    in_force,
    proposal,
    propose,
    proposed,
)
from protocol.errors import Refusal
from protocol.facts import (
    AgreementAccepted,
    AgreementDeclined,
    AgreementProposed,
    AgreementWithdrawn,
    MentoringFact,
)
from protocol.terms import CURRENCIES, MINOR_DIGITS, Terms
from protocol.types import ProposalState

MENTORSHIP = "men_01jd3v0k7r9q2x4m6n8p0s2t4v"
MENTOR, MENTEE = "per_01jd3v0k7r9q2x4m6n8p0s2t4v", "per_01jd3v0k7r9q2x4m6n8p0s2t4w"
PAID = Terms(currency="EUR", rate_minor=6000)
MINUTE = 60_000_000
NOW = 1_000 * MINUTE
OPEN = propose(MENTORSHIP, 0, PAID, MENTOR, None, NOW)


def after(agreement: Agreement, event: Event, now_us: int = NOW + MINUTE) -> Agreement:
    return AGREEMENT.step(agreement, event, now_us)[0]


def refused(agreement: Agreement, event: Event) -> str:
    with pytest.raises(Refusal) as caught:
        AGREEMENT.step(agreement, event, NOW + MINUTE)
    return caught.value.code


ACCEPTED = after(OPEN, Accept(MENTEE))
DECLINED = after(OPEN, Decline(MENTEE))
WITHDRAWN = after(OPEN, Withdraw(MENTOR))
SUPERSEDED = after(OPEN, Supersede(MENTEE))


def test_every_event_has_a_place_in_every_phase() -> None:
    assert set(AGREEMENT.table) == set(
        product(get_args(get_args(ProposalState)[0]), get_args(Event))
    )


def test_whoever_proposes_has_accepted() -> None:
    assert Agreement(MENTORSHIP, 1, PAID, MENTOR, NOW) == OPEN
    assert (OPEN.state, OPEN.accepted_by, OPEN.valid_from_us) == ("open", (MENTOR,), None)
    assert proposed(OPEN) == AgreementProposed(
        mentorship=MENTORSHIP, version=1, by=MENTOR, at_us=NOW
    )
    assert AGREEMENT.step(OPEN, Accept(MENTOR), NOW) == (OPEN, ())


def test_the_other_accepts_and_that_is_a_fact_with_all_of_it() -> None:
    accepted, facts = AGREEMENT.step(OPEN, Accept(MENTEE), NOW + MINUTE)
    assert accepted.accepted_by == (MENTOR, MENTEE)
    assert accepted.valid_from_us == NOW + MINUTE
    assert facts == (
        AgreementAccepted(
            mentorship=MENTORSHIP,
            version=1,
            terms=PAID,
            valid_from_us=NOW + MINUTE,
            proposed_by=MENTOR,
            accepted_by=MENTEE,
            at_us=NOW + MINUTE,
        ),
    )


@pytest.mark.parametrize(
    ("asked_us", "valid_us"),
    [
        (None, NOW + MINUTE),
        (0, NOW + MINUTE),
        (NOW + MINUTE - 1, NOW + MINUTE),
        (NOW + MINUTE + 1, NOW + MINUTE + 1),
        (NOW + AHEAD_MOST_US, NOW + AHEAD_MOST_US),
    ],
)
def test_it_is_never_valid_before_both_accepted(asked_us: int | None, valid_us: int) -> None:
    asked = propose(MENTORSHIP, 0, PAID, MENTEE, asked_us, NOW)
    accepted, facts = AGREEMENT.step(asked, Accept(MENTOR), NOW + MINUTE)
    assert accepted.valid_from_us == valid_us
    assert [fact.valid_from_us for fact in facts if isinstance(fact, AgreementAccepted)] == [
        valid_us
    ]


def test_nor_before_it_was_proposed_whatever_the_clock_does() -> None:
    assert after(OPEN, Accept(MENTEE), NOW - MINUTE).valid_from_us == NOW


def test_whoever_proposed_takes_it_back() -> None:
    withdrawn, facts = AGREEMENT.step(OPEN, Withdraw(MENTOR), NOW + MINUTE)
    assert (withdrawn.state, withdrawn.valid_from_us) == ("withdrawn", None)
    assert withdrawn.accepted_by == (MENTOR,)
    assert facts == (
        AgreementWithdrawn(mentorship=MENTORSHIP, version=1, by=MENTOR, at_us=NOW + MINUTE),
    )


def test_the_other_declines_and_what_was_in_force_stays() -> None:
    declined, facts = AGREEMENT.step(OPEN, Decline(MENTEE), NOW + MINUTE)
    assert (declined.state, declined.valid_from_us) == ("declined", None)
    assert (declined.answered_by, declined.accepted_by) == (MENTEE, (MENTOR,))
    assert facts == (
        AgreementDeclined(mentorship=MENTORSHIP, version=1, by=MENTEE, at_us=NOW + MINUTE),
    )
    assert in_force([ACCEPTED, replace(declined, version=2)], NOW + 2 * MINUTE) == ACCEPTED


def test_nobody_declines_what_is_their_own_or_closed() -> None:
    for own in (OPEN, ACCEPTED, DECLINED):
        assert refused(own, Decline(MENTOR)) == "not_yours"
    assert refused(ACCEPTED, Decline(MENTEE)) == "already_accepted"
    for closed in (WITHDRAWN, SUPERSEDED):
        assert refused(closed, Decline(MENTEE)) == "proposal_closed"


def test_a_new_proposal_takes_the_place_of_an_open_one() -> None:
    assert (SUPERSEDED.state, SUPERSEDED.answered_by) == ("superseded", MENTEE)
    assert after(ACCEPTED, Supersede(MENTOR)) == ACCEPTED
    assert after(DECLINED, Supersede(MENTOR)) == DECLINED
    assert after(WITHDRAWN, Supersede(MENTOR)) == WITHDRAWN
    assert after(SUPERSEDED, Supersede(MENTOR)) == SUPERSEDED


def test_what_is_closed_cannot_be_accepted() -> None:
    for closed in (DECLINED, WITHDRAWN, SUPERSEDED):
        for person in (MENTOR, MENTEE):
            assert refused(closed, Accept(person)) == "proposal_closed"


def test_the_other_cannot_take_it_back() -> None:
    for each in (OPEN, ACCEPTED, DECLINED, WITHDRAWN, SUPERSEDED):
        assert refused(each, Withdraw(MENTEE)) == "not_yours"


def test_what_both_accepted_stays() -> None:
    assert refused(ACCEPTED, Withdraw(MENTOR)) == "already_accepted"
    for person in (MENTOR, MENTEE):
        assert AGREEMENT.step(ACCEPTED, Accept(person), NOW + 2 * MINUTE) == (ACCEPTED, ())


def test_saying_it_again_changes_nothing() -> None:
    for closed in (DECLINED, WITHDRAWN, SUPERSEDED):
        assert AGREEMENT.step(closed, Withdraw(MENTOR), NOW + 2 * MINUTE) == (closed, ())
    assert AGREEMENT.step(DECLINED, Decline(MENTEE), NOW + 2 * MINUTE) == (DECLINED, ())


# ---- what is in force -------------------------------------------------------------------------


def accepted(version: int, valid_from_us: int) -> Agreement:
    return Agreement(MENTORSHIP, version, PAID, MENTOR, 0, valid_from_us, "accepted", MENTEE, 0)


def test_the_latest_version_whose_time_has_come_is_in_force() -> None:
    later = accepted(2, NOW)
    both = [accepted(1, 0), later]
    assert in_force(both, NOW - 1) == both[0]
    assert in_force(both, NOW) == later
    assert in_force([*both, accepted(3, NOW - 5)], NOW) == accepted(3, NOW - 5)
    assert in_force([], NOW) is None
    assert in_force([replace(OPEN, version=9), replace(WITHDRAWN, version=8)], NOW) is None


def test_a_proposal_is_the_latest_version_open_or_declined() -> None:
    assert proposal([]) is None
    for closed in (ACCEPTED, WITHDRAWN, SUPERSEDED):
        assert proposal([DECLINED, replace(closed, version=2)]) is None
    for latest in (OPEN, DECLINED):
        second = replace(latest, version=2)
        assert proposal([second, ACCEPTED]) == second


PEOPLE = st.sampled_from([MENTOR, MENTEE])
ANSWERS: dict[str, type[Accept | Decline | Withdraw]] = {
    "accept": Accept, "decline": Decline, "withdraw": Withdraw,
}  # fmt: skip
DOING = st.one_of(
    st.tuples(st.just("propose"), PEOPLE, st.none() | st.integers(0, 40)),
    st.tuples(st.just("accept"), PEOPLE, st.integers(1, 8)),
    st.tuples(st.just("decline"), PEOPLE, st.integers(1, 8)),
    st.tuples(st.just("withdraw"), PEOPLE, st.integers(1, 8)),
)


@given(st.lists(DOING, max_size=30))
def test_whatever_the_two_do(doings: list[tuple[str, str, int | None]]) -> None:
    """As the service does it. Against a history told by the facts alone."""
    versions: list[Agreement] = []
    told: list[tuple[int, MentoringFact]] = []
    for now_us, (verb, person, number) in enumerate(doings, 1):
        if verb == "propose":
            new = propose(MENTORSHIP, len(versions), PAID, person, number, now_us)
            if versions:
                versions[-1] = AGREEMENT.step(versions[-1], Supersede(person), now_us)[0]
            versions.append(new)
            continue
        assert number is not None
        if number > len(versions):
            continue
        event = ANSWERS[verb](person)
        try:
            versions[number - 1], facts = AGREEMENT.step(versions[number - 1], event, now_us)
        except Refusal:
            continue
        told += [(now_us, fact) for fact in facts]
        for fact in facts:
            assert fact.at_us == now_us
    assert [each.version for each in versions] == list(range(1, len(versions) + 1))
    assert sum(each.state == "open" for each in versions) <= 1
    assert all(each.state != "open" for each in versions[:-1])
    agreed = [fact for _, fact in told if isinstance(fact, AgreementAccepted)]
    assert len({fact.version for fact in agreed}) == len(agreed)
    for fact in agreed:
        assert {fact.proposed_by, fact.accepted_by} == {MENTOR, MENTEE}
        assert fact.valid_from_us >= fact.at_us
    for at_us in range(45):
        valid = [fact.version for fact in agreed if fact.valid_from_us <= at_us]
        held = in_force(versions, at_us)
        assert (held.version if held else None) == max(valid, default=None)


# ---- terms ------------------------------------------------------------------------------------


def wrong(**parts: object) -> str | None:
    terms = msgspec.structs.replace(PAID, **parts)
    with pytest.raises(Refusal) as caught:
        check_terms(terms)
    with pytest.raises(Refusal):
        propose(MENTORSHIP, 0, terms, MENTOR, None, NOW)
    assert caught.value.code == "invalid_field"
    return caught.value.field


@pytest.mark.parametrize("currency", ["XXX", "XAU", "XTS", "DEM", "HRK", "ZZZ", "AAA"])
def test_a_currency_that_nobody_pays_in_is_none(currency: str) -> None:
    assert wrong(currency=currency) == "terms.currency"
    assert wrong(currency=currency, rate_minor=0) == "terms.currency"


def test_what_costs_has_a_currency() -> None:
    assert wrong(currency=None) == "terms.currency"
    check_terms(Terms())
    check_terms(Terms(currency="JPY"))


def test_the_parts_go_together() -> None:
    assert wrong(cap_us=30 * MINUTE, unit_us=31 * MINUTE) == "terms.unit_us"
    assert wrong(cap_us=30 * MINUTE, minimum_us=31 * MINUTE) == "terms.minimum_us"
    assert wrong(unit_us=10 * MINUTE, minimum_us=15 * MINUTE) == "terms.minimum_us"
    check_terms(
        msgspec.structs.replace(
            PAID, cap_us=30 * MINUTE, unit_us=30 * MINUTE, minimum_us=30 * MINUTE
        )
    )
    check_terms(msgspec.structs.replace(PAID, no_show_share=1_000_000, unit_us=1_000_000))


def test_it_is_proposed_for_the_next_two_years() -> None:
    with pytest.raises(Refusal) as caught:
        propose(MENTORSHIP, 0, PAID, MENTOR, NOW + AHEAD_MOST_US + 1, NOW)
    assert (caught.value.code, caught.value.field) == ("invalid_field", "valid_from_us")


def test_the_list_of_currencies() -> None:
    assert len(CURRENCIES) == 155
    assert {code for code in CURRENCIES if len(code) != 3 or not code.isupper()} == set()
    some = {"EUR": 2, "USD": 2, "GBP": 2, "JPY": 0, "ISK": 0, "TND": 3, "KWD": 3, "MGA": 2}
    assert {code: MINOR_DIGITS[code] for code in some} == some
