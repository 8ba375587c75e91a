"""Half-open stretches of time, [start, end) in microseconds, as sorted disjoint lists. Pure."""

from collections.abc import Iterable, Sequence

Interval = tuple[int, int]


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The stretches covered by at least one of them, sorted and disjoint; empty ones vanish."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def overlap(left: Sequence[Interval], right: Sequence[Interval]) -> list[Interval]:
    """The stretches covered by both of two sorted disjoint lists."""
    both: list[Interval] = []
    i = j = 0
    while i < len(left) and j < len(right):
        start, end = max(left[i][0], right[j][0]), min(left[i][1], right[j][1])
        if start < end:
            both.append((start, end))
        if left[i][1] < right[j][1]:
            i += 1
        else:
            j += 1
    return both


def total(intervals: Iterable[Interval]) -> int:
    """Their length in microseconds, summed."""
    return sum(end - start for start, end in intervals)


def covers(intervals: Sequence[Interval], instant: int) -> bool:
    return any(start <= instant < end for start, end in intervals)
