"""Bodies of the HTTP API under `/v1`."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from protocol.bill import Bill
from protocol.facts import SessionFact
from protocol.terms import Currency, Money, Terms
from protocol.types import (
    ClientId,
    Digest,
    Emoji,
    Id,
    Limit,
    Micros,
    Rating,
    Reason,
    ReportReason,
    Revision,
    Role,
    Seq,
)
from protocol.views import (
    AgreementView,
    MeetingView,
    MentorshipView,
    Message,
    MessageVersion,
    PersonView,
    SessionView,
    SettlementState,
)


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Base of REST bodies and queries."""


class ExchangeInvitation(Body, frozen=True, kw_only=True):
    """The invitation from a link's fragment."""

    invitation: Annotated[str, Meta(max_length=200)]


class RenewGrant(Body, frozen=True, kw_only=True):
    """The renewal handle that came with a grant. `mentorship` narrows the new grant to one: it can
    be handed on to a page that is to reach no more than that, and cannot be renewed."""

    renewal: Annotated[str, Meta(max_length=200)]
    mentorship: Id | None = None


class Grant(Body, frozen=True, kw_only=True):
    """A signed token (`Authorization: Bearer`, or the first frame), good until `expires_us`, and
    the handle that buys the next one; a narrowed grant has none. `mentorship` is where the
    invitation leads, if anywhere."""

    grant: str
    expires_us: Micros
    now_us: Micros
    renewal: str | None
    person: PersonView
    mentorship: Id | None = None


class NewPerson(Body, frozen=True, kw_only=True):
    """Someone to invite: `zone` is an IANA name such as `Europe/Vienna`; `email` may be empty."""

    name: str
    zone: str
    email: str = ""


class NewMentorship(Body, frozen=True, kw_only=True):
    """Two people to bring together. Leave out yourself (`i_am`) when signed in as one of them. With
    `link_days` the links stop working after so many days."""

    mentor: NewPerson | None = None
    mentee: NewPerson | None = None
    i_am: Role | None = None
    link_days: Annotated[int, Meta(ge=1, le=3660)] | None = None


class InvitationLink(Body, frozen=True, kw_only=True):
    """A person's way in. The part after `#` is a secret and never reaches a server's log."""

    person: PersonView
    role: Role
    url: str


class MentorshipCreated(Body, frozen=True, kw_only=True):
    """The new mentorship and a link for each person that was created with it."""

    mentorship: Id
    links: tuple[InvitationLink, ...]


class Me(Body, frozen=True, kw_only=True):
    """Who the grant speaks for, and what they are part of. `seen_hidden`: nobody is told when they
    were last here, nor are they of others."""

    person: PersonView
    now_us: Micros
    mentorships: tuple[MentorshipView, ...]
    seen_hidden: bool = False


class SeenSetting(Body, frozen=True, kw_only=True):
    """Whether nobody is told when one was last here; who hides that is not told of others either.
    Whether one is here shows all the same."""

    hidden: bool


class ZoneSetting(Body, frozen=True, kw_only=True):
    """By which clock one reads times, and is told of to others: an IANA name. Who is not told where
    one is goes on with the zone that one began with."""

    zone: str


class NewLink(Body, frozen=True, kw_only=True):
    """A fresh link for oneself; all earlier ones have stopped working, and so has everything that
    was opened with them."""

    url: str


class SendMessage(Body, frozen=True, kw_only=True):
    """As `chat.send`: the same `id` again changes nothing, with another body or `reply_to` it is a
    `conflict`."""

    id: ClientId
    body: str
    reply_to: Seq | None = None


class EditMessage(Body, frozen=True, kw_only=True):
    """As `chat.edit`: `id` names the change; the same again changes nothing, with another message
    or body it is a `conflict`."""

    id: ClientId
    body: str


class DeleteMessage(Body, frozen=True, kw_only=True):
    """As `chat.delete`. `id` is only answered with."""

    id: ClientId


class ReactToMessage(Body, frozen=True, kw_only=True):
    """As `chat.react`: the same `id` again changes nothing, with another wish it is a
    `conflict`."""

    id: ClientId
    emoji: Emoji
    on: bool


class PinMessage(Body, frozen=True, kw_only=True):
    """As `chat.pin`: the same `id` again changes nothing, with another wish it is a
    `conflict`."""

    id: ClientId
    on: bool


class MessageAccepted(Body, frozen=True, kw_only=True):
    """The message is on disk; `revision` is of the message as it is now."""

    id: ClientId
    seq: Seq
    at_us: Micros
    revision: Revision


