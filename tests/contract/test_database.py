"""What every engine promises: plans, isolation, durability of what was answered."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import (
    Column,
    Connection,
    Integer,
    MetaData,
    Select,
    String,
    Table,
    bindparam,
    func,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from runtime.database import (
    Database,
    DatabaseUnavailable,
    Plan,
    Prepared,
    RowId,
    among,
    insert,
    listed,
    only,
)
from runtime.tables import leases
from tests.support.databases import SiteMissingError, Storage

schema = MetaData()
counters = Table(
    "counters",
    schema,
    Column("id", RowId, primary_key=True),
    Column("name", String, nullable=False, unique=True),
    Column("value", Integer, nullable=False),
)


class Refused(Exception):
    pass


def add(name: str, value: int) -> Plan[int]:
    """Add to a counter; returns what it holds then."""
    new = insert(counters).values(name=name, value=value)
    rows = yield new.on_conflict_do_update(
        index_elements=["name"], set_={"value": counters.c.value + new.excluded.value}
    ).returning(counters.c.value)
    total: int = rows[0].value
    return total


def add_then_refuse(name: str) -> Plan[None]:
    yield from add(name, 1)
    raise Refused(name)


def values() -> Plan[dict[str, int]]:
    rows = yield select(counters.c.name, counters.c.value)
    return {row.name: row.value for row in rows}


@pytest.fixture
async def db(database: Database) -> Database:
    await database.exclusive(schema.create_all)
    return database


async def test_a_plan_is_sent_rows_and_returns_its_result(db: Database) -> None:
    assert await db.write(add, "a", 2) == 2
    assert await db.write(add, "a", value=3) == 5
    assert await db.read(values) == {"a": 5}


async def test_statements_without_rows_send_an_empty_sequence(db: Database) -> None:
    def plan() -> Plan[list[int]]:
        sizes = [len((yield insert(counters).values(name="a", value=1)))]
        sizes.append(len((yield update(counters).values(value=2))))
        sizes.append(len((yield select(counters))))
        return sizes

    assert await db.write(plan) == [0, 0, 1]


async def test_many_parameter_sets_in_one_statement(db: Database) -> None:
    def plan(names: list[str]) -> Plan[None]:
        yield insert(counters), [{"name": name, "value": 1} for name in names]

    await db.write(plan, ["a", "b", "c"])
    await db.write(plan, [])
    assert await db.read(values) == {"a": 1, "b": 1, "c": 1}


async def test_a_refusal_rolls_back_its_plan_alone(db: Database) -> None:
    results = await asyncio.gather(
        db.write(add, "a", 1),
        db.write(add_then_refuse, "a"),
        db.write(add_then_refuse, "b"),
        db.write(add, "a", 1),
        return_exceptions=True,
    )
    assert [type(result) for result in results] == [int, Refused, Refused, int]
    assert await db.read(values) == {"a": 2}


async def test_a_failed_statement_ends_its_plan_alone(db: Database) -> None:
    def twice(name: str) -> Plan[None]:
        yield insert(counters).values(name="other", value=1)
        for _ in range(2):
            yield insert(counters).values(name=name, value=1)

    results = await asyncio.gather(
        db.write(add, "a", 1), db.write(twice, "b"), db.write(add, "a", 1), return_exceptions=True
    )
    assert isinstance(results[1], IntegrityError)
    assert await db.read(values) == {"a": 2}


async def test_a_plan_is_closed_when_its_statement_fails(db: Database) -> None:
    closed = asyncio.Event()
    loop = asyncio.get_running_loop()

    def plan() -> Plan[None]:
        try:
            yield text("SELECT nothing FROM nowhere")
        finally:
            loop.call_soon_threadsafe(closed.set)

    with pytest.raises(Exception, match="nowhere"):
        await db.write(plan)
    await closed.wait()


async def test_concurrent_writes_all_count(db: Database) -> None:
    totals = await asyncio.gather(*(db.write(add, "a", 1) for _ in range(60)))
    assert sorted(totals) == list(range(1, 61))
    assert await db.read(values) == {"a": 60}


async def test_writes_that_deadlock_are_run_again(db: Database) -> None:
    await asyncio.gather(db.write(add, "a", 0), db.write(add, "b", 0))

    def both(first: str, second: str) -> Plan[None]:
        yield from add(first, 1)
        yield from add(second, 1)

    await asyncio.gather(
        *(db.write(both, *(("a", "b") if turn % 2 else ("b", "a"))) for turn in range(8))
    )
    assert await db.read(values) == {"a": 8, "b": 8}


async def test_a_read_sees_one_snapshot(db: Database) -> None:
    await db.write(add, "a", 1)
    loop = asyncio.get_running_loop()
    begun = asyncio.Event()
    seen: list[int] = []

    def first() -> Plan[int]:
        rows = yield select(func.sum(counters.c.value))
        loop.call_soon_threadsafe(begun.set)
        seen.append(rows[0][0])
        # Until the other write is answered: a thread of the engine may block, the loop may not.
        while len(seen) == 1:
            seen_again = yield select(func.sum(counters.c.value))
            if written.is_set():
                seen.append(seen_again[0][0])
        return seen[1]

    written = asyncio.Event()

    async def write() -> None:
        await begun.wait()
        await db.write(add, "a", 10)
        written.set()

    total, _ = await asyncio.gather(db.read(first), write())
    assert seen == [1, 1]
    assert total == 1
    assert await db.read(values) == {"a": 11}


async def test_a_read_cannot_write(db: Database) -> None:
    with pytest.raises(Exception, match=r"(?i)read.?only"):
        await db.read(add, "a", 1)
    assert await db.read(values) == {}
    assert await db.write(add, "a", 1) == 1


async def test_a_cancelled_caller_harms_no_other(db: Database) -> None:
    cancelled = asyncio.create_task(db.write(add, "a", 1))
    others = [asyncio.create_task(db.write(add, "b", 1)) for _ in range(5)]
    await asyncio.sleep(0)
    cancelled.cancel()
    results = await asyncio.gather(cancelled, *others, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert sorted(total for total in results[1:] if isinstance(total, int)) == [1, 2, 3, 4, 5]
    assert (await db.read(values))["b"] == 5


async def test_what_was_answered_is_there_after_reopening(db: Database, storage: Storage) -> None:
    await asyncio.gather(*(db.write(add, f"n{number}", number) for number in range(20)))
    await db.close()
    again = storage.open()
    assert await again.read(values) == {f"n{number}": number for number in range(20)}
    await again.close()


async def test_closing_finishes_what_was_accepted_and_refuses_the_rest(db: Database) -> None:
    write = asyncio.create_task(db.write(add, "a", 1))
    read = asyncio.create_task(db.read(only, select(1)))
    assert await write == 1
    assert (await read)[0][0] == 1
    await db.close()
    for attempt in (db.write(add, "a", 1), db.read(values), db.exclusive(schema.create_all)):
        with pytest.raises(DatabaseUnavailable):
            await attempt
    await db.close()


async def test_exclusive_work_is_all_or_nothing(db: Database) -> None:
    extra = Table("extra", MetaData(), Column("id", RowId, primary_key=True))

    def half(connection: Connection) -> None:
        extra.create(connection)
        raise Refused

    with pytest.raises(Refused):
        await db.exclusive(half)
    await db.exclusive(extra.create)
    assert await db.read(only, select(extra)) == []


async def test_a_query_that_forgets_its_site_is_refused_in_tests(database: Database) -> None:
    forgets = select(leases.c.owner)
    with pytest.raises(SiteMissingError):
        await database.read(only, forgets)
    with pytest.raises(SiteMissingError):
        await database.write(only, update(leases).values(owner="b"))
    assert await database.read(only, forgets.where(leases.c.site_id == "site")) == []
    assert await database.read(only, forgets.execution_options(all_sites="because")) == []


async def test_whoever_asks_at_once_is_answered_each_their_own(db: Database) -> None:
    def look_up(name: str) -> Plan[int]:
        rows = yield select(counters.c.value).where(counters.c.name == name)
        if not rows:
            raise Refused(name)
        value: int = rows[0].value
        return value

    await asyncio.gather(*(db.write(add, f"c{number}", number) for number in range(0, 100, 2)))
    asking = [asyncio.create_task(db.read(look_up, f"c{number}")) for number in range(100)]
    asking[4].cancel()
    results = await asyncio.gather(*asking, return_exceptions=True)
    kinds = [type(result) for result in results]
    assert kinds[:5] == [int, Refused, int, Refused, asyncio.CancelledError]
    assert kinds[5:] == [Refused, int] * 47 + [Refused]
    assert [result for result in results if isinstance(result, int)] == [0, 2, *range(6, 100, 2)]


# ---- prepared statements -----------------------------------------------------------------------

ADD = Prepared(
    insert(counters)
    .values(name=bindparam("name"), value=bindparam("value"))
    .on_conflict_do_update(
        index_elements=["name"],
        set_={"value": counters.c.value + bindparam("value", type_=Integer)},
    )
    .returning(counters.c.value)
)
_among = (
    select(counters.c.name, (counters.c.value + 1).label("more"))
    .where(among(counters.c.name, "names"), counters.c.value > bindparam("least"))
    .order_by(counters.c.name.desc())
    .limit(2)
)
AMONG, TOGETHER = Prepared(_among), Prepared(_among, together=True)


@pytest.mark.parametrize("statement", [AMONG, TOGETHER])
async def test_a_prepared_statement_is_run_with_the_values_it_is_given(
    db: Database, statement: Prepared
) -> None:
    def plan(name: str, value: int) -> Plan[int]:
        rows = yield ADD(name=name, value=value)
        total: int = rows[0].value
        return total

    assert [await db.write(plan, *each) for each in (("a", 2), ("a", 3), ("b", 2**31 - 2))] == [
        2,
        5,
        2**31 - 2,
    ]
    await db.write(plan, "ç'\"", 7)
    found = await db.read(only, statement(names=listed(["a", "ç'\"", "none"]), least=4))
    assert [(row.name, row.more) for row in found] == [("ç'\"", 8), ("a", 6)]
    assert len(await db.read(only, statement(names=listed(["a", "b", "ç'\""]), least=0))) == 2
    assert await db.read(only, statement(names=listed([]), least=0)) == []


async def test_a_prepared_statement_wants_all_of_its_values_and_no_others(db: Database) -> None:
    for values in ({"least": 4}, {"least": 4, "names": "[]", "more": 1}):
        with pytest.raises(TypeError, match="least"):
            await db.read(only, AMONG(**values))


@pytest.mark.parametrize(
    "statement",
    [
        select(counters.c.id).where(counters.c.name.in_(bindparam("names", expanding=True))),
        select(func.now()),
    ],
)
async def test_what_the_drivers_do_not_agree_on_is_not_prepared(
    db: Database, statement: Select[int]
) -> None:
    for together in (False, True):
        with pytest.raises(TypeError):
            await db.read(only, Prepared(statement, together=together)())


async def test_a_prepared_statement_names_its_site_too(database: Database) -> None:
    with pytest.raises(SiteMissingError):
        await database.read(only, Prepared(select(leases.c.key))())
    told = Prepared(select(leases.c.key), all_sites="a test")
    assert await database.read(only, told()) == []
