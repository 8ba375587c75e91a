"""What a process has used, and a closed loop over pairs."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def cpu_s(pid: int, *, first_only: bool = False) -> float:
    """Processor time of a process, or of its first thread."""
    path = Path(f"/proc/{pid}/task/{pid}/stat" if first_only else f"/proc/{pid}/stat")
    fields = path.read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def memory_kib(pid: int) -> int:
    """What it has of its own, shared pages in proportion."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise AssertionError("no such line")


class Side(Protocol):
    """One person of a pair, connected."""

    accepted: Callable[[float], None]
    received: Callable[[], None]

    async def open(self) -> None: ...

    def send(self) -> None: ...

    def beat(self) -> None: ...


class Server(Protocol):
    """A server and the people of so many pairs. `durable`: what is on disk when it acknowledges a
    message; `database`: where that works, in which of its `processes` (the first is its own) or in
    which threads of the first, if it can be told apart."""

    name: str
    durable: str
    errors: list[str]

    @property
    def database(self) -> Literal["threads", "processes", "none"]: ...

    @property
    def processes(self) -> list[int]: ...

    async def start(self) -> None: ...

    def sides(self) -> Iterable[tuple[Side, Side]]: ...

    async def stop(self) -> None: ...


@dataclass(slots=True)
class Round:
    """`messages` on disk in `seconds`; each one's wait for that, in seconds."""

    messages: int = 0
    seconds: float = 0.0
    waits_s: list[float] = field(default_factory=list)

    def percentile_ms(self, percent: float) -> float:
        ordered = sorted(self.waits_s)
        return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))] * 1000


async def closed_loop(pairs: Sequence[tuple[Side, Side]], seconds: float) -> Round:
    """Each pair has one message under way, in turns: the next is sent when this one is on disk and
    has reached the other."""
    found = Round()
    going = True
    under_way = len(pairs)
    done = asyncio.Event()

    def play(one: Side, other: Side) -> None:
        nonlocal under_way
        state = {"turn": 0, "left": 2}
        sides = (one, other)

        def step() -> None:
            nonlocal under_way
            state["left"] -= 1
            if state["left"]:
                return
            if not going:
                under_way -= 1
                if not under_way:
                    done.set()
                return
            state["turn"] ^= 1
            state["left"] = 2
            sides[state["turn"]].send()

        def accepted(waited_s: float) -> None:
            found.messages += 1
            found.waits_s.append(waited_s)
            step()

        for side in sides:
            side.accepted, side.received = accepted, step
        one.send()

    began_s = time.perf_counter()
    for one, other in pairs:
        play(one, other)
    await asyncio.sleep(seconds)
    found.seconds = time.perf_counter() - began_s
    going = False
    async with asyncio.timeout(30):
        await done.wait()
    return found


async def open_loop(pairs: Sequence[tuple[Side, Side]], rate: float, seconds: float) -> Round:
    """So many messages a second, by one pair after the other, in turns, whatever comes of them."""
    found = Round()

    def accepted(waited_s: float) -> None:
        found.messages += 1
        found.waits_s.append(waited_s)
        if found.messages == sent:
            answered.set()

    answered = asyncio.Event()
    for one, other in pairs:
        one.accepted = other.accepted = accepted
        one.received = other.received = lambda: None
    began_s, sent = time.perf_counter(), 0
    while (since_s := time.perf_counter() - began_s) < seconds:
        answered.clear()
        while sent < int(since_s * rate):
            turn, number = divmod(sent, len(pairs))
            pairs[number][turn % 2].send()
            sent += 1
        await asyncio.sleep(0.001)
    found.seconds = time.perf_counter() - began_s
    if found.messages < sent:
        async with asyncio.timeout(30):
            await answered.wait()
    return found
