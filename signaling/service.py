"""Rooms as this node knows them: one event, then all its effects, then the next, room by room.

Each node speaks for the participants that are connected to it: it says in the roster who they are,
and tells them what happens. Those on other nodes are in its rooms as well, by what their nodes say.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Coroutine, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

import msgspec
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
    RoomPeerJoined,
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
from runtime.roster import Roster
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

PREFIX, ENDED = "room", "ended"
HEAL_US = 3_000_000
ENDED_US = 60_000_000
"""For so long at least a node says what was ended there: who missed it asks for all it says."""
"""What was said so long before the bus was seen to be away may not have come."""

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

    async def view(self, site_id: str, session: str) -> SessionView: ...

    def session_of(self, connection: str) -> str | None: ...


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


class Seat(msgspec.Struct, frozen=True, array_like=True):
    """What a node says of a participant; `left`: why they are not there any more."""

    connection: str
    peer: Peer
    since_us: int
    left: LeaveReason | None = None


_encode_seat = msgspec.msgpack.Encoder().encode
_decode_seat = msgspec.msgpack.Decoder(Seat).decode


@dataclass(slots=True)
class _Live:
    """A room in use, and the lock that keeps its events apart. `since`: when each participant
    joined, and over which connection; `elsewhere`: the nodes of those not connected to this one."""

    site_id: str
    room: Room
    since: dict[str, tuple[int, str]] = field(default_factory=dict)
    elsewhere: dict[str, str] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    waiting: int = 0
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)


class Signaling:
    """Calls of all sites. Who may enter which room is decided before it gets here."""

    def __init__(
        self, clock: Clock, bus: Bus, roster: Roster, log: SessionLog, ice_servers: IceServers
    ) -> None:
        self._clock, self._bus, self._roster, self._log = clock, bus, roster, log
        self._hearing: set[asyncio.Task[None]] = set()
        roster.watch(PREFIX, self._said_elsewhere)
        roster.watch(ENDED, self._ended_elsewhere)
        self._ended: dict[str, int] = {}
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
            # The newest is in: on whatever node the older one is, that one has to go.
            before_us, _ = live.since.get(person, (0, ""))
            live.since[person] = max(self._clock.wall_us(), before_us + 1), connection
            live.elsewhere.pop(person, None)
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
            if ends is not None:  # before it is said that anybody is out, which would be a loss
                self._say_ended(site_id, room, ends)
            await self._step(live, End(), view)
        for person in gone:
            self._presence_changed(live, person)
        return view

    def _say_ended(self, site_id: str, room: str, session: str) -> None:
        now_us, key = self._clock.monotonic_us(), f"{ENDED}:{site_id}:{room}"
        self._ended.pop(key, None)
        for earlier in [each for each, at_us in self._ended.items() if at_us < now_us - ENDED_US]:
            del self._ended[earlier]
            self._roster.drop(earlier)
        self._ended[key] = now_us
        self._roster.put(key, session.encode())

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
        before = live.room
        live.room, effects = ROOM.step(live.room, event, self._clock.wall_us())
        self._say(live, before, event)
        for effect in effects:
            await self._perform(live, effect, event, session)

    async def _perform(
        self, live: _Live, effect: Effect, event: Event, session: SessionView | None
    ) -> None:
        match effect:
            case Tell(connection, frame):
                # Who is there each node tells its own; what one page says to another goes through.
                if connection in self._by_connection or isinstance(event, Offer | Withdraw | Relay):
                    self._tell(connection, frame)
            case Welcome(connection, _, _) if connection in self._by_connection:
                assert session is not None
                self._welcome(live, connection, session)
            case Expel(connection) if self._by_connection.pop(connection, None) is not None:
                left = RoomLeft(room=live.room.id, reason="ended", session=session)
                self._tell(connection, left)
            case Dismiss(connection) if self._by_connection.pop(connection, None) is not None:
                await self._left(live, connection, "replaced")

    def _welcome(self, live: _Live, connection: str, session: SessionView) -> None:
        me = live.room.by_connection(connection)
        assert me is not None
        others = [p.peer for who, p in live.room.participants.items() if who != me.peer.person]
        self._tell(
            connection,
            RoomJoined(
                room=live.room.id,
                peer=me.peer.id,
                peers=tuple(others),
                ice_servers=self.ice_servers(live.site_id, me.peer.person),
                session=session,
            ),
        )

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
        # Each node knows for itself, and tells those who are connected to it.
        with self._bus.only_here():
            self._bus.publish(room_presence_topic(live.site_id, person), live.room.id.encode())

    # ---- other nodes ---------------------------------------------------------------------------

    def _say(self, live: _Live, before: Room, event: Event) -> None:
        """Puts into the roster what has changed of the participants who are connected here."""
        for person in {*before.participants, *live.room.participants}:
            was, now = before.participants.get(person), live.room.participants.get(person)
            if now is None:
                live.since.pop(person, None)
                live.elsewhere.pop(person, None)
            key = f"{PREFIX}:{live.site_id}:{live.room.id}:{person}"
            if now is not None and person not in live.elsewhere:
                seat = Seat(now.connection, now.peer, live.since[person][0])
                self._roster.put(key, _encode_seat(seat))
            elif was is not None:
                if isinstance(event, Leave) and self._roster.has(key):
                    left = Seat(was.connection, was.peer, 0, event.reason)
                    self._roster.put(key, _encode_seat(left))
                self._roster.drop(key)

    def _said_elsewhere(self, node: str, key: str, value: bytes | None) -> None:
        self._begin(node, self._hear(node, key, value))

    def _ended_elsewhere(self, node: str, key: str, value: bytes | None) -> None:
        if value is not None:
            self._begin(node, self._hear_end(key, value.decode()))

    def _begin(self, node: str, hearing: Coroutine[None, None, None]) -> None:
        """What is heard of a room is done in that order."""
        task = asyncio.create_task(self._heed(node, hearing))
        self._hearing.add(task)
        task.add_done_callback(self._hearing.discard)

    async def _heed(self, node: str, hearing: Coroutine[None, None, None]) -> None:
        try:
            await hearing
        except Exception:
            log.exception("what a node said of a room was of no use", node=node)

    async def _hear_end(self, key: str, session: str) -> None:
        """A session was ended for both: whoever is in it from here is out. Should nobody hear of
        it, they are found out by the record, a little later."""
        site_id, room = key.split(":")
        async with self._turn((site_id, room)) as live:
            out = {
                person: each.connection
                for person, each in live.room.participants.items()
                if self._log.session_of(each.connection) == session
            }
            view = await self._known(self._log.view(site_id, session)) if out else None
            for connection in out.values():
                self._by_connection.pop(connection, None)
                self._tell(connection, RoomLeft(room=room, reason="ended", session=view))
            for connection in out.values():
                await self._step(live, Leave(connection, "ended"), None)
        for person in out:
            self._presence_changed(live, person)

    async def _hear(self, node: str, key: str, value: bytes | None) -> None:
        """Of a participant who is connected to another node; in the order in which it was said."""
        site_id, room, person = key.split(":")
        seat = None if value is None else _decode_seat(value)
        async with self._turn((site_id, room)) as live:
            here = live.room.participants.get(person)
            if seat is None or seat.left is not None:
                if here is None or live.elsewhere.get(person) != node:
                    return  # it is somewhere else by now
                reason: LeaveReason = "lost" if seat is None or seat.left is None else seat.left
                await self._step(live, Leave(here.connection, reason), None)
            elif here is not None and here.connection == seat.connection:
                event = Media(seat.connection, seat.peer.audio, seat.peer.video)
                await self._step(live, event, None)
            elif live.since.get(person, (0, "")) > (seat.since_us, seat.connection):
                return  # the one that is here is newer
            else:
                newcomers = self._newcomers(live, person, (seat.since_us, seat.connection))
                live.since[person] = seat.since_us, seat.connection
                live.elsewhere[person] = node
                await self._step(live, Join(seat.connection, seat.peer), None)
                await self._welcome_again(live, newcomers)
        self._presence_changed(live, person)

    def _newcomers(self, live: _Live, person: str, since: tuple[int, str]) -> list[str]:
        """The connections to this node of those who came later than that one of somebody else's."""
        return [
            p.connection
            for who, p in live.room.participants.items()
            if who not in (person, *live.elsewhere) and live.since[who] > since
        ]

    async def _welcome_again(self, live: _Live, newcomers: Iterable[str]) -> None:
        """They joined without knowing that somebody was there: it is for them to make the offer."""
        for connection in newcomers:
            session = await self._running(live)
            if session is not None and connection in self._by_connection:
                self._welcome(live, connection, session)

    async def heal(self, from_ago_us: int, to_ago_us: int) -> None:
        """Nodes did not hear each other from so long ago until so long ago. Who joined meanwhile
        comes in anew; those of a call that ran send again what the other may not have got."""
        now_us = self._clock.wall_us()
        from_us, to_us = now_us - from_ago_us - HEAL_US, now_us - to_ago_us
        for key in list(self._rooms):
            async with self._turn(key) as live:
                since = {who: live.since[who] for who in live.room.participants}
                new = list[str]()
                for person, participant in live.room.participants.items():
                    later = [who for who in live.elsewhere if since[person] > since[who]]
                    if person in live.elsewhere or not live.elsewhere:
                        continue
                    if later and since[person][0] > to_us:
                        continue  # heard, by whoever was there
                    if later and since[person][0] >= from_us:
                        new.append(participant.connection)
                    elif later:
                        await self._welcome_again(live, [participant.connection])
                    else:
                        for who in live.elsewhere:
                            there = live.room.participants[who].peer
                            again = RoomPeerJoined(room=live.room.id, peer=there)
                            self._tell(participant.connection, again)
            for connection in new:
                await self.leave(connection, "lost")

    async def _running(self, live: _Live) -> SessionView | None:
        return await self._known(self._log.running(live.site_id, live.room.id))

    async def _known(self, asked: Awaitable[SessionView | None]) -> SessionView | None:
        """What has happened stands, whether or not it can be told how at this moment."""
        try:
            return await asked
        except DatabaseError as error:
            log.warning("session not announced", error=type(error).__name__)
            return None

    async def _announce(self, live: _Live) -> None:
        view = await self._running(live)
        if view is not None:
            self.announce(live.site_id, live.members, view)

    def announce(self, site_id: str, members: Iterable[str], view: SessionView) -> None:
        """Tells both members, wherever they have Ithaca open, how a session stands."""
        frame = encode(SessionChanged(session=view), "msgpack")
        for person in members:
            self._bus.publish(person_topic(site_id, person), frame)
