"""What really happened in a simulation: nothing here asks the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from ledger.sansio.intervals import Interval, union

T = TypeVar("T")
ROLES = ("mentor", "mentee")


class Track:
    """When something was so."""

    def __init__(self) -> None:
        self._over: list[Interval] = []
        self._since: int | None = None

    def set(self, on: bool, now_us: int) -> None:
        if on and self._since is None:
            self._since = now_us
        elif not on and self._since is not None:
            self._over.append((self._since, now_us))
            self._since = None

    @property
    def spans(self) -> list[Interval]:
        assert self._since is None, "the simulation is not over"
        return union(self._over)


@dataclass
class Truth:
    """Of one room. By role: `here`, in the call by the page's own account and the server's record;
    `linked`, and the server hears it. `contact`: two pages that know each other hear each other;
    `provable`, and both know of the same session and what time it is, so that each signs for it
    and believes the other's beats.
    `down`: by role, the page has reason to say that nothing travels."""

    here: dict[str, Track] = field(default_factory=lambda: _by_role(Track))
    linked: dict[str, Track] = field(default_factory=lambda: _by_role(Track))
    down: dict[str, Track] = field(default_factory=lambda: _by_role(Track))
    contact: Track = field(default_factory=Track)
    provable: Track = field(default_factory=Track)
    goodbyes: dict[str, int] = field(default_factory=lambda: _by_role(int))
    lost: set[str] = field(default_factory=set)
    """Roles one of whose pages went for good with what it had not handed in."""
    ended: list[int] = field(default_factory=list)
    """When somebody ended a session: what the two say to each other before they know is in none."""
    enders: set[str] = field(default_factory=set)
    """Who did."""
    faults: list[str] = field(default_factory=list)

    @property
    def proven(self) -> list[Interval]:
        """What is provable, and in a session."""
        return [
            (start, min([end, *(us for us in self.ended if start < us)]))
            for start, end in self.provable.spans
        ]


def _by_role(make: Callable[[], T]) -> dict[str, T]:
    return {role: make() for role in ROLES}
