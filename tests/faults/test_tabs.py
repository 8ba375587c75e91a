"""Two tabs of each person take the call over from each other, over real sockets: no second is
added or taken."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from tests.support.load import dial, is_sound
from tests.support.serving import Api, Server

BEAT_S = 2.0


class Tab:
    """One tab of a person: it beats, whether it is in the room or not."""

    def __init__(self, server: Server, link: str, name: str) -> None:
        self._server, self._api, self._name = server, Api(server, link), name
        self._beats: asyncio.Task[None] | None = None

    async def open(self) -> None:
        grant = await self._api.sign_in()
        self._socket = await dial(self._server)
        await self._socket.send("auth.open", grant=grant.grant, tab=self._name)
        self._room = (await self._socket.get("auth.opened"))["mentorships"][0]["room"]
        self._beats = asyncio.create_task(self._beat())

    async def _beat(self) -> None:
        n = 0
        while True:
            n += 1
            await self._socket.send("beat", n=n)
            await asyncio.sleep(BEAT_S)

    async def join(self) -> str:
        await self._socket.send(
            "room.join", room=self._room, peer=self._name, audio=False, video=False
        )
        session: str = (await self._socket.get("room.joined"))["session"]["id"]
        return session

    async def close(self) -> None:
        assert self._beats is not None
        self._beats.cancel()
        self._socket.task.cancel()
        await self._socket.connection.close()


async def take_over(folder: Path, times: int, seed: int) -> None:
    dice = random.Random(seed)
    server = Server(folder)
    await server.start()
    tabs = {
        role: [Tab(server, server.links[role], f"tab-{role}-{n}") for n in range(2)]
        for role in ("mentor", "mentee")
    }
    for both in tabs.values():
        for tab in both:
            await tab.open()
    await tabs["mentor"][0].join()
    session, began_s = await tabs["mentee"][0].join(), time.monotonic()
    for number in range(times):
        await asyncio.sleep(dice.uniform(0, 3))
        role = dice.choice(("mentor", "mentee"))
        assert await dice.choice(tabs[role]).join() == session, number
    api = Api(server, server.links["mentor"])
    await api.sign_in()
    view, sat_s = await api.end(session), time.monotonic() - began_s
    for both in tabs.values():
        for tab in both:
            await tab.close()
    assert view.interruptions == ()
    assert abs(view.together_us / 1e6 - sat_s) <= 1, view
    for person in view.people:
        assert person.present_us / 1e6 <= sat_s + 1, view
    await is_sound(server)
    await server.stop()
    assert server.errors() == []
    print(f"seed {seed}: {times} takings over in {sat_s:.1f} s, all of it together")


async def test_a_call_moves_from_tab_to_tab(tmp_path: Path) -> None:
    await take_over(tmp_path, times=5, seed=random.randrange(10**6))


@pytest.mark.soak
@pytest.mark.timeout(600)
async def test_a_call_moves_from_tab_to_tab_again_and_again(tmp_path: Path) -> None:
    await take_over(tmp_path, times=50, seed=7)
