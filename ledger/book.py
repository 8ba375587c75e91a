"""How a session's book is kept: decided by the machines, written with what follows, read whole.
Plans only: whoever runs them is in a transaction, and has the session's row claimed to write."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import msgspec

from ledger import note_tables, tables
from ledger.sansio import settlement
from ledger.sansio.account import Timeline
from ledger.sansio.bill import basis, bill, longest_us
from ledger.sansio.meeting import recounted
from ledger.sansio.order import impossible
from ledger.sansio.session import LIFE, Event, Session, Unwatched, restore
from ledger.sansio.settlement import SETTLEMENT, Contest, Correct, Settle
from ledger.sansio.watch import Watch
from ledger.tables import LineRow, SessionRow, Stamp
from ledger.views import Recorded, base64url
from protocol.errors import Refusal
from protocol.facts import (
    ContactProven,
    Noted,
    Receipt,
    SessionConfirmed,
    SessionContested,
    SessionFact,
    SessionSettled,
)
from runtime import idempotency, outbox
from runtime.clock import SteadyClock
from runtime.database import Plan, essential
from runtime.ids import Ids

# What leaves the house, for those who act on it; the rest is the ledger's own.
TOLD = (
    "session.started",
    "participant.joined",
    "participant.left",
    "window.extended",
    "session.ended",
    "session.settled",
    "session.confirmed",
    "session.contested",
)

_Facts = list[SessionFact]


class Sign(Protocol):
    """Asked of whoever holds a site's keys."""

    def __call__(self, site_id: str, statement: bytes) -> tuple[str, bytes]:
        """The key's id and an Ed25519 signature: of one statement always the same."""
        ...


def empty(row: SessionRow) -> Session:
    """The state before any fact."""
    return Session(row.id, row.mentorship, row.mentor, row.mentee)


def _settled(row: SessionRow, facts: _Facts, now_us: int) -> Sequence[SessionFact]:
    """What would be settled by these facts; nothing while the session runs, or if it is no news."""
    line = settlement.line_of(row.id, facts)
    if line.phase == "running":
        return ()
    comes_to = bill(Timeline(facts, row.members, row.ended_us or now_us), basis(facts))
    return SETTLEMENT.step(line, Settle(row.facts, row.head.hex(), comes_to), now_us)[1]


def _comes_late(row: SessionRow, fact: SessionFact) -> bool:
    """Whether it adds to the record of a session that both have been told is over."""
    return isinstance(fact, ContactProven) and row.ended_us is not None


def present(site_id: str, session: str) -> Plan[list[str]]:
    """The connections that are in it by the record, in the order in which they are renewed."""
    row = yield from tables.by_id(site_id, session)
    assert row is not None
    facts = yield from tables.facts_of(site_id, session)
    return sorted(restore(empty(row), facts).present)


