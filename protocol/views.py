"""What a person is shown of people, mentorships, messages and sessions: the parts that frames and
REST bodies share."""

import msgspec

from protocol.types import (
    ClientId,
    EndReason,
    Id,
    Micros,
    PresenceState,
    Role,
    Seq,
    SessionState,
)


class View(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the shared parts."""


class PersonView(View, frozen=True, kw_only=True):
    """Someone, as the other side of a mentorship sees them. `zone` is an IANA name."""

    id: Id
    name: str
    zone: str


class Member(View, frozen=True, kw_only=True):
    """A person in a mentorship."""

    person: PersonView
    role: Role
    presence: PresenceState


class Message(View, frozen=True, kw_only=True):
    """A message as stored: `seq` is its place, `id` what its author's client called it."""

    seq: Seq
    id: ClientId
    person: Id
    body: str
    at_us: Micros


class PersonTime(View, frozen=True, kw_only=True):
    """One person's time in a session. `since_us` is set while they are in the room: their time
    grows from `present_us` by (now - `since_us`)."""

    person: Id
    present_us: Micros
    since_us: Micros | None = None


class Interruption(View, frozen=True, kw_only=True):
    """A stretch between the first and the last moment together in which they were not together;
    `absent` says who was missing."""

    from_us: Micros
    to_us: Micros
    absent: tuple[Id, ...]


class SessionView(View, frozen=True, kw_only=True):
    """What happened in one session. All sums are as of `as_of_us`; while `together_since_us` is set
    the time together grows with the clock. `estimated`: some end was not said but inferred from the
    last proof of life. `interruptions` are the latest 100 gaps at most. `version` grows with each
    change on record: of two views the one of the greater version is the newer, whatever their times
    say; of one version, the one of the later `as_of_us`."""

    id: Id
    mentorship: Id
    room: Id
    version: int
    state: SessionState
    created_us: Micros
    started_us: Micros | None = None
    ended_us: Micros | None = None
    end_reason: EndReason | None = None
    as_of_us: Micros
    together_us: Micros
    together_since_us: Micros | None = None
    people: tuple[PersonTime, ...]
    interruptions: tuple[Interruption, ...]
    estimated: bool


class MentorshipView(View, frozen=True, kw_only=True):
    """A mentorship as one of its members sees it; `read` and `unread` are that member's own, `last`
    is the newest message with at most the first line of its body."""

    id: Id
    conversation: Id
    room: Id
    created_us: Micros
    members: tuple[Member, ...]
    head: Seq
    read: Seq
    unread: int
    last: Message | None = None
    session: SessionView | None = None


class IceServer(View, frozen=True, kw_only=True):
    """RTCIceServer (W3C webrtc-pc, 4.2.4)."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


class Peer(View, frozen=True, kw_only=True):
    """One page that takes part in a call. `id` is chosen by the page when it joins and survives a
    new socket, so that a call goes on when only the signalling broke. `audio` and `video` say what
    the others can hear and see of it."""

    id: ClientId
    person: Id
    audio: bool
    video: bool
