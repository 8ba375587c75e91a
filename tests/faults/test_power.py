"""The power goes while people write and sit in a call: of every file only what was fsynced is left,
and some of the pages that were written since. What was acknowledged is there."""

from __future__ import annotations

import asyncio
import random
import shutil
import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

import pytest

from runtime.database import reserve
from runtime.database.sqlite import FILE_NAME
from tests.support.load import Call, Writer, all_there, is_sound, whole
from tests.support.machine import Machine, build
from tests.support.serving import Server

PROOF_BOUND_S = 10


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("machine"))


def on_disk(data: Path) -> set[str]:
    """The ids of all messages in a database that nobody has open, and that is whole."""
    with tempfile.TemporaryDirectory() as folder:
        skip = shutil.ignore_patterns(reserve.FILE_NAME)
        copy = Path(shutil.copytree(data, Path(folder) / "data", ignore=skip))
        with closing(sqlite3.connect(copy / FILE_NAME)) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            if not database.execute("SELECT 1 FROM sqlite_master").fetchall():
                return set()
            return {id_ for (id_,) in database.execute("SELECT client_id FROM messages")}


async def lose_power(
    folder: Path, library: Path, cuts: int, seed: int, *, forgetful: bool = False
) -> None:
    dice = random.Random(seed)
    machine = Machine(folder, library, forgetful=forgetful)
    server = Server(folder, machine=machine.environment, often=True)
    await server.start()
    call = Call(server, server.links)
    await call.begin()
    writers: list[Writer] = []
    for pair in range(2):
        links = await server.invite(f"Mentor {pair}", f"Mentee {pair}")
        writers += [Writer(server, url, f"{role}{pair}", dice) for role, url in links.items()]
    tasks = [asyncio.create_task(writer.run()) for writer in writers]
    pages = 0
    try:
        for _ in range(cuts):
            await writers[0].go_on()
            await asyncio.sleep(dice.uniform(0, 2 if cuts > 10 else 0.5))
            await server.kill()
            pages += machine.lose_power(dice)
            acked = {id_ for writer in writers for id_ in writer.acked}
            lost = acked - on_disk(machine.data)
            assert not lost, f"{len(lost)} of {len(acked)} acknowledged messages are lost"
            await server.start()
            await call.back()
            assert not (broken := [task for task in tasks if task.done()]), broken
        await asyncio.gather(*(writer.go_on() for writer in writers))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    kept = all_there(writers, [await whole(each.api, each.conversation) for each in writers])
    await call.api.end(call.session)
    sat_s = call.sat_s
    await call.vanish()
    account = await call.account()
    assert sat_s - PROOF_BOUND_S <= account.together_us / 1e6 <= sat_s + 1, account
    await is_sound(server)
    await server.stop()
    assert server.errors() == []
    print(f"seed {seed}: {cuts} cuts, {pages} pages lost, {kept} acknowledged, 0 of them lost")


async def test_what_is_acknowledged_survives_the_power(tmp_path: Path, library: Path) -> None:
    await lose_power(tmp_path, library, cuts=10, seed=random.randrange(10**6))


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("cuts", [50, 200])
async def test_what_is_acknowledged_survives_many_cuts(
    tmp_path: Path, library: Path, cuts: int
) -> None:
    await lose_power(tmp_path, library, cuts=cuts, seed=7)


async def test_a_database_that_does_not_wait_for_the_disk_is_found_out(
    tmp_path: Path, library: Path
) -> None:
    """With synchronous=NORMAL."""
    with pytest.raises(AssertionError, match="acknowledged messages are lost"):
        await lose_power(tmp_path, library, cuts=1, seed=1, forgetful=True)
