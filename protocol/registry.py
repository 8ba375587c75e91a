"""Every route and every client frame with the right it needs. Nothing is served that is not here.

Rights: `public` anyone; `local` a caller on this machine, not through a proxy; `starter` whoever
may begin a mentorship here (a setting: anyone, or people with a grant); `person` a valid grant;
`member` a valid grant of someone in the mentorship that the named thing belongs to (to all others
it is `not_found`, exactly as if it did not exist); `site` a person grant that is not narrowed to
one mentorship.
"""

from dataclasses import dataclass
from typing import Literal

import msgspec

from protocol import frames, rest, views

Right = Literal["public", "local", "starter", "person", "site", "member"]
Scope = Literal["mentorship", "conversation", "room", "session"]


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP operation. `scope` names the path parameter that a `member` must belong to; with
    `idempotency_key` the header `Idempotency-Key` makes a repeat answer as the first time did."""

    name: str
    method: Literal["GET", "POST"]
    path: str
    right: Right
    summary: str
    response: type[msgspec.Struct] | None
    request: type[msgspec.Struct] | None = None
    query: type[msgspec.Struct] | None = None
    status: int = 200
    scope: Scope | None = None
    errors: tuple[str, ...] = ()
    idempotency_key: bool = False


@dataclass(frozen=True, slots=True)
class FrameRule:
    """One client frame. `scope` names the field that a `member` must belong to."""

    frame: type[frames.Frame]
    right: Right
    scope: Scope | None = None


ROUTES = (
    Route("health", "GET", "/healthz", "public", "Is the process up?", rest.Health),
    Route(
        "ready",
        "GET",
        "/readyz",
        "public",
        "Can it serve (database reachable, not draining)?",
        rest.Health,
        errors=("unavailable", "restarting"),
    ),
    Route("metrics", "GET", "/metrics", "local", "Prometheus text format.", None),
    Route("openapi", "GET", "/openapi.json", "public", "This document.", None),
    Route("about", "GET", "/v1/about", "public", "What a page must know first.", rest.About),
    Route(
        "exchange_invitation",
        "POST",
        "/v1/grants",
        "public",
        "Exchange an invitation for a grant.",
        rest.Grant,
        request=rest.ExchangeInvitation,
        errors=("invitation_invalid", "invitation_expired", "revoked", "rate_limited"),
    ),
    Route(
        "renew_grant",
        "POST",
        "/v1/grants/renew",
        "public",
        "Exchange a renewal handle for a fresh grant, narrowed to one mentorship if asked.",
        rest.Grant,
        request=rest.RenewGrant,
        errors=("renewal_invalid", "invitation_expired", "revoked", "not_found", "rate_limited"),
    ),
    Route("me", "GET", "/v1/me", "person", "Who I am and what I am part of.", rest.Me),
    Route(
        "replace_link",
        "POST",
        "/v1/me/link",
        "site",
        "Withdraw all my links and get a fresh one; whatever they opened ends.",
        rest.NewLink,
    ),
    Route(
        "start_mentorship",
        "POST",
        "/v1/mentorships",
        "starter",
        "Bring two people together; answers with the links of those it created.",
        rest.MentorshipCreated,
        request=rest.NewMentorship,
        status=201,
        errors=("invalid_field", "conflict", "rate_limited"),
        idempotency_key=True,
    ),
    Route(
        "mentorship",
        "GET",
        "/v1/mentorships/{mentorship}",
        "member",
        "One mentorship.",
        views.MentorshipView,
        scope="mentorship",
    ),
    Route(
        "messages",
        "GET",
        "/v1/conversations/{conversation}/messages",
        "member",
        "A page of messages.",
        rest.MessagePage,
        query=rest.PageQuery,
        scope="conversation",
    ),
    Route(
        "send_message",
        "POST",
        "/v1/conversations/{conversation}/messages",
        "member",
        "Store a message; the answer means it is on disk.",
        rest.MessageAccepted,
        request=rest.SendMessage,
        status=201,
        scope="conversation",
        errors=(
            "message_empty",
            "message_too_long",
            "invalid_field",
            "conflict",
            "rate_limited",
            "storage_full",
        ),
    ),
    Route(
        "sessions",
        "GET",
        "/v1/sessions",
        "person",
        "My sessions, newest first.",
        rest.SessionPage,
        query=rest.SessionQuery,
    ),
    Route(
        "session",
        "GET",
        "/v1/sessions/{session}",
        "member",
        "One session: when, how long together, each one's time, interruptions.",
        views.SessionView,
        scope="session",
    ),
    Route(
        "end_session",
        "POST",
        "/v1/sessions/{session}/end",
        "member",
        "End the session for both. Ending an ended one changes nothing.",
        views.SessionView,
        scope="session",
    ),
)

FRAMES = (
    FrameRule(frames.AuthOpen, "public"),
    FrameRule(frames.Beat, "person"),
    FrameRule(frames.ChatSend, "member", "conversation"),
    FrameRule(frames.ChatFetch, "member", "conversation"),
    FrameRule(frames.ChatRead, "member", "conversation"),
    FrameRule(frames.RoomJoin, "member", "room"),
    FrameRule(frames.RoomLeave, "member", "room"),
    FrameRule(frames.RoomEnd, "member", "room"),
    FrameRule(frames.RoomMedia, "member", "room"),
    FrameRule(frames.PeerOffer, "member", "room"),
    FrameRule(frames.PeerAnswer, "member", "room"),
    FrameRule(frames.PeerCandidate, "member", "room"),
)
