"""Every error that can leave the server: one table, from which docs/errors.md is written.

Close codes say by their range what a client should do: 4000-4099 connect again, 4100-4199 renew the
grant and connect again, 4200-4299 stop. The standard ones keep their meaning (RFC 6455, 7.4.1).
"""

from dataclasses import dataclass
from typing import Literal

DETAIL_MAX = 200  # characters: what is wrong quotes the sender, who may have sent 64 KiB of it
Act = Literal["fix", "retry", "reconnect", "renew", "stop"]


@dataclass(frozen=True, slots=True)
class ErrorCode:
    """`status` is the HTTP status, `close` the WebSocket close code where it ends a connection,
    `act` what a client does about it."""

    code: str
    status: int
    act: Act
    meaning: str
    close: int | None = None


class Refusal(Exception):
    """A typed refusal: `code` from the table, `detail` in words for whoever asked, `field` the part
    that is wrong, `ref` the client id it is about."""

    def __init__(
        self,
        code: str,
        detail: str | None = None,
        *,
        field: str | None = None,
        about: str | None = None,
        ref: str | None = None,
        retry_after_us: int | None = None,
    ) -> None:
        self.error = ERRORS[code]
        self.code = code
        self.detail = (detail or self.error.meaning)[:DETAIL_MAX]
        self.field = field and field[:DETAIL_MAX]
        self.about = about
        self.ref = ref
        self.retry_after_us = retry_after_us
        super().__init__(f"{code}: {self.detail}")


_TABLE = (
    # what the request or frame says
    ErrorCode("bad_request", 400, "fix", "The request does not have the documented form."),
    ErrorCode("bad_frame", 400, "fix", "The frame does not have the documented form.", 4200),
    ErrorCode("frame_too_large", 413, "fix", "A frame may have at most 64 KiB.", 1009),
    ErrorCode("unsupported_data", 400, "fix", "This subprotocol takes the other frame type.", 1003),
    ErrorCode("wrong_order", 400, "fix", "The first frame must be auth.open, and only it.", 4201),
    ErrorCode("bad_sdp", 422, "fix", "The session description is not valid SDP."),
    ErrorCode("bad_candidate", 422, "fix", "The ICE candidate is not valid."),
    ErrorCode("invalid_field", 422, "fix", "A field has a value that cannot be used."),
    ErrorCode("message_empty", 422, "fix", "A message needs at least one visible character."),
    ErrorCode("message_too_long", 413, "fix", "A message may have at most 16 KiB of UTF-8 text."),
    ErrorCode("message_gone", 410, "fix", "The message was deleted."),
    ErrorCode("too_many_edits", 409, "fix", "It was edited 99 times: write a new message."),
    ErrorCode("too_many_pins", 409, "fix", "At most 50 messages are pinned: take a pin off first."),
    ErrorCode("body_too_large", 413, "fix", "The request body is too large."),
    ErrorCode("request_timeout", 408, "retry", "The request took too long to arrive."),
    ErrorCode("media_type", 415, "fix", "Send the body as application/json."),
    ErrorCode("not_found", 404, "fix", "There is no such thing, or it is not yours."),
    ErrorCode("method_not_allowed", 405, "fix", "This address does not take that method."),
    ErrorCode("conflict", 409, "fix", "The same id was used before with other content."),
    ErrorCode("not_in_room", 409, "fix", "Join the room first."),
    ErrorCode(
        "not_settled", 409, "retry", "The session has not ended: what it comes to may change."
    ),
    ErrorCode("stale_revision", 409, "fix", "The settlement has changed: look at it again."),
    ErrorCode(
        "contested", 409, "fix", "It is contested: whoever did so, or a correction, decides."
    ),
    ErrorCode(
        "already_confirmed", 409, "fix", "Both have confirmed it. The operator can correct it."
    ),
    ErrorCode(
        "not_a_concession",
        403,
        "fix",
        "One can correct only against one's own interest. Contest it, and let the other or the "
        "operator correct it.",
    ),
    ErrorCode(
        "said_enough",
        409,
        "fix",
        "One person can contest and correct a session 50 times. Ask the operator to correct it.",
    ),
    ErrorCode(
        "proposal_closed",
        409,
        "fix",
        "The proposal is not open any more: it was declined or withdrawn, or a later one took its "
        "place.",
    ),
    ErrorCode("already_accepted", 409, "fix", "Both have accepted it. Propose new terms instead."),
    ErrorCode(
        "not_yours",
        403,
        "fix",
        "One withdraws what one proposed, and declines what the other did; one edits and deletes "
        "what one wrote.",
    ),
    ErrorCode(
        "meeting_closed",
        409,
        "fix",
        "The meeting has begun, the two have met for it, or it was cancelled: it stays as it is.",
    ),
    ErrorCode(
        "mentorship_closed",
        409,
        "fix",
        "One of the two has left this mentorship: what was stays, and nothing new begins.",
    ),
    ErrorCode("blocking", 409, "fix", "You have blocked the other: lift that first."),
    ErrorCode(
        "not_accepted",
        403,
        "fix",
        "The other does not take messages or calls from you at the moment.",
    ),
    ErrorCode("meeting_overlaps", 409, "fix", "The two have another meeting at that time."),
    ErrorCode("already_shared", 409, "fix", "The other has it already: it stays as it is."),
    ErrorCode("unknown_peer", 404, "fix", "That peer is not in the room (any more)."),
    # who asks
    ErrorCode("unauthenticated", 401, "renew", "The grant is missing, unknown or expired.", 4100),
    ErrorCode("auth_timeout", 401, "reconnect", "No auth.open within 5 seconds.", 4001),
    ErrorCode(
        "revoked",
        401,
        "stop",
        "This link has ended. Open your newest link; if you have none, ask for a new one.",
        4202,
    ),
    ErrorCode("invitation_invalid", 401, "stop", "This link is not known here. Ask for a new one."),
    ErrorCode("invitation_expired", 401, "stop", "This link has run out. Ask for a new one."),
    ErrorCode("renewal_invalid", 401, "stop", "This page's access has ended. Open the link again."),
    ErrorCode("forbidden", 403, "stop", "This grant does not allow that."),
    ErrorCode("origin_forbidden", 403, "stop", "Pages of this origin may not connect here."),
    ErrorCode("host_forbidden", 421, "stop", "This server does not answer to that host name."),
    # how it goes
    ErrorCode("rate_limited", 429, "retry", "Too many requests; wait as long as it says.", 4002),
    ErrorCode("slow_consumer", 503, "reconnect", "The connection could not keep up.", 4003),
    ErrorCode("beat_timeout", 503, "reconnect", "No sign of life from the page.", 4004),
    ErrorCode("replaced", 409, "stop", "A newer connection of the same tab took over.", 4203),
    ErrorCode("restarting", 503, "reconnect", "The server restarts; it is back in a moment.", 1012),
    ErrorCode("storage_full", 507, "retry", "The server's disk is full; nothing was stored."),
    ErrorCode(
        "unavailable",
        503,
        "retry",
        "The database does not answer; what was on its way may be stored or not.",
        4005,
    ),
    ErrorCode("internal", 500, "retry", "Something broke here; it has been logged.", 1011),
)
ERRORS = {error.code: error for error in _TABLE}
