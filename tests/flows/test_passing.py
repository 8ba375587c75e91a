"""What passes and is not kept (who comes and goes, who types, how far somebody has read) asks the
database nothing: one that is slow, or away, ends no connection for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
import pytest
from msgspec.structs import replace

from chat.service import topic
from protocol.codec import encode
from protocol.frames import ChatReceipt, MentorshipAdded, MentorshipChanged, SessionChanged
from protocol.views import MentorshipView, SessionView
from runtime.presence import GONE, HERE, presence_topic
from signaling.service import person_topic, room_presence_topic
from tests.support.app import App, Page
from tests.support.wire import Socket

on_sqlite = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
LONG_S = 15
"""Nothing that was ever asked for is fresh any more."""


async def quiet(app: App, *sockets: Socket) -> None:
    await app.settle()
    for socket in sockets:
        socket.frames.clear()


@on_sqlite
async def test_what_passes_asks_nothing(app: App, pair: tuple[Page, Page]) -> None:
    """Mutant: the listener asks for the bounds of a mentorship."""
    ada, ben = pair
    one, other = await ada.connect(), await ben.connect()
    await app.advance(LONG_S)
    await quiet(app, one, other)
    bus, site = app.house.services.bus, app.house.services.people.home_site
    app.database.cut_off, before = True, app.database.asked

    other.send("chat.typing", conversation=ben.conversation, typing=True)
    await one.get("chat.typed", person=ben.person, typing=True)
    receipt = ChatReceipt(conversation=ben.conversation, person=ben.person, delivered=1, read=1)
    bus.publish(topic(site, ben.conversation), encode(receipt, "msgpack"))
    await one.get("chat.receipt", person=ben.person, read=1)
    for published, payload in (
        (presence_topic(site, ben.person), GONE),
        (presence_topic(site, ben.person), HERE),
        (room_presence_topic(site, ben.person), ben.room.encode()),
    ):
        bus.publish(published, payload)
        assert (await one.get("presence.changed", person=ben.person))["presence"] == "here"
    await app.settle()
    assert app.database.asked == before
    assert (one.close_code, other.close_code) == (None, None)
    app.database.cut_off = False


@on_sqlite
async def test_a_mentorship_that_begins_while_one_is_here_is_known_at_once(app: App) -> None:
    ada, _ = await app.pair()
    one = await ada.connect()
    wish = {"mentee": {"name": "Cleo", "zone": "UTC"}, "i_am": "mentor"}
    made = (await ada.post("/v1/mentorships", json=wish)).json()
    await one.get("mentorship.added")
    await quiet(app, one)
    cleo = await app.open(made["links"][0]["url"])
    socket = await cleo.connect()
    await one.get("presence.changed", person=cleo.person, presence="here")
    assert (
        await cleo.post(f"/v1/mentorships/{cleo.mentorship}/block", json={"on": True})
    ).is_success
    await one.get("presence.changed", person=cleo.person, presence="away")
    assert socket.close_code is None


@on_sqlite
async def test_what_passes_waits_for_no_message_and_signs_of_life_for_nothing(
    app: App, pair: tuple[Page, Page]
) -> None:
    """Mutant: a frame is carried out before the next one is looked at."""
    ada, ben = pair
    one, other = await ada.connect(), await ben.connect()
    await quiet(app, one, other)
    app.database.goes_on.clear()
    other.send("chat.send", conversation=ben.conversation, id="sent-0001", body="slowly")
    other.send("chat.typing", conversation=ben.conversation, typing=True)
    await one.get("chat.typed", person=ben.person, typing=True)
    other.send("chat.fetch", conversation=ben.conversation, after=0, limit=7)
    await other.beat()
    assert other.take("chat.accepted") is None
    app.database.goes_on.set()
    page = await other.get("chat.messages", conversation=ben.conversation)
    tags = [frame["t"] for frame in other.frames]
    assert [message["id"] for message in page["messages"]] == ["sent-0001"]
    assert "chat.accepted" in tags  # what is asked behind messages is answered behind them
    await one.get("chat.messages")


@on_sqlite
async def test_what_waits_for_the_disk_is_bounded(app: App, pair: tuple[Page, Page]) -> None:
    ada, ben = pair
    one, other = await ada.connect(), await ben.connect()
    await quiet(app, one, other)
    app.database.goes_on.clear()
    sent = [f"sent-{n:04}" for n in range(240)]
    for n, id_ in enumerate(sent):
        other.send("chat.send", conversation=ben.conversation, id=id_, body="x")
        if n == 19:  # as many as one may in a second
            await app.settle()
            await app.clock.advance(1)
    await app.settle()
    assert other.unread > 0
    app.database.goes_on.set()
    await other.either(("chat.accepted", "id", sent[-1]), ("error", "ref", sent[-1]))
    assert (await one.messages_to(40))[:40] == list(range(1, 41))


async def blocks(ben: Page) -> None:
    answer = await ben.post(f"/v1/mentorships/{ben.mentorship}/block", json={"on": True})
    assert answer.is_success


async def leaves(ben: Page) -> None:
    assert (await ben.post(f"/v1/mentorships/{ben.mentorship}/leave", json={})).is_success


@on_sqlite
@pytest.mark.parametrize("does", [blocks, leaves])
async def test_what_was_told_and_lost_is_noticed(
    app: App,
    pair: tuple[Page, Page],
    does: Callable[[Page], Awaitable[None]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As if another node had told of it, and nothing had come. Mutant: a glance that looks at
    messages only."""
    ada, ben = pair
    one, spare = await ada.connect(), await (await app.open(ben.link)).connect()
    await quiet(app, one, spare)
    with monkeypatch.context() as lost:
        lost.setattr(app.house.services.bus, "publish", lambda topic, payload: None)
        await does(ben)
        await app.settle()
    assert one.frames == spare.frames == []
    await app.advance(LONG_S)
    if does is blocks:
        assert one.take_all("presence.changed")[-1]["presence"] == "away"
        assert one.take_all("mentorship.changed") == []
    else:
        view = one.take_all("mentorship.changed")[-1]["mentorship"]
        assert view["closed_by"] == ben.person
    view = spare.take_all("mentorship.changed")[-1]["mentorship"]
    assert (view["blocked_by_me"], view["closed_us"] is None) == (does is blocks, does is blocks)


