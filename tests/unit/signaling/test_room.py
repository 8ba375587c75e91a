"""The room, against what each page believes about it: after every step the beliefs are true."""

from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import product
from typing import get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Refusal
from protocol.frames import (
    PeerAnswer,
    PeerCandidate,
    PeerOffer,
    RoomPeerJoined,
    RoomPeerLeft,
    RoomPeerMedia,
)
from protocol.views import Peer
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
    Participant,
    Relay,
    Relayed,
    Room,
    Tell,
    Welcome,
    Withdraw,
)

ID = "room_01jd3v0k7r9q2x4m6n8p0s2t4v"
PERSONS = ("ana", "ben", "cy")
CONNECTIONS = [f"{person}-{number}" for person in PERSONS for number in (1, 2)]
PEERS = [f"peer-{person}-{number}" for person in PERSONS for number in (1, 2)]


def owner(connection: str) -> str:
    return connection.partition("-")[0]


@st.composite
def joins(draw: st.DrawFn) -> Join:
    connection: str = draw(st.sampled_from(CONNECTIONS))
    person = owner(connection)
    id_: str = draw(st.sampled_from([f"peer-{person}-1", f"peer-{person}-2"]))
    audio: bool = draw(st.booleans())
    key: str | None = draw(st.sampled_from([None, "K" * 87]))
    return Join(connection, Peer(id=id_, person=person, audio=audio, video=not audio, key=key))


@st.composite
def offers(draw: st.DrawFn) -> Offer | Withdraw:
    """Of a page that is about to join, or cannot."""
    join = draw(joins())
    if draw(st.booleans()):
        return Withdraw(join.connection, join.peer)
    return Offer(join.connection, join.peer, "v=0")


def made_frame(kind: int, peer: str) -> Relayed:
    return (
        PeerOffer(room=ID, peer=peer, sdp="offer"),
        PeerAnswer(room=ID, peer=peer, sdp="answer"),
        PeerCandidate(
            room=ID,
            peer=peer,
            candidate="c",
            sdp_mid="0",
            sdp_m_line_index=1,
            username_fragment="u",
        ),
    )[kind]


CONNECTION = st.sampled_from(CONNECTIONS)
FRAMES = st.builds(made_frame, st.integers(0, 2), st.sampled_from([*PEERS, "peer-nobody"]))
EVENTS = st.one_of(
    joins(),
    offers(),
    st.builds(Leave, CONNECTION, st.sampled_from(["left", "lost", "ended"])),
    st.builds(Media, CONNECTION, st.booleans(), st.booleans()),
    st.builds(Relay, CONNECTION, FRAMES),
)


@dataclass
class World:
    """The room, who is in it by a model of its own, and what each page inside believes."""

    room: Room = field(default_factory=lambda: Room(ID))
    inside: dict[str, tuple[str, Peer]] = field(default_factory=dict)
    """(connection, peer) by person."""
    beliefs: dict[str, dict[str, Peer]] = field(default_factory=dict)
    """The other peers, by id, by connection."""

    def connection_of(self, person: str) -> str | None:
        return self.inside[person][0] if person in self.inside else None

    def step(self, event: Event) -> tuple[Effect, ...]:
        self.room, effects = ROOM.step(self.room, event, 0)
        for effect in effects:
            match effect:
                case Welcome(connection, _, peers):
                    self.beliefs[connection] = {peer.id: peer for peer in peers}
                case Dismiss(connection):
                    del self.beliefs[connection]
                case Tell(connection, RoomPeerJoined(peer=peer)):
                    self.beliefs[connection][peer.id] = peer
                case Tell(connection, RoomPeerLeft(peer=gone)):
                    del self.beliefs[connection][gone]
                case Tell(connection, RoomPeerMedia() as frame):
                    known = self.beliefs[connection][frame.peer]
                    heard = msgspec.structs.replace(known, audio=frame.audio, video=frame.video)
                    self.beliefs[connection][frame.peer] = heard
                case Tell(connection, frame):
                    assert isinstance(frame, PeerOffer | PeerAnswer | PeerCandidate)
                    assert frame.peer in self.beliefs[connection]
        return effects

    def check(self) -> None:
        assert {
            person: (participant.connection, participant.peer)
            for person, participant in self.room.participants.items()
        } == self.inside
        assert self.beliefs == {
            connection: {peer.id: peer for _, peer in self.inside.values() if peer != mine}
            for connection, mine in self.inside.values()
        }


