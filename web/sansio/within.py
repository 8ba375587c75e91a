"""What a connection knows of a mentorship, so that what is told of the others needs no question:
who may reach whom, and when they were last here. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from mentoring.sansio.safety import UNKNOWN, Bounds, Change, Hides, changed, shows
from protocol.views import MentorshipView

NOBODY: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Within:
    """`hidden`: who keeps to themselves when they were last here; `seen`: when that was, by person.
    `at_us`: when it was asked for, or has changed since, by the steady time of this node."""

    bounds: Bounds = UNKNOWN
    hidden: frozenset[str] = frozenset()
    seen: Mapping[str, int] = field(default_factory=lambda: NOBODY)
    at_us: int = 0

    def last_seen(self, person: str, to: str) -> int | None:
        """When somebody who is away was last here, if `to` may know."""
        if person == to or not shows(self.bounds, person, to) or self.hidden & {person, to}:
            return None
        return self.seen.get(person)


def gone(within: Within, person: str, at_us: int) -> Within:
    """They were here until then."""
    seen = {**within.seen, person: max(at_us, within.seen.get(person, 0))}
    return replace(within, seen=seen)


def told(within: Within, change: Change, now_us: int) -> Within:
    """Something has changed, just now."""
    if isinstance(change, Hides):
        others = within.hidden - {change.person}
        hidden = others | {change.person} if change.on else others
        return replace(within, hidden=hidden, at_us=now_us)
    return replace(within, bounds=changed(within.bounds, change), at_us=now_us)


def asked(within: Within, found: Within) -> Within:
    """What the database says, unless something has changed since it was asked. When they were last
    here may not be in it yet."""
    if within.at_us > found.at_us:
        return within
    seen = {who: max(at_us, found.seen.get(who, 0)) for who, at_us in within.seen.items()}
    return replace(found, seen={**found.seen, **seen})


def as_shown(view: MentorshipView) -> int:
    """Another number where it looks otherwise: its bounds, what the two have arranged, and who they
    are by the bounds: by which clock the other goes."""
    persons = (member.person for member in view.members)
    arranged = view.agreement, view.proposal, view.meeting
    return hash((view.closed_us, view.closed_by, view.blocked_by_me, arranged, *persons))
