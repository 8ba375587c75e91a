"""What a session comes to, over HTTP and the socket: proven, agreed to, contested, summed up."""

from __future__ import annotations

import csv
import io
from base64 import urlsafe_b64decode
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec.structs import replace

from ithaca.admin import Correct, Corrected, Refused, perform
from ledger.sansio import settlement
from protocol.errors import ERRORS
from protocol.rest import NewCorrection
from tests.support.app import App, Page
from tests.support.ledger import PageKey
from tests.support.wire import Socket

SECOND = 1_000_000

on_sqlite = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)


def decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


async def proven_call(
    app: App, pair: tuple[Page, Page], seconds: int
) -> tuple[str, Socket, Socket]:
    """A call of so long that both pages signed; it goes on."""
    mentor, mentee = pair
    keys = PageKey(), PageKey()
    one, other = await mentor.connect(), await mentee.connect()
    await mentor.join(one, key=keys[0].public)
    session = (await mentee.join(other, key=keys[1].public))["session"]["id"]
    since_us = app.clock.wall_us()
    await app.advance(seconds)
    for socket, mine, theirs in ((one, keys[0], keys[1]), (other, keys[1], keys[0])):
        signed = theirs.sign(session, mine, since_us, app.clock.wall_us(), seconds // 2)
        socket.send(
            "room.contact",
            room=mentor.room,
            session=session,
            contacts=[msgspec.to_builtins(signed)],
        )
    await app.settle()
    return session, one, other


async def ended(app: App, pair: tuple[Page, Page], seconds: int) -> str:
    session, _, _ = await proven_call(app, pair, seconds)
    answer = await pair[0].post(f"/v1/sessions/{session}/end", json={})
    assert answer.status_code == 200
    return session


async def say(page: Page, session: str, verb: str, **body: Any) -> tuple[int, dict[str, Any]]:
    answer = await page.post(f"/v1/sessions/{session}/{verb}", json=body)
    return answer.status_code, answer.json()


async def test_an_account_says_so_far_until_the_end_and_why_after_it(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, mentee = pair
    session, one, _ = await proven_call(app, pair, 60)
    so_far = await mentee.account(session)
    assert (so_far["state"], so_far["settlement"]) == ("open", None)
    assert so_far["unknown_us"] == 0
    one.send("room.end", room=mentor.room)
    await one.get("room.left", reason="ended")
    account = await mentee.account(session)
    assert account["together_us"] == account["contact_us"] == 60 * SECOND
    assert [each["state"] for each in account["stretches"]] == ["contact"]
    assert [lane["person"] for lane in account["lanes"]] == [mentor.person, mentee.person]
    assert {proof["signer"] for proof in account["proofs"]} == {mentor.person, mentee.person}
    assert account["bill"]["billed_us"] == 60 * SECOND
    assert account["settlement"]["revision"] == 1


async def test_the_facts_can_be_checked_by_whoever_asks_for_them(
    app: App, pair: tuple[Page, Page]
) -> None:
    session = await ended(app, pair, 20)
    answer = await pair[1].get(f"/v1/sessions/{session}/facts")
    facts = answer.json()["facts"]
    assert [each["seq"] for each in facts] == list(range(1, len(facts) + 1))
    assert [each["fact"]["t"] for each in facts] == [
        "session.created", "terms.applied", "participant.joined", "participant.joined",
        "session.started", "contact.proven", "contact.proven", "participant.left",
        "participant.left", "session.ended", "session.settled",
    ]  # fmt: skip
    account = await pair[0].account(session)
    assert account["settlement"]["head"] == facts[-1]["hash"]
    keys = {
        key["kid"]: key["key"] for key in (await app.http.get("/v1/ledger/keys")).json()["keys"]
    }
    public = Ed25519PublicKey.from_public_bytes(decoded(keys[account["settlement"]["kid"]]))
    signed = settlement.receipt(session, 1, len(facts), facts[-1]["hash"])
    public.verify(decoded(account["settlement"]["signature"]), signed)


async def test_both_hear_of_proof_that_comes_after_the_end(
    app: App, pair: tuple[Page, Page]
) -> None:
    """It changes no amount, but the record: both are shown the same fingerprint."""
    mentor, mentee = pair
    keys = PageKey(), PageKey()
    sockets = await mentor.connect(), await mentee.connect()
    await mentor.join(sockets[0], key=keys[0].public)
    session = (await mentee.join(sockets[1], key=keys[1].public))["session"]["id"]
    since_us = app.clock.wall_us()
    await app.advance(20)
    until_us = app.clock.wall_us()

    def hand_in(number: int) -> None:
        signed = keys[1 - number].sign(session, keys[number], since_us, until_us, 10)
        sockets[number].send(
            "room.contact",
            room=mentor.room,
            session=session,
            contacts=[msgspec.to_builtins(signed)],
        )

    hand_in(0)
    await app.settle()
    await mentor.post(f"/v1/sessions/{session}/end", json={})
    await app.settle()
    for socket in sockets:
        socket.take_all("session.changed")
    hand_in(1)
    await app.settle()
    facts = (await mentor.get(f"/v1/sessions/{session}/facts")).json()["facts"]
    assert facts[-1]["fact"]["t"] == "contact.proven"
    for socket in sockets:
        (*_, told) = socket.take_all("session.changed")
        settled = told["session"]["settlement"]
        assert (settled["revision"], settled["head"]) == (1, facts[-1]["hash"])


async def test_both_hear_what_the_other_says_of_it(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    session = await ended(app, pair, 60)
    listening = await mentee.connect()
    status, view = await say(mentor, session, "confirm", revision=1)
    assert (status, view["settlement"]["confirmed_by"]) == (200, [mentor.person])
    await app.settle()
    await listening.get("session.changed", session=view)
    status, view = await say(mentee, session, "contest", revision=1, reason="It broke off.")
    assert (status, view["settlement"]["state"]) == (200, "contested")
    status, problem = await say(mentor, session, "confirm", revision=1)
    assert (status, problem["code"]) == (409, "contested")
    status, view = await say(mentee, session, "confirm", revision=1)  # after all
    assert view["settlement"]["state"] == "confirmed"


async def test_one_gives_in_with_a_key_once(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    session = await ended(app, pair, 120)
    path = f"/v1/sessions/{session}/corrections"
    body = {"billed_us": 60 * SECOND, "reason": "We lost half of it."}
    key = {"idempotency-key": "correction-0001"}
    first = await mentor.post(path, json=body, headers=key)
    again = await mentor.post(path, json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json() == again.json()
    assert first.json()["settlement"]["bill"]["billed_us"] == 60 * SECOND
    other = await mentor.post(path, json={**body, "billed_us": 0}, headers=key)
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    takes = await mentee.post(path, json={**body, "billed_us": 0})
    assert (takes.status_code, takes.json()["code"]) == (403, "not_a_concession")
    for wrong in (
        {"billed_us": -1, "reason": "x"},
        {"billed_us": 1, "reason": ""},
        {"billed_us": 1},
    ):
        answer = await mentor.post(path, json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")


async def test_a_reason_that_cannot_be_kept_or_read_is_refused(
    app: App, pair: tuple[Page, Page]
) -> None:
    session = await ended(app, pair, 60)
    wish = NewCorrection(billed_us=60 * SECOND, reason="")
    for reason in ("a\x00b", " \u200b", "\u202e", "\x1b[31mred"):
        for verb, body in (("contest", {"revision": 1}), ("corrections", {"billed_us": 0})):
            status, problem = await say(pair[0], session, verb, **body, reason=reason)
            assert (status, problem["code"], problem["field"]) == (422, "invalid_field", "reason")
        told = await perform(app.house, Correct(session, replace(wish, reason=reason)))
        assert isinstance(told, Refused)
        assert told.detail.endswith(" (reason)")
    assert (await pair[0].account(session))["notes"] == []


async def test_the_operator_decides_what_is_contested(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    running, _, _ = await proven_call(app, pair, 4)
    wish = NewCorrection(billed_us=90 * SECOND, reason="As the two said on the phone.")
    assert await perform(app.house, Correct(running, wish)) == Refused(
        ERRORS["not_settled"].meaning
    )
    await mentor.post(f"/v1/sessions/{running}/end", json={})
    session = await ended(app, pair, 120)
    await say(mentee, session, "contest", revision=1, reason="It broke off.")
    assert await perform(app.house, Correct(session, wish)) == Corrected(120 * SECOND, 90 * SECOND)
    for page in pair:
        account = (await page.get(f"/v1/sessions/{session}")).json()
        assert account["settlement"]["state"] == "settled"
        assert account["settlement"]["bill"]["billed_us"] == 90 * SECOND
        (*_, note) = account["notes"]
        assert (note.get("person"), note["text"]) == (None, wish.reason)
    unknown = await perform(app.house, Correct("ses_0", wish))
    assert unknown == Refused("There is no session ses_0.")
    endless = await perform(app.house, Correct(session, replace(wish, billed_us=86_401 * SECOND)))
    assert isinstance(endless, Refused)
    assert "at most a day" in endless.detail


async def test_before_the_end_there_is_nothing_to_say(app: App, pair: tuple[Page, Page]) -> None:
    session, _, _ = await proven_call(app, pair, 4)
    for verb, body in (
        ("confirm", {"revision": 1}),
        ("contest", {"revision": 1, "reason": "no"}),
        ("corrections", {"billed_us": 0, "reason": "no"}),
    ):
        status, problem = await say(pair[0], session, verb, **body)
        assert (status, problem["code"]) == (409, "not_settled")


async def test_a_months_statement_and_its_csv(app: App, pair: tuple[Page, Page]) -> None:
    mentor, mentee = pair
    ids = [await ended(app, pair, 120) for _ in range(3)]
    await say(mentee, ids[1], "contest", revision=1, reason="no")
    month = "2027-01"  # where the manual clock stands
    for page, role in ((mentor, "mentor"), (mentee, "mentee")):
        answer = await page.get("/v1/statements", params={"role": role, "month": month})
        assert answer.status_code == 200, answer.text
        statement = answer.json()
        assert [line["session"] for line in statement["lines"]] == ids
        assert statement["held"] == 1
        (sums,) = statement["sums"]
        assert (sums["currency"], sums["lines"], sums["billed_us"]) == (None, 2, 240 * SECOND)
    none = await mentor.get("/v1/statements", params={"role": "mentee", "month": month})
    assert none.json()["lines"] == []
    before = await mentor.get("/v1/statements", params={"role": "mentor", "month": "2026-12"})
    assert before.json()["lines"] == []
    asked = {"role": "mentor", "month": month, "format": "csv"}
    sheet = await mentor.get("/v1/statements", params=asked)
    assert sheet.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in sheet.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(sheet.text)))
    assert [row["session"] for row in rows] == ids
    assert {row["billed_minutes"] for row in rows} == {"2.00"}
    for wrong in ({"month": "2027-13"}, {"month": "2027"}, {}, {"month": month, "role": "guest"}):
        answer = await mentor.get("/v1/statements", params=wrong)
        assert answer.status_code == 400, wrong


async def test_a_grant_for_one_mentorship_has_a_statement_of_that_alone(
    app: App, pair: tuple[Page, Page]
) -> None:
    mentor, _ = pair
    await ended(app, pair, 60)
    made = await mentor.post(
        "/v1/mentorships", json={"mentee": {"name": "Cleo", "zone": "UTC"}, "i_am": "mentor"}
    )
    narrowed = await app.open(mentor.link)
    await narrowed.renew(mentorship=made.json()["mentorship"])
    asked = {"role": "mentor", "month": "2027-01"}
    assert len((await mentor.get("/v1/statements", params=asked)).json()["lines"]) == 1
    assert (await narrowed.get("/v1/statements", params=asked)).json()["lines"] == []


@on_sqlite
async def test_signatures_for_a_session_that_is_not_ones_own_are_passed_over(
    app: App, pair: tuple[Page, Page]
) -> None:
    session, _, _ = await proven_call(app, pair, 10)
    stranger, _ = await app.pair("Eve", "Mallory")
    key = PageKey()
    socket = await stranger.connect()
    await stranger.join(socket, key=key.public)
    signed = key.sign(session, PageKey(), app.clock.wall_us() - SECOND, app.clock.wall_us())
    for asked in (session, "ses_01jd3v0k7r9q2x4m6n8p0s2t4v"):
        socket.send(
            "room.contact",
            room=stranger.room,
            session=asked,
            contacts=[msgspec.to_builtins(signed)] * 32,
        )
    await app.settle()
    assert socket.close_code is None
    assert len((await pair[0].account(session))["proofs"]) == 2
