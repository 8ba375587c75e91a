"""Intervals against sets of small integers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.sansio.intervals import (
    Interval,
    bridge,
    covers,
    overlap,
    total,
    union,
    without,
)

TIMES = st.integers(0, 12)
INTERVALS = st.lists(st.tuples(TIMES, TIMES), max_size=8)


def ticks(intervals: list[Interval]) -> set[int]:
    return {tick for start, end in intervals for tick in range(start, end)}


def canonical(intervals: list[Interval]) -> bool:
    edges = [edge for interval in intervals for edge in interval]
    return edges == sorted(set(edges))


@given(INTERVALS)
def test_a_union_covers_the_same_and_is_canonical(intervals: list[Interval]) -> None:
    merged = union(intervals)
    assert ticks(merged) == ticks(intervals)
    assert canonical(merged)
    assert union(merged) == merged
    assert total(merged) == len(ticks(intervals))


@given(INTERVALS, INTERVALS)
def test_an_overlap_is_what_both_cover(left: list[Interval], right: list[Interval]) -> None:
    both = overlap(union(left), union(right))
    assert ticks(both) == ticks(left) & ticks(right)
    assert canonical(both)
    assert both == overlap(union(right), union(left))


@given(INTERVALS, INTERVALS)
def test_what_is_without_the_other_is_the_rest(left: list[Interval], right: list[Interval]) -> None:
    rest = without(union(left), union(right))
    assert ticks(rest) == ticks(left) - ticks(right)
    assert canonical(rest)


@given(INTERVALS, TIMES)
def test_bridging_fills_the_gaps_up_to_that_length_and_no_others(
    intervals: list[Interval], longest: int
) -> None:
    bridged, merged = bridge(intervals, longest), union(intervals)
    gaps = [(one[1], two[0]) for one, two in zip(merged, merged[1:], strict=False)]
    short = [gap for gap in gaps if gap[1] - gap[0] <= longest]
    assert ticks(bridged) == ticks([*merged, *short])
    assert canonical(bridged)


@given(INTERVALS, TIMES)
def test_covering_is_half_open(intervals: list[Interval], instant: int) -> None:
    assert covers(intervals, instant) == (instant in ticks(intervals))


@pytest.mark.parametrize(
    ("intervals", "merged"),
    [
        ([], []),
        ([(3, 3)], []),
        ([(5, 2)], []),
        ([(0, 2), (2, 4)], [(0, 4)]),
        ([(0, 9), (2, 4)], [(0, 9)]),
        ([(6, 7), (0, 2), (1, 3)], [(0, 3), (6, 7)]),
    ],
)
def test_unions_by_hand(intervals: list[Interval], merged: list[Interval]) -> None:
    assert union(intervals) == merged
