"""Whatever comes in: the documented answer, logged once without secrets, nobody else disturbed."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack
import pytest
import structlog

from protocol.errors import ERRORS
from tests.flows.test_call import CANDIDATE, SDP
from tests.support.app import App, Page
from tests.support.databases import Storage
from tests.support.wire import JSON, MSGPACK, Socket

on_sqlite = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
on_both = pytest.mark.parametrize("storage", ["sqlite", "postgresql"], indirect=True)

NOBODY = "cnv_00000000000000000000000000"
SECRET = "a-secret-that-nobody-logs"
REFUSALS = ("request refused", "frame refused", "upgrade refused")


@dataclass
class Scene:
    """Two who are talking while somebody else sends nonsense, and what was logged meanwhile."""

    app: App
    page: Page
    socket: Socket
    bystanders: tuple[tuple[Page, Socket], tuple[Page, Socket]]
    logged: list[Any]
    said: int = 0

    async def undisturbed(self) -> None:
        """The two go on, over chat and in their room."""
        self.said += 1
        (ada, one), (_, other) = self.bystanders
        id_ = f"bystander-{self.said}"
        one.send("chat.send", conversation=ada.conversation, id=id_, body="undisturbed")
        assert (await one.get("chat.accepted", id=id_))["seq"] == self.said
        assert (await other.get("chat.messages"))["head"] == self.said
        one.send("peer.candidate", room=ada.room, peer="peer-other", candidate=CANDIDATE)
        assert (await other.get("peer.candidate"))["candidate"] == CANDIDATE
        for socket in (one, other):
            assert socket.close_code is None
            assert [f for f in socket.frames if f["t"] in ("error", "room.peer_left")] == []

    def logged_once(self, code: str, *, close: bool = False) -> None:
        """One refusal, or with `close` one end, of this code; and no secret anywhere."""
        events = [entry["event"] for entry in self.logged if entry.get("code") == code]
        refusals = [event for event in events if event in REFUSALS]
        closes = [event for event in events if event == "connection closed"]
        if close:
            assert len(closes) == 1, events
        else:
            assert (len(refusals), len(closes)) == (1, 0), events
        text = repr(self.logged)
        pages = [self.page, *(page for page, _ in self.bystanders)]
        for secret in (
            SECRET,
            SDP[:60],
            CANDIDATE,
            "undisturbed",
            *(page.grant for page in pages),
            *(page.renewal for page in pages),
            *(page.link.partition("#")[2] for page in pages),
        ):
            assert secret not in text
        assert "Traceback" not in text
        assert [entry for entry in self.logged if entry["log_level"] not in ("info",)] == []
        self.logged.clear()


@pytest.fixture
async def scene(app: App) -> AsyncIterator[Scene]:
    ada, ben = await app.pair("Ada", "Ben")
    mallory, _ = await app.pair("Mallory", "Niaj")
    one, other, socket = await ada.connect(), await ben.connect(), await mallory.connect()
    await ada.join(one, peer="peer-one")
    await ben.join(other, peer="peer-other")
    await app.settle()
    for each in (one, other, socket):
        each.frames.clear()
    with structlog.testing.capture_logs() as logged:
        yield Scene(app, mallory, socket, ((ada, one), (ben, other)), logged)


# ---- frames -----------------------------------------------------------------------------------

MEMBER_FRAMES: dict[str, Callable[[Page], dict[str, Any]]] = {
    "chat.send": lambda page: {
        "conversation": page.conversation,
        "id": "message-1",
        "body": SECRET,
    },
    "chat.fetch": lambda page: {"conversation": page.conversation},
    "chat.read": lambda page: {"conversation": page.conversation, "seq": 1},
    "room.join": lambda page: {
        "room": page.room,
        "peer": "peer-mallory",
        "audio": True,
        "video": True,
    },
    "peer.offer": lambda page: {"room": page.room, "peer": "peer-one", "sdp": SDP},
}

BAD_FRAMES: list[tuple[str, str, Callable[[Page], dict[str, Any]]]] = [
    ("bad_sdp", "room.join", lambda p: {"offer": f"{SECRET} is not SDP"}),
    ("bad_sdp", "peer.offer", lambda p: {"sdp": ""}),
    ("bad_sdp", "peer.offer", lambda p: {"sdp": "v=0\r\n" * 3}),
    ("bad_sdp", "peer.offer", lambda p: {"sdp": SDP.replace("m=audio", "m=<script>")}),
    ("bad_frame", "peer.offer", lambda p: {"sdp": "v=0\r\n" + "a" * 40_000}),
    ("bad_frame", "chat.send", lambda p: {"body": 7}),
    ("bad_frame", "chat.send", lambda p: {"body": None}),
    ("bad_frame", "chat.send", lambda p: {"id": "no spaces!"}),
    ("bad_frame", "chat.send", lambda p: {"id": "message-1\n"}),
    ("bad_frame", "chat.send", lambda p: {"id": "short"}),
    ("bad_frame", "chat.send", lambda p: {"more": SECRET}),
    ("bad_frame", "chat.send", lambda p: {"conversation": "x"}),
    ("bad_frame", "chat.send", lambda p: {"conversation": f"{NOBODY}\x00"}),
    ("bad_frame", "chat.fetch", lambda p: {"limit": 0}),
    ("bad_frame", "chat.fetch", lambda p: {"limit": 201}),
    ("bad_frame", "chat.fetch", lambda p: {"before": -1}),
    ("bad_frame", "chat.fetch", lambda p: {"after": 2**53}),
    ("bad_frame", "chat.fetch", lambda p: {"after": 2**64 - 1}),
    ("bad_frame", "chat.fetch", lambda p: {"after": 1.5}),
    ("bad_frame", "chat.read", lambda p: {"seq": "1"}),
    ("bad_frame", "room.join", lambda p: {"audio": "yes"}),
    ("bad_frame", "room.join", lambda p: {"peer": ["peer-one"]}),
    ("message_empty", "chat.send", lambda p: {"body": " \u200b\n"}),
    ("message_too_long", "chat.send", lambda p: {"body": "x" * (16 * 1024 + 1)}),
    ("invalid_field", "chat.send", lambda p: {"body": f"{SECRET}\x00"}),
    ("not_found", "chat.send", lambda p: {"conversation": NOBODY}),
    ("not_in_room", "peer.offer", lambda p: {}),
]


@on_sqlite
@pytest.mark.parametrize("subprotocol", [MSGPACK, JSON])
async def test_frames_with_wrong_content(scene: Scene, subprotocol: str) -> None:
    for code, tag, wrong in BAD_FRAMES:
        socket = await scene.page.connect(subprotocol=subprotocol)
        scene.logged.clear()
        socket.send(tag, **{**MEMBER_FRAMES[tag](scene.page), **wrong(scene.page)})
        error = await socket.get("error")
        assert error["code"] == code, (tag, wrong(scene.page), error)
        assert (code in ERRORS, socket.close_code) == (True, None)
        assert error["about"] == tag
        if wrong(scene.page).get("sdp", "")[40_000:]:
            assert error["message"] == "Expected `str` of length <= 32768 - at `$.sdp`"
        assert SECRET not in repr(error)
        await socket.beat()
        scene.logged_once(code)
        await socket.finish(1001)
    await scene.undisturbed()


@on_sqlite
async def test_candidates_and_peers_that_do_not_exist(scene: Scene) -> None:
    mallory, socket = scene.page, scene.socket
    await mallory.join(socket)
    scene.logged.clear()
    for candidate in ("x", "candidate:1 1 udp <script>", "candidate:" + "1" * 5_000):
        socket.send("peer.candidate", room=mallory.room, peer="peer-one", candidate=candidate)
        assert (await socket.get("error"))["code"] == "bad_candidate"
        scene.logged_once("bad_candidate")
    for peer in ("peer-one", f"peer-{mallory.tab}", "peer-nobody"):
        socket.send("peer.candidate", room=mallory.room, peer=peer, candidate=CANDIDATE)
        assert (await socket.get("error"))["code"] == "unknown_peer"
        scene.logged_once("unknown_peer")
    await scene.undisturbed()


NOT_FRAMES = (
    b"",
    b"\xc1",
    b"\x00",
    msgpack.packb("hello"),
    msgpack.packb([1, 2]),
    msgpack.packb({}),
    msgpack.packb({"t": "no.such"}),
    msgpack.packb({"t": 7}),
    msgpack.packb({"t": "auth.opened"}),
    msgpack.packb({b"t": "beat", b"n": 1}),
    msgpack.packb({"t": "beat", "n": 1}) + b"\x00",
    b"\x91" * 60_000,
    b"\x81\xa1t" * 20_000,
    msgpack.packb({"t": "beat", "n": 1})[:-1],
    b"\x82\xa1t\xa4beat\xa1n\xc7",
    msgpack.packb({"t": "chat.fetch", "conversation": b"\xff"}),
    b"\xdf\xff\xff\xff\xff",
    b"\xdd\xff\xff\xff\xff\x01",
)


@on_sqlite
async def test_bytes_that_are_no_frame(scene: Scene) -> None:
    for data in NOT_FRAMES:
        socket = await scene.page.connect()
        scene.logged.clear()
        socket.send_bytes(data)
        assert (await socket.get("error"))["code"] == "bad_frame", data[:40]
        await socket.beat()
        scene.logged_once("bad_frame")
        await socket.finish(1001)
    await scene.undisturbed()


@on_sqlite
async def test_text_that_is_no_frame(scene: Scene) -> None:
    for text in ("", "x", "[]", "null", '{"t": "beat", "n": 1e400}', '{"t":' * 10_000, "[" * 60_000,
                 '{"t": "beat", "n": 1} x', '{"t": "beat", "t": "beat"}',
                 '{"t": "chat.fetch", "conversation": "\\ud800"}'):  # fmt: skip
        socket = await scene.page.connect(subprotocol=JSON)
        scene.logged.clear()
        socket.send_text(text)
        assert (await socket.get("error"))["code"] == "bad_frame", text[:40]
        await socket.beat()
        scene.logged_once("bad_frame")
        await socket.finish(1001)
    await scene.undisturbed()


@on_sqlite
async def test_patience_ends_with_the_fifth(scene: Scene) -> None:
    for _ in range(5):
        scene.socket.send_bytes(b"\xc1")
    assert await scene.socket.closed() == 4200
    assert len(scene.socket.take_all("error")) == 5
    scene.logged_once("bad_frame", close=True)
    await scene.undisturbed()


@on_sqlite
async def test_the_other_kind_of_message_and_too_large_ones(scene: Scene) -> None:
    text = await (await scene.app.open(scene.page.link)).connect(subprotocol=JSON)
    large = await (await scene.app.open(scene.page.link)).connect()
    scene.logged.clear()
    scene.socket.send_text("{}")
    assert await scene.socket.closed() == 1003
    scene.logged_once("unsupported_data", close=True)
    text.send_bytes(b"\x80")
    assert await text.closed() == 1003
    scene.logged_once("unsupported_data", close=True)
    large.send_bytes(msgpack.packb({"t": "beat", "n": 1}) + bytes(64 * 1024))
    assert await large.closed() == 1009
    scene.logged_once("frame_too_large", close=True)
    await scene.undisturbed()


@on_sqlite
async def test_the_wrong_order(scene: Scene) -> None:
    mallory, app = scene.page, scene.app
    for tag, fields in (("beat", {"n": 1}), ("chat.fetch", {"conversation": NOBODY})):
        early = app.socket()
        early.send(tag, **fields)
        assert await early.closed() == 4201
        scene.logged_once("wrong_order", close=True)
        assert early.frames == []
    scene.socket.send("auth.open", grant=mallory.grant, tab="tab-again")
    assert await scene.socket.closed() == 4201
    scene.logged_once("wrong_order", close=True)
    garbage = app.socket()
    garbage.send_bytes(b"\xc1")
    assert await garbage.closed() == 4200
    scene.logged_once("bad_frame", close=True)
    await scene.undisturbed()


@on_sqlite
async def test_saying_nothing_at_all(scene: Scene) -> None:
    silent = scene.app.socket()
    assert await silent.answered()
    await scene.app.advance(4.9)
    assert silent.close_code is None
    await scene.app.advance(0.2)
    assert await silent.closed() == 4001
    scene.logged_once("auth_timeout", close=True)
    await scene.undisturbed()


@on_sqlite
async def test_upgrades_from_elsewhere(scene: Scene) -> None:
    for options, code in (
        ({"origin": "http://evil.example"}, "origin_forbidden"),
        ({"origin": None}, "origin_forbidden"),
        ({"origin": "null"}, "origin_forbidden"),
        ({"origin": "http://127.0.0.1:8000.evil.example"}, "origin_forbidden"),
        ({"origin": "https://127.0.0.1:8000"}, "origin_forbidden"),
        ({"origin": "http://evil.example", "host": "evil.example"}, "origin_forbidden"),
        ({"subprotocols": ()}, "bad_request"),
        ({"subprotocols": ("ithaca.v2.msgpack",)}, "bad_request"),
    ):
        refused = scene.app.socket(**options)
        assert not await refused.answered(), options
        scene.logged_once(code)
    elsewhere = scene.app.socket(path="/elsewhere")
    assert not await elsewhere.answered()
    await scene.undisturbed()


@on_sqlite
async def test_grants_that_are_none(scene: Scene) -> None:
    mallory = scene.page
    head, _, rest = mallory.grant.partition(".")
    body, _, signature = rest.partition(".")
    none = "eyJhbGciOiJub25lIn0"
    for grant in (
        "",
        "x",
        SECRET,
        "a.b.c",
        f"{none}.{body}.",
        f"{head}.{body}.",
        f"{head}.{body}.{signature[:-4]}AAAA",
        f"{head}.{body[:-4]}AAAA.{signature}",
        mallory.grant + " ",
        "é" * 30,
        "x" * 60_000,
        mallory.renewal,
    ):
        socket = scene.app.socket()
        socket.send("auth.open", grant=grant, tab="tab-strange")
        error = await socket.get("error")
        assert (error["code"], error["about"]) == ("unauthenticated", "auth.open")
        assert await socket.closed() == 4100
        scene.logged_once("unauthenticated", close=True)
    await scene.undisturbed()


@on_sqlite
async def test_a_page_that_does_not_read_is_cut_off_alone(scene: Scene) -> None:
    mallory, socket = scene.page, scene.socket
    site = scene.app.house.services.people.home_site
    socket.stall()
    for number in range(30):
        await scene.app.house.services.chat.send(
            site, mallory.conversation, mallory.person, f"message-{number}", "x" * 16_000
        )
    await scene.app.settle()
    await scene.undisturbed()
    assert await socket.closed() == 4003  # though it has not read on
    scene.logged_once("slow_consumer", close=True)
    back = await mallory.connect(cursors={mallory.conversation: 0})
    assert await back.messages_to(30) == list(range(1, 31))


@on_sqlite
async def test_a_clock_years_off_changes_nothing(scene: Scene) -> None:
    """A page has no say in time: no frame carries one, and a beat's number is only echoed."""
    mallory, socket = scene.page, scene.socket
    await mallory.join(socket)
    for n in (2**53 - 1, 0, 5, 3):
        socket.send("beat", n=n)
        assert await socket.get("beat.ack", n=n) == {
            "t": "beat.ack", "n": n, "now_us": scene.app.clock.wall_us(),
        }  # fmt: skip
    await scene.app.advance(4)
    (view,) = (await mallory.get("/v1/sessions")).json()["sessions"]
    assert view["as_of_us"] == scene.app.clock.wall_us()
    await scene.undisturbed()


