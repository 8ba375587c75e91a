"""A session is closed by many at once, over HTTP, and the server is killed meanwhile."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from pathlib import Path

import pytest

from protocol.views import SessionView
from tests.support.load import AWAY, Call, is_sound
from tests.support.serving import Server


async def close_at_once(
    server: Server, call: Call, closers_each: int, *, kill_after_s: float | None = None
) -> None:
    session = call.session
    closers = [
        asyncio.create_task(sitter.api.end(session))
        for _ in range(closers_each)
        for sitter in call.sitters
    ]
    if kill_after_s is not None:
        await asyncio.sleep(kill_after_s)
        await server.kill()
        await server.start()
    answers = await asyncio.gather(*closers, return_exceptions=True)
    await call.vanish()
    await call.api.sign_in()
    last = await call.api.end(session)
    views = [answer for answer in answers if isinstance(answer, SessionView)]
    away = [answer for answer in answers if not isinstance(answer, SessionView)]
    assert all(isinstance(error, AWAY) for error in away), away
    assert not away or kill_after_s is not None, away
    assert {(view.ended_us, view.end_reason, view.together_us) for view in [*views, last]} == {
        (last.ended_us, "ended", last.together_us)
    }
    tags = Counter(type(each.fact).__name__ for each in await call.api.facts(session))
    assert tags["SessionEnded"] == 1
    assert last.settlement is not None
    assert tags["SessionSettled"] == last.settlement.revision
    await is_sound(server)


@pytest.mark.parametrize("closers_each", [15, pytest.param(50, marks=pytest.mark.soak)])
async def test_of_many_who_close_it_one_does(tmp_path: Path, closers_each: int) -> None:
    server = Server(tmp_path)
    await server.start()
    call = Call(server, server.links)
    await call.begin()
    await asyncio.sleep(1)
    await close_at_once(server, call, closers_each)
    await server.stop()
    assert server.errors() == []


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_of_a_hundred_who_close_it_one_does_though_the_server_dies(tmp_path: Path) -> None:
    dice = random.Random(7)
    server = Server(tmp_path)
    await server.start()
    for number in range(50):
        call = Call(server, await server.invite(f"Mentor {number}", f"Mentee {number}"))
        await call.begin()
        await close_at_once(server, call, 50, kill_after_s=dice.uniform(0, 0.5))
    await server.stop()
    assert server.errors() == []
