"""Who may still reach whom in a mentorship. Pure."""

from dataclasses import dataclass, replace
from typing import TypeAlias

import msgspec

from protocol.errors import Refusal


@dataclass(frozen=True, slots=True)
class Bounds:
    """`closed_by`, `closed_us`: who left, and when; then nothing new begins. `blockers`: whoever
    wants to hear nothing of the other."""

    closed_by: str | None = None
    closed_us: int | None = None
    blockers: frozenset[str] = frozenset()
    known: bool = True


OPEN, UNKNOWN = Bounds(), Bounds(known=False)


class Left(msgspec.Struct, frozen=True, array_like=True, tag="left"):
    """Somebody left the mentorship."""

    person: str
    at_us: int


class Blocks(msgspec.Struct, frozen=True, array_like=True, tag="blocks"):
    """Somebody blocks the other, or does not any more."""

    person: str
    on: bool


class Hides(msgspec.Struct, frozen=True, array_like=True, tag="hides"):
    """Somebody keeps to themselves when they were last here, or does not any more."""

    person: str
    on: bool


Change: TypeAlias = Left | Blocks | Hides
"""What is told when it is on disk. Changes by different people commute."""


def changed(bounds: Bounds, change: Left | Blocks) -> Bounds:
    """Whoever left first has left."""
    if isinstance(change, Left):
        if bounds.closed_us is not None:
            return bounds
        return replace(bounds, closed_by=change.person, closed_us=change.at_us)
    others = bounds.blockers - {change.person}
    return replace(bounds, blockers=others | {change.person} if change.on else others)


def refused(bounds: Bounds, person: str) -> str | None:
    """Why what would reach the other is refused: `mentorship_closed`, `blocking`, `not_accepted`;
    or None."""
    if bounds.closed_us is not None:
        return "mentorship_closed"
    if person in bounds.blockers:
        return "blocking"
    return "not_accepted" if bounds.blockers else None


def check(bounds: Bounds, person: str) -> None:
    """Refuses what would reach the other, as `refused` says."""
    if (code := refused(bounds, person)) is not None:
        raise Refusal(code)


def shows(bounds: Bounds, person: str, to: str) -> bool:
    """Whether one is told where the other is, what they do and when they were last here: of what
    is closed nobody is."""
    if person == to:
        return True
    return bounds.known and bounds.closed_us is None and person not in bounds.blockers