@on_sqlite
async def test_a_block_of_one_s_own_is_read_on_one_s_other_tab_though_its_request_came_to_no_end(
    app: App, pair: tuple[Page, Page]
) -> None:
    """Mutant: how it stands is looked up for what the other does alone."""
    _, ben = pair
    services = app.house.services
    spare = await ben.connect()
    caller = await services.people.authenticate(ben.grant)
    mentorship = await services.access.member(caller, "mentorship", ben.mentorship)
    for on in (True, False):
        await quiet(app, spare)
        await services.safety.block(mentorship, ben.person, on=on)
        told = await spare.get("mentorship.changed")
        assert told["mentorship"]["blocked_by_me"] is on
    await app.settle()
    assert spare.take_all("mentorship.changed") == []


@on_sqlite
async def test_an_older_change_that_comes_late_is_not_the_last_word(
    app: App, pair: tuple[Page, Page]
) -> None:
    """As a slower node tells what it has read before. Mutant: what came last stays."""
    ada, ben = pair
    one, _ = await ada.connect(), await ben.connect()
    before = msgspec.convert(one.opened["mentorships"][0], MentorshipView)
    await leaves(ben)
    assert (await one.get("mentorship.changed"))["mentorship"]["closed_by"] == ben.person
    await quiet(app, one)
    bus, site = app.house.services.bus, app.house.services.people.home_site
    late = encode(MentorshipChanged(mentorship=before), "msgpack")
    app.database.cut_off = True
    bus.publish(person_topic(site, ada.person), late)
    assert (await one.get("mentorship.changed"))["mentorship"]["closed_by"] is None
    await app.settle()
    assert one.close_code is None  # who hears a hint asks nothing that they would wait for
    app.database.cut_off = False
    bus.publish(person_topic(site, ada.person), late)
    bus.publish(person_topic(site, ada.person), late)
    await app.settle()
    shown = [each["mentorship"]["closed_by"] for each in one.take_all("mentorship.changed")]
    assert shown == [None, None, ben.person]


