"""Rooms of this node: one event, then all its effects, then the next, room by room."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import structlog

from protocol.codec import encode
from protocol.errors import Refusal
from protocol.frames import (
    PeerAnswer,
    PeerCandidate,
    PeerOffer,
    RoomJoin,
    RoomJoined,
    RoomLeft,
    RoomMedia,
    ServerFrame,
    SessionChanged,
)
from protocol.types import BEAT_INTERVAL_US, LeaveReason
from protocol.views import IceServer, Peer, SessionView
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.database import DatabaseError
from runtime.heard import Heard
from runtime.limits import Limiter
from signaling.sansio.room import (
    ROOM,
    Dismiss,
    Effect,
    End,
    Event,
    Expel,
    Join,
    Leave,
    Media,
    Offer,
    Relay,
    Room,
    Tell,
    Welcome,
    Withdraw,
)
from signaling.sansio.sdp import check_candidate, check_sdp

# What one person may push onto the other's connection, in bytes: a few of the largest descriptions
# at once, and far less than that connection's queue holds.
RELAY_BURST_BYTES = 128 * 1024
RELAY_BYTES_PER_S = 16 * 1024

# How long the place of a page that has a newer connection is kept for it to join again: as long as
# a beat may take, and some slack.
RETURN_US = BEAT_INTERVAL_US + 500_000

log = structlog.get_logger(__name__)


class SessionLog(Protocol):
    """Asked of whoever keeps the record of presence."""

    async def join(
        self,
        site_id: str,
        room: str,
        mentorship: str,
        person: str,
        connection: str,
        key: str | None,
    ) -> SessionView: ...

    def leaving(self, connection: str, heard: Heard) -> None: ...

    async def leave(self, connection: str, reason: LeaveReason) -> SessionView | None: ...

    async def end(self, site_id: str, session: str, by: str) -> SessionView: ...

    async def running(self, site_id: str, room: str) -> SessionView | None: ...


class IceServers(Protocol):
    """Asked of whoever knows how media can travel."""

    def __call__(self, site_id: str, person: str) -> tuple[IceServer, ...]: ...


def connection_topic(connection: str) -> str:
    """Where encoded frames for one connection travel."""
    return f"connection:{connection}"


def person_topic(site_id: str, person: str) -> str:
    """Where encoded frames for all of a person's connections travel."""
    return f"person:{site_id}:{person}"


def room_presence_topic(site_id: str, person: str) -> str:
    """Told the id of the room whenever a person enters or leaves one."""
    return f"room-presence:{site_id}:{person}"


