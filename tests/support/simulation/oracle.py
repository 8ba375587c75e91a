"""What must hold of every room of a simulation, however it was treated: the ledger's word against
what really happened."""

from __future__ import annotations

from dataclasses import dataclass, field

from ledger import tables
from ledger.book import empty
from ledger.sansio import chain, settlement
from ledger.sansio.account import FRESH_US, Timeline
from ledger.sansio.bill import basis, bill
from ledger.sansio.intervals import Interval, bridge, overlap, total, union, without
from ledger.sansio.order import impossible
from ledger.sansio.session import restore
from ledger.tables import SessionRow
from protocol.bill import Bill
from protocol.facts import SessionEnded, SessionFact, SessionSettled
from protocol.types import BEAT_INTERVAL_US
from protocol.views import SessionAccount, SessionView
from tests.support.contact import APART_US, GAP_US, JUMP_US
from tests.support.ledger import SECOND, SITE
from tests.support.simulation.biller import Seen, check
from tests.support.simulation.room import BOOKED, Room
from tests.support.simulation.truth import ROLES
from tests.support.simulation.world import World
from web.socket.sansio.connection import BEAT_TIMEOUT_US

CLEAN_US = SECOND
"""How far a clean end may be off."""
VANISHED_US = 5 * SECOND
"""How far the end of a side that vanished, or whose server was killed, may be off."""
BEGIN_US = BEAT_INTERVAL_US + SECOND // 2
"""Until two pages that hear each other have said so: a beat, and its way."""

PROVES_NOTHING = ("impersonates", "withholds signatures")
"""Lies after which neither holds a signature of the other that is good."""


def whole(spans: list[Interval]) -> None:
    """No stretch is empty or negative, none touches another."""
    for start, end in spans:
        assert start < end, f"empty: {spans}"
    for (_, end), (start, _) in zip(spans, spans[1:], strict=False):
        assert end <= start, f"overlap: {spans}"


async def books(world: World, room: Room) -> tuple[int, int]:
    """What is on record of a room is in order by itself; how many sessions and settlements."""
    views = await world.ledger.of_mentorships(SITE, [room.mentorship], None, 500)
    settled = 0
    for view in views:
        row = await world.database.read(tables.by_id, SITE, view.id)
        kept = await world.database.read(tables.records_of, SITE, view.id)
        facts = await world.database.read(tables.facts_of, SITE, view.id)
        assert row is not None
        assert chain.check(view.id, [(each.record, each.hash) for each in kept]) is None
        assert (row.facts, row.head) == (len(kept), kept[-1].hash)
        assert [type(fact) for fact in facts].count(SessionEnded) == 1, "not closed once"
        assert list(impossible(facts)) == [], "no server could have written that"
        settled += _settlements(row, facts, [each.hash.hex() for each in kept], view)
        _account(view, await world.ledger.account(SITE, view.id))
    return len(views), settled


def _settlements(
    row: SessionRow, facts: list[SessionFact], heads: list[str], view: SessionView
) -> int:
    """Each revision once, each from the facts before it; the last is what is stored."""
    revisions = [fact for fact in facts if isinstance(fact, SessionSettled)]
    assert [fact.revision for fact in revisions] == [*range(1, len(revisions) + 1)]
    for fact in revisions:
        before = facts[: fact.facts]
        assert fact.head == heads[fact.facts - 1]
        assert fact.bill == bill(Timeline(before, row.members, row.ended_us or 0), basis(before))
    stored = view.settlement
    assert stored is not None
    assert (stored.revision, stored.bill) == (len(revisions), revisions[-1].bill)
    assert settlement.line_of(row.id, facts).settled == revisions[-1]
    again = bill(Timeline(facts, row.members, row.ended_us or 0), basis(facts))
    assert again == stored.bill
    state = restore(empty(row), facts)
    assert (state.phase, state.present, state.last_us) == ("ended", {}, row.ended_us)
    return len(revisions)


def _account(view: SessionView, found: SessionAccount) -> None:
    """It adds up."""
    assert found.state == "ended"
    for lane, person in zip(found.lanes, view.people, strict=True):
        whole(list(lane.spans))
        assert total(lane.spans) == person.present_us <= person.present_most_us
        assert person.since_us is None
    first, second = found.lanes
    together = overlap(first.spans, second.spans)
    assert total(together) == found.together_us <= found.together_most_us
    whole([(each.from_us, each.to_us) for each in found.stretches])
    assert found.contact_us + found.unknown_us + found.impaired_us == found.together_us
    by_state = dict.fromkeys(("contact", "unknown", "impaired", "alone", "nobody"), 0)
    for each in found.stretches:
        by_state[each.state] += each.to_us - each.from_us
    assert by_state["contact"] == found.contact_us
    assert by_state["unknown"] == found.unknown_us
    assert by_state["impaired"] == found.impaired_us
    for sum_us in (found.bill.billed_us, found.bill.net_minor, found.bill.bridged_us):
        assert sum_us >= 0
    counting = found.contact_us
    if found.terms.counts == "room":
        counting += found.unknown_us
    assert found.terms.late_counts or found.bill.counted_us <= counting
    assert total(found.counted) == found.bill.counted_us
    assert total(found.bridged) == found.bill.bridged_us


