"""Frames that no page of ours sends, by the thousand, while two others write to each other.

Whatever comes is answered by a documented error or ends its own connection with a documented code;
the server makes no mistake over it, and the two notice nothing (promise F1).
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgpack
import pytest
import websockets

from protocol.errors import ERRORS
from tests.support.load import Writer, all_there, dial, is_sound, whole
from tests.support.serving import ROOT, Api, Server
from tests.support.wire import RemoteSocket

SAMPLES = ROOT / "web/client/tests/protocol/samples.json"
AT_ONCE = 6  # five bad frames end a connection
ID = re.compile(r"[a-z]{2,4}_[0-9a-z]{26}")
# 1006: what was still on its way when the server closed can make the system reset the connection.
CODES = {error.close for error in ERRORS.values()} - {ERRORS["internal"].close} | {1000, 1006}
NASTY: list[Any] = [
    None, True, False, 0, -1, 1, 2**31, 2**53 - 1, 2**53, 2**63, 2**64 - 1, -(2**63), 0.5,
    float("nan"), float("inf"), "", "\x00", "a\x00b", "\ud7ff\u202e", "x" * 70, "é" * 9_000,
    "men_" + "0" * 26, "📎" * 3_000, "../../etc/passwd", "'; DROP TABLE messages; --", "\n", b"",
    b"\xff\xfe", b"x" * 5_000, [], [[]], [None] * 500, {}, {"t": "beat"}, {"": ""}, {"seq": 1},
]  # fmt: skip


class Forge:
    """Makes bad frames out of good ones: each sample of the protocol, about things of one's own, of
    others', and of nobody."""

    def __init__(self, dice: random.Random, ids: list[str]) -> None:
        self._dice, self._ids = dice, ids
        rows = json.loads(SAMPLES.read_text())["client"]
        self._frames = [row["frame"] for row in rows if row["frame"]["t"] != "auth.open"]

    def frames(self) -> Iterator[bytes]:
        """Endlessly."""
        while True:
            yield self._forged()

    def _forged(self) -> bytes:
        dice = self._dice
        if dice.random() < 0.03:
            return dice.choice(
                (
                    b"", b"\xc1", b"\x80", bytes(70_000), b"\x91" * 60_000,
                    b"\x81\xa1t" * 20_000, b"\xdf\xff\xff\xff\xff", b"\xdd\xff\xff\xff\xff",
                    b"\xc6\xff\xff\xff\xff", msgpack.packb([{}] * 20_000), dice.randbytes(200),
                )
            )  # fmt: skip
        frame = self._with_ids(dice.choice(self._frames))
        for _ in range(dice.choice((0, 1, 1, 1, 2))):
            self._spoil(frame)
        data: bytes = msgpack.packb(frame)
        return self._garbled(data) if dice.random() < 0.25 else data

    def _with_ids(self, frame: dict[str, Any]) -> dict[str, Any]:
        text = ID.sub(lambda _: self._dice.choice(self._ids), json.dumps(frame))
        found: dict[str, Any] = json.loads(text)
        return found

    def _spoil(self, frame: dict[str, Any]) -> None:
        dice = self._dice
        field = dice.choice(list(frame))
        match dice.randrange(4):
            case 0:
                del frame[field]
                frame.setdefault("t", "chat.send")
            case 1:
                frame[dice.choice(("more", "site_id", "person", "__class__", "x" * 300))] = 1
            case _:
                frame[field] = dice.choice(NASTY)

    def _garbled(self, data: bytes) -> bytes:
        dice, spoilt = self._dice, bytearray(data)
        for _ in range(dice.randint(1, 4)):
            at = dice.randrange(len(spoilt) + 1)
            match dice.randrange(3):
                case 0:
                    spoilt[at:at] = dice.randbytes(dice.randint(1, 4))
                case 1:
                    del spoilt[at : at + dice.randint(1, 4)]
                case _ if at < len(spoilt):
                    spoilt[at] ^= 1 << dice.randrange(8)
        return bytes(spoilt)


