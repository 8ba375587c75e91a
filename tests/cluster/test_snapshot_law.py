"""The snapshot law on two nodes, while Redis is flushed, killed and paused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.databases import Storage
from tests.support.law import World, hold, machine, mark, react, send
from tests.support.nodes import open_nodes
from tests.support.redis import RedisServer


@pytest.fixture
def world(
    shared: Storage, redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """Nobody glances but who has reason to: what a glance would bring must come sooner."""
    monkeypatch.setattr("ithaca.house.GLANCE_INTERVAL_S", 3600.0)
    with asyncio.Runner() as runner:
        storages = [replace(shared, data=tmp_path / name) for name in ("one", "other")]
        running = open_nodes(*storages)
        nodes = runner.run(running.__aenter__())
        yield World([nodes.one, nodes.other], runner.run, redis)
        runner.run(running.__aexit__(None, None, None))


def test_a_copy_is_as_a_fresh_snapshot_through_each_harm(world: World) -> None:
    """Mutants: who comes listens after the snapshot; a recovery does not look at conversations."""
    pages: Any = machine(world)()
    pages.begin(who=0, count=2)
    numbers = iter(range(1, 100))
    for harm, zone, verb in (
        ("flush", "Asia/Kathmandu", "block"),
        ("kill", "Europe/Vienna", "unblock"),
        ("pause", "Asia/Kathmandu", "block"),
    ):
        pages.redis_is_harmed(harm=harm, who=0, change=send(next(numbers), None))
        pages.every_copy_is_as_a_fresh_snapshot()
        for which in (0, 1):  # on either node
            number = next(numbers)
            pages.a_page_comes_back_while_something_changes(
                which=which, who=1 - which, change=send(number, number)
            )
            pages.every_copy_is_as_a_fresh_snapshot()
        pages.somebody_goes_by_another_clock(which=1, zone=zone)
        pages.somebody_sets_bounds(which=1, verb=verb, hint="pass")
        pages.every_copy_is_as_a_fresh_snapshot()
        pages.redis_is_harmed(harm="", who=1, change=react(1, "👍", harm != "kill"))
        pages.somebody_changes_something(who=1, change=mark(3, True), hint="hold")
        pages.every_copy_is_as_a_fresh_snapshot()
    pages.teardown()


@pytest.mark.soak
@pytest.mark.timeout(7200)
def test_a_copy_is_as_a_fresh_snapshot_whatever_happens(world: World) -> None:
    hold(world, examples=150, steps=15)