class Book:
    """Of all sessions; `boot` names this run of the server."""

    def __init__(self, clock: SteadyClock, ids: Ids, boot: str, sign: Sign, watch: Watch) -> None:
        self._clock, self._ids, self._boot, self._sign = clock, ids, boot, sign
        self._watch = watch

    def step(self, row: SessionRow, now_us: int, *events: Event) -> Plan[tuple[SessionRow, _Facts]]:
        """Decides events on a claimed session, writes down what follows, and what it comes to; with
        it when the server saw nobody come, before anything can end it."""
        facts = yield from tables.facts_of(row.site_id, row.id)
        state, new = restore(empty(row), facts), _Facts()
        unwatched = Unwatched(self._watch.breaks(now_us))
        for event in (unwatched, *events) if facts else (*events, unwatched):
            state, more = LIFE.step(state, event, now_us)
            new += more
        row, facts = yield from self._append(row, facts, new, now_us)
        if not new:
            return row, facts
        return (yield from self._settle(row, facts, now_us))

    @essential
    def change(self, site_id: str, session: str, now_us: int, *events: Event) -> Plan[Recorded]:
        row = yield from tables.claim(site_id, session)
        if row is None:
            raise Refusal("not_found")
        row, facts = yield from self.step(row, now_us, *events)
        return (yield from self.recorded(row, facts))

    def say(
        self,
        site_id: str,
        session: str,
        event: settlement.Event,
        now_us: int,
        note: tuple[bytes, str] | None = None,
        once: tuple[str, str, bytes] | None = None,
    ) -> Plan[Recorded]:
        row = yield from tables.claim(site_id, session)
        assert row is not None
        facts = yield from tables.facts_of(site_id, session)
        if once is not None:
            actor, key, asked = once
            done = yield from idempotency.once(
                site_id, actor, "correct_session", key, asked, b"", now_us
            )
            if done is not None:
                return (yield from self.recorded(row, facts))
        line = settlement.line_of(row.id, facts)
        if isinstance(event, Contest) and note is not None and event.person in line.contested:
            said = {
                f.note
                for f in facts
                if isinstance(f, SessionContested) and f.person == event.person
            }
            kept = yield from note_tables.notes_of(site_id, session)
            if any(kept[each].text == note[1] for each in said & kept.keys()):
                return (yield from self.recorded(row, facts))  # asked twice is asked once
        if isinstance(event, Correct) and event.actor is not None:
            event = replace(
                event, most_us=longest_us(Timeline(facts, row.members, 0), basis(facts))
            )
        _, new = SETTLEMENT.step(line, event, now_us)
        if new and note is not None:
            yield from note_tables.add_note(site_id, session, *note)
        row, facts = yield from self._append(row, facts, new, now_us)
        row, facts = yield from self._settle(row, facts, now_us)
        return (yield from self.recorded(row, facts))

    def _settle(
        self, row: SessionRow, facts: _Facts, now_us: int
    ) -> Plan[tuple[SessionRow, _Facts]]:
        """Computes what an ended session comes to, if that is news: of its meeting, what is new.
        What was added to the database by somebody else settles nothing: the audit tells of it."""
        if not _settled(row, facts, now_us) or any(impossible(facts)):
            return row, facts
        if row.meeting is not None:
            others = yield from tables.settled_of_meeting(row.site_id, row.meeting, row.id)
            new = recounted(facts, others, now_us)
            row, facts = yield from self._append(row, facts, new, now_us)
        return (yield from self._append(row, facts, _settled(row, facts, now_us), now_us))

    def _append(
        self, row: SessionRow, facts: _Facts, new: Sequence[SessionFact], now_us: int
    ) -> Plan[tuple[SessionRow, _Facts]]:
        """Adds facts to the chain; what others act on goes out with them."""
        if not new:
            return row, facts
        stamp = Stamp(self._clock.machine_wall_us(), self._clock.monotonic_us(), self._boot)
        row, hashes = yield from tables.append(row, facts, new, stamp)
        for seq, (fact, hash_) in enumerate(zip(new, hashes, strict=True), len(facts) + 1):
            receipt = None
            if isinstance(fact, SessionSettled | SessionConfirmed | SessionContested):
                kid, signature = self._sealed(row, fact.revision, seq, hash_)
                receipt = Receipt(kid=kid, signature=base64url(signature))
                if isinstance(fact, SessionSettled):
                    yield from tables.add_line(row, fact, seq, hash_, kid, signature)
            tag = str(fact.__struct_config__.tag)
            if tag in TOLD or (fact is new[-1] and _comes_late(row, fact)):
                noted = Noted(seq=seq, hash=hash_.hex(), fact=fact, receipt=receipt)
                payload = msgspec.msgpack.encode(noted)
                yield outbox.put(row.site_id, self._ids.new("fac"), tag, payload, fact.at_us)
        return row, [*facts, *new]

    def _sealed(self, row: SessionRow, revision: int, seq: int, head: bytes) -> tuple[str, bytes]:
        return self._sign(row.site_id, settlement.receipt(row.id, revision, seq, head.hex()))

    def _recorded(self, row: SessionRow, facts: _Facts, line: LineRow | None) -> Recorded:
        """With a receipt for all that is on record, whatever was said since it was settled."""
        if line is None:
            return Recorded(row, facts)
        kid, signature = self._sealed(row, line.revision, row.facts, row.head)
        return Recorded(row, facts, line, Receipt(kid=kid, signature=base64url(signature)))

    def recorded(self, row: SessionRow, facts: _Facts) -> Plan[Recorded]:
        if row.settlement is None:
            return self._recorded(row, facts, None)
        lines = yield from tables.lines_of(row.site_id, [row.id])
        return self._recorded(row, facts, lines[row.id])

    def by_id(self, site_id: str, session: str) -> Plan[Recorded]:
        row = yield from tables.by_id(site_id, session)
        assert row is not None
        return (yield from self.recorded(row, (yield from tables.facts_of(site_id, session))))

    def account(
        self, site_id: str, session: str
    ) -> Plan[tuple[Recorded, dict[str, note_tables.NoteRow]]]:
        recorded = yield from self.by_id(site_id, session)
        return recorded, (yield from note_tables.notes_of(site_id, session))

    def evidence(
        self, site_id: str, session: str
    ) -> Plan[tuple[list[tables.Chained], list[tables.LineRow], dict[str, note_tables.NoteRow]]]:
        chain = yield from tables.records_of(site_id, session)
        lines = yield from tables.all_lines_of(site_id, session)
        return chain, lines, (yield from note_tables.notes_of(site_id, session))

    def page(
        self, site_id: str, mentorships: Sequence[str], before_us: int | None, limit: int
    ) -> Plan[list[Recorded]]:
        rows = yield from tables.of_mentorships(site_id, mentorships, before_us, limit)
        ids = [row.id for row in rows]
        facts = yield from tables.facts_of_many(site_id, ids)
        lines = yield from tables.lines_of(site_id, ids)
        return [self._recorded(row, facts[row.id], lines.get(row.id)) for row in rows]
