"""Durable facts: what has happened. Ids and numbers only, so that erasing a person leaves them:
what people wrote is kept elsewhere, and a fact holds its digest.

`at_us` is when it happened, as far as it is proven; it may lie before the moment it was noticed.
"""

from typing import Annotated

import msgspec
from msgspec import Meta

from protocol.bill import Bill
from protocol.terms import DAY_US, Terms
from protocol.types import (
    Digest,
    EndReason,
    Id,
    LeaveReason,
    Micros,
    PublicKey,
    Signature,
)

MeetingSpan = Annotated[int, Meta(ge=1, le=DAY_US)]


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="t"):
    """Base of all facts."""


class SessionCreated(Fact, tag="session.created", frozen=True, kw_only=True):
    """The first fact of every session: whose it is."""

    session: Id
    mentorship: Id
    mentor: Id
    mentee: Id
    at_us: Micros


class TermsApplied(Fact, tag="terms.applied", frozen=True, kw_only=True):
    """What the time of this session is worth: the agreement in force. The last one written before
    the session started counts. `version` 0: nothing was agreed, it is free."""

    session: Id
    version: int
    terms: Terms
    at_us: Micros


class MeetingApplied(Fact, tag="meeting.applied", frozen=True, kw_only=True):
    """This session is that meeting. The last one written before the session started counts.
    `told_us`, `told_by`: when its time was last set, and by whom. `came`: who had come for
    it in an earlier session, so that they are not late for it now, nor missed it; `again`: both
    had. `waited_us`: how much of the booked time mentor and mentee were there in earlier sessions;
    `back_us`: how much of it since the server was back that had cut that short, if it had.
    `before_us` counted in its earlier sessions, for which `billed_us` was billed, as far as
    they were settled."""

    session: Id
    meeting: Id
    start_us: Micros
    length_us: MeetingSpan
    told_us: Micros = 0
    told_by: Id | None = None
    again: bool = False
    came: tuple[Id, ...] = ()
    waited_us: tuple[Micros, Micros] = (0, 0)
    back_us: tuple[Micros | None, Micros | None] = (None, None)
    before_us: Micros = 0
    billed_us: Micros = 0
    at_us: Micros


class MeetingWithdrawn(Fact, tag="meeting.withdrawn", frozen=True, kw_only=True):
    """The meeting was moved away or cancelled before it began: this session is none, for all that
    is known."""

    session: Id
    meeting: Id
    at_us: Micros


class MeetingRecounted(Fact, tag="meeting.recounted", frozen=True, kw_only=True):
    """By now the other sessions of the meeting, before this one or after it, are settled at
    `billed_us`, for which `before_us` counted. Takes the place of what `meeting.applied`, or an
    earlier recount, says of that."""

    session: Id
    meeting: Id
    before_us: Micros
    billed_us: Micros
    at_us: Micros


class WindowExtended(Fact, tag="window.extended", frozen=True, kw_only=True):
    """The mentee said to go on past the booked time, from which moment it costs more."""

    session: Id
    person: Id
    at_us: Micros


class ParticipantJoined(Fact, tag="participant.joined", frozen=True, kw_only=True):
    """A connection of a person entered the room. `key`: what its page signs with that it was in
    contact with the other's page."""

    session: Id
    person: Id
    connection: Id
    at_us: Micros
    key: PublicKey | None = None


class ParticipantLeft(Fact, tag="participant.left", frozen=True, kw_only=True):
    """A connection is out of the room since `at_us`: what it said, or its last proof of life.
    `noticed_us` is when the server knew. `estimated`: nobody said so, it was inferred."""

    session: Id
    person: Id
    connection: Id
    at_us: Micros
    noticed_us: Micros
    reason: LeaveReason
    estimated: bool


class WatchBroken(Fact, tag="watch.broken", frozen=True, kw_only=True):
    """In between nobody could be put on record as coming: the server was stopped or stood still, or
    its database was away."""

    session: Id
    from_us: Micros
    to_us: Micros
    at_us: Micros