def told(effects: tuple[Effect, ...]) -> list[tuple[str, object]]:
    return [(effect.connection, effect.frame) for effect in effects if isinstance(effect, Tell)]


@given(st.lists(joins(), max_size=5), st.lists(EVENTS, min_size=10, max_size=40))
def test_everybody_knows_who_is_there_and_nobody_else_is_told(
    came: list[Join], events: list[Offer | Withdraw | Join | Leave | Media | Relay]
) -> None:
    world = World()
    for event in (*came, *events):
        connection = event.connection
        person = owner(connection)
        others = {who: each for who, each in world.inside.items() if who != person}
        everyone = [each for each, _ in others.values()]
        mine = world.inside.get(person)
        in_room = mine is not None and mine[0] == connection
        match event:
            case Offer(_, peer, sdp):
                ahead = PeerOffer(room=ID, peer=peer.id, sdp=sdp)
                before = world.room
                assert ROOM.step(before, event, 0) == (
                    before,
                    tuple(Tell(other, ahead) for other in everyone),
                )
            case Withdraw(_, peer):
                lost = RoomPeerLeft(room=ID, peer=peer.id, person=person, reason="lost")
                inside = mine is not None and mine[1].id == peer.id
                before = world.room
                assert ROOM.step(before, event, 0) == (
                    before,
                    () if inside else tuple(Tell(other, lost) for other in everyone),
                )
            case Join(_, peer):
                effects = world.step(event)
                world.inside[person] = (connection, peer)
                assert [each for each in effects if isinstance(each, Welcome)] == [
                    Welcome(connection, peer.id, tuple(each for _, each in others.values()))
                ]
                replaced = [mine[0]] if mine is not None and mine[0] != connection else []
                assert [e.connection for e in effects if isinstance(e, Dismiss)] == replaced
                for other in everyone:
                    frames = [frame for who, frame in told(effects) if who == other]
                    gone = (
                        [RoomPeerLeft(room=ID, peer=mine[1].id, person=person, reason="replaced")]
                        if mine is not None and mine[1].id != peer.id
                        else []
                    )
                    assert frames == [*gone, RoomPeerJoined(room=ID, peer=peer)]
                assert {who for who, _ in told(effects)} == set(everyone)
            case Leave(_, reason) if in_room:
                assert mine is not None
                effects = world.step(event)
                del world.inside[person]
                del world.beliefs[connection]
                frame = RoomPeerLeft(room=ID, peer=mine[1].id, person=person, reason=reason)
                assert effects == tuple(Tell(other, frame) for other in everyone)
            case Leave():
                assert world.step(event) == ()
            case Media(_, audio, video) if in_room:
                assert mine is not None
                effects = world.step(event)
                peer = msgspec.structs.replace(mine[1], audio=audio, video=video)
                world.inside[person] = (connection, peer)
                media = RoomPeerMedia(room=ID, peer=peer.id, audio=audio, video=video)
                assert effects == tuple(Tell(other, media) for other in everyone)
            case Relay(_, frame) if in_room:
                assert mine is not None
                receivers = [who for who, each in others.values() if each.id == frame.peer]
                if receivers:
                    arrived = sent_on(frame, mine[1].id)
                    assert world.step(event) == (Tell(receivers[0], arrived),)
                else:
                    assert refused(world, event) == "unknown_peer"
            case _:
                assert refused(world, event) == "not_in_room"
        world.check()


def sent_on(frame: Relayed, peer: str) -> Relayed:
    """The same frame, from `peer`."""
    fields = {name: getattr(frame, name) for name in frame.__struct_fields__}
    build: Callable[..., Relayed] = type(frame)
    return build(**{**fields, "peer": peer})


