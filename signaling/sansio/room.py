"""Who is in a room, and who must be told what. Events in, effects out. Pure.

A person takes part through one page at a time, the newest that joined (its *peer*); presence on
record is the ledger's affair. A page whose socket broke comes back with the same peer id and
continues; a newer page of the same person replaces the older.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import msgspec

from protocol.errors import Refusal
from protocol.frames import (
    PeerAnswer,
    PeerCandidate,
    PeerOffer,
    RoomPeerJoined,
    RoomPeerLeft,
    RoomPeerMedia,
    ServerFrame,
)
from protocol.types import LeaveReason
from protocol.views import Peer
from runtime.machine import Machine, cell

Relayed = PeerOffer | PeerAnswer | PeerCandidate


@dataclass(frozen=True, slots=True)
class Participant:
    """A peer and the connection that speaks for it."""

    peer: Peer
    connection: str


@dataclass(frozen=True, slots=True)
class Room:
    """Participants by person, in the order they came."""

    id: str
    participants: Mapping[str, Participant] = field(default_factory=dict)

    @property
    def phase(self) -> str:
        return ("empty", "alone", "together")[min(len(self.participants), 2)]

    def by_connection(self, connection: str) -> Participant | None:
        return next((p for p in self.participants.values() if p.connection == connection), None)


@dataclass(frozen=True, slots=True)
class Offer:
    """A newcomer's offer, ahead of its `Join`: it is answered while that is put on record."""

    connection: str
    peer: Peer
    sdp: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The join that was to follow an offer has failed."""

    connection: str
    peer: Peer


@dataclass(frozen=True, slots=True)
class Join:
    connection: str
    peer: Peer


@dataclass(frozen=True, slots=True)
class Leave:
    connection: str
    reason: LeaveReason


@dataclass(frozen=True, slots=True)
class Media:
    connection: str
    audio: bool
    video: bool


@dataclass(frozen=True, slots=True)
class Relay:
    """An offer, answer or candidate on its way; its `peer` is whom it is for."""

    connection: str
    frame: Relayed


@dataclass(frozen=True, slots=True)
class End:
    """The session was ended for everybody."""


Event = Offer | Withdraw | Join | Leave | Media | Relay | End


@dataclass(frozen=True, slots=True)
class Tell:
    """Send a frame to a connection."""

    connection: str
    frame: ServerFrame


@dataclass(frozen=True, slots=True)
class Welcome:
    """The newcomer is in; these were there before."""

    connection: str
    peer: str
    peers: tuple[Peer, ...]


@dataclass(frozen=True, slots=True)
class Dismiss:
    """A connection is out because a newer one of the same person took over."""

    connection: str


@dataclass(frozen=True, slots=True)
class Expel:
    """A connection is out because the session has ended."""

    connection: str


Effect = Tell | Welcome | Dismiss | Expel
Step = tuple[Room, tuple[Effect, ...]]


def _others(room: Room, person: str) -> list[Participant]:
    return [p for p in room.participants.values() if p.peer.person != person]


def _offer(room: Room, event: Offer, now_us: int) -> Step:
    offer = PeerOffer(room=room.id, peer=event.peer.id, sdp=event.sdp)
    return room, tuple(Tell(p.connection, offer) for p in _others(room, event.peer.person))


def _withdraw(room: Room, event: Withdraw, now_us: int) -> Step:
    peer = event.peer
    if (earlier := room.participants.get(peer.person)) and earlier.peer.id == peer.id:
        return room, ()  # it is inside already, and stays
    gone = RoomPeerLeft(room=room.id, peer=peer.id, person=peer.person, reason="lost")
    return room, tuple(Tell(p.connection, gone) for p in _others(room, peer.person))


def _join(room: Room, event: Join, now_us: int) -> Step:
    peer, effects = event.peer, list[Effect]()
    others = _others(room, peer.person)
    earlier = room.participants.get(peer.person)
    if earlier is not None and earlier.connection != event.connection:
        effects.append(Dismiss(earlier.connection))
    if earlier is not None and earlier.peer.id != peer.id:
        gone = RoomPeerLeft(
            room=room.id, peer=earlier.peer.id, person=peer.person, reason="replaced"
        )
        effects += [Tell(other.connection, gone) for other in others]
    effects.append(Welcome(event.connection, peer.id, tuple(other.peer for other in others)))
    for other in others:
        effects.append(Tell(other.connection, RoomPeerJoined(room=room.id, peer=peer)))
    participants = {**room.participants, peer.person: Participant(peer, event.connection)}
    return replace(room, participants=participants), tuple(effects)


def _leave(room: Room, event: Leave, now_us: int) -> Step:
    leaver = room.by_connection(event.connection)
    if leaver is None:
        return room, ()
    person = leaver.peer.person
    left = RoomPeerLeft(room=room.id, peer=leaver.peer.id, person=person, reason=event.reason)
    rest = {who: p for who, p in room.participants.items() if who != person}
    return replace(room, participants=rest), tuple(
        Tell(other.connection, left) for other in _others(room, person)
    )


def _end(room: Room, event: End, now_us: int) -> Step:
    return replace(room, participants={}), tuple(
        Expel(participant.connection) for participant in room.participants.values()
    )


def _inside(room: Room, connection: str) -> Participant:
    participant = room.by_connection(connection)
    if participant is None:
        raise Refusal("not_in_room")
    return participant


def _media(room: Room, event: Media, now_us: int) -> Step:
    me = _inside(room, event.connection)
    peer = msgspec.structs.replace(me.peer, audio=event.audio, video=event.video)
    told = RoomPeerMedia(room=room.id, peer=peer.id, audio=peer.audio, video=peer.video)
    participants = {**room.participants, peer.person: Participant(peer, me.connection)}
    return replace(room, participants=participants), tuple(
        Tell(other.connection, told) for other in _others(room, peer.person)
    )


def _relay(room: Room, event: Relay, now_us: int) -> Step:
    me = _inside(room, event.connection)
    for other in _others(room, me.peer.person):
        if other.peer.id == event.frame.peer:
            from_me = msgspec.structs.replace(event.frame, peer=me.peer.id)
            return room, (Tell(other.connection, from_me),)
    raise Refusal("unknown_peer")


def _outside(room: Room, event: Event, now_us: int) -> Step:
    raise Refusal("not_in_room")


ROOM: Machine[Room, Event, Effect] = Machine(
    "room",
    phase_of=lambda room: room.phase,
    table={
        ("empty", Offer): cell(_offer, "empty"),
        ("empty", Withdraw): cell(_withdraw, "empty"),
        ("empty", Join): cell(_join, "alone"),
        ("empty", Leave): cell(_leave, "empty"),
        ("empty", End): cell(_end, "empty"),
        ("empty", Media): cell(_outside, "empty"),
        ("empty", Relay): cell(_outside, "empty"),
        ("alone", Offer): cell(_offer, "alone"),
        ("alone", Withdraw): cell(_withdraw, "alone"),
        ("alone", Join): cell(_join, "alone", "together"),
        ("alone", Leave): cell(_leave, "alone", "empty"),
        ("alone", End): cell(_end, "empty"),
        ("alone", Media): cell(_media, "alone"),
        ("alone", Relay): cell(_relay, "alone"),
        ("together", Offer): cell(_offer, "together"),
        ("together", Withdraw): cell(_withdraw, "together"),
        ("together", Join): cell(_join, "together"),
        ("together", Leave): cell(_leave, "together", "alone"),
        ("together", End): cell(_end, "empty"),
        ("together", Media): cell(_media, "together"),
        ("together", Relay): cell(_relay, "together"),
    },
)
