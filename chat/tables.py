"""Tables of conversations and the plans that store and read messages. Nobody else names them but
`change_tables.py` and `mark_tables.py`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKeyConstraint,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    text,
    update,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from chat.sansio.changes import same_again
from chat.sansio.conversation import READ_FIRST, wider
from protocol.errors import Refusal
from protocol.types import EMOJIS
from protocol.views import Message, Reaction
from runtime.database import (
    AnyRow,
    Micros,
    Plan,
    Prepared,
    insert,
    metadata,
    names,
    read_by,
    rows_of,
    tabled,
)

_CODES = msgspec.json.Decoder(dict[str, str])
"""Why whose messages are refused: error codes by person."""

FALL_US = 1_000_000
"""How much earlier than the message before it one must say that it was written, for its clock to
have been set back: those of two nodes may differ by less."""


def _falls(value: str | None) -> list[int]:
    """Of a row: the seqs of the messages before which the clock was set back."""
    return [int(seq) for seq in (value or "").split()]


conversations = Table(
    "conversations",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("head", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("shut", Text, info=read_by(_CODES.decode)),
    Column("last_us", Micros),
    Column("falls", Text, info=read_by(_falls)),
)
messages = Table(
    "messages",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("conversation_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("person_id", Text, nullable=False, info=names("persons")),
    Column("client_id", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("at_us", Micros, nullable=False),
    Column("revision", Integer, nullable=False),
    Column("reply_to", Integer, nullable=True),
    Column("edited_us", Micros, nullable=True),
    Column("deleted_us", Micros, nullable=True),
    Column("pinned_us", Micros, nullable=True),
    Column("pinned_by", Text, nullable=True, info=names("persons")),
    Column("trace", Integer, nullable=True),
    UniqueConstraint("site_id", "conversation_id", "person_id", "client_id"),
    UniqueConstraint("site_id", "conversation_id", "revision"),
    Index(
        "ix_messages_pinned",
        "site_id",
        "conversation_id",
        sqlite_where=text("pinned_us IS NOT NULL"),
        postgresql_where=text("pinned_us IS NOT NULL"),
    ),
    sqlite_with_rowid=False,
)
reactions = Table(
    "reactions",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("conversation_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("person_id", Text, primary_key=True, info=names("persons")),
    Column("emoji", Text, primary_key=True, info=read_by(EMOJIS.index)),
    Column("revision", Integer, nullable=False),
    Column("at_us", Micros, nullable=False),
    ForeignKeyConstraint(
        ["site_id", "conversation_id", "seq"],
        ["messages.site_id", "messages.conversation_id", "messages.seq"],
    ),
    sqlite_with_rowid=False,
)
message_versions = Table(
    "message_versions",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("conversation_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("person_id", Text, nullable=False, info=names("persons")),
    Column("change_id", Text, nullable=True),
    Column("body", Text, nullable=False),
    Column("at_us", Micros, nullable=False),
    UniqueConstraint("site_id", "conversation_id", "person_id", "change_id"),
    ForeignKeyConstraint(
        ["site_id", "conversation_id", "seq"],
        ["messages.site_id", "messages.conversation_id", "messages.seq"],
    ),
)
"""How messages that were edited have read, from their first version on."""

message_changes = Table(
    "message_changes",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("conversation_id", Text, primary_key=True),
    Column("person_id", Text, primary_key=True, info=names("persons")),
    Column("change_id", Text, primary_key=True),
    Column("trace", Integer, nullable=False),
    ForeignKeyConstraint(
        ["site_id", "conversation_id"], ["conversations.site_id", "conversations.id"]
    ),
    sqlite_with_rowid=False,
)
"""Changes that were asked for: sent again they do nothing."""

ROW = rows_of("rows").table_valued("value", name="row")
"""The rows that a statement is given under that name."""


def text_of(at: int) -> ColumnElement[str]:
    """A value of such a row."""
    return ROW.c.value.op("->>", return_type=String())(literal_column(str(at)))


def integer_of(at: int) -> ColumnElement[int]:
    return cast(text_of(at), Integer)


COLUMNS = (
    messages.c.seq,
    messages.c.client_id,
    messages.c.person_id,
    messages.c.body,
    messages.c.at_us,
    messages.c.revision,
    messages.c.reply_to,
    messages.c.edited_us,
    messages.c.deleted_us,
    messages.c.pinned_us,
    messages.c.pinned_by,
)
MESSAGE = select(*COLUMNS)


@dataclass(frozen=True, slots=True)
class Page:
    """Messages in order, and the conversation's newest seq and revision when they were read."""

    head: int
    revision: int
    messages: list[Message]


