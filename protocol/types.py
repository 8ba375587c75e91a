"""Scalar types and limits shared by every frame, body and fact.

Units: a name ending in ``_us`` is an integer of microseconds; instants count from the Unix epoch in
UTC. All integers stay below 2**53, so that JavaScript reads them exactly.
"""

from typing import Annotated, Literal, get_args

from msgspec import Meta

FRAME_MAX_BYTES = 64 * 1024
BODY_MAX_BYTES = 16 * 1024
SDP_MAX_BYTES = 32 * 1024
PAGE_MAX = 200
BEAT_INTERVAL_US = 2_000_000
HAND_IN_US = 4_000_000
"""How often a page hands in what the other's page signed about their contact."""
AUTH_TIMEOUT_US = 5_000_000
REFLECTION_MAX = 2_000
"""Characters of each text of a reflection."""
REPORT_WORDS_MAX = 2_000
"""Characters of what one says in a report."""
SLOT_US = 500_000
"""Speech is measured in slots of this length, on the server's clock."""
VOICE_SLOTS_MAX = 120
INT_MAX = 2**53 - 1
VERSION_MAX = 10**9 - 1
PINS_MAX = 50
"""Pinned messages of one conversation."""
VERSIONS_MAX = 100
"""Texts that one message has had."""
TYPING_EVERY_US = 4_000_000
TYPING_LAPSES_US = 6_000_000
"""Who types says so again every 4 s; who has not heard it for 6 s takes it as over."""
UNSEEN = (
    "\t-\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\ufdd0-\ufdef\ufffe\uffff\U0001fffe\U0001ffff\U0002fffe\U0002ffff\U0003fffe-\U000effff"
    "\U000ffffe\U000fffff\U0010fffe\U0010ffff"
    "\u2800\ufff9-\ufffc\U00013430-\U0001343f\U00013441\U00013442\U00016fe4\U0001d159"
)
"""What shows nothing, as the inside of a character class, for the pages too: by line White_Space;
Default_Ignorable_Code_Point, which has the joiners, bidirectional controls, fillers and variation
selectors; what is no character, and planes 4 to 14, in which is none but tags and selectors; and
what is drawn empty without being any of these, such as the empty Braille."""

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
Reason = Annotated[str, Meta(min_length=1, max_length=1000)]
Digest = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{64}(?!\n)$", description="SHA-256, in lower-case hexadecimal.")
]
PublicKey = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-Za-z_-]{87}(?!\n)$",
        description="A point on P-256, 65 bytes uncompressed, in base64url without padding.",
    ),
]
Signature = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-Za-z_-]{86}(?!\n)$",
        description="64 bytes in base64url without padding. Of pages: ECDSA on P-256, SHA-256, r "
        "and s (IEEE P1363, as WebCrypto gives it); of the server: Ed25519 (RFC 8032).",
    ),
]
Micros = Annotated[int, Meta(ge=0, le=INT_MAX)]
Seq = Annotated[
    int, Meta(ge=0, le=INT_MAX, description="Place in a conversation, contiguous from 1.")
]
Revision = Annotated[
    int,
    Meta(ge=0, le=INT_MAX, description="How many changes a conversation had seen, this included."),
]
Emoji = Literal["👍", "❤️", "😂", "🎉", "🙏", "💡", "👏", "🔥", "😮", "😢", "🤔", "✅"]
EMOJIS: tuple[Emoji, ...] = get_args(Emoji)
"""What one can react with, in the order of the palette."""
Limit = Annotated[int, Meta(ge=1, le=PAGE_MAX)]
Rating = Annotated[int, Meta(ge=1, le=5, description="How it was: 1 hard, 5 very good.")]
VoiceSlots = Annotated[
    str,
    Meta(
        pattern=rf"^[01]{{1,{VOICE_SLOTS_MAX}}}(?!\n)$",
        description="A character a slot of half a second: 1 spoke, 0 did not.",
    ),
]
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
            "ended: the session was ended for both; revoked: the link was withdrawn; "
            "restart: the server stopped or died."
        )
    ),
]
EndReason = Annotated[
    Literal["ended", "empty", "window", "nobody", "unwatched"],
    Meta(
        description=(
            "ended: someone ended it for both; empty: nobody in the room for 10 minutes; window: "
            "the same, and the booked time over; nobody: neither came to the meeting; unwatched: "
            "nor was the server there all the time to see it."
        )
    ),
]
ProposalState = Annotated[
    Literal["open", "accepted", "declined", "withdrawn", "superseded"],
    Meta(
        description=(
            "open: waits for the other's answer; accepted: both accepted; declined: by the other; "
            "withdrawn: by whoever proposed it; superseded: a later proposal took its place."
        )
    ),
]
ReportReason = Literal[
    "harassment", "threat", "sexual", "self_harm", "money", "impersonation", "other"
]
MeetingState = Literal["planned", "cancelled"]
Sdp = Annotated[str, Meta(max_length=SDP_MAX_BYTES, description="RFC 8866, as a browser makes it.")]
