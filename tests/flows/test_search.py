"""Finding again what one wrote, or was written: in one's own conversations, and in no other."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.app import App, Page


async def say(page: Page, number: int, body: str) -> None:
    answer = await page.post(
        f"/v1/conversations/{page.conversation}/messages",
        json={"id": f"message-{number:04}", "body": body},
    )
    assert answer.status_code == 201, answer.text


async def found(page: Page, words: str, path: str = "/v1/search", **query: Any) -> list[str]:
    answer = await page.get(path, params={"words": words, **query})
    assert answer.status_code == 200, answer.text
    page_ = answer.json()
    assert page_["complete"]
    return [hit["message"]["body"] for hit in page_["hits"]]


async def test_one_searches_in_ones_own_conversations_only(
    app: App, pair: tuple[Page, Page]
) -> None:
    ada, ben = pair
    wish = {"mentee": {"name": "Cleo", "zone": "UTC"}, "i_am": "mentor"}
    made = (await ada.post("/v1/mentorships", json=wish)).json()
    cleo = await app.open(made["links"][0]["url"])
    mallory, _ = await app.pair("Mallory", "Niaj")
    for number, (page, body) in enumerate(
        [
            (ada, "Read the Résumé again"), (cleo, "my resume is done"), (ben, "resumes"),
            (mallory, "resume the plan"),
        ]
    ):  # fmt: skip
        await say(page, number, body)
        await app.advance(2)  # it is taken in meanwhile, or by the question
    await say(ben, 9, "the last resume")

    mine = f"/v1/mentorships/{ada.mentorship}/search"
    assert await found(ada, "resume") == [
        "the last resume", "resumes", "my resume is done", "Read the Résumé again",
    ]  # fmt: skip
    assert await found(ada, "RÉSUMÉ is") == ["my resume is done"]
    assert await found(ada, "resume", limit=1) == ["the last resume"]
    assert await found(ben, "resume", mine, before=3) == ["resumes", "Read the Résumé again"]
    assert await found(ben, "resume") == await found(ada, "resume", mine)
    assert await found(cleo, "resume") == ["my resume is done"]
    assert await found(mallory, "resume") == ["resume the plan"]
    (hit,) = (await ada.get("/v1/search", params={"words": "my resume"})).json()["hits"]
    assert (hit["mentorship"], hit["conversation"]) == (cleo.mentorship, cleo.conversation)
    assert (hit["message"]["seq"], hit["message"]["person"]) == (1, cleo.person)
    theirs = await ada.get(
        f"/v1/mentorships/{mallory.mentorship}/search", params={"words": "resume"}
    )
    assert (theirs.status_code, theirs.json()["code"]) == (404, "not_found")

    await ada.renew(mentorship=cleo.mentorship)  # narrowed
    assert await found(ada, "resume") == ["my resume is done"]
    assert (await ada.get(mine, params={"words": "resume"})).status_code == 404


@pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
async def test_while_nothing_can_be_written_what_is_in_is_found(
    app: App, pair: tuple[Page, Page]
) -> None:
    ada, ben = pair
    await say(ada, 1, "hello")
    assert await found(ben, "hello") == ["hello"]
    await say(ada, 2, "hello again")
    app.database.writes_left = 0
    answer = (await ben.get("/v1/search", params={"words": "hello"})).json()
    assert [hit["message"]["body"] for hit in answer["hits"]] == ["hello"]
    assert not answer["complete"]
    app.database.writes_left = None
    assert await found(ben, "hello") == ["hello again", "hello"]


@pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
async def test_what_cannot_be_searched_for_is_said(pair: tuple[Page, Page]) -> None:
    ada, _ = pair
    for path in ("/v1/search", f"/v1/mentorships/{ada.mentorship}/search"):
        for query, code, field in (
            ({}, "bad_request", None),
            ({"words": ""}, "invalid_field", "words"),
            ({"words": "?!"}, "invalid_field", "words"),
            ({"words": "x" * 201}, "invalid_field", "words"),
            ({"words": " ".join("abcdefghijklmnopqrstuvwxyz0123456789")}, "invalid_field", "words"),
            ({"words": "a", "limit": "0"}, "bad_request", None),
            ({"words": "a", "before": "x"}, "bad_request", None),
        ):
            answer = await ada.get(path, params=query)
            problem = answer.json()
            assert (problem["code"], problem["field"]) == (code, field), query