@on_sqlite
async def test_too_many_frames_are_held_up(scene: Scene) -> None:
    mallory, socket = scene.page, scene.socket
    for _ in range(501):
        socket.send("chat.fetch", conversation=mallory.conversation, limit=1)
    error = await socket.get("error")
    assert (error["code"], error["about"]) == ("rate_limited", "chat.fetch")
    assert error["retry_after_us"] > 0
    assert socket.close_code is None
    scene.logged_once("rate_limited")
    await scene.undisturbed()


@on_sqlite
async def test_proof_handed_in_over_and_over_is_held_up(scene: Scene) -> None:
    """Every signature is checked, and every fact of the session read for it."""
    mallory = scene.page
    socket = await mallory.connect()
    session = (await mallory.join(socket))["session"]["id"]
    for _ in range(61):
        socket.send("room.contact", room=mallory.room, session=session, contacts=[])
    error = await socket.get("error")
    assert (error["code"], error["about"]) == ("rate_limited", "room.contact")
    await scene.app.settle()
    scene.logged_once("rate_limited")


@on_sqlite
async def test_joining_over_and_over_is_held_up_by_person_and_changes_nothing(
    scene: Scene,
) -> None:
    """Every join is a fact on disk, and every fact is read again with the next."""
    mallory = scene.page
    tabs = [await (await scene.app.open(mallory.link)).connect() for _ in range(2)]
    for number in range(30):
        await mallory.join(tabs[number % 2], peer=f"peer-{number:04}")
    await scene.app.settle()
    (before,) = (await mallory.get("/v1/sessions")).json()["sessions"]
    scene.logged.clear()
    for tab in tabs:
        tab.frames.clear()
        tab.send("room.join", room=mallory.room, peer="peer-more", audio=True, video=True)
        error = await tab.get("error")
        assert (error["code"], error["about"]) == ("rate_limited", "room.join")
        assert error["retry_after_us"] == 2_000_000
        scene.logged_once("rate_limited")
    await scene.app.settle()
    (after,) = (await mallory.get("/v1/sessions")).json()["sessions"]
    assert after == before
    assert [frame for tab in tabs for frame in tab.frames] == []
    tabs[1].send("room.media", room=mallory.room, audio=False, video=False)  # still inside
    await tabs[1].beat()
    assert tabs[1].take("error") is None
    await scene.app.advance(2)
    await mallory.join(tabs[0], peer="peer-more")
    await scene.undisturbed()


