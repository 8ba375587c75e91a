"""What happens in a call, written by hand: scenarios for `ithaca replay`."""

from __future__ import annotations

import json
from typing import Any

from ledger.sansio.replay import Replay, clock
from ledger.sansio.scenario import facts_of, read, run
from protocol.facts import (
    ParticipantLeft,
    SessionFact,
)

MINUTE, HOUR = 60_000_000, 3_600_000_000
EUR = {"currency": "EUR", "rate_minor": 6000}


def event(text: str) -> dict[str, Any]:
    """`14:00 join Ada phone`: when, what, who, on which device."""
    at, do, *rest = text.split()
    found: dict[str, Any] = {"at": f"{at}:00" if at.count(":") == 1 else at, "do": do}
    if rest:
        found["who"] = rest[0]
    if len(rest) > 1:
        found["device"] = rest[1]
    return found


def scenario(*events: str | dict[str, Any], **more: Any) -> bytes:
    written = [event(each) if isinstance(each, str) else each for each in events]
    return json.dumps({"mentor": "Ada", "mentee": "Ben", "events": written, **more}).encode()


def replay(*events: str | dict[str, Any], **more: Any) -> Replay:
    return run(read(scenario(*events, **more)))


def facts(*events: str | dict[str, Any], **more: Any) -> list[SessionFact]:
    (found,) = facts_of(read(scenario(*events, **more)))
    return found


def departures(found: list[SessionFact]) -> list[tuple[str, str, str, str, bool]]:
    return [
        (fact.person, clock(fact.at_us), clock(fact.noticed_us), fact.reason, fact.estimated)
        for fact in found
        if isinstance(fact, ParticipantLeft)
    ]


def journal(who: str, from_: str, to: str, **more: Any) -> dict[str, Any]:
    return {"at": to, "do": "journal", "who": who, "from": from_, "to": to, **more}


def terms(at: str = "00:00:00", **more: Any) -> dict[str, Any]:
    return {"at": at, "do": "terms", "terms": {**EUR, **more}}


def meeting(start: str, length: str = "01:00:00", at: str = "00:00:00") -> dict[str, Any]:
    return {"at": at, "do": "meeting", "start": start, "length": length}


def lines(of: Replay) -> list[str]:
    return [
        f"{each.from_}-{each.to} {each.state} {' '.join(each.present)}" for each in of.stretches
    ]


def away(at: str, until: str) -> dict[str, Any]:
    return {"at": at, "do": "away", "until": until}
