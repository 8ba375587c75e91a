"""The snapshot law on one node."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from tests.support.app import App
from tests.support.databases import sqlite_copy
from tests.support.law import World, hold, machine


def test_a_copy_knows_by_which_clock_each_goes_though_they_block_and_travel(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    """Mutants: only who blocks is told of it; who is blocked looks for it in what they held."""
    with asyncio.Runner() as runner:
        app = App.over(sqlite_copy(migrated_sqlite, tmp_path / "data"))
        runner.run(app.__aenter__())
        pages: Any = machine(World([app], runner.run))()
        pages.begin(who=0, count=1)
        for zone, verb in (
            ("Asia/Kathmandu", "block"), ("Africa/Lagos", "hide"), ("Europe/Vienna", "unblock"),
            ("Europe/Vienna", "block"), ("Asia/Kathmandu", "unblock"),
        ):  # fmt: skip
            pages.somebody_goes_by_another_clock(which=1, zone=zone)
            pages.every_copy_is_as_a_fresh_snapshot()
            pages.somebody_sets_bounds(which=1, verb=verb, hint="pass")
            pages.every_copy_is_as_a_fresh_snapshot()
        pages.teardown()
        runner.run(app.__aexit__(None, None, None))


def test_a_copy_is_as_a_fresh_snapshot_whatever_happens(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    with asyncio.Runner() as runner:
        app = App.over(sqlite_copy(migrated_sqlite, tmp_path / "data"))
        runner.run(app.__aenter__())
        hold(World([app], runner.run), examples=10, steps=12)
        runner.run(app.__aexit__(None, None, None))
