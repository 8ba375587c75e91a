"""Whatever comes over a socket: the documented answer, logged once without secrets, nobody else
disturbed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgpack
import pytest

from protocol.errors import ERRORS
from tests.support.app import Page
from tests.support.scene import SECRET, Scene
from tests.support.wire import CANDIDATE, JSON, MSGPACK, SDP

on_sqlite = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
NOBODY = "cnv_00000000000000000000000000"

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