@on_sqlite
async def test_a_mentorship_that_begins_twice_hides_no_change_of_it(
    app: App, pair: tuple[Page, Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after an outage, when facts are told once more. Mutant: it begins for the page, too."""
    ada, ben = pair
    one = await ada.connect()
    bus, site = app.house.services.bus, app.house.services.people.home_site
    with monkeypatch.context() as lost:
        lost.setattr(bus, "publish", lambda topic, payload: None)
        await leaves(ben)
        await app.settle()
    now = (await ada.get("/v1/me")).json()["mentorships"][0]
    again = MentorshipAdded(mentorship=msgspec.convert(now, MentorshipView))
    bus.publish(person_topic(site, ada.person), encode(again, "msgpack"))
    assert (await one.get("mentorship.changed"))["mentorship"]["closed_by"] == ben.person
    await app.advance(LONG_S)
    assert one.take_all("mentorship.added") == []


@on_sqlite
async def test_how_sessions_stand_is_told_once_for_each_version(
    app: App, pair: tuple[Page, Page]
) -> None:
    """Also of two of one mentorship in turn. Mutant: only the last one is known."""
    ada, _ = pair
    one = await ada.connect()
    live = msgspec.convert((await ada.join(one))["session"], SessionView)
    await quiet(app, one)
    live = replace(live, version=live.version + 1)
    old = replace(live, id="ses_" + "0" * 26)
    bus, site = app.house.services.bus, app.house.services.people.home_site
    for session in (live, old, live, old, replace(old, version=old.version + 1), live):
        frame = encode(SessionChanged(session=session), "msgpack")
        bus.publish(person_topic(site, ada.person), frame)
    await app.settle()
    told = [each["session"] for each in one.take_all("session.changed")]
    assert [(each["id"], each["version"] - live.version) for each in told] == [
        (live.id, 0), (old.id, 0), (old.id, 1),
    ]  # fmt: skip


@on_sqlite
async def test_who_hid_or_blocks_while_the_bus_is_deaf_is_not_shown_to_come_and_go(
    app: App, pair: tuple[Page, Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As if it had been said on another node, and nothing had come. Mutant: coming and going is
    told by what is known."""
    ada, ben = pair
    one, other = await ada.connect(), await ben.connect()
    bus = app.house.services.bus
    monkeypatch.setattr(bus, "shared", True)
    await quiet(app, one)
    with monkeypatch.context() as lost:
        lost.setattr(bus, "publish", lambda topic, payload: None)
        await ben.post("/v1/me/seen", json={"hidden": True})
    await other.finish(1001)
    assert (await one.get("presence.changed", presence="away"))["seen_us"] is None
    with monkeypatch.context() as lost:
        lost.setattr(bus, "publish", lambda topic, payload: None)
        await blocks(ben)
    other = await ben.connect()
    await app.settle()
    assert {told["presence"] for told in one.take_all("presence.changed")} <= {"away"}
    # Without a database what is known is told, unless the bus is known to be deaf.
    await ben.post(f"/v1/mentorships/{ben.mentorship}/block", json={"on": False})
    await one.get("presence.changed", presence="here")
    await quiet(app, one)
    app.database.cut_off = True
    for apart in (True, False):
        monkeypatch.setattr(bus, "apart", apart)
        bus.publish(presence_topic(app.house.services.people.home_site, ben.person), HERE)
        await app.settle()
        assert bool(one.take_all("presence.changed")) == (not apart)
    app.database.cut_off = False


@on_sqlite
async def test_who_hides_is_hidden_on_pages_that_are_open(
    app: App, pair: tuple[Page, Page]
) -> None:
    """Mutant: hiding tells nobody."""
    ada, ben = pair
    one, other = await ada.connect(), await ben.connect()
    await quiet(app, one)
    await other.finish(1001)
    went_us = app.clock.wall_us()
    assert (await one.get("presence.changed", presence="away"))["seen_us"] == went_us
    for page in (ben, ada):
        for hidden, seen_us in ((True, None), (False, went_us)):
            await page.post("/v1/me/seen", json={"hidden": hidden})
            told = await one.get("presence.changed", person=ben.person)
            assert (told["presence"], told["seen_us"]) == ("away", seen_us)
