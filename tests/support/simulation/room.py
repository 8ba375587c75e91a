"""A room of a simulation: its two people, what befalls them, drawn in advance, and the ways between
them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from functools import partial
from itertools import starmap
from typing import TYPE_CHECKING

from protocol.terms import Terms
from runtime.database import DatabaseUnavailable
from tests.support.contact import Beat, Claim, Journal
from tests.support.ledger import SECOND, SITE, name
from tests.support.simulation.page import LIES, Liar, Machine, Page
from tests.support.simulation.truth import ROLES, Truth

if TYPE_CHECKING:
    from tests.support.simulation.server import Server, Socket
    from tests.support.simulation.world import World

CLOSERS = 10
RELOAD_US = SECOND // 2

TERMS = (
    Terms(),
    Terms(currency="EUR", rate_minor=6000, grace_us=0, unit_us=SECOND),
    Terms(currency="EUR", rate_minor=6000),
    Terms(currency="EUR", rate_minor=6000, counts="room", grace_us=0, unit_us=SECOND),
)
BOOKED = Terms(
    currency="EUR",
    rate_minor=6000,
    grace_us=5 * SECOND,
    early_us=5 * SECOND,
    minimum_us=60 * SECOND,
    cap_us=100 * SECOND,
    unit_us=SECOND,
    late_counts=True,
    no_show_after_us=20 * SECOND,
    no_show_share=500_000,
)
LATE_US = 30 * SECOND

ENDS = ("both leave", "one ends", "all close at once", "both crash", "one stays")


class Room:
    """A pair, what befalls them, and what really happened."""

    def __init__(self, world: World, number: int) -> None:
        dice = world.dice
        self.world, self.number = world, number
        self.id, self.mentorship = name("room", number), name("men", number)
        self.people = {role: name("per", 2 * number + n) for n, role in enumerate(ROLES)}
        self.machines = {role: Machine(dice) for role in ROLES}
        self.terms = dice.choice(TERMS)
        self.meeting: tuple[int, int] | None = None
        self.path_up = True
        self.pages: list[Page] = []
        self.inside: dict[str, Socket] = {}
        self.truth = Truth()
        self.liar, self.lie = "", ""
        if dice.random() < 0.3:
            self.liar, self.lie = dice.choice(ROLES), dice.choice(LIES)
        self._broken_us = 0
        self._journals = {role: Journal() for role in ROLES}
        self._plan()

    def __hash__(self) -> int:
        return id(self)

    def __repr__(self) -> str:
        lie = f", the {self.liar} {self.lie}" if self.lie else ""
        return f"room {self.number}{lie}: {', '.join(self.truth.faults) or 'no faults'}"

    # ---- its story, drawn in advance ------------------------------------------------------------

    def _plan(self) -> None:
        world, dice = self.world, self.world.dice
        begin_us = dice.randrange(30 * SECOND)
        length_us = dice.randrange(40 * SECOND, 150 * SECOND)
        if dice.random() < 0.25 or self.number % 4 == 3:
            start_us = world.clock.wall_us() + begin_us
            self.meeting = start_us // SECOND * SECOND, dice.randrange(60, 300) * SECOND
        opens_us = {role: begin_us + dice.randrange(15 * SECOND) for role in ROLES}
        if self.meeting and self.number % 2:
            self.terms = BOOKED
            opens_us["mentee"] += LATE_US
            if self.number % 4 == 1:  # does not come, unless a fault has them open the page
                del opens_us["mentee"]
            elif dice.random() < 0.5:
                at_us = opens_us["mentee"] + dice.randrange(8 * SECOND, 50 * SECOND)
                for_us = dice.randrange(10 * SECOND, 40 * SECOND)
                self._ends_while_away(at_us, for_us)
                length_us = max(length_us, at_us + for_us - begin_us)
        for role, at_us in opens_us.items():
            world.at(at_us, self._opener(role))
        faults: list[Callable[[int, int], None]] = [
            self._line_breaks,
            self._path_breaks,
            self._all_breaks,
            self._page_crashes,
            self._machine_sleeps,
            self._second_tab,
            self._reloads,
        ]
        for _ in range(dice.choice((0, 0, 1, 2, 3))):
            at_us = begin_us + dice.randrange(15 * SECOND, length_us)
            dice.choice(faults)(at_us, dice.choice((3, 10, 30)) * dice.randrange(1, SECOND))
        self._close(begin_us + length_us + 20 * SECOND)

    def _opener(self, role: str) -> Callable[[], Awaitable[None]]:
        async def open_page() -> None:
            self.open_page(role)

        return open_page

    def open_page(self, role: str) -> None:
        journal = self._journals[role]
        page = (
            Liar(self, role, journal, self.lie) if role == self.liar else Page(self, role, journal)
        )
        self.pages.append(page)
        page.start()

    def current(self, role: str) -> list[Page]:
        return [each for each in self.pages if each.role == role and not each.done]

    def _sides(self) -> list[str]:
        """One side or both."""
        return list(self.world.dice.choice((ROLES[:1], ROLES[1:], ROLES)))

    def _line_breaks(self, at_us: int, for_us: int) -> None:
        sides = self._sides()
        self.truth.faults.append(f"line of {sides} away at {at_us} for {for_us}")
        for role in sides:
            self._while(at_us, for_us, partial(self.set_line, role))

    def _path_breaks(self, at_us: int, for_us: int) -> None:
        self.truth.faults.append(f"path away at {at_us} for {for_us}")
        self._while(at_us, for_us, self.set_path)

    def _all_breaks(self, at_us: int, for_us: int) -> None:
        self._line_breaks(at_us, for_us)
        self._path_breaks(at_us, for_us)

    def _ends_while_away(self, at_us: int, for_us: int) -> None:
        """The two talk on while neither reaches the server. When they do again, the session has
        just been ended from elsewhere: what proves that time they hand in once the next has
        begun."""
        self.truth.faults.append(f"lines away at {at_us} for {for_us}, and it is ended meanwhile")

        async def end() -> None:
            if self.world.server is not None:
                await self.world.server.end(self, self.people["mentee"])

        for role in ROLES:
            self._while(at_us, for_us, partial(self.set_line, role))
        self.world.at(at_us + for_us, end)

    def _page_crashes(self, at_us: int, for_us: int) -> None:
        role, back = self.world.dice.choice(ROLES), self.world.dice.random() < 0.7
        kept = self.world.dice.random() < 0.7
        self.truth.faults.append(f"{role} crashes at {at_us}, back={back}, storage={kept}")

        async def crash() -> None:
            for page in self.current(role):
                page.crash()
            if not kept or not back:
                self.truth.lost.add(role)
                self._journals[role] = Journal()

        self.world.at(at_us, crash)
        if back:
            self.world.at(at_us + for_us, self._opener(role))

    def _machine_sleeps(self, at_us: int, for_us: int) -> None:
        role = self.world.dice.choice(ROLES)
        self.truth.faults.append(f"{role} sleeps at {at_us} for {for_us}")
        self._while(at_us, for_us, partial(self.set_awake, role))

    def _second_tab(self, at_us: int, for_us: int) -> None:
        """It has a storage of its own."""
        role = self.world.dice.choice(ROLES)
        self.truth.faults.append(f"second tab of {role} at {at_us}")

        async def open_another() -> None:
            self._journals[role] = Journal()
            self.open_page(role)

        self.world.at(at_us, open_another)

    def _reloads(self, at_us: int, for_us: int) -> None:
        """With a goodbye."""
        role = self.world.dice.choice(ROLES)
        self.truth.faults.append(f"{role} reloads at {at_us}")

        async def reload() -> None:
            for page in self.current(role):
                await page.say_goodbye()
                self.world.later(RELOAD_US, _crasher(page))

        self.world.at(at_us, reload)
        self.world.at(at_us + SECOND, self._opener(role))

    def _close(self, at_us: int) -> None:
        dice = self.world.dice
        how = dice.choice(
            ("both leave", "one ends", "all close at once", "both crash", "one stays")
        )
        self.truth.faults.append(f"{how} at {at_us}")

        async def leave() -> None:
            for page in self.pages:
                if not page.done:
                    await page.say_goodbye()

        async def end() -> None:
            if self.world.server is not None:
                await self.world.server.end(self, self.people[dice.choice(ROLES)])

        async def crash() -> None:
            for page in self.pages:
                if not page.done:
                    self.truth.lost.add(page.role)
                    page.crash()

        async def one_leaves() -> None:
            for page in self.current(dice.choice(ROLES)):
                await page.say_goodbye()

        if how == "one ends":
            self.world.at(at_us, end)
        elif how == "all close at once":
            self.world.at(at_us, self._close_at_once)
        elif how == "both crash":
            self.world.at(at_us, crash)
        elif how == "one stays":
            self.world.at(at_us, one_leaves)
        self.world.at(at_us + 60 * SECOND, leave)  # also whoever was away, or came in anew

    async def _close_at_once(self) -> None:
        """Both sides, the sweeper, and another node's, while contact is handed in."""
        if (server := self.world.server) is not None:
            with suppress(DatabaseUnavailable):  # it is killed at that moment
                await self._all_end(server)

    async def _all_end(self, server: Server) -> None:
        view = await server.ledger.running(SITE, self.id)
        if view is None:
            return
        for page in self.pages:
            if not page.done:
                await page.beat()
        ledgers = [server.ledger, server.another_ledger()]
        self.truth.enders.update(self.people.values())
        everybody: list[Awaitable[object]] = [
            ledger.end(SITE, view.id, person)
            for ledger in ledgers
            for person in self.people.values()
            for _ in range(CLOSERS // 4)
        ]
        if self.world.refused:
            ledgers.pop()  # it would take those for lost whose proof is not on disk
        everybody += [ledger.sweep() for ledger in ledgers]
        await asyncio.gather(
            *everybody, server.end(self, self.people["mentor"]), return_exceptions=True
        )
        if (await server.ledger.view(SITE, view.id)).state == "ended":
            server.put_out(self)

    def _while(self, at_us: int, for_us: int, switch: Callable[[bool], None]) -> None:
        """Off, then on again."""
        for on, when_us in ((False, at_us), (True, at_us + for_us)):

            async def turn(on: bool = on) -> None:
                switch(on)

            self.world.at(when_us, turn)

    # ---- its ways -------------------------------------------------------------------------------

    def set_line(self, role: str, up: bool) -> None:
        self.machines[role].line_up = up
        if up:
            self._wake(role)

    def set_awake(self, role: str, awake: bool) -> None:
        machine = self.machines[role]
        if machine.awake == awake:
            return
        machine.awake = awake
        if machine.clock_sleeps:
            machine.local_us += self.world.now_us if awake else -self.world.now_us
            for page in self.current(role):
                page.knows_time = False
        if awake:
            self._wake(role)

    def _wake(self, role: str) -> None:
        for server in self.world.servers:
            for socket in server.sockets:
                if socket.page.room is self and socket.page.role == role:
                    socket.line_is_back()
        self._let_through()

    def set_path(self, up: bool) -> None:
        self.path_up = up
        if up:
            self._let_through()

    def carry(self, from_: Page, to: Page, said: Beat | Claim) -> None:
        to.waiting.append((from_, said))
        if to.runs and self.path_up:
            self.world.soon(partial(self._hear, to))

    async def _hear(self, page: Page) -> None:
        if not page.runs or not self.path_up:
            return
        said, page.waiting = page.waiting, []
        for other, each in said:
            page.heard(other, each)

    def _let_through(self) -> None:
        for page in self.pages:
            if page.runs and self.path_up:
                self.world.soon(partial(self._hear, page))

    # ---- what really happens --------------------------------------------------------------------

    def look(self, now_us: int) -> None:
        truth = self.truth
        for role in ROLES:
            pages = [each for each in self.pages if each.role == role]
            truth.here[role].set(any(page.here for page in pages), now_us)
            truth.linked[role].set(any(page.linked for page in pages), now_us)
            truth.down[role].set(not self.path_up, now_us)
        contacts = list(self._in_contact()) if self.path_up else []
        truth.contact.set(bool(contacts), now_us)
        truth.provable.set(any(starmap(_believe_each_other, contacts)), now_us)

    def _in_contact(self) -> Iterable[tuple[Page, Page]]:
        for page in self.pages:
            if page.role == ROLES[0] and page.here:
                for other in page.exchanges:
                    if other.here and page in other.exchanges:
                        yield page, other


def _believe_each_other(page: Page, other: Page) -> bool:
    """Each knows of the same session, and what time it is."""
    same = page.exchanges[other].session == other.exchanges[page].session
    return same and page.knows_time and other.knows_time


def _crasher(page: Page) -> Callable[[], Awaitable[None]]:
    async def crash() -> None:
        page.crashed = True
        page.socket = None

    return crash
