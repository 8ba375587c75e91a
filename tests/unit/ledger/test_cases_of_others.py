"""The cases in which other systems guess, and what they come to here: the table in docs/ledger.md
is computed by the code that bills."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ledger.sansio.replay import Replay, duration
from ledger.sansio.scenario import read, run

DOCS = Path(__file__).resolve().parents[3] / "docs" / "ledger.md"
TERMS = {
    "currency": "EUR",
    "rate_minor": 6000,
    "no_show_share": 500_000,
    "no_show_notice_us": 12 * 3_600_000_000,
    "overrun_us": 1_800_000_000,
}
"""As docs/ledger.md says above the table."""
HEAD = ("Case", "What others keep", "What is kept here")


@dataclass(frozen=True)
class Case:
    """`events`: as `14:00 join Ada phone`, with Ada the mentor; `14:05-14:10 journal Ben` is handed
    in at its end. Then what it comes to, in words that the table shows."""

    name: str
    events: tuple[str, ...]
    others: str
    ours: str


CASES = (
    Case(
        "Nobody joined",
        ("15:00 sweep",),
        "4Geeks: 0, *failed*. Daily, LiveKit: no record at all, as of a meeting that never was. By"
        " calendar: the scheduled hour",
        "billed 0; no-show: mentor yes, mentee yes; closed: nobody",
    ),
    Case(
        "Nobody joined, and the server was down",
        ("14:00-15:00 away",),
        "the same as above: what was not seen did not happen",
        "billed 0; no-show: mentor unknown, mentee unknown; closed: unwatched",
    ),
    Case(
        "Only the mentor",
        ("13:58 join Ada", "14:20 leave Ada", "15:30 sweep"),
        "4Geeks: 10 min by default. Preply: staff look whether the tutor waited",
        "billed 30 min (no_show), EUR 30.00; mentor waited 20 min; no-show: mentee yes;"
        " closed: window",
    ),
    Case(
        "Only the mentor, and not for long",
        ("14:00 join Ada", "14:05 leave Ada", "15:30 sweep"),
        "4Geeks: 10 min, though five were waited",
        "billed 0; mentor waited 5 min; no-show: mentee unknown; closed: window",
    ),
    Case(
        "The mentee looks in for a second",
        (
            "14:00 join Ada", "14:05 join Ben", "14:05:01 leave Ben", "14:20 leave Ada",
            "15:30 sweep",
        ),
        "Zoom, LiveKit, Twilio: a row like any other: both were there",
        "together 1 s, unknown 1 s; billed 30 min (no_show), EUR 30.00; mentor waited 19 min 59 s;"
        " no-show: mentee yes; closed: window",
    ),
    Case(
        "Only the mentee",
        ("14:00 join Ben", "14:15 leave Ben", "15:30 sweep"),
        "4Geeks: 0. Cal.com: whether the host was there goes by a login (#21195)",
        "billed 0; mentee waited 15 min; no-show: mentor yes; closed: window",
    ),
    Case(
        "Never closed",
        (
            "14:00 join Ada", "14:00 join Ben", "14:40 beat Ada", "14:40 beat Ben",
            "14:00-14:40 journal Ben", "16:00 sweep",
        ),
        "4Geeks: the scheduled hour. Zoom: until 60-90 s after the app was killed. Element: ghosts"
        " for two hours",
        "together 40 min, proven 40 min; billed 40 min (time), EUR 40.00; closed: window, by the"
        " last proof",
    ),
    Case(
        "Left, but never ended",
        (
            "14:00 join Ada", "14:00 join Ben", "14:00-14:30 journal Ben", "14:30 leave Ben",
            "14:32 leave Ada", "16:00 sweep",
        ),
        "4Geeks: the scheduled hour; when they left is looked at only if no end was scheduled",
        "together 30 min, proven 30 min; billed 30 min (time), EUR 30.00; mentor waited 2 min;"
        " closed: window",
    ),
    Case(
        "Ended before it started",
        (
            "14:00 join Ada", "14:05 end Ada", "14:10 join Ada", "14:10 join Ben",
            "14:10-14:40 journal Ben", "14:40 end Ben",
        ),
        "4Geeks: 0, *started before it ended?*, though 30 min were held",
        "billed 0; mentor waited 5 min; no-show: mentee unknown; closed: ended. Then: together"
        " 30 min, proven 30 min; billed 30 min (time), EUR 30.00; closed: ended",
    ),
    Case(
        "Open for a day",
        (
            "14:00 join Ada", "14:00 join Ben", "14:00-14:50 journal Ben", "14:50 leave Ben",
            "38:00 leave Ada", "39:00 sweep",
        ),
        "4Geeks: the cap; after two days until the mentee left, or the standard length. Daily:"
        " until one was alone for 10 min",
        "together 50 min, proven 50 min; billed 50 min (time), EUR 50.00; mentor waited 10 min;"
        " closed: window",
    ),
    Case(
        "Beyond the cap",
        (
            "14:00 join Ada", "14:00 join Ben", "14:00-16:30 journal Ben", "16:30 leave Ben",
            "16:30 leave Ada", "17:00 sweep",
        ),
        "4Geeks: the cap; with a cap of 0 the standard length. Twilio: cut off after 4 h. Element:"
        " dropped at 4 h",
        "together 2 h 30 min, proven 2 h 30 min; billed 1 h (time), EUR 60.00; closed: window",
    ),
    Case(
        "Beyond the cap, and the mentee said to go on",
        (
            "14:00 join Ada", "14:00 join Ben", "15:00 extend Ben", "14:00-16:30 journal Ben",
            "16:30 leave Ben", "16:30 leave Ada", "17:00 sweep",
        ),
        "no such thing",
        "together 2 h 30 min, proven 2 h 30 min; billed 1 h 30 min (time), EUR 90.00; closed:"
        " window",
    ),
    Case(
        "Both in the room, nothing says that they met",
        (
            "14:00 join Ada", "14:00 join Ben", "14:40 leave Ben", "14:40 leave Ada",
            "16:00 sweep",
        ),
        "everybody: 40 min",
        "together 40 min, unknown 40 min; billed 0; closed: window",
    ),
    Case(
        "Back before the old connection is given up",
        (
            "14:00 join Ada", "14:00 join Ben phone", "14:20 beat Ben phone",
            "14:20:02 join Ben laptop", "14:00-14:20 journal Ben phone",
            "14:20:02-14:40 journal Ben laptop", "14:40 leave Ben laptop", "14:40 leave Ada",
            "16:00 sweep",
        ),
        "Zoom, LiveKit, Twilio: two rows that overlap; the late *left* of the old one may close the"
        " new one",
        "together 40 min, proven 40 min; billed 40 min (time), EUR 40.00; closed: window, by the"
        " last proof",
    ),
    Case(
        "Two tabs",
        (
            "14:00 join Ada", "14:00 join Ben", "14:10 join Ben phone", "14:00-14:30 journal Ben",
            "14:30 leave Ben", "14:30 leave Ben phone", "14:30 leave Ada", "16:00 sweep",
        ),
        "BigBlueButton: 60 people shown as 279. ReDI: the same session twice",
        "together 30 min, proven 30 min; billed 30 min (time), EUR 30.00; closed: window",
    ),
)  # fmt: skip


def event(text: str) -> dict[str, Any]:
    at, do, *rest = text.split()
    from_, _, to = at.rpartition("-")
    if do == "away":
        return {"at": _clock(from_), "do": do, "until": _clock(to)}
    found: dict[str, Any] = {"at": _clock(to), "do": do}
    if from_:
        found |= {"from": _clock(from_), "to": _clock(to)}
    return found | dict(zip(("who", "device"), rest, strict=False))


def _clock(text: str) -> str:
    return f"{text}:00" if text.count(":") == 1 else text


def came_to(case: Case) -> Replay:
    agreed: list[dict[str, Any]] = [
        {"at": "00:00:00", "do": "terms", "terms": TERMS},
        {"at": "00:00:00", "do": "meeting", "start": "14:00:00", "length": "01:00:00"},
    ]
    scenario = {
        "mentor": "Ada",
        "mentee": "Ben",
        "events": [*agreed, *map(event, case.events)],
    }
    return run(read(json.dumps(scenario).encode()))


def words(of: Replay) -> str:
    """What an account says."""
    sums, bill = of.sums, of.bill
    said = [
        f"{word} {duration(us)}"
        for word, us in (
            ("together", sums.together_us),
            ("proven", sums.contact_us),
            ("unknown", sums.unknown_us),
        )
        if us
    ]
    parts = [", ".join(said)] if said else []
    billed = f"billed {duration(bill.billed_us)} ({bill.owed}), EUR {bill.net_minor / 100:.2f}"
    parts.append(billed if bill.billed_us else "billed 0")
    sides = {"mentor": bill.mentor, "mentee": bill.mentee}
    parts += [
        f"{who} waited {duration(side.wait_us)}" for who, side in sides.items() if side.wait_us
    ]
    missed = [f"{who} {side.no_show}" for who, side in sides.items() if side.no_show != "no"]
    if missed:
        parts.append(f"no-show: {', '.join(missed)}")
    parts.append(f"closed: {of.reason}" + (", by the last proof" if of.estimated else ""))
    return ". Then: ".join(["; ".join(parts), *map(words, of.then)])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_where_others_guess_it_is_known_or_said_to_be_unknown(case: Case) -> None:
    assert words(came_to(case)) == case.ours


def test_the_docs_have_the_table() -> None:
    rows = [HEAD, ("---",) * 3]
    rows += [(case.name, case.others, words(came_to(case))) for case in CASES]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    assert f"\n{table}\n" in DOCS.read_text(), f"docs/ledger.md wants:\n{table}"
