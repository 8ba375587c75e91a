"""Brings one connection's conversations up to date: hands on live messages in order, and reads what
is missing from the table, page by page, holding no more than one page in memory."""

import asyncio
from collections.abc import Awaitable, Callable

from chat.sansio.delivery import Cursor, failed, hinted, known, read, wanted
from chat.service import Chat
from protocol.frames import ChatMessages
from protocol.types import PAGE_MAX
from runtime.database import DatabaseError


class CatchUp:
    """`deliver` queues a frame for the connection; `has_room` waits until its queue
    has room (False: it is being cut off)."""

    def __init__(
        self,
        chat: Chat,
        site_id: str,
        deliver: Callable[[ChatMessages], None],
        has_room: Callable[[], Awaitable[bool]],
    ) -> None:
        self._chat, self._site_id = chat, site_id
        self._deliver, self._has_room = deliver, has_room
        self._cursors: dict[str, Cursor] = {}
        self._reading: dict[str, asyncio.Task[None]] = {}
        self._one_page = asyncio.Lock()

    @property
    def conversations(self) -> list[str]:
        return list(self._cursors)

    def follow(self, conversation: str, seq: int, head: int) -> None:
        """From now on deliver everything after `seq`; `head` is the newest known."""
        self._cursors[conversation] = Cursor(min(seq, head), head)
        self._read_on(conversation)

    def hint(self, live: ChatMessages) -> None:
        """A live message of a followed conversation."""
        cursor = self._cursors[live.conversation]
        cursor, next_one = hinted(cursor, live.head)
        self._cursors[live.conversation] = cursor
        if next_one:
            self._deliver(live)
        else:
            self._read_on(live.conversation)

    def known(self, conversation: str, head: int) -> None:
        """The table says that `head` exists: how a lost hint is noticed."""
        self._cursors[conversation] = known(self._cursors[conversation], head)
        self._read_on(conversation)

    def _read_on(self, conversation: str) -> None:
        cursor, after = wanted(self._cursors[conversation])
        if after is not None:
            self._cursors[conversation] = cursor
            self._reading[conversation] = asyncio.create_task(self._read(conversation))

    async def _read(self, conversation: str) -> None:
        after: int | None = self._cursors[conversation].seq
        try:
            while after is not None:
                # One page at a time for the whole connection: its queue has room for one.
                async with self._one_page:
                    if not await self._has_room():
                        return
                    page = await self._chat.page(
                        self._site_id, conversation, after=after, limit=PAGE_MAX
                    )
                    if page.messages:
                        self._deliver(page)
                last = page.messages[-1].seq if page.messages else after
                cursor, after = wanted(read(self._cursors[conversation], last, page.head))
                self._cursors[conversation] = cursor
        except DatabaseError:
            pass  # the next beats ask again
        finally:
            if after is not None:
                self._cursors[conversation] = failed(self._cursors[conversation])

    async def stop(self) -> None:
        for task in self._reading.values():
            task.cancel()
        await asyncio.gather(*self._reading.values(), return_exceptions=True)
