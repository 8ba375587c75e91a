"""Frames of the WebSocket `/ws`: tag `t` is `family.verb`.

Subprotocol `ithaca.v1.msgpack` carries each frame as one binary message, `ithaca.v1.json` as one
text message. A client's first frame is `auth.open`, within 5 s of the upgrade.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from protocol.types import (
    ClientId,
    Emoji,
    Id,
    LeaveReason,
    Limit,
    Micros,
    PresenceState,
    PublicKey,
    Revision,
    Sdp,
    Seq,
    UnsignedShort,
    VoiceSlots,
)
from protocol.views import (
    Contact,
    Cursor,
    IceServer,
    MentorshipView,
    Message,
    Peer,
    SessionView,
)

SUBPROTOCOL_MSGPACK = "ithaca.v1.msgpack"
SUBPROTOCOL_JSON = "ithaca.v1.json"


class Frame(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="t"):
    """Base of all frames."""


# ---- from the client ---------------------------------------------------------------------------


class AuthOpen(Frame, tag="auth.open", frozen=True, kw_only=True):
    """Signs this connection in. `tab` names the page for its life, reloads included: a newer
    connection of the same tab replaces the older one. `cursors` gives, per conversation, what the
    client holds: delivery goes on from there. `epoch` is that of the snapshot with which it came to
    hold that: of another one, all it holds counts as `chat.gap`; without it, as that of a server
    that was never restored."""

    grant: str
    tab: ClientId
    cursors: dict[Id, Cursor] = {}
    epoch: Micros | None = None


class Beat(Frame, tag="beat", frozen=True, kw_only=True):
    """A sign of life from the page itself, every 2 s from a Worker's timer."""

    n: Seq


class ChatSend(Frame, tag="chat.send", frozen=True, kw_only=True):
    """Asks for a message to be stored, as an answer to the one at `reply_to`, if given. Sending it
    again with the same `id` changes nothing and is accepted with the same seq; the same `id` with
    another body or `reply_to` is refused with `conflict`."""

    conversation: Id
    id: ClientId
    body: str
    reply_to: Seq | None = None


class ChatEdit(Frame, tag="chat.edit", frozen=True, kw_only=True):
    """Changes the text of a message of one's own, at any time; how it read before is kept, for both
    to see. `id` names the change: the same again changes nothing, with another `seq` or `body` it
    is refused with `conflict`. Answered by `chat.done`."""

    conversation: Id
    id: ClientId
    seq: Seq
    body: str


class ChatDelete(Frame, tag="chat.delete", frozen=True, kw_only=True):
    """Deletes a message of one's own for both, with all that it ever read. It keeps its place.
    Again changes nothing. Answered by `chat.done`."""

    conversation: Id
    id: ClientId
    seq: Seq


class ChatReact(Frame, tag="chat.react", frozen=True, kw_only=True):
    """Sets or takes back one's reaction to a message: at most one of each emoji. Setting what is
    set changes nothing, and so does the same id again, whatever has happened since; of another
    change it is refused with `conflict`. Answered by `chat.done`."""

    conversation: Id
    id: ClientId
    seq: Seq
    emoji: Emoji
    on: bool


class ChatPin(Frame, tag="chat.pin", frozen=True, kw_only=True):
    """Pins a message for both, or takes the pin off; at most 50 are pinned. Setting what is set
    changes nothing, and so does the same id again, as of `chat.react`. Answered by
    `chat.done`."""

    conversation: Id
    id: ClientId
    seq: Seq
    on: bool


class ChatTyping(Frame, tag="chat.typing", frozen=True, kw_only=True):
    """Says that one types, again every 4 s, or that one has stopped. Not answered, not kept; what
    is said too often is passed over."""

    conversation: Id
    typing: bool


class ChatFetch(Frame, tag="chat.fetch", frozen=True, kw_only=True):
    """Asks for a page: at most `limit` messages before `before` (exclusive), or after `after`, or
    around `around` (half of them before it), or around the message of the earliest time at or after
    `at_us`, of several the first: where the server's clock was set back, times do not grow with the
    log. None of these: the newest; more than one is refused with `invalid_field`. A page of
    long messages may hold fewer."""

    conversation: Id
    before: Seq | None = None
    after: Seq | None = None
    around: Seq | None = None
    at_us: Micros | None = None
    limit: Limit = 50


class ChatDelivered(Frame, tag="chat.delivered", frozen=True, kw_only=True):
    """Says that the sender's messages up to `seq` have reached this page, or can be read from it:
    the older ones of a long absence it loads as they are looked at. Never moves backwards."""

    conversation: Id
    seq: Seq


class ChatRead(Frame, tag="chat.read", frozen=True, kw_only=True):
    """Says that everything up to `seq` has been seen, and so was delivered. Never moves
    backwards."""

    conversation: Id
    seq: Seq


