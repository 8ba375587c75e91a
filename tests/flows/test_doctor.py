"""The nightly look at the ledger, and `ithaca doctor`."""

from __future__ import annotations

import asyncio
import re
import shutil
from collections import namedtuple
from pathlib import Path

import pytest
from sqlalchemy import text
from structlog.testing import capture_logs

from ithaca.doctor import FREE_LEAST, FREE_LITTLE, Finding
from ithaca.house import House
from runtime.database import Plan
from runtime.database.health import health
from tests.support.app import App, Page
from tests.support.backups import command
from tests.support.clock import ManualClock
from tests.support.databases import unlock
from tests.support.serving import Server

FIGURES = ("ithaca_ledger_audit_sessions ", "ithaca_ledger_audit_broken ")
on_sqlite = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def data(request: pytest.FixtureRequest) -> None:
    """The data folder of a server, whichever database it has."""
    if "storage" in request.fixturenames:
        request.getfixturevalue("storage").data.mkdir(exist_ok=True)


async def ended(pair: tuple[Page, Page]) -> str:
    mentor, _ = pair
    socket = await mentor.connect()
    session: str = (await mentor.join(socket))["session"]["id"]
    assert (await mentor.post(f"/v1/sessions/{session}/end", json={})).is_success
    return session


async def examined(app: App) -> dict[str, list[Finding]]:
    """What the doctor finds, by what it is about."""
    found: dict[str, list[Finding]] = {}
    for finding in await app.house.doctor().examine():
        found.setdefault(finding.about, []).append(finding)
    return found


async def tamper(app: App, session: str) -> None:
    """Somebody with the database's password makes a session longer."""
    await app.database.exclusive(lambda connection: unlock(app.storage, connection))

    def longer() -> Plan[None]:
        yield text(
            "UPDATE ledger_facts SET wall_us = wall_us + 1 WHERE site_id > '' AND seq = 2"
            f" AND session_id = '{session}'"
        )

    await app.database.write(longer)


@pytest.mark.usefixtures("durable")
async def test_all_is_well(app: App, pair: tuple[Page, Page]) -> None:
    await ended(pair)
    found = await examined(app)
    about = {"database", "durability", "schema", "triggers", "ledger", "disk", "fsync", "clock"}
    assert set(found) == about
    bad = {about for about, each in found.items() if each[0].how == "FAILED"}
    # The tests' own PostgreSQL keeps nothing over a power cut, and does not go by their clock.
    assert bad == ({"durability", "clock"} if app.storage.engine == "postgresql" else set())
    if bad:
        assert "fsync off, full_page_writes off" in found["durability"][0].text
    assert found["ledger"] == [Finding("ledger", "ok", "1 session, as it was written.")]
    assert found["triggers"][0].text == "Facts, lines and agreements can only be added to."


async def test_a_key_that_is_none_is_named(app: App) -> None:
    """By the doctor, and by whatever needs it."""

    def spoil() -> Plan[None]:
        yield text("UPDATE keys SET secret = :none WHERE site_id > ''").bindparams(none=b"{}")

    await app.database.write(spoil)
    code, said, complained = await asyncio.to_thread(command, app.storage, "doctor")
    assert (code, "Traceback" in complained) == (1, False)
    assert re.search(r"^FAILED keys: .* the key key_\w+ is no private Ed25519 key\.$", said, re.M)
    people = ("--mentor", "Ada", "--mentee", "Ben")
    code, said, complained = await asyncio.to_thread(command, app.storage, "invite", *people)
    assert (code, said) == (1, "")
    assert complained.endswith("is no private Ed25519 key. Restore a backup.\n")


async def test_what_was_changed_is_named_counted_and_logged(
    app: App, pair: tuple[Page, Page]
) -> None:
    session = await ended(pair)
    await tamper(app, session)
    with capture_logs() as logs:
        found = await examined(app)
    assert found["ledger"] == [
        Finding("ledger", "FAILED", f"Session {session}: record 2 was altered, or one before it.")
    ]
    assert found["triggers"][0].how == "FAILED"
    assert "UPDATE ledger_facts" in found["triggers"][0].text
    assert "UPDATE agreements" in found["triggers"][0].text
    (line,) = [line for line in logs if line["log_level"] == "error"]
    assert (line["session"], line["why"]) == (session, "record 2 was altered, or one before it")
    figures = (await app.http.get("/metrics")).text
    assert "ithaca_ledger_audit_sessions 1.0" in figures
    assert "ithaca_ledger_audit_broken 1.0" in figures
    assert "ithaca_ledger_audit_last_run_timestamp_seconds 1.8" in figures


async def test_a_session_that_is_gone_is_found_by_what_was_said_after_it(
    app: App, pair: tuple[Page, Page]
) -> None:
    session = await ended(pair)
    words = {"useful": "", "next": "", "rating": None, "private": "for me"}
    answer = await pair[0].post(f"/v1/sessions/{session}/reflection", json=words)
    assert answer.is_success, answer.text
    await app.database.exclusive(lambda connection: unlock(app.storage, connection))

    def gone() -> Plan[None]:
        for table in ("ledger_facts", "statement_lines", "sessions"):
            yield text(f"DELETE FROM {table} WHERE site_id > ''")

    await app.database.write(gone)
    why = "something is kept of it, but it has no place in the index."
    assert (await examined(app))["ledger"] == [
        Finding("ledger", "FAILED", f"Session {session}: {why}")
    ]


