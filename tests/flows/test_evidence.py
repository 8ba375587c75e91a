"""An evidence pack from the server to whoever checks it, with nothing but the file and the key."""

from __future__ import annotations

import asyncio
import io
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest

from ithaca import offline
from ledger.sansio import scenario
from tests.support.app import App, Page
from tests.support.evidence import settled_session
from tests.support.ledger import PageKey

SCENARIO = (
    b'{"mentor": "Ada", "mentee": "Ben", "events": [{"do": "join", "at": 0, "who": "Ada"},'
    b'{"do": "join", "at": 0, "who": "Ben"}, {"do": "end", "at": 60000000, "who": "Ben"}]}'
)


async def ended(app: App, pair: tuple[Page, Page]) -> str:
    """A call of a minute that both pages signed, ended, contested, and corrected by concession."""
    mentor, mentee = pair
    keys = PageKey(1), PageKey(2)
    sockets = await mentor.connect(), await mentee.connect()
    await mentor.join(sockets[0], key=keys[0].public)
    session: str = (await mentee.join(sockets[1], key=keys[1].public))["session"]["id"]
    since_us = app.clock.wall_us()
    await app.advance(60)
    for socket, mine, theirs in ((sockets[0], *keys), (sockets[1], *keys[::-1])):
        signed = theirs.sign(session, mine, since_us, app.clock.wall_us(), 30)
        contacts = [msgspec.to_builtins(signed)]
        socket.send("room.contact", room=mentor.room, session=session, contacts=contacts)
    await app.settle()
    for page, verb, body in (
        (mentor, "end", {}),
        (mentee, "contest", {"revision": 1, "reason": "It was less, wasn’t it?"}),
        (mentor, "corrections", {"billed_us": 0, "reason": "=1+1"}),
        (mentee, "confirm", {"revision": 2}),
    ):
        answer = await page.post(f"/v1/sessions/{session}/{verb}", json=body)
        assert answer.is_success, answer.text
    return session


async def pack_of(page: Page, session: str) -> bytes:
    answer = await page.get(f"/v1/sessions/{session}/evidence")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == (
        f'attachment; filename="{session}.evidence.json"'
    )
    assert answer.headers["cache-control"] == "no-store"
    return answer.content


