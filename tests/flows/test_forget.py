"""`ithaca forget`: what identifies a person is gone, and what the two did together stays."""

from __future__ import annotations

import asyncio

import msgspec
import pytest
from sqlalchemy import select

from ithaca.__main__ import main
from ithaca.admin import Done, Erased, Forget, Refused, Relink, perform
from ledger.sansio.evidence import examine
from people.tables import persons
from runtime.database import Database, Plan, metadata
from tests.support.app import App, Page
from tests.support.copy import Copy
from tests.support.databases import Storage
from tests.support.evidence import REAL
from tests.support.ledger import PageKey

NAME, EMAIL, CANARY = "Ben Ishtar Quell", "ben.quell@example.org", "canary words"


async def together(app: App, mentor: Page, mentee: Page) -> str:
    """A session that both contested, with a reflection of each."""
    sockets = await mentor.connect(), await mentee.connect()
    await mentor.join(sockets[0], key=PageKey(1).public)
    session: str = (await mentee.join(sockets[1], key=PageKey(2).public))["session"]["id"]
    await app.advance(60)
    words = {"useful": CANARY, "next": CANARY, "rating": 4, "private": CANARY}
    for page, verb, body in (
        (mentor, "end", {}),
        (mentor, "contest", {"revision": 1, "reason": "Ada's own words"}),
        (mentee, "contest", {"revision": 1, "reason": CANARY}),
        (mentee, "reflection", words),
    ):
        answer = await page.post(f"/v1/sessions/{session}/{verb}", json=body)
        assert answer.is_success, answer.text
    return session


async def found(database: Database, words: str) -> set[str]:
    """The columns in which these words stand, whatever table."""

    def plan() -> Plan[set[str]]:
        where = set()
        for table in metadata.sorted_tables:
            rows = yield select(table).execution_options(all_sites="a test reads everything")
            for row in rows:
                for column, value in row._mapping.items():
                    text = value if isinstance(value, bytes) else str(value).encode()
                    if words.encode() in text:
                        where.add(f"{table.name}.{column}")
        return where

    return await database.read(plan)


async def begun(app: App) -> tuple[Page, Page]:
    """Over HTTP with a key, so that the answer is kept."""
    answer = await app.http.post(
        "/v1/mentorships",
        json={
            "mentor": {"name": "Ada", "zone": "UTC"},
            "mentee": {"name": NAME, "zone": "America/Lima", "email": EMAIL},
        },
        headers={"Idempotency-Key": "k" * 22},
    )
    assert answer.status_code == 201, answer.text
    one, other = (link["url"] for link in answer.json()["links"])
    return await app.open(one), await app.open(other)


async def test_who_is_forgotten_is_nobody_and_every_sum_stays(app: App) -> None:
    ada, ben = await begun(app)
    session = await together(app, ada, ben)
    before = (await ada.get(f"/v1/sessions/{session}")).json()
    assert await found(app.database, CANARY)
    expected = Erased(ben.person, NAME, links=1, notes=1, reflections=1, done=False)
    assert await perform(app.house, Forget(NAME)) == expected
    assert await found(app.database, NAME)
    assert await perform(app.house, Forget(NAME, yes=True)) == msgspec.structs.replace(
        expected, done=True
    )
    await app.settle()

    for words in (NAME, EMAIL, CANARY, "America/Lima"):
        assert await found(app.database, words) == set(), words
    assert (await ben.get("/v1/me")).status_code == 401
    (mentorship,) = (await ada.get("/v1/me")).json()["mentorships"]
    assert {member["person"]["name"] for member in mentorship["members"]} == {
        "Ada", "Someone who left",
    }  # fmt: skip
    after = (await ada.get(f"/v1/sessions/{session}")).json()
    for name in ("stretches", "bill", "settlement", "together_us", "people"):
        assert after[name] == before[name], name
    assert [note["text"] for note in after["notes"]] == ["Ada's own words", None]
    pack = (await ada.get(f"/v1/sessions/{session}/evidence")).content
    report = examine(pack, (), REAL)
    assert report.failures == []
    assert "The reason given for it has been erased." in [each.text for each in report.remarks]
    (ledger,) = [each for each in await app.house.doctor().examine() if each.about == "ledger"]
    assert ledger.how == "ok"


