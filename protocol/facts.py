"""Durable facts: what has happened. Ids and numbers only, so that erasing a person leaves them.

`at_us` is when it happened, as far as it is proven; it may lie before the moment it was noticed.
"""

import msgspec

from protocol.types import EndReason, Id, LeaveReason, Micros


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="t"):
    """Base of all facts."""


class ParticipantJoined(Fact, tag="participant.joined", frozen=True, kw_only=True):
    """A connection of a person entered the room."""

    session: Id
    person: Id
    connection: Id
    at_us: Micros


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


class MentorshipStarted(Fact, tag="mentorship.started", frozen=True, kw_only=True):
    """Two people were brought together."""

    mentorship: Id
    mentor: Id
    mentee: Id
    at_us: Micros


class AccessRevoked(Fact, tag="access.revoked", frozen=True, kw_only=True):
    """What was opened with this invitation must end now."""

    person: Id
    invitation: Id
    at_us: Micros


AnyFact = (
    ParticipantJoined
    | ParticipantLeft
    | SessionStarted
    | SessionEnded
    | MentorshipStarted
    | AccessRevoked
)
SessionFact = ParticipantJoined | ParticipantLeft | SessionStarted | SessionEnded
