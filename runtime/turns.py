"""Work that comes in crowds, a little of it in each turn of the loop: whatever else there is to do
comes in between, and does not wait for all of it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable


class Turns:
    """At most `most` in one turn; the rest in the next ones, first come, first served."""

    def __init__(self, most: int) -> None:
        self._most = self._left = most
        self._waiting: deque[Callable[[], None]] = deque()
        self._counting = False

    def now(self) -> bool:
        """Whether another one may be done in this turn: it counts."""
        if self._waiting or not self._left:
            return False
        self._left -= 1
        self._count()
        return True

    def later(self, work: Callable[[], None]) -> None:
        """Does it when its turn has come; after `now` has said that it is not yet."""
        self._waiting.append(work)

    def _count(self) -> None:
        if not self._counting:
            self._counting = True
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self._counting, self._left = False, self._most
        while self._waiting and self._left:
            self._left -= 1
            self._count()
            self._waiting.popleft()()
