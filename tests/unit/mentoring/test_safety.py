"""Who may still reach whom."""

import pytest

from mentoring.sansio.safety import (
    OPEN,
    UNKNOWN,
    Blocks,
    Bounds,
    Left,
    changed,
    check,
    shows,
)
from protocol.errors import Refusal

ADA, BEN = "ada", "ben"
CLOSED = Bounds(closed_by=ADA, closed_us=5)
BLOCKED = Bounds(blockers=frozenset({ADA}))
BOTH = Bounds(blockers=frozenset({ADA, BEN}))
ALL = Bounds(ADA, 5, frozenset({ADA, BEN}))


@pytest.mark.parametrize(
    ("bounds", "person", "code"),
    [
        (OPEN, ADA, None), (OPEN, BEN, None),
        (CLOSED, ADA, "mentorship_closed"), (CLOSED, BEN, "mentorship_closed"),
        (BLOCKED, ADA, "blocking"), (BLOCKED, BEN, "not_accepted"),
        (BOTH, ADA, "blocking"), (BOTH, BEN, "blocking"),
        (ALL, ADA, "mentorship_closed"),
    ],
)  # fmt: skip
def test_who_reaches_the_other(bounds: Bounds, person: str, code: str | None) -> None:
    if code is None:
        check(bounds, person)
        return
    with pytest.raises(Refusal) as refused:
        check(bounds, person)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("bounds", "shown"),
    [
        (OPEN, (True, True)),
        (CLOSED, (False, False)),
        (ALL, (False, False)),
        (BLOCKED, (False, True)),
        (UNKNOWN, (False, False)),
    ],
)
def test_who_blocks_is_not_shown_to_the_other_nor_anybody_once_it_is_closed(
    bounds: Bounds, shown: tuple[bool, bool]
) -> None:
    assert (shows(bounds, ADA, BEN), shows(bounds, BEN, ADA)) == shown
    assert shows(bounds, ADA, ADA)


@pytest.mark.parametrize(
    ("bounds", "change", "after"),
    [
        (OPEN, Left(ADA, 5), CLOSED),
        (CLOSED, Left(BEN, 9), CLOSED),
        (OPEN, Blocks(ADA, True), BLOCKED),
        (BLOCKED, Blocks(ADA, True), BLOCKED),
        (BLOCKED, Blocks(BEN, True), BOTH),
        (BLOCKED, Blocks(ADA, False), OPEN),
        (BOTH, Blocks(BEN, False), BLOCKED),
        (CLOSED, Blocks(ADA, False), CLOSED),
    ],
)
def test_what_becomes_of_the_bounds(bounds: Bounds, change: Left | Blocks, after: Bounds) -> None:
    assert changed(bounds, change) == after
