"""One WebSocket connection, from the upgrade to its end."""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from types import MappingProxyType

import structlog
from starlette.types import Receive, Send

from chat.mark_tables import Standing
from chat.service import topic as conversation_topic
from ledger.sansio.account import FRESH_US
from mentoring.safety import bounds_topic
from mentoring.tables import Mentorship
from people.service import Caller
from protocol.codec import Format, decode, decode_server
from protocol.errors import ERRORS, Refusal
from protocol.frames import (
    AuthOpen,
    AuthOpened,
    Beat,
    BeatAck,
    ChatDelivered,
    ChatGap,
    ChatMessages,
    ChatReceipt,
    ChatSend,
    ChatTouched,
    ChatTyped,
    ClientFrame,
    ErrorFrame,
    MentorshipAdded,
    MentorshipChanged,
    ReflectionChanged,
    RoomLeave,
    ServerFrame,
    SessionChanged,
)
from protocol.types import BEAT_INTERVAL_US, LeaveReason
from protocol.views import Cursor, MentorshipView
from runtime.bus import GAP, Message, SubscriptionClosed
from runtime.database import DatabaseError, StorageFull
from runtime.driver import Driver
from runtime.flag import Flag
from runtime.heard import Heard
from runtime.machine import NoCell
from runtime.presence import GONE, presence_topic
from signaling.service import connection_topic, person_topic, room_presence_topic
from web.access import covers
from web.sansio.within import Within
from web.services import Services
from web.socket.catch_up import CatchUp
from web.socket.company import Company
from web.socket.dispatch import dispatch, passes
from web.socket.hub import Hub, tab_topic
from web.socket.line import Line
from web.socket.outgoing import Outgoing, Overflow
from web.socket.sansio.connection import (
    CONNECTION,
    Alive,
    Arrived,
    Close,
    Complain,
    Connection,
    Dispatch,
    Effect,
    Event,
    Gone,
    Kicked,
    Malformed,
    Received,
    SignedIn,
    SignIn,
    Stop,
)
from web.socket.saying import Saying
from web.socket.work import Work

log = structlog.get_logger(__name__)

SLOW_S = 5.0
GOODBYES = (1000, 1001)
REASONS: dict[str, LeaveReason] = {
    "replaced": "replaced",
    "restarting": "restart",
    "revoked": "revoked",
}


def access_topic(site_id: str, person: str) -> str:
    """Where the ids of a person's revoked invitations travel."""
    return f"access:{site_id}:{person}"


