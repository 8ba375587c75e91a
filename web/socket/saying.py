"""Messages of one connection that are stored without anybody waiting for it."""

from collections.abc import Callable

from mentoring.tables import Mentorship
from people.service import Caller
from protocol.frames import ChatDelivered, ChatSend, ServerFrame
from protocol.views import Message
from runtime.flag import Flag
from web.services import Services
from web.socket.dispatch import accepted, dispatch_at_once

UNDER_WAY_MOST = 32
"""As many of a connection's messages wait for the disk at once; further ones are not read."""


class Saying:
    """`limit` refuses what comes too fast; `reply` and `failed` hear how it went."""

    def __init__(
        self,
        services: Services,
        limit: Callable[[str | None], None],
        reply: Callable[[ServerFrame], None],
        failed: Callable[[Exception, ChatSend], None],
    ) -> None:
        self._services, self._limit, self._reply, self._failed = services, limit, reply, failed
        self._under_way = 0
        self._answered = Flag()

    def take(self, caller: Caller, of: Mentorship, frame: ChatSend | ChatDelivered) -> bool:
        """False, and nothing has been done, if something has to be waited for first. Refusals are
        raised."""
        if self._under_way >= UNDER_WAY_MOST:
            return False

        def told(what: Message | Exception) -> None:
            assert isinstance(frame, ChatSend)
            self._under_way -= 1
            if not self._under_way:
                self._answered.set()
            if isinstance(what, Exception):
                self._failed(what, frame)
            else:
                self._reply(accepted(frame, what))

        taken = dispatch_at_once(self._services, caller, of, frame, self._limit, told)
        if taken and isinstance(frame, ChatSend):
            self._under_way += 1
            self._answered.clear()
        return taken

    async def all_answered(self) -> None:
        """What is asked behind messages is answered behind them."""
        if self._under_way:
            await self._answered.wait()
