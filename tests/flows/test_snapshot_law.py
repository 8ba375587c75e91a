"""The snapshot law on one node."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.app import App
from tests.support.databases import sqlite_copy
from tests.support.law import World, hold


def test_a_copy_is_as_a_fresh_snapshot_whatever_happens(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    with asyncio.Runner() as runner:
        app = App.over(sqlite_copy(migrated_sqlite, tmp_path / "data"))
        runner.run(app.__aenter__())
        hold(World([app], runner.run), examples=10, steps=12)
        runner.run(app.__aexit__(None, None, None))
