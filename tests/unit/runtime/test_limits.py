import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.limits import FORGET_EVERY, Limiter, gcra

INTERVAL = st.integers(1, 10_000)
BURST = st.integers(1, 10)
TIMES = st.lists(st.integers(0, 100_000), max_size=60).map(sorted)


@given(INTERVAL, BURST, TIMES)
def test_no_window_lets_through_more_than_burst_and_rate(
    interval_us: int, burst: int, times: list[int]
) -> None:
    tat_us, allowed = 0, []
    for now_us in times:
        tat_us, wait_us = gcra(tat_us, now_us, interval_us, burst)
        if wait_us == 0:
            allowed.append(now_us)
    for first, start_us in enumerate(allowed):
        for last in range(first, len(allowed)):
            width_us = allowed[last] - start_us
            assert last - first + 1 <= burst + width_us // interval_us


@given(INTERVAL, BURST, TIMES)
def test_who_waits_as_told_is_let_through_and_not_a_moment_before(
    interval_us: int, burst: int, times: list[int]
) -> None:
    tat_us = 0
    for now_us in times:
        after_us, wait_us = gcra(tat_us, now_us, interval_us, burst)
        if wait_us:
            assert after_us == tat_us
            assert gcra(tat_us, now_us + wait_us, interval_us, burst)[1] == 0
            assert gcra(tat_us, now_us + wait_us - 1, interval_us, burst)[1] == 1
        tat_us = after_us


def test_a_burst_then_the_rate_a_key() -> None:
    limiter = Limiter(rate_per_s=2, burst=3)
    assert [limiter.allow("a", 0) for _ in range(4)] == [0, 0, 0, 500_000]
    assert limiter.allow("b", 0) == 0
    assert [limiter.allow("a", 500_000) for _ in range(2)] == [0, 500_000]


def test_a_request_may_cost_several_units() -> None:
    limiter = Limiter(rate_per_s=2, burst=10)
    assert [limiter.allow("a", 0, cost) for cost in (6, 6, 4, 1)] == [0, 1_000_000, 0, 500_000]
    assert limiter.allow("a", 5_000_000, 10) == 0


def test_a_request_may_cost_nothing() -> None:
    limiter = Limiter(rate_per_s=2, burst=1)
    assert [limiter.allow("a", 0, cost) for cost in (0, 1, 0)] == [0, 0, 0]


def test_who_has_a_turn_reserved_waits_for_that_alone() -> None:
    limiter = Limiter(rate_per_s=2, burst=2)
    turns = [limiter.reserve("a", 0) for _ in range(4)]
    assert turns == [0, 0, 500_000, 1_000_000]
    assert limiter.allow("a", 0) == 1_500_000
    assert limiter.reserve("b", 0) == 0
    assert limiter.reserve("a", 1_000_000) == 500_000
    assert limiter.reserve("a", 9_000_000) == 0


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2_000_000)), max_size=80), BURST)
def test_forgetting_full_buckets_changes_no_answer(
    calls: list[tuple[int, int]], burst: int
) -> None:
    limiter, tat_us, now_us = Limiter(5, burst), dict[str, int](), 0
    for number, later_us in calls:
        key, now_us = str(number), now_us + later_us
        tat_us[key], wait_us = gcra(tat_us.get(key, 0), now_us, 200_000, burst)
        assert limiter.allow(key, now_us) == wait_us


def test_full_buckets_are_forgotten() -> None:
    limiter = Limiter(rate_per_s=1, burst=1)
    for number in range(1_000):
        limiter.allow(f"once {number}", number)
    assert len(limiter) == 1_000
    for number in range(600):
        limiter.allow(f"later {number}", 10_000_000 + number)
    assert len(limiter) == 600


def test_what_costs_nothing_leaves_nothing() -> None:
    limiter = Limiter(rate_per_s=1, burst=1)
    for _ in range(FORGET_EVERY):
        assert limiter.allow("free", 5, cost=0) == 0
    assert len(limiter) == 0


def test_memory_is_bounded_and_the_one_idle_longest_goes() -> None:
    limiter = Limiter(rate_per_s=1, burst=1, keys=3)
    for key in "abc":
        limiter.allow(key, 0)
    assert limiter.allow("a", 1) == 999_999  # asking keeps it remembered
    limiter.allow("d", 2)
    assert len(limiter) == 3
    assert limiter.allow("a", 3) == 999_997
    assert limiter.allow("b", 3) == 0


@pytest.mark.parametrize(("rate", "burst", "keys"), [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_a_limit_that_allows_nothing_is_refused(rate: float, burst: int, keys: int) -> None:
    with pytest.raises(ValueError, match="allows something"):
        Limiter(rate, burst, keys)
