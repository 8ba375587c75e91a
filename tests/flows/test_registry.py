"""The registry is what is served, and what it says of rights is true: everybody who may not asks
for every route and frame, and is told what the docs say, whether the thing exists or not."""

from __future__ import annotations

import dataclasses
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, get_args

import httpx2
import msgspec
import pytest

from people import tables as people_tables
from people.sansio import claims
from people.tokens import Tokens
from protocol import frames
from protocol.errors import ERRORS
from protocol.grants import GRANT_TTL_US
from protocol.registry import FRAMES, ROUTES, FrameRule, Route
from tests.support.app import App, Page
from tests.support.databases import Storage
from tests.support.wire import Frame
from web.handlers import Handlers

pytestmark = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)

SDP = (
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\n"
    "a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 00:11\r\n"
)
BODIES: dict[str, dict[str, Any]] = {
    "propose_agreement": {"terms": {"currency": "EUR", "rate_minor": 6000}},
    "plan_meeting": {"start_us": 1_820_000_000_000_000, "length_us": 10**9, "zone": "UTC"},
    "move_meeting": {"start_us": 1_840_000_000_000_000, "length_us": 10**9},
    "send_message": {"id": "message-1", "body": "hello"},
    "edit_message": {"id": "change-1", "body": "good day"},
    "delete_message": {"id": "change-2"},
    "react_to_message": {"id": "change-3", "emoji": "👍", "on": True},
    "pin_message": {"id": "change-4", "on": True},
    "start_mentorship": {
        "mentor": {"name": "Ada", "zone": "UTC"},
        "mentee": {"name": "Ben", "zone": "UTC"},
    },
    "block_other": {"on": True},
    "set_seen": {"hidden": True},
    "set_zone": {"zone": "Europe/Lisbon"},
    "report_other": {"reason": "money", "words": "wants cash", "also": ["block"]},
    "confirm_session": {"revision": 1},
    "contest_session": {"revision": 1, "reason": "not so"},
    "reflect": {"useful": "the rehearsal", "next": "try it", "rating": 4, "private": "nervous"},
    "correct_session": {"billed_us": 1, "reason": "not so"},
}
QUERIES: dict[str, dict[str, Any]] = {"search_mentorship": {"words": "hello"}}
FIELDS: dict[type[frames.Frame], dict[str, Any]] = {
    frames.ChatSend: {"id": "message-2", "body": "hello"},
    frames.ChatEdit: {"id": "change-5", "seq": 2, "body": "good day"},
    frames.ChatDelete: {"id": "change-6", "seq": 2},
    frames.ChatReact: {"id": "change-7", "seq": 1, "emoji": "👍", "on": True},
    frames.ChatPin: {"id": "change-8", "seq": 1, "on": True},
    frames.ChatTyping: {"typing": True},
    frames.ChatFetch: {},
    frames.ChatDelivered: {"seq": 1},
    frames.ChatRead: {"seq": 1},
    frames.RoomJoin: {"peer": "peer-mine", "audio": True, "video": True},
    frames.RoomLeave: {},
    frames.RoomEnd: {},
    frames.RoomMedia: {"audio": True, "video": True},
    frames.RoomPath: {"up": True},
    frames.RoomContact: {"session": "ses_01jd3v0k7r9q2x4m6n8p0s2t4v", "contacts": []},
    frames.RoomVoice: {"from_us": 1_800_000_000_000_000, "slots": "0110"},
    frames.PeerOffer: {"peer": "peer-theirs", "sdp": SDP},
    frames.PeerAnswer: {"peer": "peer-theirs", "sdp": SDP},
    frames.PeerCandidate: {"peer": "peer-theirs", "candidate": ""},
}
GUARDED = [route for route in ROUTES if route.right not in ("public", "local")]
OF_MEMBERS = [route for route in ROUTES if route.right == "member"]
FRAMES_OF_MEMBERS = [rule for rule in FRAMES if rule.right == "member"]


def tag_of(frame: type[frames.Frame]) -> str:
    return str(frame.__struct_config__.tag)


def name_of(item: Route | FrameRule) -> str:
    return item.name if isinstance(item, Route) else tag_of(item.frame)


