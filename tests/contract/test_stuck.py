"""A node that stands still in the middle of a transaction, which PostgreSQL then holds open: only
what it was at work on waits for it, on the other nodes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from chat import batch_tables
from chat.batch_tables import Move, Send
from chat.service import Chat
from protocol.views import Message
from runtime.bus import LocalBus
from runtime.database import Database, DatabaseBusy, DatabaseError, Plan
from runtime.database.postgres import PostgresDatabase
from tests.support.clock import ManualClock
from tests.support.postgres import PostgresServer

SITE, ADA, BEN = "site", "ada", "ben"
FREE = [f"free-{number}" for number in range(3)]


@pytest.fixture
def url(postgres_server: PostgresServer, migrated_postgres: str) -> Iterator[str]:
    name = postgres_server.create(migrated_postgres)
    yield postgres_server.url(name)
    postgres_server.drop(name)


@pytest.fixture
def asked() -> list[str]:
    """What the database was asked, as it came."""
    return []


@pytest.fixture
async def database(url: str, asked: list[str]) -> AsyncIterator[Database]:
    """Impatient, for tests."""
    opened = PostgresDatabase(
        url, lock_timeout_s=0.5, on_statement=lambda sql, options: asked.append(sql)
    )
    yield opened
    await opened.close()


@pytest.fixture
async def frozen(url: str) -> AsyncIterator[Database]:
    """The other node's."""
    opened = PostgresDatabase(url)
    yield opened
    await opened.close()


@asynccontextmanager
async def holding(database: Database, sends: list[Send], moves: list[Move]) -> AsyncIterator[None]:
    """Stores it, all but the commit."""
    inside, loop = asyncio.Event(), asyncio.get_running_loop()

    def stands_still() -> Plan[None]:
        yield from batch_tables.store(sends, moves)
        loop.call_soon(inside.set)
        yield text("SELECT pg_sleep(60)")

    holder = asyncio.create_task(database.write(stands_still))
    await inside.wait()
    yield
    holder.cancel()
    await asyncio.gather(holder, return_exceptions=True)


def a_send(talk: str, id_: str) -> Send:
    return Send(SITE, talk, BEN, id_, "x", 1)


async def say(chat: Chat, talks: list[str], id_: str) -> list[Message | BaseException]:
    return await asyncio.gather(
        *(chat.send(SITE, talk, ADA, f"{id_}-{talk}", "x") for talk in talks),
        return_exceptions=True,
    )


async def test_what_another_node_holds_is_refused_alone(
    database: Database, frozen: Database, asked: list[str]
) -> None:
    """Mutants: the whole batch is; each batch waits for it again."""
    chat = Chat(database, ManualClock(), LocalBus())
    await say(chat, [*FREE, "held", "marked"], "first")
    await chat.mark(SITE, "marked", ADA, read=1)
    await chat.mark(SITE, "free-0", BEN, delivered=1)
    held = [a_send("held", "message-1"), a_send("just-begun", "message-2")]
    marks = [Move(SITE, "marked", ADA, 2, 2), Move(SITE, "held", BEN, 1, 1)]
    async with holding(frozen, held, marks):
        for turn in range(3):
            asked.clear()
            marking = asyncio.gather(
                chat.mark(SITE, "marked", ADA, read=2),
                chat.mark(SITE, "held", BEN, read=1),
                chat.mark(SITE, "free-0", BEN, read=1 + turn),
                return_exceptions=True,
            )
            *free, stuck, begun, again = await say(
                chat, [*FREE, "held", "just-begun", "free-0"], f"turn-{turn}"
            )
            assert [getattr(each, "seq", each) for each in free] == [2 + turn] * len(FREE)
            assert again == free[0]
            assert isinstance(stuck, DatabaseBusy)
            assert isinstance(begun, DatabaseBusy)
            not_moved, not_begun, moved = await marking
            assert isinstance(not_moved, DatabaseBusy)
            assert isinstance(not_begun, DatabaseBusy)
            assert moved is None
            assert asked[0].startswith("SET LOCAL lock_timeout") is (turn > 0)
    stored = await say(chat, ["held", "just-begun"], "after")
    assert [getattr(each, "seq", each) for each in stored] == [2, 1]


async def test_what_is_held_for_a_moment_is_stored_in_its_order(
    database: Database, frozen: Database
) -> None:
    """Also what is sent again."""
    chat = Chat(database, ManualClock(), LocalBus())
    await say(chat, ["held", "free"], "first")
    async with holding(frozen, [a_send("held", "message-1")], []):
        first = asyncio.create_task(say(chat, ["free", "held"], "second"))
        assert isinstance((await first)[1], DatabaseError)
        many = [
            asyncio.create_task(chat.send(SITE, "held", ADA, f"message-{n:02}", "x"))
            for n in range(10)
        ]
        again = asyncio.create_task(chat.send(SITE, "free", ADA, "second-free", "x"))
        await asyncio.sleep(0)
    assert [(await each).seq for each in many] == list(range(2, 12))
    assert (await again).seq == 2
