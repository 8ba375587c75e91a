"""What the frames of one connection ask for and has to wait: one after the other, and beside the
machine. Signs of life wait for none of it: whoever hears no answer to theirs hangs up."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from runtime.flag import Flag
from web.socket.sansio.connection import Dispatch

MOST = 64
log = structlog.get_logger(__name__)


class Work:
    """`carry_out` does what one of them asks; `failed` is called after what it raised was
    logged."""

    def __init__(
        self, carry_out: Callable[[Dispatch], Awaitable[None]], failed: Callable[[], None]
    ) -> None:
        self._carry_out, self._failed = carry_out, failed
        self._waiting: list[Dispatch] = []
        self._taken = Flag()
        self._task: asyncio.Task[None] | None = None  # none while there is nothing to do

    @property
    def idle(self) -> bool:
        return self._task is None

    async def put(self, asked: Dispatch) -> None:
        """Behind the others, once fewer than MOST wait."""
        while len(self._waiting) >= MOST:
            self._taken.clear()
            await self._taken.wait()
        self._waiting.append(asked)
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        try:
            while self._waiting:
                asked = self._waiting.pop(0)
                self._taken.set()
                await self._carry_out(asked)
        except Exception:
            log.exception("frame failed")
            self._waiting.clear()
            self._failed()
        finally:
            self._taken.set()
            self._task = None

    async def finished(self) -> None:
        """Returns when nothing waits or is under way, and nothing will be."""
        if self._task is not None:
            await self._task
        del self._carry_out, self._failed