@dataclass
class World:
    """Ada and Ben, whose things everybody else is after; `bad` has every grant that is none, and
    `foreign` every good one that does not reach them."""

    app: App
    ada: Page
    ben: Page
    session: str
    bad: dict[str, tuple[str, str]]
    foreign: dict[str, Page]
    parts: dict[str, dict[str, str]]
    """By route, the parts of Ada's and Ben's mentorship that its path names, for Ben to ask for."""

    def id_of(self, scope: str | None) -> str:
        ids = {
            "mentorship": self.ada.mentorship,
            "conversation": self.ada.conversation,
            "room": self.ada.room,
            "session": self.session,
        }
        return ids[scope] if scope else ""

    async def ask(
        self,
        route: Route,
        grant: str | None,
        id_: str = "",
        client: httpx2.AsyncClient | None = None,
    ) -> httpx2.Response:
        parts = {
            **self.parts.get(route.name, {}),
            route.scope or "": id_ or self.id_of(route.scope),
        }
        path = route.path.format(**parts)
        headers = {"authorization": f"Bearer {grant}"} if grant is not None else {}
        body = BODIES.get(route.name, {}) if route.request else None
        http = client or self.app.http
        query = QUERIES.get(route.name)
        return await http.request(route.method, path, headers=headers, json=body, params=query)

    def frame(self, rule: FrameRule, id_: str = "") -> dict[str, Any]:
        assert rule.scope is not None
        return {**FIELDS[rule.frame], rule.scope: id_ or self.id_of(rule.scope)}


@pytest.fixture
async def world(storage: Storage) -> AsyncIterator[World]:
    async with App.over(storage, start="people") as app:
        site = app.house.services.people.home_site
        ada, ben = await app.pair("Ada", "Ben")
        socket = await ada.connect()
        session = (await ada.join(socket))["session"]["id"]
        await app.advance(2)
        await socket.finish(1001)
        ended = await ada.post(f"/v1/sessions/{session}/end", json={})
        assert ended.status_code == 200, ended.text
        parts = await parts_of(ada, ben)
        dan, _ = await app.pair("Dan", "Eve")
        narrowed = await app.open(ada.link)
        second = msgspec.json.encode({"mentee": {"name": "Cleo", "zone": "UTC"}, "i_am": "mentor"})
        made = await ada.post(
            "/v1/mentorships", content=second, headers={"content-type": "application/json"}
        )
        await narrowed.renew(mentorship=made.json()["mentorship"])
        elsewhere = await app.another_site()
        theirs, _ = await app.begin("Ada", "Ben", site_id=elsewhere)
        foreign = {
            "of another mentorship": dan,
            "narrowed to another mentorship": narrowed,
            "of another site": await app.open(theirs),
        }

        keys = await app.database.read(people_tables.all_keys)
        tokens = Tokens(keys)
        now_us = app.clock.wall_us()
        genuine = tokens.check(ada.grant, now_us)
        assert genuine is not None

        def altered(by: Tokens = tokens, **changed: Any) -> str:
            return by.sign(msgspec.structs.replace(genuine, **changed))

        # A key of another site that says it is ours: what its owner could make.
        their_keys = Tokens(
            [dataclasses.replace(key, site_id=site) for key in keys if key.site_id != site]
        )
        old = claims.issue(
            site=site,
            person=ada.person,
            invitation=genuine.inv,
            mentorship=None,
            jti="gra",
            now_us=now_us - GRANT_TTL_US,
        )
        revoked = await app.open((await app.begin("Fay", "Gus"))[0])
        await revoked.post("/v1/me/link")
        head, body, signature = ada.grant.split(".")
        bad = {
            "empty": ("", "unauthenticated"),
            "altered": (f"{head}.{body}.{signature[:-6]}AAAAAA", "unauthenticated"),
            "unsigned": (f"{head}.{body}.", "unauthenticated"),
            "expired": (tokens.sign(old), "unauthenticated"),
            "for another purpose": (altered(aud="else"), "unauthenticated"),
            "of somebody else's invitation": (
                altered(sub=ben.person),
                "unauthenticated",
            ),
            "signed by another site": (altered(their_keys), "unauthenticated"),
            "of another site in our name": (
                altered(iss=elsewhere),
                "unauthenticated",
            ),
            "of another site for ours": (altered(their_keys, iss=elsewhere), "unauthenticated"),
            "revoked": (revoked.grant, "revoked"),
        }
        yield World(app, ada, ben, session, bad, foreign, parts)


