"""Who spoke how much: from half-second slots that each page measured on its own microphone. Pure.

A slot of one person is known or not: what got lost stays unknown, and what is known does not change
any more. Only slots that both reported count. They are kept in minutes of 120 characters each.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.types import SLOT_US

MINUTE = 60_000_000 // SLOT_US
"""Slots that are kept together."""

LATE = 2 * MINUTE
"""What is older is not taken any more: nobody can make up a whole talk afterwards."""

EARLY = 2
"""How far a page's idea of our clock may be ahead."""

SPOKE, QUIET, UNKNOWN = "1", "0", "?"

Minutes = Mapping[int, str]
"""By minute since the epoch."""


@dataclass(frozen=True, slots=True)
class Balance:
    """In slots: known of both, those in which one spoke, both spoke, nobody spoke."""

    both: int = 0
    speaking: int = 0
    overlap: int = 0
    silence: int = 0


def taken(from_us: int, slots: str, now_us: int) -> dict[int, str]:
    """The slots of a report that can be true: over by now, and not long ago."""
    first, newest = from_us // SLOT_US, now_us // SLOT_US + EARLY
    return {
        first + place: said
        for place, said in enumerate(slots)
        if newest - LATE < first + place <= newest
    }


def minutes_of(slots: Mapping[int, str]) -> list[int]:
    return sorted({slot // MINUTE for slot in slots})


def add(kept: str | None, minute: int, slots: Mapping[int, str]) -> str:
    """A minute with those of the slots that it does not know yet."""
    known = kept or UNKNOWN * MINUTE
    first = minute * MINUTE
    return "".join(
        slots.get(first + place, UNKNOWN) if said == UNKNOWN else said
        for place, said in enumerate(known)
    )


def balance(mine: Minutes, theirs: Minutes) -> Balance:
    """One person's, against the other."""
    both = speaking = overlap = silence = 0
    for minute in mine.keys() & theirs.keys():
        for one, other in zip(mine[minute], theirs[minute], strict=True):
            if UNKNOWN in (one, other):
                continue
            both += 1
            speaking += one == SPOKE
            overlap += one == other == SPOKE
            silence += one == other == QUIET
    return Balance(both, speaking, overlap, silence)
