"""A server full of people who only have it open: what they take, and how they come back after it
was killed."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Any

import pytest

from bench.chat.ours import inhabit
from tests.support.serving import ROOT, Server

KIB = 1024
CONNECTION_MOST = 35 * KIB
"""What each may take of the server's memory, with all that grows with their number."""
GROWTH_MOST = 1.02
COMING_S, SETTLED_S, LOOK_S = 600, 20, 5
NEARLY_ALL_S, ALL_S, ACK_S = 15.0, 30.0, 0.5


class Crowd:
    """See `tests/support/crowd.py`."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @classmethod
    async def of(cls, port: int, path: Path) -> Crowd:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.support.crowd", str(port), str(path),
            cwd=ROOT, stdin=PIPE, stdout=PIPE, limit=64 * 1024 * KIB,
        )  # fmt: skip
        return cls(process)

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())

    async def ask(self, line: str) -> Any:
        self.tell(line)
        assert self._process.stdout is not None
        return json.loads(await self._process.stdout.readline())

    async def come_to(self, what: str, number: int, within_s: float) -> Any:
        """The counts when there are so many of these."""
        until_s = time.monotonic() + within_s
        while True:
            counts = await self.ask("counts")
            if counts[what] >= number:
                return counts
            assert time.monotonic() < until_s, counts
            await asyncio.sleep(0.25)

    async def go(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


async def crowded(folder: Path, people: int, writers: int, minutes: float) -> None:
    server = Server(folder)
    await server.start()  # with its demo, whose links it says at each start
    await server.stop()
    path = folder / "people"
    lines = [
        f"{grant} {conversation}\n"
        for conversation, *grants in await inhabit(folder / "data", people // 2)
        for grant in grants
    ]
    path.write_text("".join(lines))
    await server.start()
    empty = server.memory()
    crowd = await Crowd.of(server.port, path)
    began_s = time.monotonic()
    crowd.tell("begin")
    await crowd.come_to("there", people, COMING_S)
    print(f"{people} signed in within {time.monotonic() - began_s:.0f} s", flush=True)
    await asyncio.sleep(SETTLED_S)
    sizes = []
    for _ in range(max(3, int(minutes * 60 / LOOK_S))):
        sizes.append(server.memory())
        await asyncio.sleep(LOOK_S)
    third = len(sizes) // 3
    at_first, at_last = max(sizes[:third]), max(sizes[-third:])
    each = (at_last - empty) / people
    growth = at_last / at_first
    print(f"{each / KIB:.1f} KiB each, {growth:.3f} of it after {minutes} minutes", flush=True)
    assert (await crowd.ask("counts"))["ends"] == {}, "somebody was cut off"
    assert each <= CONNECTION_MOST
    assert growth <= GROWTH_MOST

    crowd.tell(f"write {writers}")
    await crowd.come_to("acknowledged", 3 * writers, COMING_S)
    await server.kill()
    killed_s = time.monotonic()
    await server.start()
    ready_s = time.monotonic()
    counts = await crowd.come_to("there", people, 4 * ALL_S)
    await asyncio.sleep(max(0.0, ready_s + ALL_S - time.monotonic()))
    found = await crowd.ask(f"since {ready_s}")
    back_s, waits_s = found["back_s"], found["waits_s"]
    nearly_s, ack_s = back_s[int(len(back_s) * 0.95)], waits_s[int(len(waits_s) * 0.99)]
    print(
        f"away for {ready_s - killed_s:.1f} s; of {len(back_s)} half were back after "
        f"{back_s[len(back_s) // 2]:.1f} s, 95 % after {nearly_s:.1f} s, all after "
        f"{back_s[-1]:.1f} s; {len(waits_s)} acknowledgements, half within "
        f"{waits_s[len(waits_s) // 2]:.3f} s, 99 % within {ack_s:.3f} s; connections ended: "
        f"{counts['ends']}",
        flush=True,
    )
    assert len(back_s) == people
    assert nearly_s <= NEARLY_ALL_S
    assert back_s[-1] <= ALL_S
    assert ack_s <= ACK_S
    await crowd.go()
    await server.stop()
    assert server.errors() == []


@pytest.mark.soak
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("people", "writers", "minutes"), [(10_000, 100, 3.0)])
async def test_a_crowd_stays_and_comes_back(
    tmp_path: Path, people: int, writers: int, minutes: float
) -> None:
    """Mutants: each connection keeps what it was told when it signed in (memory); each sign-in
    asks the database by itself, or all are let in at once (they are not back in time)."""
    await crowded(tmp_path, people, writers, minutes)
