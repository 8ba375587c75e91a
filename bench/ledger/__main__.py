"""`./run bench ledger [--facts N] [--sessions N]`: what an account costs as a session's facts grow,
and a statement as a mentor's sessions do.

An account is everything that is shown of a session, from its facts: `account_view`, pure, in
processor time. Two kinds of session: one that keeps *losing* people, and one whose call keeps
*breaking*, so that each stretch of contact is signed anew. A statement is read from a real SQLite
and made into JSON.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from math import log2
from pathlib import Path
from statistics import median

import msgspec
from sqlalchemy import Connection, insert

from ledger import tables
from ledger.sansio.account import Timeline
from ledger.sansio.bill import basis, bill
from ledger.sansio.chain import origin
from ledger.views import Recorded, account_view
from protocol.facts import (
    ContactProven,
    ParticipantJoined,
    ParticipantLeft,
    SessionCreated,
    SessionEnded,
    SessionFact,
    SessionStarted,
    TermsApplied,
)
from protocol.terms import Terms
from protocol.views import PersonView
from runtime.database import Database
from tests.support.databases import Storage, sqlite_template
from tests.support.ledger import ADA, BEN, MENTORSHIP, ROOM, SITE, name
from web.statements import statement

SECOND = 1_000_000
BEGIN_US = 1_800_000_000_000_000
ROUNDS = 5
PAID = Terms(currency="EUR", rate_minor=6000)
KEYS = ("A" * 87, "B" * 87)


def begun(session: str) -> list[SessionFact]:
    """Both are there."""
    at_us = BEGIN_US
    joined = [
        ParticipantJoined(session=session, person=who, connection=who, at_us=at_us, key=key)
        for who, key in zip((ADA, BEN), KEYS, strict=True)
    ]
    return [
        SessionCreated(session=session, mentorship=MENTORSHIP, mentor=ADA, mentee=BEN, at_us=at_us),
        TermsApplied(session=session, version=1, terms=PAID, at_us=at_us),
        *joined,
        SessionStarted(session=session, mentorship=MENTORSHIP, at_us=at_us),
    ]


def losing(session: str) -> Iterator[SessionFact]:
    """In turns one of the two is lost after a minute, and back ten seconds later."""
    here, at_us = {ADA: ADA, BEN: BEN}, BEGIN_US
    for number in count():
        who = (ADA, BEN)[number % 2]
        at_us += 30 * SECOND
        yield ParticipantLeft(
            session=session,
            person=who,
            connection=here[who],
            at_us=at_us,
            noticed_us=at_us + 6 * SECOND,
            reason="lost",
            estimated=True,
        )
        here[who] = f"con_{number}"
        yield ParticipantJoined(
            session=session, person=who, connection=here[who], at_us=at_us + 10 * SECOND
        )


def breaking(session: str) -> Iterator[SessionFact]:
    """A call that breaks every ten seconds."""
    at_us = BEGIN_US
    while True:
        at_us += 10 * SECOND
        yield ContactProven(
            session=session,
            person=ADA,
            signer=BEN,
            about_key=KEYS[0],
            signer_key=KEYS[1],
            from_us=at_us,
            to_us=at_us + 4 * SECOND,
            beats=3,
            signature="s" * 86,
            at_us=at_us + 5 * SECOND,
        )


KINDS: dict[str, Callable[[str], Iterator[SessionFact]]] = {"losing": losing, "breaking": breaking}


def session_of(kind: str, many: int) -> Recorded:
    """Ended, with so many facts."""
    session = name("ses", 1)
    facts, more = begun(session), KINDS[kind](session)
    while len(facts) < many - 1:
        facts.append(next(more))
    at_us = max(fact.at_us for fact in facts) + SECOND
    facts.append(
        SessionEnded(
            session=session, mentorship=MENTORSHIP, at_us=at_us, noticed_us=at_us, reason="ended"
        )
    )
    row = tables.fresh(SITE, session, MENTORSHIP, ROOM, (ADA, BEN), BEGIN_US)
    return Recorded(replace(row, facts=len(facts), started_us=BEGIN_US, ended_us=at_us), facts)


def seconds(work: Callable[[], object]) -> float:
    """Of processor time, the fastest of some rounds."""
    took = []
    for _ in range(ROUNDS):
        began = time.process_time()
        work()
        took.append(time.process_time() - began)
    return min(took)


def accounts(most: int) -> None:
    print("| facts | " + " | ".join(f"{kind}, ms | per doubling" for kind in KINDS) + " |")
    print("| --- |" + " --- | --- |" * len(KINDS))
    before: dict[str, tuple[int, float]] = {}
    many = 10
    while many <= most:
        cells = []
        for kind in KINDS:
            recorded = session_of(kind, many)
            took = seconds(partial(account_view, recorded, (), {}, recorded.row.ended_us or 0))
            ratio = ""
            if kind in before:
                fewer, faster = before[kind]
                ratio = f"{(took / faster) ** (1 / log2(many / fewer)):.2f}"
            before[kind] = many, took
            cells.append(f"{took * 1000:.2f} | {ratio}")
        print(f"| {many} | {' | '.join(cells)} |", flush=True)
        many *= 10


async def statements(most: int) -> None:
    print("\n| sessions | read, ms | made, ms | JSON, KB |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as folder:
        await sqlite_template(Path(folder))
        database = Storage("sqlite", None, Path(folder)).open()
        done = 0
        for many in (100, 1_000, 10_000):
            if many > most:
                break
            await database.exclusive(partial(_settle, done=done, many=many))
            done = many
            await _statement(database, many)
        await database.close()


def _settle(connection: Connection, done: int, many: int) -> None:
    """Sessions that are settled already: what a statement reads."""
    recorded = session_of("breaking", 20)
    end_us = recorded.row.ended_us or 0
    comes_to = bill(Timeline(recorded.facts, (ADA, BEN), end_us), basis(recorded.facts))
    for number in range(done, many):
        session = name("ses", number)
        begin_us = BEGIN_US + number * 60 * SECOND
        connection.execute(
            insert(tables.sessions).values(
                site_id=SITE, id=session, mentorship_id=MENTORSHIP, room_id=ROOM, mentor_id=ADA,
                mentee_id=BEN, created_us=begin_us, started_us=begin_us, ended_us=begin_us + SECOND,
                end_reason="ended", settlement="settled", facts=20, head=origin(session),
            )
        )  # fmt: skip
        connection.execute(
            insert(tables.statement_lines).values(
                site_id=SITE, session_id=session, revision=1, mentorship_id=MENTORSHIP,
                mentor_id=ADA, mentee_id=BEN, at_us=begin_us, facts=20, head=origin(session),
                kid=name("key", 1), signature=bytes(64), bill=msgspec.msgpack.encode(comes_to),
                settled_us=begin_us,
            )
        )  # fmt: skip


async def _statement(database: Database, many: int) -> None:
    persons = {who: PersonView(id=who, name=who, zone="UTC") for who in (ADA, BEN)}
    bounds = BEGIN_US, BEGIN_US + many * 60 * SECOND
    read, made, size = [], [], 0
    for _ in range(ROUNDS):
        began = time.perf_counter()
        rows = await database.read(tables.statement, SITE, ADA, True, *bounds)
        half = time.perf_counter()
        answer = statement(persons[ADA], "mentor", "2027-01", bounds, rows, persons)
        size = len(msgspec.json.encode(answer))
        read.append(half - began)
        made.append(time.perf_counter() - half)
        assert len(rows) == many
    print(
        f"| {many} | {median(read) * 1000:.1f} | {median(made) * 1000:.1f} | {size // 1000} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--facts", type=int, default=100_000)
    parser.add_argument("--sessions", type=int, default=10_000)
    options = parser.parse_args()
    accounts(options.facts)
    asyncio.run(statements(options.sessions))


if __name__ == "__main__":
    main()
