"""What a person is shown of people, mentorships, messages and sessions: the parts that frames and
REST bodies share."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocol.bill import Bill
from protocol.terms import Terms
from protocol.types import (
    ClientId,
    Digest,
    Emoji,
    EndReason,
    Id,
    MeetingState,
    Micros,
    PresenceState,
    ProposalState,
    PublicKey,
    Rating,
    Revision,
    Role,
    Seq,
    SessionState,
    Signature,
)

StretchState = Annotated[
    Literal["contact", "impaired", "unknown", "alone", "nobody"],
    Meta(
        description=(
            "contact: both there, and their pages signed that they were in contact; impaired: both "
            "there, and both say that no sound or picture travelled; unknown: both there, neither "
            "proven; alone: one of them; nobody: neither."
        )
    ),
]
SettlementState = Annotated[
    Literal["settled", "confirmed", "contested"],
    Meta(
        description=(
            "settled: computed, and nobody objects; confirmed: both agree; contested: one of them "
            "does not, or neither, and the line is held until they do, or a correction."
        )
    ),
]


class View(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of the shared parts."""


class PersonView(View, frozen=True, kw_only=True):
    """Someone, as the other side of a mentorship sees them. `zone` is an IANA name."""

    id: Id
    name: str
    zone: str


class Member(View, frozen=True, kw_only=True):
    """A person in a mentorship. `seen_us`: of somebody who is away, when they were last here, as
    far as both show that. Once one of them has left, the other is told of neither: `away`."""

    person: PersonView
    role: Role
    presence: PresenceState
    seen_us: Micros | None = None


class Reaction(View, frozen=True, kw_only=True):
    """Who reacted to a message with `emoji`, in the order in which they did."""

    emoji: Emoji
    persons: tuple[Id, ...]


class Message(View, frozen=True, kw_only=True, omit_defaults=True):
    """A message as it is now: `seq` is its place, `id` what its author's client called it,
    `revision` when it was last touched. Of two views of a message the one of the greater revision
    is the newer. Of a deleted one (`deleted_us`) the body is empty, reactions and pin are gone.
    What is unset is left out."""

    seq: Seq
    id: ClientId
    person: Id
    body: str
    at_us: Micros
    revision: Revision
    reply_to: Seq | None = None
    edited_us: Micros | None = None
    deleted_us: Micros | None = None
    pinned_us: Micros | None = None
    pinned_by: Id | None = None
    reactions: tuple[Reaction, ...] = ()


class MessageVersion(View, frozen=True, kw_only=True):
    """How a message read from `at_us` on."""

    body: str
    at_us: Micros


class Mark(View, frozen=True, kw_only=True):
    """How far a member has got: some page of theirs holds everything up to `delivered`, and they
    have seen everything up to `read`."""

    person: Id
    delivered: Seq
    read: Seq


class Cursor(View, frozen=True, kw_only=True):
    """What a client holds of a conversation: all messages up to `seq` without a gap, each at least
    as it was at `revision`."""

    seq: Seq
    revision: Revision


class PersonTime(View, frozen=True, kw_only=True):
    """One person's time in a session. `since_us` is set while they are in the room: their time
    grows from `present_us` by (now - `since_us`). `present_us` is what is proven;
    `present_most_us` adds the time between a last proof and the moment its end was noticed."""

    person: Id
    present_us: Micros
    present_most_us: Micros
    since_us: Micros | None = None


class Stretch(View, frozen=True, kw_only=True):
    """A part of a session in which nothing changed; `present` says who was there."""

    from_us: Micros
    to_us: Micros
    state: StretchState
    present: tuple[Id, ...]


class Settlement(View, frozen=True, kw_only=True):
    """What an ended session came to. `facts` is how many facts are on record, what was said of it
    included, `head` the hash of the last, `signature` (Ed25519) the server's over both, by its key
    `kid`: whoever keeps them can show later that nothing up to there was changed or taken away.
    `confirmed_by` and `contested_by` speak of this revision. `said_us`: when somebody last
    contested or corrected it."""

    state: SettlementState
    revision: int
    facts: int
    head: Digest
    kid: Id
    signature: Signature
    bill: Bill
    confirmed_by: tuple[Id, ...]
    contested_by: tuple[Id, ...]
    at_us: Micros
    said_us: Micros | None = None


