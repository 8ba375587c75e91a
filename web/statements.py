"""A month's sessions as a statement, and as CSV. Pure."""

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from ledger.tables import LineRow
from protocol.rest import Statement, StatementLine, StatementSum
from protocol.terms import MINOR_DIGITS
from protocol.types import Role
from protocol.views import PersonView, SettlementState

MILLION = 1_000_000
FIRST_YEAR, LAST_YEAR = 1971, 2254  # of what an integer of microseconds can say in JavaScript
COLUMNS = (
    "session", "began_utc", "mentor", "mentee", "state", "revision", "terms", "owed",
    "billed_minutes", "unknown_minutes", "make_up_minutes", "currency", "net", "fee", "tax",
    "total", "head",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def month_bounds(month: str, zone: str) -> tuple[int, int]:
    """The first instant of a month (`2026-11`) in a zone, and of the next."""
    year, number = map(int, month.split("-"))
    year = min(max(year, FIRST_YEAR), LAST_YEAR)
    following = (year, number + 1) if number < 12 else (year + 1, 1)
    return _instant(year, number, zone), _instant(*following, zone)


def _instant(year: int, month: int, zone: str) -> int:
    local = datetime(year, month, 1, tzinfo=ZoneInfo(zone))
    return int(local.timestamp()) * MILLION


def statement(
    person: PersonView,
    role: Role,
    month: str,
    bounds: tuple[int, int],
    rows: Sequence[tuple[LineRow, SettlementState]],
    persons: Mapping[str, PersonView],
) -> Statement:
    """Lines with how they stand, and the sums of those that are not held."""
    lines = tuple(
        StatementLine(
            session=row.session,
            mentorship=row.mentorship,
            mentor=persons[row.mentor],
            mentee=persons[row.mentee],
            at_us=row.at_us,
            revision=row.revision,
            state=state,
            head=row.head.hex(),
            bill=row.bill,
        )
        for row, state in rows
    )
    counted = [line for line in lines if line.state != "contested"]
    currencies = sorted({line.bill.currency or "" for line in counted})
    return Statement(
        person=person,
        role=role,
        month=month,
        from_us=bounds[0],
        to_us=bounds[1],
        lines=lines,
        sums=tuple(_sum(currency or None, counted) for currency in currencies),
        held=len(lines) - len(counted),
    )


def _sum(currency: str | None, lines: Sequence[StatementLine]) -> StatementSum:
    bills = [line.bill for line in lines if line.bill.currency == currency]
    return StatementSum(
        currency=currency,
        lines=len(bills),
        billed_us=sum(bill.billed_us for bill in bills),
        make_up_us=sum(bill.make_up_us for bill in bills),
        net_minor=sum(bill.net_minor for bill in bills),
        fee_minor=sum(bill.fee_minor for bill in bills),
        tax_minor=sum(bill.tax_minor for bill in bills),
    )


def as_csv(of: Statement) -> str:
    """One row a line (RFC 4180); amounts in major units, minutes with two decimals."""
    out = io.StringIO(newline="")
    rows = csv.writer(out)
    rows.writerow(COLUMNS)
    for line in of.lines:
        bill = line.bill
        money = [
            _major(minor, bill.currency)
            for minor in (
                bill.net_minor,
                bill.fee_minor,
                bill.tax_minor,
                bill.net_minor + bill.tax_minor,
            )
        ]
        rows.writerow(
            [
                line.session,
                datetime.fromtimestamp(line.at_us // MILLION, UTC).isoformat(),
                _text(line.mentor.name),
                _text(line.mentee.name),
                line.state,
                line.revision,
                bill.terms,
                bill.owed,
                *(_minutes(us) for us in (bill.billed_us, bill.unknown_us, bill.make_up_us)),
                bill.currency or "",
                *money,
                line.head,
            ]
        )
    return out.getvalue()


def _text(written: str) -> str:
    """What a spreadsheet would take for a formula stays text."""
    return f"'{written}" if written.startswith(FORMULA) else written


def _minutes(us: int) -> str:
    return str((Decimal(us) / (60 * MILLION)).quantize(Decimal("0.01")))


def _major(minor: int, currency: str | None) -> str:
    """Two digits also of a currency that terms do not have any more."""
    return f"{Decimal(minor).scaleb(-MINOR_DIGITS.get(currency or '', 2)):f}"
