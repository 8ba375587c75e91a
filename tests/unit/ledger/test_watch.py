"""When a run of the server could not see who comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.sansio.intervals import Interval, union, without
from ledger.sansio.watch import GAP_US, KEEP_US, KEPT_MOST, Watch

SECOND = 1_000_000


def opened(at: int, last: int = 0, *breaks: Interval) -> Watch:
    """In seconds."""
    watch = Watch(at * SECOND)
    watch.opens(at * SECOND, last * SECOND, [(a * SECOND, b * SECOND) for a, b in breaks])
    return watch


def known(watch: Watch, now: int) -> list[tuple[float, float]]:
    return [(start / SECOND, end / SECOND) for start, end in watch.breaks(now * SECOND)]


def test_of_the_time_before_it_opens_nothing_is_known() -> None:
    assert known(Watch(50 * SECOND), 60) == [(0, 50)]


def test_a_run_goes_on_from_where_another_looked_last() -> None:
    assert known(opened(50, 40, (10, 20)), 60) == [(10, 20), (40, 50)]
    assert known(opened(50, 20, (10, 20)), 60) == [(10, 50)]
    assert known(opened(50, 55, (10, 20)), 60) == [(10, 20)]  # it runs beside it


@pytest.mark.parametrize(("looks_again", "found"), [(130, []), (131, [(100, 131)])])
def test_it_stood_still(looks_again: int, found: list[tuple[int, int]]) -> None:
    watch = opened(99, 99)
    watch.looks(100 * SECOND)
    assert known(watch, looks_again) == found  # before it has looked
    watch.looks(looks_again * SECOND)
    assert known(watch, looks_again + 5) == found


@pytest.mark.parametrize(
    ("silent", "later", "fresh"),
    [(5, 0, True), (6, 0, False), (6, 2, False), (6, 2.4, False), (6, 2.5, True)],
)
def test_what_is_heard_after_a_standstill_may_have_been_said_before(
    silent: int, later: float, fresh: bool
) -> None:
    watch = opened(99, 99)
    watch.looks(100 * SECOND)
    found = watch.hears((100 + silent) * SECOND)
    assert watch.hears((100 + silent) * SECOND) == found  # in the same breath
    if later:
        found = watch.hears(round((100 + silent + later) * SECOND))
    assert found == fresh


def test_it_can_stand_still_as_soon_as_it_is_open() -> None:
    watch = opened(90, 90)
    assert not watch.hears(130 * SECOND)
    assert known(watch, 130) == [(90, 130)]


def test_a_clock_that_is_set_back_is_no_standstill() -> None:
    watch = opened(99, 99)
    watch.looks(100 * SECOND)
    assert not watch.hears(200 * SECOND)
    assert watch.hears(50 * SECOND)


def test_a_clock_that_it_sets_itself_is_no_standstill_either() -> None:
    watch = opened(90, 90)
    watch.looks(92 * SECOND)
    watch.clock_set(4000 * SECOND)
    assert watch.hears(4001 * SECOND)
    watch.clock_set(90 * SECOND)
    assert not watch.hears(96 * SECOND)  # and this is one
    watch.clock_set(50 * SECOND)
    assert watch.hears(51 * SECOND)  # whatever was before


def test_one_that_hears_but_cannot_look_sees_nobody_come() -> None:
    """Its database does not answer, and does not say so."""
    watch = opened(99, 99)
    watch.looks(100 * SECOND)
    for second in range(102, 140, 2):
        assert watch.hears(second * SECOND)
    assert known(watch, 140) == [(100, 140)]


def test_its_database_was_away() -> None:
    watch = opened(99, 99)
    watch.lost(100 * SECOND)
    watch.lost(110 * SECOND)
    assert known(watch, 120) == [(100, 120)]
    watch.looks(120 * SECOND)
    watch.wrote(95 * SECOND)  # asked for before that, done after it: it tells nothing
    assert [each.blind for each in (watch, opened(99))] == [True, False]
    watch.wrote(130 * SECOND)
    watch.looks(130 * SECOND)
    assert known(watch, 140) == [(100, 130)]
    watch.wrote(140 * SECOND)
    assert known(watch, 140) == [(100, 130)]
    watch.lost(140 * SECOND)
    watch.wrote(140 * SECOND)
    assert not watch.blind


def test_what_lies_in_the_future_after_the_clock_was_set_back_is_forgotten() -> None:
    watch = opened(4000, 3990, (100, 200))
    watch.looks(4000 * SECOND)
    watch.looks(3995 * SECOND)
    assert known(watch, 3996) == [(100, 200), (3990, 3995)]
    watch.looks(400 * SECOND)
    watch.looks(401 * SECOND)
    assert known(watch, 402) == [(100, 200)]


def test_it_is_put_on_disk_once_a_minute() -> None:
    watch = opened(99, 99)
    assert watch.is_due(90 * SECOND)
    watch.kept(90 * SECOND)
    assert not watch.is_due(90 * SECOND)
    assert not watch.is_due(90 * SECOND + KEEP_US - 1)
    assert watch.is_due(90 * SECOND + KEEP_US)
    assert watch.is_due(89 * SECOND)  # the clock was set back


def test_the_oldest_breaks_become_one_when_there_are_many() -> None:
    spans = [(n * 100, n * 100 + 50) for n in range(KEPT_MOST + 2)]
    found = known(opened(10_000, 10_000, *spans[:KEPT_MOST]), 10_000)
    assert found == spans[:KEPT_MOST]
    watch = opened(10_000, 9_990, *spans[:KEPT_MOST])
    assert known(watch, 10_000) == [(0, 150), *spans[2:KEPT_MOST], (9_990, 10_000)]


STEPS = st.lists(
    st.tuples(st.sampled_from(["looks", "lost", "wrote"]), st.integers(0, 3 * GAP_US)), max_size=80
)


@given(STEPS)
def test_whatever_it_could_not_see_is_in_a_break(steps: list[tuple[str, int]]) -> None:
    watch, now_us = opened(0), 0
    looked_us, lost_us, unseen = 0, None, list[Interval]()
    for what, delay_us in steps:
        now_us += delay_us
        getattr(watch, what)(now_us)
        if what == "looks":
            if now_us - looked_us > GAP_US:
                unseen.append((looked_us, now_us))
            looked_us = now_us
        elif what == "lost":
            lost_us = now_us if lost_us is None else lost_us
        elif lost_us is not None:
            unseen.append((lost_us, now_us))
            lost_us = None
    if lost_us is not None:
        unseen.append((lost_us, now_us))
    if now_us - looked_us > GAP_US:
        unseen.append((looked_us, now_us))
    found = watch.breaks(now_us)
    assert list(found) == union(found)
    assert len(found) <= KEPT_MOST + 2
    if len(union(unseen)) <= KEPT_MOST:
        assert list(found) == union(unseen)
    assert without(union(unseen), found) == []
