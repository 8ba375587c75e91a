"""What is looked up when somebody signs in: for many together, each by their key."""

from __future__ import annotations

import asyncio
import re
import sqlite3
from pathlib import Path

from ithaca.house import House
from ithaca.settings import Settings
from protocol.rest import NewMentorship, NewPerson
from runtime.database import open_database
from tests.support.clock import ManualClock
from tests.support.databases import sqlite_copy

WISH = NewMentorship(
    mentor=NewPerson(name="Ada", zone="UTC"), mentee=NewPerson(name="Ben", zone="UTC")
)
THROUGH_ALL = re.compile(r"^SCAN (?!.*VIRTUAL TABLE|anon_)|\(site_id=\?\)")


async def test_all_who_come_at_once_are_looked_up_together_each_by_their_key(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    """Mutants: each asks by itself; a statement that goes through all members of the site."""
    storage = sqlite_copy(migrated_sqlite, tmp_path / "data")
    asked: list[str] = []
    database = open_database(None, storage.data, on_statement=lambda sql, _: asked.append(sql))
    house = await House.build(Settings(data=storage.data), database, ManualClock())
    people, site = house.services.people, house.services.people.home_site
    talks, grants = [], []
    for _ in range(3):
        started = await house.mentoring.start(site, WISH, actor=None, key=None)
        found = await house.mentoring.find(site, "mentorship", started.mentorship)
        assert found is not None
        talks.append(found.conversation)
        mentor, mentee = (each.person.id for each in started.invited)
        await house.services.chat.send(site, found.conversation, mentor, "m-000001", "hello")
        await house.services.chat.mark(site, found.conversation, mentee, read=1)
        for each in started.invited:
            handle = people.link_handle(site, each.invitation)
            grants.append(people.claims((await people.exchange(handle)).grant))

    async def signs_in(number: int) -> str:
        caller, mine = await house.services.openings.whose(grants[number])
        (view,), within = await house.services.openings.shown(caller, mine)
        assert caller.person == grants[number].sub
        assert (view.read, view.unread) == ((0, 0) if number % 2 == 0 else (1, 0))
        assert list(within) == [view.id]
        return view.conversation

    def statements() -> list[str]:
        said = [sql for sql in asked if "site_id" in sql]
        asked.clear()
        return said

    statements()
    assert await signs_in(0) == talks[0]
    of_one = statements()
    assert await asyncio.gather(*map(signs_in, range(6))) == [t for t in talks for _ in range(2)]
    assert statements() == of_one
    await database.close()
    with sqlite3.connect(storage.data / "ithaca.db") as line:
        for sql in of_one:
            plan = line.execute(f"EXPLAIN QUERY PLAN {sql}", ["[]"] * sql.count("?"))
            steps = [step for _, _, _, step in plan]
            assert not [step for step in steps if THROUGH_ALL.search(step)], (sql, steps)
    line.close()
