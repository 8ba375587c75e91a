"""A call of two people who are connected to different nodes."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from runtime.database import DatabaseUnavailable
from runtime.outbox import done_since
from tests.support.app import App, Page
from tests.support.nodes import GUARD_S, Nodes, bus_of, until
from tests.support.redis import RedisServer
from tests.support.wire import CANDIDATE, SDP, Frame, Socket


async def call(ada: Page, mine: Socket, ben: Page, theirs: Socket) -> Frame:
    """Ada was there, Ben comes with an offer; she answers. What Ben was told."""
    await ada.join(mine, peer="peer-of-ada")
    await theirs.get("presence.changed", person=ada.person, presence="in_room")
    joined = await ben.join(theirs, peer="peer-of-ben", offer=SDP)
    assert [peer["id"] for peer in joined["peers"]] == ["peer-of-ada"]
    assert (await mine.get("peer.offer"))["peer"] == "peer-of-ben"
    assert (await mine.get("room.peer_joined"))["peer"]["id"] == "peer-of-ben"
    mine.send("peer.answer", room=ada.room, peer="peer-of-ben", sdp=SDP)
    assert (await theirs.get("peer.answer"))["peer"] == "peer-of-ada"
    theirs.send(
        "peer.candidate",
        room=ada.room,
        peer="peer-of-ada",
        candidate=CANDIDATE,
        sdp_mid="0",
        sdp_m_line_index=0,
        username_fragment=None,
    )
    assert (await mine.get("peer.candidate"))["peer"] == "peer-of-ben"
    return joined


async def only_session(page: Page) -> Frame:
    """The one session that there is, as it stands on record."""
    answer = await page.get("/v1/sessions")
    (session,) = answer.json()["sessions"]
    found: Frame = session
    return found


async def test_they_call_each_other_and_hang_up(nodes: Nodes) -> None:
    ada, ben, mine, theirs = await nodes.talk()
    joined = await call(ada, mine, ben, theirs)
    theirs.send("room.media", room=ben.room, audio=False, video=True)
    assert (await mine.get("room.peer_media"))["audio"] is False
    await mine.get("presence.changed", person=ben.person, presence="in_room")
    theirs.send("room.leave", room=ben.room)
    left = await mine.get("room.peer_left")
    assert (left["peer"], left["reason"]) == ("peer-of-ben", "left")
    await mine.get("presence.changed", person=ben.person, presence="here")
    again = await ben.join(theirs, peer="peer-of-ben-2")
    assert again["session"]["id"] == joined["session"]["id"]


@pytest.mark.parametrize("both_here", [False, True])
async def test_an_end_for_both_reaches_the_other_node_and_is_told_once(
    nodes: Nodes, both_here: bool
) -> None:
    """Mutants: the other node finds out by the record alone; each fact of it tells of it; that the
    other's place is given up is told too."""
    ada, ben, mine, theirs = await nodes.talk()
    ends = ben
    if both_here:  # and neither is where it is ended
        ben = await nodes.page(nodes.one, ben.link)
        theirs = await ben.connect()
    session = (await call(ada, mine, ben, theirs))["session"]["id"]
    if both_here:
        assert (await ends.post(f"/v1/sessions/{session}/end", json={})).is_success
    else:
        theirs.send("room.end", room=ben.room)
    assert (await theirs.get("room.left"))["reason"] == "ended"
    left = await mine.get("room.left")
    assert (left["reason"], left["session"]["state"]) == ("ended", "ended")
    told = [0]
    while told[-1] < left["session"]["version"]:
        told.append((await mine.get("session.changed"))["session"]["version"])
    ledger, connection = nodes.one.house.services.ledger, mine.opened["connection"]
    await until(lambda: not ledger.known([connection]), "the record has been looked at")
    await mine.beat()
    assert [frame for frame in mine.frames if frame["t"] in ("room.left", "room.peer_left")] == []
    told += [frame["session"]["version"] for frame in mine.take_all("session.changed")]
    assert told == sorted(set(told))
    assert (await only_session(ada))["id"] == session
    assert (await only_session(ada))["state"] == "ended"


