"""How a message may change after it was stored. Pure.

Each takes the message as it is and gives it as it is then, at `revision`; None: nothing changes.
"""

from hashlib import sha256

import msgspec
from msgspec.structs import replace

from protocol.errors import Refusal
from protocol.types import EMOJIS, PINS_MAX, Emoji
from protocol.views import Message, Reaction


def trace(*what: str | int) -> int:
    """What is kept of something that was asked: another one is noticed by it, but it is too short
    for what it was to be read from it. Never negative."""
    return int.from_bytes(sha256(msgspec.json.encode(what)).digest()[:3])


def trace_of_body(client_id: str, body: str) -> int:
    """What is kept of a message's first text when it is deleted."""
    return trace(client_id, body)


def same_again(
    message: Message, first_body: str, kept: int | None, body: str, reply_to: int | None
) -> bool:
    """Whether what is sent is the message that is stored already, as it was sent then. Of a deleted
    one the trace that was `kept` must be its; long ago none was."""
    if message.reply_to != reply_to:
        return False
    if message.deleted_us is None:
        return first_body == body
    return kept is None or kept == trace_of_body(message.id, body)


def edited(message: Message, person: str, body: str, now_us: int, revision: int) -> Message | None:
    """With another text. Refuses with `not_yours`, `message_gone`."""
    if message.person != person:
        raise Refusal("not_yours")
    _there(message)
    if message.body == body:
        return None
    return replace(message, body=body, edited_us=now_us, revision=revision)


def deleted(message: Message, person: str, now_us: int, revision: int) -> Message | None:
    """Gone, all but its place. Refuses with `not_yours`."""
    if message.person != person:
        raise Refusal("not_yours")
    if message.deleted_us is not None:
        return None
    return replace(
        message,
        body="",
        deleted_us=now_us,
        pinned_us=None,
        pinned_by=None,
        reactions=(),
        revision=revision,
    )


def reacted(
    message: Message, person: str, emoji: Emoji, revision: int, *, on: bool
) -> Message | None:
    """With a person's reaction, or without it. Refuses with `message_gone`."""
    _there(message)
    given = {each.emoji: each.persons for each in message.reactions}
    persons = given.get(emoji, ())
    if (person in persons) == on:
        return None
    given[emoji] = (*persons, person) if on else tuple(each for each in persons if each != person)
    return replace(
        message,
        reactions=tuple(
            Reaction(emoji=each, persons=given[each]) for each in EMOJIS if given.get(each)
        ),
        revision=revision,
    )


def pinned(
    message: Message, person: str, pins: int, now_us: int, revision: int, *, on: bool
) -> Message | None:
    """Pinned, or not, where `pins` messages are. Refuses with `message_gone`, `too_many_pins`."""
    _there(message)
    if (message.pinned_us is not None) == on:
        return None
    if on and pins >= PINS_MAX:
        raise Refusal("too_many_pins")
    return replace(
        message,
        pinned_us=now_us if on else None,
        pinned_by=person if on else None,
        revision=revision,
    )


def _there(message: Message) -> None:
    if message.deleted_us is not None:
        raise Refusal("message_gone")
