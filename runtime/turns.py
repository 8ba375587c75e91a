"""Work that comes in crowds, a share of it in each turn of the loop: whatever else there is to do
comes in between, and does not wait for all of it."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable

MOST_S = 0.1


class Turns:
    """In one turn at least `least`, and on for as long as all else took since the last one: neither
    waits for more than itself. First come, first served; what comes `behind` is done when nothing
    else waits."""

    def __init__(self, least: int, now_s: Callable[[], float] = time.perf_counter) -> None:
        self._least = self._left = least
        self._now_s, self._since_s = now_s, now_s()
        self._waiting: deque[Callable[[], None]] = deque()
        self._behind: deque[Callable[[], None]] = deque()
        self._counting = False

    def now(self, *, behind: bool = False) -> bool:
        """Whether another one may be done in this turn: it counts."""
        if self._waiting or (behind and self._behind) or not self._left:
            return False
        self._left -= 1
        self._count()
        return True

    def later(self, work: Callable[[], None], *, behind: bool = False) -> None:
        """Does it when its turn has come; after `now` has said that it is not yet."""
        (self._behind if behind else self._waiting).append(work)

    def _count(self) -> None:
        if not self._counting:
            self._counting = True
            asyncio.get_running_loop().call_soon(self._next)

    def _next(self) -> None:
        self._counting, self._left = False, self._least
        began_s = self._now_s()
        until_s = began_s + min(MOST_S, began_s - self._since_s)
        while (first := self._waiting or self._behind) and (self._left or self._now_s() < until_s):
            self._left = max(0, self._left - 1)
            self._count()
            first.popleft()()
        self._since_s = self._now_s()