@dataclass(slots=True)
class _Live:
    """A room in use, and the lock that keeps its events apart."""

    site_id: str
    room: Room
    members: tuple[str, ...] = ()
    waiting: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Signaling:
    """Calls of all sites. Who may enter which room is decided before it gets here."""

    def __init__(self, clock: Clock, bus: Bus, log: SessionLog, ice_servers: IceServers) -> None:
        self._clock, self._bus, self._log = clock, bus, log
        self.ice_servers = ice_servers
        self._rooms: dict[tuple[str, str], _Live] = {}
        self._by_connection: dict[str, tuple[str, str]] = {}
        self._returning: dict[str, int] = {}
        self._relayed = Limiter(RELAY_BYTES_PER_S, RELAY_BURST_BYTES)

    def in_room(self, site_id: str, room: str, person: str) -> bool:
        live = self._rooms.get((site_id, room))
        return live is not None and person in live.room.participants

    # ---- what participants do ------------------------------------------------------------------

    async def join(
        self,
        site_id: str,
        mentorship: str,
        members: Iterable[str],
        person: str,
        connection: str,
        frame: RoomJoin,
    ) -> None:
        """Lets a connection in: on record first, then told. Its offer goes ahead, so that the
        answer is made meanwhile; the answer waits for its turn, which comes after the record.
        Refuses with `bad_sdp`, `rate_limited`."""
        if frame.offer is not None:
            check_sdp(frame.offer)
            self._weigh(site_id, person, frame.offer)
        key = (site_id, frame.room)
        if self._by_connection.get(connection, key) != key:
            await self.leave(connection, "left")
        # From here on a goodbye of this connection waits for its turn, and undoes what follows.
        self._by_connection[connection] = key
        peer = Peer(
            id=frame.peer, person=person, audio=frame.audio, video=frame.video, key=frame.key
        )
        async with self._turn(key, tuple(members)) as live:
            self._by_connection[connection] = key  # an end or a newer tab may have come first
            if frame.offer is not None:
                await self._step(live, Offer(connection, peer, frame.offer), None)
            try:
                session = await self._log.join(
                    site_id, frame.room, mentorship, person, connection, frame.key
                )
            except BaseException:
                if live.room.by_connection(connection) is None:
                    self._by_connection.pop(connection, None)
                if frame.offer is not None:
                    await self._step(live, Withdraw(connection, peer), None)
                raise
            await self._step(live, Join(connection, peer), session)
        self._presence_changed(live, person)
        await self._announce(live)

    async def leave(
        self,
        connection: str,
        reason: LeaveReason,
        *,
        room: str | None = None,
        heard: Heard | None = None,
    ) -> bool:
        """Takes a connection out of its room; False when it is in none, or not in the one named.
        `heard`: when its page said goodbye."""
        key = self._by_connection.get(connection)
        if key is None or room not in (None, key[1]):
            return False
        if heard is not None:
            self._log.leaving(connection, heard)  # before its turn comes
        async with self._turn(key) as live:
            if self._by_connection.pop(connection, None) is None:
                return False
            me = live.room.by_connection(connection)
            await self._step(live, Leave(connection, reason), None)
            await self._left(live, connection, reason)
        if me is not None:
            self._presence_changed(live, me.peer.person)
        await self._announce(live)
        return True

    async def taken_out(self, connection: str, view: SessionView) -> None:
        """The record has a connection out already, of the session `view`: so has the room. Where
        that has not ended, the page comes in again by itself."""
        key = self._by_connection.get(connection)
        if key is None:
            return
        async with self._turn(key) as live:
            me = live.room.by_connection(connection)
            if me is None or self._by_connection.pop(connection, None) is None:
                return
            reason: LeaveReason = "ended" if view.state == "ended" else "lost"
            await self._step(live, Leave(connection, reason), None)
            self._tell(connection, RoomLeft(room=live.room.id, reason=reason, session=view))
        self._presence_changed(live, me.peer.person)
        self.announce(live.site_id, live.members, view)

    def returning(self, connection: str) -> None:
        """The connection is gone, but its page has a newer one: whoever joins with that continues
        the call, and nobody is told that anybody was away. Else `miss` takes it out."""
        if connection in self._by_connection:
            self._returning[connection] = self._clock.monotonic_us() + RETURN_US

    async def miss(self) -> None:
        """Takes out whoever has not returned in time."""
        now_us = self._clock.monotonic_us()
        for connection, due_us in list(self._returning.items()):
            if due_us <= now_us:
                del self._returning[connection]
                await self.leave(connection, "lost")

    async def end(
        self, site_id: str, room: str, session: str | None, by: str
    ) -> SessionView | None:
        """Ends a session for both and puts everybody out of the room; `session` None: the one that
        runs. What has ended stays as it is. None: there was nothing to end."""
        async with self._turn((site_id, room)) as live:
            running = await self._log.running(site_id, room)
            ends = running.id if running is not None and session is None else session
            view = None if ends is None else await self._log.end(site_id, ends, by)
            if running is not None and running.id != ends:
                return view
            gone = list(live.room.participants)  # also where it had ended without their knowing
            await self._step(live, End(), view)
        for person in gone:
            self._presence_changed(live, person)
        return view

    async def media(self, connection: str, frame: RoomMedia) -> None:
        """Refuses with `not_in_room`."""
        await self._event(connection, frame.room, Media(connection, frame.audio, frame.video))

    async def relay(
        self,
        site_id: str,
        person: str,
        connection: str,
        frame: PeerOffer | PeerAnswer | PeerCandidate,
    ) -> None:
        """Refuses with `not_in_room`, `unknown_peer`, `bad_sdp`, `bad_candidate`,
        `rate_limited`."""
        if isinstance(frame, PeerCandidate):
            check_candidate(frame.candidate)
            self._weigh(site_id, person, frame.candidate)
        else:
            check_sdp(frame.sdp)
            self._weigh(site_id, person, frame.sdp)
        await self._event(connection, frame.room, Relay(connection, frame))

    def _weigh(self, site_id: str, person: str, text: str) -> None:
        """Refuses with `rate_limited` what would push the other off their connection."""
        cost = len(text.encode())
        now_us = self._clock.monotonic_us()
        if wait_us := self._relayed.allow(f"{site_id}:{person}", now_us, cost):
            raise Refusal("rate_limited", retry_after_us=wait_us)

    # ---- effects -------------------------------------------------------------------------------

    @asynccontextmanager
    async def _turn(
        self, key: tuple[str, str], members: tuple[str, ...] = ()
    ) -> AsyncIterator[_Live]:
        """A room's turn: its events are handled one after the other. An empty room is forgotten
        once nobody waits for a turn."""
        live = self._rooms.setdefault(key, _Live(key[0], Room(key[1])))
        live.members = members or live.members
        live.waiting += 1
        try:
            async with live.lock:
                yield live
        finally:
            live.waiting -= 1
            if not live.waiting and not live.room.participants:
                self._rooms.pop(key, None)

    async def _event(self, connection: str, room: str, event: Event) -> None:
        key = self._by_connection.get(connection)
        if key is None or key[1] != room:
            raise Refusal("not_in_room")
        async with self._turn(key) as live:
            await self._step(live, event, None)

    async def _step(self, live: _Live, event: Event, session: SessionView | None) -> None:
        live.room, effects = ROOM.step(live.room, event, self._clock.wall_us())
        for effect in effects:
            await self._perform(live, effect, session)

    async def _perform(self, live: _Live, effect: Effect, session: SessionView | None) -> None:
        match effect:
            case Tell(connection, frame):
                self._tell(connection, frame)
            case Welcome(connection, peer, peers):
                assert session is not None
                person = next(
                    who for who, p in live.room.participants.items() if p.connection == connection
                )
                self._tell(
                    connection,
                    RoomJoined(
                        room=live.room.id,
                        peer=peer,
                        peers=peers,
                        ice_servers=self.ice_servers(live.site_id, person),
                        session=session,
                    ),
                )
            case Expel(connection):
                self._by_connection.pop(connection, None)
                left = RoomLeft(room=live.room.id, reason="ended", session=session)
                self._tell(connection, left)
            case Dismiss(connection):
                self._by_connection.pop(connection, None)
                await self._left(live, connection, "replaced")

    async def _left(self, live: _Live, connection: str, reason: LeaveReason) -> None:
        """Puts on record that a connection is out, and tells it. The room has let go of it already:
        that stands, whether or not it can be written down at this moment."""
        try:
            view = await self._log.leave(connection, reason)
        except DatabaseError as error:
            log.warning("departure waits for the database", error=type(error).__name__)
            view = None
        self._tell(connection, RoomLeft(room=live.room.id, reason=reason, session=view))

    def _tell(self, connection: str, frame: ServerFrame) -> None:
        self._bus.publish(connection_topic(connection), encode(frame, "msgpack"))

    def _presence_changed(self, live: _Live, person: str) -> None:
        self._bus.publish(room_presence_topic(live.site_id, person), live.room.id.encode())

    async def _announce(self, live: _Live) -> None:
        """What has happened stands, whether or not it can be told at this moment."""
        try:
            view = await self._log.running(live.site_id, live.room.id)
        except DatabaseError as error:
            log.warning("session not announced", error=type(error).__name__)
            return
        if view is not None:
            self.announce(live.site_id, live.members, view)

    def announce(self, site_id: str, members: Iterable[str], view: SessionView) -> None:
        """Tells both members, wherever they have Ithaca open, how a session stands."""
        frame = encode(SessionChanged(session=view), "msgpack")
        for person in members:
            self._bus.publish(person_topic(site_id, person), frame)
