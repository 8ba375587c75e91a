"""How records and bills are named to people."""

from dataclasses import replace
from typing import get_args

import msgspec
import pytest

from ledger.sansio.settlement import Line
from ledger.sansio.words import FACTS, STATES, billed, moment, named, stands
from protocol.bill import Bill
from protocol.facts import SessionFact
from protocol.views import SettlementState
from tests.support.evidence import settled_session

FACT = settled_session().facts[13]
BILL: Bill = FACT.bill  # type: ignore[union-attr]


def test_every_kind_of_record_and_every_state_has_words() -> None:
    assert set(FACTS) == set(get_args(SessionFact))
    assert len(set(FACTS.values())) == len(FACTS)
    assert set(STATES) == set(get_args(get_args(SettlementState)[0]))


def test_a_record_is_named_by_its_place_what_it_is_and_when() -> None:
    assert named(14, FACT) == "record 14 (the bill, 2027-01-15 08:46:00 UTC)"
    assert moment(60_000_000) == "00:01:00"  # where scenarios happen


@pytest.mark.parametrize(
    ("currency", "net", "tax", "said"),
    [
        (None, 0, 0, "42 min billed"),
        ("EUR", 4205, 0, "42 min billed, EUR 42.05"),
        ("EUR", 4000, 760, "42 min billed, EUR 47.60 (EUR 7.60 of it tax)"),
        ("JPY", 4000, 0, "42 min billed, JPY 4000"),
        ("KWD", 4000, 0, "42 min billed, KWD 4.000"),
        ("XXX", 5, 0, "42 min billed, XXX 0.05"),  # one that terms do not have any more
    ],
)
def test_what_is_billed(currency: str | None, net: int, tax: int, said: str) -> None:
    bill = msgspec.structs.replace(BILL, currency=currency, net_minor=net, tax_minor=tax)
    assert billed(bill) == said


def test_nothing_is_billed_in_minutes_too() -> None:
    nothing = msgspec.structs.replace(BILL, currency=None, billed_us=0, net_minor=0)
    assert billed(nothing) == "0 min billed"


def test_how_it_stands() -> None:
    line = Line("ses_1")
    assert stands(line) == "not billed"
    line = replace(line, settled=FACT)  # type: ignore[arg-type]
    assert stands(line) == "42 min billed, EUR 42.00; not confirmed by both"
    assert stands(replace(line, contested=("per_1",))).endswith("; contested")
    assert stands(replace(line, confirmed=("per_1", "per_2"))).endswith("; confirmed by both")
