"""PostgreSQL falls over, again and again, while people write. Each message is acknowledged or
refused; what was acknowledged is there."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.load import Writer, all_there, whole
from tests.support.postgres import PostgresServer
from tests.support.serving import Server, new_mentorship


@pytest.fixture(scope="module")
def fragile() -> Iterator[PostgresServer]:
    """A server that falls over without harm to other tests."""
    server = PostgresServer()
    yield server
    server.stop()


async def fall(postgres: PostgresServer, folder: Path, pairs: int, falls: int, seed: int) -> None:
    dice = random.Random(seed)
    server = Server(folder, database=postgres.url(postgres.create()), often=True)
    await server.start()
    writers: list[Writer] = []
    for pair in range(pairs):
        links = await new_mentorship(server, f"Mentor {pair}", f"Mentee {pair}")
        writers += [
            Writer(server, url, f"{role}{pair}", dice, gives_up=True) for role, url in links.items()
        ]
    tasks = [asyncio.create_task(writer.run()) for writer in writers]
    back_s = 0.0
    for _ in range(falls):
        await asyncio.gather(*(writer.go_on() for writer in writers))
        await asyncio.sleep(dice.uniform(0, 0.5))
        await asyncio.to_thread(postgres.fall)
        await asyncio.sleep(dice.uniform(0, 0.5))
        await asyncio.to_thread(postgres.rise)
        up_s = time.monotonic()
        await asyncio.gather(*(writer.go_on() for writer in writers))
        back_s = max(back_s, time.monotonic() - up_s)
        assert not (broken := [task for task in tasks if task.done()]), broken
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    logs = [await whole(writer.api, writer.conversation) for writer in writers]
    acked = all_there(writers, logs)
    stored = {message.id for log in logs for message in log}
    refused = {id_: code for writer in writers for id_, code in writer.refused.items()}
    unanswered = [id_ for writer in writers for id_ in writer.unanswered]
    both = [id_ for writer in writers for id_ in writer.acked if id_ in refused]
    assert set(refused.values()) <= {"unavailable"}
    assert not unanswered, "neither acknowledged nor refused"
    assert not both, "acknowledged and refused"
    print(
        f"seed {seed}: {falls} falls, {acked} acknowledged, 0 of them lost; {len(refused)} refused,"
        f" {len(stored & refused.keys())} of them stored all the same; back within {back_s:.2f} s"
    )
    await server.stop()
    assert server.errors() == []


async def test_each_message_is_acknowledged_or_refused(
    fragile: PostgresServer, tmp_path: Path
) -> None:
    """Mutant: a lost connection is passed over, and the message acknowledged."""
    await fall(fragile, tmp_path, pairs=1, falls=3, seed=random.randrange(10**6))


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("falls", [20, 50])
async def test_however_often_it_falls(fragile: PostgresServer, tmp_path: Path, falls: int) -> None:
    await fall(fragile, tmp_path, pairs=5, falls=falls, seed=7)
