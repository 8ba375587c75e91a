"""Grants while they last and after: renewing, narrowing, running out, withdrawing."""

from __future__ import annotations

import pytest

from ithaca.admin import Done, Refused, Relink, perform
from protocol.codec import encode
from protocol.frames import MentorshipAdded
from protocol.grants import GRANT_TTL_US
from signaling.service import person_topic
from tests.support.app import App, Page
from tests.support.databases import Storage
from tests.support.wire import Socket

pytestmark = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)

TTL_S = GRANT_TTL_US / 1_000_000


async def test_expiry_stops_new_connections_and_lets_running_ones_go_on(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    await mentor.join(one)
    await mentee.join(other)
    await app.advance(TTL_S)
    assert (await mentor.get("/v1/me")).status_code == 401
    late = app.socket()
    await app.settle()
    late.send("auth.open", grant=mentor.grant, tab="tab-late")
    assert (await late.get("error"))["code"] == "unauthenticated"
    assert await late.closed() == 4100
    assert (one.known, late.known) == (True, False)  # as far as strangers are counted
    one.send("chat.send", conversation=mentor.conversation, id="message-1", body="still here")
    assert (await one.get("chat.accepted"))["seq"] == 1
    await mentor.renew()
    view = (await mentor.get("/v1/sessions")).json()["sessions"][0]
    assert view["together_since_us"] is not None
    assert (await mentor.get("/v1/me")).status_code == 200
    assert (one.close_code, other.close_code) == (None, None)


async def test_a_new_link_ends_everything_the_old_one_opened(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    second = await app.open(mentor.link)
    spare = await second.connect()
    await mentor.join(one)
    await mentee.join(other)
    await app.advance(8)
    answer = await mentor.post("/v1/me/link")
    assert answer.status_code == 200
    assert (await one.closed(), await spare.closed()) == (4202, 4202)
    gone = await other.get("room.peer_left")
    assert (gone["person"], gone["reason"]) == (mentor.person, "revoked")
    await app.settle()
    session = other.take_all("session.changed")[-1]["session"]
    assert (session["together_us"], session["estimated"]) == (8_000_000, False)
    for refused in (
        await mentor.get("/v1/me"),
        await app.http.post("/v1/grants/renew", json={"renewal": mentor.renewal}),
        await app.http.post("/v1/grants", json={"invitation": mentor.link.partition("#")[2]}),
    ):
        assert (refused.status_code, refused.json()["code"]) == (401, "revoked")
    late = app.socket()
    await app.settle()
    late.send("auth.open", grant=mentor.grant, tab="tab-late")
    assert (await late.get("error"))["code"] == "revoked"
    assert await late.closed() == 4202
    assert other.close_code is None
    assert (await mentee.get("/v1/me")).status_code == 200
    fresh = await app.open(answer.json()["url"])
    assert fresh.person == mentor.person
    back = await fresh.connect()
    assert (await fresh.join(back))["session"]["id"] == session["id"]


async def two_mentorships(app: App, mentor: Page) -> Page:
    """The mentee of a second mentorship that the mentor begins."""
    wish = {"mentee": {"name": "Cleo", "zone": "UTC"}, "i_am": "mentor"}
    made = await mentor.post("/v1/mentorships", json=wish)
    (link,) = made.json()["links"]
    return await app.open(link["url"])


async def test_a_narrowed_grant_reaches_one_mentorship_only(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, _ = pair
    cleo = await two_mentorships(app, mentor)
    await mentor.renew(mentorship=mentor.mentorship)
    me = (await mentor.get("/v1/me")).json()
    assert [each["id"] for each in me["mentorships"]] == [mentor.mentorship]
    one = await mentor.connect()
    assert [each["id"] for each in one.opened["mentorships"]] == [mentor.mentorship]
    for path in (
        f"/v1/mentorships/{cleo.mentorship}",
        f"/v1/conversations/{cleo.conversation}/messages",
    ):
        assert (await mentor.get(path)).json()["code"] == "not_found"
    theirs = await mentor.get("/v1/sessions", params={"mentorship": cleo.mentorship})
    assert theirs.json()["code"] == "not_found"
    assert (await mentor.post("/v1/me/link")).json()["code"] == "forbidden"


async def test_a_narrowed_connection_hears_nothing_of_other_mentorships(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, _ = pair
    cleo = await two_mentorships(app, mentor)
    wide = await app.open(mentor.link)
    await mentor.renew(mentorship=mentor.mentorship)
    narrow = await mentor.connect()
    narrow.frames.clear()
    everything = await wide.connect()
    theirs = await cleo.connect()
    await cleo.join(theirs)
    theirs.send("chat.send", conversation=cleo.conversation, id="message-1", body="hello")
    theirs.send("room.end", room=cleo.room)
    await two_mentorships(app, wide)
    await app.advance(20)
    assert {"session.changed", "mentorship.added", "chat.messages", "presence.changed"} <= {
        frame["t"] for frame in everything.frames
    }
    assert narrow.frames == []


async def test_a_call_with_one_mentee_shows_in_nothing_that_another_hears(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    cleo = await two_mentorships(app, mentor)
    one, hers, other = await mentor.connect(), await cleo.connect(), await mentee.connect()
    await app.settle()
    hers.frames.clear()
    other.frames.clear()
    await mentor.join(one, room=cleo.room)
    assert (await hers.get("presence.changed"))["presence"] == "in_room"
    one.send("room.leave", room=cleo.room)
    assert (await hers.get("presence.changed"))["presence"] == "here"
    await app.settle()
    assert other.frames == []
    await mentor.join(one)
    assert (await other.get("presence.changed"))["presence"] == "in_room"
    await app.settle()
    assert hers.take_all("presence.changed") == []


async def test_a_narrowed_grant_buys_no_wider_one(app: App, pair: tuple[Page, Page]) -> None:
    mentor, _ = pair
    wish = {"renewal": mentor.renewal, "mentorship": mentor.mentorship}
    narrow = await app.http.post("/v1/grants/renew", json=wish)
    assert narrow.json()["renewal"] is None
    assert mentor.renewal not in narrow.text
    wide = await app.http.post("/v1/grants/renew", json={"renewal": mentor.renewal})
    assert wide.json()["renewal"] == mentor.renewal


async def test_a_renewal_may_be_narrowed_to_ones_own_only(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, _ = pair
    cleo, _ = await app.pair("Cleo", "Dan")
    for mentorship in (cleo.mentorship, cleo.room):
        wish = {"renewal": mentor.renewal, "mentorship": mentorship}
        answer = await app.http.post("/v1/grants/renew", json=wish)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_links_may_run_out(app: App) -> None:
    wish = {
        "mentor": {"name": "Ada", "zone": "UTC"},
        "mentee": {"name": "Ben", "zone": "UTC"},
        "link_days": 1,
    }
    made = (await app.http.post("/v1/mentorships", json=wish)).json()
    page = await app.open(made["links"][0]["url"])
    socket = await page.connect()
    await app.advance(TTL_S)
    await page.renew()
    app.clock.step_wall(24 * 3600 * 1_000_000)
    invitation = made["links"][0]["url"].partition("#")[2]
    answer = await app.http.post("/v1/grants", json={"invitation": invitation})
    assert (answer.status_code, answer.json()["code"]) == (401, "invitation_expired")
    assert (await socket.beat())["n"] == socket.beats


@pytest.mark.parametrize("start", ["anyone", "people"])
async def test_who_may_begin_a_mentorship(storage: Storage, start: str) -> None:
    async with App.over(storage, start=start) as other:
        wish = {"mentor": {"name": "Ada", "zone": "UTC"}, "mentee": {"name": "B", "zone": "UTC"}}
        about = (await other.http.get("/v1/about")).json()
        assert about["start"] is (start == "anyone")
        answer = await other.http.post("/v1/mentorships", json=wish)
        assert answer.status_code == (201 if start == "anyone" else 401)
        somebody, _ = await other.pair()
        assert (await somebody.post("/v1/mentorships", json=wish)).status_code == 201


async def test_draining_is_said_and_everybody_is_sent_away(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    await mentor.join(one)
    await mentee.join(other)
    await app.advance(4)
    assert (await app.http.get("/readyz")).json() == {"status": "ok"}
    app.draining = True
    app.hub.kick_all("restarting")
    assert (await one.closed(), await other.closed()) == (1012, 1012)
    await app.settle()
    answer = await app.http.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "restarting")
    assert (await app.http.get("/healthz")).status_code == 200
    (view,) = (await mentor.get("/v1/sessions")).json()["sessions"]
    assert (view["state"], view["together_us"], view["estimated"]) == ("open", 4_000_000, False)


@pytest.mark.parametrize("by", ["restart", "revocation"])
async def test_who_was_silent_when_the_server_hung_up_was_there_until_the_last_beat(
    app: App, pair: tuple[Page, Page], by: str
) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    await mentor.join(one)
    await mentee.join(other)
    await app.advance(10)
    other.beating = False
    await app.advance(5)
    if by == "restart":
        app.hub.kick_all("restarting")
    else:
        await mentee.post("/v1/me/link")
    await other.closed()
    await app.settle()
    (view,) = (await mentor.get("/v1/sessions")).json()["sessions"]
    (time,) = (each for each in view["people"] if each["person"] == mentee.person)
    assert (time["present_us"], view["together_us"]) == (10_000_000, 10_000_000)
    assert view["estimated"] is True


async def test_without_its_database_it_says_so_and_comes_back(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    app.database.cut_off = True
    assert (await app.http.get("/readyz")).json()["code"] == "unavailable"
    assert (await mentor.get("/v1/me")).json()["code"] == "unavailable"

    def send(socket: Socket, page: Page) -> None:
        socket.send("chat.send", conversation=page.conversation, id="message-1", body="hello")

    send(one, mentor)
    error = await one.get("error")
    assert (error["code"], error["ref"]) == ("unavailable", "message-1")
    await app.advance(10)
    app.database.cut_off = False
    send(one, mentor)
    assert (await one.get("chat.accepted"))["seq"] == 1
    assert (await other.get("chat.messages"))["head"] == 1
    assert (await app.http.get("/readyz")).status_code == 200


async def test_a_mentorship_that_begins_is_heard_of_without_a_database(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, _ = pair
    one = await mentor.connect()
    bus, services = app.house.services.bus, app.house.services
    said = bus.publish
    bus.publish = lambda topic, payload: None  # type: ignore[method-assign]
    await two_mentorships(app, mentor)
    await app.settle()
    bus.publish = said  # type: ignore[method-assign]
    views = await services.views.mentorships(
        services.people.home_site,
        mentor.person,
        await services.access.mine(await services.people.authenticate(mentor.grant)),
    )
    (view,) = (each for each in views if each.id != mentor.mentorship)
    app.database.cut_off = True
    topic = person_topic(services.people.home_site, mentor.person)
    bus.publish(topic, encode(MentorshipAdded(mentorship=view), "msgpack"))
    assert (await one.get("mentorship.added"))["mentorship"]["id"] == view.id
    await app.settle()
    app.database.cut_off = False
    assert one.take_all("presence.changed") == []  # nothing is shown before it is known
    await app.advance(15)
    assert (await one.get("presence.changed", mentorship=view.id))["presence"] == "away"


async def test_figures_are_for_the_machine_itself_and_name_routes(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, _ = pair
    await mentor.get("/v1/me")
    text = (await app.http.get("/metrics")).text
    assert 'ithaca_http_requests_total{route="me",status="200"} ' in text
    assert 'ithaca_http_requests_total{route="exchange_invitation",status="200"} 2.0' in text
    for secret in (mentor.person, mentor.room, mentor.mentorship):
        assert secret not in text
    assert (await app.client("192.0.2.7").get("/metrics")).json()["code"] == "forbidden"


async def test_a_lost_link_is_replaced_by_name(app: App, pair: tuple[Page, Page]) -> None:
    mentor, _ = pair
    socket = await mentor.connect()
    assert isinstance(await perform(app.house, Relink("Nobody")), Refused)
    answer = await perform(app.house, Relink("Ada"))
    assert isinstance(answer, Done)
    assert answer.url is not None
    await app.settle()
    assert await socket.closed() == 4202
    assert (await app.open(answer.url)).person == mentor.person
    await app.begin()
    namesakes = await perform(app.house, Relink("Ada"))
    assert isinstance(namesakes, Refused)
    assert mentor.person in namesakes.detail
