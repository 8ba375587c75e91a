"""Half-open stretches of time, [start, end) in microseconds, as sorted disjoint lists. Pure."""

from collections.abc import Iterable, Sequence

Interval = tuple[int, int]


def union(intervals: Iterable[Interval]) -> list[Interval]:
    """The stretches covered by at least one of them, sorted and disjoint; empty ones vanish."""
    return bridge(intervals, 0)


def bridge(intervals: Iterable[Interval], longest_us: int) -> list[Interval]:
    """Their union, with the gaps of at most that length filled."""
    merged: list[Interval] = []
    for start, end in sorted(intervals):
        if start >= end:
            continue
        if merged and start - merged[-1][1] <= longest_us:
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


def without(whole: Sequence[Interval], taken: Sequence[Interval]) -> list[Interval]:
    """The stretches of the first sorted disjoint list that the second does not cover."""
    left: list[Interval] = []
    i = 0
    for start, end in whole:
        while i < len(taken) and taken[i][1] <= start:
            i += 1
        at, j = start, i
        while j < len(taken) and taken[j][0] < end:
            if at < taken[j][0]:
                left.append((at, taken[j][0]))
            at = max(at, taken[j][1])
            j += 1
        if at < end:
            left.append((at, end))
    return left


def total(intervals: Iterable[Interval]) -> int:
    """Their length in microseconds, summed."""
    return sum(end - start for start, end in intervals)


def covers(intervals: Sequence[Interval], instant: int) -> bool:
    return any(start <= instant < end for start, end in intervals)
