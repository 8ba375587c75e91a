"""What only a real server on a real port can show: upgrades, kinds of messages, slow readers, and
the goodbye at the end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import sqlite3
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import msgpack
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus
from websockets.frames import Frame, Opcode
from websockets.typing import Subprotocol

from tests.support.postgres import PostgresServer
from tests.support.serving import Server, free_port
from tests.support.wire import GUARD_S, JSON, MSGPACK, RemoteSocket


@pytest.fixture(scope="module")
async def server(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Server]:
    running = Server(tmp_path_factory.mktemp("server"))
    await running.start()
    yield running
    await running.stop()
    assert running.errors() == []


def upgrade(server: Server, subprotocol: str = MSGPACK, **options: Any) -> Any:
    return connect(
        f"ws://127.0.0.1:{server.port}/ws",
        **{
            "origin": server.address,
            "subprotocols": [Subprotocol(subprotocol)],
            "ping_interval": None,
            "proxy": None,
            **options,
        },
    )


async def grant(server: Server, role: str) -> dict[str, Any]:
    invitation = server.links[role].partition("#")[2]
    async with httpx2.AsyncClient(base_url=server.address) as client:
        answer = await client.post("/v1/grants", json={"invitation": invitation})
    found: dict[str, Any] = answer.raise_for_status().json()
    return found


async def signed_in(
    server: Server, role: str, subprotocol: str = MSGPACK, tab: str = "tab-0001", **options: Any
) -> RemoteSocket:
    remote = RemoteSocket(await upgrade(server, subprotocol, **options))
    await remote.send("auth.open", grant=(await grant(server, role))["grant"], tab=tab)
    remote.opened = await remote.get("auth.opened")
    return remote


async def test_foreign_pages_are_refused_before_the_upgrade(server: Server) -> None:
    for options in (
        {"origin": "http://evil.example"},
        {"origin": None},
        {"subprotocols": None},
        {"subprotocols": [Subprotocol("chat")]},
    ):
        with pytest.raises(InvalidStatus) as refused:
            await upgrade(server, **options)
        assert refused.value.response.status_code == 403
    async with upgrade(server, MSGPACK, subprotocols=["chat", MSGPACK]) as accepted:
        assert accepted.subprotocol == MSGPACK


async def code_after(remote: RemoteSocket) -> int:
    code = await remote.closed()
    await remote.task
    return code


async def test_messages_of_the_wrong_kind_size_or_coding(server: Server) -> None:
    frame = msgpack.packb({"t": "beat", "n": 1})
    for subprotocol, message, code in (
        (MSGPACK, "text", 1003),
        (JSON, frame, 1003),
        (MSGPACK, frame + bytes(64 * 1024), 1009),
        (JSON, json.dumps({"t": "beat", "n": 1}) + " " * 64 * 1024, 1009),
    ):
        bystander = await signed_in(server, "mentor")
        remote = await signed_in(server, "mentee", subprotocol)
        await remote.connection.send(message)
        assert await code_after(remote) == code
        await bystander.send("beat", n=7)
        assert (await bystander.get("beat.ack"))["n"] == 7
        await bystander.connection.close()
    remote = await signed_in(server, "mentee", JSON)
    await send_raw(remote.connection, b'{"t": "beat", "n": "\xff"}')
    assert await code_after(remote) == 1007


async def send_raw(connection: ClientConnection, data: bytes) -> None:
    """A text message that is not UTF-8, which the library itself would not send."""
    connection.protocol.send_frame(Frame(Opcode.TEXT, data))
    for part in connection.protocol.data_to_send():
        connection.transport.write(part)


async def test_the_largest_frame_that_may_come(server: Server) -> None:
    remote = await signed_in(server, "mentee", JSON)
    frame = json.dumps({"t": "beat", "n": 3})
    await remote.connection.send(frame + " " * (64 * 1024 - len(frame)))
    assert (await remote.get("beat.ack"))["n"] == 3
    await remote.connection.close()


async def test_who_stops_reading_is_cut_off_alone(server: Server) -> None:
    bystander = await signed_in(server, "mentee")
    heart = asyncio.create_task(bystander.live())
    slow = await upgrade(server, max_queue=None)
    allowed = (await grant(server, "mentor"))["grant"]
    await slow.send(msgpack.packb({"t": "auth.open", "grant": allowed, "tab": "tab-slow"}))
    (view,) = msgpack.unpackb(await slow.recv())["mentorships"]
    conversation = view["conversation"]
    for number in range(4):
        await bystander.send(
            "chat.send", conversation=conversation, id=f"message-{number}", body="x" * 16_000
        )
        await bystander.get("chat.accepted")
    slow.transport.pause_reading()
    fetch = msgpack.packb({"t": "chat.fetch", "conversation": conversation, "after": 0})
    for _ in range(400):
        slow.transport.write(b"".join(raw(slow, fetch)))
    # It does not read: the server must let go of it without waiting for that.
    assert (await bystander.get("presence.changed"))["presence"] == "here"
    assert (await bystander.get("presence.changed"))["presence"] == "away"
    slow.transport.resume_reading()
    async with asyncio.timeout(GUARD_S):
        await slow.wait_closed()
    assert slow.close_code == 4003
    await bystander.connection.close()
    await heart


def raw(connection: ClientConnection, message: bytes) -> list[bytes]:
    connection.protocol.send_binary(message)
    return connection.protocol.data_to_send()


async def test_when_work_in_the_background_dies_the_process_ends(tmp_path: Path) -> None:
    """A supervisor starts it again; without its background work it would only look alive."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ithaca", "serve", "--data", tmp_path, "--port", str(free_port())),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    while not (await process.stdout.readline()).startswith(b"mentee:"):
        assert process.returncode is None
    with contextlib.closing(sqlite3.connect(tmp_path / "ithaca.db")) as disk:
        disk.execute("DROP TABLE outbox")
    try:
        async with asyncio.timeout(GUARD_S):
            _, log = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 1, log.decode()
    assert "background work ended; stopping" in log.decode()


