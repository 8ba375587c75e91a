"""Brings one connection's conversations up to date: hands on live messages and changes in order,
and reads what is missing from the table, page by page, holding no more than one page in memory."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from chat.sansio.delivery import Cursor, ahead, failed, hinted, known, paged, read, wanted
from chat.service import Chat
from protocol.frames import ChatMessages, ChatReceipt, ChatTouched
from protocol.views import Mark
from runtime.database import DatabaseError

log = structlog.get_logger(__name__)
Deliver = Callable[[ChatMessages | ChatTouched | ChatReceipt, bytes | None], None]
"""Queues a frame for the connection, with its MessagePack form if there is one already."""


class CatchUp:
    """`turn` waits until whose connection it is may have another page, `has_room` until the
    connection's queue has room (False: it is being cut off); `room`: whether it has some now.
    Without, what is live waits in the table like all else, and comes as it is then: many changes of
    one message are one."""

    def __init__(
        self,
        chat: Chat,
        site_id: str,
        deliver: Deliver,
        turn: Callable[[], Awaitable[None]],
        has_room: Callable[[], Awaitable[bool]],
        room: Callable[[], bool],
    ) -> None:
        self._chat, self._site_id = chat, site_id
        self._deliver, self._turn = deliver, turn
        self._has_room, self._room = has_room, room
        self._cursors: dict[str, Cursor] = {}
        self._marks: dict[str, dict[str, Mark]] = {}
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._one_page = asyncio.Lock()

    @property
    def conversations(self) -> list[str]:
        return list(self._cursors)

    def follow(
        self,
        conversation: str,
        seq: int,
        revision: int,
        head: int,
        latest: int,
        marks: Sequence[Mark] = (),
    ) -> None:
        """From now on deliver everything after `seq`, and what is touched after `revision`; `head`
        and `latest` are the newest known, `marks` have been told."""
        self._marks[conversation] = {mark.person: mark for mark in marks}
        self._cursors[conversation] = Cursor(min(seq, head), min(revision, latest), head, latest)
        self._read_on(conversation)

    def hint(self, live: ChatMessages | ChatTouched, encoded: bytes) -> None:
        """A live message of a followed conversation, or one that was touched."""
        seq = live.head if isinstance(live, ChatMessages) else None
        cursor, next_one = self._cursors[live.conversation], False
        if self._room():
            cursor, next_one = hinted(cursor, live.revision, seq)
        else:
            cursor = known(cursor, seq or 0, live.revision)
        self._cursors[live.conversation] = cursor
        if next_one:
            self._deliver(live, encoded)
        else:
            self._read_on(live.conversation)

    def receipt(self, receipt: ChatReceipt, encoded: bytes) -> None:
        """How far somebody has got in a followed conversation."""
        mark = Mark(person=receipt.person, delivered=receipt.delivered, read=receipt.read)
        self._tell(receipt.conversation, mark, encoded)

    def paged(self, page: ChatMessages) -> None:
        """A page that was asked for has been queued; it may be older than what was told before."""
        if page.conversation in self._cursors:
            cursor = self._cursors[page.conversation]
            self._cursors[page.conversation] = paged(cursor, page.revision)
            self._read_on(page.conversation)

    def known(self, conversation: str, head: int, latest: int, marks: Sequence[Mark]) -> None:
        """What the table says: how a lost hint is noticed."""
        for mark in marks:
            self._tell(conversation, mark)
        self._cursors[conversation] = known(self._cursors[conversation], head, latest)
        self._read_on(conversation)

    def _tell(self, conversation: str, mark: Mark, encoded: bytes | None = None) -> None:
        """`encoded`: the receipt of just that mark."""
        told = self._marks[conversation]
        news = ahead(told.get(mark.person), mark)
        if news is not None:
            told[mark.person] = news
            receipt = ChatReceipt(
                conversation=conversation,
                person=news.person,
                delivered=news.delivered,
                read=news.read,
            )
            self._deliver(receipt, encoded if news == mark else None)

    def _read_on(self, conversation: str) -> None:
        cursor, behind = wanted(self._cursors[conversation])
        if behind:
            self._cursors[conversation] = cursor
            self._reading[conversation] = asyncio.create_task(self._read(conversation))

    async def _read(self, conversation: str) -> None:
        behind = True
        try:
            while behind:
                # One page at a time for the whole connection: its queue has room for one.
                async with self._one_page:
                    await self._turn()
                    if not await self._has_room():
                        return
                    at = self._cursors[conversation]
                    missed = await self._chat.since(
                        self._site_id, conversation, at.seq, at.revision
                    )
                    seq, revision = at.seq, at.revision
                    if missed.touched is not None:
                        self._deliver(missed.touched, None)
                        revision = missed.touched.revision
                    if missed.messages is not None:
                        self._deliver(missed.messages, None)
                        seq = missed.messages.messages[-1].seq
                cursor = self._cursors[conversation]
                cursor = read(cursor, at.revision, seq, revision, missed.head, missed.revision)
                self._cursors[conversation], behind = wanted(cursor)
        except DatabaseError:
            pass  # it is noticed again soon
        except Exception:
            log.exception("reading on failed", conversation=conversation)
        finally:
            if behind:
                self._cursors[conversation] = failed(self._cursors[conversation])

    async def stop(self) -> None:
        for task in self._reading.values():
            task.cancel()
        await asyncio.gather(*self._reading.values(), return_exceptions=True)
