from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest

from runtime.driver import Driver
from runtime.machine import Machine, NoCell, WakeAt, cell
from tests.support.clock import ManualClock, settle

Log = tuple[str, ...]
Effect = str | WakeAt[object]


@dataclass(frozen=True)
class Say:
    """An event that asks for effects: strings to perform, or timers."""

    name: str
    effects: tuple[Effect, ...] = ()


@dataclass(frozen=True)
class Unknown:
    pass


def said(state: Log, event: Say, now_us: int) -> tuple[Log, tuple[Effect, ...]]:
    return (*state, f"{event.name}@{now_us}"), event.effects


MACHINE: Machine[Log, object, Effect] = Machine(
    "log", lambda _state: "on", {("on", Say): cell(said, "on")}
)


def driver(
    clock: ManualClock,
    perform: Callable[[str], Awaitable[None]],
    refuse: Callable[[object, NoCell], Awaitable[None]] | None = None,
) -> Driver[Log, object, str]:
    return Driver(
        MACHINE, (), clock=clock, now_us=clock.monotonic_us, perform=perform, refuse=refuse
    )


async def nothing(effect: str) -> None:
    pass


@asynccontextmanager
async def running(it: Driver[Log, object, str]) -> AsyncIterator[None]:
    task = asyncio.create_task(it.run())
    try:
        yield
    finally:
        it.stop()
        await task


async def test_one_event_then_all_its_effects_then_the_next() -> None:
    order: list[str] = []

    async def perform(effect: str) -> None:
        order.append(f"begin {effect} after {len(it.state)}")
        it.feed(Say(f"from {effect}"))
        await asyncio.sleep(0)
        order.append(f"end {effect}")

    it = driver(ManualClock(), perform)
    it.feed(Say("a", ("x", "y")))
    it.feed(Say("b"))
    async with running(it):
        await settle()
        assert order == ["begin x after 1", "end x", "begin y after 1", "end y"]
        assert list(it.state) == ["a@0", "b@0", "from x@0", "from y@0"]


async def test_timers_fire_in_the_order_of_their_times() -> None:
    clock = ManualClock()
    it = driver(clock, nothing)
    async with running(it):
        it.feed(Say("a", (WakeAt(3_000_000, Say("late")), WakeAt(1_000_000, Say("early")))))
        await clock.advance(0.9)
        assert list(it.state) == ["a@0"]
        await clock.advance(10)
        assert list(it.state) == ["a@0", "early@1000000", "late@3000000"]


async def test_a_timer_set_while_waiting_for_a_later_one_fires_first() -> None:
    clock = ManualClock()
    it = driver(clock, nothing)
    async with running(it):
        it.feed(Say("a", (WakeAt(9_000_000, Say("late")),)))
        await clock.advance(1)
        it.feed(Say("b", (WakeAt(2_000_000, Say("early")),)))
        await clock.advance(2)
        assert it.state[-1] == "early@2000000"


async def test_a_step_of_the_wall_clock_moves_no_timer() -> None:
    clock = ManualClock()
    it = driver(clock, nothing)
    async with running(it):
        it.feed(Say("a", (WakeAt(1_000_000, Say("due")),)))
        await settle()
        clock.step_wall(3_600_000_000)
        await clock.advance(0.5)
        clock.step_wall(-7_200_000_000)
        assert list(it.state) == ["a@0"]
        await clock.advance(0.5)
        assert list(it.state) == ["a@0", "due@1000000"]


async def test_stop_finishes_the_effects_at_hand_and_drops_the_rest() -> None:
    done: list[str] = []

    async def perform(effect: str) -> None:
        it.stop()
        await asyncio.sleep(0)
        done.append(effect)

    it = driver(ManualClock(), perform)
    it.feed(Say("a", ("x", "y")))
    it.feed(Say("b", ("z",)))
    await it.run()
    assert done == ["x", "y"]
    assert list(it.state) == ["a@0"]


