import asyncio

from runtime.clock import SteadyClock, SystemClock, wait_until_set
from tests.support.clock import ManualClock, settle


async def test_sleepers_wake_in_order_each_at_its_own_time() -> None:
    clock = ManualClock()
    woken: list[tuple[str, int]] = []

    async def sleeper(name: str, seconds: float, again: float) -> None:
        await clock.sleep(seconds)
        woken.append((name, clock.monotonic_us()))
        await clock.sleep(again)
        woken.append((name, clock.monotonic_us()))

    tasks = [
        asyncio.create_task(sleeper("slow", 3, 1)),
        asyncio.create_task(sleeper("fast", 1, 1.5)),
    ]
    await clock.advance(10)
    await asyncio.gather(*tasks)
    assert woken == [
        ("fast", 1_000_000),
        ("fast", 2_500_000),
        ("slow", 3_000_000),
        ("slow", 4_000_000),
    ]
    assert clock.monotonic_us() == 10_000_000


async def test_only_the_wall_steps() -> None:
    clock = ManualClock(wall_us=100)
    clock.step_wall(-30)
    await clock.advance(1)
    assert (clock.wall_us(), clock.monotonic_us()) == (1_000_070, 1_000_000)


async def test_a_steady_clock_goes_on_as_it_did_on_the_same_machine() -> None:
    clock = ManualClock(wall_us=1_000)
    before = SteadyClock(clock)
    clock.step_wall(-900)
    await clock.advance(1)
    after = SteadyClock(clock)
    assert after.wall_us() == 1_000_100
    after.go_on(before.course, not_before_us=7)
    assert after.wall_us() == before.wall_us() == 1_001_000
    after.go_on(before.course, not_before_us=2_000_000)  # never behind what is on record
    assert after.wall_us() == 2_000_000
    for nothing in (("", 55), ("machine 2", 55)):
        after.go_on(nothing, not_before_us=7)
        assert after.wall_us() == clock.wall_us() == 1_000_100
    course = before.course
    clock.reboot()
    after.go_on(course, not_before_us=3_000_000)
    assert after.wall_us() == 3_000_000


async def test_the_machine_has_one_epoch() -> None:
    assert SystemClock().epoch() == SystemClock().epoch() != ""


async def test_waiting_ends_with_the_event_or_the_time() -> None:
    clock = ManualClock()
    event = asyncio.Event()
    waits = [
        asyncio.create_task(wait_until_set(event, clock, seconds)) for seconds in (1.0, 9.0, None)
    ]
    await clock.advance(2)
    assert [wait.done() for wait in waits] == [True, False, False]
    event.set()
    await asyncio.gather(*waits)
    await wait_until_set(event, clock, 5)
    assert clock.monotonic_us() == 2_000_000


async def test_a_cancelled_wait_leaves_nothing_behind() -> None:
    before = asyncio.all_tasks()
    wait = asyncio.create_task(wait_until_set(asyncio.Event(), ManualClock(), 5))
    await settle()
    wait.cancel()
    await asyncio.gather(wait, return_exceptions=True)
    assert wait.cancelled()
    assert asyncio.all_tasks() == before


async def test_the_system_clock_counts_microseconds() -> None:
    clock = SystemClock()
    before_us = clock.monotonic_us()
    await clock.sleep(0.01)
    assert clock.monotonic_us() - before_us >= 10_000 - 1
    assert clock.wall_us() > 1_750_000_000_000_000
