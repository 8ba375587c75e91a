"""The snapshot law: a snapshot, and what was told since, is what a fresh snapshot says; whatever
two people do on several pages each, and whatever becomes of the hints between them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chat.service import Chat
from protocol.errors import Refusal
from protocol.types import EMOJIS, Emoji
from tests.support.app import App, Page
from tests.support.copy import Copy
from tests.support.databases import sqlite_copy
from tests.support.wire import Socket

T = TypeVar("T")
PAGES_EACH = 2
PAGE = st.integers(0, 2 * PAGES_EACH - 1)
SEQ = st.integers(1, 8)
ON = st.booleans()
EMOJI = st.sampled_from(EMOJIS[:2])
Change = Callable[[Chat, str, str, str], Awaitable[object]]
"""What somebody does, past their page: with site, conversation and person."""


@dataclass
class Device:
    """A page of somebody, with what it holds; without a socket while it is away."""

    page: Page
    copy: Copy
    socket: Socket | None = None

    def take_in(self) -> None:
        if self.socket is not None:
            frames, self.socket.frames = self.socket.frames, []
            for frame in frames:
                self.copy.apply(frame)


class Hints:
    """The bus between the rooms and the sockets, which loses, doubles and delays."""

    def __init__(self, publish: Callable[[str, bytes], None]) -> None:
        self._publish = publish
        self._held: list[tuple[str, bytes]] = []
        self.mode = "pass"

    def __call__(self, topic: str, payload: bytes) -> None:
        hint = topic, payload
        if not topic.startswith("conversation:") or self.mode in ("pass", "double"):
            self._publish(*hint)
        if topic.startswith("conversation:") and self.mode in ("double", "hold"):
            self._held.append(hint)

    def let_go(self) -> None:
        """What was held comes, the newest first."""
        self.mode = "pass"
        while self._held:
            self._publish(*self._held.pop())


class Between:
    """Something that happens while the answer to a question to the table is on its way."""

    def __init__(self, chat: Chat) -> None:
        self._chat = chat
        self.happens: Callable[[], Awaitable[object]] | None = None
        for name in ("summaries", "page", "since"):
            setattr(chat, name, self._after(getattr(chat, name)))

    def _after(self, ask: Callable[..., Awaitable[T]]) -> Callable[..., Awaitable[T]]:
        async def asked(*args: Any, **kwargs: Any) -> T:
            answer = await ask(*args, **kwargs)
            happens, self.happens = self.happens, None
            if happens is not None:
                await happens()
            return answer

        return asked


class World:
    """One server, for all the pairs that are tried on it."""

    def __init__(self, app: App, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self.app, self.run = app, run
        services = app.house.services
        self.chat, self.site = services.chat, services.people.home_site
        self.between = Between(services.chat)
        self.hints = Hints(services.bus.publish)
        services.bus.publish = self.hints  # type: ignore[method-assign]


@pytest.fixture
def world(migrated_sqlite: Path, tmp_path: Path) -> Iterator[World]:
    with asyncio.Runner() as runner:
        app = App.over(sqlite_copy(migrated_sqlite, tmp_path / "data"))
        runner.run(app.__aenter__())
        yield World(app, runner.run)
        runner.run(app.__aexit__(None, None, None))


def send(number: int, reply_to: int | None) -> Change:
    async def change(chat: Chat, site: str, talk: str, person: str) -> None:
        await chat.send(site, talk, person, f"message-{number}", f"words {number}", reply_to)

    return change


def edit(number: int, seq: int) -> Change:
    return lambda chat, *where: chat.edit(*where, f"change-{number}", seq, f"edited {number}")


def delete(seq: int) -> Change:
    return lambda chat, *where: chat.delete(*where, seq)


def react(seq: int, emoji: Emoji, on: bool) -> Change:
    return lambda chat, *where: chat.react(*where, seq, emoji, on=on)


def pin(seq: int, on: bool) -> Change:
    return lambda chat, *where: chat.pin(*where, seq, on=on)


def mark(seq: int, read: bool) -> Change:
    if read:
        return lambda chat, *where: chat.mark(*where, read=seq)
    return lambda chat, *where: chat.mark(*where, delivered=seq)


CHANGES = st.integers(0, 10**9).flatmap(
    lambda number: st.one_of(
        st.builds(send, st.just(number), st.none() | SEQ),
        st.builds(edit, st.just(number), SEQ),
        st.builds(delete, SEQ),
        st.builds(react, SEQ, EMOJI, ON),
        st.builds(pin, SEQ, ON),
        st.builds(mark, SEQ, ON),
    )
)
WHO = st.integers(0, 1)


def plain(view: msgspec.Struct) -> dict[str, Any]:
    """As a client reads it."""
    read: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(view))
    return read


def machine(world: World) -> type[RuleBasedStateMachine]:
    """What two people do in a conversation of theirs in that world."""
    app = world.app

    class Conversation(RuleBasedStateMachine):
        devices: list[Device]

        @initialize(who=WHO, count=st.integers(0, 6))
        def begin(self, who: int, count: int) -> None:
            world.run(self._begin(who, count))

        async def _begin(self, who: int, count: int) -> None:
            await app.clock.advance(60)  # nobody does too much
            pair = await app.pair()
            self.devices = []
            for number in range(2 * PAGES_EACH):
                page = replace(pair[number % 2], tab=f"tab-number-{number}")
                self.devices.append(Device(page, Copy(page.person)))
            for number in range(count):
                await self._do(who, send(10**9 + 1 + number, None))
            for device in self.devices[:3]:
                await self._connect(device)

        # ---- what can happen -------------------------------------------------------------------

        @rule(who=WHO, change=CHANGES, hint=st.sampled_from(["pass", "pass", "double", "hold"]))
        def somebody_changes_something(self, who: int, change: Change, hint: str) -> None:
            world.hints.mode = hint
            world.run(self._do(who, change))
            world.hints.let_go()

        @rule(changes=st.lists(st.tuples(WHO, CHANGES), min_size=2, max_size=4), hold=ON)
        def several_things_at_once(self, changes: list[tuple[int, Change]], hold: bool) -> None:
            world.hints.mode = "hold" if hold else "pass"

            async def all_of_them() -> None:
                await asyncio.gather(*(self._do(*each) for each in changes))

            world.run(all_of_them())
            world.hints.let_go()

        @rule(who=WHO, change=CHANGES)
        def a_hint_is_lost_until_a_beat_tells(self, who: int, change: Change) -> None:
            world.hints.mode = "lose"
            world.run(self._do(who, change))
            world.hints.mode = "pass"
            world.run(app.advance(10))

        @rule(which=PAGE, who=WHO, change=CHANGES)
        def a_page_comes_back_while_something_changes(
            self, which: int, who: int, change: Change
        ) -> None:
            device = self.devices[which]
            world.run(self._drop(device))
            world.between.happens = lambda: self._do(who, change)
            world.run(self._connect(device))
            world.between.happens = None

        @rule(which=PAGE)
        def a_page_is_cut_off(self, which: int) -> None:
            world.run(self._drop(self.devices[which]))

        @precondition(lambda self: any(each.socket for each in self.devices))
        @rule(
            which=PAGE,
            who=WHO,
            change=CHANGES,
            query=st.sampled_from(["before", "after", "around", "newest"]),
            seq=SEQ,
        )
        def a_page_looks_back_while_something_changes(
            self, which: int, who: int, change: Change, query: str, seq: int
        ) -> None:
            device = self.devices[which]
            if device.socket is not None:
                asked = {} if query == "newest" else {query: seq}
                world.run(self._look(device, asked, who, change))

        # ---- how -------------------------------------------------------------------------------

        async def _do(self, who: int, change: Change) -> None:
            page = self.devices[who].page
            with suppress(Refusal):  # it is not there, not theirs, or gone
                await change(world.chat, world.site, page.conversation, page.person)

        async def _connect(self, device: Device) -> None:
            page, copy = device.page, device.copy
            device.socket = await page.connect(cursors={page.conversation: copy.cursor})
            (view,) = device.socket.opened["mentorships"]
            copy.open(view)

        async def _drop(self, device: Device) -> None:
            if device.socket is not None:
                await app.settle()
                device.take_in()
                await device.socket.finish()
                device.socket = None

        async def _look(
            self, device: Device, query: dict[str, int], who: int, change: Change
        ) -> None:
            assert device.socket is not None
            await app.settle()
            device.take_in()
            world.between.happens = lambda: self._do(who, change)
            device.socket.send(
                "chat.fetch", conversation=device.page.conversation, limit=3, **query
            )
            await app.settle()
            world.between.happens = None
            # What the page brought is taken as by somebody who held nothing before.
            stranger = Copy(device.page.person, revision=device.copy.revision)
            for frame in device.socket.frames:
                stranger.apply(frame)
            device.take_in()
            device.copy.messages.update(stranger.messages)

        # ---- what holds ------------------------------------------------------------------------

        @invariant()
        def every_copy_is_as_a_fresh_snapshot(self) -> None:
            if hasattr(self, "devices"):
                world.run(self._compare())

        async def _compare(self) -> None:
            await app.settle()
            page = self.devices[0].page
            whole = await world.chat.page(world.site, page.conversation, limit=200)
            messages = [plain(message) for message in whole.messages]
            fresh = await self._snapshots()
            for device in self.devices:
                if device.socket is None:
                    continue
                device.take_in()
                assert device.socket.close_code is None
                told = device.copy.view()
                snapshot = fresh[device.page.person]
                assert told == {name: snapshot[name] for name in told}
                held = device.copy.messages
                assert [held[seq] for seq in sorted(held)] == messages

        async def _snapshots(self) -> dict[str, dict[str, Any]]:
            """What each of the two would be shown now."""
            found = {}
            for device in self.devices[:2]:
                page, views = device.page, app.house.services.views
                there = await app.house.mentoring.find(world.site, "mentorship", page.mentorship)
                assert there is not None
                (view,) = await views.mentorships(world.site, page.person, [there])
                found[page.person] = plain(view)
            return found

        def teardown(self) -> None:
            async def finish() -> None:
                for device in getattr(self, "devices", []):
                    await self._drop(device)
                app.sockets.clear()

            world.run(finish())

    return Conversation


def test_a_copy_is_as_a_fresh_snapshot_whatever_happens(world: World) -> None:
    run_state_machine_as_test(
        machine(world),
        settings=settings(
            max_examples=10,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
