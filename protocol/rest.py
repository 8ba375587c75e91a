"""Bodies of the HTTP API under `/v1`."""

from typing import Annotated

import msgspec
from msgspec import Meta

from protocol.types import ClientId, Id, Limit, Micros, Role, Seq
from protocol.views import MentorshipView, Message, PersonView, SessionView


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
    """Who the grant speaks for, and what they are part of."""

    person: PersonView
    now_us: Micros
    mentorships: tuple[MentorshipView, ...]


class NewLink(Body, frozen=True, kw_only=True):
    """A fresh link for oneself; all earlier ones have stopped working, and so has everything that
    was opened with them."""

    url: str


class SendMessage(Body, frozen=True, kw_only=True):
    """As `chat.send`: the same `id` again changes nothing, with another body it is a `conflict`."""

    id: ClientId
    body: str


class MessageAccepted(Body, frozen=True, kw_only=True):
    """The message is on disk."""

    id: ClientId
    seq: Seq
    at_us: Micros


class PageQuery(Body, frozen=True, kw_only=True):
    """At most `limit` messages before `before`, or after `after`; neither: the newest. A page of
    long messages may hold fewer."""

    before: Seq | None = None
    after: Seq | None = None
    limit: Limit = 50


class MessagePage(Body, frozen=True, kw_only=True):
    """Contiguous messages, oldest first; `head` is the conversation's newest seq."""

    conversation: Id
    head: Seq
    messages: tuple[Message, ...]


class SessionQuery(Body, frozen=True, kw_only=True):
    """Sessions of one mentorship, or of all one's mentorships; `before_us` pages back by the time a
    session began."""

    mentorship: Id | None = None
    before_us: Micros | None = None
    limit: Limit = 50


class SessionPage(Body, frozen=True, kw_only=True):
    """Newest first."""

    sessions: tuple[SessionView, ...]


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
