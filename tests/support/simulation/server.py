"""The server of a simulation: a real ledger, and around it what pages meet of web/socket and
signaling."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from sqlalchemy import Connection

from ithaca.house import SWEEP_INTERVAL_S
from ledger.service import FLUSH_INTERVAL_S, Ledger
from protocol.errors import Refusal
from protocol.types import LeaveReason
from protocol.views import Contact, SessionView
from runtime.clock import SteadyClock
from runtime.database import DatabaseError, DatabaseUnavailable, Plan
from runtime.database.plan import P
from tests.support.ledger import SECOND, SITE, sign
from web.socket.sansio.connection import BEAT_TIMEOUT_US

if TYPE_CHECKING:
    from tests.support.simulation.page import Page
    from tests.support.simulation.room import Room
    from tests.support.simulation.world import World

T = TypeVar("T")
FLUSH_US, SWEEP_US = round(FLUSH_INTERVAL_S * SECOND), round(SWEEP_INTERVAL_S * SECOND)
LOOK_US = SECOND


class Disk:
    """Implements Database for one run of the server: after `kill` it does no more work for that
    run; while the world's disk refuses, no writes."""

    def __init__(self, world: World) -> None:
        self._world, self.killed = world, False
        self.in_turn = world.database.in_turn

    async def read(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        self._check()
        result = await self._world.database.read(plan, *args, **kwargs)
        self._check()
        return result

    async def write(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        self._check()
        if self._world.refusing:
            raise DatabaseUnavailable("refused by the simulation")
        result = await self._world.database.write(plan, *args, **kwargs)
        self._check()
        return result

    def _check(self) -> None:
        if self.killed:
            raise DatabaseUnavailable("this run of the server is dead")

    async def exclusive(self, work: Callable[[Connection], T]) -> T:
        return await self._world.database.exclusive(work)

    async def close(self) -> None: ...


class Socket:
    """A page's connection; frames go one after the other, and wait while the line is broken."""

    def __init__(self, server: Server, page: Page) -> None:
        self.server, self.page = server, page
        self.id = server.world.ids.new("con")
        self.alive_us = server.world.now_us
        self.open = True
        self._turn = asyncio.Lock()
        self._up: list[Callable[[], Awaitable[None]]] = []
        self._down: list[Callable[[], None]] = []

    def send(self, frame: Callable[[], Awaitable[None]]) -> None:
        """From the page."""
        self._up.append(frame)
        self.page.world.soon(self._deliver)

    async def _deliver(self) -> None:
        if not self.page.machine.line_up:
            return
        frames, self._up = self._up, []
        async with self._turn:
            for frame in frames:
                if self.open:
                    await frame()

    def tell(self, frame: Callable[[], None]) -> None:
        """From the server."""
        self._down.append(frame)
        self.page.world.soon(self._arrive)

    async def _arrive(self) -> None:
        machine = self.page.machine
        if not machine.line_up or not machine.awake:
            return
        frames, self._down = self._down, []
        for frame in frames:
            if self.page.socket is self and not self.page.crashed:
                frame()

    def line_is_back(self) -> None:
        self.page.world.soon(self._deliver)
        self.page.world.soon(self._arrive)


class Server:
    """One run of it, as pages meet it: what web/socket and signaling do around the ledger."""

    def __init__(self, world: World) -> None:
        self.world, self.disk = world, Disk(world)
        self.clock = SteadyClock(world.clock)
        self.ledger = self._new_ledger()
        self.sockets: set[Socket] = set()
        self._turns: dict[Room, asyncio.Lock] = {}

    def another_ledger(self) -> Ledger:
        """Of another node, which was up as long, and saw what this one saw."""
        ledger, watch = self._new_ledger(), self.ledger._watch
        ledger._watch = ledger._store._watch = ledger._book._watch = watch
        return ledger

    def _new_ledger(self) -> Ledger:
        world = self.world
        return Ledger(
            self.disk,
            self.clock,
            world.ids,
            world.ids.new("boot"),
            world.members,
            world.agreed,
            sign,
            lambda: None,
        )

    async def start(self) -> None:
        await self.ledger.open()
        for every_us, work in ((FLUSH_US, self._flush), (SWEEP_US, self._sweep)):
            self.world.every(every_us, work, lambda: not self.disk.killed)
        self.world.every(LOOK_US, self._look, lambda: not self.disk.killed)

    def kill(self) -> None:
        """As a crash: no goodbye; who has a line hears of it."""
        self.disk.killed = True
        for socket in self.sockets:
            socket.open = False
            socket.tell(socket.page.cut_off)
        for room in self.world.rooms:
            room.inside.clear()

    async def _flush(self) -> None:
        try:
            await self.ledger.flush()
        except DatabaseError:
            return

    async def _sweep(self) -> None:
        try:
            await self.ledger.sweep()
        except DatabaseError:
            return

    async def _look(self) -> None:
        """Whoever has not been heard for too long is cut off."""
        late = self.world.now_us - BEAT_TIMEOUT_US
        await asyncio.gather(
            *(self.hang_up(each, "lost") for each in set(self.sockets) if each.alive_us <= late)
        )

    async def hang_up(self, socket: Socket, reason: LeaveReason) -> None:
        if not socket.open:
            return
        socket.open = False
        self.sockets.discard(socket)
        socket.tell(socket.page.cut_off)
        await self.leave(socket, reason)

    # ---- frames --------------------------------------------------------------------------------

    def dial(self, page: Page) -> Socket:
        socket = Socket(self, page)
        older = [each for each in self.sockets if each.page is page]
        self.sockets.add(socket)
        for each in older:  # the hub: a tab's newer connection replaces its older one
            self.world.soon(partial(self.hang_up, each, "lost"))
        return socket

    async def beat(self, socket: Socket, n: int) -> None:
        socket.alive_us = self.world.now_us
        self.ledger.proof(socket.id)
        at_us = self.clock.wall_us()
        socket.tell(lambda: socket.page.acknowledged(n, at_us))

    async def join(self, socket: Socket) -> None:
        page, room = socket.page, socket.page.room
        async with self._turn(room):
            if not socket.open:
                return
            try:
                view = await self.ledger.join(
                    SITE, room.id, room.mentorship, page.person, socket.id, page.announced.public
                )
            except DatabaseError:
                socket.tell(page.join_refused)
                return
            if page.crashed:
                return
            older, room.inside[page.role] = room.inside.get(page.role), socket
            if older is not None and older is not socket:
                older.tell(older.page.replaced)
                await self._record(older, "replaced")
            page.recorded = True
            self._introduce(room, socket, view)

    def _introduce(self, room: Room, socket: Socket, view: SessionView) -> None:
        page, session = socket.page, view.id
        others = [each.page for role, each in room.inside.items() if role != page.role]
        socket.tell(lambda: page.joined(session, others))
        for each in room.inside.values():
            if each is not socket:
                each.tell(partial(each.page.met, session, page))

    async def leave(self, socket: Socket, reason: LeaveReason) -> None:
        room = socket.page.room
        async with self._turn(room):
            if room.inside.get(socket.page.role) is not socket:
                return
            del room.inside[socket.page.role]
            await self._record(socket, reason)
            if reason != "lost":
                for each in room.inside.values():
                    each.tell(partial(each.page.parted, socket.page))

    async def _record(self, socket: Socket, reason: LeaveReason) -> None:
        try:
            await self.ledger.leave(socket.id, reason)
        except DatabaseError:
            return

    async def end(self, room: Room, by: str) -> None:
        async with self._turn(room):
            try:
                view = await self.ledger.running(SITE, room.id)
                if view is None:
                    return
                await self.ledger.end(SITE, view.id, by)
                room.truth.ended.append(self.world.now_us)
                room.truth.enders.add(by)
            except DatabaseError:
                return
            self.put_out(room)

    def put_out(self, room: Room) -> None:
        for socket in room.inside.values():
            socket.tell(socket.page.told_that_it_ended)
        room.inside.clear()

    async def contact(self, socket: Socket, session: str, contacts: Sequence[Contact]) -> None:
        try:
            await self.ledger.contact(SITE, socket.page.person, socket.id, session, contacts)
        except DatabaseError:
            socket.tell(socket.page.journal.not_taken)
        except Refusal:
            return

    async def path(self, socket: Socket, up: bool) -> None:
        try:
            await self.ledger.path(socket.id, up=up)
        except (DatabaseError, Refusal):
            return

    def _turn(self, room: Room) -> asyncio.Lock:
        return self._turns.setdefault(room, asyncio.Lock())