async def test_what_perform_raises_reaches_the_caller_of_run() -> None:
    async def perform(effect: str) -> None:
        raise ConnectionResetError(effect)

    it = driver(ManualClock(), perform)
    it.feed(Say("a", ("x",)))
    with pytest.raises(ConnectionResetError, match="x"):
        await it.run()


async def test_an_event_without_a_cell_is_refused_and_the_rest_goes_on() -> None:
    refused: list[tuple[object, str]] = []

    async def refuse(event: object, no_cell: NoCell) -> None:
        refused.append((event, no_cell.phase))

    it = driver(ManualClock(), nothing, refuse)
    async with running(it):
        it.feed(Unknown())
        it.feed(Say("a"))
        await settle()
        assert refused == [(Unknown(), "on")]
        assert list(it.state) == ["a@0"]


async def test_without_anyone_to_blame_no_cell_ends_run() -> None:
    it = driver(ManualClock(), nothing)
    it.feed(Unknown())
    with pytest.raises(NoCell):
        await it.run()


def prompt(
    at_once: Callable[[str], bool], perform: Callable[[str], Awaitable[None]] = nothing
) -> Driver[Log, object, str]:
    clock = ManualClock()
    return Driver(
        MACHINE, (), clock=clock, now_us=clock.monotonic_us, perform=perform, at_once=at_once
    )


async def test_what_needs_no_waiting_is_done_within_the_call() -> None:
    done: list[str] = []

    def at_once(effect: str) -> bool:
        done.append(effect)
        return True

    it = prompt(at_once)
    assert not it.take(Say("too early"))
    async with running(it):
        await settle()
        assert it.take(Say("a", ("x", "y")))
        assert done == ["x", "y"]
        assert it.idle
    assert not it.take(Say("too late"))
    assert list(it.state) == ["a@0"]


async def test_behind_an_effect_that_waits_comes_all_that_follows() -> None:
    done: list[str] = []
    goes_on = asyncio.Event()

    def at_once(effect: str) -> bool:
        if effect == "slow":
            return False
        done.append(effect)
        return True

    async def perform(effect: str) -> None:
        await goes_on.wait()
        done.append(effect)

    it = prompt(at_once, perform)
    async with running(it):
        await settle()
        assert it.take(Say("a", ("x", "slow", "y")))
        assert not it.take(Say("b", ("z",)))
        await it.put(Say("b", ("z",)))
        await settle()
        assert not it.take(Say("c"))
        assert done == ["x"]
        goes_on.set()
        await settle()
        assert done == ["x", "slow", "y", "z"]
        assert list(it.state) == ["a@0", "b@0"]


async def test_what_an_effect_feeds_comes_behind_its_event() -> None:
    done: list[str] = []

    def at_once(effect: str) -> bool:
        if effect == "x":
            assert not it.take(Say("c", ("z",)))
            it.feed(Say("b", ("z",)))
        done.append(effect)
        return True

    it = prompt(at_once)
    async with running(it):
        await settle()
        assert it.take(Say("a", ("x", "y")))
        assert done == ["x", "y"]
        assert not it.idle
        await settle()
        assert done == ["x", "y", "z"]


async def test_a_timer_that_is_set_at_once_rings() -> None:
    clock = ManualClock()
    it = driver(clock, nothing)
    async with running(it):
        await settle()
        assert it.take(Say("a", (WakeAt(2_000_000, Say("b")),)))
        await clock.advance(2)
        assert list(it.state) == ["a@0", "b@2000000"]


async def test_what_is_raised_at_once_reaches_the_caller_of_run() -> None:
    def at_once(effect: str) -> bool:
        raise ConnectionResetError(effect)

    it = prompt(at_once)
    task = asyncio.create_task(it.run())
    await settle()
    assert it.take(Say("a", ("x",)))
    assert not it.idle
    with pytest.raises(ConnectionResetError, match="x"):
        await task


async def test_an_event_without_a_cell_that_is_taken_at_once_is_refused() -> None:
    it = driver(ManualClock(), nothing)
    task = asyncio.create_task(it.run())
    await settle()
    assert it.take(Unknown())
    with pytest.raises(NoCell):
        await task
