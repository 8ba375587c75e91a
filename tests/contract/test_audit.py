"""Whatever is changed behind the ledger's back, its audit finds; and the database lets nobody who
comes in by the front."""

from __future__ import annotations

from functools import partial
from typing import Any

import msgspec
import pytest
from alembic.script import ScriptDirectory
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection, LargeBinary, String, Table, delete, select, text, update
from sqlalchemy.types import TypeEngine

from ithaca.doctor import KEPT
from ledger import tables
from ledger.audit import Audited, audit, every_fault
from ledger.note_tables import add_note, ledger_notes
from ledger.sansio.notes import digest_of
from ledger.sansio.session import Apply
from ledger.sansio.settlement import receipt
from ledger.tables import Stamp
from mentoring import tables as mentoring_tables
from protocol.facts import (
    ContactProven,
    ParticipantJoined,
    SessionContested,
    SessionCorrected,
    SessionCreated,
    SessionEnded,
    SessionFact,
    SessionSettled,
)
from protocol.terms import Terms
from runtime.database import Database, Plan, insert, only
from runtime.database.guards import unguarded
from runtime.database.migrate import applied, migrate, revisions, upgrade
from runtime.tables import leases
from tests.support.databases import ROOMS, Storage, unlock
from tests.support.ledger import ADA, BEN, KID, SECOND, SITE, A, B, PageKey, Record, name

KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
MINUTE = 60 * SECOND
WATCHED: tuple[Table, ...] = (tables.ledger_facts, tables.statement_lines, tables.sessions)
NOT_IN_FACTS = {"sessions.room_id"}
NO_PLACE = "something is kept of it, but it has no place in the index"


def sign(site_id: str, statement: bytes) -> tuple[str, bytes]:
    return KID, KEY.sign(statement)


def keys(site_id: str) -> dict[str, bytes]:
    return {KID: KEY.public_key().public_bytes_raw()} if site_id == SITE else {}


async def look(database: Database) -> Audited:
    found = await audit(database, keys)
    assert await database.read(every_fault, keys) == found
    return found


async def fill(database: Database) -> tuple[str, str, str]:
    """A session with everything in it, one that runs, and one that nobody came to."""
    record, ada, ben = Record(database, sign), PageKey(1), PageKey(2)
    start_us = record.clock.wall_us()
    record.agreement = Apply(
        1, Terms(currency="EUR", rate_minor=6000), name("mee", 1), start_us, 60 * MINUTE
    )
    await record.join(ADA, A, key=ada.public)
    session = (await record.join(BEN, B, key=ben.public)).id
    await record.ledger.path(A, up=False)
    await record.beat(20, A, B)
    until_us = record.clock.wall_us()
    signed = ben.sign(session, ada, start_us, until_us, 10)
    await record.ledger.contact(SITE, ADA, A, session, [signed])
    await record.ledger.extend(SITE, session, BEN)
    await record.ledger.end(SITE, session, ADA)
    await record.ledger.contest(SITE, session, BEN, 1, "no")
    await record.ledger.correct(SITE, session, None, 0, "well", None)
    for person in (ADA, BEN):
        await record.ledger.confirm(SITE, session, person, 2)
    record.agreement = Apply(0, Terms(), name("mee", 2), until_us, MINUTE)
    await record.clock.advance(60)
    await record.ledger.missed(
        SITE, name("room", 2), name("men", 2), name("mee", 2), until_us + MINUTE
    )
    record.agreement = Apply(0, Terms())
    await record.join(ADA, A)
    runs = (await record.join(BEN, B)).id
    rows = await database.read(tables.all_after, "", "", 9)
    (missed,) = {row.id for row in rows} - {session, runs}
    return session, runs, missed


async def rows_of(database: Database, table: Table) -> list[dict[str, Any]]:
    def plan() -> Plan[list[dict[str, Any]]]:
        rows = yield select(table).order_by(*table.primary_key)
        return [dict(row._mapping) for row in rows]

    return await database.read(plan)


