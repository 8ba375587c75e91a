"""What may be said. Pure."""

from collections.abc import Sequence

import msgspec

from protocol.errors import Refusal
from protocol.text import control_in, is_visible
from protocol.types import BODY_MAX_BYTES
from protocol.views import Message

# What is left to FRAME_MAX_BYTES is ample for the frame around the messages.
PAGE_MOST_BYTES = 60 * 1024


def check_body(body: str, ref: str) -> None:
    """Refuses with `message_too_long`, `message_empty`, or `invalid_field` for control characters.
    `ref` is the message's client id."""
    if len(body.encode("utf-8", "surrogatepass")) > BODY_MAX_BYTES:
        raise Refusal("message_too_long", ref=ref)
    if (control := control_in(body)) is not None:
        raise Refusal(
            "invalid_field",
            f"A message cannot hold the control character {control}.",
            field="body",
            ref=ref,
        )
    if not is_visible(body):
        raise Refusal("message_empty", ref=ref)


def fit(messages: Sequence[Message], *, keep_newest: bool) -> list[Message]:
    """As many of a page's messages as fit a frame, contiguous, at least one: from its newest end or
    from its oldest."""
    kept: list[Message] = []
    size = 0
    for message in reversed(messages) if keep_newest else messages:
        size += len(msgspec.json.encode(message)) + 1  # never less than in MessagePack
        if kept and size > PAGE_MOST_BYTES:
            break
        kept.append(message)
    return kept[::-1] if keep_newest else kept
