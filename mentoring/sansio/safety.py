"""Who may still reach whom in a mentorship. Pure."""

from dataclasses import dataclass

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


def check(bounds: Bounds, person: str) -> None:
    """Refuses with `mentorship_closed`, `blocking`, `not_accepted` what would reach the other."""
    if bounds.closed_us is not None:
        raise Refusal("mentorship_closed")
    if person in bounds.blockers:
        raise Refusal("blocking")
    if bounds.blockers:
        raise Refusal("not_accepted")


def shows(bounds: Bounds, person: str, to: str) -> bool:
    """Whether one is told where the other is."""
    return person == to or (bounds.known and person not in bounds.blockers)
