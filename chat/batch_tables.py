"""The plan that stores what waits: messages and marks of any number of conversations, by two
statements for the messages and one for the marks, however many there are."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    String,
    bindparam,
    case,
    cast,
    func,
    literal_column,
    select,
    true,
)

from chat.mark_tables import reads
from chat.tables import ROW, admit, conversations, grown, integer_of, messages, text_of
from protocol.errors import Refusal
from protocol.views import Mark, Message
from runtime.database import Gathered, Plan, Prepared, insert, tabled


@dataclass(frozen=True, slots=True)
class Send:
    """A message that waits to be stored; it answers none."""

    site_id: str
    conversation: str
    person: str
    client_id: str
    body: str
    at_us: int


@dataclass(frozen=True, slots=True)
class Move:
    """Marks of a person that wait to be moved; what was read was delivered."""

    site_id: str
    conversation: str
    person: str
    delivered: int
    read: int


Stored: TypeAlias = tuple[list[Message], list[tuple[str, str, Mark]]]
"""The messages as stored, one for each send, and the marks that have moved, by site and
conversation."""


class SaidBeforeError(Exception):
    """One of the messages is stored already, or was meant to be another, or whose it is reaches the
    other no more: each must be looked at."""


def _lesser(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return case((one < other, one), else_=other)


def _greater(one: ColumnElement[int], other: ColumnElement[int]) -> ColumnElement[int]:
    return case((one > other, one), else_=other)


# Taking the conversations' rows first serialises their writers: seq and revision have no gap and no
# double. In the order of their ids, so that two nodes do not wait for each other.
_grown = insert(conversations).from_select(
    ["site_id", "id", "head", "revision", "last_us"],
    select(
        bindparam("site_id", type_=String),
        text_of(0),
        integer_of(1),
        integer_of(1),
        cast(text_of(2), BigInteger),
    )
    .select_from(ROW)
    .where(true())
    .order_by(text_of(0)),
)
_take = _grown.on_conflict_do_update(
    index_elements=["site_id", "id"],
    set_=grown(_grown.excluded),
)
_taken = (
    conversations.c.id,
    conversations.c.head,
    conversations.c.revision,
    conversations.c.shut,
)
_TAKE = Prepared(
    _take.returning(*_taken),
    on_sqlite=Gathered(
        Prepared(_take),
        Prepared(
            select(*_taken).where(
                conversations.c.site_id == bindparam("site_id"),
                conversations.c.id.in_(select(text_of(0)).select_from(ROW)),
            ),
            together=True,
        ),
    ),
)
_STORE = Prepared(
    insert(messages)
    .from_select(
        [
            "site_id",
            "conversation_id",
            "seq",
            "person_id",
            "client_id",
            "body",
            "at_us",
            "revision",
        ],
        select(
            bindparam("site_id", type_=String),
            text_of(0),
            integer_of(1),
            text_of(2),
            text_of(3),
            text_of(4),
            cast(text_of(5), BigInteger),
            integer_of(6),
        )
        .select_from(ROW)
        .where(true()),
    )
    .on_conflict_do_nothing(
        index_elements=["site_id", "conversation_id", "person_id", "client_id"]
    ),
    counted=True,
)
# One look-up for each row: a join might as well go through all conversations for each.
_head = (
    select(conversations.c.head)
    .where(conversations.c.site_id == bindparam("site_id"), conversations.c.id == text_of(0))
    .correlate(ROW)
    .scalar_subquery()
)
_asked = (
    select(
        text_of(0).label("conversation"),
        text_of(1).label("person"),
        cast(text_of(2), BigInteger).label("delivered"),
        cast(text_of(3), BigInteger).label("read"),
        _head.label("head"),
    )
    .select_from(ROW)
    .order_by(text_of(0), text_of(1))
    .subquery()
)
_moved = insert(reads).from_select(
    ["site_id", "conversation_id", "person_id", "delivered", "seq"],
    select(
        bindparam("site_id", type_=String),
        _asked.c.conversation,
        _asked.c.person,
        _lesser(_asked.c.delivered, _asked.c.head),
        _lesser(_asked.c.read, _asked.c.head),
    ).where(_asked.c.head > literal_column("0")),
)
_move = _moved.on_conflict_do_update(
    index_elements=["site_id", "conversation_id", "person_id"],
    set_={
        "seq": _greater(reads.c.seq, _moved.excluded.seq),
        "delivered": _greater(reads.c.delivered, _moved.excluded.delivered),
    },
    where=(reads.c.seq < _moved.excluded.seq) | (reads.c.delivered < _moved.excluded.delivered),
)
_delivered = _lesser(_asked.c.delivered, _asked.c.head)
_read = _lesser(_asked.c.read, _asked.c.head)
_MOVE = Prepared(
    _move.returning(reads.c.conversation_id, reads.c.person_id, reads.c.delivered, reads.c.seq),
    on_sqlite=Gathered(
        Prepared(_move),
        Prepared(
            select(
                _asked.c.conversation.label("conversation_id"),
                _asked.c.person.label("person_id"),
                _greater(_delivered, func.coalesce(reads.c.delivered, literal_column("0"))).label(
                    "delivered"
                ),
                _greater(_read, func.coalesce(reads.c.seq, literal_column("0"))).label("seq"),
            )
            .select_from(_asked)
            .outerjoin(
                reads,
                (reads.c.site_id == bindparam("site_id"))
                & (reads.c.conversation_id == _asked.c.conversation)
                & (reads.c.person_id == _asked.c.person),
            )
            .where(
                _asked.c.head > literal_column("0"),
                reads.c.person_id.is_(None)
                | (reads.c.seq < _read)
                | (reads.c.delivered < _delivered),
            ),
            together=True,
        ),
        first=True,
    ),
)


def store(sends: Sequence[Send], moves: Sequence[Move]) -> Plan[Stored]:
    """Raises SaidBeforeError, and nothing is stored."""
    by_site: dict[str, list[int]] = defaultdict(list)
    for number, send in enumerate(sends):
        by_site[send.site_id].append(number)
    stored: dict[int, Message] = {}
    # Sites in one order too, for the same reason.
    for site_id in sorted(by_site):
        numbers = by_site[site_id]
        found = yield from _store(site_id, [sends[number] for number in numbers])
        stored.update(zip(numbers, found, strict=True))
    marks: list[tuple[str, str, Mark]] = []
    for site_id in sorted({move.site_id for move in moves}):
        rows = yield _MOVE(
            site_id=site_id,
            rows=tabled(
                (move.conversation, move.person, move.delivered, move.read)
                for move in moves
                if move.site_id == site_id
            ),
        )
        marks += [
            (
                site_id,
                row.conversation_id,
                Mark(person=row.person_id, delivered=row.delivered, read=row.seq),
            )
            for row in rows
        ]
    return [stored[number] for number in range(len(sends))], marks


def _admit(shut: Mapping[str, str | None], sends: Sequence[Send]) -> None:
    try:
        for send in sends:
            admit(shut[send.conversation], send.person)
    except Refusal:
        raise SaidBeforeError from None


def _store(site_id: str, sends: Sequence[Send]) -> Plan[list[Message]]:
    counts = Counter(send.conversation for send in sends)
    written = {send.conversation: send.at_us for send in sends}
    taken = [(talk, count, written[talk]) for talk, count in counts.items()]
    rows = yield _TAKE(site_id=site_id, rows=tabled(taken))
    if any(row.shut is not None for row in rows):
        _admit({row.id: row.shut for row in rows}, sends)
    last = {row.id: (row.head, row.revision) for row in rows}
    stored = []
    for send in sends:
        head, revision = last[send.conversation]
        back = counts[send.conversation] = counts[send.conversation] - 1
        stored.append(
            Message(
                seq=head - back,
                id=send.client_id,
                person=send.person,
                body=send.body,
                at_us=send.at_us,
                revision=revision - back,
            )
        )
    rows = yield _STORE(
        site_id=site_id,
        rows=tabled(
            (
                send.conversation,
                message.seq,
                message.person,
                message.id,
                message.body,
                message.at_us,
                message.revision,
            )
            for send, message in zip(sends, stored, strict=True)
        ),
    )
    if len(rows) != len(sends):
        raise SaidBeforeError
    return stored
