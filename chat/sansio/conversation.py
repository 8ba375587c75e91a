"""What may be said. Pure."""

from collections.abc import Sequence

import msgspec

from protocol.errors import Refusal
from protocol.text import control_in, is_visible
from protocol.types import BODY_MAX_BYTES
from protocol.views import Message

# What is left to FRAME_MAX_BYTES is ample for the frame around the messages.
PAGE_MOST_BYTES = 60 * 1024
READ_FIRST = 8
"""So many messages, beside the one in the middle, a page is begun with to each side."""


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


def check_query(
    before: int | None, after: int | None, around: int | None, at_us: int | None
) -> None:
    """Refuses with `invalid_field` what asks for two pages at once."""
    asked = {"before": before, "after": after, "around": around, "at_us": at_us}
    given = [name for name, value in asked.items() if value is not None]
    if len(given) > 1:
        raise Refusal("invalid_field", "Ask for one page at a time.", field=given[1])


def fit(messages: Sequence[Message], *, keep_newest: bool) -> list[Message]:
    """As many of a page's messages as fit a frame, contiguous, at least one: from its newest end or
    from its oldest."""
    kept: list[Message] = []
    size = 0
    for message in reversed(messages) if keep_newest else messages:
        size += _size(message)
        if kept and size > PAGE_MOST_BYTES:
            break
        kept.append(message)
    return kept[::-1] if keep_newest else kept


def fit_around(messages: Sequence[Message], seq: int) -> list[Message]:
    """As many of a page's messages as fit a frame, contiguous: from the one at `seq` outwards."""
    if not messages:
        return []
    middle = seq - messages[0].seq
    kept: list[int] = []
    size = 0
    for index in sorted(range(len(messages)), key=lambda index: abs(index - middle)):
        size += _size(messages[index])
        if kept and size > PAGE_MOST_BYTES:
            break
        kept.append(index)
    return list(messages[min(kept) : max(kept) + 1])


def wider(radius: int, size: int) -> int:
    """How far from its middle a page is to be read next, so that not much more is read than fits a
    frame: the texts so far had `size` bytes. 0: what has been read is enough."""
    if size > PAGE_MOST_BYTES:
        return 0
    return radius * max(2, min(8, PAGE_MOST_BYTES // max(size, 1)))


def _size(message: Message) -> int:
    return len(msgspec.json.encode(message)) + 1  # never less than in MessagePack
