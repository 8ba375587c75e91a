"""kill -9 of the server, again and again, while people write and sit in a call.

What was acknowledged is there, once, in one order without a gap; presence ends at its last proof.
Kills prove crash safety only: the page cache survives them.
"""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

import pytest

from tests.support.load import Call, Writer, all_there, dial, is_sound, whole
from tests.support.serving import Api, Server

PROOF_BOUND_S = 5


async def kill_and_read(folder: Path, pairs: int, kills: int, seed: int, least: int = 0) -> None:
    """At least so many messages are acknowledged, evenly between the kills."""
    dice = random.Random(seed)
    server = Server(folder, often=True)
    await server.start()
    writers: list[Writer] = []
    for pair in range(pairs):
        links = await server.invite(f"Mentor {pair}", f"Mentee {pair}")
        writers += [Writer(server, url, f"{role}{pair}", dice) for role, url in links.items()]
    tasks = [asyncio.create_task(writer.run()) for writer in writers]
    for kill in range(kills):
        while sum(len(writer.acked) for writer in writers) < least * kill / kills:
            await dice.choice(writers).go_on()
        if dice.random() < (0.8 if pairs > 2 else 0.3):  # else perhaps before anybody is back
            await dice.choice(writers).go_on()
        await asyncio.sleep(dice.uniform(0.02, 1.5 if pairs > 2 else 0.5))
        await server.kill()
        await server.start()
        assert not (broken := [task for task in tasks if task.done()]), broken
    await asyncio.gather(*(writer.go_on() for writer in writers))  # all have met the last server
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    logs = [await whole(writer.api, writer.conversation) for writer in writers]
    acked = all_there(writers, logs)
    print(f"seed {seed}: {kills} kills, {acked} acknowledged, 0 lost")
    await server.stop()
    assert server.errors() == []


@pytest.mark.timeout(240)
async def test_acknowledged_messages_survive_kills(tmp_path: Path) -> None:
    await kill_and_read(tmp_path, pairs=2, kills=20, seed=random.randrange(10**6))


@pytest.mark.soak
@pytest.mark.timeout(7200)
@pytest.mark.parametrize(("kills", "least"), [(100, 20_000), (500, 101_000)])
async def test_acknowledged_messages_survive_many_kills(
    tmp_path: Path, kills: int, least: int
) -> None:
    await kill_and_read(tmp_path, pairs=10, kills=kills, seed=7, least=least)


async def sit_and_be_killed(folder: Path, seconds: float) -> None:
    server = Server(folder, often=True)
    await server.start()
    apis = [Api(server, server.links[role]) for role in ("mentor", "mentee")]
    sockets = []
    for api in apis:
        grant = await api.sign_in()
        socket = await dial(server)
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


async def talk_on(folder: Path, kills: int, seed: int) -> None:
    """The server is killed in a call again and again; the two go on, come back, and hand in."""
    dice = random.Random(seed)
    server = Server(folder, often=True)
    await server.start()
    call = Call(server, server.links)
    await call.begin()
    for _ in range(kills):
        await asyncio.sleep(dice.uniform(1, 6))
        await server.kill()
        await asyncio.sleep(dice.uniform(0, 2))
        await server.start()
        await call.back()
    view = await call.api.end(call.session)
    sat_s = call.sat_s
    await call.vanish()
    assert view.interruptions == ()
    account = await call.account()
    for said_us in (account.together_us, account.contact_us):
        assert sat_s - PROOF_BOUND_S <= said_us / 1e6 <= sat_s + 1, account
    await is_sound(server)
    print(f"seed {seed}: {kills} kills in one call of {sat_s:.1f} s, all of it proven")
    await server.stop()
    assert server.errors() == []


async def test_a_call_goes_on_while_the_server_is_killed(tmp_path: Path) -> None:
    await talk_on(tmp_path, kills=2, seed=random.randrange(10**6))


@pytest.mark.soak
@pytest.mark.timeout(1800)
async def test_a_call_goes_on_however_often_the_server_is_killed(tmp_path: Path) -> None:
    await talk_on(tmp_path, kills=50, seed=7)


async def test_what_was_handed_in_survives_the_server_and_both_pages(tmp_path: Path) -> None:
    server = Server(tmp_path, often=True)
    await server.start()
    call = Call(server, server.links)
    await call.begin()
    await asyncio.sleep(9)
    await server.kill()
    sat_s = call.sat_s
    await call.vanish()
    await server.start()
    async with asyncio.timeout(40):
        account = await call.account()
        while any(person.since_us is not None for person in account.people):
            account = await call.api.session(call.session)
    assert sat_s - PROOF_BOUND_S <= account.together_us / 1e6 <= sat_s + 1, account
    assert account.contact_us > 0
    await server.stop()
    assert server.errors() == []
