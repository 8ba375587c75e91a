"""What is written by hand goes through the machines of a real session, and comes to the same."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.sansio.account import FRESH_US
from ledger.sansio.replay import clock, duration
from ledger.sansio.scenario import NOTICED_US, Unclear, micros, read, run
from tests.support.scenarios import (
    EUR,
    HOUR,
    MINUTE,
    departures,
    facts,
    journal,
    lines,
    meeting,
    replay,
    scenario,
    terms,
)
from web.socket.sansio.connection import BEAT_TIMEOUT_US

ROOT = Path(__file__).resolve().parents[3]


# ---- who is there --------------------------------------------------------------------------------


def test_who_says_goodbye_was_there_until_then() -> None:
    found = replay("14:00 join Ada", "14:05 join Ben", "14:50 leave Ben", "15:00 leave Ada")
    assert lines(found) == [
        "14:00:00-14:05:00 alone Ada",
        "14:05:00-14:50:00 unknown Ada Ben",
        "14:50:00-15:00:00 alone Ada",
    ]
    assert (found.state, found.reason, found.estimated) == ("ended", "empty", False)
    assert (found.from_, found.to, found.then) == ("14:00:00", "15:00:00", ())
    ada, ben = found.sums.people
    assert (ada.present_us, ada.alone_us, ben.present_us) == (60 * MINUTE, 15 * MINUTE, 45 * MINUTE)


def test_the_order_in_which_it_is_written_does_not_matter() -> None:
    events = ["14:00 join Ada", "14:05 join Ben", "14:50 leave Ben", "15:00 leave Ada"]
    assert replay(*events) == replay(*reversed(events))


def test_silence_after_the_last_beat_is_lost_at_the_last_beat() -> None:
    found = facts("14:00 join Ada", "14:00 join Ben", "14:20:03 beat Ben", "15:00 end Ada")
    assert departures(found) == [
        ("Ben", "14:20:03", "14:20:09", "lost", True),
        ("Ada", "15:00:00", "15:00:00", "ended", False),
    ]
    assert NOTICED_US == BEAT_TIMEOUT_US


def test_where_no_beat_is_written_a_page_beats_by_itself() -> None:
    assert departures(facts("14:00 join Ada", "14:30 sweep")) == [
        ("Ada", "14:30:00", "14:30:06", "lost", True)
    ]


def test_who_comes_back_is_there_again() -> None:
    found = replay(
        "14:00 join Ada", "14:00 join Ben", "14:20:03 beat Ben", "14:20:31 join Ben",
        "14:30 leave Ben", "14:30 leave Ada",
    )  # fmt: skip
    assert lines(found) == [
        "14:00:00-14:20:03 unknown Ada Ben",
        "14:20:03-14:20:31 alone Ada",
        "14:20:31-14:30:00 unknown Ada Ben",
    ]


def test_a_reload_leaves_no_gap_if_it_is_quick() -> None:
    quick = facts("14:00 join Ada", "14:20:03 beat Ada", "14:20:05 join Ada", "14:30 leave Ada")
    assert departures(quick)[0] == ("Ada", "14:20:05", "14:20:05", "replaced", False)
    slow = facts("14:00 join Ada", "14:20:03 beat Ada", "14:20:06 join Ada", "14:30 leave Ada")
    assert departures(slow)[0] == ("Ada", "14:20:03", "14:20:06", "replaced", True)


def test_two_devices_count_once() -> None:
    found = replay(
        "14:00 join Ada", "14:00 join Ben", "14:10 join Ben phone", "14:20 leave Ben",
        "14:30 leave Ben phone", "14:30 leave Ada",
    )  # fmt: skip
    assert lines(found) == ["14:00:00-14:30:00 unknown Ada Ben"]


def test_with_silence_every_beat_is_written() -> None:
    events = (
        "14:00:00 join Ada", "14:00:04 beat Ada", "14:00:08 beat Ada", "14:01:00 beat Ada",
        "14:01:04 beat Ada", "14:01:30 leave Ada", "14:01:31 end Ben",
    )  # fmt: skip
    assert departures(facts(*events, silence="00:00:06")) == [
        ("Ada", "14:00:08", "14:00:14", "lost", True),
        ("Ada", "14:01:04", "14:01:10", "lost", True),
    ]
    assert departures(facts(*events)) == [("Ada", "14:01:30", "14:01:30", "left", False)]
    kept = ("14:00:00 join Ada", "14:00:04 beat Ada", "14:00:08 leave Ada", "14:00:12 beat Ada")
    assert departures(facts(*kept, silence=6_000_000)) == [
        ("Ada", "14:00:08", "14:00:08", "left", False)
    ]


def test_late_words_of_a_page_that_is_gone_change_nothing() -> None:
    gone = ("14:00 join Ada", "14:10 leave Ada")
    up = {"at": "14:11:00", "do": "path", "who": "Ada", "up": False}
    assert facts(*gone, "14:11 leave Ada", "14:11 beat Ada", up)[:-1] == facts(*gone)[:-1]


def test_leaving_at_the_moment_of_coming_is_leaving() -> None:
    assert len(departures(facts("14:00 join Ada", "14:00 leave Ada", "14:00 join Ada"))) == 2


# ---- proof ---------------------------------------------------------------------------------------


def test_journals_prove_contact_and_bridge_a_gap() -> None:
    found = replay(
        "14:00 join Ada", "14:00 join Ben", "14:20 beat Ben", "14:21 join Ben",
        journal("Ben", "14:00:00", "14:40:00"), "14:40 leave Ben", "14:40 leave Ada",
    )  # fmt: skip
    assert lines(found) == ["14:00:00-14:40:00 contact Ada Ben"]


def test_who_makes_proof_up_adds_nothing() -> None:
    both = ("14:00 join Ada", "14:10 join Ben")
    over = ("14:40 leave Ben", "14:40 leave Ada")
    lie = journal("Ben", "14:10:00", "14:40:00", signed=False)
    assert replay(*both, lie, *over).sums.contact_us == 0
    early = journal("Ben", "13:00:00", "14:40:00")
    assert replay(*both, early, *over).sums.contact_us == 30 * MINUTE
    ahead = {**journal("Ben", "14:10:00", "14:40:00"), "at": "14:39:00"}
    assert replay(*both, ahead, *over).sums.contact_us == 29 * MINUTE + FRESH_US
    before = journal("Ben", "13:00:00", "13:30:00")
    assert replay(before, *both, *over).sums.contact_us == 0
    alone = journal("Ada", "14:00:00", "14:05:00")
    assert replay("14:00 join Ada", alone, "14:10 leave Ada").sums.contact_us == 0
    backwards = journal("Ben", "14:30:00", "14:20:00")
    assert replay(*both, backwards, *over).sums.contact_us == 0


def test_proof_that_comes_after_the_end_counts() -> None:
    late = {**journal("Ben", "14:00:00", "14:30:00"), "at": "16:00:00"}
    found = replay("14:00 join Ada", "14:00 join Ben", "14:30 end Ada", late, terms())
    assert (found.sums.contact_us, found.bill.net_minor) == (30 * MINUTE, 3000)


def test_a_broken_path_is_impaired_where_both_say_so() -> None:
    down = [
        {"at": at, "do": "path", "who": who, "up": up}
        for who in ("Ada", "Ben")
        for at, up in (("14:10:00", False), ("14:15:00", True))
    ]
    found = replay("14:00 join Ada", "14:00 join Ben", *down, "14:30 end Ben")
    assert (found.sums.impaired_us, found.bill.make_up_us) == (5 * MINUTE, 5 * MINUTE)
    assert found.reason == "ended"


# ---- laws ----------------------------------------------------------------------------------------


@st.composite
def anything(draw: st.DrawFn) -> list[dict[str, Any]]:
    """An hour and a bit in which everything can happen, in any order."""
    moment = st.integers(0, 80).map(lambda minute: minute * MINUTE)
    events: list[dict[str, Any]] = []
    for _ in range(draw(st.integers(1, 14))):
        found: dict[str, Any] = {"at": draw(moment)}
        do = draw(st.sampled_from(["join", "join", "beat", "leave", "journal", "path", "extend",
                                   "end", "sweep", "meeting", "terms"]))  # fmt: skip
        found["do"] = do
        if do == "meeting":
            found |= {"start": draw(moment), "length": "00:30:00"}
        elif do == "terms":
            found["terms"] = {**EUR, "counts": draw(st.sampled_from(["contact", "room"]))}
        elif do != "sweep":
            found["who"] = draw(st.sampled_from(["Ada", "Ben"]))
            found["device"] = draw(st.sampled_from(["page", "phone"]))
        if do == "journal":
            found |= {"from": draw(moment), "to": draw(moment)}
        if do == "path":
            found["up"] = draw(st.booleans())
        events.append(found)
    return events


@given(anything(), st.sampled_from([None, "00:02:30"]))
def test_whatever_happens_time_adds_up(events: list[dict[str, Any]], silence: str | None) -> None:
    written = read(scenario(*events, silence=silence))
    try:
        whole = run(written)
    except Unclear as unclear:
        assert "nothing happens" in str(unclear)  # noqa: PT017 - it is one of two right answers
        return
    end_us = max(each["at"] for each in events)
    latest = 0
    for each in (whole, *whole.then):
        edges = [edge for part in each.stretches for edge in (part.from_us, part.to_us)]
        assert edges == sorted(edges)
        assert not edges or (latest <= edges[0] and edges[-1] <= end_us)
        latest = max([latest, *edges])
        of: dict[str, int] = {}
        for part in each.stretches:
            of[part.state] = of.get(part.state, 0) + part.us
        together = sum(of.get(state, 0) for state in ("contact", "impaired", "unknown"))
        assert together == each.sums.together_us <= each.sums.together_most_us
        assert of.get("contact", 0) == each.sums.contact_us
        assert of.get("alone", 0) == sum(person.alone_us for person in each.sums.people)
        assert each.bill.counted_us <= each.sums.together_us
        assert (each.state, each.settled, each.then) == ("ended", None, ()) or each is whole
    assert whole == run(written)


# ---- what cannot be run --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "truncated"),
        (b"[]", "Expected `object`"),
        (b'{"events": 1}', "Expected `array`"),
        (b'{"mentor": "Ada", "events": []}', "missing required field `mentee`"),
        (scenario("14:00 dance Ada"), "^event 1: Invalid value 'dance'"),
        (scenario("14:00 join Eve"), "event 1: there is no Eve, only Ada and Ben"),
        (scenario("14:00 join Ada", mentor="Ben"), "different names"),
        (scenario("14:00 sweep", "14:00 join"), "^event 2: .*missing required field `who`"),
        (scenario(), "nothing happens"),
        (scenario("14:00 beat Ada", "14:01 end Ben", "14:02 sweep"), "nothing happens"),
        (scenario("48:00 join Ada"), "`48:00:00` is no time"),
        (scenario("1:00:00 join Ada"), "`1:00:00` is no time"),
        (scenario({"at": "2026-01-01", "do": "join", "who": "Ada"}), "is no time"),
        (scenario(meeting("14:00:00", "00:00:00")), "a meeting is not longer than a day"),
        (scenario(meeting("14:00:00", "24:00:01")), "a meeting is not longer than a day"),
        (scenario(meeting("soon")), "`soon` is no time"),
        (scenario("14:00 join Ada", silence="x"), "`x` is no time"),
    ],
)
def test_what_cannot_be_run_is_said_in_words(data: bytes, said: str) -> None:
    with pytest.raises(Unclear, match=said):
        run(read(data))


def test_moments_are_microseconds_or_read_off_a_clock() -> None:
    assert micros(7) == 7
    assert micros("00:00:00.5") == 500_000
    assert micros("14:02:11") == 14 * HOUR + 2 * MINUTE + 11_000_000
    assert micros("25:00:00") == 25 * HOUR
    assert clock(micros("47:59:59.000001")) == "47:59:59.000001"
    assert clock(1_800_000_000_000_000) == "2027-01-15T08:00:00+00:00"
    assert [duration(us) for us in (0, 1_500, 61_000_000, 2 * HOUR)] == [
        "0 ms", "1 ms", "1 min 1 s", "2 h",
    ]  # fmt: skip
    real = {"at": 1_800_000_000_000_000, "do": "join", "who": "Ada"}
    assert replay(real).from_ is None


# ---- the docs ------------------------------------------------------------------------------------


def worked() -> list[tuple[str, str, str]]:
    """Of each worked scenario in the docs: its heading, itself, and what is said to come out."""
    page = (ROOT / "docs" / "ledger.md").read_text()
    return re.findall(
        r"^### (Scenario: .+?)$.*?^```json\n(.+?)^```.*?^```json\n(.+?)^```", page, re.M | re.S
    )


def test_there_are_three_worked_scenarios() -> None:
    assert len(worked()) >= 3


@pytest.mark.parametrize(("title", "written", "said"), worked(), ids=lambda text: text[:40])
def test_what_the_docs_say_comes_out(title: str, written: str, said: str) -> None:
    found = msgspec.to_builtins(run(read(written.encode())))
    assert part_of(json.loads(said), found)


def part_of(said: Any, found: Any) -> bool:
    """Whether everything that is said is so; there may be more."""
    if isinstance(said, dict):
        return all(part_of(value, found[name]) for name, value in said.items())
    if isinstance(said, list):
        return len(said) == len(found) and all(map(part_of, said, found))
    assert said == found
    return True
