"""After a session: what each says and the other gets to see, over HTTP and the socket."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from protocol.registry import ROUTES
from protocol.types import SLOT_US
from runtime.database import Plan
from tests.support.app import App, Page
from tests.support.wire import Frame, Socket

SECRET = "canary-7f3a: I was nervous"
ANSWER = {"useful": "the rehearsal", "next": "try it", "rating": 4, "private": SECRET}
REPLY = {"next": "read the chapter", "rating": 5, "private": "canary-b2"}

on_sqlite = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)


async def met(app: App, pair: tuple[Page, Page], seconds: float) -> tuple[Socket, Socket, str]:
    """Both were together for so long; then it was ended for both."""
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    await mentor.join(one)
    await app.advance(2)
    session: str = (await mentee.join(other))["session"]["id"]
    await app.advance(seconds)
    await mentor.renew()
    await mentee.renew()
    answer = await mentor.post(f"/v1/sessions/{session}/end")
    assert answer.status_code == 200, answer.text
    await app.settle()
    one.frames.clear()
    other.frames.clear()
    return one, other, session


async def later(app: App, pair: tuple[Page, Page], hours: float) -> None:
    """By the wall clock alone: a day in steps of a beat is long."""
    app.clock.step_wall(round(hours * 3600 * 1_000_000))
    await app.advance(6)
    for page in pair:
        await page.renew()


async def asks(page: Page, path: str) -> dict[str, Any]:
    answer = await page.get(path)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def says(page: Page, session: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await page.post(f"/v1/sessions/{session}/reflection", json=body)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_each_hears_at_once_when_the_other_s_answer_reaches_them(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other, session = await met(app, pair, 10)
    path = f"/v1/sessions/{session}/reflection"
    first = await says(mentor, session, ANSWER)
    assert {name: first["mine"][name] for name in ANSWER} == ANSWER
    assert first["mine"]["due_us"] == app.clock.wall_us() + 24 * 3600 * 1_000_000
    changed = {"mentorship": mentor.mentorship, "session": session}
    assert await other.get("reflection.changed") == {"t": "reflection.changed", **changed}
    seen = await asks(mentee, path)
    assert (seen["mine"], seen["theirs"], seen["they_answered"]) == (None, None, True)
    await app.settle()
    one.frames.clear()

    await says(mentee, session, REPLY)
    await one.get("reflection.changed", session=session)
    theirs = (await asks(mentor, path))["theirs"]
    assert theirs == {
        "person": mentee.person,
        "useful": "",
        "next": REPLY["next"],
        "rating": REPLY["rating"],
        "shared_us": app.clock.wall_us(),
    }
    for page, last in ((mentor, ("try it", REPLY["next"])), (mentee, (REPLY["next"], "try it"))):
        step = (await asks(page, f"/v1/mentorships/{page.mentorship}/next"))["last"]
        assert (step["mine"], step["theirs"]) == last
        assert step["at_us"] == (await page.session(session))["started_us"]
    late = await mentor.post(path, json={**ANSWER, "next": "else"})
    assert (late.status_code, late.json()["code"]) == (409, "already_shared")
    wrong = await mentor.post(path, json={**ANSWER, "private": "x" * 2001})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "private")
    wrong = await mentor.post(path, json={**ANSWER, "rating": 6})
    assert wrong.json()["code"] == "bad_request"


async def test_one_answer_reaches_the_other_a_day_later(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    _, _, session = await met(app, pair, 10)
    await says(mentor, session, ANSWER)
    await later(app, pair, 23.9)
    assert (await asks(mentee, f"/v1/sessions/{session}/reflection"))["theirs"] is None
    socket = await mentee.connect()
    await later(app, pair, 0.2)
    await socket.get("reflection.changed", session=session)
    seen = await asks(mentee, f"/v1/sessions/{session}/reflection")
    assert (seen["mine"], seen["theirs"]["next"]) == (None, "try it")


def everything() -> Plan[list[str]]:
    rows = yield text(
        "SELECT topic, payload FROM outbox -- site_id: all of them"
    ).execution_options(all_sites="the test looks at all that leaves")
    return [repr(row) for row in rows]


async def test_what_is_private_is_in_nothing_that_anybody_else_is_given(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other, session = await met(app, pair, 400)
    await says(mentor, session, ANSWER)
    await says(mentee, session, REPLY)
    await says(mentor, session, {**ANSWER, "private": SECRET + "!"})
    await later(app, pair, 13)
    again = await mentee.connect()
    given: list[Any] = [*one.frames, *other.frames, again.opened, *again.frames]
    ids = {
        "mentorship": mentee.mentorship,
        "conversation": mentee.conversation,
        "room": mentee.room,
        "session": session,
        "seq": 1,
    }
    asked = 0
    for route in ROUTES:
        if route.method == "GET":
            path = route.path.format(**ids) + ("?month=2027-01" if route.query else "")
            answer = await mentee.get(path)
            given.append(answer.text)
            asked += answer.status_code == 200
    assert asked >= 10
    given += await app.database.read(everything)
    assert any("reflection.shared" in each for each in map(str, given))
    assert [each for each in map(str, given) if "canary-7f3a" in each] == []
    own = await asks(mentor, f"/v1/sessions/{session}/reflection")
    assert own["mine"]["private"] == SECRET + "!"


async def test_who_talked_for_five_minutes_is_asked_once_after_twelve_hours(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    _, _, session = await met(app, pair, 5 * 60)
    path = f"/v1/mentorships/{mentor.mentorship}/next"
    await later(app, pair, 11.9)
    assert (await asks(mentor, path))["reminder"] is None
    socket = await mentor.connect()
    await later(app, pair, 0.2)
    await socket.get("reflection.changed", session=session)
    reminder = (await asks(mentor, path))["reminder"]
    began_us = (await mentor.session(session))["started_us"]
    assert reminder == {"session": session, "at_us": began_us}
    elsewhere = await app.open(mentor.link)
    away = await elsewhere.connect()
    for _ in range(2):
        answer = await mentor.post(f"/v1/sessions/{session}/reflection/dismiss")
        assert answer.status_code == 200
        assert answer.json()["mine"] is None
    await away.get("reflection.changed", session=session)
    assert (await asks(elsewhere, path))["reminder"] is None
    assert (await asks(mentee, path))["reminder"]["session"] == session
    await says(mentee, session, {"private": "mine"})
    assert (await asks(mentee, path))["reminder"] is None


@on_sqlite
async def test_a_page_narrowed_to_another_mentorship_hears_nothing(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, _ = pair
    _, _, session = await met(app, pair, 10)
    made = await mentor.post(
        "/v1/mentorships", json={"mentee": {"name": "Cleo", "zone": "UTC"}, "i_am": "mentor"}
    )
    narrowed = await app.open(mentor.link)
    await narrowed.renew(mentorship=made.json()["mentorship"])
    socket = await narrowed.connect()
    whole = await (await app.open(mentor.link)).connect()
    await says(mentor, session, ANSWER)
    await whole.get("reflection.changed")
    await app.settle()
    assert socket.take("reflection.changed") is None


# ---- who spoke ----------------------------------------------------------------------------------


def report(app: App, page: Page, socket: Socket, slots: str) -> None:
    """What a page measured up to now."""
    now_us = app.clock.wall_us() // SLOT_US * SLOT_US
    socket.send("room.voice", room=page.room, from_us=now_us - len(slots) * SLOT_US, slots=slots)


async def test_the_talk_is_shared_out_by_what_both_pages_measured(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    session = (await mentor.join(one))["session"]["id"]
    report(app, mentor, one, "1" * 20)  # alone: counts for nothing
    await app.advance(20)
    await mentee.join(other)
    await app.advance(20)
    report(app, mentor, one, "1" * 16 + "0" * 24)
    report(app, mentee, other, "0" * 8 + "1" * 16 + "0" * 16)
    await app.settle()
    assert one.take("error") is None
    path = f"/v1/sessions/{session}/talk"
    mine, theirs = await asks(mentor, path), await asks(mentee, path)
    names = ("both_us", "speaking_us", "overlap_us", "silence_us")
    assert [mine[name] // SLOT_US for name in names] == [40, 16, 8, 16]
    assert [theirs[name] // SLOT_US for name in names] == [40, 16, 8, 16]
    assert [each["speaking_us"] for each in mine["trend"]] == [16 * SLOT_US]


async def test_only_who_is_in_the_room_is_heard(app: App, pair: tuple[Page, Page]) -> None:
    mentor, _ = pair
    socket = await mentor.connect()
    report(app, mentor, socket, "1")
    refused: Frame = await socket.get("error")
    assert (refused["code"], refused["about"]) == ("not_in_room", "room.voice")
    socket.send("room.voice", room=mentor.room, from_us=0, slots="12")
    assert (await socket.get("error"))["code"] == "bad_frame"