def refused(world: World, event: Event) -> str:
    with pytest.raises(Refusal) as caught:
        ROOM.step(world.room, event, 0)
    return caught.value.code


def test_who_comes_after_somebody_muted_gets_their_key() -> None:
    ana = Peer(id="peer-ana-1", person="ana", audio=True, video=True, key="K" * 87)
    ben = Peer(id="peer-ben-1", person="ben", audio=True, video=True)
    world = World()
    for event in (Join("ana-1", ana), Media("ana-1", audio=False, video=True), Join("ben-1", ben)):
        world.step(event)
    muted = msgspec.structs.replace(ana, audio=False)
    assert world.beliefs["ben-1"] == {ana.id: muted}


def test_every_event_has_its_place_in_every_phase() -> None:
    assert set(ROOM.table) == set(product(("empty", "alone", "together"), get_args(Event)))


# ---- by hand -----------------------------------------------------------------------------------


def peer(id_: str, person: str) -> Peer:
    return Peer(id=id_, person=person, audio=True, video=True)


def room(*joined: tuple[str, str]) -> Room:
    """(connection, peer id) of each who joined, in this order."""
    made = Room(ID)
    for connection, id_ in joined:
        made, _ = ROOM.step(made, Join(connection, peer(id_, owner(connection))), 0)
    return made


def test_a_reload_comes_back_as_the_same_peer() -> None:
    before = room(("ana-1", "peer-ana"), ("ben-1", "peer-ben"))
    after, effects = ROOM.step(before, Join("ana-2", peer("peer-ana", "ana")), 0)
    assert after.phase == "together"
    assert effects == (
        Dismiss("ana-1"),
        Welcome("ana-2", "peer-ana", (peer("peer-ben", "ben"),)),
        Tell("ben-1", RoomPeerJoined(room=ID, peer=peer("peer-ana", "ana"))),
    )
    # The old socket's late goodbye puts nobody out.
    assert ROOM.step(after, Leave("ana-1", "lost"), 0) == (after, ())


def test_nobody_talks_to_oneself_even_under_the_other_s_peer_id() -> None:
    both = room(("ana-1", "peer-same"), ("ben-1", "peer-same"))
    _, effects = ROOM.step(both, Relay("ana-1", made_frame(0, "peer-same")), 0)
    assert [effect.connection for effect in effects] == ["ben-1"]
    with pytest.raises(Refusal, match="unknown_peer"):
        ROOM.step(
            room(("ana-1", "peer-ana"), ("ben-1", "peer-ben")),
            Relay("ana-1", made_frame(1, "peer-ana")),
            0,
        )


@pytest.mark.parametrize("kind", [0, 1, 2])
def test_what_is_relayed_arrives_whole_and_from_its_sender(kind: int) -> None:
    both = room(("ana-1", "peer-ana"), ("ben-1", "peer-ben"))
    after, effects = ROOM.step(both, Relay("ana-1", made_frame(kind, "peer-ben")), 0)
    assert after == both
    assert effects == (Tell("ben-1", made_frame(kind, "peer-ana")),)


def test_a_room_is_found_by_connection() -> None:
    both = room(("ana-1", "peer-ana"), ("ben-1", "peer-ben"))
    assert both.by_connection("ben-1") == Participant(peer("peer-ben", "ben"), "ben-1")
    assert both.by_connection("ben-2") is None


@pytest.mark.parametrize("people", [(), ("ana",), ("ana", "ben")])
def test_the_end_puts_everybody_out(people: tuple[str, ...]) -> None:
    world = World()
    for person in people:
        peer = Peer(id=f"peer-{person}-1", person=person, audio=True, video=True)
        world.step(Join(f"{person}-1", peer))
    room, effects = ROOM.step(world.room, End(), 0)
    assert room == Room(ID)
    assert effects == tuple(Expel(f"{person}-1") for person in people)
