"""A machine for the snapshot law: a snapshot, and what was told since, is what a fresh snapshot
says; whatever two people do on several pages each, on one node or on two, and whatever becomes of
the hints between them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeVar, get_args

import msgspec
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
from mentoring.sansio.safety import shows
from protocol.errors import Refusal
from protocol.types import EMOJIS, Emoji
from tests.support.app import App, Page
from tests.support.copy import Copy
from tests.support.redis import RedisServer
from tests.support.wire import GUARD_S, Socket

T = TypeVar("T")
PAGES_EACH = 2
PAGE = st.integers(0, 2 * PAGES_EACH - 1)
SEQ = st.integers(1, 8)
ON = st.booleans()
ZONE = st.sampled_from(["Africa/Lagos", "Asia/Kathmandu", "Europe/Vienna"])
EMOJI = st.sampled_from(EMOJIS[:2])
Change = Callable[[Chat, str, str, str], Awaitable[object]]
"""What somebody does, past their page: with site, conversation and person."""
Verb = Literal["block", "unblock", "hide", "show"]


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
    """One server or two, for all the pairs that are tried on it: the second page of each of the two
    is on the other node than the first."""

    def __init__(
        self,
        apps: list[App],
        run: Callable[[Coroutine[Any, Any, Any]], Any],
        redis: RedisServer | None = None,
    ) -> None:
        self.apps, self.run, self.redis = apps, run, redis
        self.site = apps[0].house.services.people.home_site
        self.between = [Between(app.house.services.chat) for app in apps]
        self.hints = []
        for app in apps:
            bus = app.house.services.bus
            self.hints.append(Hints(bus.publish))
            bus.publish = self.hints[-1]  # type: ignore[method-assign]
        self.harm = ""

    @property
    def one_node(self) -> App | None:
        """Whose time is a test's to move."""
        return self.apps[0] if self.redis is None else None

    def hint(self, mode: str) -> None:
        for hints in self.hints:
            hints.mode = mode

    async def let_go(self) -> None:
        for hints in self.hints:
            hints.let_go()

    def meanwhile(self, happens: Callable[[], Awaitable[object]] | None) -> None:
        for between in self.between:
            between.happens = happens

    async def settle(self) -> None:
        for app in self.apps:
            await app.settle()

    async def glance(self) -> None:
        """What beats and glances bring in a while."""
        if self.one_node is not None:
            await self.one_node.advance(10)
            return
        for app in self.apps:
            await app.house.standings.all()

    async def rest(self) -> None:
        """Nobody has done too much."""
        if self.one_node is not None:
            await self.one_node.clock.advance(60)

    async def pages(self) -> list[Page]:
        """Of two people in turn."""
        links = await self.apps[0].begin()
        pages = []
        for number in range(2 * PAGES_EACH):
            at = (number % 2 + number // 2) % len(self.apps)
            tab = f"tab-{links[0][-8:]}-{number}"
            pages.append(await self.apps[at].open(links[number % 2], tab))
        return pages

    async def until(self, differs: Callable[[], object]) -> None:
        """On one node nothing is under way; between two it takes a while."""
        if self.one_node is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(GUARD_S):
                    while differs():  # noqa: ASYNC110 - nobody tells when it is so
                        await asyncio.sleep(0.02)
        assert not (found := differs()), found

    def damage(self, harm: str) -> None:
        assert self.redis is not None
        self.mend()
        getattr(self.redis, harm)()
        self.harm = harm

    def mend(self) -> None:
        if self.redis is not None:
            if self.harm == "kill":
                self.redis.start()
            self.redis.go_on()
        self.harm = ""


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


def with_presence(view: dict[str, Any]) -> dict[str, Any]:
    """As a copy holds it: two clocks may say when somebody went."""
    members = {
        member["person"]["id"]: (member["presence"], member.get("seen_us") is not None)
        for member in view["members"]
    }
    persons = {member["person"]["id"]: member["person"] for member in view["members"]}
    return {"blocked_by_me": False, **view, "members": members, "persons": persons}


def machine(world: World) -> type[RuleBasedStateMachine]:
    """What two people do in a conversation of theirs in that world."""

    class Conversation(RuleBasedStateMachine):
        devices: list[Device]

        @initialize(who=WHO, count=st.integers(0, 6))
        def begin(self, who: int, count: int) -> None:
            world.run(self._begin(who, count))

        async def _begin(self, who: int, count: int) -> None:
            await world.rest()
            self.devices = [Device(page, Copy(page.person)) for page in await world.pages()]
            for number in range(count):
                await self._do(who, send(10**9 + 1 + number, None))
            for device in self.devices[:3]:
                await self._connect(device)

        # ---- what can happen -------------------------------------------------------------------

        @rule(who=WHO, change=CHANGES, hint=st.sampled_from(["pass", "pass", "double", "hold"]))
        def somebody_changes_something(self, who: int, change: Change, hint: str) -> None:
            world.hint(hint)
            world.run(self._do(who, change))
            world.run(world.let_go())

        @rule(changes=st.lists(st.tuples(WHO, CHANGES), min_size=2, max_size=4), hold=ON)
        def several_things_at_once(self, changes: list[tuple[int, Change]], hold: bool) -> None:
            world.hint("hold" if hold else "pass")

            async def all_of_them() -> None:
                await asyncio.gather(*(self._do(*each) for each in changes))

            world.run(all_of_them())
            world.run(world.let_go())

        @rule(who=WHO, change=CHANGES)
        def a_hint_is_lost_until_a_beat_tells(self, who: int, change: Change) -> None:
            world.hint("lose")
            world.run(self._do(who, change))
            world.hint("pass")
            world.run(world.glance())

        @rule(
            which=PAGE, verb=st.sampled_from(get_args(Verb)), hint=st.sampled_from(["pass", "lose"])
        )
        def somebody_sets_bounds(self, which: int, verb: Verb, hint: str) -> None:
            world.hint(hint)
            world.run(self._bound(self.devices[which].page, verb))
            world.hint("pass")
            world.run(world.glance())  # also what was written while one knew nothing of the other

        @rule(which=PAGE, zone=ZONE)
        def somebody_goes_by_another_clock(self, which: int, zone: str) -> None:
            world.run(self._move(self.devices[which].page, zone))

        @precondition(lambda self: world.redis is not None)
        @rule(harm=st.sampled_from(["flush", "kill", "pause", ""]), who=WHO, change=CHANGES)
        def redis_is_harmed(self, harm: str, who: int, change: Change) -> None:
            if harm:
                world.damage(harm)
            else:
                world.mend()
            world.run(self._do(who, change))

        @rule(which=PAGE, who=WHO, change=CHANGES)
        def a_page_comes_back_while_something_changes(
            self, which: int, who: int, change: Change
        ) -> None:
            device = self.devices[which]
            world.run(self._drop(device))
            world.meanwhile(lambda: self._do(who, change))
            world.run(self._connect(device))
            world.meanwhile(None)

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
            chat = page.app.house.services.chat
            with suppress(Refusal):  # it is not there, not theirs, or gone
                await change(chat, world.site, page.conversation, page.person)

        async def _bound(self, page: Page, verb: Verb) -> None:
            if verb in ("block", "unblock"):
                path, wish = f"/v1/mentorships/{page.mentorship}/block", {"on": verb == "block"}
            else:
                path, wish = "/v1/me/seen", {"hidden": verb == "hide"}
            answer = await page.post(path, json=wish)
            assert answer.is_success, answer.text

        async def _move(self, page: Page, zone: str) -> None:
            answer = await page.post("/v1/me/zone", json={"zone": zone})
            assert answer.is_success, answer.text

        async def _connect(self, device: Device) -> None:
            page, copy = device.page, device.copy
            device.socket = await page.connect(cursors={page.conversation: copy.cursor})
            (view,) = device.socket.opened["mentorships"]
            copy.open(view)

        async def _drop(self, device: Device) -> None:
            if device.socket is not None:
                await world.settle()
                device.take_in()
                await device.socket.finish()
                device.socket = None

        async def _look(
            self, device: Device, query: dict[str, int], who: int, change: Change
        ) -> None:
            assert device.socket is not None
            await world.settle()
            device.take_in()
            world.meanwhile(lambda: self._do(who, change))
            device.socket.send(
                "chat.fetch", conversation=device.page.conversation, limit=3, **query
            )
            await device.socket.beat()  # answered behind the page
            await world.settle()
            world.meanwhile(None)
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
            await world.settle()
            page, chat = self.devices[0].page, world.apps[0].house.services.chat
            whole = await chat.page(world.site, page.conversation, limit=200)
            messages = [plain(message) for message in whole.messages]
            await world.until(lambda: self._differences(messages))
            fresh = [await self._snapshot(device.page) for device in self.devices]
            await world.until(lambda: self._other_views(fresh))

        def _differences(self, messages: list[dict[str, Any]]) -> object:
            """Of the messages that some page holds."""
            for device in self._open():
                held = device.copy.messages
                if (mine := [held[seq] for seq in sorted(held)]) != messages:
                    return mine, messages
            return None

        def _other_views(self, fresh: list[dict[str, Any]]) -> object:
            """Of what the pages would show beside them."""
            for device, snapshot in zip(self.devices, fresh, strict=True):
                if device.socket is not None and device in self._open():
                    told = device.copy.view()
                    now = {name: snapshot[name] for name in told}
                    # What one knew of the other before they blocked stays on the page, whether it
                    # was heard or not how far they had got then.
                    for each in (told, now):
                        marks = each["marks"]
                        each["marks"] = [m for m in marks if m["person"] in snapshot["shown"]]
                    if told != now:
                        return told, now
            return None

        def _open(self) -> list[Device]:
            for device in self.devices:
                assert device.socket is None or device.socket.close_code is None
                device.take_in()
            return [device for device in self.devices if device.socket is not None]

        async def _snapshot(self, page: Page) -> dict[str, Any]:
            """What somebody would be shown now by the node of that page."""
            house = page.app.house
            there = await house.mentoring.find(world.site, "mentorship", page.mentorship)
            assert there is not None
            (view,) = await house.services.views.mentorships(world.site, page.person, [there])
            bounds = (await house.services.safety.of(world.site, [there.id]))[there.id]
            shown = [who for who in there.roles if shows(bounds, who, page.person)]
            return {**with_presence(plain(view)), "shown": shown}

        def teardown(self) -> None:
            async def finish() -> None:
                for device in getattr(self, "devices", []):
                    await self._drop(device)
                for app in world.apps:
                    app.sockets.clear()

            world.mend()
            world.run(finish())

    return Conversation


def hold(world: World, *, examples: int, steps: int) -> None:
    """Tries so many pairs."""
    run_state_machine_as_test(
        machine(world),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