async def change(
    database: Database, table: Table, row: dict[str, Any], column: str, value: Any
) -> None:
    """Puts a value into one column of one row."""

    def plan() -> Plan[None]:
        mine = [key == row[key.name] for key in table.primary_key]
        yield update(table).where(*mine).values({column: value})

    await database.write(plan)


def flipped(kind: TypeEngine[Any], value: Any) -> Any:
    if value is None:
        return "x" if isinstance(kind, String) else 1
    if isinstance(kind, LargeBinary):
        data = bytearray(value)
        data[len(data) // 2] ^= 1
        return bytes(data)
    if isinstance(kind, String):
        return value[:-1] + chr(ord(value[-1]) ^ 1)
    return value ^ 1024


async def test_nothing_is_found_where_nothing_was_changed(database: Database) -> None:
    assert await look(database) == Audited(0, ())
    await fill(database)
    assert await look(database) == Audited(3, ())


@pytest.mark.parametrize("table", WATCHED, ids=lambda table: table.name)
async def test_a_flipped_byte_in_any_column_is_found(
    storage: Storage, database: Database, table: Table
) -> None:
    await fill(database)
    await database.exclusive(lambda connection: unlock(storage, connection))
    rows = await rows_of(database, table)
    ids = "id" if table is tables.sessions else "session_id"
    for number, row in enumerate(rows):
        for column in table.columns:
            if f"{table.name}.{column.name}" in NOT_IN_FACTS:
                continue
            if number % 5 and column.name not in ("fact", "hash", "bill"):
                continue  # every row of some columns, some rows of every column
            value = flipped(column.type, row[column.name])
            await change(database, table, row, column.name, value)
            found = await look(database)
            where = (table.name, column.name, number)
            assert found.broken, where
            assert {fault.session for fault in found.broken} <= {row[ids], value}, where
            now = {**row, column.name: value}
            await change(database, table, now, column.name, row[column.name])
    assert (await look(database)).broken == ()


async def test_a_stretch_of_contact_that_nobody_signed_is_found(database: Database) -> None:
    """It is chained as it should be: whoever has the database can do that."""
    _, runs, _ = await fill(database)

    def plan() -> Plan[None]:
        row = yield from tables.claim(SITE, runs)
        assert row is not None
        facts = yield from tables.facts_of(SITE, runs)
        forged = ContactProven(
            session=runs, person=ADA, signer=BEN, about_key="A" * 87, signer_key="B" * 87,
            from_us=row.created_us, to_us=row.created_us + MINUTE, beats=30, signature="A" * 86,
            at_us=row.created_us,
        )  # fmt: skip
        yield from tables.append(row, facts, [forged], Stamp(1, 1, name("boot", 1)))

    await database.write(plan)
    (fault,) = (await look(database)).broken
    assert (fault.session, fault.why) == (
        runs, "record 6: The key that signed it is not the other person's.",
    )  # fmt: skip


async def test_what_was_added_to_a_session_that_is_over_is_found_and_settles_nothing(
    database: Database,
) -> None:
    """An hour that never was, well chained, with signatures of keys that were made for it."""
    record = Record(database, sign)
    ada, ben = PageKey(), PageKey()
    session = (await record.join(ADA, A, key=ada.public)).id
    await record.join(BEN, B, key=ben.public)
    await record.clock.advance(60)
    ended = await record.ledger.end(SITE, session, ADA)
    made_up = PageKey(), PageKey()
    until_us = record.clock.wall_us()
    from_us = until_us - 3600 * SECOND

    def add() -> Plan[None]:
        row = yield from tables.claim(SITE, session)
        assert row is not None
        facts = yield from tables.facts_of(SITE, session)
        joins: list[SessionFact] = [
            ParticipantJoined(
                session=session, person=person, connection=name("con", 70 + number),
                key=key.public, at_us=from_us,
            )
            for number, (person, key) in enumerate(zip((ADA, BEN), made_up, strict=True))
        ]  # fmt: skip
        contact = made_up[1].sign(session, made_up[0], from_us, until_us)
        proven = ContactProven(
            session=session, person=ADA, signer=BEN, at_us=until_us,
            **msgspec.structs.asdict(contact),
        )  # fmt: skip
        stamp = Stamp(until_us, until_us, name("boot", 1))
        yield from tables.append(row, facts, [*joins, proven], stamp)

    await database.write(add)
    said = await record.ledger.confirm(SITE, session, ADA, 1)
    assert ended.settlement is not None
    assert said.settlement is not None
    assert (said.settlement.revision, said.settlement.bill) == (1, ended.settlement.bill)
    (fault,) = (await look(database)).broken
    assert fault.why.startswith("record ")
    assert fault.why.endswith("no server wrote it there: the session had ended before it.")


async def test_an_end_taken_back_is_found(database: Database) -> None:
    _, _, missed = await fill(database)
    for row in await rows_of(database, tables.sessions):
        if row["id"] == missed:
            await change(database, tables.sessions, row, "ended_us", None)
    (fault,) = (await look(database)).broken
    assert fault.session == missed
    assert fault.why.startswith("the index says that its ended_us is None")


async def test_what_was_taken_out_is_found(storage: Storage, database: Database) -> None:
    session, _, _ = await fill(database)
    await database.exclusive(lambda connection: unlock(storage, connection))

    def gone(table: str, rest: str) -> Plan[None]:
        yield text(f"DELETE FROM {table} WHERE site_id = :site AND {rest}").bindparams(site=SITE)

    await database.write(gone, "statement_lines", "revision = 2")
    (fault,) = (await look(database)).broken
    assert fault.why == "2 settlements are on record, and there are 1 lines"
    await database.write(gone, "ledger_facts", f"session_id = '{session}' AND seq > 3")
    (fault,) = (await look(database)).broken
    assert fault.why.startswith("the index says that its")
    await database.write(gone, "sessions", f"id = '{session}'")
    (fault,) = (await look(database)).broken
    assert fault.why == NO_PLACE
    await database.write(gone, "ledger_facts", "seq > 0")
    found = await look(database)
    assert found.sessions == 2
    assert {fault.why for fault in found.broken} == {
        "the record that says whose it is is missing",
        NO_PLACE,
    }


async def take_out(storage: Storage, database: Database, session: str, *names: Table) -> None:
    """All of a session in these tables."""
    await database.exclusive(lambda connection: unlock(storage, connection))

    def gone() -> Plan[None]:
        for table in names:
            id_ = table.c.id if table is tables.sessions else table.c.session_id
            yield delete(table).where(table.c.site_id == SITE, id_ == session)

    await database.write(gone)


@pytest.mark.parametrize("kept", [*WATCHED[:2], ledger_notes], ids=lambda table: table.name)
async def test_a_session_that_was_taken_out_is_found_by_what_is_left_of_it(
    storage: Storage, database: Database, kept: Table
) -> None:
    session, _, _ = await fill(database)
    rest = [table for table in (*WATCHED, ledger_notes) if table is not kept]
    await take_out(storage, database, session, *rest)
    assert [(fault.session, fault.why) for fault in (await look(database)).broken] == [
        (session, NO_PLACE)
    ]


async def test_a_session_that_was_taken_out_is_found_by_the_next_of_its_meeting(
    storage: Storage, database: Database
) -> None:
    record = Record(database, sign)
    start_us = record.clock.wall_us()
    record.agreement = Apply(0, Terms(), name("mee", 1), start_us, 60 * MINUTE)
    held = []
    for _ in range(2):
        held.append((await record.both()).id)
        await record.beat(4, A, B)
        await record.ledger.end(SITE, held[-1], ADA)
    assert (await look(database)).broken == ()
    await take_out(storage, database, held[0], *WATCHED)
    assert [(fault.session, fault.why) for fault in (await look(database)).broken] == [
        (held[1], "it tells of other sessions of its meeting, and none is there")
    ]


async def test_what_they_talked_into_is_told_of_by_the_next_session(
    storage: Storage, database: Database
) -> None:
    """Though it was not that meeting; and it is missed when it was taken out."""
    record = Record(database, sign)
    first = (await record.both()).id
    start_us = record.clock.wall_us() + 2 * SECOND
    await record.beat(66, A, B)
    await record.ledger.end(SITE, first, ADA)
    record.agreement = Apply(0, Terms(), name("mee", 1), start_us, 60 * MINUTE)
    then = (await record.both()).id
    await record.beat(2, A, B)
    await record.ledger.end(SITE, then, ADA)
    shown = (await record.ledger.account(SITE, then)).booked
    assert shown is not None
    assert shown.again
    assert (await look(database)).broken == ()
    await take_out(storage, database, first, *WATCHED)
    assert [(fault.session, fault.why) for fault in (await look(database)).broken] == [
        (then, "it tells of other sessions of its meeting, and none is there")
    ]


async def test_a_session_that_was_taken_out_is_found_by_what_others_keep_of_it(
    storage: Storage, database: Database
) -> None:
    session, _, _ = await fill(database)
    naming = [
        select(leases.c.site_id, leases.c.key.label("session_id")).where(leases.c.kind == "x")
    ]
    lease = {"site_id": SITE, "kind": "x", "key": session, "owner": "x", "token": 1}

    def keep() -> Plan[None]:
        yield insert(leases).values(**lease, proof_us=0, expires_us=0, data=b"")

    await database.write(keep)
    assert (await audit(database, keys, naming)).broken == ()
    await take_out(storage, database, session, *WATCHED, ledger_notes)
    for found in (
        await audit(database, keys, naming),
        await database.read(every_fault, keys, naming),
    ):
        assert [(fault.session, fault.why) for fault in found.broken] == [(session, NO_PLACE)]
    assert (await look(database)).broken == ()


async def test_a_reason_that_is_not_as_it_was_written_is_found(database: Database) -> None:
    session, _, _ = await fill(database)
    written = {
        fact.note: seq
        for seq, fact in enumerate(await database.read(tables.facts_of, SITE, session), 1)
        if isinstance(fact, SessionContested | SessionCorrected)
    }
    rows = await rows_of(database, ledger_notes)
    assert len(rows) == 2

    async def why() -> str | None:
        broken = (await look(database)).broken
        assert {fault.session for fault in broken} <= {session}
        return broken[0].why if broken else None

    for row in rows:
        seq = written[row["digest"]]
        for column, value in (("text", "yes"), ("salt", bytes(16))):
            await change(database, ledger_notes, row, column, value)
            assert await why() == f"the reason given in record {seq} was altered"
            await change(database, ledger_notes, row, column, row[column])
        salt, reason = row["salt"], row["text"]
        await change(database, ledger_notes, row, "salt", salt + reason[:1].encode())
        await change(database, ledger_notes, row, "text", reason[1:])  # of the same digest
        assert await why() == f"the reason given in record {seq} was altered"
        await change(database, ledger_notes, row, "salt", salt)
        await change(database, ledger_notes, row, "text", reason)
        await change(database, ledger_notes, row, "digest", "0" * 64)
        assert await why() == f"the reason given in record {seq} is missing"
        await change(database, ledger_notes, {**row, "digest": "0" * 64}, "digest", row["digest"])
    row = rows[0]
    await database.write(add_note, SITE, session, b"salt", "another")
    assert await why() == "one of its reasons belongs to no record"
    for digest in (digest_of(b"salt", "another"), row["digest"]):  # as `ithaca forget` does
        mine = ledger_notes.c.digest == digest
        await database.write(only, delete(ledger_notes).where(ledger_notes.c.site_id == SITE, mine))
    await database.write(only, insert(ledger_notes).values(**{**row, "salt": b"", "text": None}))
    assert await why() is None


def strange(like: str) -> Plan[str]:
    """A session, well chained and signed, in which somebody acts who is neither of the two."""
    at_us, stamp = 9 * SECOND, tables.Stamp(9 * SECOND, SECOND, "boot_1")
    (line, *_) = yield from tables.all_lines_of(SITE, like)
    id_, of = name("ses", 7), name("men", 7)
    new = tables.fresh(SITE, id_, of, name("room", 7), (ADA, BEN), at_us)
    row = yield from tables.claim_running(SITE, new.room, new)
    facts: list[SessionFact] = [
        SessionCreated(session=id_, mentorship=of, mentor=ADA, mentee=BEN, at_us=at_us),
        ParticipantJoined(
            session=id_, person=name("per", 9), connection=name("con", 9), at_us=at_us
        ),
        SessionEnded(
            session=id_, mentorship=of, at_us=at_us, noticed_us=at_us, reason="ended", by=ADA
        ),
    ]
    row, hashes = yield from tables.append(row, [], facts, stamp)
    settled = SessionSettled(
        session=id_, revision=1, facts=3, head=hashes[-1].hex(), bill=line.bill, at_us=at_us
    )
    row, (head,) = yield from tables.append(row, facts, [settled], stamp)
    kid, signature = sign(SITE, receipt(id_, 1, 4, head.hex()))
    yield from tables.add_line(row, settled, 4, head, kid, signature)
    return id_


async def test_what_cannot_be_computed_is_found_and_the_rest_looked_at(database: Database) -> None:
    session, _, _ = await fill(database)
    stranger = await database.write(strange, session)
    found = await look(database)
    assert found.sessions == 4
    (fault,) = found.broken
    assert fault.session == stranger
    assert fault.why.startswith("it cannot be computed again (KeyError")


async def test_a_key_that_is_not_ours_signs_nothing(database: Database) -> None:
    session, _, missed = await fill(database)
    found = await audit(database, lambda site_id: {KID: bytes(32)})
    assert {fault.session for fault in found.broken} == {session, missed}
    assert {fault.why for fault in found.broken} == {"settlement 1: its signature does not fit"}
    assert len((await audit(database, lambda site_id: {})).broken) == 2


# ---- the front door ------------------------------------------------------------------------------


def look_at_triggers(connection: Connection) -> list[str]:
    return unguarded(connection, KEPT)


async def test_every_change_of_the_book_is_refused(database: Database) -> None:
    assert await database.exclusive(look_at_triggers) == []
    await fill(database)
    before = [await rows_of(database, table) for table in WATCHED]
    assert await database.exclusive(look_at_triggers) == []
    assert [await rows_of(database, table) for table in WATCHED] == before


async def test_what_is_not_refused_any_more_is_named(storage: Storage, database: Database) -> None:
    await fill(database)
    before = [await rows_of(database, table) for table in WATCHED]
    await database.exclusive(lambda connection: unlock(storage, connection))
    other = "TRUNCATE" if storage.engine == "postgresql" else "REPLACE"
    verbs = ("UPDATE", "DELETE", "INSERT ... ON CONFLICT UPDATE", other)
    assert await database.exclusive(look_at_triggers) == [
        f"{verb} {table}"
        for table in ("ledger_facts", "statement_lines", "agreements", "agreement_answers")
        for verb in verbs
    ]
    assert [await rows_of(database, table) for table in WATCHED] == before


async def test_every_change_is_refused_after_every_migration(storage: Storage) -> None:
    """From the revisions on that made the book so; whatever a later one does to the tables."""
    database = storage.open()
    try:
        await database.exclusive(_emptied)
        script = revisions(ROOMS)
        guarded = 0
        for revision in in_order(script):
            await database.exclusive(partial(upgrade, rooms=ROOMS, to=(revision,)))
            done = await database.exclusive(applied)
            for room, kept in (("ledger", tables.KEPT), ("mentoring", mentoring_tables.KEPT)):
                if any(f"{room}_0002" <= each < f"{room}_9999" for each in done):
                    assert await database.exclusive(partial(unguarded, kept=kept)) == [], revision
                    guarded += 1
        assert guarded > 1
        assert set(await database.exclusive(applied)) == set(script.get_heads())
        await migrate(database, ROOMS)
    finally:
        await database.close()


def in_order(script: ScriptDirectory) -> list[str]:
    return [each.revision for each in script.walk_revisions()][::-1]


def _emptied(connection: Connection) -> None:
    """Without a schema again."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
        return
    names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
    for row in names.fetchall():
        connection.execute(text(f"DROP TABLE {row.name}"))
