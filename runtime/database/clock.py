"""One clock for all nodes: the database's."""

from __future__ import annotations

from collections.abc import Callable

import structlog
from sqlalchemy import BigInteger, cast, func, select

from runtime.clock import Alarm, Clock
from runtime.database.plan import Database, DatabaseError, Plan

AGAIN_S = 10.0
LONGEST_US = 1_000_000
"""A question that took longer tells too little."""

log = structlog.get_logger(__name__)


def _asked() -> Plan[int]:
    microseconds = cast(func.extract("epoch", func.clock_timestamp()) * 1_000_000, BigInteger)
    rows = yield select(microseconds)
    now_us: int = rows[0][0]
    return now_us


class DatabaseClock:
    """Implements Clock over a PostgreSQL database: the wall clock is that server's, as far as can
    be told by asking; between two answers it goes as the machine's monotonic clock does."""

    def __init__(self, machine: Clock, database: Database) -> None:
        self._machine, self.database = machine, database
        self._offset_us = machine.wall_us() - machine.monotonic_us()
        self._has_answer = False

    async def ask(self) -> None:
        """Goes by the database from now on; an answer is as exact as the way there was short. The
        first counts however long it took: the machine's own clock may be wrong by any time."""
        before_us = self._machine.monotonic_us()
        theirs_us = await self.database.read(_asked)
        took_us = self._machine.monotonic_us() - before_us
        offset_us = theirs_us - before_us - took_us // 2
        tells = took_us <= LONGEST_US and abs(offset_us - self._offset_us) > took_us // 2
        if tells or not self._has_answer:
            self._offset_us = offset_us
        self._has_answer = True

    async def run(self) -> None:
        """Asks again and again, until cancelled."""
        while True:
            await self._machine.sleep(AGAIN_S)
            try:
                await self.ask()
            except DatabaseError as error:
                log.warning("the clock waits for the database", error=type(error).__name__)

    def wall_us(self) -> int:
        return self._machine.monotonic_us() + self._offset_us

    def monotonic_us(self) -> int:
        return self._machine.monotonic_us()

    def epoch(self) -> str:
        return self._machine.epoch()

    async def sleep(self, seconds: float) -> None:
        await self._machine.sleep(seconds)

    def call_later(self, seconds: float, then: Callable[[], object]) -> Alarm:
        return self._machine.call_later(seconds, then)