# ---- HTTP -------------------------------------------------------------------------------------

ADA = {"name": "Ada", "zone": "UTC"}
BEN = {"name": "Ben", "zone": "UTC"}


async def refused(scene: Scene, answer: Any, status: int, code: str) -> None:
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code), problem
    assert answer.headers["content-type"] == "application/problem+json"
    assert (problem["status"], problem["title"]) == (status, ERRORS[code].meaning)
    assert SECRET not in answer.text
    scene.logged_once(code)


@on_both
async def test_ids_that_are_none(scene: Scene) -> None:
    """Whatever stands for an id, the answer is the one for an id that does not exist."""
    mallory, (ada, _) = scene.page, scene.bystanders[0]
    session = (await ada.get("/v1/sessions")).json()["sessions"][0]["id"]
    for path, theirs in (
        ("/v1/mentorships/{}", ada.mentorship),
        ("/v1/conversations/{}/messages", ada.conversation),
        ("/v1/sessions/{}", session),
    ):
        unknown = await mallory.get(path.format(theirs[:-6] + "000000"))
        await refused(scene, unknown, 404, "not_found")
        for id_ in (theirs, "x", "%00", "a%00b", "%F0%9F%8C%8A", "%ff", "x" * 3_000, mallory.room,
                    theirs.upper(), theirs + "%0A", "%20" + theirs):  # fmt: skip
            answer = await mallory.get(path.format(id_))
            await refused(scene, answer, 404, "not_found")
            assert answer.content == unknown.content
    await scene.undisturbed()


