"""Who sends too much, or does not read, is held up or cut off alone."""

from __future__ import annotations

import pytest

from tests.support.scene import Scene, refused

on_sqlite = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)


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
    back = await mallory.connect(cursors={mallory.conversation: {"seq": 0, "revision": 0}})
    assert await back.messages_to(30) == list(range(1, 31))


@on_sqlite
async def test_too_many_frames_are_held_up(scene: Scene) -> None:
    mallory, socket = scene.page, scene.socket
    for _ in range(501):
        socket.send("chat.typing", conversation=mallory.conversation, typing=True)
    error = await socket.get("error")
    assert (error["code"], error["about"]) == ("rate_limited", "chat.typing")
    assert error["retry_after_us"] > 0
    assert socket.close_code is None
    scene.logged_once("rate_limited")
    await scene.undisturbed()


@on_sqlite
async def test_pages_asked_for_on_many_connections_and_over_http_are_held_up_by_person(
    scene: Scene,
) -> None:
    mallory = scene.page
    talk = {"conversation": mallory.conversation, "limit": 1}
    sockets = [scene.socket, *[await mallory.connect(tab=f"tab-{n:08}") for n in range(4)]]
    for socket in sockets:
        for _ in range(41):
            socket.send("chat.fetch", **talk)
        await scene.app.settle()
    error = await socket.get("error")
    assert (error["code"], error["about"]) == ("rate_limited", "chat.fetch")
    assert error["retry_after_us"] > 0
    answer = await mallory.get(f"/v1/conversations/{mallory.conversation}/messages")
    assert (answer.status_code, answer.json()["code"]) == (429, "rate_limited")
    assert [socket.close_code for socket in sockets] == [None] * 5
    await scene.undisturbed()


@on_sqlite
async def test_who_connects_again_and_again_from_the_beginning_is_held_up_by_person(
    scene: Scene,
) -> None:
    """Who catches up on 200 pages waits with the rest, on all connections, and reads what they ask
    for meanwhile. Mutants: only what one asks for counts; one count for both."""
    mallory, talk = scene.page, {"conversation": scene.page.conversation, "limit": 1}
    site = scene.app.house.services.people.home_site
    head = 615  # three a page
    for number in range(head):
        await scene.app.house.services.chat.send(
            site, mallory.conversation, mallory.person, f"message-{number}", "x" * 16_000
        )
    begin = {mallory.conversation: {"seq": 0, "revision": 0}}
    held = [await mallory.connect(tab=f"tab-{n:08}", cursors=begin) for n in range(2)]
    await scene.app.settle()
    came = [socket.take_all("chat.messages") for socket in held]
    assert sum(map(len, came)) == 200
    for socket in held:
        socket.send("chat.fetch", **talk, before=100)
        page = await socket.get("chat.messages")
        assert [message["seq"] for message in page["messages"]] == [99]
    answer = await mallory.get(f"/v1/conversations/{mallory.conversation}/messages")
    assert answer.status_code == 200
    await scene.undisturbed()
    await scene.app.advance(9)
    for socket, pages in zip(held, came, strict=True):  # nobody has lost anything
        first = [message["seq"] for page in pages for message in page["messages"]]
        assert [*first, *await socket.messages_to(head)] == list(range(1, head + 1))
        assert socket.close_code is None


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
    await scene.app.settle()
    assert tabs[1].take("error") is None
    await scene.app.advance(2)
    await mallory.join(tabs[0], peer="peer-more")
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
async def test_what_takes_long_to_answer_is_held_up_sooner(scene: Scene) -> None:
    mallory = scene.page
    session = (await mallory.join(await mallory.connect()))["session"]["id"]
    for _ in range(9):  # of the two hundred at once each takes twenty, and the link took one
        assert (await mallory.get(f"/v1/sessions/{session}/evidence")).status_code == 200
    scene.logged.clear()
    await refused(scene, await mallory.get(f"/v1/sessions/{session}/evidence"), 429, "rate_limited")
    assert (await mallory.get("/v1/me")).status_code == 200
    await scene.undisturbed()
