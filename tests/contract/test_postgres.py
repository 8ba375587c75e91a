"""What only PostgreSQL has: a server that can be away, fall over, or hold no more connections."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from runtime.database import Database, DatabaseUnavailable, Plan, only, open_database
from tests.support.postgres import PostgresServer


@pytest.fixture(scope="module")
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may restart without harm to others."""
    server = PostgresServer()
    yield server
    server.stop()


@pytest.fixture
async def database(own_server: PostgresServer, tmp_path: Path) -> AsyncIterator[Database]:
    name = own_server.create()
    opened = open_database(own_server.url(name), tmp_path)
    await opened.write(only, text("CREATE TABLE t (n INTEGER)"))
    yield opened
    await opened.close()
    own_server.drop(name)


def count() -> Plan[int]:
    rows = yield text("SELECT count(*) FROM t")
    number: int = rows[0][0]
    return number


async def setting(database: Database, name: str) -> object:
    return (await database.write(only, text(f"SHOW {name}")))[0][0]


async def test_a_commit_is_on_disk_whatever_the_servers_default(database: Database) -> None:
    # The test server's own default is off.
    assert await setting(database, "synchronous_commit") == "on"


async def test_transactions_have_their_levels(database: Database) -> None:
    assert await setting(database, "transaction_isolation") == "read committed"
    rows = await database.read(only, text("SHOW transaction_isolation"))
    assert rows[0][0] == "repeatable read"
    rows = await database.read(only, text("SHOW transaction_read_only"))
    assert rows[0][0] == "on"
    assert await setting(database, "transaction_read_only") == "off"


async def test_a_server_that_falls_over_costs_an_error_and_comes_back(
    database: Database, own_server: PostgresServer
) -> None:
    await database.write(only, text("INSERT INTO t VALUES (1)"))
    loop = asyncio.get_running_loop()
    inside = asyncio.Event()

    def interrupted() -> Plan[None]:
        yield text("INSERT INTO t VALUES (2)")
        loop.call_soon(inside.set)
        yield text("SELECT pg_sleep(60)")

    write = asyncio.create_task(database.write(interrupted))
    await inside.wait()
    await asyncio.to_thread(own_server.restart)
    with pytest.raises(DatabaseUnavailable):
        await write
    assert await database.read(count) == 1
    await database.write(only, text("INSERT INTO t VALUES (3)"))
    assert await database.read(count) == 2


async def test_a_restart_between_two_uses_costs_nobody_an_error(
    database: Database, own_server: PostgresServer
) -> None:
    await asyncio.gather(*(database.read(count) for _ in range(5)))  # connections now idle
    await asyncio.to_thread(own_server.restart)
    assert await asyncio.gather(*(database.read(count) for _ in range(5))) == [0] * 5


async def test_a_server_that_is_not_there_is_unavailable(tmp_path: Path) -> None:
    database = open_database(f"postgresql://nobody@/none?host={tmp_path}", tmp_path)
    for attempt in (
        database.read(count),
        database.write(count),
        database.exclusive(lambda _: None),
    ):
        with pytest.raises(DatabaseUnavailable):
            await attempt
    await database.close()


async def test_a_database_that_does_not_exist_is_unavailable(
    own_server: PostgresServer, tmp_path: Path
) -> None:
    database = open_database(own_server.url("missing"), tmp_path)
    with pytest.raises(DatabaseUnavailable, match="missing"):
        await database.read(count)
    await database.close()


async def test_a_cancelled_write_leaves_its_connection_usable(database: Database) -> None:
    loop = asyncio.get_running_loop()
    for number in range(15):  # more than the pool holds
        inside = asyncio.Event()

        def interrupted(number: int, inside: asyncio.Event) -> Plan[None]:
            yield text(f"INSERT INTO t VALUES ({number})")
            loop.call_soon(inside.set)
            yield text("SELECT pg_sleep(60)")

        write = asyncio.create_task(database.write(interrupted, number, inside))
        await inside.wait()
        write.cancel()
        await asyncio.gather(write, return_exceptions=True)
        assert write.cancelled()
    assert await database.read(count) == 0
