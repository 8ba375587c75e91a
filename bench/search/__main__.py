"""`./run bench search [--messages N] [--than N]`: a page of a conversation, and a search in one's
own, in a database of many messages against the same in one of few.

Everybody has ten conversations of a hundred messages; one pair has written ten thousand. A question
is asked as over HTTP (`Search.find`: whether anything is behind, which messages, their text), each
time by somebody else; a page is `Chat.page`. Rounds of both databases alternate, so that what else
the machine does hits both.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from itertools import accumulate, islice
from pathlib import Path
from statistics import median, quantiles

from sqlalchemy import Connection, insert, text

from chat.search import Search
from chat.service import Chat
from chat.tables import conversations, messages
from runtime.bus import LocalBus
from runtime.clock import SystemClock
from runtime.database import Database
from runtime.database.migrate import migrate
from tests.support.databases import ROOMS, Storage
from tests.support.postgres import PostgresServer

SITE, TALKS, SHORT, LONG = "site_01jd3v0k7r9q2x4m6n8p0s2t4v", 10, 100, 10_000
ASKED = 60
ROUNDS = 5
CHUNK = 5_000
STEP = 10_000
"""Words that are taken into the index at once, before the questions."""
MEASURED = 5_000
"""Messages, the last of all, that are taken in as the server does."""
BEGIN_US = 1_800_000_000_000_000
MARKED = (("often", 0.15), ("seldom", 0.005), ("rarely", 0.0003))
VOCABULARY = [f"{a}{b}{c}" for a in "bdfgklmnprst" for b in ("a", "en", "io", "ur") for c in
              ("", "ba", "co", "dem", "fin", "gar", "hol", "kes", "lum", "nor", "pel", "rit", "sta",
               "tor", "ven", "zan")] * 4  # fmt: skip
WORDS = [f"{word}{n or ''}" for n, word in enumerate(VOCABULARY)]
WEIGHTS = list(accumulate(1 / rank for rank in range(1, len(WORDS) + 1)))


def talk(number: int) -> str:
    return f"cnv_{number:026}"


def lengths(total: int) -> Iterator[int]:
    """Of the conversations of so many messages; the first is the long one."""
    yield LONG
    yield from [SHORT] * ((total - LONG) // SHORT)


def bodies(dice: random.Random) -> Iterator[str]:
    while True:
        said = dice.choices(WORDS, cum_weights=WEIGHTS, k=dice.randint(3, 21))
        said += [word for word, share in MARKED if dice.random() < share]
        yield " ".join(said)


async def fill(database: Database, talks: dict[int, int]) -> None:
    """Messages as they are stored, so many in each conversation; the index is left to those who
    make it."""
    says = bodies(random.Random(min(talks)))
    rows: list[dict[str, object]] = []

    def write(connection: Connection) -> None:
        connection.execute(insert(messages), rows)

    for number, length in talks.items():
        for seq, body in enumerate(islice(says, length), 1):
            rows.append(
                {"site_id": SITE, "conversation_id": talk(number), "seq": seq, "person_id": "per",
                 "client_id": f"message-{seq:08}", "body": body, "at_us": BEGIN_US + seq,
                 "revision": seq}
            )  # fmt: skip
        if len(rows) >= CHUNK:
            await database.exclusive(write)
            rows.clear()
    heads = [
        {"site_id": SITE, "id": talk(number), "head": length, "revision": length}
        for number, length in talks.items()
    ]
    if rows:
        await database.exclusive(write)
    for first in range(0, len(heads), CHUNK):
        some = heads[first : first + CHUNK]
        await database.exclusive(partial(_insert_heads, heads=some))


def _insert_heads(connection: Connection, heads: list[dict[str, object]]) -> None:
    connection.execute(insert(conversations), heads)


class World:
    """A database of so many messages, all in the index."""

    def __init__(self, storage: Storage, total: int) -> None:
        self.total = total
        self.database = storage.open(guarded=False)
        self.search = Search(self.database)
        self.chat = Chat(self.database, SystemClock(), LocalBus())
        self.people = (total - LONG) // SHORT // TALKS

    async def make(self) -> None:
        await migrate(self.database, ROOMS)
        talks = dict(enumerate(lengths(self.total)))
        last = {number: talks.pop(number) for number in [*talks][-MEASURED // SHORT :]}
        await fill(self.database, talks)
        at_once = Search(self.database, changed_most=STEP)  # nobody writes meanwhile
        while not (await at_once.find(SITE, [talk(0)], "often", limit=1)).complete:
            pass
        for search in (at_once, self.search):  # the second has looked through them then
            while search.is_behind:
                await search.round()
        await fill(self.database, last)
        for number in last:
            self.search.note(SITE, talk(number))
        wall, processor = time.perf_counter(), time.process_time()
        while self.search.is_behind:
            await self.search.round()
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        measured = sum(last.values())
        print(
            f"  the last {measured} of {self.total} messages taken in: {wall / measured * 1e6:.0f}"
            f" us each, of which {processor / measured * 1e6:.0f} of this process",
            flush=True,
        )
        await self.database.exclusive(lambda connection: connection.execute(text("ANALYZE")))

    def mine(self, dice: random.Random) -> list[str]:
        """The conversations of somebody."""
        first = 1 + dice.randrange(self.people) * TALKS
        return [talk(number) for number in range(first, first + TALKS)]

    async def newest(self, dice: random.Random) -> None:
        page = await self.chat.page(SITE, dice.choice(self.mine(dice)), limit=50)
        assert len(page.messages) == 50

    async def middle(self, dice: random.Random) -> None:
        page = await self.chat.page(SITE, talk(0), before=dice.randrange(51, LONG), limit=50)
        assert len(page.messages) == 50

    def among_mine(self, words: str) -> Callable[[random.Random], Awaitable[None]]:
        async def ask(dice: random.Random) -> None:
            await self.search.find(SITE, self.mine(dice), words, limit=50)

        return ask

    def in_the_long(self, words: str) -> Callable[[random.Random], Awaitable[None]]:
        async def ask(dice: random.Random) -> None:
            found = await self.search.find(SITE, [talk(0)], words, limit=50)
            assert found.hits

        return ask

    def kinds(self) -> dict[str, Callable[[random.Random], Awaitable[None]]]:
        return {
            "newest 50": self.newest,
            "50 in the middle of 10,000": self.middle,
            **{
                f"search, a word in {share * 100:g} %": self.among_mine(word)
                for word, share in MARKED
            },
            "search, two words": self.among_mine("often seldom"),
            "search, one letter": self.among_mine("s"),
            "in 10,000: a word in 15 %": self.in_the_long("often"),
            "in 10,000: two words": self.in_the_long("seldom often"),
            "in 10,000: one letter": self.in_the_long("s"),
        }


async def compare(small: World, large: World) -> None:
    print(
        f"| ms: median (p95) | {small.total} | {large.total} | ratio |\n| --- | --- | --- | --- |"
    )
    for kind in small.kinds():
        took: dict[int, list[float]] = {small.total: [], large.total: []}
        for round_ in range(ROUNDS + 1):
            for world in (small, large):
                dice, ask = random.Random(f"{kind} {round_}"), world.kinds()[kind]
                for _ in range(ASKED):
                    began = time.perf_counter()
                    await ask(dice)
                    if round_:  # the first one warms up
                        took[world.total].append((time.perf_counter() - began) * 1000)
        middle = {total: median(each) for total, each in took.items()}
        cells = [
            f"{middle[total]:.2f} ({quantiles(each, n=20)[-1]:.2f})" for total, each in took.items()
        ]
        ratio = middle[large.total] / middle[small.total]
        print(f"| {kind} | {' | '.join(cells)} | {ratio:.2f} |", flush=True)


async def bench(engine: str, server: PostgresServer | None, small: int, large: int) -> None:
    print(f"\n{engine}", flush=True)
    worlds = []
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for total in (small, large):
            url = server.url(server.create()) if server else None
            world = World(Storage(engine, url, Path(folder, str(total))), total)
            worlds.append(world)
            await world.make()
        await compare(*worlds)
        for world in worlds:
            await world.database.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=5_000_000)
    parser.add_argument("--than", type=int, default=50_000, help="compared with so many")
    parser.add_argument("--engines", default="sqlite,postgresql")
    options = parser.parse_args()
    for engine in options.engines.split(","):
        server = PostgresServer() if engine == "postgresql" else None
        try:
            asyncio.run(bench(engine, server, options.than, options.messages))
        finally:
            if server:
                server.stop()


if __name__ == "__main__":
    main()