class MeetingView(View, frozen=True, kw_only=True):
    """A planned talk: `zone` is whose wall clock it was planned by (IANA name), `by` who planned
    it. `told_us`, `told_by`: when its time was last set, or it was cancelled, and by whom."""

    id: Id
    mentorship: Id
    start_us: Micros
    length_us: Micros
    zone: str
    by: Id
    told_us: Micros
    told_by: Id
    state: MeetingState


class AgreementView(View, frozen=True, kw_only=True):
    """One version of what a pair agreed on. In force from `valid_from_us` on, once both accepted:
    `accepted_us` is when the second did. Until then `valid_from_us` is what was asked for, None: as
    soon as both accepted. `answered_by`, `answered_us`: by whose doing it is not open any more, and
    when."""

    mentorship: Id
    version: int
    terms: Terms
    state: ProposalState
    proposed_by: Id
    proposed_us: Micros
    accepted_by: tuple[Id, ...]
    accepted_us: Micros | None = None
    valid_from_us: Micros | None = None
    answered_by: Id | None = None
    answered_us: Micros | None = None


class Interruption(View, frozen=True, kw_only=True):
    """A stretch between the first and the last moment together in which they were not together;
    `absent` says who was missing."""

    from_us: Micros
    to_us: Micros
    absent: tuple[Id, ...]


class SessionView(View, frozen=True, kw_only=True):
    """What happened in one session. All sums are as of `as_of_us`; while `together_since_us` is set
    the time together grows with the clock. `estimated`: some end was not said but inferred from the
    last proof of life. `ended_by`: who ended it for both. `interruptions` are the latest 100 gaps
    at most, `unwatched` the latest 100 stretches in which the server could put nobody on record as
    coming. `version` grows with each change on record: of two views the one of the greater version
    is the newer, whatever their times say; of one version, the one of the later `as_of_us`."""

    id: Id
    mentorship: Id
    room: Id
    version: int
    state: SessionState
    created_us: Micros
    started_us: Micros | None = None
    ended_us: Micros | None = None
    end_reason: EndReason | None = None
    ended_by: Id | None = None
    as_of_us: Micros
    together_us: Micros
    together_since_us: Micros | None = None
    people: tuple[PersonTime, ...]
    interruptions: tuple[Interruption, ...]
    unwatched: tuple[tuple[Micros, Micros], ...] = ()
    estimated: bool
    settlement: Settlement | None = None


class Lane(View, frozen=True, kw_only=True):
    """One person's presence as proven, and the ends that are inferred: (last proof, noticed)."""

    person: Id
    spans: tuple[tuple[Micros, Micros], ...]
    inferred: tuple[tuple[Micros, Micros], ...]


class Proof(View, frozen=True, kw_only=True):
    """A stretch of contact that `signer`'s page signed and `person`'s handed in."""

    person: Id
    signer: Id
    from_us: Micros
    to_us: Micros
    beats: int


class Note(View, frozen=True, kw_only=True):
    """What somebody wrote to an entry of the ledger, which holds its digest only. `text` is None
    once it was erased. `person` None: the operator."""

    digest: Digest
    person: Id | None
    text: str | None
    at_us: Micros
    about: Literal["contested", "corrected"]


class BookedView(View, frozen=True, kw_only=True):
    """The meeting that a session was, as it stood then. `came`: who had come for it already, in an
    earlier session, so that they are not late for it now, nor missing; `again`: both had.
    `waited_us`: how much of the booked time mentor and mentee were there before, which counts as
    waiting for who did not come. `binding`: the mentee had notice enough to owe for not coming in
    time. `before_us` counted in its other sessions, for which `billed_us` was billed."""

    meeting: Id
    start_us: Micros
    length_us: Micros
    came: tuple[Id, ...]
    again: bool
    waited_us: tuple[Micros, Micros]
    binding: bool
    before_us: Micros
    billed_us: Micros