class PathChanged(Fact, tag="path.changed", frozen=True, kw_only=True):
    """A page says that sound and picture travel between it and the other, or do not."""

    session: Id
    person: Id
    connection: Id
    up: bool
    at_us: Micros


class ContactProven(Fact, tag="contact.proven", frozen=True, kw_only=True):
    """The page with key `signer_key`, of `signer`, signed that it was in contact with the page of
    `about_key`, of `person`, without a gap from `from_us` to `to_us`; `person` handed that in. So
    both say so. The signature is over the contact statement (docs/ledger.md). Of the stretch counts
    what lies after both keys were brought in, and before `at_us`."""

    session: Id
    person: Id
    signer: Id
    about_key: PublicKey
    signer_key: PublicKey
    from_us: Micros
    to_us: Micros
    beats: Micros
    signature: Signature
    at_us: Micros


class SessionStarted(Fact, tag="session.started", frozen=True, kw_only=True):
    """Both sides were present for the first time."""

    session: Id
    mentorship: Id
    at_us: Micros


class SessionEnded(Fact, tag="session.ended", frozen=True, kw_only=True):
    """The session is closed, once. `at_us` is the end of the last presence in it."""

    session: Id
    mentorship: Id
    at_us: Micros
    noticed_us: Micros
    reason: EndReason
    by: Id | None = None


class SessionSettled(Fact, tag="session.settled", frozen=True, kw_only=True):
    """What an ended session comes to, computed from the facts up to `facts`, the last of which has
    the hash `head`. A later one replaces it: proof that came late, or a correction."""

    session: Id
    revision: int
    facts: int
    head: Digest
    bill: Bill
    at_us: Micros


class SessionConfirmed(Fact, tag="session.confirmed", frozen=True, kw_only=True):
    """One of the two agrees with a revision of the settlement."""

    session: Id
    person: Id
    revision: int
    at_us: Micros


class SessionContested(Fact, tag="session.contested", frozen=True, kw_only=True):
    """One of the two does not agree: the line is held until they do, or a correction. `note`: the
    digest of why."""

    session: Id
    person: Id
    revision: int
    note: Digest
    at_us: Micros


class SessionCorrected(Fact, tag="session.corrected", frozen=True, kw_only=True):
    """From now on the session comes to `billed_us`, by `actor`: one of the two against their own
    interest, or the operator (None). `note`: the digest of why."""

    session: Id
    actor: Id | None
    billed_us: Micros
    note: Digest
    at_us: Micros


class MentorshipStarted(Fact, tag="mentorship.started", frozen=True, kw_only=True):
    """Two people were brought together."""

    mentorship: Id
    mentor: Id
    mentee: Id
    at_us: Micros


class MentorshipClosed(Fact, tag="mentorship.closed", frozen=True, kw_only=True):
    """One of the two left: nothing new begins. What was stays as it is, and can be settled."""

    mentorship: Id
    by: Id
    at_us: Micros


class ReportMade(Fact, tag="report.made", frozen=True, kw_only=True):
    """One of the two told the operator about the other, who does not learn of it. What they said is
    in no fact: `ithaca reports` shows it."""

    report: Id
    mentorship: Id
    by: Id
    at_us: Micros


class AgreementProposed(Fact, tag="agreement.proposed", frozen=True, kw_only=True):
    """One of the two proposed new terms; an open proposal gave way to them."""

    mentorship: Id
    version: int
    by: Id
    at_us: Micros


class AgreementAccepted(Fact, tag="agreement.accepted", frozen=True, kw_only=True):
    """Both accepted these terms. From `valid_from_us` on they are in force, unless a later version
    is."""

    mentorship: Id
    version: int
    terms: Terms
    valid_from_us: Micros
    proposed_by: Id
    accepted_by: Id
    at_us: Micros


