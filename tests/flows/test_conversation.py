"""Writing to each other, at once or over days, by one order that has no gap."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from protocol.frames import ChatMessages
from tests.support.app import App, Page
from tests.support.wire import Frame, Socket

START = {"seq": 0, "revision": 0}
on_sqlite = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)


def say(page: Page, socket: Socket, number: int, body: str = "") -> str:
    id_ = f"message-{number:05}"
    body = body or f"message {number}"
    socket.send("chat.send", conversation=page.conversation, id=id_, body=body)
    return id_


def seqs(frames: list[Frame]) -> list[int]:
    return [message["seq"] for frame in frames for message in frame["messages"]]


async def write(page: Page, count: int, body: str = "") -> None:
    """`count` messages of the page's person, past any rate limit."""
    chat, site = page.app.house.services.chat, page.app.house.services.people.home_site
    for first in range(1, count + 1, 100):
        await asyncio.gather(
            *(
                chat.send(
                    site,
                    page.conversation,
                    page.person,
                    f"{page.tab}-{number:05}",
                    f"{number}{body}",
                )
                for number in range(first, min(first + 100, count + 1))
            )
        )


@on_sqlite
async def test_a_message_reaches_both_once_and_in_order(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    for number in range(1, 21):
        page, socket = (mentor, one) if number % 2 else (mentee, other)
        id_ = say(page, socket, number)
        accepted = await socket.get("chat.accepted", id=id_)
        assert accepted["seq"] == number
    await app.settle()
    for socket in (one, other):
        frames = socket.take_all("chat.messages")
        assert seqs(frames) == list(range(1, 21))
        assert [frame["head"] for frame in frames] == list(range(1, 21))
        authors = [frame["messages"][0]["person"] for frame in frames]
        assert authors == [mentor.person, mentee.person] * 10


@on_sqlite
async def test_what_is_asked_behind_messages_is_answered_behind_them(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    await one.beat()
    one.take_all("chat.messages")
    ids = [say(mentor, one, number) for number in range(1, 6)]
    one.send("chat.send", conversation=mentor.conversation, id="message-empty", body=" ")
    one.send("chat.fetch", conversation=mentor.conversation, limit=10)
    page = await one.get("chat.messages", head=5)
    while len(page["messages"]) == 1:  # a live one
        page = await one.get("chat.messages", head=5)
    assert [message["id"] for message in page["messages"]] == ids
    accepted = one.take_all("chat.accepted")
    assert [(frame["id"], frame["seq"]) for frame in accepted] == [
        (id_, number + 1) for number, id_ in enumerate(ids)
    ]
    assert one.take("error", ref="message-empty", code="message_empty")
    other.send("chat.delivered", conversation=mentee.conversation, seq=5)
    await one.get("chat.receipt", person=mentee.person, delivered=5)


async def test_written_to_someone_who_is_away_it_is_there_when_they_return(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one = await mentor.connect()
    for number in (1, 2, 3):
        await one.get("chat.accepted", id=say(mentor, one, number))
    other = await mentee.connect(cursors={mentee.conversation: START})
    (view,) = other.opened["mentorships"]
    assert (view["head"], view["read"], view["unread"]) == (3, 0, 3)
    assert view["last"]["body"] == "message 3"
    page = await other.get("chat.messages")
    assert [message["body"] for message in page["messages"]] == [
        "message 1",
        "message 2",
        "message 3",
    ]


@on_sqlite
async def test_a_thousand_missed_messages_arrive_without_a_gap(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    other = await mentee.connect()
    await write(mentor, 10)
    assert await other.messages_to(10) == list(range(1, 11))
    await other.finish(1006)
    mentor.tab = "tab-again"
    await write(mentor, 980)
    mentor.tab = "tab-longer"
    await write(mentor, 20, "x" * 16_000)
    back = await mentee.connect(cursors={mentee.conversation: {"seq": 10, "revision": 10}})
    live = await mentor.connect()
    say(mentor, live, 1, "and now")
    await live.get("chat.accepted")
    assert await back.messages_to(1011) == list(range(11, 1012))
    assert back.close_code is None


@on_sqlite
async def test_many_conversations_long_behind_come_page_by_page(app: App) -> None:
    link, _ = await app.begin()
    mentor = await app.open(link)
    talks = []
    for _ in range(8):
        wish = {"mentee": {"name": "Cleo", "zone": "UTC"}, "i_am": "mentor"}
        made = await mentor.post("/v1/mentorships", json=wish)
        mentee = await app.open(made.json()["links"][0]["url"])
        await write(mentee, 10, "x" * 16_000)
        talks.append(mentee.conversation)
    socket = app.socket()
    assert await socket.answered()
    socket.stall()  # more lies ready than may wait for it
    socket.send(
        "auth.open", grant=mentor.grant, tab=mentor.tab, cursors=dict.fromkeys(talks, START)
    )
    await app.settle()
    socket.go_on()
    found: dict[str, list[int]] = {talk: [] for talk in talks}
    while any(len(each) < 10 for each in found.values()):
        page = await socket.get("chat.messages")
        found[page["conversation"]] += seqs([page])
    assert all(each == list(range(1, 11)) for each in found.values())


@on_sqlite
async def test_the_home_page_is_shown_the_beginning_of_a_message(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one = await mentor.connect()
    for number, (body, line) in enumerate(
        (("x" * 200, "x" * 200), ("€" * 201, "€" * 200 + "…"), ("y" * 16_000, "y" * 200 + "…")), 1
    ):
        await one.get("chat.accepted", id=say(mentor, one, number, body))
        opened = (await mentee.connect()).opened["mentorships"][0]
        asked = (await mentee.get("/v1/me")).json()["mentorships"][0]
        assert (opened["last"]["body"], asked["last"]["body"]) == (line, line)


@on_sqlite
async def test_without_a_cursor_only_what_is_new_comes(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    await write(mentor, 5)
    other = await mentee.connect()
    one = await mentor.connect(cursors={mentor.conversation: {"seq": 10**15, "revision": 10**15}})
    await app.settle()
    assert other.take("chat.messages") is None
    await one.get("chat.accepted", id=say(mentor, one, 1))
    assert seqs([await other.get("chat.messages")]) == [6]
    assert seqs([await one.get("chat.messages")]) == [6]
    strange = await mentee.connect(cursors={mentor.mentorship: {"seq": 3, "revision": 3}})
    await app.settle()
    assert strange.take("chat.messages") is None


@on_sqlite
async def test_a_hint_that_was_lost_is_noticed(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    other = await mentee.connect()
    bus = app.house.services.bus
    published, bus.publish = bus.publish, lambda topic, payload: None  # type: ignore[method-assign]
    await write(mentor, 3)
    bus.publish = published  # type: ignore[method-assign]
    await app.settle()
    assert other.take("chat.messages") is None
    await app.advance(10)
    assert await other.messages_to(3) == [1, 2, 3]


async def test_sending_again_is_accepted_again_and_shown_once(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    id_ = say(mentor, one, 1)
    first = await one.get("chat.accepted")
    await one.finish(1006)
    one = await mentor.connect()
    for _ in range(3):
        say(mentor, one, 1)
        assert await one.get("chat.accepted") == first
    say(mentor, one, 1, "something else")
    error = await one.get("error")
    assert (error["code"], error["about"], error["ref"]) == ("conflict", "chat.send", id_)
    rest = f"/v1/conversations/{mentor.conversation}/messages"
    again = await mentor.post(rest, json={"id": id_, "body": "message 1"})
    assert (again.status_code, again.json()["seq"]) == (201, 1)
    other_body = await mentor.post(rest, json={"id": id_, "body": "another"})
    assert (other_body.status_code, other_body.json()["code"]) == (409, "conflict")
    await app.settle()
    assert seqs(other.take_all("chat.messages")) == [1]


async def test_what_was_read_is_told_and_only_grows(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    for number in range(1, 6):
        await one.get("chat.accepted", id=say(mentor, one, number))
    for seq, told in ((3, 3), (2, None), (10**15, 5), (5, None)):
        other.send("chat.read", conversation=mentee.conversation, seq=seq)
        await app.settle()
        for socket in (one, other):
            receipts = socket.take_all("chat.receipt")
            assert [(each["person"], each["read"]) for each in receipts] == (
                [(mentee.person, told)] if told else []
            )
    (mine,) = (await mentee.get("/v1/me")).json()["mentorships"]
    (theirs,) = (await mentor.get("/v1/me")).json()["mentorships"]
    assert (mine["read"], mine["unread"], mine["head"]) == (5, 0, 5)
    assert (theirs["read"], theirs["unread"]) == (0, 0)
    say(mentee, other, 6)
    await other.get("chat.accepted")
    view = (await mentor.get(f"/v1/mentorships/{mentor.mentorship}")).json()
    assert (view["unread"], view["last"]["body"]) == (1, "message 6")


async def test_history_comes_by_page_over_either_way_in(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    await write(mentor, 30)
    other = await mentee.connect()
    rest = f"/v1/conversations/{mentee.conversation}/messages"
    for query, expected in (
        ({}, list(range(1, 31))),
        ({"limit": 4}, [27, 28, 29, 30]),
        ({"before": 5, "limit": 2}, [3, 4]),
        ({"after": 28}, [29, 30]),
        ({"after": 10**15}, []),
        ({"before": 1}, []),
    ):
        other.send("chat.fetch", conversation=mentee.conversation, **query)
        frame = await other.get("chat.messages")
        page = (await mentee.get(rest, params=query)).json()
        assert seqs([frame]) == expected
        assert page == {
            "conversation": mentee.conversation,
            "head": 30,
            "revision": 30,
            "messages": frame["messages"],
        }


async def test_a_new_mentorship_appears_where_its_people_are(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    wish = {"mentee": {"name": "Cleo", "zone": "UTC"}, "i_am": "mentor"}
    key = {"idempotency-key": "once-only"}
    made = await mentor.post("/v1/mentorships", json=wish, headers=key)
    again = await mentor.post("/v1/mentorships", json=wish, headers=key)
    assert (made.status_code, again.content) == (201, made.content)
    (link,) = made.json()["links"]
    added = (await one.get("mentorship.added"))["mentorship"]
    assert added["id"] == made.json()["mentorship"]
    assert {member["person"]["name"] for member in added["members"]} == {"Ada", "Cleo"}
    await app.settle()
    assert one.take("mentorship.added") is None
    assert other.take("mentorship.added") is None

    cleo = await app.open(link["url"])
    theirs = await cleo.connect()
    await one.get("presence.changed", mentorship=added["id"], presence="here")
    await theirs.get("chat.accepted", id=say(cleo, theirs, 1))
    assert (await one.get("chat.messages"))["conversation"] == added["conversation"]
    await app.settle()
    assert other.take("chat.messages") is None


@on_sqlite
async def test_presence_is_what_the_last_open_page_says(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    one = await mentor.connect()
    states = {m["person"]["id"]: m["presence"] for m in one.opened["mentorships"][0]["members"]}
    assert states == {mentor.person: "here", mentee.person: "away"}

    async def told() -> list[str]:
        await app.settle()
        return [frame["presence"] for frame in one.take_all("presence.changed")]

    first = await mentee.connect()
    assert await told() == ["here"]
    second = await (await app.open(mentee.link)).connect()
    assert await told() == []
    await mentee.join(first)
    assert await told() == ["in_room"]
    first.send("room.leave", room=mentee.room)
    assert await told() == ["here"]
    await first.finish()
    assert await told() == []
    await second.finish()
    assert (await told())[-1] == "away"


@on_sqlite
async def test_too_many_messages_are_held_up_for_a_while(app: App, pair: tuple[Page, Page]) -> None:
    mentor, _ = pair
    one = await mentor.connect()
    for number in range(1, 202):
        say(mentor, one, number)
    error = await one.get("error")
    assert (error["code"], error["ref"]) == ("rate_limited", "message-00201")
    await app.clock.advance(error["retry_after_us"] / 1_000_000)
    say(mentor, one, 201)
    assert (await one.get("chat.accepted", id="message-00201"))["seq"] == 201


@on_sqlite
async def test_what_is_written_while_one_signs_in_is_not_lost(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one = await mentor.connect()
    for turn in range(5):
        numbers = range(turn * 30 + 1, turn * 30 + 31)
        connecting = asyncio.create_task(mentee.connect(cursors={mentee.conversation: START}))
        for number in numbers:
            await one.get("chat.accepted", id=say(mentor, one, number))
        other = await connecting
        assert await other.messages_to(numbers[-1]) == list(range(1, numbers[-1] + 1))
        await other.finish()


# ---- what becomes of a message -------------------------------------------------------------------


async def test_what_is_changed_is_told_whole_to_both(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    talk = mentor.conversation
    await one.get("chat.accepted", id=say(mentor, one, 1))
    other.send("chat.send", conversation=talk, id="message-2", body="yes", reply_to=1)
    assert (await other.get("chat.accepted"))["revision"] == 2
    steps: tuple[tuple[Socket, str, Frame, Frame], ...] = (
        (one, "chat.edit", {"seq": 1, "body": "better"}, {"body": "better"}),
        (other, "chat.react", {"seq": 1, "emoji": "❤️", "on": True},
         {"reactions": [{"emoji": "❤️", "persons": [mentee.person]}]}),
        (other, "chat.pin", {"seq": 1, "on": True}, {"pinned_by": mentee.person}),
        (one, "chat.delete", {"seq": 1}, {"body": ""}),
    )  # fmt: skip
    for revision, (socket, tag, fields, expected) in enumerate(steps, 3):
        for _ in range(2):  # the same again changes nothing
            socket.send(tag, conversation=talk, id=f"change-{revision}", **fields)
            done = await socket.get("chat.done", id=f"change-{revision}")
            assert (done["seq"], done["revision"]) == (1, revision)
        await app.settle()
        for each in (one, other):
            (told,) = each.take_all("chat.touched")
            assert told["revision"] == told["messages"][0]["revision"] == revision
            assert told["messages"][0].items() >= expected.items()
    (_, answer) = (await mentee.get(f"/v1/conversations/{talk}/messages")).json()["messages"]
    assert answer["reply_to"] == 1
    for tag, wish in (("chat.pin", {}), ("chat.react", {"emoji": "👍"})):
        # Each comes and goes, and does not come again.
        for doing, on, by in (("does", True, 1), ("undoes", False, 1), ("does", True, 0)):
            revision += by
            socket = other if tag == "chat.pin" and not on else one
            id_ = f"{doing}-{tag[5:]}"
            socket.send(tag, conversation=talk, id=id_, seq=2, on=on, **wish)
            assert (await socket.get("chat.done", id=id_))["revision"] == revision
    other.send("chat.edit", conversation=talk, id="change-9", seq=9, body="no")
    error = await other.get("error")
    assert (error["code"], error["about"], error["ref"]) == ("not_found", "chat.edit", "change-9")


async def test_the_same_changes_over_http(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    other = await mentee.connect()
    of = f"/v1/conversations/{mentor.conversation}"
    sent = await mentor.post(f"{of}/messages", json={"id": "message-1", "body": "hello"})
    assert sent.json()["revision"] == 1
    for path, body, expected in (
        ("edit", {"id": "change-1", "body": "better"}, {"body": "better", "revision": 2}),
        ("react", {"id": "change-2", "emoji": "👍", "on": True}, {"revision": 3}),
        ("pin", {"id": "change-3", "on": True}, {"pinned_by": mentor.person, "revision": 4}),
    ):
        answer = await mentor.post(f"{of}/messages/1/{path}", json=body)
        assert answer.status_code == 200, answer.text
        assert answer.json().items() >= expected.items()
    versions = (await mentee.get(f"{of}/messages/1/versions")).json()["versions"]
    assert [each["body"] for each in versions] == ["hello", "better"]
    for path, wish in (("pin", {}), ("react", {"emoji": "👍"})):
        body = {"id": "change-2", "on": False, **wish}
        again = await mentor.post(f"{of}/messages/1/{path}", json=body)
        assert (again.status_code, again.json()["code"]) == (409, "conflict")
    pins = (await mentee.get(f"{of}/pins")).json()
    assert (pins["revision"], [each["seq"] for each in pins["messages"]]) == (4, [1])
    gone = (await mentor.post(f"{of}/messages/1/delete", json={"id": "change-4"})).json()
    assert (gone["body"], gone["revision"]) == ("", 5)
    assert (await mentee.get(f"{of}/messages/1/versions")).json()["versions"] == []
    for path, body, status in (
        ("messages/1/edit", {"id": "change-5", "body": "no"}, 410),
        ("messages/2/pin", {"id": "change-6", "on": True}, 404),
        ("messages/x/pin", {"id": "change-6", "on": True}, 404),
    ):
        assert (await mentor.post(f"{of}/{path}", json=body)).status_code == status
    theirs = await mentee.post(f"{of}/messages/1/delete", json={"id": "change-7"})
    assert (theirs.status_code, theirs.json()["code"]) == (403, "not_yours")
    await app.settle()
    assert [each["revision"] for each in other.take_all("chat.touched")] == [2, 3, 4, 5]
    around = await mentee.get(f"{of}/messages", params={"around": 1, "at_us": 1})
    assert (around.status_code, around.json()["code"]) == (422, "invalid_field")


@on_sqlite
async def test_that_one_types_is_told_to_the_other_and_not_too_often(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    again = await (await app.open(mentor.link)).connect()
    for typing in (True, False):
        one.send("chat.typing", conversation=mentor.conversation, typing=typing)
        told = await other.get("chat.typed")
        assert (told["person"], told["typing"]) == (mentor.person, typing)
    for _ in range(60):
        one.send("chat.typing", conversation=mentor.conversation, typing=True)
    await app.settle()
    assert len(other.take_all("chat.typed")) == 18
    for mine in (one, again):
        assert mine.take("chat.typed") is None
        assert mine.take("error") is None


@on_sqlite
async def test_what_was_delivered_is_told_and_a_lost_receipt_is_noticed(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    await write(mentor, 3)
    other.send("chat.delivered", conversation=mentee.conversation, seq=2)
    told = await one.get("chat.receipt")
    assert (told["person"], told["delivered"], told["read"]) == (mentee.person, 2, 0)
    bus = app.house.services.bus
    published, bus.publish = bus.publish, lambda topic, payload: None  # type: ignore[method-assign]
    other.send("chat.read", conversation=mentee.conversation, seq=3)
    await app.settle()
    bus.publish = published  # type: ignore[method-assign]
    await app.settle()
    assert one.take("chat.receipt") is None
    await app.advance(10)
    told = await one.get("chat.receipt")
    assert (told["delivered"], told["read"]) == (3, 3)


@on_sqlite
async def test_what_changes_while_a_page_is_on_its_way_is_told_behind_it(
    app: App, pair: tuple[Page, Page]
) -> None:
    """Mutant: only what comes after the change that was told last."""
    mentor, mentee = pair
    await write(mentor, 3)
    other = await mentee.connect()
    chat, site = app.house.services.chat, app.house.services.people.home_site
    read = chat.page

    async def page(*args: Any, **kwargs: Any) -> ChatMessages:
        found = await read(*args, **kwargs)
        await chat.react(site, mentee.conversation, mentor.person, 2, "👍", on=True)
        await other.get("chat.touched", revision=4)  # nobody has that message yet
        return found

    chat.page = page  # type: ignore[method-assign]
    other.send("chat.fetch", conversation=mentee.conversation)
    held = await other.get("chat.messages")
    assert "reactions" not in held["messages"][1]
    again = await other.get("chat.touched", revision=4)
    assert again["messages"][0]["reactions"] == [{"emoji": "👍", "persons": [mentor.person]}]
