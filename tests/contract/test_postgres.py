"""What only PostgreSQL has: a server that can be away, fall over, or hold no more connections."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from runtime.clock import SystemClock
from runtime.database import (
    Database,
    DatabaseClock,
    DatabaseTaken,
    DatabaseUnavailable,
    Plan,
    only,
    open_database,
    sole_server,
)
from runtime.database.postgres import PostgresDatabase
from tests.support.clock import ManualClock
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


async def test_nothing_waits_for_ever(database: Database) -> None:
    for name, limit in (
        ("lock_timeout", "5s"),
        ("statement_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "15s"),
    ):
        assert await setting(database, name) == limit


def impatient(name: str, *statements: str) -> Plan[None]:
    """The statements under a limit that is reached at once."""
    yield text(f"SET LOCAL {name} = '20ms'")
    for statement in statements:
        yield text(statement)


async def test_a_lock_that_is_not_granted_in_time_is_unavailable(database: Database) -> None:
    loop = asyncio.get_running_loop()
    locked = asyncio.Event()

    def holding() -> Plan[None]:
        yield text("LOCK TABLE t")
        loop.call_soon(locked.set)
        yield text("SELECT pg_sleep(60)")

    holder = asyncio.create_task(database.write(holding))
    await locked.wait()
    with pytest.raises(DatabaseUnavailable, match="lock timeout"):
        await database.write(impatient, "lock_timeout", "INSERT INTO t VALUES (1)")
    holder.cancel()
    await asyncio.gather(holder, return_exceptions=True)
    assert await database.read(count) == 0


async def test_a_statement_that_takes_too_long_is_unavailable(database: Database) -> None:
    with pytest.raises(DatabaseUnavailable, match="statement timeout"):
        await database.write(
            impatient, "statement_timeout", "INSERT INTO t VALUES (1)", "SELECT pg_sleep(60)"
        )
    assert await database.read(count) == 0


async def test_a_transaction_that_is_left_idle_is_ended(
    database: Database, own_server: PostgresServer
) -> None:
    def idle() -> Plan[None]:
        yield text("SET LOCAL idle_in_transaction_session_timeout = '20ms'")
        (row,) = yield text("INSERT INTO t VALUES (1) RETURNING pg_backend_pid()")
        while own_server.sql(f"SELECT 1 FROM pg_stat_activity WHERE pid = {row[0]}"):
            pass
        yield text("INSERT INTO t VALUES (2)")

    with pytest.raises(DatabaseUnavailable):
        await database.write(idle)
    assert await database.read(count) == 0


async def test_a_server_that_has_stopped_answering_is_unavailable(
    own_server: PostgresServer,
) -> None:
    name = own_server.create()
    database = PostgresDatabase(own_server.url(name), command_timeout_s=0.2)
    frozen: list[int] = []

    def held_up() -> Plan[None]:
        (row,) = yield text("SELECT pg_backend_pid()")
        frozen.append(row[0])
        os.kill(row[0], signal.SIGSTOP)
        yield text("SELECT 1")

    for run in (database.write, database.read):
        with pytest.raises(DatabaseUnavailable):
            await run(held_up)
    assert await setting(database, "transaction_read_only") == "off"
    for pid in frozen:
        os.kill(pid, signal.SIGCONT)
    await database.close()
    own_server.drop(name)


async def test_one_server_a_database(own_server: PostgresServer) -> None:
    name, another = own_server.create(), own_server.create()
    async with sole_server(own_server.url(name)):
        with pytest.raises(DatabaseTaken):
            async with sole_server(own_server.url(name)):
                pytest.fail("there were two")
        # In no transaction, or the server would end it for being idle.
        holding = f"SELECT state FROM pg_stat_activity WHERE datname = '{name}'"
        assert own_server.sql(holding).split() == ["idle"]
        async with sole_server(own_server.url(another)), sole_server(None), sole_server(None):
            pass
    async with sole_server(own_server.url(name)):
        pass
    async with (
        sole_server(own_server.url(name), node=True),
        sole_server(own_server.url(name), node=True),
    ):
        with pytest.raises(DatabaseTaken):
            async with sole_server(own_server.url(name)):
                pytest.fail("one that is no node beside those that are")
    for each in (name, another):
        own_server.drop(each)


async def test_machines_whose_clocks_are_apart_go_by_the_databases(
    own_server: PostgresServer,
) -> None:
    name = own_server.create()
    database = PostgresDatabase(own_server.url(name))
    machines = ManualClock(), ManualClock(ManualClock().wall_us() + 300_000_000, 5, "machine 2")
    clocks = [DatabaseClock(machine, database) for machine in machines]
    for clock in clocks:
        await clock.ask()
    # Their machines stand still, so the second asked later, by what the database said.
    assert 0 <= clocks[1].wall_us() - clocks[0].wall_us() < 60_000_000
    machines[0].step_wall(-3_600_000_000)
    before_us = clocks[0].wall_us()
    await machines[0].advance(2)
    assert clocks[0].wall_us() == before_us + 2_000_000
    assert (clocks[1].epoch(), clocks[1].monotonic_us()) == ("machine 2", 5)
    await database.close()
    assert clocks[0].wall_us() == before_us + 2_000_000  # also without it
    own_server.drop(name)


class BusyClock(ManualClock):
    """Of a machine on which two seconds pass between any two looks at it."""

    def monotonic_us(self) -> int:
        self._monotonic_us += 2_000_000
        return self._monotonic_us


async def test_a_first_answer_that_took_long_still_says_more_than_the_machine(
    own_server: PostgresServer,
) -> None:
    name = own_server.create()
    database = PostgresDatabase(own_server.url(name))
    busy, exact = DatabaseClock(BusyClock(1), database), DatabaseClock(SystemClock(), database)
    for clock in (busy, exact):
        await clock.ask()
    assert abs(busy.wall_us() - exact.wall_us()) < 60_000_000
    await database.close()
    own_server.drop(name)


async def test_a_server_whose_hold_was_lost_ends_as_it_would_have(
    own_server: PostgresServer,
) -> None:
    name = own_server.create()
    async with sole_server(own_server.url(name)):
        await asyncio.to_thread(own_server.restart)
        async with sole_server(own_server.url(name)):
            pass
    own_server.drop(name)


async def test_what_cannot_be_reached_cannot_be_held(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnavailable):
        async with sole_server(f"postgresql://nobody@/none?host={tmp_path}"):
            pytest.fail("nothing was held")
