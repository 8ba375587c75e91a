"""Questions that many ask at the same time, looked up together."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from runtime.database import DatabaseError

MOST = 64

Q = TypeVar("Q")
A = TypeVar("A")


class Together(Generic[Q, A]):
    """One look at a time for each site: what is asked meanwhile goes into the next one. `look`
    gives each question's answer, or what to raise instead. Where it fails as a whole, and not for
    want of a database, each is looked up by itself: nobody suffers from another's."""

    def __init__(
        self,
        look: Callable[[str, Sequence[Q]], Awaitable[Sequence[A | Exception]]],
        most: int = MOST,
    ) -> None:
        self._look, self._most = look, most
        self._waiting: dict[str, deque[tuple[Q, asyncio.Future[A]]]] = {}
        self._looking: dict[str, asyncio.Task[None]] = {}

    async def ask(self, site_id: str, question: Q) -> A:
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(site_id, deque()).append((question, answer))
        if site_id not in self._looking:
            self._looking[site_id] = asyncio.create_task(self._look_up(site_id))
        return await answer

    async def _look_up(self, site_id: str) -> None:
        try:
            while waiting := self._waiting[site_id]:
                batch = [waiting.popleft() for _ in range(min(self._most, len(waiting)))]
                await self._answer(site_id, [each for each in batch if not each[1].done()])
        finally:
            del self._looking[site_id], self._waiting[site_id]

    async def _answer(self, site_id: str, batch: Sequence[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._look(site_id, [question for question, _ in batch])
        except Exception as error:
            if len(batch) > 1 and not isinstance(error, DatabaseError):
                for each in batch:
                    await self._answer(site_id, [each])
                return
            answers = [error] * len(batch)
        for (_, waiting), answer in zip(batch, answers, strict=True):
            if waiting.done():  # whoever asked has gone
                continue
            if isinstance(answer, Exception):
                waiting.set_exception(answer)
            else:
                waiting.set_result(answer)
