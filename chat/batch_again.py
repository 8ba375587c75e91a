"""What is asked about a batch that could not be stored as it was: which of its messages are stored
already, and where another transaction is at work."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, String, bindparam, literal_column, select

from chat import tables
from chat.batch_tables import Send
from chat.tables import messages
from protocol.errors import Refusal
from protocol.views import Message
from runtime.database import Plan, Prepared, rows_of, tabled

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
_SEQS = Prepared(
    select(_row.c.key.label("number"), _seq.label("seq")).select_from(_row), together=True
)


def said_before(sends: Sequence[Send]) -> Plan[list[Message | Refusal | None]]:
    """Of each: the message that is stored already, why it is not the same, or None."""
    answers: list[Message | Refusal | None] = [None] * len(sends)
    for site_id in sorted({send.site_id for send in sends}):
        rows = yield _SEQS(
            site_id=site_id,
            rows=tabled((send.conversation, send.person, send.client_id) for send in sends),
        )
        for row in rows:
            number = int(row.number)
            send = sends[number]
            if row.seq is None or send.site_id != site_id:
                continue
            try:
                answers[number] = yield from tables.said_before(
                    site_id, send.conversation, send.person, send.client_id, send.body, None
                )
            except Refusal as refusal:
                answers[number] = refusal
    return answers
