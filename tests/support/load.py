"""People who use a server that comes and goes, on real sockets: some write, some sit in a call."""

from __future__ import annotations

import asyncio
import random
import socket
import time
from collections import Counter
from collections.abc import Sequence
from typing import Any

import httpx2
import msgspec
import websockets
from websockets.exceptions import InvalidHandshake

from protocol.views import Message, SessionAccount
from tests.support.ledger import SECOND, PageKey
from tests.support.serving import Api, Server
from tests.support.wire import GUARD_S, MSGPACK, RemoteSocket, Unexpected

AWAY = (
    OSError,
    TimeoutError,
    Unexpected,
    InvalidHandshake,
    httpx2.HTTPError,
    websockets.ConnectionClosed,
)
PACE_S = 0.06  # below the limit of 20 messages a second
BEAT_S, HAND_IN_S = 2.0, 4.0


async def dial(
    server: Server, *, through: int | None = None, over: socket.socket | None = None
) -> RemoteSocket:
    """`through`: another port, of whoever carries on from there; `over`: what is connected."""
    way: dict[str, Any] = {} if through is None else {"host": "127.0.0.1", "port": through}
    connection = await websockets.connect(
        server.address.replace("http", "ws") + "/ws",
        origin=websockets.Origin(server.address),
        subprotocols=[websockets.Subprotocol(MSGPACK)],
        **(way if over is None else {"sock": over}),
    )
    return RemoteSocket(connection)


class Writer:
    """One person who keeps writing, resends what was not acknowledged, and heeds what arrives.
    `refused`: ids that were refused at least once, and why; `unanswered`: those that were neither
    that nor acknowledged on a connection that stood; `waits_s`: for each acknowledgement."""

    def __init__(
        self,
        server: Server,
        link: str,
        name: str,
        dice: random.Random,
        *,
        filler: int = 0,
        pace_s: float = PACE_S,
        through: int | None = None,
        gives_up: bool = False,
        patience_s: float = GUARD_S,
    ) -> None:
        """`filler`: how many characters each message has beside its id; `through`: see `dial`;
        `gives_up`: what was refused is not sent again; `patience_s`: how long a connection may be
        silent that owes an answer."""
        self._patience_s = patience_s
        self._pace_s, self._through, self._gives_up = pace_s, through, gives_up
        self._filler = "." * filler
        self.server, self.api, self.name, self.dice = server, Api(server, link), name, dice
        self.acked: dict[str, int] = {}
        self.shown: dict[int, str] = {}
        self.refused: dict[str, str] = {}
        self.unanswered: list[str] = []
        self.waits_s: list[float] = []
        self.conversation = ""
        self.connections = 0
        self.another = asyncio.Event()
        self.again = asyncio.Event()
        self._sent = 0
        self._waiting: str | None = None
        self._away: Exception | None = None
        self._broken: Exception | None = None

    async def run(self) -> None:
        """Writes until cancelled; a dead server is tried again."""
        while True:
            try:
                await self._connected()
            except AWAY as away:
                self._away = away
                await asyncio.sleep(0.02)
            except Exception as error:
                self._broken = error
                self.another.set()
                self.again.set()
                raise

    async def go_on(self) -> None:
        """Another one has been acknowledged."""
        await self._hears(self.another)

    async def is_refused(self) -> str:
        """The code of the next refusal."""
        await self._hears(self.again)
        return list(self.refused.values())[-1]

    async def _hears(self, event: asyncio.Event) -> None:
        event.clear()
        if self._broken is None:
            try:
                async with asyncio.timeout(GUARD_S):
                    await event.wait()
            except TimeoutError as error:
                raise AssertionError(f"{self.name} came no further: {self._away!r}") from error
        if self._broken is not None:
            raise AssertionError(f"{self.name} writes no more") from self._broken

    async def _connected(self) -> None:
        if self.api.grant is None:
            await self.api.sign_in()
        assert self.api.grant is not None
        socket = await dial(self.server, through=self._through)
        async with socket.connection:
            last = max(self.shown, default=0)
            held = {"seq": last, "revision": last}  # nothing is ever changed here
            cursors = {self.conversation: held} if self.conversation else {}
            await socket.send(
                "auth.open", grant=self.api.grant.grant, tab=f"{self.name}-tab", cursors=cursors
            )
            try:
                opened = await socket.get("auth.opened")
            except Unexpected:
                self.api.grant = None  # it may have run out, after ten minutes
                raise
            self.conversation = opened["mentorships"][0]["conversation"]
            self.connections += 1
            while True:
                await self._say(socket)
                await asyncio.sleep(self._pace_s)

    async def _say(self, socket: RemoteSocket) -> None:
        if self._waiting is None:
            self._sent += 1
            self._waiting = f"{self.name}-{self._sent:06}"
        body, asked_s = self._waiting + self._filler, time.monotonic()
        for _ in range(1 if self.dice.random() < 0.9 else 2):  # a resend must change nothing
            await socket.send(
                "chat.send", conversation=self.conversation, id=self._waiting, body=body
            )
        try:
            async with asyncio.timeout(self._patience_s):
                accepted = await socket.either(
                    ("chat.accepted", "id", self._waiting), ("error", "ref", self._waiting)
                )
        except Unexpected:
            if socket.close_code is None:
                self.unanswered.append(self._waiting)
            raise
        if accepted["t"] == "error":
            self.refused[self._waiting] = accepted["code"]
            self.again.set()
            if self._gives_up:
                self._waiting = None
            return
        self.waits_s.append(time.monotonic() - asked_s)
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
    await api.sign_in()  # the last time may be long ago
    while page := await api.messages(conversation, after=log[-1].seq if log else 0):
        log += page
    return log


