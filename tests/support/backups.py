"""Backups of a house that was lived in, and what can become of their files."""

from __future__ import annotations

import contextlib
import io
import json
import os
import zipfile
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, inspect

from ithaca.__main__ import main
from ithaca.admin import Admin, back_up
from ithaca.settings import Settings
from runtime.backup import MANIFEST, Manifest
from runtime.database.sqlite import FILE_NAME
from tests.support.app import App, Page
from tests.support.databases import Storage

MESSAGES = 20


def settings(storage: Storage) -> Settings:
    return Settings(data=storage.data, database=storage.url or "")


async def lived_in(app: App) -> tuple[Page, Page, str, str]:
    """A house with messages, a session that is settled, and one that runs."""
    mentor, mentee = await app.pair("Ana María", "Ben ❤")
    socket = await mentor.connect()
    ended: str = (await mentor.join(socket))["session"]["id"]
    for page, verb, body in (
        (mentor, "end", {}),
        (mentee, "contest", {"revision": 1, "reason": "Why?"}),
    ):
        answer = await page.post(f"/v1/sessions/{ended}/{verb}", json=body)
        assert answer.is_success, answer.text
    await socket.get("room.left")
    for number in range(MESSAGES):
        await app.house.services.chat.send(
            app.house.services.people.home_site, mentor.conversation, mentor.person,
            f"message-{number}", f"{number} grüße\n",
        )  # fmt: skip
    runs: str = (await mentor.join(socket))["session"]["id"]
    other = await mentee.connect()
    await mentee.join(other)
    await app.advance(20)
    return mentor, mentee, ended, runs


async def backed_up(app: App, file: Path) -> Manifest:
    """By the server, over its admin socket."""
    app.storage.data.mkdir(exist_ok=True)
    admin = Admin(app.house, app.storage.data)
    await admin.open()
    try:
        done = await back_up(app.storage.data, file)
    finally:
        await admin.close()
    assert isinstance(done, Manifest), done
    return done


# ---- what can become of a file -------------------------------------------------------------------

Members = dict[str, bytes]
Change = Callable[[Members], None]


def members_of(file: Path) -> Members:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: Members, method: int = zipfile.ZIP_STORED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return out.getvalue()


def changed(file: Path, change: Change) -> bytes:
    """The backup with other members."""
    members = members_of(file)
    change(members)
    return zipped(members)


def manifest_of(members: Members) -> Any:
    return json.loads(members[MANIFEST])


def with_manifest(**parts: Any) -> Change:
    def change(members: Members) -> None:
        members[MANIFEST] = json.dumps({**manifest_of(members), **parts}).encode()

    return change


def pages_of(members: Members, table: str) -> list[str]:
    return [page["name"] for page in manifest_of(members)["pages"] if page["table"] == table]


def put(members: Members, name: str, data: bytes, rows: int) -> None:
    """Another page, of which the manifest says what is so."""
    manifest = manifest_of(members)
    (page,) = [page for page in manifest["pages"] if page["name"] == name]
    manifest["tables"][page["table"]]["rows"] += rows - page["rows"]
    page.update(rows=rows, bytes=len(data), sha256=sha256(data).hexdigest())
    members.update({name: data, MANIFEST: json.dumps(manifest).encode()})


def with_rows(table: str, change: Callable[[list[Any]], object]) -> Change:
    """Other rows in the first page of a table, and a manifest that says so."""

    def apply(members: Members) -> None:
        (name, *_) = pages_of(members, table)
        rows = msgspec.msgpack.decode(members[name])
        change(rows)
        put(members, name, msgspec.msgpack.encode(rows), len(rows))

    return apply


# ---- as an operator has it -----------------------------------------------------------------------


def command(storage: Storage, *arguments: str) -> tuple[int, str, str]:
    """Runs a command: its code, and what it said. In a thread without a loop."""
    said, complained = io.StringIO(), io.StringIO()
    where = ["--data", str(storage.data), *(["--database", storage.url] if storage.url else [])]
    with (
        contextlib.redirect_stdout(said),
        contextlib.redirect_stderr(complained),
        pytest.raises(SystemExit) as ended,
    ):
        main([*arguments, *where])
    assert isinstance(ended.value.code, int)
    return ended.value.code, said.getvalue(), complained.getvalue()


async def holds_nothing(storage: Storage) -> bool:
    """Whether a target is as it was: without a database, or with an empty one."""
    if storage.engine == "sqlite":
        there = os.listdir(storage.data) if storage.data.is_dir() else []
        return not [name for name in there if name.startswith(FILE_NAME)]

    def empty(connection: Connection) -> bool:
        return not inspect(connection).get_table_names()

    database = storage.open()
    try:
        return await database.exclusive(empty)
    finally:
        await database.close()
