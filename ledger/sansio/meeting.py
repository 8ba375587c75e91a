"""What the other sessions of a meeting leave to one of them. Pure.

Each is billed what is new in what the meeting comes to, in the order in which they are settled; so
proof that comes late for one of them never changes another.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ledger.sansio.account import Timeline
from ledger.sansio.bill import ALWAYS, Wait, arrived, basis, waited
from ledger.sansio.intervals import Interval, overlap, union
from ledger.sansio.replay import timeline_of
from ledger.sansio.session import Apply
from protocol.bill import Bill
from protocol.facts import MeetingRecounted, SessionFact


def following(
    agreed: Apply, others: Iterable[Sequence[SessionFact]], settled: Iterable[Bill]
) -> Apply:
    """What is agreed, for a session of a meeting. `others`: the facts of all sessions that ran
    while it was on; `settled`: what those that were that meeting too come to."""
    expected = [(agreed.start_us, ALWAYS[1])]
    held = [timeline_of(facts) for facts in others]
    members = held[0].members if held else ()
    came = tuple(who for who in members if _came(held, who, expected))
    again = bool(came) and came == members
    mentor, mentee = (_waited(held, who, agreed) for who in members) if held else (Wait(), Wait())
    before_us, billed_us = _sums(settled)
    return replace(
        agreed,
        again=again,
        came=came,
        waited_us=(mentor.us, mentee.us),
        back_us=(mentor.back_us, mentee.back_us),
        before_us=before_us,
        billed_us=billed_us,
    )


def _waited(held: Sequence[Timeline], who: str, agreed: Apply) -> Wait:
    """In all of these sessions."""
    return waited(
        union(span for each in held for span in each.present(who)),
        union(span for each in held for span in each.present_at_most(who)),
        union(span for each in held for span in each.unwatched),
        (agreed.start_us, agreed.start_us + agreed.length_us),
    )


def _came(held: Sequence[Timeline], who: str, expected: list[Interval]) -> bool:
    """In any of these sessions, or in all of them together; or was put out of one, in its window,
    too soon to tell: the other ended it."""
    present = union(span for each in held for span in each.present(who))
    contact = union(span for each in held for span in each.contact)
    if arrived(present, contact, expected):
        return True
    return any(
        each.put_out(who)
        and overlap(overlap(each.present(who)[-1:], basis(each.facts).window), expected)
        for each in held
    )


def attended(agreed: Apply, others: Iterable[Sequence[SessionFact]]) -> bool:
    """Whether anybody may have been there while the meeting was on, in whatever session; who came
    to another meeting was not there for the over-run of this one."""
    start_us, over_us = agreed.span
    for facts in others:
        of, held = basis(facts).meeting, timeline_of(facts)
        elsewhere = of is not None and of.meeting != agreed.meeting
        until_us = start_us + agreed.length_us if elsewhere else over_us
        if any(overlap(held.present_at_most(who), [(start_us, until_us)]) for who in held.members):
            return True
    return False


def recounted(
    facts: Sequence[SessionFact], settled: Iterable[Bill], now_us: int
) -> tuple[MeetingRecounted, ...]:
    """What is news in a session that is about to be settled, if the others of its meeting are
    settled at that."""
    meeting = basis(facts).meeting
    assert meeting is not None
    before_us, billed_us = _sums(settled)
    if (before_us, billed_us) == (meeting.before_us, meeting.billed_us):
        return ()
    fact = MeetingRecounted(
        session=meeting.session,
        meeting=meeting.meeting,
        before_us=before_us,
        billed_us=billed_us,
        at_us=now_us,
    )
    return (fact,)


def _sums(settled: Iterable[Bill]) -> tuple[int, int]:
    """What counted, and what was billed. A correction was decided of its session alone: what it
    took away is not billed again, and what it added is not set off against the others."""
    before_us = billed_us = 0
    for bill in settled:
        before_us += bill.counted_us + bill.bridged_us
        billed_us += bill.billed_us if bill.uncorrected_us is None else bill.uncorrected_us
    return before_us, billed_us
