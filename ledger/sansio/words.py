"""What records and bills are called to the people that they are about."""

from ledger.sansio.replay import clock, duration
from ledger.sansio.settlement import Line
from protocol.bill import Bill
from protocol.facts import (
    ContactProven,
    MeetingApplied,
    MeetingRecounted,
    MeetingWithdrawn,
    ParticipantJoined,
    ParticipantLeft,
    PathChanged,
    SessionConfirmed,
    SessionContested,
    SessionCorrected,
    SessionCreated,
    SessionEnded,
    SessionFact,
    SessionSettled,
    SessionStarted,
    TermsApplied,
    WatchBroken,
    WindowExtended,
)
from protocol.terms import MINOR_DIGITS

FACTS: dict[type[SessionFact], str] = {
    SessionCreated: "whose session it is",
    TermsApplied: "the terms",
    MeetingApplied: "the booked time",
    MeetingWithdrawn: "the booking withdrawn",
    MeetingRecounted: "what the meeting's other sessions come to",
    WindowExtended: "going on past the booked time",
    ParticipantJoined: "somebody came",
    ParticipantLeft: "somebody left",
    WatchBroken: "the server away",
    PathChanged: "sound and picture",
    ContactProven: "proof of contact",
    SessionStarted: "both were there",
    SessionEnded: "the end",
    SessionSettled: "the bill",
    SessionConfirmed: "a confirmation",
    SessionContested: "an objection",
    SessionCorrected: "a correction",
}
STATES = {
    "settled": "not confirmed by both",
    "confirmed": "confirmed by both",
    "contested": "contested",
}


def moment(us: int) -> str:
    """In UTC."""
    return clock(us).replace("T", " ").replace("+00:00", " UTC")


def named(seq: int, fact: SessionFact) -> str:
    """A record by its place and what it is."""
    return f"record {seq} ({FACTS[type(fact)]}, {moment(fact.at_us)})"


def billed(bill: Bill) -> str:
    """The time, and what the mentee pays for it."""
    text = f"{duration(bill.billed_us) if bill.billed_us else '0 min'} billed"
    if bill.currency is None:
        return text
    text += f", {_amount(bill.net_minor + bill.tax_minor, bill.currency)}"
    return (
        f"{text} ({_amount(bill.tax_minor, bill.currency)} of it tax)" if bill.tax_minor else text
    )


def stands(line: Line) -> str:
    """What is billed, and whether the two agree."""
    if line.settled is None:
        return "not billed"
    return f"{billed(line.settled.bill)}; {STATES[line.state]}"


def _amount(minor: int, currency: str) -> str:
    digits = MINOR_DIGITS.get(currency, 2)
    whole, rest = divmod(minor, 10**digits)
    return f"{currency} {whole}" + (f".{rest:0{digits}}" if digits else "")