async def parts_of(ada: Page, ben: Page) -> dict[str, dict[str, str]]:
    """A proposal of each, of which Ada's can be accepted, a meeting, and a message of each."""
    of = f"/v1/mentorships/{ada.mentorship}"
    terms = BODIES["propose_agreement"]
    theirs = await ben.post(f"{of}/agreements", json=terms)
    hers = await ada.post(f"{of}/agreements", json=terms)
    met = await ada.post(f"{of}/meetings", json={**BODIES["move_meeting"], "zone": "UTC"})
    meeting = {"meeting": met.json()["id"]}
    for page in (ben, ada):
        of = f"/v1/conversations/{page.conversation}/messages"
        said = await page.post(of, json={"id": "message-0", "body": "hello"})
        assert said.status_code == 201, said.text
    return {
        **dict.fromkeys(
            (
                "message_versions",
                "edit_message",
                "delete_message",
                "react_to_message",
                "pin_message",
            ),
            {"seq": "1"},
        ),
        "accept_agreement": {"version": str(hers.json()["version"])},
        "decline_agreement": {"version": str(hers.json()["version"])},
        "withdraw_agreement": {"version": str(theirs.json()["version"])},
        "move_meeting": meeting,
        "cancel_meeting": meeting,
    }


def refusal(answer: httpx2.Response) -> tuple[int, str]:
    return answer.status_code, answer.json()["code"]


# ---- what is registered is what is served -----------------------------------------------------


async def test_every_route_has_a_handler_and_every_handler_a_route(world: World) -> None:
    services, mentoring = world.app.house.services, world.app.house.mentoring
    handlers = Handlers(
        services, mentoring, version="", start="", site_id="", draining=lambda: False
    )
    names = [route.name for route in ROUTES]
    assert sorted(handlers.by_name()) == sorted(names)
    assert len({(route.method, route.path) for route in ROUTES}) == len(names) == len(set(names))


async def test_every_client_frame_has_a_rule_and_every_member_right_a_scope(world: World) -> None:
    assert {rule.frame for rule in FRAMES} == set(get_args(frames.ClientFrame))
    assert len(FRAMES) == len(get_args(frames.ClientFrame))
    assert set(FIELDS) == {rule.frame for rule in FRAMES_OF_MEMBERS}
    items: list[Route | FrameRule] = [*OF_MEMBERS, *FRAMES_OF_MEMBERS]
    for item in items:
        assert item.scope is not None, name_of(item)
    for rule in FRAMES_OF_MEMBERS:
        assert rule.scope in rule.frame.__struct_fields__
    for route in ROUTES:
        assert ("{" in route.path) == (route.scope is not None), route.name
        assert set(route.errors) <= set(ERRORS), route.name


# ---- who is refused ---------------------------------------------------------------------------


async def test_without_a_good_grant_nothing_guarded_answers(world: World) -> None:
    for route in GUARDED:
        assert refusal(await world.ask(route, None)) == (401, "unauthenticated"), route.name
        for why, (grant, code) in world.bad.items():
            answer = await world.ask(route, grant)
            assert refusal(answer) == (401, code), (route.name, why)


async def test_without_a_good_grant_nobody_connects(world: World) -> None:
    for why, (grant, code) in world.bad.items():
        socket = world.app.socket()
        socket.send("auth.open", grant=grant, tab="tab-strange")
        assert (await socket.get("error"))["code"] == code, why
        assert await socket.closed() == ERRORS[code].close
        assert socket.frames == []


