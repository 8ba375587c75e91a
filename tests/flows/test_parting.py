"""Leaving, blocking and reporting: what ends for whom, and what the other learns of it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ithaca.admin import Reported, Reports, perform
from ithaca.reports import lines
from mentoring.safety import REPORTS_A_DAY
from tests.support.app import App, Page
from tests.support.wire import Socket

on_sqlite = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
TERMS = {"terms": {"currency": "EUR", "rate_minor": 6000}}


def of(page: Page, what: str = "") -> str:
    return f"/v1/mentorships/{page.mentorship}{what}"


async def code(page: Page, path: str, body: dict[str, Any] | None = None) -> str | None:
    """How a request is refused, if it is."""
    answer = await page.post(path, json=body or {})
    return None if answer.is_success else answer.json()["code"]


async def say(page: Page, number: int, body: str = "hello") -> str | None:
    wish = {"id": f"message-{number:04}", "body": body}
    return await code(page, f"/v1/conversations/{page.conversation}/messages", wish)


async def refusals(page: Page, socket: Socket) -> set[str]:
    """Of whatever would reach the other over a connection."""
    room, peer = {"room": page.room}, {"peer": "peer-other"}
    reaching: dict[str, dict[str, Any]] = {
        "chat.send": {"conversation": page.conversation, "id": "message-x", "body": "hello"},
        "room.join": {**room, "peer": "peer-mine", "audio": True, "video": True},
        "room.media": {**room, "audio": True, "video": True},
        "peer.candidate": {**room, **peer, "candidate": ""},
    }
    for tag, fields in reaching.items():
        socket.send(tag, **fields)
        await page.app.settle()
    return {frame["code"] for frame in socket.take_all("error")}


async def planned(page: Page, app: App, hours: int) -> str:
    start_us = app.clock.wall_us() + hours * 3_600_000_000
    wish = {"start_us": start_us, "length_us": 3_600_000_000, "zone": "UTC"}
    answer = await page.post(of(page, "/meetings"), json=wish)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def who(mentorship: Any, person: str) -> tuple[str, int | None]:
    """Where somebody is, as it is shown."""
    (member,) = (m for m in mentorship["members"] if m["person"]["id"] == person)
    return member["presence"], member.get("seen_us")


async def view(page: Page) -> Any:
    return (await page.get(of(page))).json()


async def test_who_leaves_ends_the_call_and_what_was_stays(
    app: App, pair: tuple[Page, Page]
) -> None:
    ada, ben = pair
    one, other = await ada.connect(), await ben.connect()
    assert await say(ada, 1) is None
    await ada.join(one)
    session = (await ben.join(other))["session"]["id"]
    await app.advance(60)
    for hours in (3, 30):
        await planned(ada, app, hours)
    assert await code(ben, of(ben, "/agreements"), TERMS) is None

    left = await ben.post(of(ben, "/leave"))
    assert left.status_code == 200, left.text
    closed_us = app.clock.wall_us()
    assert (left.json()["closed_us"], left.json()["closed_by"]) == (closed_us, ben.person)
    for socket in (one, other):
        gone = await socket.get("room.left")
        assert (gone["reason"], gone["session"]["state"]) == ("ended", "ended")
    await app.settle()
    changed = one.take_all("mentorship.changed")[-1]["mentorship"]
    assert (changed["closed_by"], changed["meeting"]) == (ben.person, None)
    meetings = (await ada.get(of(ada, "/meetings"))).json()["meetings"]
    assert [each["state"] for each in meetings] == ["cancelled"] * 2

    assert await code(ada, of(ada, "/leave")) is None  # again, by the other: it stays as it was
    for page, socket in ((ada, one), (ben, other)):
        assert (await view(page))["closed_by"] == ben.person
        assert await say(page, 2) == "mentorship_closed"
        assert await refusals(page, socket) == {"mentorship_closed"}
        assert await code(page, of(page, "/agreements"), TERMS) == "mentorship_closed"
        read = await page.get(f"/v1/conversations/{page.conversation}/messages")
        assert [each["body"] for each in read.json()["messages"]] == ["hello"]
        account = await page.get(f"/v1/sessions/{session}")
        assert account.json()["together_us"] == 60_000_000
    why = {"revision": 1, "reason": "not so"}
    assert await code(ada, f"/v1/sessions/{session}/contest", why) is None
    for page in (ada, ben):
        assert await code(page, f"/v1/sessions/{session}/confirm", {"revision": 1}) is None


async def test_a_join_that_is_on_its_way_when_the_other_leaves_opens_nothing(
    app: App, pair: tuple[Page, Page]
) -> None:
    ada, ben = pair
    one = await ada.connect()
    assert (await ben.get(of(ben))).status_code == 200
    # By the record, past the door: as if its frame had come through just before.
    services, site = app.house.services, app.house.services.people.home_site
    await services.safety.leave(await services.access.member(
        await services.people.authenticate(ben.grant), "mentorship", ben.mentorship), ben.person,
    )  # fmt: skip
    with pytest.raises(Exception, match="mentorship_closed"):
        await services.ledger.join(site, ada.room, ada.mentorship, ada.person, "con_late")
    assert await refusals(ada, one) == {"mentorship_closed"}
    assert (await ada.get("/v1/sessions")).json()["sessions"] == []


@on_sqlite
@pytest.mark.parametrize("what", ["/block", "/leave", "a new link"])
async def test_who_takes_long_over_a_request_has_no_more_right_than_others(
    app: App, pair: tuple[Page, Page], what: str
) -> None:
    """Mutant: the right is that of when the request began."""
    ada, ben = pair
    codes = {"/block": "not_accepted", "/leave": "mentorship_closed", "a new link": "revoked"}

    async def slowly() -> AsyncIterator[bytes]:
        yield b'{"id": "message-0001", '
        if what == "a new link":
            assert (await ada.post("/v1/me/link")).is_success
        else:
            body = {"on": True} if what == "/block" else {}
            assert await code(ben, of(ben, what), body) is None
        await app.clock.advance(3)
        yield b'"body": "late"}'

    answer = await ada.post(
        f"/v1/conversations/{ada.conversation}/messages",
        content=slowly(),
        headers={"content-type": "application/json"},
    )
    assert answer.json()["code"] == codes[what]
    log = await ben.get(f"/v1/conversations/{ben.conversation}/messages")
    assert log.json()["messages"] == []


async def test_who_is_blocked_reaches_nobody_and_sees_nothing(
    app: App, pair: tuple[Page, Page]
) -> None:
    ada, ben = pair
    one, other = await ada.connect(), await ben.connect()
    assert await say(ben, 1) is None
    await ada.join(one)
    await ben.join(other)
    await app.settle()
    spare = await (await app.open(ada.link)).connect()
    for socket in (one, other, spare):
        socket.frames.clear()

    blocked = await ada.post(of(ada, "/block"), json={"on": True})
    assert blocked.json()["blocked_by_me"] is True
    assert (await other.get("room.left"))["reason"] == "ended"
    await app.settle()
    assert spare.take_all("mentorship.changed")[-1]["mentorship"]["blocked_by_me"] is True
    assert other.take_all("mentorship.changed") == []
    presences = [frame["presence"] for frame in other.take_all("presence.changed")]
    assert presences[-1] == "away"

    # Whatever Ada does now, Ben hears nothing of it.
    one.send("chat.read", conversation=ada.conversation, seq=1)
    await app.settle()
    await spare.finish(1001)
    await one.finish(1001)
    one = await ada.connect()
    await app.advance(2)
    assert not {"presence.changed", "chat.receipt"} & {frame["t"] for frame in other.frames}
    other.frames.clear()
    theirs = await view(ben)
    assert (theirs["blocked_by_me"], theirs["closed_us"]) == (False, None)
    assert {m["presence"] for m in theirs["members"] if m["person"]["id"] == ada.person} == {"away"}
    assert {m["presence"] for m in (await view(ada))["members"]} == {"here"}
    assert await say(ben, 2) == "not_accepted"
    assert await refusals(ben, other) == {"not_accepted"}
    assert await say(ada, 2) == "blocking"
    assert await refusals(ada, one) == {"blocking"}

    lifted = await ada.post(of(ada, "/block"), json={"on": False})
    assert lifted.json()["blocked_by_me"] is False
    assert (await other.get("presence.changed"))["presence"] == "here"
    assert await say(ben, 2) is None


def marks(shown: dict[str, Any]) -> set[tuple[str, int, int]]:
    """Who has got how far, as somebody is shown it."""
    return {(each["person"], each["delivered"], each["read"]) for each in shown["marks"]}


async def test_once_one_left_nobody_is_shown_where_the_other_is_nor_what_they_do(
    app: App, pair: tuple[Page, Page]
) -> None:
    ada, ben = pair
    one, other = await ada.connect(), await ben.connect()
    assert [await say(ada, number) for number in (1, 2)] == [None, None]
    other.send("chat.read", conversation=ben.conversation, seq=1)
    await one.get("chat.receipt", person=ben.person, read=1)
    for page, socket in ((ada, one), (ben, other)):
        socket.send("chat.typing", conversation=page.conversation, typing=True)
        await socket.beat()
        assert {m["presence"] for m in (await view(page))["members"]} == {"here"}
    await app.settle()
    for socket in (one, other):
        socket.frames.clear()

    assert await code(ben, of(ben, "/leave")) is None
    sockets = {ada.person: one, ben.person: other}
    for page, them in ((ada, ben.person), (ben, ada.person)):
        told = await sockets[page.person].get("presence.changed")
        assert (told["person"], told["presence"], told.get("seen_us")) == (them, "away", None)

    # Nor whatever either does from then on: reading, going, coming back.
    await app.settle()
    for socket in (one, other):
        socket.frames.clear()
    other.send("chat.read", conversation=ben.conversation, seq=2)
    await other.beat()
    await other.finish(1001)
    other = await ben.connect()
    assert [each["read"] for each in other.opened["mentorships"]] == [2]
    assert [who(each, ada.person) for each in other.opened["mentorships"]] == [("away", None)]
    await one.finish(1001)
    await app.advance(2)
    one = await ada.connect()
    await app.advance(2)
    for page, socket, them in ((ada, one, ben.person), (ben, other, ada.person)):
        assert not {"presence.changed", "chat.receipt"} & {each["t"] for each in socket.frames}
        assert who(await view(page), them) == ("away", None)
    # What was told before stays: nothing that was read is unread again.
    assert (ben.person, 1, 1) in marks(await view(ada))
    assert marks(one.opened["mentorships"][0]) == marks(await view(ada))


@pytest.mark.parametrize("again", [False, True])
async def test_who_is_blocked_is_told_as_far_as_they_were_that_their_words_were_read(
    app: App, pair: tuple[Page, Page], again: bool
) -> None:
    """Mutants: nothing of it any more; all of it; as it stands when they block once more, or the
    other does."""
    ada, ben = pair
    one, other = await ada.connect(), await ben.connect()
    for number in (1, 2):
        assert await say(ada, number) is None
    other.send("chat.read", conversation=ben.conversation, seq=1)
    await one.get("chat.receipt", person=ben.person, read=1)
    assert await code(ben, of(ben, "/block"), {"on": True}) is None
    other.send("chat.read", conversation=ben.conversation, seq=2)
    await other.beat()
    if again:
        assert await code(ben, of(ben, "/block"), {"on": True}) is None
        assert await code(ada, of(ada, "/block"), {"on": True}) is None
    assert (ben.person, 1, 1) in marks(await view(ada))
    assert (ben.person, 2, 2) in marks(await view(ben))
    for page in (ada, ben):
        assert await code(page, of(page, "/block"), {"on": False}) is None
    assert (ben.person, 2, 2) in marks(await view(ada))


async def test_a_block_is_of_one_mentorship(app: App, pair: tuple[Page, Page]) -> None:
    ada, ben = pair
    wish = {"mentee": {"name": "Cleo", "zone": "UTC"}, "i_am": "mentor"}
    made = (await ada.post("/v1/mentorships", json=wish)).json()
    cleo = await app.open(made["links"][0]["url"])
    socket = await cleo.connect()
    assert await code(ben, of(ben, "/block"), {"on": True}) is None
    assert await code(ben, of(ben, "/block"), {"on": True}) is None  # again: nothing changes
    assert await say(ada, 1) == "not_accepted"
    assert await say(cleo, 1) is None
    await ada.connect()
    assert (await socket.get("presence.changed"))["presence"] == "here"
    mallory, _ = await app.pair("Mallory", "Niaj")
    for what, body in (("/leave", {}), ("/block", {"on": False}), ("/report", {"reason": "other"})):
        assert await code(mallory, of(ben, what), body) == "not_found"
    assert await say(ada, 2) == "not_accepted"


async def test_nothing_is_stored_after_it_whoever_has_not_heard_of_it(
    app: App, pair: tuple[Page, Page]
) -> None:
    ada, ben = pair
    assert await say(ada, 1) is None
    # What another node wrote, and nothing was heard of.
    services = app.house.services
    mentorship = await services.access.member(
        await services.people.authenticate(ben.grant), "mentorship", ben.mentorship
    )
    one = await ada.connect()
    await app.database.write(services.safety._block, mentorship, ben.person, True, 1)
    assert await say(ada, 2) == "not_accepted"
    changes: list[tuple[str, dict[str, Any]]] = [
        ("chat.edit", {"id": "change-01", "seq": 1, "body": "harm"}),
        ("chat.react", {"id": "change-02", "seq": 1, "emoji": "👍", "on": True}),
        ("chat.pin", {"id": "change-03", "seq": 1, "on": True}),
        ("chat.send", {"id": "message-3", "body": "Harm."}),
        ("chat.send", {"id": "message-4", "body": "Harm.", "reply_to": 1}),
        ("chat.delete", {"id": "change-04", "seq": 1}),  # what was said is not one's own alone
    ]
    for tag, fields in changes:
        one.send(tag, conversation=ada.conversation, **fields)
        assert (await one.get("error", ref=fields["id"]))["code"] == "not_accepted", tag
    log = await ben.get(f"/v1/conversations/{ben.conversation}/messages")
    (stored,) = log.json()["messages"]
    assert (stored["seq"], stored.get("reactions", [])) == (1, [])
    await app.database.write(services.safety._block, mentorship, ben.person, False, 1)
    assert await say(ada, 5) is None
    await app.database.write(services.safety._leave, mentorship, ben.person, 1)
    assert await say(ada, 6) == "mentorship_closed"


@pytest.mark.parametrize(
    ("what", "refused"), [("/block", "not_accepted"), ("/leave", "mentorship_closed")]
)
async def test_what_was_stored_before_it_is_answered_again_and_nothing_new_is_stored(
    app: App, pair: tuple[Page, Page], what: str, refused: str
) -> None:
    """The answer may be what was lost. Mutant: the door is shut before it is looked who knocks."""
    ada, ben = pair
    one = await ada.connect()
    sent: list[tuple[str, dict[str, Any]]] = [
        ("chat.send", {"id": "message-0001", "body": "hello"}),
        ("chat.send", {"id": "message-0002", "body": "answer", "reply_to": 1}),
        ("chat.edit", {"id": "change-01", "seq": 1, "body": "better"}),
        ("chat.react", {"id": "change-02", "seq": 1, "emoji": "👍", "on": True}),
        ("chat.pin", {"id": "change-03", "seq": 1, "on": True}),
        ("chat.delete", {"id": "change-04", "seq": 2}),
    ]

    async def ask(tag: str, fields: dict[str, Any]) -> dict[str, Any]:
        """The answer, without when."""
        one.send(tag, conversation=ada.conversation, **fields)
        answers = ("chat.accepted", "chat.done", "error")
        found = await one.either(
            *((each, "ref" if each == "error" else "id", fields["id"]) for each in answers)
        )
        return {name: found.get(name) for name in ("t", "seq", "code")}

    before = [await ask(*each) for each in sent]
    assert {each["code"] for each in before} == {None}
    log = (await ben.get(f"/v1/conversations/{ben.conversation}/messages")).json()
    body = {"on": True} if what == "/block" else {}
    assert await code(ben, of(ben, what), body) is None

    assert [await ask(*each) for each in sent] == before
    assert await say(ada, 1) is None
    path = f"/v1/conversations/{ada.conversation}/messages"
    for verb, again in (("edit", sent[2]), ("react", sent[3]), ("pin", sent[4])):
        wish = {name: value for name, value in again[1].items() if name != "seq"}
        assert await code(ada, f"{path}/1/{verb}", wish) is None
        new: dict[str, Any] = {"body": "best"} if verb == "edit" else {"on": False}
        assert await code(ada, f"{path}/1/{verb}", {**wish, **new}) == "conflict"
        assert await code(ada, f"{path}/1/{verb}", {**wish, **new, "id": "change-99"}) == refused
    assert await say(ada, 1, "other words") == "conflict"
    assert await say(ada, 3) == refused
    assert await code(ada, f"{path}/2/delete", {"id": "change-04"}) is None
    assert await code(ada, f"{path}/1/delete", {"id": "change-05"}) == refused
    for tag, fields in sent:
        new = {**fields, "id": f"new-{fields['id']}"}
        new |= {"seq": 1} if "seq" in fields else {}
        assert (await ask(tag, new))["code"] == refused, tag
    assert (await ben.get(f"/v1/conversations/{ben.conversation}/messages")).json() == log


async def test_while_the_database_is_away_the_last_that_was_known_holds(
    app: App, pair: tuple[Page, Page]
) -> None:
    ada, ben = pair
    one, other = await ada.connect(), await ben.connect()
    assert await code(ben, of(ben, "/block"), {"on": True}) is None
    assert await refusals(ada, one) == {"not_accepted"}
    await app.advance(5)
    one.frames.clear()
    app.database.cut_off = True
    # It may have been stored before: it is asked for again later.
    assert await refusals(ada, one) == {"not_accepted", "unavailable"}
    await other.finish(1006)
    await app.settle()
    assert one.take_all("presence.changed") == []
    assert one.close_code is None


# ---- reports -----------------------------------------------------------------------------------

REPORT = {"reason": "money", "words": " Wants cash.\r\nThree times. ", "seqs": [3, 1], "also": []}


async def test_a_report_reaches_the_operator_and_nobody_else(
    app: App, pair: tuple[Page, Page]
) -> None:
    ada, ben = pair
    other = await ben.connect()
    for number, page in ((1, ben), (2, ada), (3, ben)):
        assert await say(page, number, f"words {number}") is None
    await app.settle()
    other.frames.clear()
    key = {"Idempotency-Key": "report-key-1"}
    made = [await ada.post(of(ada, "/report"), json=REPORT, headers=key) for _ in range(2)]
    assert [answer.status_code for answer in made] == [201, 201]
    assert made[0].json() == made[1].json()
    again = await ada.post(of(ada, "/report"), json={**REPORT, "words": ""}, headers=key)
    assert again.json()["code"] == "conflict"
    await app.settle()
    assert other.frames == []
    assert await say(ben, 4) is None

    listed = await perform(app.house, Reports())
    assert isinstance(listed, Reported)
    (line,) = lines(listed.reports, whole=False)
    id_ = made[0].json()["report"]
    assert line.startswith(id_)
    assert line.endswith("Ada about Ben: money, outside of what was agreed")
    one = await perform(app.house, Reports(id_))
    assert isinstance(one, Reported)
    text = lines(one.reports, whole=True)
    assert text[2:4] == ["  Wants cash.", "  Three times."]
    assert [each[:3] for each in text[4::2]] == ["[1]", "[3]"]
    assert text[5::2] == ["  words 1", "  words 3"]
    assert await perform(app.house, Reports(id_[:-4] + "0000")) != one


async def test_a_report_keeps_what_a_message_said_before_it_was_edited(
    app: App, pair: tuple[Page, Page]
) -> None:
    """Mutant: only what it says now is copied; deleting it then leaves nothing."""
    ada, ben = pair
    other = await ben.connect()
    assert await say(ben, 1, "harm") is None
    for number, body in enumerate(("less harm", "nice")):
        id_ = f"change-{number}"
        other.send("chat.edit", conversation=ben.conversation, id=id_, seq=1, body=body)
        await other.get("chat.done", id=id_)
    made = await ada.post(of(ada, "/report"), json={**REPORT, "seqs": [1]})
    other.send("chat.delete", conversation=ben.conversation, id="change-9", seq=1)
    await other.get("chat.done", id="change-9")
    one = await perform(app.house, Reports(made.json()["report"]))
    assert isinstance(one, Reported)
    text = lines(one.reports, whole=True)[4:]
    assert [line.strip() for line in text if "read:" not in line][1:] == [
        "nice",
        "harm",
        "less harm",
    ]


async def test_one_step_can_report_leave_and_block(app: App, pair: tuple[Page, Page]) -> None:
    ada, ben = pair
    one, other = await ada.connect(), await ben.connect()
    await ada.join(one)
    await ben.join(other)
    both = {**REPORT, "seqs": [], "also": ["leave", "block"]}
    assert await code(ada, of(ada, "/report"), both) is None
    assert (await other.get("room.left"))["reason"] == "ended"
    mine = await view(ada)
    assert (mine["closed_by"], mine["blocked_by_me"]) == (ada.person, True)
    assert await say(ben, 1) == "mentorship_closed"
    assert "report" not in (await ben.get(of(ben))).text


@on_sqlite
async def test_a_report_that_came_half_way_ends_the_call_when_it_comes_again(
    app: App, pair: tuple[Page, Page]
) -> None:
    """Mutant: only the first ends what runs."""
    ada, ben = pair
    one, other = await ada.connect(), await ben.connect()
    await ada.join(one)
    await ben.join(other)
    wish = {
        "json": {**REPORT, "seqs": [], "also": ["block"]},
        "headers": {"Idempotency-Key": "report-3"},
    }
    app.database.writes_left = 1  # the report, and no end of the call
    assert (await ada.post(of(ada, "/report"), **wish)).status_code == 503
    app.database.writes_left = None
    assert (await ada.post(of(ada, "/report"), **wish)).status_code == 201
    assert (await other.get("room.left"))["reason"] == "ended"


@on_sqlite
async def test_a_report_that_comes_again_late_ends_no_later_call(
    app: App, pair: tuple[Page, Page]
) -> None:
    ada, ben = pair
    wish = {
        "json": {**REPORT, "seqs": [], "also": ["block"]},
        "headers": {"Idempotency-Key": "report-2"},
    }
    assert (await ada.post(of(ada, "/report"), **wish)).status_code == 201
    assert await code(ada, of(ada, "/block"), {"on": False}) is None
    one, other = await ada.connect(), await ben.connect()
    await ada.join(one)
    await ben.join(other)
    assert (await ada.post(of(ada, "/report"), **wish)).status_code == 201
    await app.settle()
    assert one.take("room.left") is None
    assert (await view(ada))["session"]["state"] == "open"


@on_sqlite
async def test_what_is_no_report_is_said(app: App, pair: tuple[Page, Page]) -> None:
    ada, _ = pair
    assert await say(ada, 1) is None
    wrong: tuple[tuple[dict[str, Any], str], ...] = (
        ({}, "bad_request"),
        ({"reason": "boring"}, "bad_request"),
        ({"reason": "other", "also": ["forgive"]}, "bad_request"),
        ({"reason": "other", "seqs": list(range(1, 52))}, "bad_request"),
        ({"reason": "other", "seqs": [1, 2]}, "invalid_field"),
        ({"reason": "other", "seqs": [2**40]}, "invalid_field"),
        ({"reason": "other", "words": "x" * 2001}, "invalid_field"),
        ({"reason": "other", "words": "a\x00"}, "invalid_field"),
    )
    for body, refused in wrong:
        assert await code(ada, of(ada, "/report"), body) == refused, body
    listed = await perform(app.house, Reports())
    assert isinstance(listed, Reported)
    assert lines(listed.reports, whole=False) == ["Nobody has reported anybody."]
    for _ in range(REPORTS_A_DAY):
        assert await code(ada, of(ada, "/report"), {"reason": "other", "seqs": [1, 1]}) is None
        await app.advance(1)
    assert await code(ada, of(ada, "/report"), {"reason": "other"}) == "rate_limited"
