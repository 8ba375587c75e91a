"""What a person wrote when contesting or correcting: found, and erased. Its digest stays in the
fact, so that the chain holds; without the salt nobody can guess the text from it."""

from sqlalchemy import select, update

from ledger.note_tables import ledger_notes
from ledger.tables import facts_of_many, sessions
from protocol.facts import SessionContested, SessionCorrected
from runtime.database import Plan


def notes_by(site_id: str, person: str) -> Plan[list[tuple[str, str]]]:
    """Those that are kept of a person, each by its session and digest."""
    rows = yield (
        select(ledger_notes.c.session_id, ledger_notes.c.digest)
        .join(
            sessions,
            (sessions.c.site_id == ledger_notes.c.site_id)
            & (sessions.c.id == ledger_notes.c.session_id),
        )
        .where(
            ledger_notes.c.site_id == site_id,
            ledger_notes.c.text.is_not(None),
            (sessions.c.mentor_id == person) | (sessions.c.mentee_id == person),
        )
    )
    facts = yield from facts_of_many(site_id, list({row.session_id for row in rows}))
    theirs = {
        (fact.session, fact.note)
        for each in facts.values()
        for fact in each
        if (isinstance(fact, SessionContested) and fact.person == person)
        or (isinstance(fact, SessionCorrected) and fact.actor == person)
    }
    return [(row.session_id, row.digest) for row in rows if tuple(row) in theirs]


def forget(site_id: str, person: str) -> Plan[None]:
    for session, digest in (yield from notes_by(site_id, person)):
        yield (
            update(ledger_notes)
            .where(
                ledger_notes.c.site_id == site_id,
                ledger_notes.c.session_id == session,
                ledger_notes.c.digest == digest,
            )
            .values(salt=b"", text=None)
        )
