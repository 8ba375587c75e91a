"""The machine's wall clock is set by an hour, both ways, under a running server, with people in a
call: no total changes."""

from __future__ import annotations

import asyncio
from pathlib import Path

from tests.support.load import Call, is_sound
from tests.support.machine import Machine, build
from tests.support.serving import Server

HOUR_S = 3600


async def test_the_wall_clock_steps_under_a_call(tmp_path: Path) -> None:
    machine = Machine(tmp_path, build(tmp_path))
    server = Server(tmp_path, machine=machine.environment)
    await server.start()
    call = Call(server, server.links)
    await call.begin()
    for ahead_s in (HOUR_S, -HOUR_S, 0):
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
