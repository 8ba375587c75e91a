from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from runtime.database import DatabaseUnavailable
from runtime.together import Together


class Looks:
    """Answers with the square of what is asked; -1 is refused, 0 breaks the whole look."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, list[int]]] = []
        self.going = asyncio.Event()
        self.going.set()
        self.away = False

    async def __call__(self, site_id: str, questions: Sequence[int]) -> list[int | Exception]:
        self.asked.append((site_id, list(questions)))
        await self.going.wait()
        if self.away:
            raise DatabaseUnavailable("away")
        if 0 in questions:
            raise ZeroDivisionError
        return [ValueError("refused") if each < 0 else each * each for each in questions]


async def test_what_is_asked_meanwhile_goes_into_the_next_look() -> None:
    looks = Looks()
    looks.going.clear()
    together = Together(looks, most=3)
    first = asyncio.create_task(together.ask("site", 1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    rest = [asyncio.create_task(together.ask("site", each)) for each in (2, 3, 4, 5)]
    elsewhere = asyncio.create_task(together.ask("other", 6))
    await asyncio.sleep(0)
    looks.going.set()
    assert [await each for each in (first, *rest, elsewhere)] == [1, 4, 9, 16, 25, 36]
    assert sorted(looks.asked) == [
        ("other", [6]), ("site", [1]), ("site", [2, 3, 4]), ("site", [5]),
    ]  # fmt: skip
    assert await together.ask("site", 7) == 49


async def test_one_that_is_refused_or_breaks_is_nobody_elses() -> None:
    looks = Looks()
    together = Together(looks)
    found = await asyncio.gather(
        *(together.ask("site", each) for each in (2, -1, 0, 3)), return_exceptions=True
    )
    assert [found[0], found[3]] == [4, 9]
    assert isinstance(found[1], ValueError)
    assert isinstance(found[2], ZeroDivisionError)


async def test_without_a_database_all_hear_of_it_after_one_look() -> None:
    looks = Looks()
    looks.away = True
    together = Together(looks)
    found = await asyncio.gather(
        *(together.ask("site", each) for each in (1, 2)), return_exceptions=True
    )
    assert [type(each) for each in found] == [DatabaseUnavailable] * 2
    assert looks.asked == [("site", [1, 2])]


async def test_who_has_gone_is_not_looked_up() -> None:
    looks = Looks()
    looks.going.clear()
    together = Together(looks)
    first = asyncio.create_task(together.ask("site", 1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    gone, stays = (asyncio.create_task(together.ask("site", each)) for each in (2, 3))
    await asyncio.sleep(0)
    gone.cancel()
    first.cancel()
    await asyncio.gather(gone, first, return_exceptions=True)
    looks.going.set()
    assert await stays == 9
    assert looks.asked == [("site", [1]), ("site", [3])]
    with pytest.raises(ValueError, match="refused"):
        await together.ask("site", -1)
