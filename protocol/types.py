"""Scalar types and limits shared by every frame, body and fact.

Units: a name ending in ``_us`` is an integer of microseconds; instants count from the Unix epoch in
UTC. All integers stay below 2**53, so that JavaScript reads them exactly.
"""

from typing import Annotated, Literal

from msgspec import Meta

FRAME_MAX_BYTES = 64 * 1024
BODY_MAX_BYTES = 16 * 1024
SDP_MAX_BYTES = 32 * 1024
PAGE_MAX = 200
BEAT_INTERVAL_US = 2_000_000
AUTH_TIMEOUT_US = 5_000_000
INT_MAX = 2**53 - 1
BLANK = "\u115f\u1160\u3164\uffa0\u2800"
"""Letters and a symbol by category, but nothing to see: the Hangul fillers, the empty Braille."""

# Python's `$` also matches before a last line feed: `(?!\n)` forbids that, in ECMAScript too.
Id = Annotated[
    str,
    Meta(
        pattern=r"^[a-z]{2,4}_[0-9a-hjkmnp-tv-z]{26}(?!\n)$",
        description="Prefix and 26 characters of Crockford base32: 48 bit milliseconds, 80 random.",
        examples=["per_01jd3v0k7r9q2x4m6n8p0s2t4v"],
    ),
]
ClientId = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-Za-z_-]{8,64}(?!\n)$",
        description="Chosen by the client, at random; unique among all that it ever chooses.",
    ),
]
Micros = Annotated[int, Meta(ge=0, le=INT_MAX)]
Seq = Annotated[
    int, Meta(ge=0, le=INT_MAX, description="Place in a conversation, contiguous from 1.")
]
Limit = Annotated[int, Meta(ge=1, le=PAGE_MAX)]
UnsignedShort = Annotated[int, Meta(ge=0, le=2**16 - 1)]
Role = Literal["mentor", "mentee"]
PresenceState = Annotated[
    Literal["away", "here", "in_room"],
    Meta(description="away: no Ithaca open; here: some page open; in_room: in the call."),
]
SessionState = Annotated[
    Literal["waiting", "open", "ended"],
    Meta(description="waiting: one side came; open: both have been present; ended: closed once."),
]
LeaveReason = Annotated[
    Literal["left", "lost", "replaced", "ended", "revoked", "restart"],
    Meta(
        description=(
            "left: said so; lost: beats stopped; replaced: the same person's newer tab took over "
            "or, on record, the same tab's newer connection; "
            "ended: the session was ended for both; revoked: the invitation was withdrawn; "
            "restart: the server stopped or died."
        )
    ),
]
EndReason = Annotated[
    Literal["ended", "empty"],
    Meta(description="ended: someone ended it for both; empty: nobody in the room for 10 minutes."),
]
Sdp = Annotated[str, Meta(max_length=SDP_MAX_BYTES, description="RFC 8866, as a browser makes it.")]