async def test_a_narrowed_grant_does_nothing_for_the_whole_person(world: World) -> None:
    narrowed = world.foreign["narrowed to another mentorship"]
    whole = [route for route in ROUTES if route.right in ("site", "starter")]
    assert {route.name for route in whole} >= {"replace_link", "start_mentorship"}
    for route in whole:
        assert refusal(await world.ask(route, narrowed.grant)) == (403, "forbidden"), route.name


async def test_what_is_for_this_machine_is_not_for_others(world: World) -> None:
    local = [route for route in ROUTES if route.right == "local"]
    assert [route.name for route in local] == ["metrics"]
    away = world.app.client("192.0.2.7")
    proxied = world.app.client()
    proxied.headers["x-forwarded-for"] = "127.0.0.1"
    for route in local:
        assert (await world.ask(route, None)).status_code == 200
        for client in (away, proxied):
            answer = await world.ask(route, world.ada.grant, client=client)
            assert refusal(answer) == (403, "forbidden"), route.name
    await away.aclose()
    await proxied.aclose()


@pytest.mark.parametrize("route", OF_MEMBERS, ids=name_of)
async def test_a_foreign_thing_is_one_that_does_not_exist(world: World, route: Route) -> None:
    there = world.id_of(route.scope)
    nowhere = there[:-8] + "00000000"
    for why, page in world.foreign.items():
        foreign = await world.ask(route, page.grant, there)
        unknown = await world.ask(route, page.grant, nowhere)
        assert refusal(foreign) == (404, "not_found"), why
        assert foreign.content == unknown.content, why
        assert foreign.headers == unknown.headers, why
    assert (await world.ask(route, world.ben.grant)).status_code == route.status


@pytest.mark.parametrize("rule", FRAMES_OF_MEMBERS, ids=name_of)
async def test_a_foreign_thing_is_one_that_does_not_exist_to_frames_too(
    world: World, rule: FrameRule
) -> None:
    tag, there = tag_of(rule.frame), world.id_of(rule.scope)
    nowhere = there[:-8] + "00000000"
    theirs = await world.ben.connect()
    await world.ben.join(theirs, peer="peer-theirs")
    await world.app.settle()
    theirs.frames.clear()
    for why, page in world.foreign.items():
        socket = await page.connect()
        answers: list[Frame] = []
        for id_ in (there, nowhere):
            socket.send(tag, **world.frame(rule, id_))
            answers.append(await socket.get("error"))
        assert answers[0] == answers[1], why
        assert (answers[0]["code"], answers[0]["about"]) == ("not_found", tag), why
    await world.app.settle()
    # That somebody is there shows in all their mentorships; nothing else may.
    theirs.take_all("presence.changed")
    assert theirs.frames == []

    mine = await world.ada.connect()
    if rule.scope == "room" and rule.frame is not frames.RoomJoin:
        await world.ada.join(mine, peer="peer-mine")
    await world.app.settle()
    mine.send(tag, **world.frame(rule))
    await world.app.settle()
    assert mine.take("error") is None


async def test_what_reaches_the_other_is_refused_once_it_may_not(world: World) -> None:
    """By whoever stores it, where what was stored before is answered again. Mutant: one that
    forgets."""
    rooms = await world.ada.connect()
    left = await world.ben.post(f"/v1/mentorships/{world.ben.mentorship}/leave", json={})
    assert left.is_success
    reaching = [route for route in OF_MEMBERS if route.reaches != "no"]
    assert {route.reaches for route in reaching} == {"new", "always"}
    for route in reaching:
        answer = await world.ask(route, world.ben.grant)
        assert answer.json().get("code") == "mentorship_closed", route.name
    rules = [rule for rule in FRAMES_OF_MEMBERS if rule.reaches != "no"]
    assert {rule.reaches for rule in rules} == {"new", "always"}
    for rule in rules:
        rooms.send(tag_of(rule.frame), **world.frame(rule))
        error = await rooms.get("error")
        assert (error["code"], error["about"]) == ("mentorship_closed", tag_of(rule.frame))


async def test_public_routes_answer_everybody(world: World) -> None:
    for route in ROUTES:
        if route.right == "public" and route.request is None:
            assert (await world.ask(route, None)).status_code == 200, route.name
            assert (await world.ask(route, "nonsense")).status_code == 200, route.name