class PageQuery(Body, frozen=True, kw_only=True):
    """At most `limit` messages before `before`, or after `after`, or around `around`, or around
    the message of the earliest time at or after `at_us`, of several the first; none of these: the
    newest. A page of long messages may hold fewer."""

    before: Seq | None = None
    after: Seq | None = None
    around: Seq | None = None
    at_us: Micros | None = None
    limit: Limit = 50


class MessagePage(Body, frozen=True, kw_only=True):
    """Contiguous messages, oldest first; `head` and `revision` are the conversation's."""

    conversation: Id
    head: Seq
    revision: Revision
    messages: tuple[Message, ...]


class Block(Body, frozen=True, kw_only=True):
    """Whether the other is blocked: then neither reaches the other, and the other is not told
    whether one is there."""

    on: bool


class NewReport(Body, frozen=True, kw_only=True):
    """What the operator should know of the other: up to 2,000 characters of `words`, and up to 50
    messages by their `seqs`, of which copies are kept whatever becomes of them. `also`: leave the
    mentorship, block the other. The other is told nothing of it."""

    reason: ReportReason
    words: str = ""
    seqs: Annotated[tuple[Seq, ...], Meta(max_length=50)] = ()
    also: Annotated[tuple[Literal["leave", "block"], ...], Meta(max_length=2)] = ()


class Reported(Body, frozen=True, kw_only=True):
    """It is on disk, for the operator to read."""

    report: Id


class SearchQuery(Body, frozen=True, kw_only=True):
    """At most `limit` messages that have all of `words`, in any order: up to 200 characters and 32
    words. Case and accents make no difference; the last word may be just the beginning of one."""

    words: str
    limit: Limit = 50


class SearchWithinQuery(SearchQuery, frozen=True, kw_only=True):
    """`before`: of the older ones. The seq of the last one on a page asks for the next page."""

    before: Seq | None = None


class SearchHit(Body, frozen=True, kw_only=True):
    """A message that was found, and in which mentorship."""

    mentorship: Id
    conversation: Id
    message: Message


class SearchPage(Body, frozen=True, kw_only=True):
    """Newest first; a page of long messages may hold fewer. `more`: there are older ones.
    `complete`: all messages were looked at; otherwise some are still being taken in, as after an
    upgrade of the server: ask again in a moment."""

    hits: tuple[SearchHit, ...]
    more: bool
    complete: bool


class PinnedMessages(Body, frozen=True, kw_only=True):
    """The pinned messages, newest pin first; `revision` is the conversation's."""

    conversation: Id
    revision: Revision
    messages: tuple[Message, ...]


class MessageVersions(Body, frozen=True, kw_only=True):
    """How a message has read, oldest first; the last is how it reads now. None of a deleted one."""

    conversation: Id
    seq: Seq
    versions: tuple[MessageVersion, ...]


class NewAgreement(Body, frozen=True, kw_only=True):
    """Terms that one proposes, and thereby accepts. In force from `valid_from_us` on, but never
    before the other has accepted; left out: as soon as they have."""

    terms: Terms
    valid_from_us: Micros | None = None


class AgreementQuery(Body, frozen=True, kw_only=True):
    """At most `limit` versions before version `before`; without it: the newest."""

    before: Seq | None = None
    limit: Limit = 50


class AgreementPage(Body, frozen=True, kw_only=True):
    """Newest first."""

    agreements: tuple[AgreementView, ...]


class NewMeeting(Body, frozen=True, kw_only=True):
    """When to meet: in the future, for 5 minutes to 12 hours. `zone` (an IANA name) is whose wall
    clock it is planned by."""

    start_us: Micros
    length_us: Micros
    zone: str


class MoveMeeting(Body, frozen=True, kw_only=True):
    """When to meet instead."""

    start_us: Micros
    length_us: Micros


class MeetingQuery(Body, frozen=True, kw_only=True):
    """Meetings that end after `after_us`; without it: that are not over yet. The end of the last
    one on a page asks for the next page."""

    after_us: Micros | None = None
    limit: Limit = 50


class MeetingPage(Body, frozen=True, kw_only=True):
    """By their end, the earliest first; cancelled ones too. All that end when the last one does are
    on the same page, be they more than `limit`."""

    meetings: tuple[MeetingView, ...]


class SessionQuery(Body, frozen=True, kw_only=True):
    """Sessions of one mentorship, or of all one's mentorships; `before_us` pages back by the time a
    session began: `created_us` of the last one on a page asks for the next page."""

    mentorship: Id | None = None
    before_us: Micros | None = None
    limit: Limit = 50


