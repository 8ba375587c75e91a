"""A call from the first join to the record of it."""

from __future__ import annotations

from typing import Any

from tests.support.app import App, Page
from tests.support.wire import Socket

SECOND = 1_000_000


async def joined(pair: tuple[Page, Page]) -> tuple[Socket, Socket]:
    """Both connected, both in the room, the mentor first; what they were told is read."""
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    await mentor.join(one)
    await mentee.join(other)
    await mentor.app.settle()
    one.frames.clear()
    other.frames.clear()
    return one, other


def time_of(view: dict[str, Any], person: str) -> int:
    (time,) = [each for each in view["people"] if each["person"] == person]
    present: int = time["present_us"]
    return present


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
    assert (ended["state"], ended["end_reason"]) == ("ended", "empty")
    assert ended["ended_us"] == mentee_left + 3 * SECOND
    assert ended["together_us"] == 60 * SECOND
    assert (await other.get("session.changed", session=ended))["session"] == ended

    again = await mentor.join(one)
    assert again["session"]["id"] != last["id"]
    listed = (await mentor.get("/v1/sessions")).json()["sessions"]
    assert [each["id"] for each in listed] == [again["session"]["id"], last["id"]]
