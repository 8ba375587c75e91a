"""The pages of a simulation, which behave as web/client does; and those of liars."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from protocol.types import BEAT_INTERVAL_US
from tests.support.contact import (
    APART_US,
    DEAF_AFTER_US,
    HAND_IN_BEATS,
    Beat,
    Claim,
    Exchange,
    Journal,
    ServerClock,
)
from tests.support.ledger import SECOND, PageKey

if TYPE_CHECKING:
    from tests.support.simulation.room import Room
    from tests.support.simulation.server import Server, Socket

HOUR = 3600 * SECOND
PATH_BROKEN_US = 2 * SECOND


class Machine:
    """Somebody's computer: its line to the server, and whether it is awake."""

    def __init__(self, dice: random.Random) -> None:
        self.line_up = self.awake = True
        self.local_us = dice.randrange(HOUR)
        """What its clock is ahead of the world's; behind by what it slept, if that stops it."""
        self.clock_sleeps = dice.random() < 0.5


class Page:
    """A tab in a call, from its first join to its end."""

    def __init__(self, room: Room, role: str, journal: Journal) -> None:
        self.world, self.room, self.role = room.world, room, role
        self.person = room.people[role]
        self.machine = room.machines[role]
        self.journal = journal
        self.key = PageKey()
        self.recorded = self.crashed = self.over = self._joined = False
        self.knows_time = True
        """Not once its machine has slept, and its clock with it, until the server answers."""
        self.session: str | None = None
        self.socket: Socket | None = None
        self.exchanges: dict[Page, Exchange] = {}
        self.waiting: list[tuple[Page, Beat | Claim]] = []
        self._clock = ServerClock()
        self._beats = self._heard_us = self._dial_us = 0
        self._sent_at: dict[int, int] = {}
        self._told_path: bool | None = None
        self._broken_since: int | None = None

    def __hash__(self) -> int:
        return id(self)

    @property
    def local_us(self) -> int:
        return self.world.now_us + self.machine.local_us

    @property
    def server_us(self) -> int | None:
        return self._clock.server_us(self.local_us)

    @property
    def runs(self) -> bool:
        return self.machine.awake and not self.crashed

    @property
    def here(self) -> bool:
        return self.recorded and self.runs and not self.over

    @property
    def linked(self) -> bool:
        inside = self.room.inside.get(self.role)
        return self.here and inside is not None and inside is self.socket and self.machine.line_up

    @property
    def done(self) -> bool:
        return self.crashed or (self.over and not self.journal.entries)

    def start(self) -> None:
        self.world.every(BEAT_INTERVAL_US, self.beat, lambda: not self.done)

    # ---- the socket ----------------------------------------------------------------------------

    def _connect(self) -> None:
        server = self.world.server
        if server is None or not self.machine.line_up or self.world.now_us < self._dial_us:
            return
        self.socket = server.dial(self)
        self._heard_us = self.world.now_us
        self._clock.renew()
        self._sent_at.clear()
        self._told_path = None
        self._send_beat(server, self.socket)
        if self.over:
            self._hand_in()
        else:
            self._send_join(server, self.socket)

    def _send_join(self, server: Server, socket: Socket) -> None:
        self._joined = False
        socket.send(lambda: server.join(socket))

    def cut_off(self) -> None:
        self.socket = None
        self._joined = False
        self._dial_us = self.world.now_us + self.world.dice.randrange(SECOND // 2, 3 * SECOND)
        self.journal.not_taken()

    def join_refused(self) -> None:
        self.world.later(2 * SECOND, self._join_again)

    async def _join_again(self) -> None:
        if self.socket is not None and not self._joined and not self.over and self.runs:
            self._send_join(self.socket.server, self.socket)

    def _send_beat(self, server: Server, socket: Socket) -> None:
        self._beats += 1
        n = self._beats
        self._sent_at[n] = self.local_us
        socket.send(lambda: server.beat(socket, n))

    def acknowledged(self, n: int, server_us: int) -> None:
        self._heard_us = self.world.now_us
        self.knows_time = True
        if n in self._sent_at:
            self._clock.exchange(self._sent_at.pop(n), server_us, self.local_us)
        self.journal.acknowledged(n)

    # ---- the call ------------------------------------------------------------------------------

    @property
    def announced(self) -> PageKey:
        return self.key

    def joined(self, session: str, others: Iterable[Page]) -> None:
        if self.over:
            return
        self._joined = True
        self.session = session
        for other in others:
            self.met(session, other)
        for other in list(self.exchanges):
            if other.over or other.crashed:
                del self.exchanges[other]
        self._told_path = None
        self._hand_in()

    def met(self, session: str, other: Page) -> None:
        if self.over:
            return
        self.session = session
        for known in list(self.exchanges):
            if known.role == other.role and known is not other:
                del self.exchanges[known]
        self.exchanges.setdefault(other, Exchange(session, self.key, other.announced))
        for exchange in self.exchanges.values():
            exchange.meet(session)

    def parted(self, other: Page) -> None:
        self.exchanges.pop(other, None)

    async def beat(self) -> None:
        """Every two seconds."""
        if not self.runs:
            return
        if self.socket is not None and self.world.now_us - self._heard_us > DEAF_AFTER_US:
            self.cut_off()
        if self.socket is None:
            self._connect()
        else:
            self._send_beat(self.socket.server, self.socket)
        if self.over:
            self._hand_in()
            return
        for other, exchange in list(self.exchanges.items()):
            beat = exchange.beat(self.server_us)
            if beat is not None:
                self.say(other, beat)
        self._tell_path()
        if self._beats % HAND_IN_BEATS == 0:
            self._hand_in()

    def _tell_path(self) -> None:
        if not self.exchanges or self.socket is None or not self._joined:
            return
        if self.room.path_up:
            self._broken_since = None
        elif self._broken_since is None:
            self._broken_since = self.world.now_us
        broken = self._broken_since
        up = broken is None or self.world.now_us - broken <= PATH_BROKEN_US
        if up != self._told_path:
            self._told_path = up
            server, socket = self.socket.server, self.socket
            socket.send(lambda: server.path(socket, up))

    def _hand_in(self) -> None:
        if self.socket is None or not (self._joined or self.over):
            return
        for session, claims in self.journal.hand_in(self._beats).items():
            self.hand_over(session, claims)

    def hand_over(self, session: str, claims: Sequence[Claim]) -> None:
        """Now and then twice, or behind what comes later."""
        assert self.socket is not None
        server, socket, dice = self.socket.server, self.socket, self.world.dice

        async def handed() -> None:
            await server.contact(socket, session, [claim.contact for claim in claims])

        if dice.random() < 0.1:
            self.world.later(dice.randrange(5 * SECOND), handed)
        if dice.random() < 0.9:
            socket.send(handed)
        else:
            self.world.later(dice.randrange(5 * SECOND), handed)

    # ---- the other -----------------------------------------------------------------------------

    def say(self, other: Page, said: Beat | Claim) -> None:
        self.room.carry(self, other, said)

    def heard(self, other: Page, said: Beat | Claim) -> None:
        exchange = self.exchanges.get(other)
        if exchange is None or self.over:
            return
        if isinstance(said, Beat):
            claim = exchange.hear(said, self.server_us, self.local_us)
            if claim is not None:
                self.say(other, claim)
        elif exchange.check(said):
            self.journal.keep(said)

    # ---- the end -------------------------------------------------------------------------------

    def replaced(self) -> None:
        self._finish()

    def told_that_it_ended(self) -> None:
        self._finish()

    def _finish(self) -> None:
        self._hand_in()
        self.over = True
        self.exchanges.clear()

    async def say_goodbye(self) -> None:
        """Out of the call: hands in, says so, and stays open until the server has it all."""
        if self.over:
            return
        self.room.truth.goodbyes[self.role] += 1
        self._hand_in()
        if self.socket is not None:
            server, socket = self.socket.server, self.socket
            socket.send(lambda: server.leave(socket, "left"))
        self._finish()

    def crash(self) -> None:
        """The socket goes with it: the server hears of that if there is a line."""
        self.crashed = True
        self.exchanges.clear()
        if self.socket is not None:
            server, socket = self.socket.server, self.socket
            if self.world.dice.random() < 0.5:
                socket.send(lambda: server.hang_up(socket, "lost"))


class Liar(Page):
    """One who wants the other to pay for more, or wants to pay for less."""

    def __init__(self, room: Room, role: str, journal: Journal, lie: str) -> None:
        super().__init__(room, role, journal)
        self.lie = lie
        self.eve = PageKey()
        self._spoken: list[tuple[Page, Beat | Claim]] = []
        self._kept: list[Claim] = []

    @property
    def announced(self) -> PageKey:
        """Whose key it says is its own."""
        theirs = [each.key for each in self.room.pages if each.role != self.role]
        return theirs[-1] if self.lie == "impersonates" and theirs else self.key

    def say(self, other: Page, said: Beat | Claim) -> None:
        dice = self.world.dice
        if self.lie == "withholds signatures" and isinstance(said, Claim):
            return
        if self.lie == "withholds beats" and isinstance(said, Beat):
            return
        if self.lie == "back-dates" and isinstance(said, Beat):
            off_us = dice.choice((-APART_US, APART_US, -HOUR, HOUR)) * 9 // 10
            said = Beat(max(0, said.at_us + off_us))
        if self.lie == "inflates" and isinstance(said, Claim):
            by_us = dice.randrange(HOUR)
            said = replace(said, from_us=said.from_us - by_us, to_us=said.to_us + by_us)
        super().say(other, said)
        if self.lie == "replays":
            self._spoken.append((other, said))
            for _ in range(3):
                super().say(*dice.choice(self._spoken))

    def heard(self, other: Page, said: Beat | Claim) -> None:
        super().heard(other, said)
        if isinstance(said, Claim):
            self._kept.append(said)

    async def beat(self) -> None:
        await super().beat()
        if self.runs and self.socket is not None and self._kept:
            if self.lie == "inflates":
                self.hand_over(self._kept[-1].session, self._made_up())
            elif self.lie == "replays":
                old = self.world.dice.choices(self._kept, k=3)
                self.hand_over(self.session or old[0].session, old)

    def _made_up(self) -> list[Claim]:
        """That contact went on until now, and had begun before, whoever is there or not."""
        last, until_us = self._kept[-1], self.server_us or 0
        before_us = last.from_us - self.world.dice.randrange(HOUR)
        made_up: list[tuple[PageKey, PageKey | Claim]] = [
            (last.signer, self.key),
            (last.signer, self.eve),
            (last.signer, last),
            (self.key, self.key),
            (self.eve, self.eve),
        ]
        return [
            Claim(last.session, self.key, signer, start_us, until_us, last.beats, by)
            for signer, by in made_up
            for start_us in (before_us, last.from_us)
        ]

    def hand_over(self, session: str, claims: Sequence[Claim]) -> None:
        if self.lie != "withholds signatures":
            super().hand_over(session, claims)

    def _tell_path(self) -> None:
        if self.lie != "claims the path is down":
            return super()._tell_path()
        if self.socket is not None and self._told_path is not False and self._joined:
            self._told_path = False
            server, socket = self.socket.server, self.socket
            socket.send(lambda: server.path(socket, False))
        return None


LIES = (
    "inflates",
    "back-dates",
    "replays",
    "withholds signatures",
    "withholds beats",
    "claims the path is down",
    "impersonates",
)
