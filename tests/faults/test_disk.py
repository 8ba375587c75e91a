"""The disk fails, or is full, while people write and sit in a call."""

from __future__ import annotations

import asyncio
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from ithaca.serve import STORAGE_FAILED
from runtime.database import reserve
from runtime.database.sqlite import FILE_NAME
from tests.faults.test_power import PROOF_BOUND_S, library, on_disk
from tests.support.load import Call, Writer, all_there, is_sound, whole
from tests.support.machine import Machine
from tests.support.serving import GUARD_S, ROOT, Api, Server

__all__ = ["library"]


async def fail(folder: Path, library: Path, fails: list[int], seed: int) -> None:
    """The disk fails at one fsync after the other, each time of another start of the server."""
    dice = random.Random(seed)
    machine = Machine(folder, library)
    server = Server(folder, machine=machine.environment, often=True)
    await server.start()
    links = await server.invite("Mentor", "Mentee")
    writers = [Writer(server, url, role, dice) for role, url in links.items()]
    tasks = [asyncio.create_task(writer.run()) for writer in writers]
    try:
        for number in fails:
            await server.stop()
            machine.fail_at(number)
            await server.starts()
            assert await server.ended(GUARD_S + number) == STORAGE_FAILED  # each takes a message
            machine.fail_at(0)
            machine.lose_power(dice)
            acked = {id_ for writer in writers for id_ in writer.acked}
            lost = acked - on_disk(machine.data)
            assert not lost, f"{len(lost)} of {len(acked)} acknowledged messages are lost"
            await server.start()
            await writers[0].go_on()
        await asyncio.gather(*(writer.go_on() for writer in writers))
        assert not (broken := [task for task in tasks if task.done()]), broken
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    kept = all_there(writers, [await whole(each.api, each.conversation) for each in writers])
    await server.stop()
    assert all("storage failed; stopping" in line for line in server.errors())
    print(f"seed {seed}: fsync failed at {fails}, {kept} acknowledged, 0 of them lost")


async def test_who_cannot_write_says_nothing_and_leaves(tmp_path: Path, library: Path) -> None:
    """Mutant: `unavailable` to whoever waited, and go on."""
    await fail(tmp_path, library, fails=[1, 9, 40], seed=random.randrange(10**6))


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A server's folder; its data are on a disk of 40 MiB, its log is not."""
    data = tmp_path / "data"
    data.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m,mode=700", "none", str(data)]
    if os.geteuid() or subprocess.run(mount, check=False).returncode:
        pytest.skip("only root can mount a small disk, and not in every container")
    yield tmp_path
    subprocess.run(["umount", "--lazy", data], check=True)


def fill(disk: Path) -> Path:
    """Takes all that is left."""
    path = disk / "others"
    with path.open("wb", buffering=0) as file, suppress(OSError):
        for size in (1 << 20, 1 << 12):
            with suppress(OSError):
                while True:
                    file.write(bytes(size))
    return path


async def be_full(folder: Path, rounds: int, seed: int) -> None:
    """In each round the disk fills up while people write and sit in a call; the server is killed,
    the session ends; then there is room again."""
    dice = random.Random(seed)
    server = Server(folder, often=True)
    data = folder / "data"
    await server.start()
    links = await server.invite("Mentor", "Mentee")
    writers = [Writer(server, url, role, dice, filler=8_000) for role, url in links.items()]
    tasks = [asyncio.create_task(writer.run()) for writer in writers]
    back_s = 0.0
    try:
        for _ in range(rounds):
            call = Call(server, server.links)
            await call.begin()
            await writers[0].go_on()
            await asyncio.sleep(dice.uniform(0, 1))
            others = fill(data)
            assert await writers[0].is_refused() == "storage_full"
            # What is there can be read, also by somebody who comes only now.
            reader = Api(server, links["mentor"])
            await reader.sign_in()
            await whole(reader, writers[0].conversation)
            if dice.random() < 0.5:
                await server.kill()
                await server.start()
                await call.back()
            assert await writers[1].is_refused() == "storage_full"
            for sitter in call.sitters:
                await sitter.hand_in()
            sat_s = call.sat_s
            await call.api.end(call.session)
            ended_s = call.sat_s
            await call.vanish()
            account = await call.account()
            assert account.state == "ended"
            assert sat_s - PROOF_BOUND_S <= account.together_us / 1e6 <= ended_s + 1, account
            others.unlink()
            freed_s = time.monotonic()
            await writers[0].go_on()
            back_s = max(back_s, time.monotonic() - freed_s)
            await writers[1].go_on()
            assert (data / reserve.FILE_NAME).stat().st_size == reserve.SIZE
            assert not (broken := [task for task in tasks if task.done()]), broken
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    kept = all_there(writers, [await whole(each.api, each.conversation) for each in writers])
    refused = {code for writer in writers for code in writer.refused.values()}
    assert refused == {"storage_full"}
    await is_sound(server, apart_from="disk")  # small it stays
    await server.stop()
    assert server.errors() == []
    print(f"seed {seed}: {rounds} times full, {kept} acknowledged, back within {back_s:.2f} s")


async def test_a_full_disk_refuses_what_can_wait_and_nothing_else(small: Path) -> None:
    """Mutant: no reserve."""
    await be_full(small, rounds=2, seed=random.randrange(10**6))


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_a_disk_that_fills_up_again_and_again(small: Path) -> None:
    await be_full(small, rounds=20, seed=7)


TAKING_OVER = """
import asyncio, sys
from pathlib import Path
from sqlalchemy import text
from runtime.database import only, open_database

async def main():
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    db = open_database(
        None, Path(sys.argv[1]), on_fatal=lambda _: loop.call_soon_threadsafe(told.set)
    )
    await db.write(only, text("CREATE TABLE t (n INTEGER)"))
    rows = [db.write(only, text(f"INSERT INTO t VALUES ({n})")) for n in range(300)]
    await asyncio.gather(*rows, return_exceptions=True)  # it may be noticed amid them
    async with asyncio.timeout(20):
        await told.wait()

asyncio.run(main())
"""


async def test_that_the_log_cannot_be_taken_over_is_noticed_too(
    tmp_path: Path, library: Path
) -> None:
    """Mutant: leave it to SQLite (wal_autocheckpoint), which tells nobody."""
    machine = Machine(tmp_path, library)
    machine.data.mkdir()
    with closing(sqlite3.connect(machine.data / FILE_NAME)) as database:
        database.execute("PRAGMA journal_mode=WAL")  # or that would be the first to be synced
    machine.fail_at(1, of=FILE_NAME)
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", TAKING_OVER, machine.data),
        cwd=ROOT,
        env={**os.environ, **machine.environment},
    )
    assert await process.wait() == 0


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("writes", [50, 200])
async def test_whichever_write_fails(tmp_path: Path, library: Path, writes: int) -> None:
    await fail(tmp_path, library, fails=list(range(1, writes + 1)), seed=7)