class RoomJoin(Frame, tag="room.join", frozen=True, kw_only=True):
    """Joins the call. `offer`, if given, goes at once to who is already there, ahead of
    `room.peer_joined`: it saves a round trip and the wait for the record. Joining again with the
    same `peer` after a new socket continues the call; for 2.5 s nobody is told of a socket that the
    same tab's newer one replaced. `key` is the public part of what this page signs contact with:
    time without such a signature is `unknown`. A person may join 30 times at once and once every
    2 s: beyond that it is `rate_limited`, and they stay in or out as they were."""

    room: Id
    peer: ClientId
    audio: bool
    video: bool
    offer: Sdp | None = None
    key: PublicKey | None = None


class RoomLeave(Frame, tag="room.leave", frozen=True, kw_only=True):
    """Leaves the call; answered by `room.left`."""

    room: Id


class RoomEnd(Frame, tag="room.end", frozen=True, kw_only=True):
    """Ends the session for both."""

    room: Id


class RoomMedia(Frame, tag="room.media", frozen=True, kw_only=True):
    """What the sender's microphone and camera let others hear and see."""

    room: Id
    audio: bool
    video: bool


class RoomPath(Frame, tag="room.path", frozen=True, kw_only=True):
    """Whether sound and picture travel between the sender's page and the other's, as it sees it."""

    room: Id
    up: bool


class RoomContact(Frame, tag="room.contact", frozen=True, kw_only=True):
    """Hands in what the other's page signed, every 4 s and before leaving; of each stretch the
    newest signature. What was signed while the server was out of reach is handed in on return.
    Signatures that do not check, or of keys that are not of this session, are passed over."""

    room: Id
    session: Id
    contacts: Annotated[tuple[Contact, ...], Meta(max_length=32)]


class RoomVoice(Frame, tag="room.voice", frozen=True, kw_only=True):
    """In which half-seconds the sender's microphone heard speech, every 10 s and before leaving;
    `from_us` is where the first begins, on the server's clock, and `slots` follow each other. Muted
    is silent. What is doubled, too old or not over yet is passed over; what is lost stays unknown.
    """

    room: Id
    from_us: Micros
    slots: VoiceSlots


class PeerOffer(Frame, tag="peer.offer", frozen=True, kw_only=True):
    """An SDP offer. From the client: `peer` is whom it is for. From the server: whom it is from."""

    room: Id
    peer: ClientId
    sdp: Sdp


class PeerAnswer(Frame, tag="peer.answer", frozen=True, kw_only=True):
    """An SDP answer. From the client: `peer` is whom it is for. From the server: whom from."""

    room: Id
    peer: ClientId
    sdp: Sdp


class PeerCandidate(Frame, tag="peer.candidate", frozen=True, kw_only=True):
    """A trickled ICE candidate (RFC 8840); an empty `candidate` says there are no more. `peer` as
    in `peer.offer`."""

    room: Id
    peer: ClientId
    candidate: str
    sdp_mid: Annotated[str, Meta(max_length=64)] | None = None
    sdp_m_line_index: UnsignedShort | None = None
    username_fragment: Annotated[str, Meta(max_length=256)] | None = None


# ---- from the server ---------------------------------------------------------------------------


class AuthOpened(Frame, tag="auth.opened", frozen=True, kw_only=True):
    """The connection is signed in; `mentorships` is the snapshot that later frames change.
    `ice_servers` are for the connection that a page prepares before it joins. `epoch` is another
    number once the site was put back to what a backup held: say it with the cursors."""

    connection: Id
    person: Id
    now_us: Micros
    beat_interval_us: Micros
    ice_servers: tuple[IceServer, ...]
    mentorships: tuple[MentorshipView, ...]
    epoch: Micros


class BeatAck(Frame, tag="beat.ack", frozen=True, kw_only=True):
    """Answers a beat with its `n` and the server's clock."""

    n: Seq
    now_us: Micros


class ErrorFrame(Frame, tag="error", frozen=True, kw_only=True):
    """A refusal. `code` is in docs/errors.md; `about` is the tag of the refused frame, when it can
    be read, and `ref` the client id in it, when it had one."""

    code: str
    message: str
    about: str | None = None
    ref: str | None = None
    retry_after_us: Micros | None = None


class ChatAccepted(Frame, tag="chat.accepted", frozen=True, kw_only=True):
    """The message is on disk, at `seq`; `revision` is of the message as it is now, which is not as
    it was sent if that was before, and it was edited meanwhile."""

    conversation: Id
    id: ClientId
    seq: Seq
    at_us: Micros
    revision: Revision


class ChatDone(Frame, tag="chat.done", frozen=True, kw_only=True):
    """The edit, deletion, reaction or pin called `id` is on disk; `revision` is of the message as
    it is now."""

    conversation: Id
    id: ClientId
    seq: Seq
    revision: Revision


class ChatMessages(Frame, tag="chat.messages", frozen=True, kw_only=True):
    """Contiguous messages, oldest first: live, caught up after an absence, or a page asked for.
    `head` and `revision` are the conversation's, as these were read."""

    conversation: Id
    head: Seq
    revision: Revision
    messages: tuple[Message, ...]


