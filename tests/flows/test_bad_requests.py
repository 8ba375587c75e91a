"""Whatever comes over HTTP: the documented answer, logged once without secrets, nobody else
disturbed."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog

from tests.support.app import App
from tests.support.databases import Storage
from tests.support.scene import SECRET, Scene, refused

on_sqlite = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
on_both = pytest.mark.parametrize("storage", ["sqlite", "postgresql"], indirect=True)

ADA = {"name": "Ada", "zone": "UTC"}
BEN = {"name": "Ben", "zone": "UTC"}


@on_both
async def test_ids_that_are_none(scene: Scene) -> None:
    """Whatever stands for an id, the answer is the one for an id that does not exist."""
    mallory, (ada, _) = scene.page, scene.bystanders[0]
    session = (await ada.get("/v1/sessions")).json()["sessions"][0]["id"]
    for path, theirs in (
        ("/v1/mentorships/{}", ada.mentorship),
        ("/v1/conversations/{}/messages", ada.conversation),
        ("/v1/sessions/{}", session),
    ):
        unknown = await mallory.get(path.format(theirs[:-6] + "000000"))
        await refused(scene, unknown, 404, "not_found")
        for id_ in (theirs, "x", "%00", "a%00b", "%F0%9F%8C%8A", "%ff", "x" * 3_000, mallory.room,
                    theirs.upper(), theirs + "%0A", "%20" + theirs):  # fmt: skip
            answer = await mallory.get(path.format(id_))
            await refused(scene, answer, 404, "not_found")
            assert answer.content == unknown.content
    await scene.undisturbed()


@on_sqlite
async def test_bodies_that_are_none(scene: Scene) -> None:
    mallory = scene.page
    path = f"/v1/conversations/{mallory.conversation}/messages"
    json_type = {"content-type": "application/json"}
    for content, headers, status, code in (
        (b"", json_type, 400, "bad_request"),
        (b"x", json_type, 400, "bad_request"),
        (b"[]", json_type, 400, "bad_request"),
        (b"null", json_type, 400, "bad_request"),
        (b"[" * 60_000, json_type, 400, "bad_request"),
        (b'{"id": "message-1", "body": "\xff"}', json_type, 400, "bad_request"),
        (b'{"id": "message-1", "body": "\\ud800"}', json_type, 400, "bad_request"),
        (b'{"id": "message-1", "body": 7}', json_type, 400, "bad_request"),
        (b'{"id": "message-1"}', json_type, 400, "bad_request"),
        (b'{"id": "message-1", "body": "x", "at_us": 5}', json_type, 400, "bad_request"),
        (b'{"' + b"x" * 60_000 + b'": 1}', json_type, 400, "bad_request"),
        (b'{"id": "message-1", "body": "x\\u0000"}', json_type, 422, "invalid_field"),
        (b'{"id": "message-1", "body": " "}', json_type, 422, "message_empty"),
        (b'{"id": "message-1", "body": "' + b"x" * 17_000 + b'"}', json_type, 413,
         "message_too_long"),
        (b'{"id": "message-1", "body": "' + b"x" * 70_000 + b'"}', json_type, 413,
         "body_too_large"),
        (b'{"id": "message-1", "body": "x"}', {}, 415, "media_type"),
        (b'{"id": "message-1", "body": "x"}', {"content-type": "text/plain"}, 415, "media_type"),
    ):  # fmt: skip
        answer = await mallory.post(path, content=content, headers=headers)
        await refused(scene, answer, status, code)
        assert len(answer.content) < 1_000
    assert (await mallory.get(path)).json()["messages"] == []
    await scene.undisturbed()


@on_sqlite
async def test_queries_that_are_none(scene: Scene) -> None:
    mallory = scene.page
    path = f"/v1/conversations/{mallory.conversation}/messages"
    for query in ("limit=0", "limit=201", "limit=x", "limit=-1", "before=1.5", "limit=1&limit=2",
                  "more=1", "after=99999999999999999999", "before=%D9%A1", "limit="):  # fmt: skip
        await refused(scene, await mallory.get(f"{path}?{query}"), 400, "bad_request")
    for query in ("x" * 9_000 + "=1", "&".join(["x" * 9_000 + "=1"] * 2)):
        answer = await mallory.get(f"{path}?{query}")
        await refused(scene, answer, 400, "bad_request")
        assert len(answer.content) < 1_000
    for query in ("mentorship=x", "before_us=-1", "mentorship=%00"):
        await refused(scene, await mallory.get(f"/v1/sessions?{query}"), 400, "bad_request")
    await scene.undisturbed()


NAMES = (
    "", " ", "\t", "\u200b", "\u2800", "a\x00b", "a\nb", "a\x7fb", "a\u0085b", "a\u2028b",
    "\u202eadA", "Ada\u2066", "\u200fAda", "Ada\u061c", "\ufeffAda", "A\ue000", "x" * 65, "\u0301",
    "\U000e0041da", "-",
)  # fmt: skip


@on_sqlite
async def test_names_that_hide_something(scene: Scene) -> None:
    for name in NAMES:
        wish = {"mentor": {**ADA, "name": name}, "mentee": BEN}
        answer = await scene.app.http.post("/v1/mentorships", json=wish)
        await refused(scene, answer, 422, "invalid_field")
        assert answer.json()["field"] == "mentor.name"
    for field, value in (("zone", "Vienna"), ("zone", "../etc"), ("zone", ""), ("email", "a@b")):
        wish = {"mentor": ADA, "mentee": {**BEN, field: value}}
        answer = await scene.app.http.post("/v1/mentorships", json=wish)
        await refused(scene, answer, 422, "invalid_field")
        assert answer.json()["field"] == f"mentee.{field}"
    await scene.undisturbed()


@on_sqlite
async def test_links_that_are_none(scene: Scene) -> None:
    mallory, app = scene.page, scene.app
    link = mallory.link.partition("#")[2]
    for invitation in ("", "x", SECRET, link[:-2] + "AA", link + " ", mallory.renewal, "é" * 9,
                       "\x00", mallory.grant[:150]):  # fmt: skip
        answer = await app.http.post("/v1/grants", json={"invitation": invitation})
        await refused(scene, answer, 401, "invitation_invalid")
    for renewal in ("", "x", link, mallory.renewal[:-2] + "AA"):
        answer = await app.http.post("/v1/grants/renew", json={"renewal": renewal})
        await refused(scene, answer, 401, "renewal_invalid")
    answer = await app.http.post("/v1/grants", json={"invitation": SECRET * 10})
    await refused(scene, answer, 400, "bad_request")
    await scene.undisturbed()


@on_sqlite
async def test_headers_from_elsewhere(scene: Scene) -> None:
    app, mallory = scene.app, scene.page
    wish = {"mentor": ADA, "mentee": BEN}
    for headers, status, code in (
        ({"host": "evil.example"}, 421, "host_forbidden"),
        ({"host": ""}, 421, "host_forbidden"),
        ({"origin": "http://evil.example"}, 403, "origin_forbidden"),
        ({"origin": "null"}, 403, "origin_forbidden"),
        ({"idempotency-key": "x" * 201}, 400, "bad_request"),
        ({"idempotency-key": ""}, 400, "bad_request"),
    ):
        answer = await app.http.post("/v1/mentorships", json=wish, headers=headers)
        await refused(scene, answer, status, code)
    for value in ("", "Bearer", "Basic eDp5", "Bearer x", f"Bearer {SECRET}"):
        answer = await app.http.get("/v1/me", headers={"authorization": value})
        await refused(scene, answer, 401, "unauthenticated")
        assert answer.headers["www-authenticate"] == "Bearer"
    for path in ("/v1/nowhere", "/v1/me/", "/v1/about/", "/new/"):
        await refused(scene, await app.http.get(path), 404, "not_found")
    await refused(scene, await mallory.post("/v1/me", json={}), 405, "method_not_allowed")
    await scene.undisturbed()


@on_sqlite
async def test_a_page_comes_whole_whatever_range_is_asked(scene: Scene) -> None:
    static = Path(scene.app.storage.data) / "static"
    (static / "assets").mkdir(parents=True)
    for path in ("index.html", "assets/page.js"):
        (static / path).write_text("the whole of it")
    for path in ("/", "/open", "/static/assets/page.js"):
        for wish in ("x", "bytes=x", "bytes=5-2", "bytes=99-", "bytes=0-3", "bytes=-0",
                     "bytes=" + ",".join(f"{at}-{at}" for at in range(3_000))):  # fmt: skip
            answer = await scene.app.http.get(path, headers={"range": wish})
            assert (answer.status_code, answer.text) == (200, "the whole of it")
            assert "accept-ranges" not in answer.headers
    await scene.undisturbed()


@on_sqlite
async def test_our_own_fault_is_said_without_a_trace(storage: Storage) -> None:
    """A fault of ours is the one thing that is logged with its trace, and not shown with it."""
    app = App.over(storage)
    async with app:
        page, _ = await app.pair()
        app.house.services.chat.page = broken  # type: ignore[method-assign,assignment]
        client = app.client(raises=False)
        with structlog.testing.capture_logs():
            answer = await client.get(
                f"/v1/conversations/{page.conversation}/messages", headers=page.bearer
            )
        assert (answer.status_code, answer.json()["code"]) == (500, "internal")
        assert SECRET not in answer.text
        assert answer.headers["content-security-policy"]
        await client.aclose()


async def broken(*args: object, **kwargs: object) -> None:
    raise ZeroDivisionError(SECRET)
