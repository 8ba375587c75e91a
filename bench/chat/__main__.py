"""`./run bench chat [--all] [--pairs N] [--rounds N] [--seconds N] [--rate N]`: ours beside
ejabberd, round by round, or beside all peers; with a rate ours alone, so many messages a second
whatever comes of them.

Pairs of people write to each other over loopback, each pair one message at a time, in turns: the
next when this one is on disk at the server and has reached the other. Measured is the processor
time of the server and its database for each message on disk, from `/proc`. Ours has everything on:
every connection is signed in and beats, each message is checked, limited, counted, known by its id
if sent again, taken into the search and the unread count, and told to be delivered.
"""

from __future__ import annotations

import argparse
import asyncio
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from statistics import median

import uvloop

from bench.chat.ejabberd import Ejabberd
from bench.chat.measure import Round, Server, Side, closed_loop, cpu_s, memory_kib, open_loop
from bench.chat.nats import Nats
from bench.chat.ours import BEAT_S, Ours
from bench.chat.socket_io import PythonSocketIo, SocketIo
from bench.chat.synapse import Synapse
from tests.support.serving import ROOT

WARM_UP_S = 2.0
IDLE_S = 4.0
BEAT_SHARES = 100


@dataclass(slots=True)
class Contender:
    """A server with its people connected, and what it has used; all by microseconds a message."""

    server: Server
    pairs: list[tuple[Side, Side]] = field(default_factory=list)
    idle: float = 0.0
    connection_kib: float = 0.0
    all_us: list[float] = field(default_factory=list)
    idle_us: list[float] = field(default_factory=list)
    database_us: list[float] = field(default_factory=list)
    rounds: list[Round] = field(default_factory=list)

    async def open(self) -> None:
        self.pairs = list(self.server.sides())
        first, half = self.server.processes[0], len(self.pairs) // 2
        for pairs in (self.pairs[:half], self.pairs[half:]):
            before = memory_kib(first)  # the second time it has what any number of them needs
            for one, other in pairs:
                await asyncio.gather(one.open(), other.open())
            self.connection_kib = (memory_kib(first) - before) / (2 * max(len(pairs), 1))

    def beat(self) -> None:
        for one, other in self.pairs:
            one.beat()
            other.beat()

    def used(self) -> tuple[float, float]:
        """By all of it, and by its database."""
        first, *others = self.server.processes
        total = cpu_s(first) + sum(map(cpu_s, others))
        return total, total - cpu_s(first, first_only=self.server.database == "threads")

    async def rest(self) -> None:
        before, _ = self.used()
        await asyncio.sleep(IDLE_S)
        after, _ = self.used()
        self.idle = (after - before) / IDLE_S

    async def play(self, seconds: float) -> None:
        before, database_before = self.used()
        found = await closed_loop(self.pairs, seconds)
        after, database_after = self.used()
        self.rounds.append(found)
        self.all_us.append((after - before) / found.messages * 1e6)
        self.idle_us.append(self.idle * found.seconds / found.messages * 1e6)
        self.database_us.append((database_after - database_before) / found.messages * 1e6)

    @property
    def _of_database(self) -> str:
        apart = self.server.database != "none"
        return f"{median(self.database_us):.0f}" if apart else "in it"

    def row(self, of: float) -> str:
        cost = median(self.all_us)
        waits = [(each.percentile_ms(50), each.percentile_ms(99)) for each in self.rounds]
        return (
            f"| {self.server.name} | {cost:.0f} ({min(self.all_us):.0f}-{max(self.all_us):.0f}) "
            f"| {self._of_database} | {median(self.idle_us):.0f} | {cost / of:.2f} "
            f"| {median(each.messages / each.seconds for each in self.rounds):.0f} "
            f"| {median(wait for wait, _ in waits):.0f} / {median(wait for _, wait in waits):.0f} "
            f"| {self.connection_kib:.0f} |"
        )


async def compare(
    pairs: int, rounds: int, seconds: float, peers: Sequence[Callable[[int], Server]]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        servers = [Ours(Path(folder), pairs), *(peer(pairs) for peer in peers)]
        contenders = [Contender(server) for server in servers]

        async def beat() -> None:
            while True:
                await asyncio.sleep(BEAT_S)
                for each in contenders:
                    each.beat()

        beating = asyncio.create_task(beat())
        try:
            # Starting them holds everything else up: nobody is connected yet.
            for each in contenders:
                await each.server.start()
            for each in contenders:
                await each.open()
            for each in contenders:
                await each.rest()
                await closed_loop(each.pairs, WARM_UP_S)
            for _ in range(rounds):
                for each in contenders:
                    await each.play(seconds)
        finally:
            beating.cancel()
            for each in contenders:
                await each.server.stop()
    print(f"{pairs} pairs, {rounds} rounds of {seconds:.0f} s each in turn; median (least-most)\n")
    print("| | us a message | of it database | of it idle | this / ours | messages/s", end="")
    print(" | on disk after ms, p50 / p99 | KiB a connection |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    for each in contenders:
        print(each.row(median(contenders[0].all_us)))
    print("\nOn disk when it is acknowledged:")
    for each in contenders:
        print(f"- {each.server.name}: {each.server.durable}")
    for each in contenders:
        if each.server.errors:
            print(f"{each.server.name} refused: {sorted(set(each.server.errors))}")


async def at_rate(pairs: int, rounds: int, seconds: float, rate: float) -> None:
    with tempfile.TemporaryDirectory() as folder:
        server = Ours(Path(folder), pairs)
        await server.start()
        sides = list(server.sides())
        people = [person for pair in sides for person in pair]

        async def beat() -> None:
            for number in count():  # a hundredth at a time: nobody beats in step with another
                for person in people[number % BEAT_SHARES :: BEAT_SHARES]:
                    person.beat()
                await asyncio.sleep(BEAT_S / BEAT_SHARES)

        beating = asyncio.create_task(beat())
        try:
            for one, other in sides:
                await asyncio.gather(one.open(), other.open())
            await open_loop(sides, rate, WARM_UP_S)
            print(f"{2 * pairs} connections, {rate:.0f} messages a second, {rounds} rounds\n")
            print("| us a message | on disk after ms, p50 / p99 |")
            print("| --- | --- |")
            for _ in range(rounds):
                before = cpu_s(server.processes[0])
                found = await open_loop(sides, rate, seconds)
                cost_us = (cpu_s(server.processes[0]) - before) / found.messages * 1e6
                waits = (found.percentile_ms(50), found.percentile_ms(99))
                print(f"| {cost_us:.0f} | {waits[0]:.0f} / {waits[1]:.0f} |", flush=True)
        finally:
            beating.cancel()
            await server.stop()
    if server.errors:
        print(f"refused: {sorted(set(server.errors))}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="./run bench chat", description=__doc__)
    parser.add_argument("--all", action="store_true", help="beside all peers, not ejabberd alone")
    parser.add_argument("--pairs", type=int, default=100)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rate", type=float)
    chosen = parser.parse_args()
    if chosen.rate:
        uvloop.run(at_rate(chosen.pairs, chosen.rounds, chosen.seconds, chosen.rate))
        return
    needed = ("ejabberd", "erlang-p1-pgsql")
    subprocess.run([ROOT / "tests/support/apt.sh", *needed], check=True)
    peers: list[Callable[[int], Server]] = [Ejabberd]
    if chosen.all:
        peers += [Nats, SocketIo, PythonSocketIo, Synapse]
    uvloop.run(compare(chosen.pairs, chosen.rounds, chosen.seconds, peers))


if __name__ == "__main__":
    main()
