"""Matrix's Synapse on PostgreSQL with fsync: a message is an event of a room of two, in the
database before it is acknowledged; the other hears of it by `/sync`."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import shutil
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Any, Literal

from bench.chat.ejabberd import of_database
from bench.chat.parts import fetched
from tests.support.postgres import SUPERUSER, PostgresServer
from tests.support.serving import free_port

BODY = "x" * 200
SECRET = "secret"
PAIRS_MOST = 10
"""More would wait for their turn longer than a round lasts."""
LONG_S = 120
FREE = {"per_second": 100_000, "burst_count": 100_000}


def configured(port: int, folder: Path, sql_port: int, database: str) -> dict[str, Any]:
    return {
        "server_name": "bench",
        "pid_file": str(folder / "pid"),
        "listeners": [
            {
                "port": port,
                "bind_addresses": ["127.0.0.1"],
                "type": "http",
                "resources": [{"names": ["client"]}],
            }
        ],
        "database": {
            "name": "psycopg2",
            "allow_unsafe_locale": True,
            "args": {
                "user": SUPERUSER,
                "dbname": database,
                "host": "127.0.0.1",
                "port": sql_port,
                "cp_min": 5,
                "cp_max": 10,
            },
        },
        "media_store_path": str(folder / "media"),
        "signing_key": f"ed25519 a {base64.b64encode(bytes(32)).decode().rstrip('=')}",
        "trusted_key_servers": [],
        "registration_shared_secret": SECRET,
        "macaroon_secret_key": SECRET,
        "form_secret": SECRET,
        "report_stats": False,
        "bcrypt_rounds": 4,
        "presence": {"enabled": False},
        "rc_message": FREE,
        "rc_registration": FREE,
        "rc_login": {"address": FREE, "account": FREE, "failed_attempts": FREE},
        "rc_joins": {"local": FREE, "remote": FREE},
        "rc_invites": {"per_room": FREE, "per_user": FREE, "per_issuer": FREE},
        "rc_room_creation": FREE,
    }


class Http:
    """One connection that is kept, one request at a time."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: object = None, token: str = "") -> Any:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=2**24)
        reader, writer = self._streams
        data = b"" if body is None else json.dumps(body).encode()
        bearer = f"Authorization: Bearer {token}\r\n" if token else ""
        writer.write(
            f"{method} {path} HTTP/1.1\r\nHost: bench\r\n{bearer}"
            f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n\r\n".encode()
            + data
        )
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        answer = b""
        if "transfer-encoding: chunked" in head:
            while size := int((await reader.readline()).strip() or b"0", 16):
                answer += await reader.readexactly(size)
                await reader.readline()
            await reader.readline()
        else:
            size = int(head.partition("content-length:")[2].split("\r\n")[0])
            answer = await reader.readexactly(size)
        if not head.startswith("http/1.1 200"):
            raise ConnectionError(f"{method} {path}: {answer.decode()}")
        return json.loads(answer)

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()