class ChatGap(Frame, tag="chat.gap", frozen=True, kw_only=True):
    """What the page says that it holds is of another `epoch`, or beyond `head`, the conversation's
    newest seq, or beyond its revision: the database was put back to an earlier copy, and what was
    said since that one is gone. The page forgets what it has of the conversation, asks anew, and
    tells the person so. No absence, however long, is a gap."""

    conversation: Id
    head: Seq


class ChatTouched(Frame, tag="chat.touched", frozen=True, kw_only=True):
    """Messages that were edited, deleted, reacted to or pinned, whole, as they are now, in order of
    their revision. Once they are applied, every message that came before is as of `revision` at
    least; so after an absence it may come without messages. One that is not held may be passed
    over: a page that is fetched later has it as it is then."""

    conversation: Id
    revision: Revision
    messages: tuple[Message, ...]


class ChatTyped(Frame, tag="chat.typed", frozen=True, kw_only=True):
    """Another member types, or has stopped; what is not said again within 6 s has lapsed."""

    conversation: Id
    person: Id
    typing: bool


class ChatReceipt(Frame, tag="chat.receipt", frozen=True, kw_only=True):
    """How far a member has got."""

    conversation: Id
    person: Id
    delivered: Seq
    read: Seq


class RoomJoined(Frame, tag="room.joined", frozen=True, kw_only=True):
    """You are in the room, and that is on record. `peers` were there before you: towards them you
    are the impolite side (W3C webrtc-pc, perfect negotiation), towards later ones the polite."""

    room: Id
    peer: ClientId
    peers: tuple[Peer, ...]
    ice_servers: tuple[IceServer, ...]
    session: SessionView


class RoomPeerJoined(Frame, tag="room.peer_joined", frozen=True, kw_only=True):
    """Another peer came, or came back with a new socket and the same id."""

    room: Id
    peer: Peer


class RoomPeerLeft(Frame, tag="room.peer_left", frozen=True, kw_only=True):
    """A peer is gone from the room; after `lost` its media may still flow, and it may return."""

    room: Id
    peer: ClientId
    person: Id
    reason: LeaveReason


class RoomPeerMedia(Frame, tag="room.peer_media", frozen=True, kw_only=True):
    """What another peer now lets others hear and see."""

    room: Id
    peer: ClientId
    audio: bool
    video: bool


class RoomLeft(Frame, tag="room.left", frozen=True, kw_only=True):
    """You are out of the room: you left, a newer tab of yours took over, or the session ended."""

    room: Id
    reason: LeaveReason
    session: SessionView | None = None


class SessionChanged(Frame, tag="session.changed", frozen=True, kw_only=True):
    """A session began, ended, or its time together started or stopped running."""

    session: SessionView


class ReflectionChanged(Frame, tag="reflection.changed", frozen=True, kw_only=True):
    """What was said after a session reached you or the other, or you are asked how it was: look at
    `/v1/sessions/{session}/reflection` and `/v1/mentorships/{mentorship}/next` again."""

    mentorship: Id
    session: Id


class PresenceChanged(Frame, tag="presence.changed", frozen=True, kw_only=True):
    """Someone in one of your mentorships came or went, or what you may know of that has changed;
    `seen_us` as of a member."""

    mentorship: Id
    person: Id
    presence: PresenceState
    seen_us: Micros | None = None


class MentorshipAdded(Frame, tag="mentorship.added", frozen=True, kw_only=True):
    """You are in a new mentorship."""

    mentorship: MentorshipView


class MentorshipChanged(Frame, tag="mentorship.changed", frozen=True, kw_only=True):
    """What the two agreed on or planned has changed, or one of them left, or blocks the other, or
    goes by another time zone: `agreement`, `proposal`, `meeting`, `closed_us`, `closed_by`,
    `blocked_by_me` and each member's `person` of the view are news. The rest travels in frames of
    its own, and may be newer there."""

    mentorship: MentorshipView


ClientFrame = (
    AuthOpen
    | Beat
    | ChatSend
    | ChatEdit
    | ChatDelete
    | ChatReact
    | ChatPin
    | ChatTyping
    | ChatFetch
    | ChatDelivered
    | ChatRead
    | RoomJoin
    | RoomLeave
    | RoomEnd
    | RoomMedia
    | RoomPath
    | RoomContact
    | RoomVoice
    | PeerOffer
    | PeerAnswer
    | PeerCandidate
)
ServerFrame = (
    AuthOpened
    | BeatAck
    | ErrorFrame
    | ChatAccepted
    | ChatDone
    | ChatMessages
    | ChatGap
    | ChatTouched
    | ChatTyped
    | ChatReceipt
    | RoomJoined
    | RoomPeerJoined
    | RoomPeerLeft
    | RoomPeerMedia
    | RoomLeft
    | SessionChanged
    | ReflectionChanged
    | PresenceChanged
    | MentorshipAdded
    | MentorshipChanged
    | PeerOffer
    | PeerAnswer
    | PeerCandidate
)
