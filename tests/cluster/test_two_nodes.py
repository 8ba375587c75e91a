"""What two nodes make of one house."""

from __future__ import annotations

import asyncio

import pytest

from ithaca.admin import Erased, Forget, perform
from tests.support.app import Page
from tests.support.nodes import Nodes, bus_of, until
from tests.support.redis import RedisServer
from tests.support.redis_bus import until_lost
from tests.support.wire import Socket

MANY = 40


async def test_messages_to_and_fro_in_one_order(nodes: Nodes) -> None:
    ada, ben, mine, theirs = await nodes.talk()
    for number in range(MANY):
        for page, socket in ((ada, mine), (ben, theirs)):
            socket.send(
                "chat.send", conversation=page.conversation, id=f"{page.tab}-{number}", body="x"
            )
    expected = list(range(1, 2 * MANY + 1))
    assert await mine.messages_to(2 * MANY) == expected
    assert await theirs.messages_to(2 * MANY) == expected


async def test_sending_again_over_the_other_node_changes_nothing(nodes: Nodes) -> None:
    ada, ben, mine, theirs = await nodes.talk()
    wish = {"conversation": ada.conversation, "id": "the-same-one", "body": "once"}
    mine.send("chat.send", **wish)
    first = await mine.get("chat.accepted")
    assert await theirs.messages_to(1) == [1]
    moved = await nodes.page(nodes.other, ada.link)
    again = await moved.connect(cursors={ada.conversation: {"seq": 1, "revision": 1}})
    again.send("chat.send", **wish)
    second = await again.get("chat.accepted")
    assert (second["seq"], second["at_us"]) == (first["seq"], first["at_us"])
    theirs.send("chat.send", conversation=ben.conversation, id="the-next-one", body="and on")
    assert await theirs.messages_to(2) == [2]


async def test_each_sees_whether_the_other_is_here(nodes: Nodes) -> None:
    ada, ben, mine, theirs = await nodes.talk()
    seen = {m["person"]["id"]: m["presence"] for m in theirs.opened["mentorships"][0]["members"]}
    assert seen == {ada.person: "here", ben.person: "here"}
    await theirs.finish(1001)
    assert (await mine.get("presence.changed", person=ben.person))["presence"] == "away"


async def test_who_goes_from_both_nodes_at_once_was_last_here_then(nodes: Nodes) -> None:
    """Mutant: each leaves it to the other to write that down."""
    ada, ben, mine, theirs = await nodes.talk()
    spare = await (await nodes.page(nodes.one, ben.link)).connect()
    await until(lambda: len(nodes.one.hub.connected) == 2, "Ben is on both")
    await asyncio.gather(theirs.finish(1001), spare.finish(1001))
    await mine.get("presence.changed", person=ben.person, presence="away")
    view = (await ada.get(f"/v1/mentorships/{ada.mentorship}")).json()
    (seen_us,) = (m["seen_us"] for m in view["members"] if m["person"]["id"] == ben.person)
    assert seen_us is not None


async def test_a_tab_that_connects_over_the_other_node_replaces_its_older_connection(
    nodes: Nodes,
) -> None:
    ada, _, mine, theirs = await nodes.talk()
    moved = await nodes.page(nodes.other, ada.link, ada.tab)
    newer = await moved.connect()
    assert await mine.closed() == 4203
    assert newer.close_code is None
    await theirs.get("presence.changed", person=ada.person, presence="here")


async def test_a_withdrawn_link_ends_what_it_opened_on_the_other_node(nodes: Nodes) -> None:
    _, ben, _, theirs = await nodes.talk()
    await nodes.one.house.services.people.replace_link(
        nodes.one.house.services.people.home_site, ben.person
    )
    assert await theirs.closed() == 4202


async def say(speakers: list[tuple[Page, Socket]], sent: int, times: int) -> int:
    """Everybody in turn; how many messages there are then."""
    for _ in range(times):
        for page, socket in speakers:
            sent += 1
            id_ = f"message-{sent:06}"
            socket.send("chat.send", conversation=page.conversation, id=id_, body="x")
        await asyncio.sleep(0)
    return sent


@pytest.mark.parametrize("harm", ["kill", "pause", "flush"])
async def test_redis_harmed_loses_and_reorders_nothing(
    nodes: Nodes, redis: RedisServer, harm: str
) -> None:
    ada, ben, mine, theirs = await nodes.talk()
    both, losses = [(ada, mine), (ben, theirs)], bus_of(nodes.other).losses
    here = await (await nodes.page(nodes.one, ada.link)).connect()
    sent = await say(both, 0, 5)
    seen = {socket: await socket.messages_to(sent) for socket in (mine, theirs, here)}
    getattr(redis, harm)()
    sent = await say(both[:1], sent, 10)  # the other node hears nothing of it, and has to look
    for socket in (here, mine, theirs):
        seen[socket] += await socket.messages_to(sent)
    if harm != "flush":  # not before they have noticed: they may have the messages sooner
        await until(lambda: bus_of(nodes.one).away and bus_of(nodes.other).away, "Redis is away")
    if harm == "kill":
        redis.start()
    redis.go_on()
    if harm != "flush":
        await until_lost(bus_of(nodes.other), losses)
        await until(lambda: not bus_of(nodes.one).away, "both speak with Redis again")
    sent = await say(both, sent, 5)
    for socket in (here, mine, theirs):
        seen[socket] += await socket.messages_to(sent)
        assert seen[socket] == list(range(1, sent + 1))
        assert socket.close_code is None