class Side:
    """One person of a pair, connected: a connection to say things on, one that waits for news."""

    def __init__(self, server: Synapse, name: str, other: str, *, first: bool) -> None:
        self._server, self._name, self._other, self._first = server, name, other, first
        self._says, self._hears = Http(server.port), Http(server.port)
        self._numbers = count()
        self._tasks: set[asyncio.Task[None]] = set()
        self.token = ""
        self.sent_s = 0.0
        self.accepted: Callable[[float], None] = lambda _waited_s: None
        self.received: Callable[[], None] = lambda: None

    async def open(self) -> None:
        nonce = (await self._says.ask("GET", "/_synapse/admin/v1/register"))["nonce"]
        signed = "\0".join((nonce, self._name, SECRET, "notadmin")).encode()
        mac = hmac.new(SECRET.encode(), signed, hashlib.sha1).hexdigest()
        made = await self._says.ask(
            "POST",
            "/_synapse/admin/v1/register",
            {"nonce": nonce, "username": self._name, "password": SECRET, "mac": mac},
        )
        self.token = made["access_token"]
        rooms = self._server.rooms
        if self._first:
            there = rooms.setdefault(self._other, asyncio.get_running_loop().create_future())
            wish = {"preset": "trusted_private_chat", "is_direct": True}
            room = await self._ask("POST", "createRoom", wish)
            await self._server.known(self._other).wait()
            await self._ask(
                "POST", f"rooms/{room['room_id']}/invite", {"user_id": f"@{self._other}:bench"}
            )
            there.set_result(room["room_id"])
            self._room = room["room_id"]
        else:
            self._server.known(self._name).set()
            there = rooms.setdefault(self._name, asyncio.get_running_loop().create_future())
            self._room = await there
            await self._ask("POST", f"rooms/{self._room}/join", {})
        self._keep(asyncio.create_task(self._listen()))

    async def _ask(self, method: str, path: str, body: object) -> Any:
        return await self._says.ask(method, f"/_matrix/client/v3/{path}", body, self.token)

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _listen(self) -> None:
        since, timeout = "", 0
        while True:
            path = f"/_matrix/client/v3/sync?timeout={timeout}{since}"
            with suppress(asyncio.IncompleteReadError):
                news = await self._hears.ask("GET", path, token=self.token)
                joined = news.get("rooms", {}).get("join", {}) if since else {}
                for room in joined.values():
                    for event in room["timeline"]["events"]:
                        of_other = event["sender"] == f"@{self._other}:bench"
                        if event["type"] == "m.room.message" and of_other:
                            self.received()
                since, timeout = f"&since={news['next_batch']}", 30_000

    def send(self) -> None:
        self.sent_s = time.perf_counter()
        self._keep(asyncio.create_task(self._send()))

    async def _send(self) -> None:
        id_ = f"{self._name}-{next(self._numbers)}"
        body = {"msgtype": "m.text", "body": BODY}
        await self._ask("PUT", f"rooms/{self._room}/send/m.room.message/{id_}", body)
        self.accepted(time.perf_counter() - self.sent_s)

    def beat(self) -> None:
        """It needs none."""

    def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._says.close()
        self._hears.close()


class Synapse:
    """A server of one process, its database, and the people of so many pairs, or of PAIRS_MOST."""

    name = "Synapse"
    durable = "an event in PostgreSQL with fsync"
    database: Literal["processes"] = "processes"

    def __init__(self, pairs: int) -> None:
        self._pairs, self.port, self._sql_port = min(pairs, PAIRS_MOST), free_port(), free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="bench-synapse-"))
        self._process: Process | None = None
        self._sides: list[Side] = []
        self._known: dict[str, asyncio.Event] = {}
        self.rooms: dict[str, asyncio.Future[str]] = {}
        self.errors: list[str] = []
        if pairs > PAIRS_MOST:
            self.name = f"Synapse, {PAIRS_MOST} pairs"

    def known(self, name: str) -> asyncio.Event:
        """Set when they are registered."""
        return self._known.setdefault(name, asyncio.Event())

    async def start(self) -> None:
        place = fetched("synapse")
        self._postgres = PostgresServer(
            {
                "listen_addresses": "127.0.0.1",
                "port": str(self._sql_port),
                "fsync": "on",
                "full_page_writes": "on",
                "synchronous_commit": "on",
                "shared_buffers": "128MB",
            }
        )
        database = self._postgres.create()
        config = self._folder / "homeserver.yaml"
        made = configured(self.port, self._folder, self._sql_port, database)
        config.write_text(json.dumps(made))  # which is YAML too
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "synapse.app.homeserver", "-c", str(config),
            stdout=DEVNULL, stderr=DEVNULL, cwd=self._folder,
            env={**os.environ, "PYTHONPATH": str(place)},
        )  # fmt: skip
        async with asyncio.timeout(LONG_S):
            while True:
                assert self._process.returncode is None, "Synapse did not start"
                try:
                    await Http(self.port).ask("GET", "/_matrix/client/versions")
                    return
                except OSError:
                    await asyncio.sleep(0.3)

    @property
    def processes(self) -> list[int]:
        """Itself first, then those of its database."""
        assert self._process is not None
        return [self._process.pid, *of_database(self._postgres)]

    def sides(self) -> Iterator[tuple[Side, Side]]:
        for number in range(self._pairs):
            one, other = f"u{2 * number}", f"u{2 * number + 1}"
            pair = Side(self, one, other, first=True), Side(self, other, one, first=False)
            self._sides += pair
            yield pair

    async def stop(self) -> None:
        for side in self._sides:
            side.close()
        if self._process is not None:
            with suppress(ProcessLookupError):
                self._process.terminate()
            await self._process.wait()
        self._postgres.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
