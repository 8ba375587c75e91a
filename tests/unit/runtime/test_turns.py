from __future__ import annotations

import asyncio
from functools import partial

from runtime.turns import Turns


async def test_so_much_in_a_turn_and_the_rest_in_order_in_the_next_ones() -> None:
    turns, done = Turns(2, lambda: 0.0), list[str]()
    assert turns.now()
    assert turns.now()
    assert not turns.now()
    for number in range(3):
        turns.later(partial(done.append, f"later {number}"))
    assert done == []
    await asyncio.sleep(0)
    assert done == ["later 0", "later 1"]
    assert not turns.now(), "who came first is served first"
    await asyncio.sleep(0)
    assert done == ["later 0", "later 1", "later 2"]
    assert turns.now()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [turns.now() for _ in range(3)] == [True, True, False]


async def test_other_work_comes_in_between() -> None:
    turns, done = Turns(1, lambda: 0.0), list[str]()
    assert turns.now()
    for number in range(2):
        turns.later(partial(done.append, f"later {number}"))

    def other() -> None:
        done.append("other")
        if done.count("other") < 3:
            asyncio.get_running_loop().call_soon(other)

    other()
    for _ in range(5):
        await asyncio.sleep(0)
    assert done == ["other", "later 0", "other", "later 1", "other"]


async def test_it_goes_on_for_as_long_as_all_else_took_within_bounds() -> None:
    time_s, done = [0.0], list[float]()

    def work() -> None:
        time_s[0] += 0.01
        done.append(time_s[0])

    turns = Turns(1, lambda: time_s[0])
    assert turns.now()
    for _ in range(20):
        turns.later(work)
    time_s[0] = 0.045  # somebody else's work
    await asyncio.sleep(0)
    assert len(done) == 5
    await asyncio.sleep(0)
    assert len(done) == 6, "nothing else was done meanwhile"
    time_s[0] += 60
    await asyncio.sleep(0)
    assert len(done) in (16, 17), "a tenth of a second"


async def test_what_comes_behind_waits_for_all_else() -> None:
    turns, done = Turns(1, lambda: 0.0), list[str]()
    assert turns.now(behind=True)
    assert not turns.now(behind=True)
    turns.later(partial(done.append, "behind 1"), behind=True)
    turns.later(partial(done.append, "first 1"))
    turns.later(partial(done.append, "first 2"))
    await asyncio.sleep(0)
    assert done == ["first 1"]
    turns.later(partial(done.append, "behind 2"), behind=True)
    for _ in range(3):
        await asyncio.sleep(0)
    assert done == ["first 1", "first 2", "behind 1", "behind 2"]
    assert not turns.now(behind=True), "what was done counts"
    await asyncio.sleep(0)
    assert turns.now(behind=True)
