"""The outbox on both engines: committed with its cause, delivered at least once."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import func, select

from runtime import outbox
from runtime.database import Database, DatabaseUnavailable, Plan
from runtime.outbox import BATCH, POLL_S, Dispatcher, Event, Handler, Later, backoff_us, put
from runtime.tables import outbox as table
from tests.support.app import WatchedDatabase
from tests.support.clock import ManualClock
from tests.support.databases import Storage

NOW = 1_800_000_000_000_000


def store(*event_ids: str, topic: str = "t", due_at_us: int | None = None) -> Plan[None]:
    for event_id in event_ids:
        yield put("site", event_id, topic, event_id.encode(), NOW, due_at_us)


def left() -> Plan[int]:
    rows = yield select(func.count()).select_from(table).where(table.c.site_id == "site")
    count: int = rows[0][0]
    return count


class Receiver:
    """A handler that remembers, and fails as often as it is told to."""

    def __init__(
        self, fail: dict[str, int] | None = None, error: type[Exception] = ConnectionError
    ) -> None:
        self.seen: list[str] = []
        self.events: list[Event] = []
        self._fail, self._error = fail or {}, error

    async def __call__(self, event: Event) -> None:
        self.seen.append(event.event_id)
        self.events.append(event)
        if self._fail.get(event.event_id, 0) > 0:
            self._fail[event.event_id] -= 1
            raise self._error(event.event_id)


def dispatcher(database: Database, clock: ManualClock, **handlers: Handler) -> Dispatcher:
    return Dispatcher(database, clock, {topic: [handler] for topic, handler in handlers.items()})


async def test_events_are_delivered_once_each_in_the_order_they_were_put(
    database: Database,
) -> None:
    receiver = Receiver()
    names = [f"e{number}" for number in range(BATCH + 20)]
    await database.write(store, *names)
    it = dispatcher(database, ManualClock(NOW), t=receiver)
    assert await it.deliver() is None
    assert await it.deliver() is None
    assert receiver.seen == names
    first = receiver.events[0]
    assert first == Event(first.id, "site", "e0", "t", b"e0", NOW, 0)


async def test_what_was_refused_is_not_delivered(database: Database) -> None:
    def refused() -> Plan[None]:
        yield from store("never")
        raise PermissionError

    with pytest.raises(PermissionError):
        await database.write(refused)
    await database.write(store, "real")
    receiver = Receiver()
    await dispatcher(database, ManualClock(NOW), t=receiver).deliver()
    assert receiver.seen == ["real"]


async def test_the_same_event_put_twice_is_one(database: Database) -> None:
    await database.write(store, "a", "a")
    await database.write(store, "a")
    receiver = Receiver()
    it = dispatcher(database, ManualClock(NOW), t=receiver)
    await it.deliver()
    await database.write(store, "a")
    await it.deliver()
    assert receiver.seen == ["a"]


@pytest.mark.parametrize("error", [ConnectionError, Later])
async def test_a_failing_event_waits_longer_each_time_and_blocks_no_other(
    database: Database, error: type[Exception]
) -> None:
    """So does one for which it is too early."""
    clock = ManualClock(NOW)
    receiver = Receiver({"bad": 3}, error)
    it = dispatcher(database, clock, t=receiver)
    await database.write(store, "bad", "good")
    waits = []
    while (next_us := await it.deliver()) is not None:
        waits.append(next_us - clock.wall_us())
        await clock.advance((next_us - clock.wall_us()) / 1_000_000)
    assert waits == [backoff_us(1), backoff_us(2), backoff_us(3)]
    assert receiver.seen == ["bad", "good", "bad", "bad", "bad"]
    assert [event.attempts for event in receiver.events] == [0, 0, 1, 2, 3]


def test_backoff_doubles_to_ten_minutes() -> None:
    waits = [backoff_us(attempts) // 1_000_000 for attempts in range(1, 13)]
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600]
    assert backoff_us(10**9) == 600_000_000


async def test_every_handler_of_a_topic_sees_an_event_again_when_one_fails(
    database: Database,
) -> None:
    clock = ManualClock(NOW)
    first, second = Receiver(), Receiver({"a": 1})
    it = Dispatcher(database, clock, {"t": [first, second]})
    await database.write(store, "a")
    await it.deliver()
    await clock.advance(1)
    await it.deliver()
    assert (first.seen, second.seen) == (["a", "a"], ["a", "a"])


async def test_a_delayed_event_waits_for_its_time(database: Database) -> None:
    clock = ManualClock(NOW)
    receiver = Receiver()
    it = dispatcher(database, clock, t=receiver)
    await database.write(store, "later", due_at_us=NOW + 90_000_000)
    assert await it.deliver() == NOW + 90_000_000
    assert receiver.seen == []
    await clock.advance(90)
    await it.deliver()
    assert receiver.seen == ["later"]


async def test_the_newest_event_is_the_newest_that_has_happened(database: Database) -> None:
    """Also one that waits to be tried again; what is put for later has not happened before."""
    hour_us = 3_600_000_000
    clock = ManualClock(NOW)
    it = dispatcher(database, clock, t=Receiver({"now": 1, "later": 1}))

    def later() -> Plan[None]:
        yield put("site", "later", "t", b"", NOW + hour_us, due_at_us=NOW + hour_us)

    async def latest() -> int:
        return await database.read(outbox.latest)

    assert await latest() == 0
    await database.write(store, "now")
    assert await latest() == NOW
    await database.write(later)
    assert await latest() == NOW
    await it.deliver()
    assert await latest() == NOW
    await clock.advance(3600)
    await it.deliver()  # tried, and to be tried again
    assert await latest() == NOW + hour_us
    await clock.advance(1)
    await it.deliver()
    assert await latest() == NOW + hour_us


async def test_a_wall_clock_that_went_back_delays_nothing_new(database: Database) -> None:
    await database.write(store, "a")
    receiver = Receiver()
    await dispatcher(database, ManualClock(NOW - 3_600_000_000), t=receiver).deliver()
    assert receiver.seen == ["a"]


async def test_a_topic_that_nobody_handles_is_done(database: Database) -> None:
    await database.write(store, "a", topic="unknown")
    assert await dispatcher(database, ManualClock(NOW)).deliver() is None


async def test_after_a_crash_between_commit_and_dispatch_the_next_start_delivers(
    database: Database, storage: Storage
) -> None:
    await database.write(store, "a")
    await database.close()
    again = storage.open()
    receiver = Receiver()
    await dispatcher(again, ManualClock(NOW), t=receiver).deliver()
    assert receiver.seen == ["a"]
    await again.close()


async def test_after_a_crash_during_delivery_the_event_comes_again(database: Database) -> None:
    await database.write(store, "a")
    begun = asyncio.Event()

    async def hang(event: Event) -> None:
        begun.set()
        await asyncio.Event().wait()

    crashed = asyncio.create_task(dispatcher(database, ManualClock(NOW), t=hang).deliver())
    await begun.wait()
    crashed.cancel()
    await asyncio.gather(crashed, return_exceptions=True)
    receiver = Receiver()
    await dispatcher(database, ManualClock(NOW), t=receiver).deliver()
    assert receiver.seen == ["a"]


class Running:
    """A dispatcher at work, and a way to wait for what it delivers."""

    def __init__(self, database: Database, clock: ManualClock) -> None:
        self.arrived: asyncio.Queue[str] = asyncio.Queue()
        self.dispatcher = dispatcher(database, clock, t=self._arrive)
        self._task = asyncio.create_task(self.dispatcher.run())

    async def _arrive(self, event: Event) -> None:
        self.arrived.put_nowait(event.event_id)

    async def stop(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        assert self._task.cancelled()


async def test_a_nudge_delivers_now(database: Database) -> None:
    clock = ManualClock(NOW)
    running = Running(database, clock)
    await clock.slept_on()
    await database.write(store, "a")
    running.dispatcher.nudge()
    assert await running.arrived.get() == "a"
    await running.stop()
    assert clock.wall_us() == NOW


async def test_without_a_nudge_the_next_poll_delivers(database: Database) -> None:
    clock = ManualClock(NOW)
    running = Running(database, clock)
    await clock.slept_on()
    await database.write(store, "a")
    await clock.advance(POLL_S)
    assert await running.arrived.get() == "a"
    await running.stop()


async def test_a_delayed_event_is_not_late_by_a_poll(database: Database) -> None:
    clock = ManualClock(NOW)
    await database.write(store, "a", due_at_us=NOW + 1_000_000)
    running = Running(database, clock)
    await clock.slept_on()
    await clock.advance(1)
    assert await running.arrived.get() == "a"
    await running.stop()


async def test_done_events_are_forgotten_after_a_day(database: Database) -> None:
    clock = ManualClock(NOW)
    await database.write(store, "done")
    await dispatcher(database, clock, t=Receiver()).deliver()
    await database.write(store, "waiting", due_at_us=NOW + 10 * outbox.KEEP_DONE_US)

    async def counted_after(seconds: float) -> int:
        await clock.advance(seconds)
        running = Running(database, clock)
        await clock.slept_on()
        await running.stop()
        return await database.read(left)

    assert await counted_after(outbox.KEEP_DONE_US / 1_000_000) == 2
    assert await counted_after(1) == 1


async def test_it_outlives_a_database_that_is_away(storage: Storage) -> None:
    clock = ManualClock(NOW)
    database = storage.open()
    running = Running(database, clock)
    await clock.slept_on()
    await database.close()  # every use is DatabaseUnavailable from now on
    running.dispatcher.nudge()
    await clock.slept_on()
    await running.stop()


class Turns:
    """Implements Turn."""

    def __init__(self, owner: str) -> None:
        self.owner, self.passed_on = owner, 0

    def pass_on(self) -> None:
        self.passed_on += 1


async def test_whose_turn_it_is_is_told_also_after_a_database_that_was_away(
    database: Database,
) -> None:
    """Mutant: that there is something is forgotten before the turn was asked for."""
    clock, turns, watched = ManualClock(NOW), Turns("other"), WatchedDatabase(database)
    await Dispatcher(database, clock, {}, Turns("one")).deliver()
    other = Dispatcher(watched, clock, {}, turns)
    await database.write(store, "a")
    other.nudge()
    watched.cut_off = True
    with pytest.raises(DatabaseUnavailable):
        await other.deliver()
    watched.cut_off = False
    for _ in range(2):
        await other.deliver()
    assert turns.passed_on == 1


async def test_of_several_nodes_one_delivers_until_it_gives_up_or_dies(database: Database) -> None:
    clock, receivers = ManualClock(NOW), (Receiver(), Receiver())
    turns = Turns("one"), Turns("other")
    one, other = (
        Dispatcher(database, clock, {"t": [receiver]}, turn)
        for receiver, turn in zip(receivers, turns, strict=True)
    )
    await database.write(store, "first")
    await one.deliver()
    await database.write(store, "second")
    other.nudge()
    await other.deliver()
    await other.deliver()
    assert (receivers[1].seen, turns[1].passed_on) == ([], 1)  # it is the other's turn, once said
    one.nudged_by_another()
    await one.deliver()
    assert receivers[0].seen == ["first", "second"]
    await clock.advance(outbox.TURN_TTL_US / 1_000_000)  # the one is dead, for all that is known
    await database.write(store, "third")
    await other.deliver()
    await one.deliver()
    assert (receivers[0].seen, receivers[1].seen) == (["first", "second"], ["third"])
    running = asyncio.create_task(other.run())
    await clock.slept_on()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    await database.write(store, "fourth")
    await one.deliver()  # it was given up: nobody waits for it to lapse
    assert receivers[0].seen == ["first", "second", "fourth"]
    done = await database.read(outbox.done_since, NOW)
    assert [event.event_id for event in done] == ["first", "second", "third", "fourth"]
    assert await database.read(outbox.done_since, clock.wall_us() + 1) == []
