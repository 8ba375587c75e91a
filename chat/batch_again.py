"""What is asked about a batch that could not be stored as it was: which of its messages are stored
already, and where another transaction is at work."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, String, bindparam, literal_column, select

from chat import tables
from chat.batch_tables import Move, Send, Stored, store
from chat.mark_tables import reads
from chat.tables import conversations, messages
from protocol.errors import Refusal
from protocol.views import Message
from runtime.database import Plan, Prepared, hurried, rows_of, tabled

_row = rows_of("rows").table_valued("key", "value", name="row")


def _text(at: int) -> ColumnElement[str]:
    return _row.c.value.op("->>", return_type=String())(literal_column(str(at)))


# One look-up for each row, as in `batch_tables`.
_seq = (
    select(messages.c.seq)
    .where(
        messages.c.site_id == bindparam("site_id"),
        messages.c.conversation_id == _text(0),
        messages.c.person_id == _text(1),
        messages.c.client_id == _text(2),
    )
    .correlate(_row)
    .scalar_subquery()
)
_shut = (
    select(conversations.c.shut)
    .where(conversations.c.site_id == bindparam("site_id"), conversations.c.id == _text(0))
    .correlate(_row)
    .scalar_subquery()
)
_SEQS = Prepared(
    select(_row.c.key.label("number"), _seq.label("seq"), _shut.label("shut")).select_from(_row),
    together=True,
)


def said_before(sends: Sequence[Send]) -> Plan[list[Message | Refusal | None]]:
    """Of each: the message that is stored already, why it is not the same, why it will not be
    stored, or None."""
    answers: list[Message | Refusal | None] = [None] * len(sends)
    for site_id in sorted({send.site_id for send in sends}):
        rows = yield _SEQS(
            site_id=site_id,
            rows=tabled((send.conversation, send.person, send.client_id) for send in sends),
        )
        for row in rows:
            number = int(row.number)
            send = sends[number]
            if send.site_id != site_id:
                continue
            try:
                if row.seq is None:
                    tables.admit(row.shut, send.person)
                    continue
                answers[number] = yield from tables.said_before(
                    site_id, send.conversation, send.person, send.client_id, send.body, None
                )
            except Refusal as refusal:
                answers[number] = refusal
    return answers


# A conversation's row is taken as `batch_tables` does, but for those that another holds.
_SEEN = select(conversations.c.id).where(
    conversations.c.site_id == bindparam("site_id"),
    conversations.c.id.in_(select(_text(0)).select_from(_row)),
)
_MARKS = select(reads.c.conversation_id, reads.c.person_id).where(
    reads.c.site_id == bindparam("site_id"),
    reads.c.conversation_id.in_(select(_text(0)).select_from(_row)),
)
_SEEN_TALKS, _SEEN_MARKS = Prepared(_SEEN), Prepared(_MARKS)
_FREE_TALKS, _FREE_MARKS = (
    Prepared(each.with_for_update(skip_locked=True, key_share=True)) for each in (_SEEN, _MARKS)
)


@dataclass(frozen=True, slots=True)
class Stuck:
    """Conversations, and marks of a person in one, that another transaction holds: each begins with
    its site."""

    talks: Collection[tuple[str, str]] = ()
    marks: Collection[tuple[str, str, str]] = ()

    def has_send(self, send: Send) -> bool:
        return (send.site_id, send.conversation) in self.talks

    def has_move(self, move: Move) -> bool:
        return (move.site_id, move.conversation, move.person) in self.marks


@hurried
def store_free(
    sends: Sequence[Send], moves: Sequence[Move], unseen: bool
) -> Plan[tuple[Stored, Stuck]]:
    """Stores what nobody else is at work on, without waiting for the rest. What there is nothing of
    yet (`unseen`) may be just being begun: that is waited for a moment."""
    talks, marks = set[tuple[str, str]](), set[tuple[str, str, str]]()
    for site_id in sorted({send.site_id for send in sends}):
        asked = sorted({send.conversation for send in sends if send.site_id == site_id})
        rows = tabled((id_,) for id_ in asked)
        seen = {row.id for row in (yield _SEEN_TALKS(site_id=site_id, rows=rows))}
        free = {row.id for row in (yield _FREE_TALKS(site_id=site_id, rows=rows))}
        talks.update((site_id, id_) for id_ in (seen if unseen else set(asked)) - free)
    for site_id in sorted({move.site_id for move in moves}):
        wanted = {(move.conversation, move.person) for move in moves if move.site_id == site_id}
        rows = tabled((id_,) for id_ in sorted({id_ for id_, _ in wanted}))
        seen = {tuple(row) for row in (yield _SEEN_MARKS(site_id=site_id, rows=rows))}
        free = {tuple(row) for row in (yield _FREE_MARKS(site_id=site_id, rows=rows))}
        marks.update((site_id, *pair) for pair in (seen & wanted if unseen else wanted) - free)
    stuck = Stuck(talks, marks)
    stored = yield from store(
        [send for send in sends if not stuck.has_send(send)],
        [move for move in moves if not stuck.has_move(move)],
    )
    return stored, stuck
