"""What earlier sessions of a meeting leave to the next one. Pure."""

from collections.abc import Sequence
from dataclasses import replace

from ledger.sansio.account import Timeline
from ledger.sansio.bill import ALWAYS, basis, bill
from ledger.sansio.intervals import overlap
from ledger.sansio.session import Apply
from protocol.facts import SessionFact


def following(agreed: Apply, earlier: Sequence[SessionFact], members: Sequence[str]) -> Apply:
    """`earlier`: the facts of the latest session of the same meeting, which has ended."""
    # What a correction decided was decided of that session: neither billed again, nor set off.
    by, timeline = basis(earlier), Timeline(earlier, members, 0)
    assert by.meeting is not None
    came_to = bill(timeline, by)
    counted_us = came_to.counted_us + came_to.bridged_us
    if by.corrected_us is not None:
        counted_us = by.corrected_us
    met = overlap(timeline.together, [(agreed.start_us, ALWAYS[1])])
    return replace(
        agreed,
        again=by.meeting.again or bool(met),
        before_us=by.meeting.before_us + counted_us,
        billed_us=by.meeting.billed_us + came_to.billed_us,
    )
