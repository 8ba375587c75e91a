"""When somebody was last here: for whom, from when, and for how long it is known."""

from __future__ import annotations

from typing import Any

import pytest

from ithaca.admin import Forget, perform
from tests.support.app import App, Page
from tests.support.databases import Storage
from tests.support.wire import Socket


async def seen(page: Page, of: Page) -> int | None:
    """As a fresh view says it."""
    view = (await page.get(f"/v1/mentorships/{page.mentorship}")).json()
    (found,) = (m for m in view["members"] if m["person"]["id"] == of.person)
    return None if found["seen_us"] is None else int(found["seen_us"])


async def told(app: App, socket: Socket) -> Any:
    """The newest presence that a connection was told of."""
    await app.settle()
    frame = socket.take_all("presence.changed")[-1]
    return frame["presence"], frame["seen_us"]


async def hide(page: Page, hidden: bool) -> None:
    answer = await page.post("/v1/me/seen", json={"hidden": hidden})
    assert (answer.status_code, answer.json()) == (200, {"hidden": hidden})
    assert (await page.get("/v1/me")).json()["seen_hidden"] is hidden


async def test_who_went_was_last_here_when_the_last_connection_ended(storage: Storage) -> None:
    async with App.over(storage) as app:
        ada, ben = await app.pair()
        one, other = await ada.connect(), await ben.connect()
        spare = await (await app.open(ben.link)).connect()
        assert await seen(ada, ben) is None
        await spare.finish(1001)
        await app.advance(10)
        assert await seen(ada, ben) is None  # still here
        await other.finish(1006)
        went_us = app.clock.wall_us()
        assert await told(app, one) == ("away", went_us)
        await app.advance(10)
        assert await seen(ada, ben) == went_us
        assert await seen(ben, ben) is None
        other = await ben.connect()
        assert await told(app, one) == ("here", None)
        await other.finish(1001)
        went_us = app.clock.wall_us()
        link = ada.link
    async with App.over(storage) as app:  # another run of the server
        ada = await app.open(link)
        view = (await ada.get(f"/v1/mentorships/{ada.mentorship}")).json()
        assert went_us in [member["seen_us"] for member in view["members"]]


async def test_who_hides_it_does_not_see_it_either(app: App, pair: tuple[Page, Page]) -> None:
    ada, ben = pair
    one, other = await ada.connect(), await ben.connect()
    await other.finish(1001)
    await told(app, one)
    went_us = await seen(ada, ben)
    assert went_us is not None
    for page in (ada, ben):
        await hide(page, True)
        assert await seen(ada, ben) is None
        other = await ben.connect()
        await other.finish(1001)
        assert await told(app, one) == ("away", None)
        await hide(page, False)
    now_us = await seen(ada, ben)
    assert now_us is not None
    assert now_us >= went_us
    # Who is blocked does not learn it.
    for on in (True, False):
        await ben.post(f"/v1/mentorships/{ben.mentorship}/block", json={"on": on})
        assert (await seen(ada, ben) is None) is on


@pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
async def test_who_is_forgotten_was_never_here(app: App, pair: tuple[Page, Page]) -> None:
    ada, ben = pair
    one, other = await ada.connect(), await ben.connect()
    await perform(app.house, Forget(ben.person, yes=True))
    assert await other.closed() == 4202
    assert await told(app, one) == ("away", None)
    await app.advance(12)  # nor when it has been looked whether anything was missed
    assert [frame.get("seen_us") for frame in one.take_all("presence.changed")] == []
    assert await seen(ada, ben) is None


async def zones(page: Page, of: Page) -> tuple[str, str]:
    """By which clock somebody goes, as a fresh view says it and as the page was told."""
    members = (await page.get(f"/v1/mentorships/{page.mentorship}")).json()["members"]
    (found,) = (m["person"]["zone"] for m in members if m["person"]["id"] == of.person)
    (mine,) = (await page.get("/v1/me")).json()["mentorships"]
    (told,) = (m["person"]["zone"] for m in mine["members"] if m["person"]["id"] == of.person)
    return found, told


async def move(page: Page, zone: str) -> None:
    answer = await page.post("/v1/me/zone", json={"zone": zone})
    assert (answer.status_code, answer.json()) == (200, {"zone": zone})
    assert (await page.get("/v1/me")).json()["person"]["zone"] == zone


async def test_who_goes_by_another_zone_tells_the_other_as_long_as_they_may_know_where_one_is(
    app: App, pair: tuple[Page, Page]
) -> None:
    ada, ben = pair
    one, other = await ada.connect(), await ben.connect()
    before, _ = await zones(ada, ben)
    await move(ben, "Asia/Kathmandu")

    async def told_zone(socket: Socket) -> str:
        view = (await socket.get("mentorship.changed"))["mentorship"]
        (zone,) = (m["person"]["zone"] for m in view["members"] if m["person"]["id"] == ben.person)
        return str(zone)

    for socket in (one, other):
        assert await told_zone(socket) == "Asia/Kathmandu"
    assert await zones(ada, ben) == ("Asia/Kathmandu", "Asia/Kathmandu")
    refused = await ben.post("/v1/me/zone", json={"zone": "Europe/Atlantis"})
    assert (refused.status_code, refused.json()["field"]) == (422, "zone")
    # Who is blocked is not told where the other travels.
    block = f"/v1/mentorships/{ben.mentorship}/block"
    await ben.post(block, json={"on": True})
    assert await told_zone(one) == before
    await move(ben, "Europe/Lisbon")
    await app.settle()
    assert one.take_all("mentorship.changed") == []
    assert await zones(ada, ben) == (before, before)
    assert await zones(ben, ben) == ("Europe/Lisbon", "Europe/Lisbon")
    await ben.post(block, json={"on": False})
    assert await told_zone(one) == "Europe/Lisbon"
    # Who goes by the clock that they began with is shown no otherwise: nothing is told.
    await move(ben, before)
    assert await told_zone(one) == before
    await ben.post(block, json={"on": True})
    await app.settle()
    assert one.take_all("mentorship.changed") == []