async def test_who_hides_while_redis_stands_still_is_hidden_at_once_on_every_node(
    nodes: Nodes, redis: RedisServer
) -> None:
    """Before anybody has noticed that nothing is heard. Mutant: it is told by what is known."""
    ada, _, mine, theirs = await nodes.talk()
    page = await nodes.page(nodes.other, ada.link)
    await mine.finish(1001)
    await theirs.get("presence.changed", person=ada.person, presence="away")
    theirs.frames.clear()
    moved = await page.connect()
    await theirs.get("presence.changed", person=ada.person, presence="here")
    redis.pause()
    assert (await ada.post("/v1/me/seen", json={"hidden": True})).is_success
    await moved.finish(1001)
    told = await theirs.get("presence.changed", person=ada.person, presence="away")
    assert told["seen_us"] is None
    redis.go_on()


async def test_a_hint_that_was_lost_is_noticed(nodes: Nodes) -> None:
    ada, _, mine, theirs = await nodes.talk()
    with bus_of(nodes.one).only_here():  # as if Redis had dropped it
        await nodes.one.house.services.chat.send(
            nodes.one.house.services.people.home_site,
            ada.conversation,
            ada.person,
            "lost-one",
            "lost",
        )
    assert await mine.messages_to(1) == [1]
    assert await theirs.messages_to(1) == [1]


async def test_redis_away_hides_nobody_and_no_fact(nodes: Nodes, redis: RedisServer) -> None:
    ada, ben, mine, theirs = await nodes.talk()
    redis.kill()
    await until(lambda: bus_of(nodes.one).away and bus_of(nodes.other).away, "Redis is away")
    moved = await nodes.page(nodes.other, ben.link)
    second = await moved.connect()
    await theirs.finish(1001)
    await second.finish(1001)
    assert (await mine.get("presence.changed", person=ben.person))["presence"] == "away"
    back = await moved.connect()
    await mine.get("presence.changed", person=ben.person, presence="here")
    await nodes.one.house.services.people.replace_link(
        nodes.one.house.services.people.home_site, ben.person
    )
    assert await back.closed() == 4202


async def test_who_blocks_while_redis_is_away_is_blocked_on_the_other_node(
    nodes: Nodes, redis: RedisServer
) -> None:
    """Mutant: what a recovery looks at is messages and facts."""
    ada, ben, mine, theirs = await nodes.talk()
    spare = await (await nodes.page(nodes.one, ben.link)).connect()
    redis.kill()
    await until(lambda: bus_of(nodes.one).away and bus_of(nodes.other).away, "Redis is away")
    mine.take_all("presence.changed")
    path = f"/v1/mentorships/{ben.mentorship}"
    assert (await ben.post(f"{path}/block", json={"on": True})).is_success
    await mine.get("presence.changed", person=ben.person, presence="away")
    view = (await spare.get("mentorship.changed"))["mentorship"]
    assert (view["blocked_by_me"], view["closed_us"]) == (True, None)
    theirs.send("chat.typing", conversation=ben.conversation, typing=True)
    assert (await theirs.get("error"))["code"] == "blocking"
    assert (await ben.post(f"{path}/leave", json={})).is_success
    for socket in (mine, spare):
        view = (await socket.get("mentorship.changed"))["mentorship"]
        assert view["closed_by"] == ben.person
    mine.send("chat.typing", conversation=ada.conversation, typing=True)
    assert (await mine.get("error"))["code"] == "mentorship_closed"


async def test_who_travels_or_is_forgotten_while_redis_is_away_is_read_so_on_the_other_node(
    nodes: Nodes, redis: RedisServer
) -> None:
    """Mutants: either is told and in no fact."""
    ada, ben, mine, theirs = await nodes.talk()
    redis.kill()
    await until(lambda: bus_of(nodes.one).away and bus_of(nodes.other).away, "Redis is away")
    assert (await ben.post("/v1/me/zone", json={"zone": "Asia/Kathmandu"})).is_success
    for socket in (mine, theirs):
        view = (await socket.get("mentorship.changed"))["mentorship"]
        zones = {each["person"]["id"]: each["person"]["zone"] for each in view["members"]}
        assert zones[ben.person] == "Asia/Kathmandu"
        assert zones[ada.person] != "Asia/Kathmandu"
    assert isinstance(await perform(nodes.other.house, Forget(ben.person, yes=True)), Erased)
    names: dict[str, str] = {}
    while names.get(ben.person) != "Someone who left":  # of facts all are told once more
        view = (await mine.get("mentorship.changed"))["mentorship"]
        names = {each["person"]["id"]: each["person"]["name"] for each in view["members"]}
