"""How mentorships stand, asked for many at once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, cast

from ithaca.house import House
from ithaca.settings import Settings
from mentoring.sansio.safety import OPEN
from runtime.database import open_database
from runtime.together import MOST
from tests.support.clock import ManualClock
from tests.support.databases import sqlite_copy


async def test_so_many_are_looked_up_at_a_time_and_what_fails_is_nobody_elses(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    """Mutants: one look for all; a look that fails fails for all who are in it."""
    storage = sqlite_copy(migrated_sqlite, tmp_path / "data")
    asked: list[str] = []
    database = open_database(None, storage.data, on_statement=lambda sql, _: asked.append(sql))
    house = await House.build(Settings(data=storage.data), database, ManualClock())
    safety, site = house.services.safety, house.services.people.home_site
    ids = [f"men_{number}" for number in range(2 * MOST)]
    asked.clear()
    found = await asyncio.gather(*(safety.bounds(site, id_) for id_ in ids + ids[:1]))
    assert found == [OPEN] * (2 * MOST + 1)
    assert len([sql for sql in asked if "site_id" in sql]) == 3
    no_id = cast(Any, b"no id")
    late = await asyncio.gather(
        *(safety.bounds(site, id_) for id_ in ("men_a", no_id, "men_b")), return_exceptions=True
    )
    assert [late[0], late[2]] == [OPEN, OPEN]
    assert isinstance(late[1], TypeError)
    await database.close()