class AgreementDeclined(Fact, tag="agreement.declined", frozen=True, kw_only=True):
    """The other does not want them; what was agreed before stays in force."""

    mentorship: Id
    version: int
    by: Id
    at_us: Micros


class AgreementWithdrawn(Fact, tag="agreement.withdrawn", frozen=True, kw_only=True):
    """Whoever proposed it took it back before the other accepted."""

    mentorship: Id
    version: int
    by: Id
    at_us: Micros


class AgreementInForce(Fact, tag="agreement.in_force", frozen=True, kw_only=True):
    """The moment has come from which an accepted version is valid."""

    mentorship: Id
    version: int
    at_us: Micros


class MeetingPlanned(Fact, tag="meeting.planned", frozen=True, kw_only=True):
    """The two are to meet."""

    mentorship: Id
    meeting: Id
    start_us: Micros
    length_us: MeetingSpan
    by: Id
    at_us: Micros


class MeetingMoved(Fact, tag="meeting.moved", frozen=True, kw_only=True):
    """A planned meeting is at another time."""

    mentorship: Id
    meeting: Id
    start_us: Micros
    length_us: MeetingSpan
    by: Id
    at_us: Micros


class MeetingCancelled(Fact, tag="meeting.cancelled", frozen=True, kw_only=True):
    """A planned meeting will not be."""

    mentorship: Id
    meeting: Id
    by: Id
    at_us: Micros


class MeetingOver(Fact, tag="meeting.over", frozen=True, kw_only=True):
    """A meeting's time, with its over-run, has passed, if it still stands as it did then."""

    mentorship: Id
    meeting: Id
    start_us: Micros
    length_us: MeetingSpan
    at_us: Micros


class AccessRevoked(Fact, tag="access.revoked", frozen=True, kw_only=True):
    """What was opened with this invitation must end now."""

    person: Id
    invitation: Id
    at_us: Micros


class PersonMoved(Fact, tag="person.moved", frozen=True, kw_only=True):
    """They go by another zone from now on. Which one is in no fact."""

    person: Id
    at_us: Micros


class PersonForgotten(Fact, tag="person.forgotten", frozen=True, kw_only=True):
    """What identified them is gone. What it was is in no fact."""

    person: Id
    at_us: Micros


class ReflectionShared(Fact, tag="reflection.shared", frozen=True, kw_only=True):
    """What a person said after a session has reached the other. What it was is in no fact."""

    session: Id
    mentorship: Id
    person: Id
    at_us: Micros


SessionFact = (
    SessionCreated
    | TermsApplied
    | MeetingApplied
    | MeetingWithdrawn
    | MeetingRecounted
    | WindowExtended
    | ParticipantJoined
    | ParticipantLeft
    | WatchBroken
    | PathChanged
    | ContactProven
    | SessionStarted
    | SessionEnded
    | SessionSettled
    | SessionConfirmed
    | SessionContested
    | SessionCorrected
)


class Receipt(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The server's signature over what is on record up to there (docs/ledger.md), by its key
    `kid`."""

    kid: Id
    signature: Signature


class Noted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A fact of a session on its way to those who act on it: `seq` is its place among the facts of
    that session, so that they can tell the order and a gap, `hash` what the chain is at there. With
    a settlement, and with what somebody says of it, comes the receipt."""

    seq: int
    hash: Digest
    fact: SessionFact
    receipt: Receipt | None = None


MentoringFact = (
    MentorshipStarted
    | MentorshipClosed
    | AgreementProposed
    | AgreementAccepted
    | AgreementDeclined
    | AgreementWithdrawn
    | AgreementInForce
    | MeetingPlanned
    | MeetingMoved
    | MeetingCancelled
    | MeetingOver
)

AnyFact = (
    SessionFact
    | MentoringFact
    | ReflectionShared
    | ReportMade
    | AccessRevoked
    | PersonMoved
    | PersonForgotten
)