# ---- storing -------------------------------------------------------------------------------------


def shut(site_id: str, conversation: str, codes: Mapping[str, str]) -> Plan[None]:
    """From now on these persons' messages and changes are refused with these codes, the others'
    are taken. Waits for whoever is storing something of it."""
    value = msgspec.json.encode(codes).decode() if codes else None
    yield (
        insert(conversations)
        .values(site_id=site_id, id=conversation, head=0, revision=0, shut=value)
        .on_conflict_do_update(index_elements=["site_id", "id"], set_={"shut": value})
    )


def grown(by: ReadOnlyColumnCollection[str, Any]) -> dict[str, ColumnElement[Any]]:
    """A conversation's row when messages come: `head` and `revision` of these say how many, and
    `last_us` when they were written."""
    row = conversations.c
    first = cast(row.head + literal_column("1"), Text)
    space, none = literal_column("' '", Text()), literal_column("''", Text())
    fell = by.last_us < row.last_us - literal_column(str(FALL_US))
    return {
        "head": row.head + by.head,
        "revision": row.revision + by.revision,
        "last_us": by.last_us,
        "falls": case((fell, func.coalesce(row.falls, none) + space + first), else_=row.falls),
    }


def admit(shut: str | None, person: str) -> None:
    """Refuses with the code that `shut`, of a conversation's row, has for them."""
    if shut is not None and (code := _CODES.decode(shut).get(person)) is not None:
        raise Refusal(code)


def let_in(
    site_id: str, conversation: str, person: str, client_id: str, body: str, reply_to: int | None
) -> Plan[Message | None]:
    """What is stored already of it, or None: it may be stored. Refuses with `conflict`, and as
    `admit`. Who is refused so takes nobody's turn."""
    # In this order: where it is shut nothing can be stored before the second look.
    rows = yield select(conversations.c.shut).where(
        conversations.c.site_id == site_id, conversations.c.id == conversation
    )
    known = yield select(messages.c.seq).where(
        messages.c.site_id == site_id,
        messages.c.conversation_id == conversation,
        messages.c.person_id == person,
        messages.c.client_id == client_id,
    )
    if known:
        return (yield from said_before(site_id, conversation, person, client_id, body, reply_to))
    if rows:
        admit(rows[0].shut, person)
    return None


