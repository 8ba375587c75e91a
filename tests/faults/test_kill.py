"""kill -9 of the server, again and again, while people write and sit in a call.

What was acknowledged is there, once, in one order without a gap; presence ends at its last proof.
Kills prove crash safety only: the page cache survives them.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx2
import pytest
import websockets
from websockets.exceptions import InvalidHandshake

from protocol.views import Message
from tests.support.serving import Api, Server
from tests.support.wire import MSGPACK, RemoteSocket, Unexpected

AWAY = (
    OSError,
    TimeoutError,
    Unexpected,
    InvalidHandshake,
    httpx2.TransportError,
    websockets.ConnectionClosed,
)
PAIRS = 3
PACE_S = 0.06  # below the limit of 20 messages a second
PROOF_BOUND_S = 5


class Writer:
    """One person who keeps writing, resends what was not acknowledged, and heeds what arrives."""

    def __init__(self, server: Server, link: str, name: str, dice: random.Random) -> None:
        self.server, self.api, self.name, self.dice = server, Api(server, link), name, dice
        self.acked: dict[str, int] = {}
        self.shown: dict[int, str] = {}
        self.conversation = ""
        self.another = asyncio.Event()
        self._sent = 0
        self._waiting: str | None = None

    async def run(self) -> None:
        """Writes until cancelled; a dead server is tried again."""
        while True:
            try:
                await self._connected()
            except AWAY:
                await asyncio.sleep(0.02)

    async def _connected(self) -> None:
        if self.api.grant is None:
            await self.api.sign_in()
        assert self.api.grant is not None
        url = self.server.address.replace("http", "ws") + "/ws"
        origin = websockets.Origin(self.server.address)
        subprotocol = websockets.Subprotocol(MSGPACK)
        async with websockets.connect(url, origin=origin, subprotocols=[subprotocol]) as connection:
            socket = RemoteSocket(connection)
            cursors = {self.conversation: max(self.shown, default=0)} if self.conversation else {}
            await socket.send(
                "auth.open", grant=self.api.grant.grant, tab=f"{self.name}-tab", cursors=cursors
            )
            opened = await socket.get("auth.opened")
            self.conversation = opened["mentorships"][0]["conversation"]
            while True:
                await self._say(socket)
                await asyncio.sleep(PACE_S)

    async def _say(self, socket: RemoteSocket) -> None:
        if self._waiting is None:
            self._sent += 1
            self._waiting = f"{self.name}-{self._sent:06}"
        await socket.send(
            "chat.send", conversation=self.conversation, id=self._waiting, body=self._waiting
        )
        if self.dice.random() < 0.1:  # a resend must change nothing
            await socket.send(
                "chat.send", conversation=self.conversation, id=self._waiting, body=self._waiting
            )
        accepted = await socket.get("chat.accepted", id=self._waiting)
        assert self.acked.setdefault(accepted["id"], accepted["seq"]) == accepted["seq"]
        self._waiting = None
        self.another.set()
        for frame in socket.take_all("chat.messages"):
            self._show(frame["messages"])

    def _show(self, messages: list[dict[str, Any]]) -> None:
        for message in messages:
            if self.shown:
                assert message["seq"] == max(self.shown) + 1, "a gap, or something twice"
            self.shown[message["seq"]] = message["id"]


async def whole(api: Api, conversation: str) -> list[Message]:
    """The conversation from its first message to its last, page by page."""
    log: list[Message] = []
    while page := await api.messages(conversation, after=log[-1].seq if log else 0):
        log += page
    return log


async def kill_and_read(folder: Path, kills: int, seed: int) -> None:
    dice = random.Random(seed)
    server = Server(folder)
    await server.start()
    writers: list[Writer] = []
    for pair in range(PAIRS):
        links = await server.invite(f"Mentor {pair}", f"Mentee {pair}")
        writers += [Writer(server, url, f"{role}{pair}", dice) for role, url in links.items()]
    tasks = [asyncio.create_task(writer.run()) for writer in writers]
    for _ in range(kills):
        await asyncio.sleep(dice.uniform(0.2, 1.5))
        await server.kill()
        await server.start()
        assert not (broken := [task for task in tasks if task.done()]), broken
    for writer in writers:  # everybody has met the last server
        writer.another.clear()
    async with asyncio.timeout(30):
        await asyncio.gather(*(writer.another.wait() for writer in writers))
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    acked = 0
    for writer in writers:
        log = await whole(writer.api, writer.conversation)
        stored = {message.id: message.seq for message in log}
        assert [message.seq for message in log] == list(range(1, len(log) + 1))
        assert not [id_ for id_, times in Counter(m.id for m in log).items() if times > 1]
        assert writer.acked.items() <= stored.items()
        assert writer.shown.items() <= {seq: id_ for id_, seq in stored.items()}.items()
        acked += len(writer.acked)
    print(f"seed {seed}: {kills} kills, {acked} acknowledged, 0 lost")
    await server.stop()
    assert server.errors() == []


async def test_acknowledged_messages_survive_kills(tmp_path: Path) -> None:
    await kill_and_read(tmp_path, kills=4, seed=random.randrange(10**6))


@pytest.mark.soak
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("seed", range(2))
async def test_acknowledged_messages_survive_many_kills(tmp_path: Path, seed: int) -> None:
    await kill_and_read(tmp_path, kills=50, seed=seed)


async def sit_and_be_killed(folder: Path, seconds: float) -> None:
    server = Server(folder)
    await server.start()
    apis = [Api(server, server.links[role]) for role in ("mentor", "mentee")]
    sockets = []
    for api in apis:
        grant = await api.sign_in()
        connection = await websockets.connect(
            server.address.replace("http", "ws") + "/ws",
            origin=websockets.Origin(server.address),
            subprotocols=[websockets.Subprotocol(MSGPACK)],
        )
        socket = RemoteSocket(connection)
        await socket.send("auth.open", grant=grant.grant, tab="tab-of-this-one")
        opened = await socket.get("auth.opened")
        room = opened["mentorships"][0]["room"]
        await socket.send("room.join", room=room, peer="peer-of-this", audio=False, video=False)
        await socket.get("room.joined")
        sockets.append(socket)
    both_in = time.monotonic()
    n = 0
    while time.monotonic() < both_in + seconds:
        n += 1
        for socket in sockets:
            await socket.send("beat", n=n)
        await asyncio.sleep(min(2.0, max(0.0, both_in + seconds - time.monotonic())))
    await server.kill()
    sat_s = time.monotonic() - both_in
    for socket in sockets:
        await socket.closed()
        socket.task.cancel()
    await server.start()
    (session,) = await apis[0].sessions()
    async with asyncio.timeout(40):
        while any(person.since_us is not None for person in session.people):
            session = await apis[0].session(session.id)
    assert session.state == "open"
    assert session.estimated
    for person in session.people:
        assert sat_s - PROOF_BOUND_S <= person.present_us / 1e6 <= sat_s + 1, session
    assert sat_s - PROOF_BOUND_S <= session.together_us / 1e6 <= sat_s, session
    await server.stop()


async def test_presence_ends_at_its_last_proof_when_the_server_dies(tmp_path: Path) -> None:
    await sit_and_be_killed(tmp_path, seconds=9)


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_presence_ends_at_its_last_proof_whenever_the_server_dies(tmp_path: Path) -> None:
    dice = random.Random(7)
    for number in range(4):
        await sit_and_be_killed(tmp_path / str(number), seconds=dice.uniform(3, 20))
