"""Pages that do not read, or only ping, while the others write and read."""

from __future__ import annotations

import asyncio
import random
import socket
from itertools import count
from pathlib import Path

import pytest

from protocol.errors import ERRORS
from tests.support.load import Writer, dial, whole
from tests.support.serving import GUARD_S, Api, Server
from tests.support.wire import RemoteSocket

LONG = 15_000
"""Characters of a message."""
MEBIBYTE = 1024 * 1024
MEMORY_MOST = 64 * MEBIBYTE
OF_ONE = 10
"""So many of one person: they get so many pages a second over all they are connected by."""
PING = b"\x89\x80\0\0\0\0"
"""Masked, with nothing in it."""


async def narrow(server: Server, api: Api, tab: str) -> RemoteSocket:
    """A page that is there from the first message on, and that takes in little unread."""
    way = socket.socket()
    way.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    way.setblocking(False)
    await asyncio.get_running_loop().sock_connect(way, ("127.0.0.1", server.port))
    page = await dial(server, over=way)
    assert api.grant is not None
    await page.send("auth.open", grant=api.grant.grant, tab=tab, cursors={})
    page.opened = await page.get("auth.opened")
    return page


async def read_nothing(folder: Path, stalled: int, messages: int) -> None:
    server = Server(folder, often=True)
    await server.start()
    dice = random.Random(1)
    pairs: list[tuple[Writer, Writer]] = []
    mentees: list[Api] = []
    for n in range(-(-stalled // OF_ONE)):
        links = await server.invite(f"Mentor {n}", f"Mentee {n}")
        one, other = (
            Writer(server, url, f"{role}-{n}", dice, filler=LONG, pace_s=0.02)
            for role, url in links.items()
        )
        pairs.append((one, other))
        mentees.append(Api(server, links["mentee"]))
    writers = [writer for pair in pairs for writer in pair]
    tasks = [asyncio.create_task(writer.run()) for writer in writers]

    async def written(number: int) -> float:
        """How long nearly all acknowledgements took (the 99th percentile)."""
        for writer in writers:
            writer.waits_s.clear()
        while sum(len(each.waits_s) for each in writers) < number:
            await writers[0].go_on()
            assert not (broken := [task for task in tasks if task.done()]), broken
        waits_s = sorted(wait for each in writers for wait in each.waits_s)
        return waits_s[len(waits_s) * 99 // 100]

    alone_s = await written(messages // 4)
    for mentee in mentees:
        await mentee.sign_in()
    slow: list[RemoteSocket] = []
    alive: list[asyncio.Task[None]] = []
    for n in range(stalled):
        slow.append(await narrow(server, mentees[n // OF_ONE], f"slow-tab-{n:04}"))
        alive.append(asyncio.create_task(beat(slow[-1])))
    pinging = [await narrow(server, mentees[0], f"ping-tab-{n:04}") for n in range(3)]
    for page in (*slow, *pinging):
        page.connection.transport.pause_reading()
    before = server.memory()
    pings = [asyncio.create_task(flood(page)) for page in pinging]
    beside = asyncio.create_task(written(messages))
    waited = 0
    while server.logged('"code":"slow_consumer"') < stalled:
        await asyncio.sleep(0.05)
        waited += 1
        assert waited < GUARD_S * 20 * len(pairs), "nobody was cut off"
    for page in slow:
        page.connection.transport.resume_reading()
        assert await page.closed() == ERRORS["slow_consumer"].close
    await asyncio.gather(*pings)  # each has been cut off, too
    beside_s = await beside
    grown = server.memory() - before
    for task in (*tasks, *alive):
        task.cancel()
    await asyncio.gather(*tasks, *alive, return_exceptions=True)
    heads: list[int] = []
    for pair in pairs:
        log = await whole(pair[0].api, pair[0].conversation)
        heads.append(len(log))
        for writer in pair:  # bystanders: each message since they came, and in its order
            first, *_, last = writer.shown
            assert list(writer.shown) == list(range(first, last + 1))
            assert len(writer.shown) >= len(log) - 10

    async def come_back(n: int) -> None:
        for page in slow[n * OF_ONE : (n + 1) * OF_ONE]:
            await comes_back(server, mentees[n], page, heads[n], pairs[n][0].conversation)

    await asyncio.gather(*(come_back(n) for n in range(len(pairs))))
    print(
        f"{stalled} did not read {messages} messages: {grown / MEBIBYTE:.1f} MiB more; the others'"
        f" 99th percentile {alone_s * 1000:.0f} ms before, {beside_s * 1000:.0f} ms beside them"
    )
    assert grown <= MEMORY_MOST
    await server.stop()
    assert server.errors() == []


async def beat(page: RemoteSocket) -> None:
    """It lives, and reads no answer."""
    for n in count(1):
        await page.send("beat", n=n)
        await asyncio.sleep(1)


async def flood(page: RemoteSocket) -> None:
    """Pings until it is cut off, and reads no answer."""
    transport = page.connection.transport
    while not transport.is_closing():
        if transport.get_write_buffer_size() < MEBIBYTE:
            transport.write(PING * 1_000)
        await asyncio.sleep(0.001)


async def comes_back(
    server: Server, api: Api, page: RemoteSocket, head: int, conversation: str
) -> None:
    """With what it had read when it was cut off, and gets the rest."""
    had = [m["seq"] for frame in page.take_all("chat.messages") for m in frame["messages"]]
    began: int = page.opened["mentorships"][0]["head"]
    assert api.grant is not None
    again = await dial(server)
    last = max(had, default=began)
    cursors = {conversation: {"seq": last, "revision": last}}
    await again.send("auth.open", grant=api.grant.grant, tab="tab-again", cursors=cursors)
    await again.get("auth.opened")
    alive = asyncio.create_task(beat(again))  # much to read takes longer than a page may be silent
    got = await again.messages_to(head)
    alive.cancel()
    await asyncio.gather(alive, return_exceptions=True)
    assert had + got == list(range(began + 1, head + 1))
    await again.connection.close()
    again.task.cancel()


async def test_who_does_not_read_is_cut_off_alone(tmp_path: Path) -> None:
    """Mutants: a queue without a bound (memory, and nobody is cut off); pings answered for ever;
    the frame that was being sent when it was cut off is dropped (a gap)."""
    await read_nothing(tmp_path, stalled=8, messages=100)


@pytest.mark.soak
@pytest.mark.timeout(3600)
async def test_many_who_do_not_read(tmp_path: Path) -> None:
    await read_nothing(tmp_path, stalled=80, messages=2_000)
