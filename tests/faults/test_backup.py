"""Backups while people write and sessions come and go: each is of one moment, and whole."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path

import httpx2
import pytest
import websockets

from tests.support.databases import ENGINES
from tests.support.postgres import PostgresServer
from tests.support.serving import Api, Server
from tests.support.wire import MSGPACK, RemoteSocket


class Life:
    """Two people who write all the time, and meet and part all the time."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.acked: list[int] = []
        self.sessions = 0
        self.conversation = ""

    async def run(self) -> None:
        apis = [Api(self.server, link) for link in self.server.links.values()]
        for api in apis:
            await api.sign_in()
        mentor = RemoteSocket(
            await websockets.connect(
                self.server.address.replace("http", "ws") + "/ws",
                origin=websockets.Origin(self.server.address),
                subprotocols=[websockets.Subprotocol(MSGPACK)],
            )
        )
        assert apis[0].grant is not None
        await mentor.send("auth.open", grant=apis[0].grant.grant, tab="tab-of-mentor")
        view = (await mentor.get("auth.opened"))["mentorships"][0]
        self.conversation = view["conversation"]
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(mentor.live())
            tasks.create_task(self._meet(mentor, view["room"]))
            for number, api in enumerate(apis):
                tasks.create_task(self._write(api, number))

    async def _write(self, api: Api, number: int) -> None:
        assert api.grant is not None
        headers = {"Authorization": f"Bearer {api.grant.grant}"}
        async with httpx2.AsyncClient(base_url=self.server.address, headers=headers) as client:
            for count in range(10**6):
                answer = await client.post(
                    f"/v1/conversations/{self.conversation}/messages",
                    json={"id": f"message-{number}-{count}", "body": "x" * 500},
                )
                assert answer.status_code == 201, answer.text
                self.acked.append(answer.json()["seq"])
                await asyncio.sleep(0.06)  # below the limit of 20 a second

    async def _meet(self, socket: RemoteSocket, room: str) -> None:
        while True:
            await socket.send("room.join", room=room, peer="peer-of-it", audio=True, video=True)
            await socket.get("room.joined")
            await socket.send("room.end", room=room)
            await socket.get("room.left")
            self.sessions += 1


async def whole(server: Server, life: Life) -> list[int]:
    """The places of all messages, from a server's first page to its last."""
    api = Api(server, life.server.links["mentor"])
    await api.sign_in()
    log: list[int] = []
    while page := await api.messages(life.conversation, after=log[-1] if log else 0):
        log += [message.seq for message in page]
    return log


@pytest.mark.parametrize(
    ("engine", "into"),
    [
        ("sqlite", ["postgresql"]),
        *(pytest.param(one, ["sqlite", "postgresql"], marks=pytest.mark.soak) for one in ENGINES),
    ],
)
async def test_backups_under_load_are_whole_and_come_back_on_either_engine(
    engine: str, into: list[str], tmp_path: Path, postgres_server: PostgresServer
) -> None:
    def database(of: str) -> str:
        return postgres_server.url(postgres_server.create()) if of == "postgresql" else ""

    server = Server(tmp_path / "first", database=database(engine))
    await server.start()
    life = Life(server)
    living = asyncio.create_task(life.run())
    made: list[tuple[Path, int, int]] = []
    for number in range(1 + len(into)):
        await asyncio.sleep(1)
        file = tmp_path / f"{number}.zip"
        acked, sessions = max(life.acked, default=0), life.sessions
        code, said = await server.command("backup", str(file))
        assert code == 0, said
        assert f"{file}: " in said
        assert os.stat(file).st_mode & 0o777 == 0o600
        made.append((file, acked, sessions))
        assert not living.done(), living
    living.cancel()
    await asyncio.gather(living, return_exceptions=True)
    await server.stop()
    assert server.errors() == []
    assert life.sessions > 10
    for number, (file, acked, sessions) in enumerate(made[1:]):
        other = Server(tmp_path / f"again-{number}", database=database(into[number]))
        code, said = await other.command("restore", str(file))
        assert code == 0, said
        written = re.search(r"^(\d+) sessions, each as it was written\.$", said, re.MULTILINE)
        assert written is not None, said
        kept = int(written[1])
        assert sessions <= kept <= life.sessions + 1
        code, _ = await other.command("restore", str(file))
        assert code == 1
        await other.start()
        log = await whole(other, life)
        assert log == list(range(1, len(log) + 1))
        assert acked <= len(log) <= max(life.acked)
        await other.stop()
        assert other.errors() == []
    print(f"{len(life.acked)} messages, {life.sessions} sessions, {len(made)} backups: all whole")
