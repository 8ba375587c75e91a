"""What many wait for."""

import asyncio

from runtime.flag import Flag
from tests.support.clock import settle


async def test_all_who_wait_go_on_even_if_it_is_cleared_at_once() -> None:
    flag = Flag()
    waiting = [asyncio.create_task(flag.wait()) for _ in range(3)]
    await settle()
    waiting[1].cancel()
    flag.set()
    flag.set()
    flag.clear()
    assert not flag.is_set()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert [task.cancelled() for task in waiting] == [False, True, False]
    later = asyncio.create_task(flag.wait())
    await settle()
    assert not later.done()
    flag.set()
    await later


async def test_whoever_comes_when_it_is_set_does_not_wait() -> None:
    flag = Flag()
    flag.set()
    assert flag.is_set()
    await flag.wait()