@dataclass
class Recorded:
    """What the ledger has of a room: summed over its sessions, and when, in the server's time."""

    present_us: dict[str, int]
    together_us: int
    contact_us: int
    unknown_us: int
    impaired_us: int
    billed_us: int
    bills: list[Bill] = field(default_factory=list)
    present: dict[str, list[Interval]] = field(default_factory=lambda: {role: [] for role in ROLES})
    contact: list[Interval] = field(default_factory=list)

    @classmethod
    async def of(cls, world: World, room: Room) -> Recorded:
        found = cls(dict.fromkeys(ROLES, 0), 0, 0, 0, 0, 0)
        for view in await world.ledger.of_mentorships(SITE, [room.mentorship], None, 500):
            account = await world.ledger.account(SITE, view.id)
            for role, person in zip(ROLES, account.people, strict=True):
                found.present_us[role] += person.present_us
            for role, lane in zip(ROLES, account.lanes, strict=True):
                found.present[role] += lane.spans
            found.contact += [
                (each.from_us, each.to_us) for each in account.stretches if each.state == "contact"
            ]
            found.together_us += account.together_us
            found.contact_us += account.contact_us
            found.unknown_us += account.unknown_us
            found.impaired_us += account.impaired_us
            found.billed_us += account.bill.billed_us
            found.bills.append(account.bill)
        return found


def judge(world: World, room: Room, found: Recorded) -> None:
    """The ledger's sums are within what was promised of what really happened."""
    truth = room.truth
    contact = truth.contact.spans
    breaks = len(contact)

    # Never more than was. A page that is heard late, because its line stood still, was there until
    # the last of what it said at the latest.
    for role in ROLES:
        here = truth.here[role].spans
        over_us = truth.goodbyes[role] * CLEAN_US
        over_us += (len(here) + len(world.kills)) * BEAT_TIMEOUT_US
        assert found.present_us[role] <= total(here) + over_us, f"{role} present too long"
    # A beat can wait in a broken way and be heard late: by as much as it may be old.
    late_us = APART_US if room.lie == "back-dates" else JUMP_US
    most_us = total(bridge(contact, GAP_US)) + breaks * (FRESH_US + 2 * late_us)
    assert found.contact_us <= most_us, f"contact: {found.contact_us - most_us} too much"
    if room.terms.counts == "contact" and room.terms != BOOKED:
        grace_us = room.terms.grace_us * max(0, breaks + 1)
        assert found.billed_us <= most_us + grace_us, "billed more than there was"
    if not world.stepped:  # then the server's time is what really passes
        begin_us = world.begin_us
        # The clock of a page that has just woken or come back may be behind by what is still heard.
        there = [(start - APART_US, end + late_us + FRESH_US) for start, end in contact]
        nowhere = without(union(found.contact), _shifted(bridge(there, GAP_US), begin_us))
        assert total(nowhere) == 0, f"contact at {nowhere}"
        for role in ROLES:
            there = [
                # What a page signed of contact bridges its presence too.
                (start - APART_US, end + BEAT_TIMEOUT_US)
                for start, end in truth.here[role].spans
            ]
            nowhere = without(union(found.present[role]), _shifted(union(there), begin_us))
            assert total(nowhere) == 0, f"{role} present at {nowhere}"
        if len(found.bills) == 1 or (found.bills and room.meeting):
            short_us = BEGIN_US + VANISHED_US + _slack(world)
            least, most = Seen.least(room, begin_us, short_us), Seen.most(room, begin_us)
            killed = union(_shifted(world.kills, begin_us))
            refused = _shifted(world.refused, begin_us)
            check(found.bills, room, least, most, killed, refused)
    down = overlap(truth.down["mentor"].spans, truth.down["mentee"].spans)
    assert found.impaired_us <= total(down) + 3 * SECOND * len(down), "impaired, but was not"

    # Never less than can be known.
    known = {role: _known(room, role) for role in ROLES}
    slack_us = _slack(world)
    lost_us = {}
    for role in ROLES:
        linked = truth.linked[role].spans
        bridged = without(known[role], linked)
        lost_us[role] = CLEAN_US + VANISHED_US * len(linked) + slack_us
        lost_us[role] += (VANISHED_US + BEGIN_US) * len(bridged)
        short_us = total(known[role]) - lost_us[role] - found.present_us[role]
        assert short_us <= 0, f"{role} present {short_us} too short"
    both = overlap(known["mentor"], known["mentee"])
    short_us = total(both) - sum(lost_us.values()) - found.together_us
    assert short_us <= 0, f"together {short_us} too short: not even unknown"
    if len(truth.lost) < 2 and not room.lie:
        provable = truth.proven
        under_us = len(provable) * (BEGIN_US + VANISHED_US) + slack_us
        short_us = total(provable) - under_us - found.contact_us
        assert short_us <= 0, f"contact {short_us} too short"


def _shifted(spans: list[Interval], by_us: int) -> list[Interval]:
    return [(start + by_us, end + by_us) for start, end in spans]


def _known(room: Room, role: str) -> list[Interval]:
    """When a page was in the call and heard by the server, or by the other's page and one of the
    two lived to tell, with a signature that is good."""
    truth = room.truth
    linked = truth.linked[role].spans
    unsaid = len(truth.lost) == 2 or room.lie in PROVES_NOTHING
    # Of one who sends no beats nothing is signed: only the other holds anything.
    unsaid |= room.lie == "withholds beats" and bool(truth.lost - {room.liar})
    return linked if unsaid else union([*linked, *truth.proven])


def _slack(world: World) -> int:
    """What more can be missing when the server was killed: what its disk had refused."""
    return total(world.refused) if world.kills else 0