@on_sqlite
async def test_every_night_the_ledger_is_looked_at(app: App, pair: tuple[Page, Page]) -> None:
    session = await ended(pair)
    clock = ManualClock()  # it is eight in the morning
    house = await House.build(app.settings, app.database, clock)
    nights = asyncio.create_task(house.nightly())

    async def night(seconds: float) -> str:
        await clock.advance(seconds)
        await app.settle()
        figures = house.services.metrics.text().decode().splitlines()
        return " ".join(line.split()[1] for line in figures if line.startswith(FIGURES))

    assert await night(19 * 3600 - 1) == "0.0 0.0"
    assert await night(1) == "1.0 0.0"
    await tamper(app, session)
    assert await night(24 * 3600 - 1) == "1.0 0.0"
    app.database.cut_off = True
    with capture_logs() as logs:
        assert await night(1) == "1.0 0.0"
    assert [line["event"] for line in logs] == ["the audit waits for the next night"]
    app.database.cut_off = False
    assert await night(24 * 3600) == "1.0 1.0"
    nights.cancel()


@on_sqlite
async def test_whatever_is_wrong_the_rest_is_looked_at(app: App) -> None:
    app.database.cut_off = True
    found = await examined(app)
    app.database.cut_off = False
    assert found["database"][0].how == "FAILED"
    assert {"disk", "fsync", "clock"} <= found.keys()


async def test_a_database_that_is_behind_is_said_to_be(app: App) -> None:
    await app.database.exclusive(
        lambda connection: connection.execute(
            text("DELETE FROM alembic_version WHERE version_num LIKE 'chat_%'")
        )
    )
    (schema,) = (await examined(app))["schema"]
    assert schema.how == "FAILED"
    assert "`ithaca migrate`" in schema.text


async def test_clocks_that_are_off_are_named(app: App, pair: tuple[Page, Page]) -> None:
    socket = await pair[0].connect()
    await pair[0].join(socket)
    app.clock.step_wall(-3_600_000_000)
    found = [finding.text for finding in (await examined(app))["clock"]]
    assert "The newest fact is from the future, by 3600 s." in found
    assert any(text.startswith("The machine's clock was set by -3600.0 s") for text in found)
    if app.storage.engine == "postgresql":
        known = await app.database.exclusive(lambda each: health(each, lambda: 0))
        assert (known.ahead_us or 0) > 1_700_000_000_000_000
        assert any("are" in text and "s apart" in text for text in found)


@on_sqlite
async def test_a_meeting_to_come_is_no_fact_from_the_future(
    app: App, pair: tuple[Page, Page]
) -> None:
    day_us, hour_us = 86_400_000_000, 3_600_000_000
    start_us = (app.clock.wall_us() // hour_us) * hour_us + day_us
    planned = await pair[0].post(
        f"/v1/mentorships/{pair[0].mentorship}/meetings",
        json={"start_us": start_us, "length_us": hour_us, "zone": "UTC"},
    )
    assert planned.is_success, planned.text
    assert "FAILED" not in {finding.how for finding in (await examined(app))["clock"]}


@on_sqlite
@pytest.mark.parametrize(
    ("free", "how"), [(FREE_LITTLE, "ok"), (FREE_LITTLE - 1, "note"), (FREE_LEAST - 1, "FAILED")]
)
async def test_a_disk_that_fills_up_is_seen_in_time(
    app: App, monkeypatch: pytest.MonkeyPatch, free: int, how: str
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: Usage(0, 0, free))
    assert (await examined(app))["disk"][0].how == how


@on_sqlite
async def test_a_disk_that_takes_nothing_is_seen(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    (found,) = (await examined(app))["fsync"]
    assert (found.how, "No space left on device" in found.text) == ("FAILED", True)
    assert not list(app.storage.data.glob(".doctor-*"))


# ---- the command ---------------------------------------------------------------------------------


async def test_the_command_asks_the_server_or_looks_for_itself(tmp_path: Path) -> None:
    server = Server(tmp_path)
    code, said = await server.command("doctor")
    assert (code, said) == (
        1,
        f"FAILED data: There is no folder {tmp_path / 'data'}: name it with --data.\n",
    )
    await server.start()
    code, said = await server.command("doctor")
    assert (code, "ledger: 0 sessions" in said) == (0, True), said
    await server.stop()
    code, said = await server.command("doctor")
    assert (code, "ledger: 0 sessions" in said) == (0, True), said
    (tmp_path / "data" / "ithaca.db").unlink()
    code, said = await server.command("doctor")
    assert (code, said.startswith("FAILED database: There is none")) == (1, True)
    assert server.errors() == []