async def test_a_pack_is_good_by_the_published_key_and_tells_the_whole_session(
    app: App, pair: tuple[Page, Page], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = await ended(app, pair)
    file = tmp_path / "pack.json"
    file.write_bytes(await pack_of(pair[1], session))
    (key,) = (await app.http.get("/v1/ledger/keys")).json()["keys"]
    assert offline.verify(str(file), [key["key"]]) == 0
    said = capsys.readouterr().out
    first, second, *_ = said.splitlines()
    assert first.startswith("Good: it is as the server wrote it")
    assert second == f"Session {session}: mentor {pair[0].person}, mentee {pair[1].person}"
    assert "Worth knowing" not in said
    pack = json.loads(file.read_bytes())
    facts = (await pair[0].get(f"/v1/sessions/{session}/facts")).json()["facts"]
    assert [{k: v for k, v in each.items() if k != "bytes"} for each in pack["records"]] == facts
    account = await pair[0].account(session)
    told, settled = account["settlement"], pack["settlements"][-1]
    for part in ("revision", "bill", "at_us", "kid"):
        assert settled[part] == told[part]
    assert offline.verify(str(file), [key["key"]], [told["head"][:16]]) == 0
    assert f"It is that of records 1 to {told['facts']}." in capsys.readouterr().out
    assert [each["text"] for each in pack["notes"]] == sorted(
        ["It was less, wasn’t it?", "=1+1"], key=lambda text: digest_of(pack, text)
    )
    assert [each["person"] for each in pack["confirmations"]] == [pair[1].person]


def digest_of(pack: Any, text: str) -> str:
    return str(next(note["digest"] for note in pack["notes"] if note["text"] == text))


async def test_only_the_time_of_the_export_tells_two_apart(
    app: App, pair: tuple[Page, Page]
) -> None:
    session = await ended(app, pair)
    one = await pack_of(pair[0], session)
    assert one == await pack_of(pair[1], session)
    await app.advance(1)
    first, second = json.loads(one), json.loads(await pack_of(pair[0], session))
    assert first["exported_us"] + 1_000_000 == second["exported_us"]
    differs = {part for part in first if first[part] != second[part]}
    assert differs == {"exported_us", "seal"}


async def test_a_session_that_runs_has_one_too(
    app: App, pair: tuple[Page, Page], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    socket = await pair[0].connect()
    session = (await pair[0].join(socket))["session"]["id"]
    file = tmp_path / "pack.json"
    file.write_bytes(await pack_of(pair[0], session))
    assert offline.verify(str(file), []) == 0
    said = capsys.readouterr().out
    assert "Still runs" in said
    assert (
        "Worth knowing:\n- key: The signatures were checked with a key that is in the file" in said
    )


async def test_replay_computes_what_was_settled(
    app: App, pair: tuple[Page, Page], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    session = await ended(app, pair)
    file, terms = tmp_path / "pack.json", tmp_path / "terms.json"
    file.write_bytes(await pack_of(pair[0], session))
    account = await pair[0].account(session)
    assert offline.replay(str(file), None) == 0
    replayed = json.loads(capsys.readouterr().out)
    assert (replayed["settled"], replayed["bill"]) == (True, account["bill"])
    assert replayed["sums"]["contact_us"] == account["contact_us"] == 60_000_000
    terms.write_text('{"currency": "EUR", "rate_minor": 6000}')
    assert offline.replay(str(file), str(terms)) == 0
    replayed = json.loads(capsys.readouterr().out)
    assert (replayed["settled"], replayed["terms"]["rate_minor"]) == (None, 6000)


async def test_a_scenario_comes_to_what_the_server_records(
    app: App, pair: tuple[Page, Page]
) -> None:
    """The same call twice: with a server, and written by hand."""
    mentor, mentee = pair
    one, other = await mentor.connect(), await mentee.connect()
    events: list[dict[str, Any]] = []

    def wrote(do: str, page: Page) -> None:
        who = "mentor" if page is mentor else "mentee"
        events.append({"do": do, "at": app.clock.wall_us(), "who": who})

    wrote("join", mentor)
    session = (await mentor.join(one))["session"]["id"]
    await app.advance(10)
    wrote("join", mentee)
    await mentee.join(other)
    await app.advance(20)
    wrote("beat", mentee)
    other.beating = False  # its page is frozen
    await app.advance(30)
    again = await mentee.connect()
    wrote("join", mentee)
    await mentee.join(again)
    await app.advance(20)
    wrote("leave", mentee)
    again.send("room.leave", room=mentee.room)
    await again.get("room.left")
    await app.advance(6)
    wrote("end", mentor)
    one.send("room.end", room=mentor.room)
    await one.get("room.left")
    facts = (await mentor.get(f"/v1/sessions/{session}/facts")).json()["facts"]
    people = {mentor.person: "mentor", mentee.person: "mentee"}
    by_hand = json.dumps({"mentor": "mentor", "mentee": "mentee", "events": events}).encode()
    (written,) = scenario.facts_of(scenario.read(by_hand))
    assert [
        moments(each["fact"], people) for each in facts if "settled" not in each["fact"]["t"]
    ] == [moments(msgspec.to_builtins(fact), {}) for fact in written]


def moments(fact: dict[str, Any], people: dict[str, str]) -> tuple[Any, ...]:
    """What is said of time and people."""
    who = fact.get("person")
    parts = (fact.get(name) for name in ("at_us", "noticed_us", "reason", "estimated"))
    return fact["t"], people.get(who or "", who), *parts


# ---- the commands --------------------------------------------------------------------------------


def pack() -> bytes:
    return msgspec.json.encode(settled_session().export())


def test_bad_files_are_refused_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    monkeypatch.setattr(offline, "MOST_BYTES", 1 << 20)
    for data in (b"", b"\x00" * 100, b"[" * 500_000, b" " * (1 << 20) + b" ", os.urandom(99)):
        file.write_bytes(data)
        assert offline.verify(str(file), []) == 1
        out, err = capsys.readouterr()
        assert re.fullmatch(r"Not as written: .*evidence pack: [^\n]+\n", out), out
        assert err == ""
        assert offline.replay(str(file), None) == 1
        out, err = capsys.readouterr()
        assert (out, err.startswith("ithaca: this cannot be replayed: ")) == ("", True)
    file.write_bytes(SCENARIO)
    for terms in ("{", '{"rate_minor": -1}', "[]"):
        (tmp_path / "terms").write_text(terms)
        with pytest.raises(offline.Unusable, match="does not hold terms"):
            offline.replay(str(file), str(tmp_path / "terms"))
    for name in (str(tmp_path / "none"), str(tmp_path), "\0"):
        with pytest.raises(offline.Unusable, match="Cannot read"):
            offline.verify(name, [])
    with pytest.raises(offline.Unusable, match="43 characters"):
        offline.verify(str(file), ["K"])
    for noted in ("3fa9", "3fa9 1c2d 77e0 b1cg", "", "a" * 65):
        with pytest.raises(offline.Unusable, match="16 to 64 digits"):
            offline.verify(str(file), [], [noted])


def test_what_a_file_says_does_not_act_on_the_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "file"
    file.write_bytes(pack().replace(b'"boot_1"', b'"boot_1", "\\u001b[2J": 1'))
    assert offline.verify(str(file), []) == 1
    assert "\x1b" not in capsys.readouterr().out


def test_many_findings_are_counted_not_listed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    whole = json.loads(pack())
    for number in range(50):
        whole[f"part {number}"] = 1
    (tmp_path / "file").write_text(json.dumps(whole))
    assert offline.verify(str(tmp_path / "file"), []) == 1
    assert "- and 29 more" in capsys.readouterr().out


def test_standard_input_is_a_file(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Stdin:
        buffer = io.BytesIO(SCENARIO)

    monkeypatch.setattr(sys, "stdin", Stdin)
    assert offline.replay("-", None) == 0
    assert json.loads(capsys.readouterr().out)["sums"]["together_us"] == 60_000_000


async def run(*arguments: str, given: bytes = b"", folder: Path) -> tuple[int, str, str]:
    """The command as people run it, in a folder without any data."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ithaca", *arguments),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(Path(offline.__file__).parents[1])},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate(given)
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def test_the_exit_codes_are_for_scripts_and_nothing_is_written(tmp_path: Path) -> None:
    good, altered = pack(), pack().replace(b'"net_minor":4200', b'"net_minor":4300')
    assert altered != good
    for given, arguments, code in (
        (good, ("verify", "-"), 0),
        (altered, ("verify", "-"), 1),
        (good, ("verify", "-", "--key", "x"), 2),
        (SCENARIO, ("replay", "-"), 0),
    ):
        returned, out, err = await run(*arguments, given=given, folder=tmp_path)
        assert returned == code, (arguments, out, err)
        assert "Traceback" not in out + err
    assert os.listdir(tmp_path) == []
