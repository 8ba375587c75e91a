"""Sessions and what is booked: which meeting one is, what its other sessions leave to it, and that
nobody came."""

from dataclasses import replace
from typing import Protocol

from ledger import tables
from ledger.book import Book
from ledger.sansio.meeting import attended, following
from ledger.sansio.session import Apply, Create, Missed
from ledger.tables import SessionRow
from protocol.facts import SessionFact
from runtime.database import Plan


class Agreed(Protocol):
    """Asked of whoever knows what a pair agreed on and booked."""

    def __call__(self, site_id: str, mentorship: str, at_us: int) -> Plan[Apply]:
        """What is in force at that moment, and the meeting that it belongs to, if any; in the
        ledger's transaction, and until its end nothing of it changes."""
        ...


class Admit(Protocol):
    """Asked of whoever knows whether somebody may still come."""

    def __call__(self, site_id: str, mentorship: str, person: str) -> Plan[None]:
        """Refuses who may not; in the ledger's transaction, once what is agreed is held."""
        ...


def everybody(site_id: str, mentorship: str, person: str) -> Plan[None]:
    """Where nobody is refused."""
    yield from ()


class Meetings:
    """Plans of transactions."""

    def __init__(self, book: Book, agreed: Agreed, admit: Admit) -> None:
        self._book, self.agreed, self._admit = book, agreed, admit

    def admitted(self, new: SessionRow, person: str, now_us: int) -> Plan[Apply]:
        """What is agreed, for somebody who may come."""
        agreed = yield from self.agreed(new.site_id, new.mentorship, now_us)
        yield from self._admit(new.site_id, new.mentorship, person)
        return agreed

    def applied(self, row: SessionRow, agreed: Apply) -> Plan[Apply]:
        """What is agreed, knowing who was there in other sessions, and what those of the same
        meeting come to."""
        others, facts = yield from self._beside(row, agreed)
        if not others:
            return agreed
        same = [each.id for each in others if each.meeting == agreed.meeting]
        lines = yield from tables.lines_of(row.site_id, same)
        return following(agreed, facts, [line.bill for line in lines.values()])

    def _beside(
        self, row: SessionRow, agreed: Apply
    ) -> Plan[tuple[list[SessionRow], list[list[SessionFact]]]]:
        """The other sessions that were what is booked, or ran while that was on."""
        if agreed.meeting is None:
            return [], []
        others = yield from tables.beside(row, agreed.meeting, agreed.span)
        facts = yield from tables.facts_of_many(row.site_id, [each.id for each in others])
        return others, list(facts.values())

    def missed(self, new: SessionRow, meeting: str, end_us: int, now_us: int) -> Plan[bool]:
        """False while it is not over."""
        agreed = yield from self.agreed(new.site_id, new.mentorship, end_us - 1)
        if agreed.meeting != meeting:
            return True  # it was moved or cancelled
        if now_us < agreed.span[1]:
            return False
        new = replace(new, created_us=agreed.start_us)
        row = yield from tables.claim_running(new.site_id, new.room, new)
        if row.facts:  # somebody is there, or was, and the session is open yet
            if row.started_us is None:
                yield from self._book.step(row, now_us, (yield from self.applied(row, agreed)))
            return True
        others, facts = yield from self._beside(row, agreed)
        ends = [each.ended_us or 0 for each in others if each.meeting == agreed.meeting]
        if max(ends, default=0) > agreed.start_us or attended(agreed, facts):
            yield from tables.take_back(row)
            return True
        agreed = yield from self.applied(row, agreed)
        row, _ = yield from self._book.step(row, agreed.start_us, Create(), agreed)
        yield from self._book.step(row, now_us, Missed())
        return True

    def rearranged(self, site_id: str, session: str, mentorship: str, now_us: int) -> Plan[None]:
        agreed = yield from self.agreed(site_id, mentorship, now_us)
        row = yield from tables.claim(site_id, session)
        if row is not None and row.started_us is None and row.ended_us is None:
            yield from self._book.step(row, now_us, (yield from self.applied(row, agreed)))