async def test_what_is_written_meanwhile_goes_too(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Mutants: what was said is erased before the links are withdrawn, and not after; a zone that
    arrives late is kept."""
    ada, ben = await begun(app)
    session = await together(app, ada, ben)
    people, late = app.house.services.people, "Asia/Tokyo"
    forget = people.forget

    async def writes_on(site_id: str, person: str) -> None:
        answer = await ben.post(f"/v1/sessions/{session}/reflection", json={"useful": CANARY})
        assert answer.is_success, answer.text
        await forget(site_id, person)
        await people.move(site_id, person, late)  # asked for before that

    monkeypatch.setattr(people, "forget", writes_on)
    assert isinstance(await perform(app.house, Forget(NAME, yes=True)), Erased)
    await app.settle()
    for words in (CANARY, late):
        assert await found(app.database, words) == set(), words


async def test_pages_that_are_open_hear_of_it(app: App) -> None:
    """Mutant: the name goes, and nobody is told."""
    ada, ben = await begun(app)
    one, other = await ada.connect(), await ben.connect()
    assert (await ben.post("/v1/me/zone", json={"zone": "Asia/Kathmandu"})).is_success
    # Also to whom they had blocked they are nobody now.
    await ben.post(f"/v1/mentorships/{ben.mentorship}/block", json={"on": True})
    await app.settle()
    held = Copy(ada.person)
    held.open(one.opened["mentorships"][0])
    await perform(app.house, Forget(ben.person, yes=True))
    assert await other.closed() == 4202
    await app.settle()
    for frame in one.frames:
        held.apply(frame)
    (view,) = (await ada.get("/v1/me")).json()["mentorships"]
    assert held.persons == {m["person"]["id"]: m["person"] for m in view["members"]}
    assert held.persons[ben.person]["name"] == "Someone who left"
    assert held.members[ben.person] == ("away", False)


async def test_who_goes_before_they_hear_of_it_leaves_no_trace(app: App) -> None:
    """Mutant: when they were last here is written down again."""
    _, ben = await begun(app)
    other, people = await ben.connect(), app.house.services.people
    await people.forget(people.home_site, ben.person)
    await other.finish(1001)  # its node has not told it yet
    assert other.close_code != 4202
    await app.settle()

    def seen() -> Plan[list[int | None]]:
        rows = yield select(persons.c.seen_us).where(
            persons.c.site_id == people.home_site, persons.c.id == ben.person
        )
        return [row.seen_us for row in rows]

    assert await app.database.read(seen) == [None]


async def test_it_can_be_said_again_and_a_link_still_be_made(app: App) -> None:
    ada, ben = await begun(app)
    await together(app, ada, ben)
    first, again = [await perform(app.house, Forget(ben.person, yes=True)) for _ in range(2)]
    assert isinstance(first, Erased)
    assert again == Erased(
        ben.person, "Someone who left", links=0, notes=0, reflections=0, done=True
    )
    assert isinstance(await perform(app.house, Relink(ben.person)), Done)
    assert await perform(app.house, Forget("Nobody")) == Refused("There is no person Nobody.")


@pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
async def test_without_yes_the_command_only_says_what_it_would_do(
    storage: Storage, capsys: pytest.CaptureFixture[str]
) -> None:
    async with App.over(storage) as app:
        await begun(app)
    assert await asyncio.to_thread(run, storage, NAME) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"{NAME} (per_")
    assert out.endswith("links: 1; reasons in the ledger: 0; reflections, and what was measured of "
                        "their voice: 0.\nNothing was erased: that takes --yes.\n")  # fmt: skip
    assert await asyncio.to_thread(run, storage, NAME, "--yes") == 0
    assert capsys.readouterr().out.endswith("Erased.\n")
    assert await asyncio.to_thread(run, storage, NAME) == 1
    assert f"There is no person {NAME}." in capsys.readouterr().err


def run(storage: Storage, *arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        main(["forget", *arguments, "--data", str(storage.data)])
    code = ended.value.code
    assert isinstance(code, int)
    return code
