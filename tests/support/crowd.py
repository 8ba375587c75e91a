"""Many pages that stay, in a process of their own: `python -m tests.support.crowd PORT FILE`. They
beat, come back by the law of the pages (`web/client/src/lib/connection.ts`), and some write.

FILE has a line for each: a grant and a conversation. What to do comes on lines of the input:

    begin       all of them come, a few at a time
    write N     so many of them write from now on, each a message a second
    counts      how many there are, and why connections ended
    since T     how those did who came after that monotonic second

Each line but `begin` and `write` is answered by one of JSON.
"""

from __future__ import annotations

import asyncio
import json
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from itertools import count
from pathlib import Path

import uvloop

from bench.chat.wire import Connection
from protocol.frames import (
    AuthOpen,
    AuthOpened,
    Beat,
    BeatAck,
    ChatAccepted,
    ChatDelivered,
    ChatMessages,
    ChatSend,
    ErrorFrame,
    ServerFrame,
)
from protocol.views import Cursor

BEAT_S, DEAF_AFTER_S, DIAL_FOR_S = 2.0, 5.0, 10.0
RETRY_MIN_S, RETRY_MAX_S = 0.3, 10.0
FIRST_AT_ONCE = 50
OF_ONE_ADDRESS = 80
"""The server lets in 100 of one address on which nobody has signed in."""
WRITE_EVERY_S = 1.0
BODY = "x" * 200


class Page:
    """One page. `back_s`: when it was signed in the last time, if it is."""

    def __init__(self, crowd: Crowd, number: int, grant: str, conversation: str) -> None:
        self._crowd, self._number, self._grant = crowd, number, grant
        self._conversation, self._cursor = conversation, Cursor(seq=0, revision=0)
        self._epoch: int | None = None
        self._person = ""
        self._address = f"127.0.{1 + number // OF_ONE_ADDRESS}.1"
        self._failures, self._heard_s, self._beaten_s = 0, 0.0, 0.0
        self._attempt = 0
        self._connection: Connection | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self._beats, self._sent = count(1), count(1)
        self._said: tuple[str, float] | None = None
        self.back_s: float | None = None
        self.opened = asyncio.Event()

    # ---- coming and going ------------------------------------------------------------------------

    async def dial(self) -> None:
        self._attempt += 1
        attempt = self._attempt
        loop = asyncio.get_running_loop()
        self._set_alarm(DIAL_FOR_S, partial(self._lost, attempt, "dial"))

        def spoken_to() -> Connection:
            heard = partial(self._hear, attempt)
            return Connection(self._crowd.port, heard, partial(self._lost, attempt, "lost"))

        try:
            _, connection = await loop.create_connection(
                spoken_to, "127.0.0.1", self._crowd.port, local_addr=(self._address, 0)
            )
        except OSError:
            self._lost(attempt, "refused")
            return
        connection.upgraded.add_done_callback(lambda done: done.exception())  # looked at below
        if attempt != self._attempt:
            connection.close()
            return
        self._connection = connection
        try:
            await connection.upgraded
        except ConnectionError as error:
            self._lost(attempt, str(error).partition("\r\n")[0])
            return
        if attempt != self._attempt:
            return
        self._set_alarm(DIAL_FOR_S, partial(self._lost, attempt, "sign"))
        cursors = {} if self._epoch is None else {self._conversation: self._cursor}
        connection.send(
            AuthOpen(
                grant=self._grant,
                tab=f"tab-{self._number:06}",
                cursors=cursors,
                epoch=self._epoch,
            )
        )

    def _lost(self, attempt: int, why: str) -> None:
        """It tries again: anywhere up to a bound that doubles with each failure."""
        if attempt != self._attempt:
            return
        self._crowd.ends[why] += 1
        self._attempt += 1
        if self._connection is not None:
            self._connection.close()
        self._connection = self.back_s = None
        self._failures += 1
        bound_s = min(RETRY_MAX_S, RETRY_MIN_S * 2 ** min(self._failures, 10))
        self._set_alarm(self._crowd.dice.uniform(RETRY_MIN_S, bound_s), self.begin)

    def begin(self) -> None:
        dialing = asyncio.get_running_loop().create_task(self.dial())
        self._crowd.dialing.add(dialing)
        dialing.add_done_callback(self._crowd.dialing.discard)

    def _set_alarm(self, seconds: float, then: Callable[[], None]) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(seconds, then)

    # ---- while it is there -----------------------------------------------------------------------

    def _hear(self, attempt: int, frame: ServerFrame) -> None:
        if attempt != self._attempt:
            return
        match frame:
            case BeatAck():
                self._heard_s, self._failures = time.monotonic(), 0
                waited_s = self._heard_s - self._beaten_s
                self._crowd.slowest_beat_s = max(self._crowd.slowest_beat_s, waited_s)
            case AuthOpened():
                self._open(attempt, frame)
            case ChatMessages():
                last = frame.messages[-1].seq
                self._cursor = Cursor(seq=last, revision=frame.revision)
                if frame.messages[-1].person != self._person:
                    self._send(ChatDelivered(conversation=frame.conversation, seq=last))
            case ChatAccepted() if self._said is not None and frame.id == self._said[0]:
                now_s = time.monotonic()
                self._crowd.waits.append((now_s, now_s - self._said[1]))
                self._said = None
            case ErrorFrame():
                self._crowd.ends[f"error {frame.code}"] += 1

    def _open(self, attempt: int, frame: AuthOpened) -> None:
        self._heard_s = self.back_s = time.monotonic()
        self._person = frame.person
        if self._epoch is None:
            view = frame.mentorships[0]
            self._epoch, self._cursor = frame.epoch, Cursor(seq=view.head, revision=view.revision)
        self.opened.set()
        self._beat(attempt)

    def _beat(self, attempt: int) -> None:
        if attempt != self._attempt:
            return
        if time.monotonic() - self._heard_s > DEAF_AFTER_S:
            self._lost(attempt, "deaf")
            return
        self._beaten_s = time.monotonic()
        self._send(Beat(n=next(self._beats)))
        self._set_alarm(BEAT_S, partial(self._beat, attempt))

    def write(self) -> None:
        """Another message, if the last one is on disk; who has come back sends it again."""
        asyncio.get_running_loop().call_later(WRITE_EVERY_S, self.write)
        if self.back_s is None:
            return
        now_s = time.monotonic()
        if self._said is None:
            self._said = f"m-{self._number:06}-{next(self._sent):08}", now_s
        elif self._said[1] > self.back_s:
            return
        self._said = self._said[0], now_s
        self._send(ChatSend(conversation=self._conversation, id=self._said[0], body=BODY))

    def _send(self, frame: Beat | ChatDelivered | ChatSend) -> None:
        if self._connection is not None:
            self._connection.send(frame)


