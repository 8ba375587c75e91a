"""Everything as one file, from either engine into either, with nothing lost, resent or made up."""

from __future__ import annotations

import asyncio
import io
import json
import os
import zipfile
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import MetaData, create_engine, select, text

from chat.search import Search
from ithaca import VERSION, backup
from ithaca.admin import Admin, Refused, back_up
from ithaca.house import ROOMS
from ithaca.settings import Settings
from ledger.sansio.evidence import examine
from runtime import outbox
from runtime.backup import MANIFEST, Archive, BackupError, Manifest, snapshot
from runtime.clock import SystemClock
from runtime.database import DERIVED, Database, Plan, metadata
from runtime.database.migrate import REVISIONS, applied, revisions, upgrade
from runtime.database.sqlite import FILE_NAME
from tests.support.app import App
from tests.support.backups import MESSAGES, backed_up, lived_in, settings
from tests.support.clock import ManualClock
from tests.support.databases import Storage, unlock
from tests.support.evidence import REAL

pytestmark = pytest.mark.usefixtures("short_pages")
on_sqlite = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
into_sqlite = pytest.mark.parametrize("target", ["sqlite"], indirect=True)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "backup.zip"


async def everything(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table that a backup holds."""

    def plan() -> Plan[dict[str, list[tuple[Any, ...]]]]:
        found = {}
        for table in metadata.sorted_tables:
            if DERIVED in table.info:
                continue
            rows = yield (
                select(table)
                .order_by(*table.primary_key)
                .execution_options(all_sites="the test compares all of it")
            )
            found[table.name] = [tuple(row) for row in rows]
        return found

    return await database.read(plan)


@pytest.fixture
async def made(storage: Storage, file: Path) -> Manifest:
    """A backup of a house that was lived in, which is gone."""
    async with App.over(storage) as app:
        await lived_in(app)
        return await backed_up(app, file)


async def test_what_is_restored_is_what_there_was(
    storage: Storage, target: Storage, file: Path
) -> None:
    async with App.over(storage) as app:
        mentor, *_ = await lived_in(app)
        home = app.house.services.people.home_site
        before = await everything(app.database)
        manifest = await backed_up(app, file)
    assert os.stat(file).st_mode & 0o777 == 0o600
    assert os.listdir(file.parent).count(file.name) == 1
    assert not [name for name in os.listdir(file.parent) if name.endswith(".part")]
    follows = {"restores", "search_marks", "search_places", "search_words"}
    assert {name: table.rows for name, table in manifest.tables.items()} == {
        name: len(rows) for name, rows in before.items()
    } | dict.fromkeys(follows, 0)
    restored = await backup.restore(settings(target), ROOMS, SystemClock(), file)
    assert (restored.audited.sessions, restored.audited.broken) == (2, ())
    database = target.open()
    assert await everything(database) == before
    found = await Search(database).find(home, [mentor.conversation], "GRUSSE", limit=50)
    assert len(found.hits) == MESSAGES
    await database.close()
    assert backup.holds(manifest) == ("2 persons, 1 mentorship, 20 messages, 2 sessions, 12 facts")
    nothing = msgspec.structs.replace(manifest, tables={})
    assert backup.holds(nothing) == "nothing yet"
    assert backup.made(manifest) == f"made 2027-01-15 08:00:20 UTC by Ithaca {VERSION}"


@into_sqlite
async def test_it_is_of_one_moment_however_much_happens_meanwhile(
    storage: Storage, target: Storage, file: Path
) -> None:
    async with App.over(storage) as app:
        mentor, _, _, runs = await lived_in(app)

        async def meet() -> None:
            session = runs
            while True:
                await mentor.post(f"/v1/sessions/{session}/end", json={})
                socket = await mentor.connect()
                session = (await mentor.join(socket))["session"]["id"]

        meeting = asyncio.create_task(meet())
        before = len((await everything(app.database))["ledger_facts"])
        manifest = await backed_up(app, file)
        assert not meeting.done()
        meeting.cancel()
        await asyncio.gather(meeting, return_exceptions=True)
        after = len((await everything(app.database))["ledger_facts"])
    assert before <= manifest.tables["ledger_facts"].rows <= after
    restored = await backup.restore(settings(target), ROOMS, SystemClock(), file)
    assert restored.audited.broken == ()


async def test_life_goes_on_from_there(storage: Storage, target: Storage, file: Path) -> None:
    async with App.over(storage) as app:
        mentor, mentee, ended, runs = await lived_in(app)
        settled = (await mentor.account(ended))["settlement"]
        last_proof = app.clock.wall_us()
        await backed_up(app, file)
        done = {row[0]: row for row in (await everything(app.database))["outbox"]}
    await backup.restore(settings(target), ROOMS, SystemClock(), file)
    clock = ManualClock(last_proof + 3_600_000_000)
    clock.reboot()
    async with App.over(target, clock=clock) as app:
        await app.settle()
        # What was delivered is not delivered again.
        now = {row[0]: row for row in (await everything(app.database))["outbox"]}
        assert {id_: now[id_] for id_ in done if done[id_][-1] is not None} == {
            id_: row for id_, row in done.items() if row[-1] is not None
        }
        # What two links open is theirs, and what was settled is signed by the same key.
        again = await app.open(mentor.link), await app.open(mentee.link)
        assert [page.person for page in again] == [mentor.person, mentee.person]
        assert (await again[0].account(ended))["settlement"] == settled
        pack = (await again[1].get(f"/v1/sessions/{ended}/evidence")).content
        (key,) = (await app.http.get("/v1/ledger/keys")).json()["keys"]
        assert examine(pack, [key["key"]], REAL).failures == []
        # Who was in a call was there until the last proof of life; they had ten minutes to return.
        await app.advance(5)
        assert (await again[0].account(runs))["state"] == "open"
        await app.advance(600)
        await again[0].renew()
        closed = await again[0].account(runs)
        assert closed["state"] == "ended"
        assert 16_000_000 <= closed["together_us"] <= 20_000_000  # as far as it was on disk
        # New numbers are new.
        rows = (await everything(app.database))["outbox"]
        assert max(row[0] for row in rows) > max(done)
        assert len({row[0] for row in rows}) == len(rows)


@into_sqlite
async def test_what_a_page_has_from_before_is_not_taken_for_what_there_is_now(
    storage: Storage, target: Storage, file: Path
) -> None:
    """Though as much was written again meanwhile. Mutant: a cursor is judged by its numbers."""
    async with App.over(storage) as app:
        mentor, *_ = await lived_in(app)
        socket = await mentor.connect()
        before = socket.opened["epoch"]
        await backed_up(app, file)
        cursors = {mentor.conversation: {"seq": MESSAGES + 1, "revision": MESSAGES + 1}}
        now_us, link = app.clock.wall_us(), mentor.link
    await backup.restore(settings(target), ROOMS, SystemClock(), file)
    async with App.over(target, clock=ManualClock(now_us)) as app:
        page, chat = await app.open(link), app.house.services.chat
        for number in range(3):
            await chat.send(
                app.house.services.people.home_site, page.conversation, page.person,
                f"message-after-{number}", "Written again.",
            )  # fmt: skip
        stale = await page.connect(cursors=cursors, epoch=before, tab="tab-from-before")
        gap = await stale.get("chat.gap")
        assert (gap["conversation"], gap["head"]) == (page.conversation, MESSAGES + 3)
        epoch = stale.opened["epoch"]
        assert epoch != before
        again = await page.connect(cursors=cursors, epoch=epoch, tab="tab-of-now")
        assert await again.messages_to(MESSAGES + 3) == [MESSAGES + 2, MESSAGES + 3]
        unaware = await page.connect(cursors=cursors, tab="tab-of-a-client-before-this")
        assert (await unaware.get("chat.gap"))["head"] == MESSAGES + 3
        await app.settle()
        assert again.take("chat.gap") is None
        for socket in (stale, unaware):
            assert socket.take("chat.messages") is None


async def test_there_and_back_is_the_same(
    storage: Storage, target: Storage, file: Path, tmp_path: Path
) -> None:
    async with App.over(storage) as app:
        await lived_in(app)
        first = await backed_up(app, file)
    await backup.restore(settings(target), ROOMS, SystemClock(), file)
    again = tmp_path / "again.zip"
    second = await backup.without_server(settings(target), ROOMS, SystemClock(), again)
    one, other = msgspec.to_builtins(first), msgspec.to_builtins(second)
    assert one.pop("made_us") != other.pop("made_us")
    assert {page["sha256"] for page in one["pages"]} == {page["sha256"] for page in other["pages"]}
    assert one["tables"] == other["tables"]


async def test_numbers_go_on_beyond_the_greatest(
    target: Storage, made: Manifest, file: Path
) -> None:
    """Also where the rows that were there are gone by the time of the next."""
    await backup.restore(settings(target), ROOMS, SystemClock(), file)
    database = target.open()
    before = [row[0] for row in (await everything(database))["outbox"]]

    def put() -> Plan[None]:
        yield outbox.put("site", "event", "topic", b"", 0)

    await database.write(put)
    after = [row[0] for row in (await everything(database))["outbox"]]
    assert after == [*before, max(before) + 1]
    await database.close()


# ---- what is refused -----------------------------------------------------------------------------


async def test_what_is_there_is_not_overwritten(
    storage: Storage, made: Manifest, file: Path
) -> None:
    database = storage.open()
    before = await everything(database)
    with pytest.raises(BackupError, match="Restore into an empty one"):
        await backup.restore(settings(storage), ROOMS, SystemClock(), file)
    assert await everything(database) == before
    await database.close()


async def test_a_session_that_was_changed_before_is_restored_and_named(
    storage: Storage, target: Storage, file: Path
) -> None:
    async with App.over(storage) as app:
        _, _, ended, _ = await lived_in(app)
        await app.database.exclusive(lambda connection: unlock(storage, connection))

        def longer() -> Plan[None]:
            yield text(
                "UPDATE ledger_facts SET wall_us = wall_us + 1 WHERE site_id > '' AND seq = 2"
                f" AND session_id = '{ended}'"
            )

        await app.database.write(longer)
        await backed_up(app, file)
    restored = await backup.restore(settings(target), ROOMS, SystemClock(), file)
    (fault,) = restored.audited.broken
    assert (fault.session, fault.why) == (ended, "record 2 was altered, or one before it")


async def test_a_database_that_is_behind_is_not_backed_up(storage: Storage, file: Path) -> None:
    async with App.over(storage) as app:
        app.storage.data.mkdir(exist_ok=True)
        await app.database.exclusive(
            lambda connection: connection.execute(
                text("DELETE FROM alembic_version WHERE version_num LIKE 'chat_%'")
            )
        )
        admin = Admin(app.house, app.storage.data)
        await admin.open()
        refused = await back_up(app.storage.data, file)
        await admin.close()
    assert isinstance(refused, Refused)
    assert "`ithaca migrate`" in refused.detail
    assert file.name not in os.listdir(file.parent)


@on_sqlite
async def test_where_no_file_can_be_none_is_left(storage: Storage, tmp_path: Path) -> None:
    async with App.over(storage) as app:
        for where, why in (
            (tmp_path / "none" / "backup.zip", "No such file or directory"),
            (Path("/dev/null"), "it is no file"),
            (tmp_path, "it is a folder"),
            (Path("."), "it is a folder"),
            (Path("/"), "it is a folder"),
        ):
            with pytest.raises(BackupError, match=f"Cannot write .*{why}"):
                await backed_up(app, where)
        notes = tmp_path / "notes"
        notes.write_bytes(b"of mine")
        with pytest.raises(BackupError, match="is no backup. Choose another name"):
            await backed_up(app, notes)
        assert notes.read_bytes() == b"of mine"
    assert sorted(os.listdir(tmp_path)) == ["data", "notes"]
    with pytest.raises(BackupError, match="There is no database in"):
        await backup.without_server(
            Settings(data=tmp_path / "else"), ROOMS, SystemClock(), tmp_path / "file"
        )
    with pytest.raises(BackupError, match="Cannot read"):
        await backup.restore(settings(storage), ROOMS, SystemClock(), tmp_path / "none")


@on_sqlite
async def test_none_is_made_in_the_data_folder(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above all not in place of what the server works with, by whatever name."""
    data, link, way = storage.data, tmp_path / "link", tmp_path / "way"
    (data / "lock").touch()
    link.symlink_to(data / "lock")
    way.symlink_to(data)
    monkeypatch.chdir(data)
    async with App.over(storage) as app:
        before = sorted(os.listdir(data))
        for where in (
            *(data / "lock", data / FILE_NAME, data / "new.zip", data / "none" / "new.zip"),
            *(Path("lock"), tmp_path / "else" / ".." / "data" / "lock", link, way / "lock"),
        ):
            with pytest.raises(BackupError, match="Cannot write .*: it is in the data folder;"):
                await backed_up(app, where)
            assert sorted(os.listdir(data)) == before
        assert link.is_symlink()
    with pytest.raises(BackupError, match="new.zip: it is in the data folder"):
        await backup.without_server(settings(storage), ROOMS, SystemClock(), data / "new.zip")


@on_sqlite
async def test_a_server_that_ends_in_the_middle_leaves_no_file(
    storage: Storage, made: Manifest, file: Path
) -> None:
    target = file.with_name("half.zip")
    parts = [os.urandom(1000), b""]

    async def more() -> bytes:
        return parts.pop(0)

    with pytest.raises(BackupError, match="The server ended"):
        await backup.keep(target, storage.data, ROOMS, 2000, more)
    assert not [name for name in os.listdir(file.parent) if "half" in name]


# ---- from an earlier version ---------------------------------------------------------------------


async def test_a_backup_of_an_earlier_version_is_brought_up_to_date(
    target: Storage, tmp_path: Path
) -> None:
    """From before the ledger was chained."""
    old = {"ledger": "ledger_0001"}
    heads = [
        old.get(room, head)
        for room in ROOMS
        for head in [{"runtime": "runtime_0002"}.get(room, f"{room}_0001")]
    ]
    joined = {"t": "participant.joined", "session": "ses_1", "person": "per_1",
              "connection": "con_1", "at_us": 1}  # fmt: skip
    written: dict[str, tuple[list[str], list[list[Any]]]] = {
        "persons": (
            ["site_id", "id", "name", "zone", "email", "created_us"],
            [["site", f"per_{number}", "x", "UTC", "", 1] for number in (1, 2)],
        ),
        "mentorships": (
            ["site_id", "id", "conversation_id", "room_id", "created_us"],
            [["site", "men_1", "conv_1", "room_1", 1]],
        ),
        "members": (
            ["site_id", "mentorship_id", "person_id", "role"],
            [["site", "men_1", "per_1", "mentor"], ["site", "men_1", "per_2", "mentee"]],
        ),
        "sessions": (
            ["site_id", "id", "mentorship_id", "room_id", "created_us", "started_us",
             "ended_us", "end_reason", "facts"],
            [["site", "ses_1", "men_1", "room_1", 1, None, None, None, 1]],
        ),
        "ledger_facts": (
            ["site_id", "session_id", "seq", "wall_us", "monotonic_us", "boot", "fact"],
            [["site", "ses_1", 1, 1, 1, "boot_1", msgspec.msgpack.encode(joined)]],
        ),
    }  # fmt: skip
    file = tmp_path / "old.zip"
    pages, described = [], {}
    with create_engine("sqlite://").begin() as connection:
        upgrade(connection, ROOMS, tuple(heads))
        tables = MetaData()
        tables.reflect(connection, only=lambda name, _: name != REVISIONS)
    with zipfile.ZipFile(file, "w") as archive:
        for name, table in tables.tables.items():
            columns, rows = written.get(name, (table.columns.keys(), []))
            if rows:
                data = msgspec.msgpack.encode(rows)
                archive.writestr(f"{name}/0", data)
                pages.append(
                    {"name": f"{name}/0", "table": name, "rows": len(rows), "bytes": len(data),
                     "sha256": sha256(data).hexdigest()}
                )  # fmt: skip
            described[name] = {"columns": columns, "rows": len(rows)}
        archive.writestr(
            MANIFEST,
            json.dumps(
                {"format": "ithaca.backup", "version": 1, "program": "0.0.9", "made_us": 1,
                 "schema": heads, "tables": described, "pages": pages}
            ),
        )  # fmt: skip
    await backup.restore(settings(target), ROOMS, SystemClock(), file)
    database = target.open()
    found = await everything(database)
    assert [row[2] for row in found["ledger_facts"]] == [1, 2]
    assert set(await database.exclusive(applied)) == set(revisions(ROOMS).get_heads())
    await database.close()


async def test_an_archive_is_made_anew_when_its_plan_runs_again(database: Database) -> None:
    spool = io.BytesIO(bytes(1 << 20))  # what an earlier attempt left
    first = await database.read(snapshot, spool, ROOMS, "1", 1)
    once = spool.getvalue()
    again = await database.read(snapshot, spool, ROOMS, "1", 1)
    assert (first, once) == (again, spool.getvalue())
    Archive(spool, ROOMS).check()
