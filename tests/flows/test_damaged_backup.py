"""A backup that is damaged or crafted: refused in a sentence, and nothing of it is kept."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import struct
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runtime.backup import MANIFEST, MEMBER_MOST, Manifest
from tests.support.app import App
from tests.support.backups import (
    Change,
    Members,
    backed_up,
    changed,
    command,
    holds_nothing,
    lived_in,
    manifest_of,
    members_of,
    pages_of,
    put,
    with_manifest,
    with_rows,
    zipped,
)
from tests.support.databases import Storage, without_schema

pytestmark = pytest.mark.usefixtures("short_pages")
on_sqlite = pytest.mark.parametrize("storage", ["sqlite"], indirect=True)
into_sqlite = pytest.mark.parametrize("target", ["sqlite"], indirect=True)

HOUR_US = 3_600_000_000
ADVICE = (
    "Nothing was restored: take another backup.\n",
    "restore it with that.\n",
)
IN_A_SENTENCE = re.compile(r"ithaca: [^\n]+\n")


@pytest.fixture
async def file(storage: Storage, tmp_path: Path) -> Path:
    """A backup of a house that was lived in."""
    file = tmp_path / "backup.zip"
    async with App.over(storage) as app:
        mentor, *_ = await lived_in(app)
        path, start_us = f"/v1/mentorships/{mentor.mentorship}", app.clock.wall_us() + HOUR_US
        for what, body in (
            ("agreements", {"terms": {"currency": "EUR", "rate_minor": 6000}}),
            ("meetings", {"start_us": start_us, "length_us": HOUR_US, "zone": "Europe/Vienna"}),
        ):
            assert (await mentor.post(f"{path}/{what}", json=body)).is_success
        assert isinstance(await backed_up(app, file), Manifest)
    return file


async def refused(target: Storage, file: Path) -> str:
    """What `ithaca restore` says, in a sentence with advice."""
    code, out, err = await asyncio.to_thread(command, target, "restore", str(file))
    assert (code, out) == (1, ""), (code, out, err)
    assert IN_A_SENTENCE.fullmatch(err), err
    assert err.endswith(ADVICE), err
    return err


# ---- what became of the file ---------------------------------------------------------------------


def damaged(file: Path) -> Iterator[tuple[str, bytes, str]]:
    """What became of a backup, and what is to be said of it."""
    whole = file.read_bytes()
    yield "nothing", b"", "no backup of Ithaca"
    yield "something else", b"PK" + os.urandom(1000), "no backup of Ithaca"
    yield "cut off", whole[: len(whole) // 2], "no backup of Ithaca"
    yield "cut off at its end", whole[:-30], "no backup of Ithaca"
    for place in (100, len(whole) // 3, len(whole) // 2):
        flipped = bytearray(whole)
        flipped[place] ^= 1
        yield f"flipped at {place}", bytes(flipped), "is damaged"
    for what, parts in MANIFESTS.items():
        yield what, changed(file, with_manifest(**parts)), "no backup of Ithaca"
    yield "no manifest", changed(file, lambda members: members.clear()), "no backup of Ithaca"
    yield "another manifest", changed(file, not_json), "no backup of Ithaca"
    later = with_manifest(schema=["chat_0001", "ledger_9999"])
    yield "of a later version", changed(file, later), "by a later version"
    yield "with an undescribed table", changed(file, undescribed), "does not describe"
    yield "with two members of a name", twice_there(file), "what its manifest says"
    yield "with a page twice", changed(file, listed_twice), "what its manifest says"
    yield "packed otherwise", zipped(members_of(file), zipfile.ZIP_BZIP2), "in another way"
    yield "a bomb for a manifest", changed(file, bomb), f"{MANIFEST} is longer"
    yield "a bomb that says it is small", lying(file), f"{MANIFEST} cannot be used"
    for name in members_of(file):
        if name != MANIFEST:
            for what, change, said in OF_A_PAGE:
                yield f"{what} {name}", changed(file, partial(change, name)), said


MANIFESTS: dict[str, dict[str, Any]] = {
    "another version": {"version": 2},
    "another format": {"format": "x"},
    "lists for names": {"schema": [["chat_0001"]]},
    "a list for tables": {"tables": []},
    "null for pages": {"pages": None},
    "one thing more": {"more": 1},
    "made after all clocks": {"made_us": 2**63},
    "a program of many words": {"program": "x" * 10_000},
    "a page of a size beyond all": {
        "pages": [{"name": "x", "table": "x", "rows": 1, "bytes": MEMBER_MOST + 1, "sha256": ""}]
    },
    "a page without rows": {
        "pages": [{"name": "x", "table": "x", "rows": 0, "bytes": 1, "sha256": ""}]
    },
}


def not_json(members: Members) -> None:
    members[MANIFEST] = b"[" * 100_000


def undescribed(members: Members) -> None:
    found = manifest_of(members)
    del found["tables"]["messages"]
    members[MANIFEST] = json.dumps(found).encode()


def listed_twice(members: Members) -> None:
    found = manifest_of(members)
    members[MANIFEST] = json.dumps(
        {**found, "pages": [*found["pages"], found["pages"][0]]}
    ).encode()


def bomb(members: Members) -> None:
    members[MANIFEST] = b" " * (MEMBER_MOST + 1)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def twice_there(file: Path) -> bytes:
    out = io.BytesIO(file.read_bytes())
    (name, *_) = pages_of(members_of(file), "messages")
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(out, "a") as archive:
        archive.writestr(name, members_of(file)[name])
    return out.getvalue()


def lying(file: Path) -> bytes:
    """Its directory says of a large manifest that it is a small one."""
    members = {**members_of(file), MANIFEST: b" " * MEMBER_MOST}
    data = bytearray(zipped(members, zipfile.ZIP_DEFLATED))
    entry = data.rindex(b"PK\x01\x02")
    assert data[entry + 46 :].startswith(MANIFEST.encode())
    data[entry + 24 : entry + 28] = struct.pack("<I", 100)
    return bytes(data)


def another(name: str, members: Members) -> None:
    data = bytearray(members[name])
    data[-1] ^= 1
    members[name] = bytes(data)


def longer(name: str, members: Members) -> None:
    members[name] += b"\0"


def missing(name: str, members: Members) -> None:
    del members[name]


def unlisted(name: str, members: Members) -> None:
    found = manifest_of(members)
    found["pages"] = [page for page in found["pages"] if page["name"] != name]
    members[MANIFEST] = json.dumps(found).encode()


def fewer(name: str, members: Members) -> None:
    unlisted(name, members)
    del members[name]


OF_A_PAGE: tuple[tuple[str, Callable[[str, Members], None], str], ...] = (
    ("another", another, "was changed"),
    ("a longer", longer, "is longer than it may be"),
    ("without", missing, "what its manifest says"),
    ("with an unlisted", unlisted, "what its manifest says"),
    ("a manifest without", fewer, "are missing"),
)


@on_sqlite
@into_sqlite
async def test_what_is_damaged_is_refused_before_anything_is_written(
    target: Storage, file: Path
) -> None:
    bad = file.with_name("bad.zip")
    for what, data, said in damaged(file):
        bad.write_bytes(data)
        assert said in await refused(target, bad), what
        assert target.data.name not in os.listdir(file.parent), what


# ---- what was made to look whole -----------------------------------------------------------------


def table_unknown(members: Members) -> None:
    found = manifest_of(members)
    found["tables"]["wages"] = {"columns": ["id"], "rows": 0}
    members[MANIFEST] = json.dumps(found).encode()


def table_gone(members: Members) -> None:
    for name in pages_of(members, "messages"):
        fewer(name, members)
    undescribed(members)


def with_columns(*columns: str) -> Change:
    def change(members: Members) -> None:
        found = manifest_of(members)
        found["tables"]["persons"]["columns"] = columns
        members[MANIFEST] = json.dumps(found).encode()

    return change


def with_page(data: bytes) -> Change:
    return lambda members: put(members, pages_of(members, "persons")[0], data, 2)


def with_value(table: str, column: str, value: Any) -> Change:
    def change(members: Members) -> None:
        place = manifest_of(members)["tables"][table]["columns"].index(column)
        with_rows(table, lambda rows: [each.__setitem__(place, value) for each in rows])(members)

    return change


def miscounted(members: Members) -> None:
    (name,) = pages_of(members, "persons")
    put(members, name, members[name], 1)


CRAFTED: dict[str, tuple[Change, str]] = {
    "an unknown table": (table_unknown, "not have the same tables (wages)"),
    "a table less": (table_gone, "not have the same tables (messages)"),
    "schemas of nothing": (with_manifest(schema=[]), "not have the same tables"),
    "two schemas of a room": (
        with_manifest(schema=["ledger_0001", "ledger_0002"]), "its schema cannot be made"
    ),
    "an unknown column": (with_columns("site_id", "x"), "not have the columns of persons"),
    "a column twice": (
        with_columns("site_id", "id", "name", "zone", "email", "created_us", "created_us"),
        "not have the columns of persons",
    ),
    "a row too narrow": (with_rows("persons", lambda rows: rows[0].pop()), "of length 9, got 8"),
    "a row too wide": (with_rows("persons", lambda rows: rows[0].append(1)), "of length 9, got 10"),
    "no rows": (with_page(b"\xc0"), "Expected `array`, got"),
    "no end": (with_page(b"\xdd\x00\x00\x00\x02"), "truncated"),
    "another count": (miscounted, "Expected `array` of length <= 1"),
    "2^63": (with_value("persons", "created_us", 2**63), "<= 9223372036854775807 - at `$[0][5]`"),
    "2^64 - 1": (with_value("outbox", "attempts", 2**64 - 1), "<= 9223372036854775807"),
    "text for a number": (with_value("persons", "created_us", "1"), "Expected `int`, got `str`"),
    "a list for text": (with_value("persons", "zone", ["UTC"]), "Expected `str`, got `array`"),
    "text for bytes": (with_value("keys", "secret", "x"), "Expected `bytes`, got `str`"),
    "no text": (with_value("persons", "name", None), "Expected `str`, got"),
    "not UTF-8": (
        with_page(b"\x92" + b"\x99\xa1\xff\xa0\xa0\xa0\xa0\x01\xc0\x00\xc0" * 2), "utf-8"
    ),
    "a row twice": (
        with_rows("members", lambda rows: rows.append(rows[0])), " cannot be used ("
    ),
    "rows of nobody": (with_value("members", "mentorship_id", "x"), "members"),
    "a key of another kind": (with_value("keys", "kind", "x"), "keys.kind"),
    "a key of no site": (
        with_value("keys", "site_id", "x"),
        "rows of keys name rows of sites that are not in it",
    ),
    "a key for nothing": (with_value("keys", "algorithm", "{}"), "keys.algorithm"),
    "text that is no zone": (with_value("persons", "zone", "Mars/Phobos"), "persons.zone"),
    "a zone that is a folder": (with_value("meetings", "zone", "Europe"), "meetings.zone"),
    "no terms": (with_value("agreements", "terms", "{"), "agreements.terms"),
    "terms beyond all": (
        with_value("agreements", "terms", '{"rate_minor": -1}'), "agreements.terms"
    ),
    "a role that is none": (with_value("members", "role", "x"), "members.role"),
    "a state that is none": (with_value("meetings", "state", "x"), "meetings.state"),
    "a member who is nobody": (
        with_rows("members", lambda rows: rows[0].__setitem__(2, "x")),
        "rows of members name rows of persons that are not in it",
    ),
    "terms of nobody": (
        with_value("agreements", "proposed_by", "x"),
        "rows of agreements name rows of persons that are not in it",
    ),
    "a link into nothing": (
        with_value("invitations", "mentorship_id", "x"),
        "rows of invitations name rows of mentorships that are not in it",
    ),
    "words of nobody": (
        with_value("messages", "person_id", "x"),
        "rows of messages name rows of persons that are not in it",
    ),
    "an empty lease": (with_value("leases", "data", b""), "leases.data cannot be used"),
    "a lease of no session": (
        with_value("leases", "data", msgspec.msgpack.encode({"session": "x"})),
        "leases.data names a session that is not in it",
    ),
    "a watch that tells nothing": (
        with_value("leases", "kind", "watch"), "leases.data cannot be used",
    ),
    "a key that is none": (with_value("keys", "secret", b"{}"), "is no private Ed25519 key"),
    "a key of noise": (with_value("keys", "secret", b"\xff\0"), "is no private Ed25519 key"),
}  # fmt: skip


@on_sqlite
async def test_what_cannot_be_restored_leaves_nothing(target: Storage, file: Path) -> None:
    """A file that is what its manifest says, but not what the database takes."""
    bad = file.with_name("bad.zip")
    for what, (change, said) in CRAFTED.items():
        bad.write_bytes(changed(file, change))
        assert said in await refused(target, bad), what
        assert await holds_nothing(target), what
    code, out, err = await asyncio.to_thread(command, target, "restore", str(file))
    assert (code, "2 sessions, each as it was written." in out, err) == (0, True, "")


def numbered_below_all(members: Members) -> None:
    place = manifest_of(members)["tables"]["outbox"]["columns"].index("id")
    for name in pages_of(members, "outbox"):
        rows = msgspec.msgpack.decode(members[name])
        for row in rows:
            row[place] -= 2**40
        put(members, name, msgspec.msgpack.encode(rows), len(rows))


@on_sqlite
@pytest.mark.parametrize("target", ["postgresql"], indirect=True)
async def test_numbers_that_cannot_be_counted_on_from_are_refused(
    target: Storage, file: Path
) -> None:
    bad = file.with_name("bad.zip")
    bad.write_bytes(changed(file, numbered_below_all))
    assert "the numbers of outbox cannot be used (" in await refused(target, bad)
    assert await holds_nothing(target)


# ---- whatever it is ------------------------------------------------------------------------------

VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 2**31, 2**63 - 1, 2**63, 2**64 - 1, -(2**63), 1.5, float("nan"), "", "x",
    "\0", "é" * 3000, b"", b"\0" * 32, b"{}", [], {}, [[]], {"t": "x"},
)  # fmt: skip


def somewhere(draw: st.DrawFn, tree: Any) -> tuple[Any, Any]:
    """A part of JSON, by what holds it and where."""
    holder, key = None, None
    while isinstance(tree, dict | list) and tree and (holder is None or draw(st.integers(0, 3))):
        holder, key = (
            tree,
            draw(st.sampled_from(sorted(tree) if isinstance(tree, dict) else range(len(tree)))),
        )
        tree = holder[key]
    return holder, key


@st.composite
def of_the_manifest(draw: st.DrawFn, members: Members) -> None:
    tree = manifest_of(members)
    holder, key = somewhere(draw, tree)
    what = draw(st.sampled_from(["replace", "remove", "again"]))
    if what == "remove":
        del holder[key]
    elif what == "again" and isinstance(holder, list):
        holder.append(holder[key])
    else:
        value = draw(st.sampled_from([each for each in VALUES if not isinstance(each, bytes)]))
        holder[key] = value
    members[MANIFEST] = json.dumps(tree).encode()


@st.composite
def of_the_rows(draw: st.DrawFn, members: Members) -> None:
    """And the manifest says that it is so."""
    name = draw(st.sampled_from(sorted(members.keys() - {MANIFEST})))
    rows = msgspec.msgpack.decode(members[name])
    row = draw(st.integers(0, len(rows) - 1))
    place = draw(st.integers(0, len(rows[row]) - 1))
    match draw(st.sampled_from(["value", "swap", "bit", "remove", "again", "width"])):
        case "value":
            rows[row][place] = draw(st.sampled_from(VALUES))
        case "swap":
            rows[row][place] = rows[row][draw(st.integers(0, len(rows[row]) - 1))]
        case "bit":
            rows[row][place] = flipped(draw, rows[row][place])
        case "remove" if len(rows) > 1:
            del rows[row]
        case "width":
            rows[row].append(None) if draw(st.booleans()) else rows[row].pop()
        case _:
            rows.append(rows[row])
    put(members, name, msgspec.msgpack.encode(rows), len(rows))


def flipped(draw: st.DrawFn, value: Any) -> Any:
    if isinstance(value, int):
        return value ^ (1 << draw(st.integers(0, 40)))
    if isinstance(value, bytes) and value:
        data = bytearray(value)
        data[draw(st.integers(0, len(data) - 1))] ^= 1 << draw(st.integers(0, 7))
        return bytes(data)
    return f"{value}x"


@st.composite
def of_a_page(draw: st.DrawFn, members: Members) -> None:
    """Other bytes, and the manifest says that it is so."""
    name = draw(st.sampled_from(sorted(members.keys() - {MANIFEST})))
    rows = len(msgspec.msgpack.decode(members[name]))
    put(members, name, spoilt(draw, members[name]) or b"\0", rows)


def spoilt(draw: st.DrawFn, data: bytes) -> bytes:
    at = draw(st.integers(0, len(data) - 1))
    match draw(st.sampled_from(["flip", "cut", "again", "zero"])):
        case "flip":
            return data[:at] + bytes([data[at] ^ (1 << draw(st.integers(0, 7)))]) + data[at + 1 :]
        case "cut":
            return data[:at]
        case "again":
            return data[:at] + data[max(0, at - 100) :]
        case _:
            return data[:at] + bytes(len(data[at : at + 50])) + data[at + 50 :]


@dataclass(frozen=True)
class Spoilt:
    data: bytes = field(repr=False)
    what: str


@st.composite
def files(draw: st.DrawFn, whole: bytes, members: Members) -> Spoilt:
    """A backup to which something was done, or several things."""
    what = draw(st.sampled_from(["bytes", "members", "manifest", "rows", "rows", "rows", "page"]))
    if what == "bytes":
        return Spoilt(spoilt(draw, whole), what)
    now = dict(members)
    if what == "members":
        one, other = (draw(st.sampled_from(sorted(now))) for _ in range(2))
        now[one] = now[other] if draw(st.booleans()) else spoilt(draw, now[one])
    else:
        draw({"manifest": of_the_manifest, "rows": of_the_rows, "page": of_a_page}[what](now))
    return Spoilt(zipped(now), what)


@on_sqlite
@pytest.mark.parametrize(
    ("engine", "examples", "outcomes"),
    [
        ("sqlite", 40, {"restored", "named", "refused"}),
        pytest.param("postgresql", 12, {"restored", "refused"}, marks=pytest.mark.soak),
    ],
)
async def test_any_file_is_restored_well_or_refused_in_a_sentence(
    engine: str, examples: int, outcomes: set[str], file: Path, request: pytest.FixtureRequest
) -> None:
    members, bad, numbers = members_of(file), file.with_name("bad.zip"), count()
    came = Counter[str]()

    @settings(max_examples=examples, database=None, suppress_health_check=list(HealthCheck))
    @given(files(zipped(members), members))
    def search(file: Spoilt) -> None:
        bad.write_bytes(file.data)
        folder = bad.with_name(f"restored-{next(numbers)}")
        with contextmanager(without_schema)(engine, folder, request) as target:
            came[restored(target, bad)] += 1

    await asyncio.to_thread(search)
    assert came.keys() >= outcomes, came


def restored(target: Storage, file: Path) -> str:
    """What came of it, which is one of what docs/operation.md says."""
    code, out, err = command(target, "restore", str(file))
    assert code in (0, 1)
    if out == "":
        assert code == 1
        assert IN_A_SENTENCE.fullmatch(err), err
        assert err.endswith(ADVICE), err
        assert asyncio.run(holds_nothing(target))
        return "refused"
    _, said, complained = command(target, "doctor")
    # Neither this machine's clock and disk, nor how the tests' PostgreSQL keeps what it has.
    bad = set(re.findall(r"^FAILED (\w+)", said, re.M)) - {"clock", "disk", "durability"}
    assert "Traceback" not in said + complained
    if code == 0:
        assert (bad, err) == (set(), ""), said
        return "restored"
    assert err.endswith("They are as they were in the backup.\n"), err
    assert bad == {"ledger"}, said
    return "named"
