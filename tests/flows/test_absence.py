"""Whoever was away gets what was missed, however long that was and however much."""

from __future__ import annotations

import asyncio
import gc
import weakref

import pytest
from sqlalchemy import update

from chat import tables
from runtime.database import Plan
from tests.support.app import App, Page
from tests.support.clock import ManualClock
from tests.support.databases import Storage
from tests.support.wire import JSON, MSGPACK
from web.socket.catch_up import CatchUp
from web.socket.outgoing import Outgoing

MINUTE_S = 60
DAY_S = 24 * 3600
AWAY = [(1, 1), (3 * MINUTE_S, 40), (61 * MINUTE_S, 700), (30 * DAY_S, 1_500)]
"""For how many seconds, and how many messages were written meanwhile."""
BATCH = 1_000


def write(page: Page, site_id: str, first: int, last: int) -> Plan[None]:
    """What another person wrote meanwhile, without the price of each message's own way."""
    ours = tables.conversations.c
    yield (
        update(tables.conversations)
        .where(ours.site_id == site_id, ours.id == page.conversation)
        .values(head=last, revision=last)
    )
    rows = [
        {
            "site_id": site_id,
            "conversation_id": page.conversation,
            "seq": seq,
            "person_id": page.person,
            "client_id": f"message-{seq:06}",
            "body": f"This is message {seq}.",
            "at_us": seq,
            "revision": seq,
        }
        for seq in range(first, last + 1)
    ]
    for at in range(0, len(rows), BATCH):
        yield tables.messages.insert(), rows[at : at + BATCH]


async def be_away(storage: Storage, absences: list[tuple[int, int]]) -> None:
    clock, head, link = ManualClock(), 1, ""
    for seconds, missed in absences:
        async with App.over(storage, clock) as app:  # the server was started anew, too
            link = link or (await app.begin())[0]
            page = await app.open(link)
            site_id = app.house.services.people.home_site
            if head == 1:
                await app.house.services.chat.send(
                    site_id, page.conversation, page.person, "message-000001", "Hello."
                )
            socket = await page.connect(
                cursors={page.conversation: {"seq": head - 1, "revision": head - 1}}
            )
            assert await socket.messages_to(head) == [head]
            await socket.finish()
            await app.database.write(write, page, site_id, head + 1, head + missed)
        clock = ManualClock(clock.wall_us() + seconds * 1_000_000)
        async with App.over(storage, clock) as app:
            page = await app.open(link)
            socket = await page.connect(
                cursors={page.conversation: {"seq": head, "revision": head}}
            )
            back = asyncio.create_task(socket.messages_to(head + missed))
            while not back.done():
                await app.advance(1)  # many pages are handed out no faster than one may ask for
            assert await back == [*range(head + 1, head + missed + 1)]
            head += missed


async def test_what_was_missed_comes_without_a_gap(storage: Storage) -> None:
    """Mutant: what is handed on after an absence ends with the first page."""
    await be_away(storage, AWAY)


@pytest.mark.soak
@pytest.mark.timeout(1200)
async def test_fifty_thousand_that_were_missed_come_without_a_gap(storage: Storage) -> None:
    await be_away(storage, [(30 * DAY_S, 50_000)])


async def test_nothing_is_held_for_who_is_away(app: App) -> None:
    """Mutant: a subscription that stays."""
    link, _ = await app.begin()
    subscribed = type(app.house.services.bus.subscribe())
    held = Outgoing, CatchUp, subscribed
    before = in_memory(*held)
    for _ in range(20):
        page = await app.open(link)
        await (await page.connect()).finish()
    app.sockets.clear()
    await app.settle()
    assert in_memory(*held) == before


@pytest.mark.parametrize("end", ["goodbye", "cut", "restart"])
@pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])
async def test_what_is_held_for_a_connection_goes_with_it(
    app: App, pair: tuple[Page, Page], subprotocol: str, end: str
) -> None:
    """Mutant: its parts hold it in turn, until somebody looks for such, which is done seldom."""
    ada, ben = pair
    other = await ben.connect()
    socket = await ada.connect(subprotocol=subprotocol)
    await ada.join(socket)
    socket.send("no.such")
    await socket.get("error")
    socket.send("chat.fetch", conversation=ada.conversation)
    socket.send("chat.send", conversation=ada.conversation, id="message-1", body="Hello.")
    await socket.get("chat.accepted")
    await other.get("chat.messages")
    await app.advance(3)
    kept = [weakref.ref(each) for each in app.hub.connected]
    gc.disable()
    try:
        if end == "restart":
            app.hub.kick_all("restarting")
        for each in (socket, other):
            await each.finish(1006 if end == "cut" else 1001)
        await app.settle()
        assert [each() for each in kept] == [None, None]
    finally:
        gc.enable()


def in_memory(*kinds: type[object]) -> int:
    """How many there are of these."""
    gc.collect()
    return sum(type(each) in kinds for each in gc.get_objects())


async def test_a_page_that_has_what_is_not_there_is_told_so(app: App) -> None:
    """The database was put back to an earlier state. Mutant: its cursor is taken for the head."""
    page = await app.open((await app.begin())[0])
    site_id, chat = app.house.services.people.home_site, app.house.services.chat
    for number in range(1, 4):
        await chat.send(site_id, page.conversation, page.person, f"message-{number}", "Hello.")
    socket = await page.connect(cursors={page.conversation: {"seq": 7, "revision": 7}})
    gap = await socket.get("chat.gap")
    assert (gap["conversation"], gap["head"]) == (page.conversation, 3)
    await chat.send(site_id, page.conversation, page.person, "message-4", "Hello.")
    assert await socket.messages_to(4) == [4]
    fitting = await page.connect(cursors={page.conversation: {"seq": 4, "revision": 4}})
    await app.settle()
    assert fitting.take("chat.gap") is None
