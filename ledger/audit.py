"""Looks at every session again: whether its chain is as it was written, and whether what is stored
of it follows from its facts. Nightly, and in `ithaca doctor`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import msgspec
from sqlalchemy import Select, select

from ledger import note_tables, tables, watch
from ledger.held import LEASE_KIND, LeaseData
from ledger.note_tables import NoteRow, ledger_notes
from ledger.sansio.bill import basis
from ledger.sansio.chain import check
from ledger.sansio.contact import forged
from ledger.sansio.notes import is_as_written
from ledger.sansio.order import impossible
from ledger.sansio.replay import members_of, recomputed, settlements_of
from ledger.sansio.settlement import receipt
from ledger.signatures import sealed, signed
from ledger.tables import (
    Chained,
    LineRow,
    SessionRow,
    ledger_facts,
    sessions,
    statement_lines,
)
from ledger.views import base64url
from protocol.facts import SessionContested, SessionCorrected, SessionCreated, SessionFact
from runtime import leases
from runtime.database import Database, Plan

PAGE = 20
STRAYS_MOST = 100

PublicKeys = Callable[[str], Mapping[str, bytes]]
"""Asked of whoever holds a site's keys: those that settlements are signed with, by id."""

Naming = Select[tuple[str, str]]
"""The site and the session of each row that is kept of a session, by whoever keeps such."""

_NAMING: tuple[Naming, ...] = tuple(
    select(table.c.site_id, table.c.session_id)
    for table in (ledger_facts, statement_lines, ledger_notes)
)

_fact = msgspec.msgpack.Decoder[SessionFact](SessionFact).decode


@dataclass(frozen=True, slots=True)
class Fault:
    """A session that is not as it was written, and what about it is not."""

    site_id: str
    session: str
    why: str


@dataclass(frozen=True, slots=True)
class Audited:
    """How many sessions were looked at, and those that are not as they should be."""

    sessions: int
    broken: tuple[Fault, ...]


async def audit(database: Database, keys: PublicKeys, naming: Sequence[Naming] = ()) -> Audited:
    """A page of sessions at a time, so that everybody else gets on. `naming`: what else than the
    ledger's own tables would tell of a session that is gone."""
    count, broken = 0, list[Fault]()
    site_id, session = "", ""
    while page := await database.read(tables.all_after, site_id, session, PAGE):
        broken += await database.read(_faults, page, keys)
        count += len(page)
        site_id, session = page[-1].site_id, page[-1].id
    broken += await database.read(_strays, naming)
    return Audited(count, tuple(broken))


def every_fault(keys: PublicKeys, naming: Sequence[Naming] = ()) -> Plan[Audited]:
    """The same in one transaction, on what nobody else uses yet."""
    count, broken = 0, list[Fault]()
    site_id, session = "", ""
    while page := (yield from tables.all_after(site_id, session, PAGE)):
        broken += yield from _faults(page, keys)
        count += len(page)
        site_id, session = page[-1].site_id, page[-1].id
    broken += yield from _strays(naming)
    return Audited(count, tuple(broken))


def _strays(naming: Sequence[Naming]) -> Plan[list[Fault]]:
    """The sessions of which something is kept, but that are not in the index."""
    found: dict[tuple[str, str], None] = {}
    for each in (*_NAMING, *naming):
        named = each.subquery()
        known = (
            select(sessions.c.id)
            .where(sessions.c.site_id == named.c.site_id, sessions.c.id == named.c.session_id)
            .exists()
        )
        rows = yield (
            select(named.c.site_id, named.c.session_id)
            .where(~known)
            .distinct()
            .limit(STRAYS_MOST)
            .execution_options(all_sites="the nightly check looks at everything that is kept")
        )
        found |= dict.fromkeys((row.site_id, row.session_id) for row in rows)
    why = "something is kept of it, but it has no place in the index"
    return [Fault(site_id, session, why) for site_id, session in found]


def lease_of_no_session() -> Plan[bool]:
    """Whether there is one; what each of the ledger's leases holds is read. Raises
    msgspec.DecodeError."""
    for lease in (yield from leases.all_of(LEASE_KIND)):
        data = msgspec.msgpack.decode(lease.data, type=LeaseData)
        if (yield from tables.by_id(lease.site_id, data.session)) is None:
            return True
    for lease in (yield from watch.kept()):
        watch.breaks_of(lease)
    return False


def _beside(row: SessionRow, chain: Sequence[Chained]) -> Plan[list[SessionRow]]:
    """The sessions that one of a meeting may tell of."""
    of = basis([_fact(each.record.fact) for each in chain]).meeting
    if of is None:
        return []
    return (yield from tables.beside(row, of.meeting, (of.start_us, of.at_us)))


