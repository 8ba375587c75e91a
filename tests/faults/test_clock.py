"""The machine's wall clock is set by an hour, both ways, under a running server, with people in a
call: no total changes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.load import Call, is_sound
from tests.support.machine import Machine, build
from tests.support.serving import Server

HOUR_S = 3600


async def step(folder: Path, steps: Sequence[int]) -> None:
    """The machine's clock is ahead by each of these for three seconds, and right in the end."""
    machine = Machine(folder, build(folder))
    server = Server(folder, machine=machine.environment)
    await server.start()
    call = Call(server, server.links)
    await call.begin()
    for ahead_s in (*steps, 0):
        machine.set_clock_by(ahead_s)
        await asyncio.sleep(3)
    for sitter in call.sitters:
        await sitter.leave()
    sat_s = call.sat_s
    await call.vanish()
    account = await call.account()
    assert account.interruptions == ()
    assert account.estimated is False
    for said_us in (account.together_us, account.contact_us):
        assert abs(said_us / 1e6 - sat_s) <= 1, account
    walls = [fact.wall_us - fact.monotonic_us for fact in await call.api.facts(call.session)]
    assert max(walls) - min(walls) < HOUR_S * 1_000_000 / 2, "the last step is undone"
    await is_sound(server)
    await server.stop()
    assert server.errors() == []
    print(f"{len(steps)} steps of an hour in a call of {sat_s:.1f} s, all of it proven")


async def test_the_wall_clock_steps_under_a_call(tmp_path: Path) -> None:
    await step(tmp_path, (HOUR_S, -HOUR_S))


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_the_wall_clock_steps_again_and_again_under_a_call(tmp_path: Path) -> None:
    dice = random.Random(7)
    await step(tmp_path, [HOUR_S * dice.choice((-2, -1, 1, 2)) for _ in range(50)])
