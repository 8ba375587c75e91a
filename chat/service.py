"""Stores messages, hands out pages, and hints to whoever is connected."""

from collections.abc import Callable, Sequence

from chat import tables
from chat.sansio.conversation import check_body, fit
from chat.tables import Summary
from protocol.codec import encode
from protocol.frames import ChatMessages, ChatReceipt
from protocol.views import Message
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.database import Database


def topic(site_id: str, conversation: str) -> str:
    """Where a conversation's hints travel: encoded `chat.messages` and `chat.receipt` frames."""
    return f"conversation:{site_id}:{conversation}"


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

    async def send(
        self, site_id: str, conversation: str, person: str, client_id: str, body: str
    ) -> Message:
        """The message as stored; when this returns it is on disk. Sending the same again returns
        the same. Refuses with `message_empty`, `message_too_long`, `invalid_field`, `conflict`."""
        check_body(body, client_id)
        message, fresh = await self._database.write(
            tables.store, site_id, conversation, person, client_id, body, self._clock.wall_us()
        )
        if fresh:
            self._written(site_id, conversation)
            hint = ChatMessages(conversation=conversation, head=message.seq, messages=(message,))
            self._bus.publish(topic(site_id, conversation), encode(hint, "msgpack"))
        return message

    async def page(
        self,
        site_id: str,
        conversation: str,
        *,
        before: int | None = None,
        after: int | None = None,
        limit: int,
    ) -> ChatMessages:
        """At most `limit` messages, and no more than fit a frame, before `before`, or after
        `after`; neither: the newest."""
        head, found = await self._database.read(
            tables.page, site_id, conversation, before, after, limit
        )
        kept = fit(found, keep_newest=after is None)
        return ChatMessages(conversation=conversation, head=head, messages=tuple(kept))

    async def read(self, site_id: str, conversation: str, person: str, seq: int) -> None:
        """Moves a person's read mark forwards, and tells who is connected."""
        moved = await self._database.write(tables.move_read, site_id, conversation, person, seq)
        if moved is not None:
            receipt = ChatReceipt(conversation=conversation, person=person, read=moved)
            self._bus.publish(topic(site_id, conversation), encode(receipt, "msgpack"))

    async def heads(self, site_id: str, conversations: Sequence[str]) -> dict[str, int]:
        """The newest seq of each conversation that has any message."""
        return await self._database.read(tables.heads, site_id, conversations)

    async def summaries(
        self, site_id: str, conversations: Sequence[str], person: str
    ) -> dict[str, Summary]:
        """Each conversation that has any message, as `person` sees it."""
        return await self._database.read(tables.summaries, site_id, conversations, person)
