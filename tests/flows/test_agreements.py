"""What two people agree on and when they plan to meet, as both their pages see it."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest

from tests.support.app import App, Page
from tests.support.wire import Socket

MINUTE = 60_000_000
HOUR = 60 * MINUTE
PAID = {"currency": "EUR", "rate_minor": 6000, "overrun_us": 20 * MINUTE}

# What the database has no part in is shown on one engine.
on_sqlite = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)


def of(page: Page, rest: str) -> str:
    return f"/v1/mentorships/{page.mentorship}/{rest}"


async def said(answer: httpx2.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def refused(answer: httpx2.Response) -> tuple[int, str, str | None]:
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    return answer.status_code, body["code"], body["field"]


async def news(socket: Socket) -> dict[str, Any]:
    """The latest that a page was told of its mentorship."""
    frame = await socket.get("mentorship.changed")
    later = socket.take_all("mentorship.changed")
    view: dict[str, Any] = (later[-1] if later else frame)["mentorship"]
    return view


async def fresh(page: Page) -> dict[str, Any]:
    return await said(await page.get(f"/v1/mentorships/{page.mentorship}"))


async def agree(pair: tuple[Page, Page], terms: dict[str, Any]) -> dict[str, Any]:
    mentor, mentee = pair
    made = await said(await mentor.post(of(mentor, "agreements"), json={"terms": terms}), 201)
    return await said(await mentee.post(of(mentee, f"agreements/{made['version']}/accept")))


async def test_terms_are_proposed_and_accepted(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    (snapshot,) = other.opened["mentorships"]
    assert (snapshot["agreement"], snapshot["proposal"], snapshot["meeting"]) == (None,) * 3

    made = await said(await mentor.post(of(mentor, "agreements"), json={"terms": PAID}), 201)
    assert (made["version"], made["state"], made["proposed_by"]) == (1, "open", mentor.person)
    for page, socket in ((mentor, one), (mentee, other)):
        view = await news(socket)
        assert (view["agreement"], view["proposal"]) == (None, made)
        assert view == await fresh(page)

    await app.advance(60)
    accepted = await said(await mentee.post(of(mentee, "agreements/1/accept")))
    assert accepted["accepted_by"] == [mentor.person, mentee.person]
    assert accepted["valid_from_us"] == app.clock.wall_us()
    for page, socket in ((mentor, one), (mentee, other)):
        view = await news(socket)
        assert (view["agreement"], view["proposal"]) == (accepted, None)
        assert view == await fresh(page)
    listed = await said(await mentee.get(of(mentee, "agreements")))
    assert listed == {"agreements": [accepted]}
    again = await mentee.connect()
    assert again.opened["mentorships"][0]["agreement"] == accepted


async def test_terms_are_declined_and_whoever_proposed_them_reads_that(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    await agree(pair, {"currency": "EUR", "rate_minor": 100})
    one, other = await mentor.connect(), await mentee.connect()
    await said(await mentor.post(of(mentor, "agreements"), json={"terms": PAID}), 201)
    await app.settle()
    for socket in (one, other):
        socket.take_all("mentorship.changed")
    answer = await mentor.post(of(mentor, "agreements/2/decline"))
    assert (await refused(answer))[:2] == (403, "not_yours")
    declined = await said(await mentee.post(of(mentee, "agreements/2/decline")))
    assert (declined["state"], declined["accepted_by"]) == ("declined", [mentor.person])
    for page, socket in ((mentor, one), (mentee, other)):
        view = await news(socket)
        assert (view["agreement"]["version"], view["proposal"]) == (1, declined)
        assert view == await fresh(page)
    answer = await mentee.post(of(mentee, "agreements/2/accept"))
    assert (await refused(answer))[:2] == (409, "proposal_closed")
    later = await said(await mentee.post(of(mentee, "agreements"), json={"terms": PAID}), 201)
    assert (await fresh(mentor))["proposal"] == later


async def test_what_is_refused_says_why(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    propose = of(mentor, "agreements")
    bad = await mentor.post(propose, json={"terms": {"rate_minor": 100}})
    assert await refused(bad) == (422, "invalid_field", "terms.currency")
    assert (await refused(await mentor.post(propose, json={"terms": {"rate": 1}})))[1] == (
        "bad_request"
    )
    await said(await mentor.post(propose, json={"terms": PAID}), 201)
    assert (await refused(await mentee.post(of(mentee, "agreements/1/withdraw"))))[:2] == (
        403,
        "not_yours",
    )
    await said(await mentor.post(of(mentor, "agreements/1/withdraw")))
    assert (await refused(await mentee.post(of(mentee, "agreements/1/accept"))))[:2] == (
        409,
        "proposal_closed",
    )
    await agree(pair, PAID)
    assert (await refused(await mentor.post(of(mentor, "agreements/2/withdraw"))))[:2] == (
        409,
        "already_accepted",
    )
    for none in ("0", "3", "01x", "-1", "1.0", "²", "%D9%A1", "9" * 30, "%00"):
        answer = await mentor.post(of(mentor, f"agreements/{none}/accept"))
        assert (await refused(answer))[:2] == (404, "not_found"), none
    for none in ("met_01jd3v0k7r9q2x4m6n8p0s2t4v", mentor.mentorship, "x", "%00"):
        answer = await mentor.post(of(mentor, f"meetings/{none}/cancel"))
        assert (await refused(answer))[:2] == (404, "not_found"), none


async def test_a_repeat_is_answered_as_the_first_time(app: App, pair: tuple[Page, Page]) -> None:
    mentor, _ = pair
    start_us = app.clock.wall_us() + HOUR
    meeting = {"start_us": start_us, "length_us": HOUR, "zone": "Europe/Vienna"}
    key = {"idempotency-key": "key-00000001"}
    for path, body, other in (
        ("agreements", {"terms": PAID}, {"terms": {}}),
        ("meetings", meeting, {**meeting, "length_us": 2 * HOUR}),
    ):
        first = await said(await mentor.post(of(mentor, path), json=body, headers=key), 201)
        again = await said(await mentor.post(of(mentor, path), json=body, headers=key), 201)
        assert again == first
        conflict = await mentor.post(of(mentor, path), json=other, headers=key)
        assert (await refused(conflict))[:2] == (409, "conflict")
        listed = await said(await mentor.get(of(mentor, path)))
        assert listed == {path: [first]}


async def test_a_meeting_is_planned_moved_and_cancelled(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    start_us = app.clock.wall_us() + 3 * HOUR
    wish = {"start_us": start_us, "length_us": HOUR, "zone": "Africa/Lagos"}
    made = await said(await mentee.post(of(mentee, "meetings"), json=wish), 201)
    for page, socket in ((mentor, one), (mentee, other)):
        view = await news(socket)
        assert view["meeting"] == made
        assert view == await fresh(page)
    assert (await refused(await mentor.post(of(mentor, "meetings"), json=wish))) == (
        409,
        "meeting_overlaps",
        "start_us",
    )
    move = {"start_us": start_us + HOUR, "length_us": 2 * HOUR}
    at = of(mentor, f"meetings/{made['id']}")
    moved = await said(await mentor.post(f"{at}/move", json=move))
    told = {"told_us": app.clock.wall_us(), "told_by": mentor.person}
    assert moved == {**made, **move, **told}
    assert (await news(other))["meeting"] == moved
    gone = await said(await mentor.post(f"{at}/cancel"))
    assert gone == {**moved, "state": "cancelled", **told}
    assert (await news(other))["meeting"] is None
    assert (await refused(await mentee.post(f"{at}/move", json=move)))[:2] == (
        409,
        "meeting_closed",
    )
    bad = await mentor.post(of(mentor, "meetings"), json={**wish, "zone": "Lagos"})
    assert await refused(bad) == (422, "invalid_field", "zone")


async def test_a_session_is_held_under_what_was_agreed_and_planned(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    await agree(pair, PAID)
    start_us = app.clock.wall_us() + 20 * MINUTE
    wish = {"start_us": start_us, "length_us": HOUR, "zone": "UTC"}
    meeting = await said(await mentor.post(of(mentor, "meetings"), json=wish), 201)
    one, other = await mentor.connect(), await mentee.connect()
    await mentor.join(one)
    session = (await mentee.join(other))["session"]["id"]
    # What is agreed meanwhile is for another time.
    await agree(pair, {"currency": "EUR", "rate_minor": 9900})
    account = await said(await mentee.get(f"/v1/sessions/{session}"))
    assert (account["terms_version"], account["terms"]["rate_minor"]) == (1, 6000)
    assert account["booked"] == {
        "meeting": meeting["id"],
        "start_us": start_us,
        "length_us": HOUR,
        "came": [],
        "waited_us": [0, 0],
        "again": False,
        "binding": False,  # an hour's notice is too little, and the mentee did not set it
        "before_us": 0,
        "billed_us": 0,
    }


async def test_going_on_is_told_to_both(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    await agree(pair, PAID)
    wish = {"start_us": app.clock.wall_us() + MINUTE, "length_us": 5 * MINUTE, "zone": "UTC"}
    await said(await mentor.post(of(mentor, "meetings"), json=wish), 201)
    one, other = await mentor.connect(), await mentee.connect()
    await mentor.join(one)
    session = (await mentee.join(other))["session"]["id"]
    await app.advance(4 * 60)
    for socket in (one, other):
        socket.frames.clear()
    at = f"/v1/sessions/{session}"
    refused_one = await said(await mentor.post(f"{at}/extend"))
    assert (await said(await mentor.get(at)))["extended_us"] is None
    view = await said(await mentee.post(f"{at}/extend"))
    assert view["version"] > refused_one["version"]
    for page, socket in ((mentor, one), (mentee, other)):
        await socket.get("session.changed", session=view)
        assert (await said(await page.get(at)))["extended_us"] == app.clock.wall_us()


async def test_who_waits_for_a_meeting_that_is_moved_or_cancelled_waits_for_nothing(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    await agree(pair, {**PAID, "no_show_share": 500_000, "no_show_after_us": MINUTE})
    for what, more in (("move", {"start_us": app.clock.wall_us() + 9 * HOUR}), ("cancel", {})):
        start_us = app.clock.wall_us() + 2 * MINUTE
        wish = {"start_us": start_us, "length_us": 5 * MINUTE, "zone": "UTC"}
        meeting = await said(await mentee.post(of(mentee, "meetings"), json=wish), 201)
        socket = await mentor.connect()
        session = (await mentor.join(socket))["session"]["id"]
        at = f"/v1/sessions/{session}"
        booked = (await said(await mentor.get(at)))["booked"]
        assert (booked["meeting"], booked["start_us"]) == (meeting["id"], start_us)
        body = {"length_us": 5 * MINUTE, **more} if more else {}
        await said(await mentor.post(of(mentor, f"meetings/{meeting['id']}/{what}"), json=body))
        await app.settle()
        assert (await said(await mentor.get(at)))["booked"] is None
        await app.advance(6 * 60)
        await mentor.renew()
        await mentee.renew()
        account = await said(await mentor.post(f"{at}/end", json={}))
        assert account["settlement"]["bill"]["owed"] == "nothing"


async def test_what_is_talked_of_a_meeting_does_not_move_to_another_day_with_it(
    app: App, pair: tuple[Page, Page]
) -> None:
    """Nor does a limit of the meeting, or what was paid for it."""
    mentor, mentee = pair
    start_us = app.clock.wall_us() + 3 * MINUTE
    wish = {"start_us": start_us, "length_us": HOUR, "zone": "UTC"}
    meeting = await said(await mentor.post(of(mentor, "meetings"), json=wish), 201)
    at = of(mentee, f"meetings/{meeting['id']}")
    one, other = await mentor.connect(), await mentee.connect()
    await mentor.join(one)
    later = {"start_us": start_us + MINUTE, "length_us": HOUR}
    moved = await said(await mentee.post(f"{at}/move", json=later))  # one waits: that is no matter
    await mentee.join(other)
    for each in ({**later, "start_us": start_us + 24 * HOUR}, {**later, "length_us": 2 * HOUR}):
        answer = await mentee.post(f"{at}/move", json=each)
        assert (await refused(answer))[:2] == (409, "meeting_closed")
    assert await said(await mentee.post(f"{at}/move", json=later)) == moved
    one.send("room.end", room=mentor.room)
    await one.get("room.left", reason="ended")
    answer = await mentee.post(f"{at}/move", json={**later, "start_us": start_us + 24 * HOUR})
    assert (await refused(answer))[:2] == (409, "meeting_closed")
    assert (await said(await mentee.post(f"{at}/cancel")))["state"] == "cancelled"


@pytest.mark.timeout(400)  # hours, five seconds at a time
async def test_a_meeting_that_nobody_came_to_is_on_record(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    start_us = app.clock.wall_us() + 10 * MINUTE
    wish = {"start_us": start_us, "length_us": 10 * MINUTE, "zone": "UTC"}
    moved = await said(await mentor.post(of(mentor, "meetings"), json=wish), 201)
    later = {"start_us": start_us + 5 * MINUTE, "length_us": 10 * MINUTE}
    await said(await mentor.post(of(mentor, f"meetings/{moved['id']}/move"), json=later))
    cancelled = {**wish, "start_us": start_us + 20 * MINUTE}
    second = await said(await mentor.post(of(mentor, "meetings"), json=cancelled), 201)
    await said(await mentor.post(of(mentor, f"meetings/{second['id']}/cancel")))

    async def sessions() -> list[dict[str, Any]]:
        await mentor.renew()
        found: list[dict[str, Any]] = (await said(await mentor.get("/v1/sessions")))["sessions"]
        return found

    await app.advance(25 * 60 + 1)
    assert await sessions() == []
    await mentee.renew()
    other = await mentee.connect()
    assert other.opened["mentorships"][0]["meeting"] is None
    await app.advance(70)
    (missed,) = await sessions()
    assert (missed["state"], missed["end_reason"]) == ("ended", "nobody")
    assert missed["created_us"] == start_us + 5 * MINUTE  # in whose month it belongs
    assert (await news(other))["meeting"] is None
    await app.advance(20 * 60)
    assert len(await sessions()) == 1


async def test_a_meeting_that_they_came_to_is_that_session_alone(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    start_us = app.clock.wall_us() + MINUTE
    wish = {"start_us": start_us, "length_us": 5 * MINUTE, "zone": "UTC"}
    await said(await mentor.post(of(mentor, "meetings"), json=wish), 201)
    one, other = await mentor.connect(), await mentee.connect()
    await mentor.join(one)
    session = (await mentee.join(other))["session"]["id"]
    await app.advance(8 * 60)
    await mentor.renew()
    listed = (await said(await mentor.get("/v1/sessions")))["sessions"]
    assert [(each["id"], each["state"]) for each in listed] == [(session, "open")]


async def test_what_comes_into_force_later_is_told_then(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    from_us = app.clock.wall_us() + 5 * MINUTE
    wish = {"terms": PAID, "valid_from_us": from_us}
    made = await said(await mentor.post(of(mentor, "agreements"), json=wish), 201)
    await said(await mentee.post(of(mentee, f"agreements/{made['version']}/accept")))
    socket = await mentee.connect()
    assert socket.opened["mentorships"][0]["agreement"] is None
    await app.settle()
    socket.frames.clear()
    await app.advance(5 * 60)
    assert (await news(socket))["agreement"]["version"] == 1


@on_sqlite
async def test_a_narrowed_grant_hears_of_its_own_mentorship_alone(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, _ = pair
    wish = {"mentee": {"name": "Cleo", "zone": "UTC"}, "i_am": "mentor"}
    second = (await said(await mentor.post("/v1/mentorships", json=wish), 201))["mentorship"]
    whole = await mentor.connect()
    narrow = await app.open(mentor.link)
    await narrow.renew(mentorship=mentor.mentorship)
    socket = await narrow.connect()
    await said(await mentor.post(f"/v1/mentorships/{second}/agreements", json={"terms": PAID}), 201)
    assert (await news(whole))["id"] == second
    await app.settle()
    assert socket.take("mentorship.changed") is None
    await said(await mentor.post(of(mentor, "agreements"), json={"terms": PAID}), 201)
    assert (await news(socket))["id"] == mentor.mentorship


@on_sqlite
async def test_views_ask_once_however_many_mentorships(
    app: App, pair: tuple[Page, Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    mentor, _ = pair
    socket = await mentor.connect()
    plans: list[str] = []
    read = app.database.read

    async def counted(plan: Any, *args: Any, **kwargs: Any) -> Any:
        plans.append(plan.__qualname__)
        return await read(plan, *args, **kwargs)

    async def asked() -> int:
        plans.clear()
        await said(await mentor.get("/v1/me"))
        return sum("Arrangements" in name for name in plans)

    monkeypatch.setattr(app.database, "read", counted)
    assert await asked() == 1
    for name in ("Cleo", "Dora", "Eli"):
        wish = {"mentee": {"name": name, "zone": "UTC"}, "i_am": "mentor"}
        await said(await mentor.post("/v1/mentorships", json=wish), 201)
        await socket.get("mentorship.added")
        await app.settle()
    assert await asked() == 1
