"""The table of what people wrote when contesting or correcting, and the plans over it. It is kept
by digest, so that it can be erased."""

from dataclasses import dataclass

from sqlalchemy import Column, LargeBinary, Table, Text, select

from ledger.sansio.notes import digest_of
from runtime.database import Plan, insert, metadata

ledger_notes = Table(
    "ledger_notes",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("session_id", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("salt", LargeBinary, nullable=False),
    Column("text", Text),
)


def add_note(site_id: str, session: str, salt: bytes, written: str) -> Plan[str]:
    """Keeps what somebody wrote; returns its digest."""
    digest = digest_of(salt, written)
    yield (
        insert(ledger_notes)
        .values(site_id=site_id, session_id=session, digest=digest, salt=salt, text=written)
        .on_conflict_do_nothing()
    )
    return digest


@dataclass(frozen=True, slots=True)
class NoteRow:
    salt: bytes
    text: str | None


def notes_of(site_id: str, session: str) -> Plan[dict[str, NoteRow]]:
    """By digest; what was erased has no text."""
    rows = yield select(ledger_notes.c.digest, ledger_notes.c.salt, ledger_notes.c.text).where(
        ledger_notes.c.site_id == site_id, ledger_notes.c.session_id == session
    )
    return {row.digest: NoteRow(bytes(row.salt), row.text) for row in rows}
