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

from protocol import evidence, frames, rest, views

Right = Literal["public", "local", "starter", "person", "site", "member"]
Scope = Literal["mentorship", "conversation", "room", "session"]


@dataclass(frozen=True, slots=True)
class Route:
    """One HTTP operation. `scope` names the path parameter that a `member` must belong to, and that
    any other parameter is part of; with `idempotency_key` the header `Idempotency-Key` makes a
    repeat answer as the first time did. `cost`: as how many of a caller's requests it counts."""

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
    cost: int = 1


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
        "agreements",
        "GET",
        "/v1/mentorships/{mentorship}/agreements",
        "member",
        "All versions of what the two agreed on or proposed, newest first.",
        rest.AgreementPage,
        query=rest.AgreementQuery,
        scope="mentorship",
    ),
    Route(
        "propose_agreement",
        "POST",
        "/v1/mentorships/{mentorship}/agreements",
        "member",
        "Propose terms, as the next version; an open proposal gives way.",
        views.AgreementView,
        request=rest.NewAgreement,
        status=201,
        scope="mentorship",
        errors=("invalid_field", "conflict"),
        idempotency_key=True,
    ),
    Route(
        "accept_agreement",
        "POST",
        "/v1/mentorships/{mentorship}/agreements/{version}/accept",
        "member",
        "Accept what the other proposed. Accepting it again changes nothing.",
        views.AgreementView,
        scope="mentorship",
        errors=("proposal_closed",),
    ),
    Route(
        "decline_agreement",
        "POST",
        "/v1/mentorships/{mentorship}/agreements/{version}/decline",
        "member",
        "Decline what the other proposed. What is in force stays.",
        views.AgreementView,
        scope="mentorship",
        errors=("not_yours", "already_accepted", "proposal_closed"),
    ),
    Route(
        "withdraw_agreement",
        "POST",
        "/v1/mentorships/{mentorship}/agreements/{version}/withdraw",
        "member",
        "Take back what one proposed, while the other has not accepted.",
        views.AgreementView,
        scope="mentorship",
        errors=("not_yours", "already_accepted"),
    ),
    Route(
        "meetings",
        "GET",
        "/v1/mentorships/{mentorship}/meetings",
        "member",
        "The meetings that are planned, or were.",
        rest.MeetingPage,
        query=rest.MeetingQuery,
        scope="mentorship",
    ),
    Route(
        "plan_meeting",
        "POST",
        "/v1/mentorships/{mentorship}/meetings",
        "member",
        "Plan a meeting.",
        views.MeetingView,
        request=rest.NewMeeting,
        status=201,
        scope="mentorship",
        errors=("invalid_field", "meeting_overlaps", "conflict"),
        idempotency_key=True,
    ),
    Route(
        "move_meeting",
        "POST",
        "/v1/mentorships/{mentorship}/meetings/{meeting}/move",
        "member",
        "Move a meeting that has not begun, and that the two have not met for.",
        views.MeetingView,
        request=rest.MoveMeeting,
        scope="mentorship",
        errors=("invalid_field", "meeting_overlaps", "meeting_closed"),
    ),
    Route(
        "cancel_meeting",
        "POST",
        "/v1/mentorships/{mentorship}/meetings/{meeting}/cancel",
        "member",
        "Cancel a meeting that has not begun. Cancelling it again changes nothing.",
        views.MeetingView,
        scope="mentorship",
        errors=("meeting_closed",),
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
        "search_mentorship",
        "GET",
        "/v1/mentorships/{mentorship}/search",
        "member",
        "The messages of one mentorship that have some words, newest first.",
        rest.SearchPage,
        query=rest.SearchWithinQuery,
        scope="mentorship",
        errors=("invalid_field",),
        cost=5,
    ),
    Route(
        "search",
        "GET",
        "/v1/search",
        "person",
        "The newest messages that have some words, in all my mentorships.",
        rest.SearchPage,
        query=rest.SearchQuery,
        errors=("invalid_field",),
        cost=5,
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
        "One session and why: when, how long together, every stretch, what it comes to.",
        views.SessionAccount,
        scope="session",
    ),
    Route(
        "session_facts",
        "GET",
        "/v1/sessions/{session}/facts",
        "member",
        "The facts that the account of a session is computed from, chained.",
        rest.FactPage,
        scope="session",
        cost=10,
    ),
    Route(
        "session_evidence",
        "GET",
        "/v1/sessions/{session}/evidence",
        "member",
        "All that a session rests on, in one file, to be checked without the server.",
        evidence.EvidencePack,
        scope="session",
        cost=20,
    ),
    Route(
        "extend_session",
        "POST",
        "/v1/sessions/{session}/extend",
        "member",
        "Go on past the booked time, which costs more: for the mentee to say, once.",
        views.SessionView,
        scope="session",
    ),
    Route(
        "confirm_session",
        "POST",
        "/v1/sessions/{session}/confirm",
        "member",
        "Agree with what the session comes to. Saying it again changes nothing.",
        views.SessionView,
        request=rest.Confirm,
        scope="session",
        errors=("not_settled", "stale_revision", "contested"),
    ),
    Route(
        "contest_session",
        "POST",
        "/v1/sessions/{session}/contest",
        "member",
        "Do not agree: the line is held until one confirms after all, or it is corrected. "
        "Saying it again changes nothing.",
        views.SessionView,
        request=rest.Contest,
        scope="session",
        errors=(
            "invalid_field",
            "not_settled",
            "stale_revision",
            "already_confirmed",
            "said_enough",
        ),
    ),
    Route(
        "correct_session",
        "POST",
        "/v1/sessions/{session}/corrections",
        "member",
        "Give in: a new entry says what the session comes to instead.",
        views.SessionView,
        request=rest.NewCorrection,
        status=201,
        scope="session",
        errors=("not_settled", "not_a_concession", "invalid_field", "said_enough", "conflict"),
        idempotency_key=True,
    ),
    Route(
        "reflection",
        "GET",
        "/v1/sessions/{session}/reflection",
        "member",
        "What I said after a session, and what has reached me of the other.",
        views.ReflectionView,
        scope="session",
    ),
    Route(
        "reflect",
        "POST",
        "/v1/sessions/{session}/reflection",
        "member",
        "Say how a session was, in place of what I said before. The same again changes nothing.",
        views.ReflectionView,
        request=rest.SaveReflection,
        scope="session",
        errors=("invalid_field", "already_shared", "storage_full"),
    ),
    Route(
        "dismiss_reflection",
        "POST",
        "/v1/sessions/{session}/reflection/dismiss",
        "member",
        "Do not ask me about this session again. Saying it again changes nothing.",
        views.ReflectionView,
        scope="session",
    ),
    Route(
        "talk",
        "GET",
        "/v1/sessions/{session}/talk",
        "member",
        "How much of a session I spoke, both did, nobody did; mine over the last sessions.",
        views.TalkView,
        scope="session",
    ),
    Route(
        "next_steps",
        "GET",
        "/v1/mentorships/{mentorship}/next",
        "member",
        "What the two wanted to do next when they last talked, and what I have not answered.",
        rest.NextSteps,
        scope="mentorship",
    ),
    Route(
        "statement",
        "GET",
        "/v1/statements",
        "person",
        "What a month's sessions come to, line by line.",
        rest.Statement,
        query=rest.StatementQuery,
        cost=10,
    ),
    Route(
        "ledger_keys",
        "GET",
        "/v1/ledger/keys",
        "public",
        "The keys that settlements are signed with.",
        rest.LedgerKeys,
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
    FrameRule(frames.RoomPath, "member", "room"),
    FrameRule(frames.RoomContact, "member", "room"),
    FrameRule(frames.RoomVoice, "member", "room"),
    FrameRule(frames.PeerOffer, "member", "room"),
    FrameRule(frames.PeerAnswer, "member", "room"),
    FrameRule(frames.PeerCandidate, "member", "room"),
)