class Attacker:
    """Signs in again and again, and sends what the forge makes."""

    def __init__(self, server: Server, link: str) -> None:
        self.server, self.api = server, Api(server, link)
        self.sent = 0
        self.told: Counter[str] = Counter()
        self.closed: Counter[int] = Counter()

    async def run(self, frames: Iterator[bytes], wanted: int) -> None:
        while self.sent < wanted:
            grant = self.api.grant or await self.api.sign_in()
            socket = await dial(self.server)
            try:
                await socket.send("auth.open", grant=grant.grant, tab=f"tab-{self.sent:08}")
                await socket.get("auth.opened")
                await self._attack(socket, frames)
            except (websockets.ConnectionClosed, AssertionError):
                pass  # how it ended is looked at below
            await socket.connection.close()
            code = await socket.closed()
            for error in socket.take_all("error"):
                assert error["code"] in ERRORS.keys() - {"internal"}, error
                self.told[error["code"]] += 1
            assert code in CODES, code
            self.closed[code] += 1

    async def _attack(self, socket: RemoteSocket, frames: Iterator[bytes]) -> None:
        for data in (next(frames) for _ in range(AT_ONCE)):
            await socket.connection.send(data)
            self.sent += 1
        await socket.send("beat", n=self.sent)
        await socket.get("beat.ack", n=self.sent)


class Bystander(Writer):
    """Keeps how long each of its messages took to be acknowledged."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.took_s: list[float] = []

    async def _say(self, socket: RemoteSocket) -> None:
        began = time.perf_counter()
        await super()._say(socket)
        self.took_s.append(time.perf_counter() - began)


def p99_ms(bystanders: list[Bystander]) -> float:
    """Of what they measured since they were last asked."""
    took_s = sorted(each for bystander in bystanders for each in bystander.took_s)
    for bystander in bystanders:
        bystander.took_s = []
    return took_s[len(took_s) * 99 // 100] * 1000


async def attack(folder: Path, frames: int, seed: int) -> None:
    dice = random.Random(seed)
    server = Server(folder, often=True)
    await server.start()
    links = await server.invite("Ada", "Ben")
    bystanders = [Bystander(server, url, role, dice) for role, url in links.items()]
    writing = [asyncio.create_task(each.run()) for each in bystanders]
    await asyncio.gather(*(each.go_on() for each in bystanders))
    theirs = await ids_of(bystanders[0].api)
    attackers = [Attacker(server, link) for link in server.links.values()]
    await attackers[0].api.sign_in()
    mine = await ids_of(attackers[0].api)
    nobodys = [f"{each[:-6]}000000" for each in mine]
    forge = Forge(dice, mine * 4 + theirs + nobodys)
    quiet_s = 1 if frames < 5_000 else 30
    await asyncio.sleep(quiet_s)
    quiet_ms = p99_ms(bystanders)
    await asyncio.gather(*(each.run(forge.frames(), frames // 2) for each in attackers))
    attacked_ms = p99_ms(bystanders)
    await asyncio.gather(*(each.go_on() for each in bystanders))
    for task in writing:
        assert not task.done(), task
        task.cancel()
    await asyncio.gather(*writing, return_exceptions=True)
    logs = [await whole(each.api, each.conversation) for each in bystanders]
    acked = all_there(bystanders, logs)
    told: Counter[str] = Counter()
    closed: Counter[int] = Counter()
    for each in attackers:
        told.update(each.told)
        closed.update(each.closed)
    print(f"seed {seed}: {frames} frames; told {dict(told)}; closed {dict(closed)}")
    print(f"others: {acked} acknowledged, p99 {quiet_ms:.1f} ms, attacked {attacked_ms:.1f} ms")
    assert {"bad_frame", "not_found"} <= told.keys()
    assert [each.connections for each in bystanders] == [1, 1]
    await is_sound(server)
    await server.stop()
    assert server.errors() == []


async def ids_of(api: Api) -> list[str]:
    """What a person's frames can name."""
    view = (await api.me()).mentorships[0]
    return [view.id, view.conversation, view.room, *(each.person.id for each in view.members)]


async def test_frames_that_no_page_sends_disturb_nobody(tmp_path: Path) -> None:
    await attack(tmp_path, frames=200, seed=random.randrange(10**6))


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_many_frames_that_no_page_sends_disturb_nobody(tmp_path: Path) -> None:
    await attack(tmp_path, frames=40_000, seed=7)