class SessionAccount(SessionView, frozen=True, kw_only=True):
    """A session and why: stretches over its whole time, each one's lane, proofs of contact, the
    terms and the meeting that it was, and what it comes to, *so far* until it has ended.
    `counted`: when time counted, start and end; `bridged`: the short gaps between that were filled.
    `together_most_us` is the most that the time together can have been. `concession_most_us`: to
    how much the mentee can give in at most."""

    together_most_us: Micros
    contact_us: Micros
    unknown_us: Micros
    impaired_us: Micros
    stretches: tuple[Stretch, ...]
    counted: tuple[tuple[Micros, Micros], ...]
    bridged: tuple[tuple[Micros, Micros], ...]
    lanes: tuple[Lane, ...]
    proofs: tuple[Proof, ...]
    terms_version: int
    terms: Terms
    booked: BookedView | None = None
    extended_us: Micros | None = None
    bill: Bill
    concession_most_us: Micros
    notes: tuple[Note, ...]


class OwnReflection(View, frozen=True, kw_only=True):
    """What I said after a session. `private` is for me alone. The rest reaches the other once both
    have answered, at the latest at `due_us`; since `shared_us` the other has it, and it cannot be
    changed any more. `answered_us` is None while there is nothing in it for the other."""

    useful: str
    next: str
    rating: Rating | None
    private: str
    answered_us: Micros | None
    due_us: Micros | None
    shared_us: Micros | None


class SharedReflection(View, frozen=True, kw_only=True):
    """What the other said, once it has reached me."""

    person: Id
    useful: str
    next: str
    rating: Rating | None
    shared_us: Micros


class ReflectionView(View, frozen=True, kw_only=True):
    """A session in the words of the two, as one of them may see it. `they_answered`: the other has
    said something, seen or not yet."""

    session: Id
    mine: OwnReflection | None
    theirs: SharedReflection | None
    they_answered: bool


class TalkShare(View, frozen=True, kw_only=True):
    """My part of one session: of the `both_us` that both pages measured I spoke `speaking_us`."""

    session: Id
    at_us: Micros
    both_us: Micros
    speaking_us: Micros


class TalkView(View, frozen=True, kw_only=True):
    """How a session was shared out, by what each page measured on its own microphone. Only time
    that both measured counts (`both_us`): in `speaking_us` of it I spoke, in `overlap_us` both did,
    in `silence_us` nobody. `trend` is my part of the last sessions up to this one, oldest first."""

    session: Id
    both_us: Micros
    speaking_us: Micros
    overlap_us: Micros
    silence_us: Micros
    trend: tuple[TalkShare, ...]


class MentorshipView(View, frozen=True, kw_only=True):
    """A mentorship as one of its members sees it; `read` and `unread` are that member's own, and
    deleted messages are not counted. `last` is the newest message that is not deleted, with at most
    the first line of its body. `revision` counts the changes of the conversation, `marks` are how
    far each member has got (who is missing: 0; of the other as it stood when one of them left, or
    they blocked), `pinned` the pinned messages, newest pin first. `agreement` is in force,
    `proposal` waits for an answer or was declined, `meeting` is the current or the next one.
    `closed_by` left it at `closed_us`: nothing new begins. `blocked_by_me`:
    neither reaches the other until I lift that."""

    id: Id
    conversation: Id
    room: Id
    created_us: Micros
    members: tuple[Member, ...]
    head: Seq
    revision: Revision
    read: Seq
    unread: int
    marks: tuple[Mark, ...] = ()
    pinned: tuple[Seq, ...] = ()
    last: Message | None = None
    session: SessionView | None = None
    agreement: AgreementView | None = None
    proposal: AgreementView | None = None
    meeting: MeetingView | None = None
    closed_us: Micros | None = None
    closed_by: Id | None = None
    blocked_by_me: bool = False


class IceServer(View, frozen=True, kw_only=True):
    """RTCIceServer (W3C webrtc-pc, 4.2.4)."""

    urls: tuple[str, ...]
    username: str | None = None
    credential: str | None = None


class Contact(View, frozen=True, kw_only=True):
    """The page with `signer_key` signed that it heard `beats` beats of the page with `about_key`,
    without a gap from `from_us` to `to_us`, by the server's clock."""

    about_key: PublicKey
    signer_key: PublicKey
    from_us: Micros
    to_us: Micros
    beats: Micros
    signature: Signature


class Peer(View, frozen=True, kw_only=True):
    """One page that takes part in a call. `id` is chosen by the page when it joins and survives a
    new socket, so that a call goes on when only the signalling broke. `audio` and `video` say what
    the others can hear and see of it. `key` is what it signs contact with."""

    id: ClientId
    person: Id
    audio: bool
    video: bool
    key: PublicKey | None = None
