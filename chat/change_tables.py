"""Plans that change a stored message: each takes the conversation's row, decides, and leaves the
message as it is then, at the conversation's next revision."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import delete, func, select, update

from chat.sansio import changes
from chat.tables import (
    admit,
    at,
    conversations,
    first_body,
    message_changes,
    message_versions,
    messages,
    picked,
    position,
    reactions,
    whole,
)
from protocol.errors import Refusal
from protocol.types import PINS_MAX, VERSIONS_MAX, Emoji
from protocol.views import Message, MessageVersion
from runtime.database import Plan, insert

Changed = tuple[Message, bool]
"""The message as it is now, and whether this call changed it."""


def edit(
    site_id: str, conversation: str, person: str, change_id: str, seq: int, body: str, now_us: int
) -> Plan[Changed]:
    """Another text. Refuses with `not_found`, `not_yours`, `message_gone`, `too_many_edits`, and
    `conflict` when the id named another change."""
    message, revision, shut = yield from _take(site_id, conversation, seq)
    asked = changes.trace("edit", seq, body)
    if (yield from _asked_before(site_id, conversation, person, change_id, asked, text_of=seq)):
        return message, False
    admit(shut, person)
    after = changes.edited(message, person, body, now_us, revision)
    yield from _remember(site_id, conversation, person, change_id, asked)
    if after is None:
        return message, False
    of = {"site_id": site_id, "conversation_id": conversation, "seq": seq, "person_id": person}
    rows = yield select(func.max(message_versions.c.version).label("newest")).where(
        *_versions_of(site_id, conversation, seq)
    )
    newest = rows[0].newest or 1
    if newest >= VERSIONS_MAX:
        raise Refusal("too_many_edits")
    if newest == 1:
        first = {"version": 1, "change_id": None, "body": message.body, "at_us": message.at_us}
        yield insert(message_versions).values(**of, **first)
    yield insert(message_versions).values(
        **of, version=newest + 1, change_id=change_id, body=body, at_us=now_us
    )
    yield from _keep(site_id, conversation, after)
    return after, True


def remove(site_id: str, conversation: str, person: str, seq: int, now_us: int) -> Plan[Changed]:
    """The message's place stays, how often it was edited, and a trace of what it said first.
    Refuses with `not_found`, `not_yours`."""
    message, revision, shut = yield from _take(site_id, conversation, seq)
    after = changes.deleted(message, person, now_us, revision)
    if after is None:
        return message, False
    admit(shut, person)
    first = yield from first_body(site_id, conversation, message)
    yield (
        update(messages)
        .where(*at(site_id, conversation, seq))
        .values(trace=changes.trace_of_body(message.id, first))
    )
    yield (
        update(message_versions).where(*_versions_of(site_id, conversation, seq)).values(body="")
    )
    yield delete(reactions).where(
        reactions.c.site_id == site_id,
        reactions.c.conversation_id == conversation,
        reactions.c.seq == seq,
    )
    yield from _keep(site_id, conversation, after)
    return after, True


def react(
    site_id: str,
    conversation: str,
    person: str,
    change_id: str | None,
    seq: int,
    emoji: Emoji,
    now_us: int,
    *,
    on: bool,
) -> Plan[Changed]:
    """A reaction is set, or taken back. Refuses with `not_found`, `message_gone`, and `conflict`
    when the id named another change."""
    message, revision, shut = yield from _take(site_id, conversation, seq)
    asked = changes.trace("react", seq, emoji, on)
    if (yield from _asked_before(site_id, conversation, person, change_id, asked)):
        return message, False
    admit(shut, person)
    after = changes.reacted(message, person, emoji, revision, on=on)
    yield from _remember(site_id, conversation, person, change_id, asked)
    if after is None:
        return message, False
    if on:
        yield insert(reactions).values(
            site_id=site_id,
            conversation_id=conversation,
            seq=seq,
            person_id=person,
            emoji=emoji,
            revision=revision,
            at_us=now_us,
        )
    else:
        yield delete(reactions).where(
            reactions.c.site_id == site_id,
            reactions.c.conversation_id == conversation,
            reactions.c.seq == seq,
            reactions.c.person_id == person,
            reactions.c.emoji == emoji,
        )
    yield from _keep(site_id, conversation, after)
    return after, True


def pin(
    site_id: str,
    conversation: str,
    person: str,
    change_id: str | None,
    seq: int,
    now_us: int,
    *,
    on: bool,
) -> Plan[Changed]:
    """A pin is put on, or taken off. Refuses with `not_found`, `message_gone`, `too_many_pins`, and
    `conflict` when the id named another change."""
    message, revision, shut = yield from _take(site_id, conversation, seq)
    asked = changes.trace("pin", seq, on)
    if (yield from _asked_before(site_id, conversation, person, change_id, asked)):
        return message, False
    admit(shut, person)
    rows = yield select(func.count().label("pins")).where(
        messages.c.site_id == site_id,
        messages.c.conversation_id == conversation,
        messages.c.pinned_us.is_not(None),
    )
    after = changes.pinned(message, person, rows[0].pins, now_us, revision, on=on)
    yield from _remember(site_id, conversation, person, change_id, asked)
    if after is None:
        return message, False
    yield from _keep(site_id, conversation, after)
    return after, True


def _take(site_id: str, conversation: str, seq: int) -> Plan[tuple[Message, int, str | None]]:
    """The message, the revision that a change of it will be, and who may make none. Refuses with
    `not_found`."""
    rows = yield (
        select(conversations.c.head, conversations.c.revision, conversations.c.shut)
        .where(conversations.c.site_id == site_id, conversations.c.id == conversation)
        .with_for_update()
    )
    if not rows or not 0 < seq <= rows[0].head:
        raise Refusal("not_found")
    (message,) = yield from whole(site_id, conversation, messages.c.seq == seq)
    return message, rows[0].revision + 1, rows[0].shut


def _asked_before(
    site_id: str,
    conversation: str,
    person: str,
    change_id: str | None,
    asked: int,
    *,
    text_of: int | None = None,
) -> Plan[bool]:
    """Whether this was asked for already, by its trace; then it is answered so, whatever became of
    the message, and whoever left or blocks since. Refuses with `conflict` when the id named another
    change. `text_of`: what is asked for is another text of this message."""
    if change_id is None:
        return False
    rows = yield select(message_changes.c.trace).where(
        message_changes.c.site_id == site_id,
        message_changes.c.conversation_id == conversation,
        message_changes.c.person_id == person,
        message_changes.c.change_id == change_id,
    )
    same = [row.trace == asked for row in rows]
    if not rows:  # long ago no trace of an edit was kept, and of a deleted message nothing else is
        edits = yield select(message_versions.c.seq, message_versions.c.body).where(
            message_versions.c.site_id == site_id,
            message_versions.c.conversation_id == conversation,
            message_versions.c.person_id == person,
            message_versions.c.change_id == change_id,
        )
        same = [
            changes.trace("edit", seq, body) == asked if body else seq == text_of
            for seq, body in edits
        ]
    if same == [False]:
        raise Refusal("conflict")
    return bool(same)


def _remember(
    site_id: str, conversation: str, person: str, change_id: str | None, asked: int
) -> Plan[None]:
    if change_id is not None:
        yield insert(message_changes).values(
            site_id=site_id,
            conversation_id=conversation,
            person_id=person,
            change_id=change_id,
            trace=asked,
        )


def _keep(site_id: str, conversation: str, message: Message) -> Plan[None]:
    yield (
        update(conversations)
        .where(conversations.c.site_id == site_id, conversations.c.id == conversation)
        .values(revision=message.revision)
    )
    yield (
        update(messages)
        .where(*at(site_id, conversation, message.seq))
        .values(
            body=message.body,
            revision=message.revision,
            edited_us=message.edited_us,
            deleted_us=message.deleted_us,
            pinned_us=message.pinned_us,
            pinned_by=message.pinned_by,
        )
    )


# ---- looking back --------------------------------------------------------------------------------


def versions(site_id: str, conversation: str, seq: int) -> Plan[tuple[MessageVersion, ...]]:
    """How a message has read, oldest first; none of a deleted one. Refuses with `not_found`."""
    head, _ = yield from position(site_id, conversation)
    if not 0 < seq <= head:
        raise Refusal("not_found")
    rows = yield select(messages.c.body, messages.c.at_us, messages.c.deleted_us).where(
        *at(site_id, conversation, seq)
    )
    if rows[0].deleted_us is not None:
        return ()
    kept = yield (
        select(message_versions.c.body, message_versions.c.at_us)
        .where(*_versions_of(site_id, conversation, seq))
        .order_by(message_versions.c.version)
    )
    return tuple(MessageVersion(body=row.body, at_us=row.at_us) for row in kept or rows)


def with_earlier(
    site_id: str, conversation: str, seqs: Sequence[int]
) -> Plan[list[tuple[Message, tuple[MessageVersion, ...]]]]:
    """Those of these messages that there are, in their order, each with how it read before."""
    found = []
    for message in (yield from picked(site_id, conversation, seqs)):
        earlier: tuple[MessageVersion, ...] = ()
        if message.edited_us is not None:
            earlier = (yield from versions(site_id, conversation, message.seq))[:-1]
        found.append((message, earlier))
    return found


def pins(site_id: str, conversation: str) -> Plan[tuple[int, list[Message]]]:
    """The conversation's revision, and its pinned messages, newest pin first."""
    _, revision = yield from position(site_id, conversation)
    found = yield from whole(
        site_id, conversation, messages.c.pinned_us.is_not(None), limit=PINS_MAX
    )
    return revision, sorted(
        found, key=lambda message: (message.pinned_us or 0, message.seq), reverse=True
    )


def _versions_of(site_id: str, conversation: str, seq: int) -> tuple[Any, ...]:
    return (
        message_versions.c.site_id == site_id,
        message_versions.c.conversation_id == conversation,
        message_versions.c.seq == seq,
    )
