from __future__ import annotations

import asyncio
from functools import partial

from runtime.turns import Turns


async def test_so_much_in_a_turn_and_the_rest_in_order_in_the_next_ones() -> None:
    turns, done = Turns(2), list[str]()
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
    turns, done = Turns(1), list[str]()
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