def store(
    site_id: str,
    conversation: str,
    person: str,
    client_id: str,
    body: str,
    reply_to: int | None,
    now_us: int,
) -> Plan[tuple[Message, bool]]:
    """The message as it is now, and whether this call stored it. Refuses with `conflict` when the
    id was used with other content, `invalid_field`, `message_gone` of what it answers to."""
    # Taking the conversation's row first serialises its writers: seq and revision have no gap and
    # no double.
    one_more = insert(conversations).values(
        site_id=site_id, id=conversation, head=1, revision=1, last_us=now_us
    )
    rows = yield (
        one_more.on_conflict_do_update(
            index_elements=["site_id", "id"], set_=grown(one_more.excluded)
        ).returning(conversations.c.head, conversations.c.revision, conversations.c.shut)
    )
    seq, revision = rows[0].head, rows[0].revision
    if reply_to is not None and not 0 < reply_to < seq:
        raise Refusal("invalid_field", "There is no such message to answer.", field="reply_to")
    stored = yield (
        insert(messages)
        .values(
            site_id=site_id,
            conversation_id=conversation,
            seq=seq,
            person_id=person,
            client_id=client_id,
            body=body,
            at_us=now_us,
            revision=revision,
            reply_to=reply_to,
        )
        .on_conflict_do_nothing(
            index_elements=["site_id", "conversation_id", "person_id", "client_id"]
        )
        .returning(messages.c.seq)
    )
    if not stored:
        yield (
            update(conversations)
            .where(conversations.c.site_id == site_id, conversations.c.id == conversation)
            .values(head=seq - 1, revision=revision - 1)
        )
        earlier = yield from said_before(site_id, conversation, person, client_id, body, reply_to)
        return earlier, False
    admit(rows[0].shut, person)
    if reply_to is not None:
        answered = yield select(messages.c.deleted_us).where(*at(site_id, conversation, reply_to))
        if answered[0].deleted_us is not None:
            raise Refusal("message_gone")
    return Message(
        seq=seq,
        id=client_id,
        person=person,
        body=body,
        at_us=now_us,
        revision=revision,
        reply_to=reply_to,
    ), True


def said_before(
    site_id: str, conversation: str, person: str, client_id: str, body: str, reply_to: int | None
) -> Plan[Message]:
    (message,) = yield from whole(
        site_id,
        conversation,
        messages.c.person_id == person,
        messages.c.client_id == client_id,
    )
    (row,) = yield select(messages.c.trace).where(*at(site_id, conversation, message.seq))
    first = yield from first_body(site_id, conversation, message)
    if not same_again(message, first, row.trace, body, reply_to):
        raise Refusal("conflict", ref=client_id)
    return message


def first_body(site_id: str, conversation: str, message: Message) -> Plan[str]:
    """What a message said before it was edited."""
    first = yield select(message_versions.c.body).where(
        message_versions.c.site_id == site_id,
        message_versions.c.conversation_id == conversation,
        message_versions.c.seq == message.seq,
        message_versions.c.version == 1,
    )
    return str(first[0].body) if first else message.body


# ---- reading -------------------------------------------------------------------------------------


_POSITION = Prepared(
    select(conversations.c.head, conversations.c.revision).where(
        conversations.c.site_id == bindparam("site_id"), conversations.c.id == bindparam("id")
    )
)
_WRITTEN = Prepared(
    select(messages.c.at_us).where(
        messages.c.site_id == bindparam("site_id"),
        messages.c.conversation_id == bindparam("conversation_id"),
        messages.c.seq == bindparam("seq"),
    )
)


def position(site_id: str, conversation: str) -> Plan[tuple[int, int]]:
    """The conversation's newest seq and revision."""
    rows = yield _POSITION(site_id=site_id, id=conversation)
    return (rows[0].head, rows[0].revision) if rows else (0, 0)


def page(
    site_id: str, conversation: str, before: int | None, after: int | None, limit: int
) -> Plan[Page]:
    """At most `limit` messages, oldest first, and no more of long ones than about fill a frame: a
    dense range of seq, so that the cost does not depend on how long the conversation is."""
    head, revision = yield from position(site_id, conversation)
    if after is not None:
        # Beyond the head a seq may not even fit the column.
        low, high = min(after, head) + 1, min(head, after + limit)
    else:
        high = min(head, before - 1) if before is not None else head
        low = max(1, high - limit + 1)
    middle = low if after is not None else high
    found = yield from _nearest(site_id, conversation, low, high, middle)
    return Page(head, revision, found)


