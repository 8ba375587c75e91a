"""What people are shown of a session: from its facts and its line to protocol views. Pure."""

from base64 import urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from ledger.note_tables import NoteRow
from ledger.sansio import evidence
from ledger.sansio.account import INTERRUPTIONS_MOST, Timeline
from ledger.sansio.bill import basis, bill, counts, longest_us
from ledger.sansio.intervals import total
from ledger.sansio.session import Session, restore
from ledger.sansio.settlement import LONGEST_US, line_of
from ledger.tables import Chained, LineRow, SessionRow
from protocol.evidence import EvidenceNote, EvidencePack, EvidenceSettlement
from protocol.facts import (
    ContactProven,
    ParticipantLeft,
    Receipt,
    SessionContested,
    SessionCorrected,
    SessionEnded,
    SessionFact,
)
from protocol.rest import FactRecord
from protocol.views import (
    Lane,
    Note,
    Proof,
    SessionAccount,
    SessionView,
    Settlement,
)


@dataclass(frozen=True, slots=True)
class Recorded:
    """A session's index entry, all its facts, and once it is settled its line, and the receipt for
    those facts."""

    row: SessionRow
    facts: list[SessionFact]
    line: LineRow | None = None
    receipt: Receipt | None = None


def session_view(recorded: Recorded, live: Sequence[ContactProven], now_us: int) -> SessionView:
    """`live`: proofs of contact that are not written down yet; `now_us`: its end, once it ended."""
    return SessionView(**_common(recorded, _timeline(recorded, live, now_us), now_us))


def fact_record(kept: Chained) -> FactRecord:
    """One record of a session's chain, with its fact as it is to be read."""
    return FactRecord(
        seq=kept.record.seq,
        wall_us=kept.record.wall_us,
        monotonic_us=kept.record.monotonic_us,
        boot=kept.record.boot,
        hash=kept.hash.hex(),
        fact=msgspec.msgpack.decode(kept.record.fact, type=SessionFact),
    )


def account_view(
    recorded: Recorded,
    live: Sequence[ContactProven],
    notes: Mapping[str, NoteRow],
    now_us: int,
) -> SessionAccount:
    """The same, and why."""
    timeline = _timeline(recorded, live, now_us)
    by = basis(recorded.facts)
    counted, bridged = counts(timeline, by)
    comes_to = recorded.line.bill if recorded.line else bill(timeline, by)
    proofs = [fact for fact in timeline.facts if isinstance(fact, ContactProven)]
    return SessionAccount(
        **_common(recorded, timeline, now_us),
        together_most_us=total(timeline.together_at_most),
        contact_us=total(timeline.contact),
        unknown_us=total(timeline.unknown),
        impaired_us=total(timeline.impaired),
        stretches=timeline.stretches,
        counted=tuple(counted),
        bridged=tuple(bridged),
        lanes=tuple(
            Lane(
                person=person,
                spans=tuple(timeline.present(person)),
                inferred=tuple(
                    (fact.at_us, fact.noticed_us)
                    for fact in recorded.facts
                    if isinstance(fact, ParticipantLeft)
                    and fact.estimated
                    and fact.person == person
                ),
            )
            for person in recorded.row.members
        ),
        proofs=tuple(
            Proof(
                person=fact.person,
                signer=fact.signer,
                from_us=fact.from_us,
                to_us=fact.to_us,
                beats=fact.beats,
            )
            for fact in proofs
        ),
        terms_version=by.version,
        terms=by.terms,
        booked=by.view(recorded.row.mentee),
        extended_us=by.extended_us,
        bill=comes_to,
        concession_most_us=min(LONGEST_US, max(longest_us(timeline, by), comes_to.billed_us)),
        notes=tuple(_notes(recorded.facts, notes)),
    )


def evidence_pack(
    site_id: str,
    session: str,
    chain: Sequence[Chained],
    lines: Sequence[LineRow],
    notes: Mapping[str, NoteRow],
    keys: Mapping[str, bytes],
    exported_us: int,
) -> EvidencePack:
    """What is kept of a session, as its evidence pack, not yet sealed."""
    return evidence.pack(
        site_id,
        session,
        [(each.record, each.hash) for each in chain],
        [
            EvidenceSettlement(
                revision=line.revision,
                facts=line.facts,
                head=line.head.hex(),
                bill=line.bill,
                at_us=line.settled_us,
                kid=line.kid,
                signature=base64url(line.signature),
            )
            for line in lines
        ],
        [
            EvidenceNote(digest=digest, salt=note.salt, text=note.text)
            for digest, note in notes.items()
            if note.text is not None
        ],
        {kid: base64url(key) for kid, key in keys.items()},
        exported_us,
    )


def base64url(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _timeline(recorded: Recorded, live: Sequence[ContactProven], now_us: int) -> Timeline:
    return Timeline([*recorded.facts, *live], recorded.row.members, now_us)


def _common(recorded: Recorded, timeline: Timeline, now_us: int) -> dict[str, Any]:
    row, facts = recorded.row, recorded.facts
    state = restore(Session(row.id, row.mentorship, row.mentor, row.mentee), facts)
    return {
        "id": row.id,
        "mentorship": row.mentorship,
        "room": row.room,
        "version": row.facts,
        "state": state.phase,
        "created_us": row.created_us,
        "started_us": row.started_us,
        "ended_us": row.ended_us,
        "end_reason": row.end_reason,
        "ended_by": next((fact.by for fact in facts if isinstance(fact, SessionEnded)), None),
        "as_of_us": now_us,
        "together_us": timeline.together_us,
        "together_since_us": timeline.together_since_us,
        "people": tuple(timeline.person_time(person) for person in row.members),
        "interruptions": timeline.interruptions,
        "unwatched": tuple(timeline.unwatched[-INTERRUPTIONS_MOST:]),
        "estimated": timeline.estimated,
        "settlement": _settlement(recorded),
    }


def _settlement(recorded: Recorded) -> Settlement | None:
    row, line, receipt = recorded.row, recorded.line, recorded.receipt
    if line is None or receipt is None:
        return None
    stands = line_of(row.id, recorded.facts)
    return Settlement(
        state=stands.state,
        revision=line.revision,
        facts=row.facts,
        head=row.head.hex(),
        kid=receipt.kid,
        signature=receipt.signature,
        bill=line.bill,
        confirmed_by=stands.confirmed,
        contested_by=stands.contested,
        at_us=line.settled_us,
        said_us=stands.said_us,
    )


def _notes(facts: Sequence[SessionFact], notes: Mapping[str, NoteRow]) -> list[Note]:
    found = []
    for fact in facts:
        if isinstance(fact, SessionContested | SessionCorrected):
            contested = isinstance(fact, SessionContested)
            kept = notes.get(fact.note)
            found.append(
                Note(
                    digest=fact.note,
                    person=fact.person if isinstance(fact, SessionContested) else fact.actor,
                    text=kept.text if kept else None,
                    at_us=fact.at_us,
                    about="contested" if contested else "corrected",
                )
            )
    return found
