"""Stores messages and what becomes of them, hands out pages, and hints to whoever is connected."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from chat import change_tables, mark_tables, tables
from chat.batch import Batches, Told
from chat.batch_tables import Move, Send
from chat.change_tables import Changed
from chat.mark_tables import Standing, Summary
from chat.sansio.conversation import check_body, check_query, fit, fit_around
from protocol.codec import encode_for_all
from protocol.frames import ChatMessages, ChatReceipt, ChatTouched, ChatTyped
from protocol.types import PAGE_MAX, Emoji
from protocol.views import Mark, Message, MessageVersion
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.database import Database, Plan


def topic(site_id: str, conversation: str) -> str:
    """Where a conversation's hints travel: encoded `chat.messages`, `chat.touched`, `chat.typed`
    and `chat.receipt` frames."""
    return f"conversation:{site_id}:{conversation}"


@dataclass(frozen=True, slots=True)
class Missed:
    """A page of what somebody missed: either messages they hold that were touched, or new ones.
    `head` and `revision` are the conversation's, as it was read."""

    head: int
    revision: int
    touched: ChatTouched | None
    messages: ChatMessages | None


class Chat:
    """Conversations of all sites. Who may touch which is decided before it gets here. `written`
    hears of each that something was written in."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        bus: Bus,
        written: Callable[[str, str], None] = lambda site_id, conversation: None,
    ) -> None:
        self._database, self._clock, self._bus = database, clock, bus
        self._written = written
        self._batches = Batches(database, self._said, self._moved)

    # ---- saying --------------------------------------------------------------------------------

    @staticmethod
    def shut(
        site_id: str, conversation: str, codes: Mapping[str, str], unseen: Sequence[str]
    ) -> Plan[None]:
        """These persons' messages and changes are refused with these codes from when the
        transaction at hand is on disk; nothing of theirs is stored after it. Of the `unseen` is
        kept how far the others were told that they have got."""
        yield from tables.shut(site_id, conversation, codes)
        yield from mark_tables.keep(site_id, conversation, unseen)

    async def send(
        self,
        site_id: str,
        conversation: str,
        person: str,
        client_id: str,
        body: str,
        reply_to: int | None = None,
        *,
        shut: bool = False,
    ) -> Message:
        """The message as it is now; when this returns it is on disk. Sending the same again returns
        the same, whoever left or blocks since. Refuses with `message_empty`, `message_too_long`,
        `invalid_field`, `conflict`, `message_gone`. `shut`: it will be refused if it is new, so
        that is looked at before anything is written."""
        if reply_to is None and not shut:
            stored: asyncio.Future[Message] = asyncio.get_running_loop().create_future()

            def told(what: Message | Exception) -> None:
                if stored.done():  # nobody waits any more
                    return
                if isinstance(what, Exception):
                    stored.set_exception(what)
                else:
                    stored.set_result(what)

            self.take(site_id, conversation, person, client_id, body, told)
            return await stored
        check_body(body, client_id)
        what = (site_id, conversation, person, client_id, body, reply_to)
        if shut and (known := await self._database.read(tables.let_in, *what)):
            return known
        now_us = self._clock.wall_us()
        message, fresh = await self._database.write(tables.store, *what, now_us)
        if fresh:
            self._said(site_id, conversation, message)
        return message

    def take(
        self, site_id: str, conversation: str, person: str, client_id: str, body: str, told: Told
    ) -> None:
        """The same of a message that answers none, for who does not wait: `told` hears of it, after
        this has returned."""
        check_body(body, client_id)
        now_us = self._clock.wall_us()
        self._batches.send(Send(site_id, conversation, person, client_id, body, now_us), told)

    def _said(self, site_id: str, conversation: str, message: Message) -> None:
        self._written(site_id, conversation)
        self._hint(
            site_id,
            ChatMessages(
                conversation=conversation,
                head=message.seq,
                revision=message.revision,
                messages=(message,),
            ),
        )

    async def edit(
        self, site_id: str, conversation: str, person: str, change_id: str, seq: int, body: str
    ) -> Message:
        """The message with another text. Refuses as `send`, and with `not_found`, `not_yours`."""
        check_body(body, change_id)
        changed = await self._database.write(
            change_tables.edit,
            site_id,
            conversation,
            person,
            change_id,
            seq,
            body,
            self._clock.wall_us(),
        )
        return self._touched(site_id, conversation, changed)

    async def delete(self, site_id: str, conversation: str, person: str, seq: int) -> Message:
        """What is left of the message. Refuses with `not_found`, `not_yours`."""
        changed = await self._database.write(
            change_tables.remove, site_id, conversation, person, seq, self._clock.wall_us()
        )
        return self._touched(site_id, conversation, changed)

    async def react(
        self,
        site_id: str,
        conversation: str,
        person: str,
        seq: int,
        emoji: Emoji,
        *,
        on: bool,
        change_id: str | None = None,
    ) -> Message:
        """The message with the reaction, or without. The same `change_id` again changes nothing.
        Refuses with `not_found`, `message_gone`, and `conflict` when the id named another
        change."""
        changed = await self._database.write(
            change_tables.react,
            site_id,
            conversation,
            person,
            change_id,
            seq,
            emoji,
            self._clock.wall_us(),
            on=on,
        )
        return self._touched(site_id, conversation, changed)

    async def pin(
        self,
        site_id: str,
        conversation: str,
        person: str,
        seq: int,
        *,
        on: bool,
        change_id: str | None = None,
    ) -> Message:
        """The message with its pin, or without. The same `change_id` again changes nothing. Refuses
        as `react`, and with `too_many_pins`."""
        now_us = self._clock.wall_us()
        changed = await self._database.write(
            change_tables.pin, site_id, conversation, person, change_id, seq, now_us, on=on
        )
        return self._touched(site_id, conversation, changed)

    def typing(self, site_id: str, conversation: str, person: str, *, typing: bool) -> None:
        """Told to whoever is connected, and forgotten."""
        self._hint(site_id, ChatTyped(conversation=conversation, person=person, typing=typing))

    def _touched(self, site_id: str, conversation: str, changed: Changed) -> Message:
        message, changes = changed
        if changes:
            self._written(site_id, conversation)
            self._hint(
                site_id,
                ChatTouched(
                    conversation=conversation, revision=message.revision, messages=(message,)
                ),
            )
        return message

    def _hint(
        self, site_id: str, frame: ChatMessages | ChatTouched | ChatTyped | ChatReceipt
    ) -> None:
        self._bus.publish(topic(site_id, frame.conversation), encode_for_all(frame))

    # ---- reading -------------------------------------------------------------------------------

    async def page(
        self,
        site_id: str,
        conversation: str,
        *,
        before: int | None = None,
        after: int | None = None,
        around: int | None = None,
        at_us: int | None = None,
        limit: int,
    ) -> ChatMessages:
        """At most `limit` messages, and no more than fit a frame, before `before`, after `after`,
        around `around` or the one of the earliest time at or after `at_us`; none of them: the
        newest. Refuses with `invalid_field`."""
        check_query(before, after, around, at_us)
        if around is not None or at_us is not None:
            page, middle = await self._database.read(
                tables.page_around, site_id, conversation, around, at_us or 0, limit
            )
            kept = fit_around(page.messages, middle)
        else:
            page = await self._database.read(
                tables.page, site_id, conversation, before, after, limit
            )
            kept = fit(page.messages, keep_newest=after is None)
        return ChatMessages(
            conversation=conversation,
            head=page.head,
            revision=page.revision,
            messages=tuple(kept),
        )

    async def since(self, site_id: str, conversation: str, seq: int, revision: int) -> Missed:
        """The next page of what somebody misses who holds the messages up to `seq` as of
        `revision`. Those that were touched come first: then whoever has got part of it has all
        that they hold at least as it was at the revision they were told."""
        page, held = await self._database.read(
            tables.since, site_id, conversation, seq, revision, PAGE_MAX
        )
        kept = tuple(fit(page.messages, keep_newest=False))
        touched = messages = None
        if held:
            whole = len(kept) == len(page.messages) < PAGE_MAX
            told = page.revision if whole else kept[-1].revision
            touched = ChatTouched(conversation=conversation, revision=told, messages=kept)
        else:
            if page.revision > revision:
                touched = ChatTouched(
                    conversation=conversation, revision=page.revision, messages=()
                )
            if kept:
                messages = ChatMessages(
                    conversation=conversation,
                    head=page.head,
                    revision=page.revision,
                    messages=kept,
                )
        return Missed(page.head, page.revision, touched, messages)

    async def picked(
        self, site_id: str, conversation: str, seqs: Sequence[int]
    ) -> list[tuple[Message, tuple[MessageVersion, ...]]]:
        """Those of these messages that there are, in their order, each with how it read before,
        oldest first."""
        return await self._database.read(change_tables.with_earlier, site_id, conversation, seqs)

    async def versions(
        self, site_id: str, conversation: str, seq: int
    ) -> tuple[MessageVersion, ...]:
        """How a message has read, oldest first. Refuses with `not_found`."""
        return await self._database.read(change_tables.versions, site_id, conversation, seq)

    async def pins(self, site_id: str, conversation: str) -> tuple[int, list[Message]]:
        """The conversation's revision, and its pinned messages, newest pin first."""
        return await self._database.read(change_tables.pins, site_id, conversation)

    # ---- how far everybody has got ---------------------------------------------------------------

    async def mark(
        self, site_id: str, conversation: str, person: str, *, delivered: int = 0, read: int = 0
    ) -> None:
        """Moves a person's marks forwards, and tells who is connected."""
        delivered = max(delivered, read)
        if delivered > 0:
            move = Move(site_id, conversation, person, delivered, read)
            done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._batches.move(move, done)
            await done

    def delivered(self, site_id: str, conversation: str, person: str, seq: int) -> None:
        """Moves a person's mark of what was delivered, soon: nobody waits for that, and whoever
        says it says it again of the next message."""
        if seq > 0:
            self._batches.move(Move(site_id, conversation, person, seq, 0))

    def _moved(self, site_id: str, conversation: str, mark: Mark) -> None:
        self._hint(
            site_id,
            ChatReceipt(
                conversation=conversation,
                person=mark.person,
                delivered=mark.delivered,
                read=mark.read,
            ),
        )

    async def standings(self, site_id: str, conversations: Sequence[str]) -> dict[str, Standing]:
        """Each conversation that has any message."""
        return await self._database.read(mark_tables.standings, site_id, conversations)

    async def summaries(
        self, site_id: str, asked: Sequence[tuple[str, str]]
    ) -> dict[tuple[str, str], Summary]:
        """Of pairs of a conversation and a person each that has any message, as that person sees
        it."""
        return await self._database.read(mark_tables.summaries, site_id, asked)