class Live:
    """One accepted connection: a reader, a writer, a listener on the bus, and the machine that
    decides."""

    def __init__(
        self,
        services: Services,
        hub: Hub,
        fmt: Format,
        receive: Receive,
        send: Send,
        line: Line,
    ) -> None:
        self._services, self._hub, self._format = services, hub, fmt
        self._receive, self._line = receive, line
        self.id = services.ids.new("con")
        self.since_us = services.clock.monotonic_us()
        self._out = Outgoing(fmt, send, line)
        self._subscription = services.bus.subscribe(at_once=self._heed_at_once)
        self._caller: Caller | None = None
        self._tab = ("", "", "")
        self._company: Company | None = None
        self._opened = Flag()
        self._catch_up: CatchUp | None = None
        self._ending = False
        self._close_code: int | None = None
        self._reason: LeaveReason = "lost"
        self._goodbye: Heard | None = None
        self._held_up_us = 0
        self._saying = Saying(services, self._limit, self._reply, self._failed)
        self._work = Work(self._carry_out, lambda: self.kick("internal"))
        self._driver: Driver[Connection, Event, Effect] = Driver(
            CONNECTION,
            Connection(),
            clock=services.clock,
            now_us=services.clock.monotonic_us,
            perform=self._perform,
            at_once=self._perform_at_once,
            refuse=self._out_of_place,
        )

    async def run(self) -> None:
        """Serves the connection until it ends, and says goodbye for it."""
        self._services.metrics.connections.inc()
        self._driver.feed(Arrived())
        self._line.heard_by(self._hear)
        tasks = [
            asyncio.create_task(work()) for work in (self._read_frames, self._out.run, self._listen)
        ]
        try:
            await self._driver.run()
        except Exception:
            log.exception("connection failed", connection=self.id)
            self._close_code = ERRORS["internal"].close
        finally:
            await self._work.finished()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self._subscription.close()
            self._services.metrics.connections.dec()
            try:
                await self._depart()
            finally:
                if self._close_code is not None:
                    await self._out.finish(self._close_code)
                del self._saying  # what holds this in turn
                self._catch_up = self._company = None

    # ---- in ------------------------------------------------------------------------------------

    async def _read_frames(self) -> None:
        while True:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                if message.get("code") in GOODBYES:
                    self._reason = "left"
                    self._goodbye = self._services.ledger.hears()
                    self._services.ledger.leaving(self.id, self._goodbye)
                elif message.get("code") == ERRORS["restarting"].close:
                    self._reason = "restart"
                self._driver.feed(Gone())
                return
            await self._driver.put(self._event(message.get("bytes"), message.get("text")))

    def _hear(self, data: bytes) -> bool:
        """A message as it comes; False if it has to wait for others."""
        return self._driver.idle and self._driver.take(self._event(data, None))

    def _event(self, data: bytes | None, text: str | None) -> Event:
        try:
            if self._format == "msgpack":
                if data is None:
                    raise Refusal("unsupported_data")
                frame = decode(data, "msgpack")
            else:
                if text is None:
                    raise Refusal("unsupported_data")
                frame = decode(text.encode(), "json")
        except Refusal as refusal:
            return Malformed(refusal)
        self._services.metrics.count(type(frame))
        # What they say of time counts from when they came, not from when their turn has come.
        if isinstance(frame, Beat):
            self._services.ledger.proof(self.id)
        goodbye = self._services.ledger.hears() if isinstance(frame, RoomLeave) else None
        return Received(frame, goodbye)

    async def _listen(self) -> None:
        """Ends only with the connection: a deaf one would look alive and hear nothing. It waits for
        nothing but the bus."""
        try:
            await self._heed()
        except SubscriptionClosed:
            return
        except Exception:
            log.exception("listener failed", connection=self.id)
            self.kick("internal")

    async def _heed(self) -> None:
        await self._opened.wait()  # what happens meanwhile waits behind the snapshot
        while True:
            item = await self._subscription.get()
            if item is GAP:
                self.kick("slow_consumer")  # it comes back and reads what it missed
                return
            assert self._caller is not None
            assert self._company is not None
            family, _, rest = item.topic.partition(":")
            if family == "access":
                if item.payload.decode() == self._caller.invitation:
                    self.kick("revoked")
            elif family == "tab":
                if item.payload.decode() > self.id:  # the newer one, on another node
                    self.kick("replaced")
            elif family == "presence":
                gone_us = self._services.clock.wall_us() if item.payload == GONE else 0
                self._company.moved(rest.rpartition(":")[2], gone_us=gone_us)
            elif family == "room-presence":
                self._company.moved(rest.rpartition(":")[2], item.payload.decode())
            elif family == "bounds":
                mentorship = rest.rpartition(":")[2]
                self._services.safety.forget(self._caller.site_id, mentorship)
                self._company.changed(mentorship, item.payload)
            else:
                self._forward(item.payload, self._company)

    def _heed_at_once(self, message: Message) -> bool:
        """What happens in conversations."""
        if not message.topic.startswith("conversation:"):
            return False
        try:
            self._tell_talk(decode_server(message.payload), message.payload)
        except Exception:
            log.exception("listener failed", connection=self.id)
            self.kick("internal")
        return True

    def _tell_talk(self, frame: ServerFrame, payload: bytes) -> None:
        """What happens in a conversation, and one may know."""
        assert self._catch_up is not None
        assert self._company is not None
        may_know = self._company.may_know
        match frame:
            case ChatMessages() | ChatTouched():
                self._catch_up.hint(frame, payload)
            case ChatReceipt() if may_know(frame.conversation, frame.person):
                self._catch_up.receipt(frame, payload)
            case ChatTyped() if frame.person != self._me:
                if may_know(frame.conversation, frame.person):
                    self._send(frame, payload)

    def _forward(self, payload: bytes, company: Company) -> None:
        """A frame that came over the bus."""
        frame = decode_server(payload)
        match frame:
            case ChatMessages() | ChatTouched() | ChatReceipt() | ChatTyped():
                self._tell_talk(frame, payload)
                return
            case MentorshipAdded(mentorship=view):
                assert self._caller is not None
                if not covers(self._caller, view.id):
                    return
                if company.has(view.id):  # facts are told at least once
                    company.look_again(view.id)
                    return
                self._follow(view)
                company.was_shown(view)
            case MentorshipChanged(mentorship=view):
                if not company.has(view.id):
                    return
                company.was_shown(view)
            case SessionChanged(session=session):
                if not company.has(session.mentorship) or not company.is_news(session):
                    return
                company.was_told(session)
            case ReflectionChanged(mentorship=about) if not company.has(about):
                return
        self._send(frame, payload)

    # ---- what the machine decides --------------------------------------------------------------

    async def _perform(self, effect: Effect) -> None:
        match effect:
            case SignIn(frame):
                await self._sign_in(frame)
            case Dispatch():
                await self._work.put(effect)
            case Close(code):
                self._services.metrics.closes.labels(code).inc()
                log.info("connection closed", code=code, connection=self.id)
                self._close_code = ERRORS[code].close
                self._reason = REASONS.get(code, self._reason)
                self._driver.stop()
            case Stop():
                self._driver.stop()

    async def _carry_out(self, asked: Dispatch) -> None:
        frame, heard = asked.frame, asked.heard
        if not passes(frame):  # what is asked behind messages is answered behind them
            await self._saying.all_answered()
        if await self._room_to_send():
            if heard is not None and heard.at_us < self._held_up_us:
                # It waited because this page did not read, and lived on meanwhile.
                heard = self._services.ledger.hears()
            try:
                await self._dispatch(frame, heard)
            except (Refusal, DatabaseError) as error:
                self._failed(error, frame)

    def _perform_at_once(self, effect: Effect) -> bool:
        match effect:
            case Alive(n):
                self._answer_beat(n)
            case Complain(refusal):
                self._complain(refusal, None)
            case Dispatch(ChatSend() | ChatDelivered() as frame) if self._may_go_at_once:
                try:
                    return self._dispatch_at_once(frame)
                except Refusal as refusal:
                    self._complain(refusal, frame)
            case _:
                return False
        return True

    @property
    def _may_go_at_once(self) -> bool:
        return self._work.idle and self._out.room

    def _dispatch_at_once(self, frame: ChatSend | ChatDelivered) -> bool:
        assert self._caller is not None
        assert self._company is not None
        of = self._company.talks.get(frame.conversation)
        if of is None or self._ending:
            return False
        return self._saying.take(self._caller, of, frame)

    def _failed(self, error: Exception, frame: ClientFrame) -> None:
        match error:
            case Refusal():
                self._complain(error, frame)
            case StorageFull():
                self._complain(Refusal("storage_full"), frame)
            case DatabaseError():
                self._complain(Refusal("unavailable"), frame)
            case _:
                log.error("connection failed", connection=self.id, exc_info=error)
                self.kick("internal")

    async def _out_of_place(self, event: Event, no_cell: NoCell) -> None:
        raise no_cell

    async def _sign_in(self, frame: AuthOpen) -> None:
        try:
            await self._let_in(frame)
        except Refusal as refusal:
            self._complain(refusal, frame)
            self.kick(refusal.code)
        except DatabaseError:
            self._complain(Refusal("unavailable"), frame)
            self.kick("unavailable")

    async def _let_in(self, frame: AuthOpen) -> None:
        await self._line.turn()  # a restarted server's whole crowd is here already
        services = self._services
        granted = services.people.claims(frame.grant)
        # Before it is looked up, so that no revocation can fall in between; and listening begins
        # before the snapshot is taken.
        self._subscription.add(access_topic(granted.site, granted.sub))
        self._subscription.add(connection_topic(self.id))
        self._subscription.add(person_topic(granted.site, granted.sub))
        caller, mine = await services.openings.whose(granted)
        self._caller = caller
        self._line.signed_in()
        self._catch_up = CatchUp(
            services.chat,
            caller.site_id,
            self._send,
            lambda: services.page_turn(caller),
            self._room_to_send,
            lambda: self._out.room,
        )
        self._company = Company(
            services.views,
            services.clock,
            services.bus,
            services.openings.within,
            caller.site_id,
            caller.person,
            self._send,
        )
        for mentorship in mine:
            self._listen_to(mentorship)
        self._tab = (caller.site_id, caller.person, frame.tab)
        self._subscription.add(tab_topic(*self._tab))
        services.bus.publish(tab_topic(*self._tab), self.id.encode())
        self._hub.arrive(self._tab, self)
        services.presence.arrive(caller.site_id, caller.person, self.id)
        views, within = await services.openings.shown(caller, mine)
        self._company.opened(views, within)
        epoch = services.people.epoch(caller.site_id)
        self._driver.feed(SignedIn())
        self._send(
            AuthOpened(
                connection=self.id,
                person=caller.person,
                now_us=services.clock.wall_us(),
                beat_interval_us=BEAT_INTERVAL_US,
                ice_servers=services.signaling.ice_servers(caller.site_id, caller.person),
                mentorships=views,
                epoch=epoch,
            )
        )
        for view in views:
            newest = Cursor(seq=view.head, revision=view.revision)
            held = frame.cursors.get(view.conversation, newest)
            beyond = held.seq > view.head or held.revision > view.revision
            of_before = view.conversation in frame.cursors and (frame.epoch or 0) != epoch
            if beyond or of_before:
                self._send(ChatGap(conversation=view.conversation, head=view.head))
                held = newest
            self._catch_up.follow(
                view.conversation, held.seq, held.revision, view.head, view.revision, view.marks
            )
        self._opened.set()

    def _listen_to(self, mentorship: Mentorship) -> None:
        assert self._company is not None
        self._company.follow(mentorship)
        self._subscription.add(conversation_topic(mentorship.site_id, mentorship.conversation))
        self._subscription.add(bounds_topic(mentorship.site_id, mentorship.id))
        for person in mentorship.roles:
            if person != self._me:
                self._subscription.add(presence_topic(mentorship.site_id, person))
                self._subscription.add(room_presence_topic(mentorship.site_id, person))

    def _follow(self, view: MentorshipView) -> None:
        """A mentorship that began while we were connected."""
        assert self._catch_up is not None
        assert self._company is not None
        mentorship = Mentorship(
            site_id=self.site_id,
            id=view.id,
            conversation=view.conversation,
            room=view.room,
            created_us=view.created_us,
            roles=MappingProxyType({each.person.id: each.role for each in view.members}),
        )
        self._listen_to(mentorship)
        self._company.ask()
        self._catch_up.follow(mentorship.conversation, 0, 0, 0, 0)

    async def _dispatch(self, frame: ClientFrame, heard: Heard | None) -> None:
        assert self._caller is not None
        assert self._company is not None
        self._limit(getattr(frame, "id", None))
        known = self._company.known
        await dispatch(self._services, self._caller, self.id, frame, self._reply, heard, known)

    def _answer_beat(self, n: int) -> None:
        try:
            self._limit()
        except Refusal as refusal:
            self._complain(refusal, Beat(n=n))
        else:
            self._send(BeatAck(n=n, now_us=self._services.clock.wall_us()))

    def _limit(self, ref: str | None = None) -> None:
        now_us = self._services.clock.monotonic_us()
        if wait_us := self._services.frames.allow(self.id, now_us):
            self._line.hold(
                wait_us / 1_000_000
            )  # or each refusal would cost more than what is allowed
            raise Refusal("rate_limited", retry_after_us=wait_us, ref=ref)

    @property
    def site_id(self) -> str:
        return self._tab[0]

    @property
    def conversations(self) -> Collection[str]:
        return () if self._catch_up is None else self._catch_up.conversations

    @property
    def mentorships(self) -> Mapping[str, Mentorship]:
        return {} if self._company is None else self._company.mentorships

    def know(self, found: Mapping[str, Standing], within: Mapping[str, Within]) -> None:
        """So far these conversations have come, and so these mentorships stand; a hint that was
        lost is noticed here."""
        if self._ending or not self._opened.is_set():
            return
        assert self._catch_up is not None
        assert self._company is not None
        self._company.stands(within)
        for conversation in self._catch_up.conversations:
            if conversation in found:
                now, may_know = found[conversation], self._company.may_know
                marks = [mark for mark in now.marks if may_know(conversation, mark.person)]
                self._catch_up.known(conversation, now.head, now.revision, marks)

    # ---- out -----------------------------------------------------------------------------------

    @property
    def _who(self) -> tuple[str, str]:
        assert self._caller is not None
        return self._caller.site_id, self._caller.person

    @property
    def _me(self) -> str:
        return self._who[1]

    def _complain(self, refusal: Refusal, frame: ClientFrame | None) -> None:
        tag = str(frame.__struct_config__.tag) if frame is not None else refusal.about
        self._services.metrics.refusals.labels(refusal.code).inc()
        log.info("frame refused", code=refusal.code, about=tag, connection=self.id)
        self._send(
            ErrorFrame(
                code=refusal.code,
                message=refusal.detail,
                about=tag,
                ref=refusal.ref or getattr(frame, "id", None),
                retry_after_us=refusal.retry_after_us,
            )
        )

    def _reply(self, frame: ServerFrame) -> None:
        self._send(frame)
        if isinstance(frame, ChatMessages):
            assert self._catch_up is not None
            self._catch_up.paged(frame)

    def _send(self, frame: ServerFrame, encoded: bytes | None = None) -> None:
        """Queues a frame; `encoded` is its MessagePack form, if there is one already."""
        try:
            self._out.put(frame, encoded)
        except Overflow:
            self.kick("slow_consumer")

    async def _room_to_send(self) -> bool:
        """Waits until what was queued is mostly sent; whoever lets us wait too long is cut."""
        if self._ending or self._out.room:
            return not self._ending
        try:
            async with asyncio.timeout(SLOW_S):
                await self._out.has_room()
        except TimeoutError:
            self.kick("slow_consumer")
        self._held_up_us = self._services.ledger.hears().at_us
        return not self._ending

    def kick(self, code: str) -> None:
        """Ends the connection. Frames that wait before this are dropped: they may be many, each
        would wait for room again, and whoever sent them was not answered yet."""
        self._ending = True
        self._out.release()
        self._driver.feed(Kicked(code))

    # ---- the end -------------------------------------------------------------------------------

    async def _depart(self) -> None:
        self._ending = True
        if self._catch_up is not None:
            await self._catch_up.stop()
        if self._company is not None:
            await self._company.stop()
        if self._caller is None:
            return
        self._hub.depart(self._tab, self.id)
        self._services.presence.depart(self._caller.site_id, self._caller.person, self.id)
        await self._leave_room()
        # Whether they are still on another node that one may have to say too, at the same moment.
        if self._reason != "revoked" and not self._services.presence.on_this_node(*self._who):
            with suppress(DatabaseError):  # then it is on record when they were here before
                await self._services.people.saw(*self._who)

    async def _leave_room(self) -> None:
        if self._reason != "replaced":
            await self._services.signaling.leave(self.id, self._reason, heard=self._goodbye)
            return
        # That the page has connected again is a sign of life, unless a beat was overdue.
        if self._services.clock.monotonic_us() - self._driver.state.alive_us <= FRESH_US:
            self._services.ledger.proof(self.id)
        self._services.signaling.returning(self.id)
