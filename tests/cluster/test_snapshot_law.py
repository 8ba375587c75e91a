"""The snapshot law on two nodes, while Redis is flushed, killed and paused."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from tests.support.databases import Storage
from tests.support.law import World, hold
from tests.support.nodes import open_nodes
from tests.support.redis import RedisServer


@pytest.mark.parametrize(
    ("examples", "steps"),
    [
        (4, 8),
        pytest.param(150, 15, marks=[pytest.mark.soak, pytest.mark.timeout(7200)]),
    ],
)
def test_a_copy_is_as_a_fresh_snapshot_whatever_happens(
    shared: Storage, redis: RedisServer, tmp_path: Path, examples: int, steps: int
) -> None:
    with asyncio.Runner() as runner:
        storages = [replace(shared, data=tmp_path / name) for name in ("one", "other")]
        running = open_nodes(*storages)
        nodes = runner.run(running.__aenter__())
        hold(World([nodes.one, nodes.other], runner.run, redis), examples=examples, steps=steps)
        runner.run(running.__aexit__(None, None, None))
