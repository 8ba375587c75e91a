"""Statements: months by one's own zone, sums without what is held, CSV that is safe to open."""

import csv
import io

import pytest

from ledger.tables import LineRow
from protocol.bill import Bill, Side
from protocol.terms import MINOR_DIGITS
from protocol.views import PersonView, SettlementState
from web.statements import as_csv, month_bounds, statement

ADA = PersonView(id="per_1", name='=HYPERLINK("x")', zone="UTC")
BEN = PersonView(id="per_2", name="Ben, the second", zone="UTC")
MINUTE = 60_000_000


def line(number: int, currency: str | None = "EUR", net: int = 4550, fee: int = 455) -> LineRow:
    side = Side(person="per_1", wait_us=0, late_us=0, no_show="no")
    bill = Bill(
        terms=1, window_from_us=None, window_to_us=None, counted_us=0, bridged_us=0,
        unknown_us=30_000_000, impaired_us=0, billed_us=45 * MINUTE, make_up_us=MINUTE,
        owed="time", currency=currency, net_minor=net, fee_minor=fee, tax_minor=910,
        mentor=side, mentee=side,
    )  # fmt: skip
    return LineRow(
        site_id="s", session=f"ses_{number}", revision=1, mentorship="men", mentor="per_1",
        mentee="per_2", at_us=1_700_000_000_000_000 + number, facts=9, head=b"\1" * 32, kid="key",
        signature=b"", bill=bill, settled_us=0,
    )  # fmt: skip


def of(*rows: tuple[LineRow, SettlementState]) -> str:
    persons = {"per_1": ADA, "per_2": BEN}
    made = statement(ADA, "mentor", "2026-11", (0, 1), rows, persons)
    return as_csv(made)


@pytest.mark.parametrize(
    ("month", "zone", "from_s", "to_s"),
    [
        ("1970-01", "UTC", 31_536_000, 34_214_400),  # the first year there is
        ("2026-11", "UTC", 1793491200, 1796083200),
        ("2026-12", "Europe/Vienna", 1796079600, 1798758000),
        ("2026-10", "Europe/Vienna", 1790805600, 1793487600),  # 31 days and an hour
    ],
)
def test_a_month_is_that_of_ones_own_clock(month: str, zone: str, from_s: int, to_s: int) -> None:
    from_us, to_us = month_bounds(month, zone)
    assert (from_us, to_us) == (from_s * 1_000_000, to_s * 1_000_000)


def test_every_month_there_can_be_asked_for_has_bounds() -> None:
    for year in (0, 1, 1969, 2026, 9999):
        for month in (1, 12):
            from_us, to_us = month_bounds(f"{year:04}-{month:02}", "America/St_Johns")
            assert 0 <= from_us <= to_us < 2**53


def test_amounts_have_as_many_digits_as_terms_know_for_their_currency() -> None:
    for currency, digits in MINOR_DIGITS.items():
        (row,) = csv.DictReader(io.StringIO(of((line(1, currency, net=5), "settled"))))
        assert row["net"] == f"{5 / 10**digits:.{digits}f}"


def test_sums_are_by_currency_and_without_what_is_held() -> None:
    persons = {"per_1": ADA, "per_2": BEN}
    rows: list[tuple[LineRow, SettlementState]] = [
        (line(1), "settled"),
        (line(2), "contested"),
        (line(3), "confirmed"),
        (line(4, "JPY", 500, 50), "settled"),
        (line(5, None, 0, 0), "settled"),
    ]
    made = statement(ADA, "mentor", "2026-11", (0, 1), rows, persons)
    assert made.held == 1
    assert [(each.currency, each.lines, each.net_minor, each.fee_minor) for each in made.sums] == [
        (None, 1, 0, 0),
        ("EUR", 2, 9100, 910),
        ("JPY", 1, 500, 50),
    ]
    assert made.sums[1].billed_us == 90 * MINUTE


@pytest.mark.parametrize(
    ("currency", "net", "shown"),
    [("EUR", 4550, "45.50"), ("EUR", 5, "0.05"), ("JPY", 4550, "4550"), ("KWD", 4550, "4.550"),
     (None, 0, "0.00")],
)  # fmt: skip
def test_amounts_have_the_digits_of_their_currency(
    currency: str | None, net: int, shown: str
) -> None:
    (row,) = csv.DictReader(io.StringIO(of((line(1, currency, net), "settled"))))
    assert row["net"] == shown
    assert row["billed_minutes"] == "45.00"
    assert row["unknown_minutes"] == "0.50"


def test_a_name_is_no_formula_and_a_comma_no_column() -> None:
    (row,) = csv.DictReader(io.StringIO(of((line(1), "settled"))))
    assert row["mentor"] == "'" + ADA.name
    assert row["mentee"] == BEN.name
    assert row["began_utc"] == "2023-11-14T22:13:20+00:00"
    assert row["head"] == "01" * 32
