"""A call from the first join to the record of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from ledger.service import FLUSH_INTERVAL_S, Ledger
from ledger.store import Store
from runtime.database import DatabaseUnavailable, Plan
from runtime.database.plan import P
from tests.flows.test_conversation import write
from tests.support.app import App, Page
from tests.support.wire import CANDIDATE, SDP, Socket

SECOND = 1_000_000
T = TypeVar("T")

# What the database has no part in is shown on one engine.
on_sqlite = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)


KEY = "K" * 87


async def joined(pair: tuple[Page, Page]) -> tuple[Socket, Socket]:
    """Both connected, both in the room, the mentor first; what they were told is read."""
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    await mentor.join(one, key=KEY)
    await mentee.join(other)
    await mentor.app.settle()
    one.frames.clear()
    other.frames.clear()
    return one, other


def time_of(view: dict[str, Any], person: str) -> int:
    (time,) = [each for each in view["people"] if each["person"] == person]
    present: int = time["present_us"]
    return present


@on_sqlite
@pytest.mark.parametrize("by", ["leaving", "closing"])
async def test_a_goodbye_counts_from_when_it_came(
    app: App, pair: tuple[Page, Page], monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Behind what the page said just before, which the database takes long to take."""
    mentor, mentee = pair
    _, other = await joined(pair)
    await app.advance(20)
    taken = asyncio.Event()
    path = Ledger.path

    async def slowly(self: Ledger, connection: str, *, up: bool) -> None:
        await taken.wait()
        await path(self, connection, up=up)

    monkeypatch.setattr(Ledger, "path", slowly)
    other.beating = False
    other.send("room.path", room=mentee.room, up=False)
    if by == "leaving":
        other.send("room.leave", room=mentee.room)
    else:
        other.drop(1001)
    await app.advance(3)
    taken.set()
    await app.settle()
    (view,) = (await mentor.get("/v1/sessions")).json()["sessions"]
    assert (time_of(view, mentee.person), view["estimated"]) == (20 * SECOND, False)


@on_sqlite
async def test_a_goodbye_behind_what_its_page_does_not_read_counts_from_its_turn(
    app: App, pair: tuple[Page, Page]
) -> None:
    """Else one could say it, stay, and take back the time meanwhile."""
    mentor, mentee = pair
    await write(mentee, 7, "x" * 15_000)
    _, other = await joined(pair)
    await app.advance(20)
    other.beating = False
    other.stall()
    for _ in range(6):
        other.send("chat.fetch", conversation=mentee.conversation, after=0, limit=7)
    other.send("room.leave", room=mentee.room)
    for n in range(8):
        for _ in range(2):
            other.send("beat", n=100 + n)
            await app.advance(2)
        other.go_on()
        other.stall()
        await app.settle()
    other.go_on()
    await app.settle()
    (view,) = (await mentor.get("/v1/sessions")).json()["sessions"]
    assert time_of(view, mentee.person) >= 36 * SECOND