@on_sqlite
async def test_bodies_that_are_none(scene: Scene) -> None:
    mallory = scene.page
    path = f"/v1/conversations/{mallory.conversation}/messages"
    json_type = {"content-type": "application/json"}
    for content, headers, status, code in (
        (b"", json_type, 400, "bad_request"),
        (b"x", json_type, 400, "bad_request"),
        (b"[]", json_type, 400, "bad_request"),
        (b"null", json_type, 400, "bad_request"),
        (b"[" * 60_000, json_type, 400, "bad_request"),
        (b'{"id": "message-1", "body": "\xff"}', json_type, 400, "bad_request"),
        (b'{"id": "message-1", "body": "\\ud800"}', json_type, 400, "bad_request"),
        (b'{"id": "message-1", "body": 7}', json_type, 400, "bad_request"),
        (b'{"id": "message-1"}', json_type, 400, "bad_request"),
        (b'{"id": "message-1", "body": "x", "at_us": 5}', json_type, 400, "bad_request"),
        (b'{"' + b"x" * 60_000 + b'": 1}', json_type, 400, "bad_request"),
        (b'{"id": "message-1", "body": "x\\u0000"}', json_type, 422, "invalid_field"),
        (b'{"id": "message-1", "body": " "}', json_type, 422, "message_empty"),
        (b'{"id": "message-1", "body": "' + b"x" * 17_000 + b'"}', json_type, 413,
         "message_too_long"),
        (b'{"id": "message-1", "body": "' + b"x" * 70_000 + b'"}', json_type, 413,
         "body_too_large"),
        (b'{"id": "message-1", "body": "x"}', {}, 415, "media_type"),
        (b'{"id": "message-1", "body": "x"}', {"content-type": "text/plain"}, 415, "media_type"),
    ):  # fmt: skip
        answer = await mallory.post(path, content=content, headers=headers)
        await refused(scene, answer, status, code)
        assert len(answer.content) < 1_000
    assert (await mallory.get(path)).json()["messages"] == []
    await scene.undisturbed()


