"""What a call must come to at least and at most, from what really happened: a small biller of its
own, which asks nothing of the one it judges."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from ledger.sansio.account import FRESH_US
from ledger.sansio.intervals import Interval, bridge, overlap, total, union
from protocol.bill import Bill, Side
from protocol.terms import Terms
from tests.support.contact import APART_US, GAP_US, JUMP_US
from tests.support.ledger import SECOND
from tests.support.simulation.room import Room
from tests.support.simulation.truth import ROLES
from web.socket.sansio.connection import BEAT_TIMEOUT_US

CAME_US = KEPT_US = 60 * SECOND  # as docs/ledger.md says
NOTICED_US = 5 * SECOND
EVER: Interval = (0, 2**53)


@dataclass(frozen=True)
class Seen:
    """Presence by role, and contact, in the server's time."""

    present: dict[str, list[Interval]]
    contact: list[Interval]

    @classmethod
    def least(cls, room: Room, begin_us: int, short_us: int) -> Seen:
        """What is on record whatever befell it: each stretch by `short_us` shorter at both ends."""
        present = {
            role: _moved(room.truth.linked[role].spans, begin_us + short_us, begin_us - short_us)
            for role in ROLES
        }
        lost = room.lie or len(room.truth.lost) == 2
        contact = room.truth.proven
        proven = [] if lost else _moved(contact, begin_us + short_us, begin_us - short_us)
        return cls(present, overlap(proven, overlap(*present.values())))

    @classmethod
    def most(cls, room: Room, begin_us: int) -> Seen:
        late_us = APART_US if room.lie == "back-dates" else JUMP_US
        early, late = begin_us - late_us, begin_us + late_us + FRESH_US
        contact = _moved(bridge(room.truth.contact.spans, GAP_US), early, late)
        present = {
            role: _moved(room.truth.here[role].spans, early, late + BEAT_TIMEOUT_US)
            for role in ROLES
        }
        return cls({role: union([*spans, *contact]) for role, spans in present.items()}, contact)


def _moved(spans: list[Interval], from_us: int, to_us: int) -> list[Interval]:
    return union((start + from_us, end + to_us) for start, end in spans)


def check(
    bills: list[Bill],
    room: Room,
    least: Seen,
    most: Seen,
    killed: list[Interval],
    refused: list[Interval],
) -> None:
    """What a room's only session, or all those of its meeting, are billed is between the two.
    `killed`: when there was no server; `refused`: when it could not write."""
    away = union((start - KEPT_US, end + NOTICED_US) for start, end in [*killed, *refused])
    terms, billed_us = room.terms, sum(bill.billed_us for bill in bills)
    for bill in bills:
        exact = Fraction(terms.rate_minor * bill.billed_us, 3600 * SECOND)
        assert bill.net_minor == floor(exact + Fraction(1, 2)), "another price than the rate's"
    if room.meeting is None:
        window = booked = EVER
    else:
        start_us, length_us = room.meeting
        booked = start_us, start_us + length_us
        window = start_us - terms.early_us, booked[1]
        if len(bills) == 1:
            mentor, mentee = ROLES
            for side, role, other in (
                (bills[0].mentor, mentor, mentee),
                (bills[0].mentee, mentee, mentor),
            ):
                ended = room.people[other] in room.truth.enders
                _side(side, role, other, booked, least, most, terms, killed, away, ended)
    missed = any(bill.mentor.no_show == "no" and bill.mentee.no_show == "yes" for bill in bills)
    share_us = _share(booked, terms) if missed else 0
    if share_us and len(bills) == 1:
        assert (bills[0].owed, billed_us) == ("no_show", share_us), "not what a no-show owes"
        return
    owed = ("time", "nothing", "no_show") if share_us else ("time", "nothing")
    assert all(bill.owed in owed for bill in bills), "owes for a no-show that was none"
    counted = overlap(most.contact, [window])
    if terms.counts == "room":
        counted = overlap(overlap(*most.present.values()), [window])
    if terms.late_counts:
        came_us = min([booked[1], *(start for start, _ in _due(least, ROLES[1], booked))])
        wait = overlap(most.present[ROLES[0]], [(booked[0], came_us)])
        counted = union([*counted, *wait])
    most_us = max(share_us, _bounded(total(bridge(counted, terms.grace_us)), terms))
    assert billed_us <= most_us, f"billed {billed_us - most_us} more than there was"
    least_us = _bounded(total(overlap(least.contact, [window])), terms)
    assert billed_us > least_us - terms.unit_us, "billed less than there was"


def _bounded(us: int, terms: Terms) -> int:
    """At least the minimum, if there is anything, and at most the cap."""
    least_us = max(us, terms.minimum_us) if us else 0
    return least_us if terms.cap_us is None else min(least_us, terms.cap_us)


def _side(
    side: Side,
    role: str,
    other: str,
    booked: Interval,
    least: Seen,
    most: Seen,
    terms: Terms,
    killed: list[Interval],
    away: list[Interval],
    ended: bool,
) -> None:
    """Who came, and when; nobody is late for a server that was not there. `away`: for how long it
    can have been at most, by what it knows. Who was put out when the other `ended` it came."""
    surely, maybe = _came(least, role, booked), _came(most, role, booked)
    maybe |= ended and bool(_due(most, role, booked))
    if surely:
        assert side.no_show == "no", f"{role} came, and that is {side.no_show}"
    if side.no_show == "no":
        assert maybe, f"{role} did not come"
        late = booked[0], _due(most, role, booked)[0][0]
        earliest_us = late[1] - late[0] - total(overlap(away, [late]))
        assert side.late_us >= earliest_us, f"{role} later than {side.late_us}"
    if surely:
        late = booked[0], _due(least, role, booked)[0][0]
        latest_us = late[1] - late[0] - total(overlap(killed, [late]))
        assert side.late_us <= latest_us, f"{role} not as late as {side.late_us}"
    waited_us = total(_due(least, other, booked))
    cut = overlap(_due(most, other, booked), away)
    if not maybe and not cut and waited_us >= terms.no_show_after_us and waited_us:
        assert side.no_show == "yes", f"{role} did not come, and that is {side.no_show}"
    somebody = any(least.present.values())
    if somebody and total(_due(most, other, booked)) < terms.no_show_after_us:
        assert side.no_show != "yes", f"nobody waited long enough for the {role}"


def _due(seen: Seen, role: str, booked: Interval) -> list[Interval]:
    return overlap(seen.present[role], [booked])


def _came(seen: Seen, role: str, booked: Interval) -> bool:
    due = _due(seen, role, booked)
    return bool(overlap(due, seen.contact)) or total(due) >= CAME_US


def _share(booked: Interval, terms: Terms) -> int:
    """Of the booked time, in whole seconds, at most the cap."""
    part = Fraction((booked[1] - booked[0]) * terms.no_show_share, 1_000_000)
    owed_us = floor(part / SECOND) * SECOND
    return owed_us if terms.cap_us is None else min(owed_us, terms.cap_us)