def all_there(writers: Sequence[Writer], logs: Sequence[Sequence[Message]]) -> int:
    """What was acknowledged or shown is stored, once, in one order; how many that are."""
    for writer, log in zip(writers, logs, strict=True):
        stored = {message.id: message.seq for message in log}
        assert [message.seq for message in log] == list(range(1, len(log) + 1))
        assert not [id_ for id_, times in Counter(m.id for m in log).items() if times > 1]
        assert writer.acked.items() <= stored.items()
        assert writer.shown.items() <= {seq: id_ for id_, seq in stored.items()}.items()
    return sum(len(writer.acked) for writer in writers)


class Sitter:
    """A page in a call: beats, comes back when the server does, and hands in what the other signed.
    The way between the two never breaks."""

    def __init__(self, server: Server, link: str) -> None:
        self.server, self.api, self.key = server, Api(server, link), PageKey()
        self.other: Sitter | None = None
        self.session = ""
        self.in_room = asyncio.Event()
        self.handed_in = asyncio.Event()
        self._ahead_us = self._since_us = 0
        self._room = ""
        self._socket: RemoteSocket | None = None

    @property
    def server_us(self) -> int:
        return time.monotonic_ns() // 1000 + self._ahead_us

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            try:
                await self._connected()
            except AWAY:
                self.in_room.clear()
                await asyncio.sleep(0.05)

    async def _connected(self) -> None:
        grant = await self.api.sign_in()
        socket = self._socket = await dial(self.server)
        try:
            await socket.send("auth.open", grant=grant.grant, tab=f"tab-{self.key.public[-12:]}")
            self._room = (await socket.get("auth.opened"))["mentorships"][0]["room"]
            await self._beat(socket, 1)
            await socket.send(
                "room.join",
                room=self._room,
                peer=f"peer-{self.key.public[-12:]}",
                audio=False,
                video=False,
                key=self.key.public,
            )
            session = (await socket.get("room.joined"))["session"]["id"]
            if session != self.session:
                self.session, self._since_us = session, self.server_us
            self.in_room.set()
            n = 1
            while True:
                await self.hand_in()
                for _ in range(round(HAND_IN_S / BEAT_S)):
                    n += 1
                    await self._beat(socket, n)
                    await asyncio.wait([socket.task], timeout=BEAT_S)
        finally:
            socket.task.cancel()
            await socket.connection.close()

    async def _beat(self, socket: RemoteSocket, n: int) -> None:
        await socket.send("beat", n=n)
        answer = await socket.get("beat.ack", n=n)
        self._ahead_us = answer["now_us"] - time.monotonic_ns() // 1000

    async def hand_in(self) -> None:
        """What the other's page signed so far."""
        assert self.other is not None
        if self._socket is None or self.other.session != self.session:
            return
        since_us, until_us = max(self._since_us, self.other._since_us), self.server_us
        if since_us >= until_us:
            return
        beats = 1 + (until_us - since_us) // (2 * SECOND)
        contact = self.other.key.sign(self.session, self.key, since_us, until_us, beats)
        await self._socket.send(
            "room.contact",
            room=self._room,
            session=self.session,
            contacts=[msgspec.to_builtins(contact)],
        )
        self.handed_in.set()

    async def leave(self) -> None:
        assert self._socket is not None
        await self.hand_in()
        await self._socket.send("room.leave", room=self._room)
        await self._socket.get("room.left")


class Call:
    """Two sitters, and since when both were in."""

    def __init__(self, server: Server, links: dict[str, str]) -> None:
        self.sitters = [Sitter(server, links[role]) for role in ("mentor", "mentee")]
        mentor, mentee = self.sitters
        mentor.other, mentee.other = mentee, mentor
        self._tasks: list[asyncio.Task[None]] = []
        self._since_s = 0.0

    async def begin(self) -> None:
        self._tasks = [asyncio.create_task(sitter.run()) for sitter in self.sitters]
        await self.both_in()
        self._since_s = time.monotonic()

    async def both_in(self) -> None:
        async with asyncio.timeout(30):
            await asyncio.gather(*(sitter.in_room.wait() for sitter in self.sitters))

    async def back(self) -> None:
        """Both are in again, after the server was away, and have handed in."""
        for sitter in self.sitters:
            sitter.in_room.clear()
            sitter.handed_in.clear()
        await self.both_in()
        async with asyncio.timeout(30):
            await asyncio.gather(*(sitter.handed_in.wait() for sitter in self.sitters))

    @property
    def sat_s(self) -> float:
        """How long both have been in the call, server or not."""
        return time.monotonic() - self._since_s

    async def vanish(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def api(self) -> Api:
        return self.sitters[0].api

    @property
    def session(self) -> str:
        return self.sitters[0].session

    async def account(self) -> SessionAccount:
        await self.api.sign_in()
        return await self.api.session(self.session)


async def is_sound(server: Server, *, apart_from: str = "nothing") -> None:
    """By its own doctor: the database whole, each chain as written, settlements as computed."""
    _, said = await server.command("doctor")
    wrong = [line for line in said.splitlines() if line.startswith("FAILED")]
    assert not [line for line in wrong if not line.startswith(f"FAILED {apart_from}:")], said
    assert "ok     ledger" in said, said