@on_sqlite
async def test_queries_that_are_none(scene: Scene) -> None:
    mallory = scene.page
    path = f"/v1/conversations/{mallory.conversation}/messages"
    for query in ("limit=0", "limit=201", "limit=x", "limit=-1", "before=1.5", "limit=1&limit=2",
                  "more=1", "after=99999999999999999999", "before=%D9%A1", "limit="):  # fmt: skip
        await refused(scene, await mallory.get(f"{path}?{query}"), 400, "bad_request")
    for query in ("x" * 9_000 + "=1", "&".join(["x" * 9_000 + "=1"] * 2)):
        answer = await mallory.get(f"{path}?{query}")
        await refused(scene, answer, 400, "bad_request")
        assert len(answer.content) < 1_000
    for query in ("mentorship=x", "before_us=-1", "mentorship=%00"):
        await refused(scene, await mallory.get(f"/v1/sessions?{query}"), 400, "bad_request")
    await scene.undisturbed()


NAMES = (
    "", " ", "\t", "\u200b", "\u2800", "a\x00b", "a\nb", "a\x7fb", "a\u0085b", "a\u2028b",
    "\u202eadA", "Ada\u2066", "\u200fAda", "Ada\u061c", "\ufeffAda", "A\ue000", "x" * 65, "\u0301",
    "\U000e0041da", "-",
)  # fmt: skip


