"""Stores what waits, all of it by one plan; what comes meanwhile waits for the next."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from chat import batch_tables, tables
from chat.batch_tables import Move, SaidBeforeError, Send
from protocol.views import Mark, Message
from runtime.database import Database

MOST = 256


Told: TypeAlias = Callable[[Message | Exception], None]
"""Hears of a message as it is stored, once it is on disk, or why it is not."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    send: Send
    told: Told


class Batches:
    """One plan at a time is under way: the more there is to do, the more goes into each. `said` and
    `moved` hear, in the order of the record, of each new message and of marks that moved."""

    def __init__(
        self,
        database: Database,
        said: Callable[[str, str, Message], None],
        moved: Callable[[str, str, Mark], None],
    ) -> None:
        self._database, self._said, self._moved = database, said, moved
        self._sends: list[_Waiting] = []
        self._moves: dict[tuple[str, str, str], tuple[Move, list[asyncio.Future[None]]]] = {}
        self._work: asyncio.Task[None] | None = None

    def send(self, send: Send, told: Told) -> None:
        """Those of one conversation are stored in this order."""
        self._sends.append(_Waiting(send, told))
        self._begin()

    def move(self, move: Move, *done: asyncio.Future[None]) -> None:
        """`done` when the marks are on disk."""
        key = move.site_id, move.conversation, move.person
        if key in self._moves:
            before, others = self._moves[key]
            delivered = max(before.delivered, move.delivered)
            move = replace(move, delivered=delivered, read=max(before.read, move.read))
            self._moves[key] = move, [*others, *done]
        else:
            self._moves[key] = move, list(done)
        self._begin()

    def _begin(self) -> None:
        if self._work is None:
            self._work = asyncio.create_task(self._store())

    async def _store(self) -> None:
        try:
            while self._sends or self._moves:
                sends, self._sends = self._sends[:MOST], self._sends[MOST:]
                moves, self._moves = list(self._moves.values()), {}
                await self._store_these(sends, moves)
        finally:
            self._work = None

    async def _store_these(
        self, sends: Sequence[_Waiting], moves: Sequence[tuple[Move, list[asyncio.Future[None]]]]
    ) -> None:
        try:
            stored, marks = await self._database.write(
                batch_tables.store, [each.send for each in sends], [move for move, _ in moves]
            )
        except SaidBeforeError:
            await self._store_these([], moves)
            await asyncio.gather(*(self._store_alone(each) for each in sends))
            return
        except Exception as error:
            for each in sends:
                each.told(error)
            for done in (done for _, each in moves for done in each if not done.done()):
                done.set_exception(error)
            return
        for each, message in zip(sends, stored, strict=True):
            self._said(each.send.site_id, each.send.conversation, message)
            each.told(message)
        for site_id, conversation, mark in marks:
            self._moved(site_id, conversation, mark)
        for done in (done for _, each in moves for done in each if not done.done()):
            done.set_result(None)

    async def _store_alone(self, waiting: _Waiting) -> None:
        send = waiting.send
        try:
            message, fresh = await self._database.write(
                tables.store,
                send.site_id,
                send.conversation,
                send.person,
                send.client_id,
                send.body,
                None,
                send.at_us,
            )
        except Exception as error:
            waiting.told(error)
            return
        if fresh:
            self._said(send.site_id, send.conversation, message)
        waiting.told(message)