class SessionPage(Body, frozen=True, kw_only=True):
    """Newest first. All that began when the last one did are on the same page, be they more than
    `limit`."""

    sessions: tuple[SessionView, ...]


class FactRecord(Body, frozen=True, kw_only=True):
    """One record of a session's chain: `hash` is SHA-256 over the hash before and the record's
    exact bytes (docs/ledger.md). `wall_us` and `monotonic_us` are the server's clocks when it was
    written, `boot` names that run of the server."""

    seq: int
    wall_us: Micros
    monotonic_us: Micros
    boot: str
    hash: Digest
    fact: SessionFact


class FactPage(Body, frozen=True, kw_only=True):
    """All facts of a session, in their order."""

    session: Id
    facts: tuple[FactRecord, ...]


class Confirm(Body, frozen=True, kw_only=True):
    """The `revision` of the settlement that one agrees with."""

    revision: int


class Contest(Body, frozen=True, kw_only=True):
    """The `revision` of the settlement that one does not agree with, and why."""

    revision: int
    reason: Reason


class NewCorrection(Body, frozen=True, kw_only=True):
    """What the session should come to instead, and why. One can only give in: the mentor to less,
    the mentee to more."""

    billed_us: Micros
    reason: Reason


class SaveReflection(Body, frozen=True, kw_only=True):
    """What I say after a session, all of it: what is left out is taken back. Each text has at most
    2,000 characters. `private` never reaches anybody else; the rest reaches the other once both
    have answered, or 24 hours after I first did. Saving the same again changes nothing."""

    useful: str = ""
    next: str = ""
    rating: Rating | None = None
    private: str = ""


class LastTime(Body, frozen=True, kw_only=True):
    """What the two wanted to do next when they talked at `at_us`; the other's once it has been
    shared. Empty: said nothing."""

    session: Id
    at_us: Micros
    mine: str
    theirs: str


class Reminder(Body, frozen=True, kw_only=True):
    """The session at `at_us` that I was asked about and have not answered. It is brought up once:
    until it is answered, dismissed, or followed by another."""

    session: Id
    at_us: Micros


class NextSteps(Body, frozen=True, kw_only=True):
    """What to begin the next session with."""

    mentorship: Id
    last: LastTime | None
    reminder: Reminder | None


class StatementQuery(Body, frozen=True, kw_only=True):
    """The month (`2026-11`) of the sessions one had `as` mentor or mentee, by one's own time zone.
    `format` csv answers with text/csv."""

    role: Role = "mentor"
    month: Annotated[str, Meta(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])(?!\n)$")]
    format: Literal["json", "csv"] = "json"


class StatementLine(Body, frozen=True, kw_only=True):
    """What one session comes to: `head` is the hash of its settlement, `terms` in the bill the
    version of the agreement. A contested line is held: it is in no sum."""

    session: Id
    mentorship: Id
    mentor: PersonView
    mentee: PersonView
    at_us: Micros
    revision: int
    state: SettlementState
    head: Digest
    bill: Bill


class StatementSum(Body, frozen=True, kw_only=True):
    """The sums of the lines in one currency (None: free of charge) that are not contested."""

    currency: Currency | None
    lines: int
    billed_us: Micros
    make_up_us: Micros
    net_minor: Money
    fee_minor: Money
    tax_minor: Money


class Statement(Body, frozen=True, kw_only=True):
    """A month's sessions of one person in one role, oldest first. `held` counts contested lines."""

    person: PersonView
    role: Role
    month: str
    from_us: Micros
    to_us: Micros
    lines: tuple[StatementLine, ...]
    sums: tuple[StatementSum, ...]
    held: int


class LedgerKey(Body, frozen=True, kw_only=True):
    """A public key that settlements are signed with: Ed25519, 32 bytes in base64url."""

    kid: Id
    key: str


class LedgerKeys(Body, frozen=True, kw_only=True):
    """All that were ever used here: an old signature stays good."""

    keys: tuple[LedgerKey, ...]


class About(Body, frozen=True, kw_only=True):
    """What a page must know before anyone signs in. `start`: whether this visitor may begin a
    mentorship here without being signed in."""

    version: str
    start: bool


class Health(Body, frozen=True, kw_only=True):
    """`ok`, or what is missing."""

    status: str


class Problem(Body, frozen=True, kw_only=True):
    """An error (RFC 9457 problem+json). `code` is in docs/errors.md; `field` names the part of the
    request that is wrong."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    field: str | None = None
    retry_after_us: Micros | None = None