async def test_two_people_meet_and_the_record_agrees(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()

    waiting = await mentor.join(one)
    assert waiting["peers"] == []
    assert waiting["session"]["state"] == "waiting"
    assert (await other.get("presence.changed", presence="in_room"))["person"] == mentor.person

    await app.advance(5)
    begun = await mentee.join(other)
    assert [peer["person"] for peer in begun["peers"]] == [mentor.person]
    assert begun["session"]["id"] == waiting["session"]["id"]
    assert begun["session"]["state"] == "open"
    assert begun["session"]["together_since_us"] == app.clock.wall_us()
    assert (await one.get("room.peer_joined"))["peer"]["person"] == mentee.person
    started = await one.get("session.changed", session=begun["session"])
    assert started["session"]["started_us"] == app.clock.wall_us()

    await app.advance(60)
    mentee_left = app.clock.wall_us()
    other.send("room.leave", room=mentee.room)
    left = await other.get("room.left", reason="left")
    gone = await one.get("room.peer_left")
    assert (gone["person"], gone["reason"]) == (mentee.person, "left")
    assert left["session"]["together_us"] == 60 * SECOND
    assert left["session"]["together_since_us"] is None
    assert left["session"] == await mentee.session(left["session"]["id"])

    await app.advance(3)
    one.send("room.leave", room=mentor.room)
    last = (await one.get("room.left", reason="left"))["session"]
    assert last == await mentor.session(last["id"])
    assert last == await mentee.session(last["id"])
    assert (time_of(last, mentor.person), time_of(last, mentee.person)) == (
        68 * SECOND,
        60 * SECOND,
    )
    assert last["estimated"] is False
    assert last["interruptions"] == []

    await app.advance(9 * 60)
    await mentor.renew()
    assert (await mentor.session(last["id"]))["state"] == "open"
    await app.advance(70)
    ended = await mentor.session(last["id"])
    assert (ended["state"], ended["end_reason"], ended["ended_by"]) == ("ended", "empty", None)
    assert ended["ended_us"] == mentee_left + 3 * SECOND
    assert ended["together_us"] == 60 * SECOND
    assert (await other.get("session.changed", session=ended))["session"] == ended

    again = await mentor.join(one)
    assert again["session"]["id"] != last["id"]
    listed = (await mentor.get("/v1/sessions")).json()["sessions"]
    assert [each["id"] for each in listed] == [again["session"]["id"], last["id"]]


async def test_who_falls_silent_is_lost_at_the_last_beat_and_may_come_back(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await joined(pair)
    await app.advance(20)
    last_beat_us = app.clock.wall_us()
    other.beating = False
    await app.advance(4)
    assert one.take("room.peer_left") is None
    await app.advance(2)
    assert await other.closed() == 4004
    gone = await one.get("room.peer_left")
    assert (gone["person"], gone["peer"], gone["reason"]) == (
        mentee.person,
        f"peer-{mentee.tab}",
        "lost",
    )
    changed = one.take_all("session.changed")[-1]["session"]
    assert (changed["together_us"], changed["together_since_us"]) == (20 * SECOND, None)
    assert one.take_all("presence.changed")[-1]["presence"] == "away"

    await app.advance(10)
    back = await mentee.connect()
    again = await mentee.join(back)
    assert again["session"]["id"] == changed["id"]
    assert [peer["id"] for peer in again["peers"]] == [f"peer-{mentor.tab}"]
    assert (await one.get("room.peer_joined"))["peer"]["id"] == f"peer-{mentee.tab}"
    back_us = app.clock.wall_us()

    await app.advance(8)
    back.send("room.end", room=mentee.room)
    ended = (await one.get("room.left", reason="ended"))["session"]
    assert ended["together_us"] == 28 * SECOND
    assert ended["interruptions"] == [
        {"from_us": last_beat_us, "to_us": back_us, "absent": [mentee.person]}
    ]
    assert ended["estimated"] is True
    assert time_of(ended, mentor.person) == 44 * SECOND


@on_sqlite
async def test_a_broken_line_ends_at_the_last_beat_and_a_closed_page_now(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await joined(pair)
    await app.advance(10)
    await app.clock.advance(1)
    await other.finish(1006)
    await app.settle()
    assert (await one.get("room.peer_left"))["reason"] == "lost"
    assert time_of(one.take_all("session.changed")[-1]["session"], mentee.person) == 10 * SECOND

    again = await mentee.connect()
    await mentee.join(again)
    one.frames.clear()
    await app.clock.advance(1)
    await again.finish(1001)
    await app.settle()
    assert (await one.get("room.peer_left"))["reason"] == "left"
    view = one.take_all("session.changed")[-1]["session"]
    assert view["together_us"] == 11 * SECOND


async def test_a_second_tab_takes_over_without_counting_twice(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await joined(pair)
    await app.advance(10)
    second = await app.open(mentee.link)
    assert second.tab != mentee.tab
    newer = await second.connect()
    await app.settle()
    assert other.close_code is None
    welcome = await second.join(newer)
    replaced = await other.get("room.left")
    assert replaced["reason"] == "replaced"
    assert other.close_code is None
    gone = await one.get("room.peer_left")
    assert (gone["peer"], gone["reason"]) == (f"peer-{mentee.tab}", "replaced")
    assert (await one.get("room.peer_joined"))["peer"]["id"] == f"peer-{second.tab}"
    await app.advance(10)
    newer.send("room.leave", room=second.room)
    left = (await newer.get("room.left", reason="left"))["session"]
    assert left["id"] == welcome["session"]["id"]
    assert (left["together_us"], time_of(left, mentee.person)) == (20 * SECOND, 20 * SECOND)
    assert (left["interruptions"], left["estimated"]) == ([], False)
    other.send("room.leave", room=mentee.room)
    assert (await other.get("error"))["code"] == "not_in_room"


async def test_a_tab_that_connects_again_replaces_its_own_connection_and_was_never_away(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await joined(pair)
    await app.advance(10)
    await app.clock.advance(2.1)  # the next beat is on its way
    newer = await mentee.connect()
    assert await other.closed() == 4203
    await app.clock.advance(0.9)  # renewing, dialing, signing in took a while
    again = await mentee.join(newer)
    assert [peer["id"] for peer in again["peers"]] == [f"peer-{mentor.tab}"]
    await app.settle()
    assert (await one.get("room.peer_joined"))["peer"]["id"] == f"peer-{mentee.tab}"
    assert one.take_all("room.peer_left") == []
    assert {f["presence"] for f in one.take_all("presence.changed")} <= {"in_room"}
    await app.advance(10)
    newer.send("room.leave", room=mentee.room)
    left = (await newer.get("room.left"))["session"]
    assert (await one.get("room.peer_left"))["reason"] == "left"
    assert (left["interruptions"], left["estimated"]) == ([], False)
    assert (left["together_us"], time_of(left, mentee.person)) == (23 * SECOND, 23 * SECOND)


@on_sqlite
async def test_a_tab_that_connects_again_after_a_silence_was_away_since_its_last_beat(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await joined(pair)
    await app.advance(10)
    last_beat_us = app.clock.wall_us()
    other.beating = False
    await app.advance(4)
    newer = await mentee.connect()
    assert await other.closed() == 4203
    await app.clock.advance(0.5)
    await mentee.join(newer)
    await app.settle()
    assert one.take_all("room.peer_left") == []
    await app.advance(3)
    newer.send("room.leave", room=mentee.room)
    left = (await newer.get("room.left"))["session"]
    assert left["interruptions"] == [
        {"from_us": last_beat_us, "to_us": last_beat_us + 4_500_000, "absent": [mentee.person]}
    ]
    assert (left["together_us"], left["estimated"]) == (13 * SECOND, True)


@on_sqlite
@pytest.mark.parametrize("stays", [True, False])
async def test_a_tab_that_connects_again_and_does_not_join_is_missed(
    app: App, pair: tuple[Page, Page], stays: bool
) -> None:
    mentor, mentee = pair
    one, other = await joined(pair)
    await app.advance(10)
    await app.clock.advance(1)
    newer = await mentee.connect()
    assert await other.closed() == 4203
    if not stays:
        await newer.finish(1006)
    await app.clock.advance(2)
    await app.settle()
    assert one.take("room.peer_left") is None
    await app.clock.advance(2)
    gone = await one.get("room.peer_left")
    assert (gone["peer"], gone["reason"]) == (f"peer-{mentee.tab}", "lost")
    await app.settle()
    view = one.take_all("session.changed")[-1]["session"]
    assert (view["together_us"], view["together_since_us"]) == (11 * SECOND, None)


@on_sqlite
async def test_a_tab_that_connects_again_and_again_keeps_its_place(
    app: App, pair: tuple[Page, Page]
) -> None:
    _, mentee = pair
    one, _ = await joined(pair)
    await app.advance(10)
    newest = await mentee.connect()
    for _ in range(2):
        await app.clock.advance(0.3)
        newest = await mentee.connect()
    await app.clock.advance(0.3)
    await mentee.join(newest)
    await app.advance(10)
    assert one.take_all("room.peer_left") == []
    newest.send("room.leave", room=mentee.room)
    left = (await newest.get("room.left"))["session"]
    assert (left["together_us"], left["interruptions"]) == (20_900_000, [])


async def test_either_ends_it_for_both_and_ending_twice_is_ending_once(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await joined(pair)
    await app.advance(6)
    other.send("room.end", room=mentee.room)
    views = [(await socket.get("room.left", reason="ended"))["session"] for socket in (one, other)]
    session = views[0]["id"]
    assert views[0] == views[1] == await mentor.session(session)
    assert (views[0]["state"], views[0]["end_reason"]) == ("ended", "ended")
    assert views[0]["ended_by"] == mentee.person
    assert views[0]["together_us"] == 6 * SECOND
    other.send("room.end", room=mentee.room)
    assert (await other.get("room.left"))["session"] is None

    second = (await mentor.join(one))["session"]["id"]
    await mentee.join(other)
    await app.advance(2)
    answer = await mentor.post(f"/v1/sessions/{second}/end")
    assert answer.status_code == 200
    assert (await other.get("room.left", reason="ended"))["session"] == answer.json()
    assert (await one.get("room.left", reason="ended"))["session"] == answer.json()
    assert (await mentor.post(f"/v1/sessions/{second}/end")).json() == answer.json()
    assert (await mentee.post(f"/v1/sessions/{session}/end")).json() == views[0]


@on_sqlite
async def test_a_session_with_one_person_is_over_too(app: App, pair: tuple[Page, Page]) -> None:
    mentor, _ = pair
    one = await mentor.connect()
    session = (await mentor.join(one))["session"]["id"]
    await app.advance(4)
    await one.finish(1001)
    await app.advance(605)
    await mentor.renew()
    ended = await mentor.session(session)
    assert (ended["state"], ended["together_us"]) == ("ended", 0)
    assert time_of(ended, mentor.person) == 4 * SECOND


@on_sqlite
async def test_media_is_agreed_between_the_two(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    key = "k" * 87
    await mentor.join(one, peer="peer-one", audio=True, video=False, key=key)
    welcome = await mentee.join(other, peer="peer-other", offer=SDP)
    assert welcome["peers"] == [
        {"id": "peer-one", "person": mentor.person, "audio": True, "video": False, "key": key}
    ]
    assert await one.get("peer.offer") == {
        "t": "peer.offer", "room": mentor.room, "peer": "peer-other", "sdp": SDP,
    }  # fmt: skip
    assert other.take("peer.offer") is None
    for sender, receiver, to, from_ in (
        (one, other, "peer-other", "peer-one"),
        (other, one, "peer-one", "peer-other"),
    ):
        for tag in ("peer.offer", "peer.answer"):
            sender.send(tag, room=mentor.room, peer=to, sdp=SDP)
            assert await receiver.get(tag) == {
                "t": tag, "room": mentor.room, "peer": from_, "sdp": SDP,
            }  # fmt: skip
        for candidate in (CANDIDATE, ""):
            fields = {
                "candidate": candidate,
                "sdp_mid": "0",
                "sdp_m_line_index": 0,
                "username_fragment": "abcd",
            }
            sender.send("peer.candidate", room=mentor.room, peer=to, **fields)
            assert await receiver.get("peer.candidate") == {
                "t": "peer.candidate", "room": mentor.room, "peer": from_, **fields,
            }  # fmt: skip
    one.send("room.media", room=mentor.room, audio=False, video=True)
    told = await other.get("room.peer_media")
    assert (told["peer"], told["audio"], told["video"]) == ("peer-one", False, True)
    assert one.take("room.peer_media") is None


@on_sqlite
async def test_joining_again_shows_what_changed(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    one, other = await joined(pair)
    one.send("room.media", room=mentor.room, audio=False, video=False)
    await other.get("room.peer_media")
    await other.finish(1006)
    again = await mentee.connect()
    (peer,) = (await mentee.join(again))["peers"]
    assert (peer["audio"], peer["video"]) == (False, False)
    assert peer.get("key") == KEY  # or nothing of the rest of the call could be proven


@on_sqlite
async def test_both_speak_json_and_msgpack(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    one = await mentor.connect(subprotocol="ithaca.v1.json")
    other = await mentee.connect()
    await mentor.join(one)
    await mentee.join(other, offer=SDP)
    assert (await one.get("peer.offer"))["sdp"] == SDP
    one.send("peer.answer", room=mentor.room, peer=f"peer-{mentee.tab}", sdp=SDP)
    assert (await other.get("peer.answer"))["peer"] == f"peer-{mentor.tab}"
    one.send("chat.send", conversation=mentor.conversation, id="message-1", body="grüß dich")
    assert (await one.get("chat.accepted"))["seq"] == 1
    assert (await other.get("chat.messages"))["messages"][0]["body"] == "grüß dich"


async def test_a_crash_leaves_the_record_as_far_as_it_was_proven(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await joined(pair)
    await app.advance(20)
    session = (await mentor.get("/v1/sessions")).json()["sessions"][0]["id"]
    await app.clock.advance(2)  # what was proven is put on disk every two seconds
    await app.settle()
    await app.crash()
    crash_us = app.clock.wall_us()
    async with App.over(app.storage, app.clock) as after:
        await after.advance(15)
        page = await after.open(mentor.link)
        view = await page.session(session)
        assert (view["together_us"], view["estimated"]) == (20 * SECOND, True)
        assert view["together_since_us"] is None
        socket = await page.connect()
        assert (await page.join(socket))["session"]["id"] == session
        await after.advance(4)
        await socket.finish(1001)
        await after.advance(605)
        await page.renew()
        ended = await page.session(session)
        assert (ended["state"], ended["end_reason"]) == ("ended", "empty")
        assert ended["ended_us"] == crash_us + (15 + 4) * SECOND
        assert ended["together_us"] == 20 * SECOND


async def test_who_goes_while_the_database_is_away_is_taken_off_the_record_later(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    _, other = await joined(pair)
    await app.advance(10)
    app.database.cut_off = True
    await app.advance(60)
    await other.finish(1001)
    await app.advance(30)  # departure and sweeps find no database
    app.database.cut_off = False
    await app.advance(10)
    (view,) = (await mentor.get("/v1/sessions")).json()["sessions"]
    assert (view["together_us"], view["together_since_us"], view["estimated"]) == (
        70 * SECOND,
        None,
        False,
    )
    assert time_of(view, mentee.person) == 70 * SECOND
    (stayed,) = (each for each in view["people"] if each["person"] == mentor.person)
    assert stayed["since_us"] is not None


async def test_a_departure_is_told_even_when_the_database_falls_away_under_it(
    app: App, pair: tuple[Page, Page]
) -> None:
    _, mentee = pair
    one, other = await joined(pair)
    app.database.writes_left = 0
    other.send("room.leave", room=mentee.room)
    left = await other.get("room.left")
    assert (left["reason"], left.get("session")) == ("left", None)
    assert (await one.get("presence.changed"))["presence"] == "here"
    app.database.writes_left = None
    await app.advance(4)
    assert one.take_all("session.changed")[-1]["session"]["together_since_us"] is None


async def test_a_tab_replaced_while_the_database_falls_away_leaves_no_ghost(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, _ = pair
    older, newer = await mentor.connect(tab="older-tab"), await mentor.connect(tab="newer-tab")
    await mentor.join(older, peer="peer-of-the-older")
    await app.advance(4)
    app.database.writes_left = 1  # the newer tab's join, and no more
    await mentor.join(newer, peer="peer-of-the-newer")
    assert (await older.get("room.left"))["reason"] == "replaced"
    await app.advance(60)
    app.database.writes_left = None
    await app.advance(4)
    newer.send("room.leave", room=mentor.room)
    view = (await newer.get("room.left"))["session"]
    assert (time_of(view, mentor.person), view["estimated"]) == (68 * SECOND, False)


async def test_a_join_that_cannot_be_recorded_leaves_no_ghost(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, _ = pair
    socket = await mentor.connect()
    await mentor.join(socket, peer="peer-of-the-mentor")
    app.database.cut_off = True
    # Again, as a page does whose first answer was lost: this one cannot be put on record.
    socket.send("room.join", room=mentor.room, peer="peer-of-the-mentor", audio=False, video=False)
    assert (await socket.get("error"))["code"] == "unavailable"
    app.database.cut_off = False
    await socket.finish(1001)
    await app.settle()
    signaling, site_id = app.house.services.signaling, app.house.services.people.home_site
    assert not signaling.in_room(site_id, mentor.room, mentor.person)
    (session,) = (await mentor.get("/v1/sessions")).json()["sessions"]
    assert all(person.get("since_us") is None for person in session["people"])


async def gone(app: App, page: Page) -> None:
    """Nobody of the page's person is left, neither in the room nor on record."""
    signaling, site_id = app.house.services.signaling, app.house.services.people.home_site
    assert not signaling.in_room(site_id, page.room, page.person)
    for session in (await page.get("/v1/sessions")).json()["sessions"]:
        mine = next(each for each in session["people"] if each["person"] == page.person)
        assert mine.get("since_us") is None


async def test_who_joins_again_while_a_newer_tab_takes_over_leaves_no_ghost(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, _ = pair
    older, newer = await mentor.connect(tab="older-tab"), await mentor.connect(tab="newer-tab")
    await mentor.join(older, peer="peer-of-the-older")
    for socket, peer in ((newer, "peer-of-the-newer"), (older, "peer-of-the-older")):
        socket.send("room.join", room=mentor.room, peer=peer, audio=False, video=False)
    await app.settle()
    await older.finish(1001)
    await newer.finish(1001)
    await app.settle()
    await gone(app, mentor)


async def test_who_joins_again_while_the_session_is_ended_leaves_no_ghost(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    inside, outside = await mentor.connect(), await mentee.connect()
    await mentor.join(inside, peer="peer-of-the-mentor")
    outside.send("room.end", room=mentor.room)
    inside.send("room.join", room=mentor.room, peer="peer-of-the-mentor", audio=False, video=False)
    await app.settle()
    await inside.finish(1001)
    await app.settle()
    await gone(app, mentor)


@on_sqlite
async def test_nobody_pushes_the_other_off_with_what_is_relayed(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await joined(pair)
    other.stall()  # the network is slow for a moment
    large = SDP + "a=x-filler:" + "x" * (30_000 - len(SDP)) + "\r\n"
    wish = {"room": mentor.room, "peer": f"peer-{mentee.tab}"}
    for _ in range(10):
        one.send("peer.offer", **wish, sdp=large)
        one.send("room.join", room=mentor.room, peer=f"peer-{mentor.tab}", audio=True, video=True,
                 offer=large)  # fmt: skip
    for _ in range(300):
        one.send("peer.candidate", **wish, candidate=CANDIDATE + " x" * 400)
    await app.settle()
    refused = one.take_all("error")
    assert {error["code"] for error in refused} == {"rate_limited"}
    assert {error["about"] for error in refused} == {"peer.offer", "room.join", "peer.candidate"}
    other.go_on()
    await other.beat()
    assert len(other.take_all("peer.offer")) == 4
    await app.advance(8)
    one.send("peer.offer", **wish, sdp=large)
    assert (await other.get("peer.offer"))["sdp"] == large


async def test_an_end_whose_answer_was_lost_puts_both_out(
    app: App, pair: tuple[Page, Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is on record: nobody is to talk on without one."""
    mentor, _ = pair
    one, other = await joined(pair)
    write = Store.write

    async def lossy(
        self: Store, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        result = await write(self, plan, *args, **kwargs)
        if plan.__name__ == "_end":
            raise DatabaseUnavailable("no answer in time")
        return result

    monkeypatch.setattr(Store, "write", lossy)
    one.send("room.end", room=mentor.room)
    assert (await one.get("error"))["code"] == "unavailable"
    await app.advance(2 * FLUSH_INTERVAL_S)
    for socket in (one, other):
        left = await socket.get("room.left")
        assert (left["reason"], left["session"]["state"]) == ("ended", "ended")
    services = app.house.services
    assert not any(
        services.signaling.in_room(services.people.home_site, mentor.room, page.person)
        for page in pair
    )


async def test_who_was_put_out_without_knowing_leaves_by_ending_it_again(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, _ = pair
    one, other = await joined(pair)
    services = app.house.services
    view = await services.ledger.running(services.people.home_site, mentor.room)
    assert view is not None
    await services.ledger.end(services.people.home_site, view.id, mentor.person)
    one.send("room.end", room=mentor.room)
    for socket in (one, other):
        assert (await socket.get("room.left"))["reason"] == "ended"