def _faults(rows: Sequence[SessionRow], keys: PublicKeys) -> Plan[list[Fault]]:
    """Those of a page. Each session is read whole, again, on one snapshot."""
    found = []
    for each in rows:
        row = yield from tables.by_id(each.site_id, each.id)
        if row is None:
            continue  # taken back meanwhile: it never was
        try:
            chain = yield from tables.records_of(row.site_id, row.id)
            lines = yield from tables.all_lines_of(row.site_id, row.id)
            notes = yield from note_tables.notes_of(row.site_id, row.id)
            others: Sequence[SessionRow] = ()
            if row.meeting is not None:
                others = yield from _beside(row, chain)
        except (msgspec.DecodeError, TypeError, ValueError):
            why: str | None = "a record, or a line of its statement, cannot be read"
        else:
            try:
                why = _why(row, chain, lines, notes, others, keys(row.site_id))
            except Exception as error:  # of one session; the others are looked at all the same
                why = f"it cannot be computed again ({error!r})"
        if why is not None:
            found.append(Fault(row.site_id, row.id, why))
    return found


def _why(
    row: SessionRow,
    chain: Sequence[Chained],
    lines: Sequence[LineRow],
    notes: Mapping[str, NoteRow],
    others: Sequence[SessionRow],
    keys: Mapping[str, bytes],
) -> str | None:
    """What is not as it should be; None: all is."""
    broken = check(row.id, [(each.record, each.hash) for each in chain])
    if broken is not None:
        return broken.why
    try:
        facts = [_fact(each.record.fact) for each in chain]
    except msgspec.DecodeError as error:
        return f"a record holds no fact that this version knows ({error})"
    if not facts or not isinstance(facts[0], SessionCreated):
        return "the record that says whose it is is missing"
    for seq, reason in forged(facts, signed):
        return f"record {seq}: {reason}"
    for seq, reason in impossible(facts):
        return f"record {seq}: no server wrote it there: {reason[0].lower()}{reason[1:]}"
    expected = _row(row, chain, facts)
    for field in fields(SessionRow):
        is_, was = getattr(row, field.name), getattr(expected, field.name)
        if is_ != was:
            return f"the index says that its {field.name} is {is_!r}; by the facts it is {was!r}"
    settled = settlements_of(facts)
    if [fact.revision for _, fact in settled] != [line.revision for line in lines]:
        return f"{len(settled)} settlements are on record, and there are {len(lines)} lines"
    hashes = [each.hash.hex() for each in chain]
    for (seq, fact), line in zip(settled, lines, strict=True):
        named = f"settlement {fact.revision}"
        expected_line = LineRow(
            site_id=row.site_id,
            session=row.id,
            revision=fact.revision,
            mentorship=row.mentorship,
            mentor=row.mentor,
            mentee=row.mentee,
            at_us=row.created_us if row.started_us is None else row.started_us,
            facts=seq,
            head=chain[seq - 1].hash,
            kid=line.kid,
            signature=line.signature,
            bill=fact.bill,
            settled_us=fact.at_us,
        )
        for line_field in fields(LineRow):
            if getattr(line, line_field.name) != getattr(expected_line, line_field.name):
                return f"{named}: the line's {line_field.name} is not what is on record"
        text = receipt(row.id, fact.revision, seq, hashes[seq - 1])
        key = keys.get(line.kid)
        if key is None or not sealed(base64url(key), text, base64url(line.signature)):
            return f"{named}: its signature does not fit"
        if (why := recomputed(facts, hashes, seq, fact)) is not None:
            return f"{named}: {why}"
    of = basis(facts).meeting
    told = of is not None and (
        of.again or of.came or any(of.waited_us) or of.before_us or of.billed_us
    )
    if told and not others:
        return "it tells of other sessions of its meeting, and none is there"
    return _noted(facts, notes)


def _noted(facts: Sequence[SessionFact], notes: Mapping[str, NoteRow]) -> str | None:
    """What is not as it was written of the reasons that were given; one that was erased has no text
    any more."""
    written = {
        fact.note: seq
        for seq, fact in enumerate(facts, 1)
        if isinstance(fact, SessionContested | SessionCorrected)
    }
    for digest, seq in written.items():
        if digest not in notes:
            return f"the reason given in record {seq} is missing"
    for digest, note in notes.items():
        if digest not in written:
            return "one of its reasons belongs to no record"
        if note.text is not None and not is_as_written(digest, note.salt, note.text):
            return f"the reason given in record {written[digest]} was altered"
    return None


def _row(row: SessionRow, chain: Sequence[Chained], facts: Sequence[SessionFact]) -> SessionRow:
    """The index entry that the facts come to; which room it was, they do not say."""
    created = facts[0]
    assert isinstance(created, SessionCreated)
    new = tables.fresh(
        row.site_id, row.id, created.mentorship, row.room, members_of(facts), created.at_us
    )
    return tables.indexed(replace(new, facts=len(facts), head=chain[-1].hash), facts)
