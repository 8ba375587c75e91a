"""Ours: `ithaca serve` on a SQLite of its own, with everything on."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Literal

from bench.chat.wire import Connection
from ithaca.house import ROOMS, House
from ithaca.settings import Settings
from protocol.frames import (
    AuthOpen,
    AuthOpened,
    Beat,
    ChatAccepted,
    ChatDelivered,
    ChatMessages,
    ChatSend,
    ErrorFrame,
    ServerFrame,
)
from protocol.rest import NewMentorship, NewPerson
from runtime.clock import SystemClock
from runtime.database import open_database
from runtime.database.migrate import migrate
from tests.support.serving import ROOT, free_port

BEAT_S = 2.0
BODY = "x" * 200
AT_ONCE = 100


class Side:
    """One person of a pair, connected."""

    def __init__(self, ours: Ours, number: int, grant: str, conversation: str) -> None:
        self._ours, self._grant, self.conversation = ours, grant, conversation
        self._name = f"{number:06}"
        self._numbers = count()
        self._opened: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.person = ""
        self.sent_s = 0.0
        self.accepted: Callable[[float], None] = lambda _waited_s: None
        self.received: Callable[[], None] = lambda: None

    async def open(self) -> None:
        loop = asyncio.get_running_loop()
        port = self._ours.port
        _, self._connection = await loop.create_connection(
            lambda: Connection(port, self._heard), "127.0.0.1", port
        )
        await self._connection.upgraded
        self._connection.send(AuthOpen(grant=self._grant, tab=f"tab-{self._name}"))
        await self._opened

    def beat(self) -> None:
        if self._opened.done():
            self._connection.send(Beat(n=next(self._numbers)))

    def send(self) -> None:
        self.sent_s = time.perf_counter()
        id_ = f"m-{self._name}-{next(self._numbers):08}"
        self._connection.send(ChatSend(conversation=self.conversation, id=id_, body=BODY))

    def _heard(self, frame: ServerFrame) -> None:
        match frame:
            case ChatMessages(messages=(message,)):
                if message.person != self.person:
                    if self._ours.receipts:
                        self._connection.send(
                            ChatDelivered(conversation=self.conversation, seq=message.seq)
                        )
                    self.received()
            case ChatAccepted():
                self.accepted(time.perf_counter() - self.sent_s)
            case AuthOpened(person=person):
                self.person = person
                self._opened.set_result(None)
            case ErrorFrame():
                self._ours.errors.append(frame.code)

    def close(self) -> None:
        self._connection.close()


async def inhabit(folder: Path, pairs: int) -> list[tuple[str, str, str]]:
    """Conversations in a new data folder, and a grant for each of their two."""
    settings = Settings(data=folder, start="anyone")
    database = open_database(None, folder)
    await migrate(database, ROOMS)
    house = await House.build(settings, database, SystemClock())
    services, site = house.services, house.services.people.home_site

    async def pair(number: int) -> tuple[str, str, str]:
        wish = NewMentorship(
            mentor=NewPerson(name=f"Mentor {number}", zone="UTC"),
            mentee=NewPerson(name=f"Mentee {number}", zone="UTC"),
        )
        started = await house.mentoring.start(site, wish, actor=None, key=None)
        handles = [services.people.link_handle(site, each.invitation) for each in started.invited]
        one, other = [await services.people.exchange(handle) for handle in handles]
        found = await house.mentoring.find(site, "mentorship", started.mentorship)
        assert found is not None
        return found.conversation, one.grant, other.grant

    people: list[tuple[str, str, str]] = []
    for first in range(0, pairs, AT_ONCE):
        numbers = range(first, min(first + AT_ONCE, pairs))
        people += await asyncio.gather(*map(pair, numbers))
    await house.dispatcher.deliver()  # or whoever serves has all of them to tell of first
    await database.close()
    return people


class Ours:
    """A server, and the people of so many pairs."""

    name = "ours"
    durable = "a row in SQLite, synchronous=FULL, one commit for all that waits"
    database: Literal["threads"] = "threads"

    def __init__(self, folder: Path, pairs: int, *, receipts: bool = True) -> None:
        self._folder, self._pairs, self.receipts = folder, pairs, receipts
        self.port = free_port()
        self.errors: list[str] = []
        self._process: Process | None = None

    async def start(self) -> None:
        self._people = await inhabit(self._folder, self._pairs)
        self._process = await asyncio.create_subprocess_exec(
            *os.environ.get("BENCH_PROFILE", "").split(),
            sys.executable, "-m", "ithaca", "serve", "--data", str(self._folder),
            "--port", str(self.port), cwd=ROOT, stdout=PIPE, stderr=DEVNULL,
        )  # fmt: skip
        assert self._process.stdout is not None
        while b"serves on" not in await self._process.stdout.readline():
            pass

    @property
    def processes(self) -> list[int]:
        assert self._process is not None
        return [self._process.pid]

    def sides(self) -> Iterator[tuple[Side, Side]]:
        numbers = count()
        for conversation, *grants in self._people:
            one, other = (Side(self, next(numbers), grant, conversation) for grant in grants)
            yield one, other

    async def stop(self) -> None:
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.terminate()
            await self._process.wait()