@on_sqlite
async def test_names_that_hide_something(scene: Scene) -> None:
    for name in NAMES:
        wish = {"mentor": {**ADA, "name": name}, "mentee": BEN}
        answer = await scene.app.http.post("/v1/mentorships", json=wish)
        await refused(scene, answer, 422, "invalid_field")
        assert answer.json()["field"] == "mentor.name"
    for field, value in (("zone", "Vienna"), ("zone", "../etc"), ("zone", ""), ("email", "a@b")):
        wish = {"mentor": ADA, "mentee": {**BEN, field: value}}
        answer = await scene.app.http.post("/v1/mentorships", json=wish)
        await refused(scene, answer, 422, "invalid_field")
        assert answer.json()["field"] == f"mentee.{field}"
    await scene.undisturbed()


@on_sqlite
async def test_links_that_are_none(scene: Scene) -> None:
    mallory, app = scene.page, scene.app
    link = mallory.link.partition("#")[2]
    for invitation in ("", "x", SECRET, link[:-2] + "AA", link + " ", mallory.renewal, "é" * 9,
                       "\x00", mallory.grant[:150]):  # fmt: skip
        answer = await app.http.post("/v1/grants", json={"invitation": invitation})
        await refused(scene, answer, 401, "invitation_invalid")
    for renewal in ("", "x", link, mallory.renewal[:-2] + "AA"):
        answer = await app.http.post("/v1/grants/renew", json={"renewal": renewal})
        await refused(scene, answer, 401, "renewal_invalid")
    answer = await app.http.post("/v1/grants", json={"invitation": SECRET * 10})
    await refused(scene, answer, 400, "bad_request")
    await scene.undisturbed()


