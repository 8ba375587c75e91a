"""Stores what waits, all of it by one plan, which takes it as it begins."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from chat import batch_again, batch_tables
from chat.batch_again import Stuck
from chat.batch_tables import Move, SaidBeforeError, Send, Stored
from protocol.views import Mark, Message
from runtime.database import Database, DatabaseBusy, Plan

MOST = 256
CAREFUL_S = 20.0
"""For so long after a batch was refused for what another node holds no batch waits for that:
PostgreSQL ends a node's transaction that stands still after 15 s."""
TRIES, AGAIN_S = 3, 0.05
"""How often, and how soon, what is held is tried then."""


Told: TypeAlias = Callable[[Message | Exception], None]
"""Hears of a message as it is stored, once it is on disk, or why it is not."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    send: Send
    told: Told


@dataclass(slots=True, eq=False)
class _Batch:
    """What one plan stores, from when it has `begun`."""

    begun: bool = False
    sends: list[_Waiting] = field(default_factory=list)
    moves: list[tuple[Move, list[asyncio.Future[None]]]] = field(default_factory=list)


class Batches:
    """A plan begins as soon as the one before it has ended, with all that has come until then: the
    more there is to do, the more goes into each. `said` and `moved` hear, in the order of the
    record, of each new message and of marks that moved."""

    def __init__(
        self,
        database: Database,
        said: Callable[[str, str, Message], None],
        moved: Callable[[str, str, Mark], None],
    ) -> None:
        self._database, self._said, self._moved = database, said, moved
        # Taken out by the database's thread, perhaps: by one call for each.
        self._sends: deque[_Waiting] = deque()
        self._moves: dict[tuple[str, str, str], tuple[Move, list[asyncio.Future[None]]]] = {}
        self._last = _Batch(begun=True)
        self._held: _Batch | None = None
        self._careful_until_s = 0.0
        self._work: dict[_Batch, asyncio.Task[None]] = {}

    def send(self, send: Send, told: Told) -> None:
        """Those of one conversation are stored in this order."""
        self._sends.append(_Waiting(send, told))
        self._begin()

    def move(self, move: Move, *done: asyncio.Future[None]) -> None:
        """`done` when the marks are on disk."""
        key = move.site_id, move.conversation, move.person
        waiting = list(done)
        if (found := self._moves.pop(key, None)) is not None:
            before, others = found
            delivered = max(before.delivered, move.delivered)
            move = replace(move, delivered=delivered, read=max(before.read, move.read))
            waiting = [*others, *done]
        self._moves[key] = move, waiting
        self._begin()

    def _begin(self) -> None:
        """One may wait for its turn, where the database takes one after the other."""
        most = 2 if self._database.in_turn else 1
        if self._last.begun and len(self._work) < most and self._held is None:
            batch = self._last = _Batch()
            self._work[batch] = asyncio.create_task(self._store(batch))

    def _take(self, batch: _Batch) -> None:
        if batch.begun:
            return  # the plan is run again
        batch.begun = True
        if self._held is not None:
            return
        with suppress(IndexError):
            while len(batch.sends) < MOST:
                batch.sends.append(self._sends.popleft())
        with suppress(KeyError):
            while True:
                batch.moves.append(self._moves.popitem()[1])

    def _plan(self, batch: _Batch) -> Plan[Stored]:
        self._take(batch)
        try:
            return (yield from batch_tables.store(*_asked(batch)))
        except SaidBeforeError:
            self._held = batch  # those behind them wait until it is known which it was
            raise

    async def _store(self, batch: _Batch) -> None:
        if asyncio.get_running_loop().time() < self._careful_until_s:
            self._take(batch)
            await self._store_again(batch, said=False, careful=True)
            self._go_on(batch)
            return
        try:
            stored = await self._database.write(self._plan, batch)
        except (SaidBeforeError, DatabaseBusy) as why:
            said = isinstance(why, SaidBeforeError)
            await self._store_again(batch, said=said, careful=not said)
            self._go_on(batch)
        except Exception as error:
            self._take(batch)  # it may not have come so far
            self._go_on(batch)
            _fail(batch, error)
        else:
            self._go_on(batch)
            self._hand_on(batch, stored)

    def _go_on(self, batch: _Batch) -> None:
        """What has come meanwhile does not wait for what comes of this batch."""
        if self._held is batch:
            self._held = None
        del self._work[batch]
        if self._sends or self._moves:
            self._begin()

    def _hand_on(self, batch: _Batch, stored: Stored) -> None:
        messages, marks = stored
        for each, message in zip(batch.sends, messages, strict=True):
            self._said(each.send.site_id, each.send.conversation, message)
            each.told(message)
        for site_id, conversation, mark in marks:
            self._moved(site_id, conversation, mark)
        for done in (done for _, each in batch.moves for done in each if not done.done()):
            done.set_result(None)

    async def _store_again(self, batch: _Batch, *, said: bool, careful: bool) -> None:
        """Of what could not be stored as it was, what can be, in its order. Messages that are
        stored already are answered; where another node is at work for too long it is refused."""
        left, tries, unseen = batch, TRIES, True
        try:
            while left.sends or left.moves:
                if said:
                    left, said = await self._answer(left), False
                    continue
                try:
                    if careful:
                        plan = batch_again.store_free
                        stored, stuck = await self._database.write(plan, *_asked(left), unseen)
                    else:
                        stored = await self._database.write(batch_tables.store, *_asked(left))
                        stuck = Stuck()
                except SaidBeforeError:
                    said = True  # over another node, just now
                    continue
                except DatabaseBusy:
                    if careful and not unseen:
                        raise
                    careful, unseen = True, not careful
                    continue
                done, left = _parted(left, stuck)
                self._hand_on(done, stored)
                if left.sends or left.moves:
                    tries -= 1
                    if not tries:
                        raise DatabaseBusy("another node is at work on it, or stands still")
                    await asyncio.sleep(AGAIN_S)
        except Exception as error:
            if isinstance(error, DatabaseBusy):
                self._careful_until_s = asyncio.get_running_loop().time() + CAREFUL_S
            _fail(left, error)

    async def _answer(self, batch: _Batch) -> _Batch:
        """What is left of it: each message once, the same again comes next."""
        answers = await self._database.read(batch_again.said_before, _asked(batch)[0])
        left, again = _Batch(begun=True, moves=batch.moves), list[_Waiting]()
        ids = set[tuple[str, str, str, str]]()
        for each, answer in zip(batch.sends, answers, strict=True):
            send = each.send
            id_ = send.site_id, send.conversation, send.person, send.client_id
            if answer is not None:
                each.told(answer)
            elif id_ in ids:
                again.append(each)
            else:
                ids.add(id_)
                left.sends.append(each)
        self._sends.extendleft(reversed(again))
        return left


def _asked(batch: _Batch) -> tuple[list[Send], list[Move]]:
    return [each.send for each in batch.sends], [move for move, _ in batch.moves]


def _parted(batch: _Batch, stuck: Stuck) -> tuple[_Batch, _Batch]:
    """What is not stuck, and what is."""
    free, held = _Batch(begun=True), _Batch(begun=True)
    for each in batch.sends:
        (held if stuck.has_send(each.send) else free).sends.append(each)
    for move in batch.moves:
        (held if stuck.has_move(move[0]) else free).moves.append(move)
    return free, held


def _fail(batch: _Batch, error: Exception) -> None:
    for each in batch.sends:
        each.told(error)
    for done in (done for _, each in batch.moves for done in each if not done.done()):
        done.set_exception(error)