async def test_an_end_that_a_node_missed_is_no_loss_either(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It asks for all that the other says. Mutants: the end is not in that; it comes after what is
    gone."""
    ada, ben, mine, theirs = await nodes.talk()
    await call(ada, mine, ben, theirs)
    roster = nodes.other.house.services.signaling._roster
    with monkeypatch.context() as missed:
        missed.setattr(roster, "_say", lambda what: None)
        theirs.send("room.end", room=ben.room)
        assert (await theirs.get("room.left"))["reason"] == "ended"
    roster.beat()
    assert (await mine.get("room.left"))["reason"] == "ended"
    assert not mine.take("room.peer_left")


async def test_an_end_is_told_though_it_cannot_be_told_how_the_session_stands(
    nodes: Nodes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is away for the node that hears of it."""
    ada, ben, mine, theirs = await nodes.talk()
    await call(ada, mine, ben, theirs)

    async def away(*_of: str) -> None:
        raise DatabaseUnavailable("away")

    monkeypatch.setattr(nodes.one.house.services.ledger, "view", away)
    theirs.send("room.end", room=ben.room)
    left = await mine.get("room.left")
    assert (left["reason"], left.get("session")) == ("ended", None)
    assert not mine.take("room.peer_left")


async def test_who_ends_it_counts_what_the_other_node_heard(nodes: Nodes) -> None:
    """Mutant: by what the other node has put on disk, some seconds old."""
    ada, ben, mine, theirs = await nodes.talk()
    session = (await call(ada, mine, ben, theirs))["session"]["id"]
    mine.send("room.end", room=ada.room)
    await mine.get("room.left", reason="ended")
    account = await ada.account(session)
    assert account["estimated"] is False
    assert {lane["spans"][-1][1] for lane in account["lanes"]} == {account["ended_us"]}


async def test_who_ends_it_while_the_other_node_is_gone_waits_for_no_answer(nodes: Nodes) -> None:
    ada, ben, mine, theirs = await nodes.talk()
    session = (await call(ada, mine, ben, theirs))["session"]["id"]
    await nodes.other.crash()
    mine.send("room.end", room=ada.room)
    await mine.get("room.left", reason="ended")
    account = await ada.account(session)
    assert (account["state"], account["estimated"]) == ("ended", True)


async def test_two_who_come_at_the_same_moment_find_each_other(nodes: Nodes) -> None:
    ada, ben, mine, theirs = await nodes.talk()
    wish = {"room": ada.room, "audio": True, "video": True, "offer": SDP}
    with bus_of(nodes.one).only_here(), bus_of(nodes.other).only_here():
        mine.send("room.join", peer="peer-of-ada", **wish)
        theirs.send("room.join", peer="peer-of-ben", **wish)
    first = await mine.get("room.joined")
    second = await theirs.get("room.joined")
    assert first["session"]["id"] == second["session"]["id"]
    if not first["peers"] and not second["peers"]:  # neither knew: the later one is told anew
        await until(
            lambda: any(
                frame["t"] == "room.joined" and frame["peers"]
                for frame in (*mine.frames, *theirs.frames)
            ),
            "one of them makes the offer",
        )


async def test_a_page_that_moves_to_the_other_node_stays_in_the_call(nodes: Nodes) -> None:
    ada, ben, mine, theirs = await nodes.talk()
    joined = await call(ada, mine, ben, theirs)
    moved = await nodes.page(nodes.one, ben.link, ben.tab)
    back = await moved.connect()
    assert await theirs.closed() == 4203
    again = await moved.join(back, peer="peer-of-ben")
    assert again["session"]["id"] == joined["session"]["id"]
    assert [peer["id"] for peer in again["peers"]] == ["peer-of-ada"]
    assert (await mine.get("room.peer_joined"))["peer"]["id"] == "peer-of-ben"
    back.send("peer.offer", room=ada.room, peer="peer-of-ada", sdp=SDP)
    assert (await mine.get("peer.offer"))["peer"] == "peer-of-ben"
    assert not mine.take("room.peer_left")


async def test_the_newest_page_of_a_person_takes_over_wherever_it_is(nodes: Nodes) -> None:
    ada, ben, mine, theirs = await nodes.talk()
    await call(ada, mine, ben, theirs)
    elsewhere = await nodes.page(nodes.one, ben.link)
    newer = await elsewhere.connect()
    await elsewhere.join(newer, peer="another-of-ben")
    assert (await theirs.get("room.left"))["reason"] == "replaced"
    assert (await mine.get("room.peer_left"))["reason"] == "replaced"
    await told_that_came(mine, "another-of-ben")


async def test_a_node_that_dies_in_a_call_leaves_one_session_with_one_end(nodes: Nodes) -> None:
    ada, ben, mine, theirs = await nodes.talk()
    joined = await call(ada, mine, ben, theirs)
    await nodes.other.crash()
    left = await mine.get("room.peer_left")
    assert left["reason"] == "lost"
    moved = await nodes.page(nodes.one, ben.link, ben.tab)
    back = await moved.connect()
    again = await moved.join(back, peer="peer-of-ben")
    assert again["session"]["id"] == joined["session"]["id"]
    back.send("room.end", room=ben.room)
    ended = await mine.get("room.left")
    assert (ended["reason"], ended["session"]["id"]) == ("ended", joined["session"]["id"])
    account = await ada.account(joined["session"]["id"])
    assert account["state"] == "ended"
    facts = (await ada.get(f"/v1/sessions/{joined['session']['id']}/facts")).json()["facts"]
    assert [each["fact"]["t"] for each in facts].count("session.ended") == 1


async def test_a_call_begun_while_redis_is_away_is_made_when_it_is_back(
    nodes: Nodes, redis: RedisServer
) -> None:
    ada, ben, mine, theirs = await nodes.talk()
    await ada.join(mine, peer="peer-of-ada")
    await theirs.get("presence.changed", person=ada.person, presence="in_room")
    redis.kill()
    await until(lambda: bus_of(nodes.one).away and bus_of(nodes.other).away, "Redis is away")
    joined = await ben.join(theirs, peer="peer-of-ben", offer=SDP)
    assert [peer["id"] for peer in joined["peers"]] == ["peer-of-ada"]
    # That he is there comes by the database; his offer does not.
    assert (await mine.get("room.peer_joined"))["peer"]["id"] == "peer-of-ben"
    assert not mine.take("peer.offer")
    redis.start()
    assert (await theirs.get("room.left"))["reason"] == "lost"  # the page joins anew by itself
    await mine.get("room.peer_left", peer="peer-of-ben")
    again = await ben.join(theirs, peer="peer-of-ben-2", offer=SDP)
    assert again["session"]["id"] == joined["session"]["id"]
    assert (await mine.get("peer.offer"))["peer"] == "peer-of-ben-2"


async def test_how_a_session_stands_is_known_on_the_other_node_while_redis_is_away(
    nodes: Nodes, redis: RedisServer
) -> None:
    """Mutants: that somebody came is in no fact that is told; nor that it goes on."""
    ada, ben, mine, theirs = await nodes.talk()
    redis.kill()
    await until(lambda: bus_of(nodes.one).away and bus_of(nodes.other).away, "Redis is away")
    waiting = (await ada.join(mine, peer="peer-of-ada"))["session"]
    told = (await theirs.get("session.changed"))["session"]
    assert (told["id"], told["state"], told["people"]) == (
        waiting["id"], "waiting", waiting["people"],
    )  # fmt: skip
    begun = (await ben.join(theirs, peer="peer-of-ben"))["session"]
    await told_of(mine, begun)
    await retold(nodes.one, "session.started")  # so that nothing but what follows tells of it
    longer = (await ben.post(f"/v1/sessions/{begun['id']}/extend")).json()
    assert longer["version"] > begun["version"]
    await told_of(mine, longer)


async def told_that_came(socket: Socket, peer: str) -> None:
    """Returns when a page knows of a peer. Nodes that have just missed something of each other
    tell once more of those who are there: it may hear of another before."""
    while (await socket.get("room.peer_joined"))["peer"]["id"] != peer:
        continue


async def told_of(socket: Socket, session: Frame) -> None:
    """Returns when a page knows a session as it stands there, or a later one."""
    while (await socket.get("session.changed"))["session"]["version"] < session["version"]:
        continue


async def retold(node: App, topic: str) -> None:
    """Returns when a node has told its own such a fact from the database."""
    assert node.house.cluster is not None
    recovery = node.house.cluster.recovery
    async with asyncio.timeout(GUARD_S):
        while True:
            facts = await node.database.read(done_since, 0)
            if any(fact.topic == topic and fact.id in recovery._told for fact in facts):
                return
            await asyncio.sleep(0.02)


async def test_who_comes_once_the_nodes_hear_each_other_again_stays(
    nodes: Nodes, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    ada, ben, mine, theirs = await nodes.talk()
    mended = set[int]()
    for node in (nodes.one, nodes.other):
        assert node.house.cluster is not None
        recovery = node.house.cluster.recovery

        async def heal(*ago_us: int, heals: Any = recovery._heal, of: int = id(node)) -> None:
            await heals(*ago_us)
            mended.add(of)

        monkeypatch.setattr(recovery, "_heal", heal)
    redis.kill()
    await until(lambda: bus_of(nodes.one).away and bus_of(nodes.other).away, "Redis is away")
    redis.start()
    buses = (bus_of(nodes.one), bus_of(nodes.other))
    await until(lambda: not any(bus.away for bus in buses), "both speak with Redis again")
    mended.clear()
    await call(ada, mine, ben, theirs)  # before either has mended what it missed
    await until(lambda: len(mended) == 2, "both have")
    assert not theirs.take("room.left")
    assert not mine.take("room.peer_left")
