"""Tables of conversations and the plans over them. Nobody else names them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Integer, Table, Text, UniqueConstraint, func, select, update

from protocol.errors import Refusal
from protocol.views import Message
from runtime.database import AnyRow, Micros, Plan, insert, metadata, names

conversations = Table(
    "conversations",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("head", Integer, nullable=False),
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
    UniqueConstraint("site_id", "conversation_id", "person_id", "client_id"),
    sqlite_with_rowid=False,
)
reads = Table(
    "reads",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("conversation_id", Text, primary_key=True),
    Column("person_id", Text, primary_key=True),
    Column("seq", Integer, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Summary:
    """A conversation as one person sees it from outside."""

    head: int = 0
    read: int = 0
    unread: int = 0
    last: Message | None = None


MESSAGE = select(
    messages.c.seq,
    messages.c.client_id,
    messages.c.person_id,
    messages.c.body,
    messages.c.at_us,
)


def store(
    site_id: str, conversation: str, person: str, client_id: str, body: str, now_us: int
) -> Plan[tuple[Message, bool]]:
    """The message as stored, and whether this call stored it. Refuses with `conflict` when the id
    was used with another body."""
    # Taking the conversation's row first serialises its writers: seq has no gap and no double.
    rows = yield (
        insert(conversations)
        .values(site_id=site_id, id=conversation, head=0)
        .on_conflict_do_update(
            index_elements=["site_id", "id"], set_={"head": conversations.c.head}
        )
        .returning(conversations.c.head)
    )
    seq = rows[0].head + 1
    earlier = yield MESSAGE.where(
        messages.c.site_id == site_id,
        messages.c.conversation_id == conversation,
        messages.c.person_id == person,
        messages.c.client_id == client_id,
    )
    if earlier:
        message = as_message(earlier[0])
        if message.body != body:
            raise Refusal("conflict", ref=client_id)
        return message, False
    yield (
        update(conversations)
        .where(conversations.c.site_id == site_id, conversations.c.id == conversation)
        .values(head=seq)
    )
    yield insert(messages).values(
        site_id=site_id,
        conversation_id=conversation,
        seq=seq,
        person_id=person,
        client_id=client_id,
        body=body,
        at_us=now_us,
    )
    return Message(seq=seq, id=client_id, person=person, body=body, at_us=now_us), True


def page(
    site_id: str, conversation: str, before: int | None, after: int | None, limit: int
) -> Plan[tuple[int, list[Message]]]:
    """The head and at most `limit` messages, oldest first: a dense range of seq, so that the cost
    does not depend on how long the conversation is."""
    rows = yield select(conversations.c.head).where(
        conversations.c.site_id == site_id, conversations.c.id == conversation
    )
    head: int = rows[0].head if rows else 0
    if after is not None:
        # Beyond the head a seq may not even fit the column.
        low, high = min(after, head) + 1, min(head, after + limit)
    else:
        high = min(head, before - 1) if before is not None else head
        low = max(1, high - limit + 1)
    rows = yield (
        MESSAGE.where(
            messages.c.site_id == site_id,
            messages.c.conversation_id == conversation,
            messages.c.seq >= low,
            messages.c.seq <= high,
        ).order_by(messages.c.seq)
    )
    return head, [as_message(row) for row in rows]


def move_read(site_id: str, conversation: str, person: str, seq: int) -> Plan[int | None]:
    """The new read mark, never beyond the head; None when it did not move."""
    rows = yield select(conversations.c.head).where(
        conversations.c.site_id == site_id, conversations.c.id == conversation
    )
    seq = min(seq, rows[0].head if rows else 0)
    if seq == 0:
        return None
    rows = yield (
        insert(reads)
        .values(site_id=site_id, conversation_id=conversation, person_id=person, seq=seq)
        .on_conflict_do_update(
            index_elements=["site_id", "conversation_id", "person_id"],
            set_={"seq": seq},
            where=reads.c.seq < seq,
        )
        .returning(reads.c.seq)
    )
    return rows[0].seq if rows else None


def heads(site_id: str, ids: Sequence[str]) -> Plan[dict[str, int]]:
    """The newest seq of each conversation that has any message."""
    rows = yield select(conversations.c.id, conversations.c.head).where(
        conversations.c.site_id == site_id, conversations.c.id.in_(ids)
    )
    return {row.id: row.head for row in rows}


def summaries(site_id: str, ids: Sequence[str], person: str) -> Plan[dict[str, Summary]]:
    """Each conversation as `person` sees it; unread counts others' messages past the read mark."""
    mark = func.coalesce(reads.c.seq, 0)
    theirs = messages.alias("theirs")
    unread = (
        select(func.count())
        .where(
            theirs.c.site_id == conversations.c.site_id,
            theirs.c.conversation_id == conversations.c.id,
            theirs.c.seq > mark,
            theirs.c.person_id != person,
        )
        .scalar_subquery()
    )
    rows = yield (
        MESSAGE.add_columns(
            conversations.c.id,
            conversations.c.head,
            mark.label("mark"),
            unread.label("unread"),
        )
        .select_from(conversations)
        .join(
            messages,
            (messages.c.site_id == conversations.c.site_id)
            & (messages.c.conversation_id == conversations.c.id)
            & (messages.c.seq == conversations.c.head),
        )
        .outerjoin(
            reads,
            (reads.c.site_id == conversations.c.site_id)
            & (reads.c.conversation_id == conversations.c.id)
            & (reads.c.person_id == person),
        )
        .where(conversations.c.site_id == site_id, conversations.c.id.in_(ids))
    )
    return {row.id: Summary(row.head, row.mark, row.unread, as_message(row)) for row in rows}


def as_message(row: AnyRow) -> Message:
    return Message(
        seq=row.seq, id=row.client_id, person=row.person_id, body=row.body, at_us=row.at_us
    )