def page_around(
    site_id: str, conversation: str, around: int | None, at_us: int, limit: int
) -> Plan[tuple[Page, int]]:
    """At most `limit` messages, half of them before the one at `around`, or, if that is None,
    before the one of the earliest time at or after `at_us`; and which one that is."""
    head, revision = yield from position(site_id, conversation)
    if around is None:
        around = yield from _first_at(site_id, conversation, at_us, head)
    around = max(1, min(around, head))
    low = max(1, min(around - limit // 2, head - limit + 1))
    high = min(head, low + limit - 1)
    found = yield from _nearest(site_id, conversation, low, high, around)
    return Page(head, revision, found), around


def _first_at(site_id: str, conversation: str, at_us: int, head: int) -> Plan[int]:
    """The seq of the message of the earliest time at or after a time, of several the first; without
    any, the one after the last. Times only grow from one set-back of the clock to the next: halving
    each stretch finds it without an index, which each message stored would pay for."""
    rows = yield select(conversations.c.falls).where(
        conversations.c.site_id == site_id, conversations.c.id == conversation
    )
    falls = _falls(rows[0].falls) if rows else []
    found: list[tuple[int, int]] = []
    for low, end in zip([1, *falls], [*falls, head + 1], strict=True):
        high, there_us = end, None
        while low < high:
            middle = (low + high) // 2
            rows = yield _WRITTEN(site_id=site_id, conversation_id=conversation, seq=middle)
            if rows[0].at_us < at_us:
                low = middle + 1
            else:
                high, there_us = middle, rows[0].at_us
        if there_us is not None:
            found.append((there_us, low))
    return min(found)[1] if found else head + 1


def since(
    site_id: str, conversation: str, seq: int, revision: int, limit: int
) -> Plan[tuple[Page, bool]]:
    """What somebody misses who holds the messages up to `seq` as of `revision`, a page of it. True:
    messages that they hold were touched meanwhile, in order of their revision. False: none was, and
    these come after `seq`."""
    head, now = yield from position(site_id, conversation)
    if revision < now:
        held = yield from touched(site_id, conversation, revision, limit, up_to=seq)
        if held:
            return Page(head, now, held), True
    high = min(head, seq + limit)
    after = yield from _nearest(site_id, conversation, seq + 1, high, seq + 1)
    return Page(head, now, after), False


def touched(
    site_id: str, conversation: str, revision: int, limit: int, *, up_to: int | None = None
) -> Plan[list[Message]]:
    """The messages that were stored or changed after a revision, as they are now, in order of
    their revision; of those up to a seq."""
    bound = [messages.c.seq <= up_to] if up_to is not None else []
    changed = messages.c.revision > revision
    order = messages.c.revision
    return (yield from whole(site_id, conversation, changed, *bound, order=order, limit=limit))


def _stretch(of: Table) -> list[ColumnElement[bool]]:
    """Of one conversation, from `first` to `last`."""
    return [
        of.c.site_id == bindparam("site_id"),
        of.c.conversation_id == bindparam("conversation_id"),
        of.c.seq.between(bindparam("first"), bindparam("last")),
    ]


_MESSAGES = Prepared(MESSAGE.where(*_stretch(messages)).order_by(messages.c.seq), together=True)
_GIVEN = Prepared(
    select(reactions.c.seq, reactions.c.emoji, reactions.c.person_id)
    .where(*_stretch(reactions))
    .order_by(reactions.c.revision),
    together=True,
)


def _nearest(
    site_id: str, conversation: str, low: int, high: int, middle: int
) -> Plan[list[Message]]:
    """Those of a range that are nearest to one of them: all, or about as many as fill a frame."""
    if low > high:
        return []
    rows: list[AnyRow] = []
    radius, first, last = READ_FIRST, middle, middle - 1
    while radius:
        earlier, later = max(low, middle - radius), min(high, middle + radius)
        for start, end in (
            ((earlier, first - 1), (last + 1, later)) if rows else ((earlier, later),)
        ):
            if start <= end:
                found = yield _MESSAGES(
                    site_id=site_id, conversation_id=conversation, first=start, last=end
                )
                rows = [*found, *rows] if end < middle else [*rows, *found]
        first, last = earlier, later
        if (first, last) == (low, high):
            break
        radius = wider(radius, sum(len(row.body.encode()) for row in rows))
    return (yield from _dressed(site_id, conversation, rows))


def at(site_id: str, conversation: str, seq: int) -> tuple[ColumnElement[bool], ...]:
    """Names one message."""
    return (
        messages.c.site_id == site_id,
        messages.c.conversation_id == conversation,
        messages.c.seq == seq,
    )


def picked(site_id: str, conversation: str, seqs: Sequence[int]) -> Plan[list[Message]]:
    """Those of these messages that there are, in their order."""
    # Beyond that a seq does not even fit the column.
    among = messages.c.seq.in_([seq for seq in seqs if seq < 2**31])
    return (yield from whole(site_id, conversation, among))


def whole(
    site_id: str,
    conversation: str,
    *which: ColumnElement[bool],
    order: ColumnElement[int] = messages.c.seq,
    limit: int | None = None,
) -> Plan[list[Message]]:
    """Messages of one conversation with their reactions."""
    asked = MESSAGE.where(
        messages.c.site_id == site_id, messages.c.conversation_id == conversation, *which
    )
    rows = yield asked.order_by(order).limit(limit)
    return (yield from _dressed(site_id, conversation, rows))


def _dressed(site_id: str, conversation: str, rows: Sequence[AnyRow]) -> Plan[list[Message]]:
    """With their reactions."""
    if not rows:
        return []
    seqs = [row.seq for row in rows]
    low, high = min(seqs), max(seqs)
    if high - low < len(seqs):
        given = yield _GIVEN(site_id=site_id, conversation_id=conversation, first=low, last=high)
    else:
        given = yield (
            select(reactions.c.seq, reactions.c.emoji, reactions.c.person_id)
            .where(
                reactions.c.site_id == site_id,
                reactions.c.conversation_id == conversation,
                reactions.c.seq.in_(seqs),
            )
            .order_by(reactions.c.revision)
        )
    by_seq: dict[int, list[AnyRow]] = {}
    for row in given:
        by_seq.setdefault(row.seq, []).append(row)
    return [as_message(row, by_seq.get(row.seq, ())) for row in rows]


# Outer, that each row asked for is looked up by its key.
_REACTIONS = Prepared(
    select(
        text_of(0).label("conversation"),
        integer_of(1).label("seq"),
        reactions.c.emoji,
        reactions.c.person_id,
    )
    .select_from(ROW)
    .outerjoin(
        reactions,
        (reactions.c.site_id == bindparam("site_id"))
        & (reactions.c.conversation_id == text_of(0))
        & (reactions.c.seq == integer_of(1)),
    )
    .order_by(reactions.c.revision),
    together=True,
)


def reactions_to(
    site_id: str, which: Sequence[tuple[str, int]]
) -> Plan[dict[tuple[str, int], list[AnyRow]]]:
    """Of messages named by conversation and seq, in the order in which they came."""
    found: dict[tuple[str, int], list[AnyRow]] = {}
    for row in (yield _REACTIONS(site_id=site_id, rows=tabled(which))):
        if row.emoji is not None:
            found.setdefault((row.conversation, row.seq), []).append(row)
    return found


def as_message(row: AnyRow, given: Sequence[AnyRow]) -> Message:
    """A row and its reactions, in the order in which they came."""
    by_emoji: dict[str, list[str]] = {}
    for each in given:
        by_emoji.setdefault(each.emoji, []).append(each.person_id)
    return Message(
        seq=row.seq,
        id=row.client_id,
        person=row.person_id,
        body=row.body,
        at_us=row.at_us,
        revision=row.revision,
        reply_to=row.reply_to,
        edited_us=row.edited_us,
        deleted_us=row.deleted_us,
        pinned_us=row.pinned_us,
        pinned_by=row.pinned_by,
        reactions=tuple(
            Reaction(emoji=emoji, persons=tuple(by_emoji[emoji]))
            for emoji in EMOJIS
            if emoji in by_emoji
        ),
    )
