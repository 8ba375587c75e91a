"""How far each person has got in a conversation, and how a conversation looks from outside."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    Integer,
    Table,
    Text,
    bindparam,
    case,
    func,
    literal_column,
    select,
    update,
)

from chat.tables import (
    COLUMNS,
    ROW,
    as_message,
    conversations,
    messages,
    reactions_to,
    text_of,
)
from protocol.views import Mark, Message
from runtime.database import Plan, Prepared, among, listed, metadata, names, tabled

reads = Table(
    "reads",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("conversation_id", Text, primary_key=True),
    Column("person_id", Text, primary_key=True, info=names("persons")),
    Column("seq", Integer, nullable=False),
    Column("delivered", Integer, nullable=False),
    Column("kept_seq", Integer),
    Column("kept_delivered", Integer),
)


@dataclass(frozen=True, slots=True)
class Summary:
    """A conversation as one person sees it from outside. `kept` as of `Standing`."""

    head: int = 0
    revision: int = 0
    read: int = 0
    unread: int = 0
    last: Message | None = None
    marks: tuple[Mark, ...] = ()
    kept: tuple[Mark, ...] = ()
    pinned: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a conversation and its people have got; `kept`: of whom the others hear no more, how
    far they had got before."""

    head: int
    revision: int
    marks: tuple[Mark, ...]
    kept: tuple[Mark, ...] = ()


_STANDINGS = Prepared(
    select(
        conversations.c.id,
        conversations.c.head,
        conversations.c.revision,
        reads.c.person_id,
        reads.c.delivered,
        reads.c.seq,
        reads.c.kept_delivered,
        reads.c.kept_seq,
    )
    .select_from(conversations)
    .outerjoin(
        reads,
        (reads.c.site_id == conversations.c.site_id)
        & (reads.c.conversation_id == conversations.c.id),
    )
    .where(
        conversations.c.site_id == bindparam("site_id"),
        among(conversations.c.id, "ids"),
    )
    .order_by(conversations.c.id, reads.c.person_id),
    together=True,
)


def standings(site_id: str, ids: Sequence[str]) -> Plan[dict[str, Standing]]:
    """Each conversation that has any message."""
    rows = yield _STANDINGS(site_id=site_id, ids=listed(ids))
    found: dict[str, Standing] = {}
    for row in rows:
        before = found.get(row.id, Standing(row.head, row.revision, ()))
        marks, kept = before.marks, before.kept
        if row.person_id is not None:
            marks += (Mark(person=row.person_id, delivered=row.delivered, read=row.seq),)
        if row.kept_seq is not None:
            kept += (Mark(person=row.person_id, delivered=row.kept_delivered, read=row.kept_seq),)
        found[row.id] = Standing(row.head, row.revision, marks, kept)
    return found


def keep(site_id: str, conversation: str, unseen: Sequence[str]) -> Plan[None]:
    """From now on the others hear no more of how far these have got, and of the rest again: what
    they were told before stays."""
    is_unseen = reads.c.person_id.in_(unseen)
    yield (
        update(reads)
        .where(
            reads.c.site_id == site_id,
            reads.c.conversation_id == conversation,
            is_unseen | reads.c.kept_seq.is_not(None),
        )
        .values(
            kept_seq=case((is_unseen, func.coalesce(reads.c.kept_seq, reads.c.seq))),
            kept_delivered=case(
                (is_unseen, func.coalesce(reads.c.kept_delivered, reads.c.delivered))
            ),
        )
    )


def _summaries() -> Prepared:
    asked = (
        select(text_of(0).label("conversation"), text_of(1).label("person"))
        .select_from(ROW)
        .subquery("asked")
    )
    mark = func.coalesce(reads.c.seq, literal_column("0"))
    of = messages.alias("of")
    unread = (
        select(func.count())
        .where(
            of.c.site_id == bindparam("site_id"),
            of.c.conversation_id == asked.c.conversation,
            of.c.seq > mark,
            of.c.person_id != asked.c.person,
            of.c.deleted_us.is_(None),
        )
        .correlate(asked, reads)
        .scalar_subquery()
    )
    newest = (
        select(func.max(of.c.seq))
        .where(
            of.c.site_id == bindparam("site_id"),
            of.c.conversation_id == asked.c.conversation,
            of.c.deleted_us.is_(None),
        )
        .correlate(asked)
        .scalar_subquery()
    )
    # Outer joins, that each row asked for is looked up by its key: in another order SQLite might go
    # through all that the site has.
    return Prepared(
        select(
            *COLUMNS,
            asked.c.conversation,
            asked.c.person.label("whose"),
            mark.label("mark"),
            unread.label("unread"),
        )
        .select_from(asked)
        .outerjoin(
            reads,
            (reads.c.site_id == bindparam("site_id"))
            & (reads.c.conversation_id == asked.c.conversation)
            & (reads.c.person_id == asked.c.person),
        )
        .outerjoin(
            messages,
            (messages.c.site_id == bindparam("site_id"))
            & (messages.c.conversation_id == asked.c.conversation)
            & (messages.c.seq == newest),
        ),
        together=True,
    )


_SUMMARIES = _summaries()
_PINS = Prepared(
    select(messages.c.conversation_id, messages.c.seq)
    .where(
        messages.c.site_id == bindparam("site_id"),
        among(messages.c.conversation_id, "ids"),
        messages.c.pinned_us.is_not(None),
    )
    .order_by(messages.c.pinned_us.desc(), messages.c.seq.desc())
)


def summaries(
    site_id: str, asked: Sequence[tuple[str, str]]
) -> Plan[dict[tuple[str, str], Summary]]:
    """Of pairs of a conversation and a person each that has any message, as that person sees it;
    unread counts others' messages past the read mark. Of deleted ones neither speaks."""
    ids = sorted({conversation for conversation, _ in asked})
    standing = yield from standings(site_id, ids)
    if not standing:
        return {}
    rows = yield _SUMMARIES(site_id=site_id, rows=tabled(p for p in asked if p[0] in standing))
    newest = {(row.conversation, row.seq) for row in rows if row.seq}
    given = yield from reactions_to(site_id, sorted(newest))
    pins = yield from _pins(site_id, ids)
    return {
        (row.conversation, row.whose): Summary(
            head=standing[row.conversation].head,
            revision=standing[row.conversation].revision,
            read=row.mark,
            unread=row.unread,
            last=as_message(row, given.get((row.conversation, row.seq), [])) if row.seq else None,
            marks=standing[row.conversation].marks,
            kept=standing[row.conversation].kept,
            pinned=tuple(pins.get(row.conversation, ())),
        )
        for row in rows
    }


def _pins(site_id: str, ids: Sequence[str]) -> Plan[dict[str, list[int]]]:
    found: dict[str, list[int]] = {}
    for row in (yield _PINS(site_id=site_id, ids=listed(ids))):
        found.setdefault(row.conversation_id, []).append(row.seq)
    return found