async def test_told_to_stop_it_says_goodbye_and_keeps_what_was_said(tmp_path: Path) -> None:
    server = Server(tmp_path)
    await server.start()
    one = await signed_in(server, "mentor")
    other = await signed_in(server, "mentee", JSON)
    (view,) = one.opened["mentorships"]
    session = ""
    for remote, peer in ((one, "peer-one-"), (other, "peer-two-")):
        await remote.send("room.join", room=view["room"], peer=peer, audio=True, video=True)
        session = (await remote.get("room.joined"))["session"]["id"]
    await one.send("chat.send", conversation=view["conversation"], id="message-1", body="kept")
    await one.get("chat.accepted")
    await server.stop()
    assert (await code_after(one), await code_after(other)) == (1012, 1012)
    assert server.errors() == []
    log = (tmp_path / "log").read_text()
    for secret in ("kept", *(link.partition("#")[2] for link in server.links.values())):
        assert secret not in log
    assert all(json.loads(line)["level"] for line in log.splitlines())

    await server.start()
    back = await signed_in(server, "mentor")
    (again,) = back.opened["mentorships"]
    assert (again["last"]["body"], again["session"]["id"]) == ("kept", session)
    assert again["session"]["estimated"] is False
    assert again["session"]["together_since_us"] is None
    await back.connection.close()
    await server.stop()


async def test_of_two_servers_on_one_postgresql_the_second_does_not_begin(
    postgres_server: PostgresServer, migrated_postgres: str, tmp_path: Path
) -> None:
    name = postgres_server.create(migrated_postgres)
    database = postgres_server.url(name)
    first, second = (Server(tmp_path / folder, database=database) for folder in ("one", "two"))
    try:
        await first.start()
        with pytest.raises(AssertionError, match="Another Ithaca serves from this database"):
            await second.start()
        await first.stop()
        await second.start()
    finally:
        await first.stop()
        await second.stop()
    assert first.errors() == second.errors() == []
    postgres_server.drop(name)