class Crowd:
    def __init__(self, port: int, path: Path) -> None:
        self.port = port
        self.dice = random.Random(1)
        self.ends = Counter[str]()
        self.waits: list[tuple[float, float]] = []
        self.slowest_beat_s = 0.0
        self.dialing: set[asyncio.Task[None]] = set()
        lines = (line.split() for line in path.read_text().splitlines())
        self.pages = [Page(self, number, *line) for number, line in enumerate(lines)]

    async def begin(self) -> None:
        turn = asyncio.Semaphore(FIRST_AT_ONCE)

        async def come(page: Page) -> None:
            async with turn:
                page.begin()
                await page.opened.wait()

        await asyncio.gather(*map(come, self.pages))

    def write(self, number: int) -> None:
        for each, page in enumerate(self.pages[:number]):
            asyncio.get_running_loop().call_later(WRITE_EVERY_S * each / number, page.write)

    def counts(self) -> dict[str, object]:
        there = sum(page.back_s is not None for page in self.pages)
        return {
            "there": there,
            "ends": dict(self.ends),
            "acknowledged": len(self.waits),
            "slowest_beat_s": self.slowest_beat_s,
        }

    def since(self, at_s: float) -> dict[str, object]:
        back_s = sorted(p.back_s - at_s for p in self.pages if p.back_s and p.back_s >= at_s)
        waits_s = sorted(wait_s for then_s, wait_s in self.waits if then_s >= at_s)
        return {"back_s": back_s, "waits_s": waits_s}

    async def heed(self) -> None:
        """What is said on the input, until it ends."""
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
        coming = None
        while line := (await reader.readline()).split():
            match line:
                case [b"begin"]:
                    coming = asyncio.create_task(self.begin())
                case [b"write", number]:
                    self.write(int(number))
                case [b"since", at_s]:
                    print(json.dumps(self.since(float(at_s))), flush=True)
                case _:
                    print(json.dumps(self.counts()), flush=True)
        if coming is not None:
            coming.cancel()


if __name__ == "__main__":
    uvloop.run(Crowd(int(sys.argv[1]), Path(sys.argv[2])).heed())
