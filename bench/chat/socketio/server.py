"""python-socketio's chat, durable as its counterpart beside it: messages in SQLite, known by an id
if sent again, with fsync before anybody is told: all that has come by one commit, while the loop
goes on. Run with a port and the database's path, and python-socketio on PYTHONPATH."""

from __future__ import annotations

import asyncio
import sqlite3
import sys
from typing import Any

import socketio
import uvicorn

TABLE = """CREATE TABLE messages (
  id INTEGER PRIMARY KEY AUTOINCREMENT, client_offset TEXT UNIQUE, sender TEXT, receiver TEXT,
  content TEXT)"""
ADD = "INSERT INTO messages (client_offset, sender, receiver, content) VALUES (?, ?, ?, ?)"
Row = tuple[str, str, str, str]


class Store:
    """One commit at a time; what comes meanwhile waits for the next."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for sql in ("PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", TABLE):
            self._database.execute(sql)
        self._waiting: list[tuple[Row, asyncio.Future[int]]] = []
        self._work: asyncio.Task[None] | None = None

    async def add(self, row: Row) -> int:
        stored: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, stored))
        if self._work is None:
            self._work = asyncio.create_task(self._store())
        return await stored

    async def _store(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            ids = await asyncio.to_thread(self._commit, [row for row, _ in batch])
            for (_, stored), id_ in zip(batch, ids, strict=True):
                stored.set_result(id_)
        self._work = None

    def _commit(self, rows: list[Row]) -> list[int]:
        self._database.execute("BEGIN IMMEDIATE")
        ids = [self._database.execute(ADD, row).lastrowid or 0 for row in rows]
        self._database.execute("COMMIT")
        return ids


server = socketio.AsyncServer(async_mode="asgi", transports=["websocket"])
names: dict[str, str] = {}


async def connect(sid: str, _environ: Any, auth: dict[str, str]) -> None:
    names[sid] = auth["name"]
    await server.enter_room(sid, auth["name"])


async def send(sid: str, receiver: str, offset: str, content: str) -> int:
    id_ = await store.add((offset, names[sid], receiver, content))
    await server.emit("message", (id_, names[sid], content), room=receiver)
    return id_


server.on("connect", connect)
server.on("send", send)

if __name__ == "__main__":
    store = Store(sys.argv[2])
    uvicorn.run(
        socketio.ASGIApp(server),
        host="127.0.0.1",
        port=int(sys.argv[1]),
        loop="uvloop",
        ws="websockets-sansio",
        ws_per_message_deflate=False,
        ws_ping_interval=None,  # Engine.IO pings
        log_level="warning",
        lifespan="off",
    )