@on_sqlite
async def test_headers_from_elsewhere(scene: Scene) -> None:
    app, mallory = scene.app, scene.page
    wish = {"mentor": ADA, "mentee": BEN}
    for headers, status, code in (
        ({"host": "evil.example"}, 421, "host_forbidden"),
        ({"host": ""}, 421, "host_forbidden"),
        ({"origin": "http://evil.example"}, 403, "origin_forbidden"),
        ({"origin": "null"}, 403, "origin_forbidden"),
        ({"idempotency-key": "x" * 201}, 400, "bad_request"),
        ({"idempotency-key": ""}, 400, "bad_request"),
    ):
        answer = await app.http.post("/v1/mentorships", json=wish, headers=headers)
        await refused(scene, answer, status, code)
    for value in ("", "Bearer", "Basic eDp5", "Bearer x", f"Bearer {SECRET}"):
        answer = await app.http.get("/v1/me", headers={"authorization": value})
        await refused(scene, answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
    for path in ("/v1/nowhere", "/v1/me/", "/v1/about/", "/new/"):
        await refused(scene, await app.http.get(path), 404, "not_found")
    await refused(scene, await mallory.post("/v1/me", json={}), 405, "method_not_allowed")
    await scene.undisturbed()


@on_sqlite
async def test_a_page_comes_whole_whatever_range_is_asked(scene: Scene) -> None:
    static = Path(scene.app.storage.data) / "static"
    (static / "assets").mkdir(parents=True)
    for path in ("index.html", "assets/page.js"):
        (static / path).write_text("the whole of it")
    for path in ("/", "/open", "/static/assets/page.js"):
        for wish in ("x", "bytes=x", "bytes=5-2", "bytes=99-", "bytes=0-3", "bytes=-0",
                     "bytes=" + ",".join(f"{at}-{at}" for at in range(3_000))):  # fmt: skip
            answer = await scene.app.http.get(path, headers={"range": wish})
            assert (answer.status_code, answer.text) == (200, "the whole of it")
            assert "accept-ranges" not in answer.headers
    await scene.undisturbed()


@on_sqlite
async def test_guessing_links_is_held_up_by_address(scene: Scene) -> None:
    guesser = scene.app.client("192.0.2.9")
    for _ in range(100):
        answer = await guesser.post("/v1/grants", json={"invitation": "x"})
        assert answer.json()["code"] == "invitation_invalid"
    scene.logged.clear()
    answer = await guesser.post("/v1/grants", json={"invitation": "x"})
    await refused(scene, answer, 429, "rate_limited")
    assert int(answer.headers["retry-after"]) >= 1
    await scene.app.open(scene.page.link)
    await guesser.aclose()
    await scene.undisturbed()


@on_sqlite
async def test_asking_over_and_over_is_held_up_by_person(scene: Scene) -> None:
    mallory, (ada, _) = scene.page, scene.bystanders[0]
    again = await scene.app.open(mallory.link)  # another grant of the same person
    for number in range(198):  # and both have asked once
        page = (mallory, again)[number % 2]
        assert (await page.get("/v1/sessions")).status_code == 200
    scene.logged.clear()
    for page in (mallory, again):
        answer = await page.get("/v1/me")
        await refused(scene, answer, 429, "rate_limited")
        assert answer.headers["retry-after"] == "1"
        assert answer.json()["retry_after_us"] == 20_000
    assert (await ada.get("/v1/me")).status_code == 200
    await scene.app.clock.advance(0.02)
    assert (await mallory.get("/v1/me")).status_code == 200
    await scene.undisturbed()


@on_sqlite
async def test_our_own_fault_is_said_without_a_trace(storage: Storage) -> None:
    """A fault of ours is the one thing that is logged with its trace, and not shown with it."""
    app = App.over(storage)
    async with app:
        page, _ = await app.pair()
        app.house.services.chat.page = broken  # type: ignore[method-assign,assignment]
        client = app.client(raises=False)
        with structlog.testing.capture_logs():
            answer = await client.get(
                f"/v1/conversations/{page.conversation}/messages", headers=page.bearer
            )
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert SECRET not in answer.text
        assert answer.headers["content-security-policy"]
        await client.aclose()


async def broken(*args: object, **kwargs: object) -> None:
    raise ZeroDivisionError(SECRET)
