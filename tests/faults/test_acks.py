"""The way is cut when a message is stored and its acknowledgement not yet there, or goes silent.
Whoever wrote sends it again, and it is there once."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from tests.support.cutting import Cutter
from tests.support.load import Writer, all_there, dial, whole
from tests.support.serving import Api, Server

SHARE = 0.3


async def cut_acknowledgements(folder: Path, pairs: int, sends: int, kills: int, seed: int) -> None:
    """Until `sends` messages are acknowledged; the server is killed some times meanwhile."""
    dice = random.Random(seed)
    server = Server(folder, often=True)
    await server.start()
    async with Cutter(server.port, SHARE, dice) as cutter:
        writers: list[Writer] = []
        for pair in range(pairs):
            links = await server.invite(f"Mentor {pair}", f"Mentee {pair}")
            writers += [
                Writer(server, url, f"{role}{pair}", dice, through=cutter.port)
                for role, url in links.items()
            ]
        tasks = [asyncio.create_task(writer.run()) for writer in writers]
        for part in range(kills + 1):
            while sum(len(each.acked) for each in writers) < sends * (part + 1) // (kills + 1):
                await writers[0].go_on()
                assert not (broken := [task for task in tasks if task.done()]), broken
            if part < kills:
                await server.kill()
                await server.start()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    acked = all_there(writers, [await whole(each.api, each.conversation) for each in writers])
    assert cutter.cuts > 0
    print(f"seed {seed}: {acked} acknowledged, {cutter.cuts} acknowledgements cut, none twice")
    await server.stop()
    assert server.errors() == []


async def test_what_is_sent_again_is_there_once(tmp_path: Path) -> None:
    """Mutant: whether it is there is not looked up where it is stored."""
    seed = random.randrange(10**6)
    await cut_acknowledgements(tmp_path, pairs=1, sends=40, kills=1, seed=seed)


async def go_silent(folder: Path, times: int, seed: int) -> None:
    """Neither side is told that the link is dead; the server notices, and who is left is told."""
    dice = random.Random(seed)
    server = Server(folder, often=True)
    await server.start()
    api = Api(server, server.links["mentee"])
    grant = await api.sign_in()
    other = await dial(server)
    await other.send("auth.open", grant=grant.grant, tab="tab-of-the-other")
    await other.get("auth.opened")
    alive = asyncio.create_task(other.live())
    async with Cutter(server.port, 0, dice) as cutter:
        link = server.links["mentor"]
        writer = Writer(server, link, "mentor", dice, through=cutter.port, patience_s=2)
        task = asyncio.create_task(writer.run())
        for _ in range(times):
            await writer.go_on()
            other.take_all("presence.changed")
            cutter.go_silent()
            await other.get("presence.changed", presence="away")
            cutter.go_on()
            await writer.go_on()
            assert not task.done()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    all_there([writer], [await whole(writer.api, writer.conversation)])
    alive.cancel()
    await asyncio.gather(alive, return_exceptions=True)
    await other.connection.close()
    other.task.cancel()
    await server.stop()
    assert server.errors() == []


async def test_a_link_that_goes_silent_is_noticed(tmp_path: Path) -> None:
    """Mutant: the server waits for beats as long as the connection stands."""
    await go_silent(tmp_path, times=1, seed=random.randrange(10**6))


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_links_that_go_silent_again_and_again(tmp_path: Path) -> None:
    await go_silent(tmp_path, times=30, seed=7)


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("sends", [2_000, 20_000])
async def test_however_much_is_sent_again(tmp_path: Path, sends: int) -> None:
    await cut_acknowledgements(tmp_path, pairs=5, sends=sends, kills=10, seed=7)
