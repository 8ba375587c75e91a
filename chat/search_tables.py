"""Tables of the index of messages, and their plans. Nobody else names them.

All of it follows from the messages: it can be emptied at any time, and is taken in anew.
`search_words` answers which messages of a conversation have a word; `search_places` keeps the words
of each message, so that they can be taken out again; `search_marks` says how far a conversation is
in, and in which form. A program with a newer form takes out what an older one has put in, batch by
batch, and then begins; one with an older form leaves it alone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    Integer,
    String,
    Table,
    Text,
    and_,
    bindparam,
    case,
    cast,
    delete,
    intersect,
    literal_column,
    select,
    tuple_,
    update,
)
from sqlalchemy.sql.base import ReadOnlyColumnCollection

from chat.sansio.words import BEYOND, FORM, Question, words
from chat.tables import (
    MESSAGE,
    ROW,
    as_message,
    conversations,
    integer_of,
    messages,
    reactions_to,
    text_of,
)
from protocol.views import Message
from runtime.database import (
    DERIVED,
    AnyRow,
    Micros,
    Plan,
    Prepared,
    among,
    insert,
    listed,
    metadata,
    tabled,
)

TAKEN_AT_ONCE = 64
READ_FIRST, READ_MOST = 8, 32_000
"""Messages of a batch, those looked at first, and the characters beyond which no more are."""
CHANGED_MOST = 256
"""Words that a batch puts in or takes out, where nothing else is asked for: so few that nobody
notices who writes meanwhile. What is longer goes in by parts."""
SEQ_MOST = 2**31 - 1
EMPTYING = -1
"""The revision of a conversation of which what an older form put in is being taken out."""

Columns: TypeAlias = ReadOnlyColumnCollection[str, Any]

# By bytes on both engines, so that the beginnings of words are ranges.
_Words = Text().with_variant(Text(collation="C"), "postgresql")

search_words = Table(
    "search_words",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("conversation_id", Text, primary_key=True),
    Column("word", _Words, primary_key=True),
    Column("seq", Integer, primary_key=True),
    sqlite_with_rowid=False,
    info={DERIVED: True},
)
search_places = Table(
    "search_places",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("conversation_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("at_us", Micros, nullable=False),
    Column("words", _Words, nullable=False),
    sqlite_with_rowid=False,
    info={DERIVED: True},
)
search_marks = Table(
    "search_marks",
    metadata,
    Column("site_id", Text, primary_key=True),
    Column("conversation_id", Text, primary_key=True),
    Column("form", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    info={DERIVED: True},
)


@dataclass(frozen=True, slots=True)
class Place:
    """A message as the index is to have it, and then perhaps with more; `before`: the words that it
    has there now."""

    seq: int
    at_us: int
    words: tuple[str, ...]
    before: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Batch:
    """Messages that are not in the index as they are: what changed after revision `since`, up to
    `until`. `old`: they are in it as an older form has put them there, and go. `part`: it is a part
    of a single one. `last`: with these the conversation is in."""

    site_id: str
    conversation: str
    old: bool
    since: int
    until: int
    places: tuple[Place, ...]
    part: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found, and where."""

    conversation: str
    message: Message


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found; `whole`: the words are there in the form in which was asked."""

    hits: list[Hit]
    whole: bool


# Without a mark nothing of it is in; with one of a newer form it is not this program's business.
_SINCE = case(
    (search_marks.c.form == FORM, search_marks.c.revision),
    (search_marks.c.form > FORM, conversations.c.revision),
    else_=0,
)
_BEHIND = (
    select(
        conversations.c.site_id,
        conversations.c.id,
        search_marks.c.form,
        conversations.c.revision,
        _SINCE.label("since"),
    )
    .outerjoin(
        search_marks,
        (search_marks.c.site_id == conversations.c.site_id)
        & (search_marks.c.conversation_id == conversations.c.id),
    )
    .where(conversations.c.revision > _SINCE)
)


_BEHIND_OF = Prepared(
    _BEHIND.where(conversations.c.site_id == bindparam("site_id"), among(conversations.c.id, "ids"))
    .order_by(conversations.c.id)
    .limit(literal_column("1"))
)
_CHANGED_SINCE = Prepared(
    select(
        messages.c.seq,
        messages.c.at_us,
        messages.c.body,
        messages.c.revision,
        messages.c.deleted_us,
    )
    .where(
        messages.c.site_id == bindparam("site_id"),
        messages.c.conversation_id == bindparam("conversation"),
        messages.c.revision > bindparam("revision"),
    )
    .order_by(messages.c.revision)
    .limit(bindparam("most", type_=Integer)),
    together=True,
)
_TAKEN = Prepared(
    select(search_places.c.seq, search_places.c.words).where(
        search_places.c.site_id == bindparam("site_id"),
        search_places.c.conversation_id == bindparam("conversation"),
        search_places.c.seq.in_(select(integer_of(0)).select_from(ROW)),
    ),
    together=True,
)
_BEGIN = Prepared(
    insert(search_marks)
    .values(
        site_id=bindparam("of_site"),
        conversation_id=bindparam("of_conversation"),
        form=FORM,
        revision=literal_column("0"),
    )
    .on_conflict_do_nothing(index_elements=["site_id", "conversation_id"])
)


def _moved(*still: ColumnElement[bool]) -> Prepared:
    return Prepared(
        update(search_marks)
        .where(
            search_marks.c.site_id == bindparam("of_site"),
            search_marks.c.conversation_id == bindparam("of_conversation"),
            *still,
        )
        .values(form=FORM, revision=bindparam("until", type_=Integer)),
        counted=True,
    )


_MOVED = _moved(search_marks.c.form == FORM, search_marks.c.revision == bindparam("since"))
_EMPTIED = _moved(
    (search_marks.c.form < FORM)
    | ((search_marks.c.form == FORM) & (search_marks.c.revision == EMPTYING))
)
_PUT_IN = Prepared(
    insert(search_places).from_select(
        ["site_id", "conversation_id", "seq", "at_us", "words"],
        select(
            bindparam("site_id", type_=String),
            bindparam("conversation", type_=String),
            integer_of(0),
            cast(text_of(1), BigInteger),
            text_of(2),
        ).select_from(ROW),
    )
)
_PUT_IN_WORDS = Prepared(
    insert(search_words).from_select(
        ["site_id", "conversation_id", "seq", "word"],
        select(
            bindparam("site_id", type_=String),
            bindparam("conversation", type_=String),
            integer_of(0),
            text_of(1),
        ).select_from(ROW),
    )
)


def behind(after: tuple[str, str], limit: int) -> Plan[list[tuple[str, str]]]:
    """Conversations with messages that are not in the index, by site and id, after those."""
    key = conversations.c.site_id, conversations.c.id
    rows = yield (
        _BEHIND.where(tuple_(*key) > after)
        .order_by(*key)
        .limit(limit)
        .execution_options(all_sites="one server takes in what is written on every site")
    )
    return [(row.site_id, row.id) for row in rows]


def next_batch(
    site_id: str, ids: Sequence[str], changed_most: int = CHANGED_MOST
) -> Plan[Batch | None]:
    """What to take in next of these conversations; None when all of them are in."""
    rows = yield _BEHIND_OF(site_id=site_id, ids=listed(ids))
    if not rows:
        return None
    (found,) = rows
    if found.form is not None and (found.form != FORM or found.since == EMPTYING):
        return (yield from _old_batch(site_id, found, changed_most))
    of = {"site_id": site_id, "conversation": found.id}
    rows = yield _CHANGED_SINCE(**of, revision=found.since, most=READ_FIRST)
    if len(rows) == READ_FIRST and sum(len(row.body) for row in rows) < READ_MOST:
        more = TAKEN_AT_ONCE - READ_FIRST
        rows = [*rows, *(yield _CHANGED_SINCE(**of, revision=rows[-1].revision, most=more))]
        whole = len(rows) < TAKEN_AT_ONCE
    else:
        whole = len(rows) < READ_FIRST
    before = yield from _taken(site_id, found.id, [row.seq for row in rows])
    wished = (
        Place(
            row.seq,
            row.at_us,
            () if row.deleted_us is not None else words(row.body),
            before.get(row.seq, ()),
        )
        for row in rows
    )
    places, part = _within(wished, changed_most)
    until = found.since if part else rows[len(places) - 1].revision
    if last := whole and len(places) == len(rows) and not part:
        until = found.revision  # behind the last one there may be some of which nothing is left
    return Batch(site_id, found.id, False, found.since, until, places, part, last)


def _within(wished: Iterable[Place], changed_most: int) -> tuple[tuple[Place, ...], bool]:
    """As many as a batch may change words; True: it is a part of the first, which has more."""
    places: list[Place] = []
    left = changed_most
    for place in wished:
        held, wanted = set(place.before), set(place.words)
        goes = [word for word in place.before if word not in wanted]
        comes = [word for word in place.words if word not in held]
        left -= len(goes) + len(comes)
        if left < 0:
            if not places:
                goes, comes = goes[:changed_most], comes[: max(0, changed_most - len(goes))]
                gone = set(goes)
                stays = (word for word in place.before if word not in gone)
                return (replace(place, words=(*stays, *comes)),), True
            break
        places.append(place)
    return tuple(places), False


def _old_batch(site_id: str, found: AnyRow, changed_most: int) -> Plan[Batch]:
    """Messages that are to go. Before the first are gone, whoever has the older form may add some:
    all are gone only when there was none left after that."""
    place = search_places.c
    rows = yield (
        select(place.seq, place.at_us, place.words)
        .where(place.site_id == site_id, place.conversation_id == found.id)
        .order_by(place.seq)
        .limit(TAKEN_AT_ONCE)
    )
    gone = (Place(row.seq, row.at_us, (), tuple(row.words.split())) for row in rows)
    places, part = _within(gone, changed_most)
    until = EMPTYING if rows or found.form != FORM else 0
    return Batch(site_id, found.id, True, found.since, until, places, part)


def _taken(
    site_id: str, conversation: str, seqs: Sequence[int]
) -> Plan[dict[int, tuple[str, ...]]]:
    """The words that messages have in the index."""
    rows = yield _TAKEN(
        site_id=site_id, conversation=conversation, rows=tabled((seq,) for seq in seqs)
    )
    return {row.seq: tuple(row.words.split()) for row in rows}


def take_in(batch: Batch) -> Plan[bool]:
    """Puts a batch into the index; False: somebody else has put something in since it was read."""
    site_id, conversation = batch.site_id, batch.conversation
    mark = {"of_site": site_id, "of_conversation": conversation, "until": batch.until}
    if batch.old:
        rows = yield _EMPTIED(**mark)
    else:
        if not batch.since:
            yield _BEGIN(of_site=site_id, of_conversation=conversation)
        rows = yield _MOVED(**mark, since=batch.since)
    if not rows:
        return False
    if batch.part:  # the mark did not move when another took in the same part
        (place,) = batch.places
        held = yield from _taken(site_id, conversation, [place.seq])
        if held.get(place.seq, ()) != place.before:
            return False
    changed = [place for place in batch.places if place.words != place.before]
    gone = [
        {"at_word": word, "at_seq": place.seq}
        for place in changed
        for word in set(place.before).difference(place.words)
    ]
    if gone:
        yield (
            delete(search_words).where(
                search_words.c.site_id == site_id,
                search_words.c.conversation_id == conversation,
                search_words.c.word == bindparam("at_word"),
                search_words.c.seq == bindparam("at_seq"),
            ),
            gone,
        )
    taken_out = [{"at_seq": place.seq} for place in changed if place.before]
    if taken_out:
        yield (
            delete(search_places).where(
                search_places.c.site_id == site_id,
                search_places.c.conversation_id == conversation,
                search_places.c.seq == bindparam("at_seq"),
            ),
            taken_out,
        )
    both = [
        (place.seq, word) for place in changed for word in set(place.words).difference(place.before)
    ]
    if both:
        yield _PUT_IN_WORDS(site_id=site_id, conversation=conversation, rows=tabled(both))
    put_in = [
        (place.seq, place.at_us, f" {' '.join(place.words)} ") for place in changed if place.words
    ]
    if put_in:
        yield _PUT_IN(site_id=site_id, conversation=conversation, rows=tabled(put_in))
    return True


def look(
    site_id: str,
    ids: Sequence[str],
    asked: Question,
    before: int | None,
    limit: int,
    changed_most: int = CHANGED_MOST,
) -> Plan[Batch | Looked]:
    """What is found there; or first what is to be taken in of it."""
    batch = yield from next_batch(site_id, ids, changed_most)
    if batch is not None:
        return batch
    newer = yield (
        select(search_marks.c.form)
        .where(
            search_marks.c.site_id == site_id,
            search_marks.c.conversation_id.in_(ids),
            search_marks.c.form > FORM,
        )
        .limit(1)
    )
    return Looked((yield from find(site_id, ids, asked, before, limit)), not newer)


def find(
    site_id: str, ids: Sequence[str], asked: Question, before: int | None, limit: int
) -> Plan[list[Hit]]:
    """At most `limit` messages of these conversations that have the words, newest first. Of a
    single conversation by seq, and those before `before` only."""
    at, place = search_words.c, search_places.c
    begun = sorted(asked.begun, key=len)
    # Beyond the head a seq may not even fit the column.
    older = [] if before is None else [at.seq < min(before, SEQ_MOST)]
    if asked.whole:
        conditions = [at.word == word for word in asked.whole]
    else:  # what begins so with the most letters is the fewest
        word = begun.pop()
        conditions = [(at.word >= word) & (at.word < word + BEYOND)]
    each = [
        select(at.conversation_id, at.seq).where(
            at.site_id == site_id, at.conversation_id.in_(ids), condition, *older
        )
        for condition in conditions
    ]
    having = intersect(*each) if len(each) > 1 else each[0].distinct()
    if len(ids) == 1 and not begun:  # no need to look at them
        having = having.order_by(having.selected_columns.seq.desc()).limit(limit)
    among = having.subquery()
    newest = (
        select(place.conversation_id, place.seq, place.at_us)
        .join_from(among, search_places, _same_message(among.c, place))
        .where(place.site_id == site_id, *(place.words.like(f"% {word}%") for word in begun))
        .order_by(*_newest(place, ids))
        .limit(limit)
        .subquery()
    )
    rows = yield (
        MESSAGE.add_columns(messages.c.conversation_id)
        .join_from(newest, messages, _same_message(newest.c, messages.c))
        .where(messages.c.site_id == site_id, messages.c.deleted_us.is_(None))  # index behind
        .order_by(*_newest(newest.c, ids))
    )
    keys = [(row.conversation_id, row.seq) for row in rows]
    given = yield from reactions_to(site_id, keys)
    return [
        Hit(row.conversation_id, as_message(row, given.get(key, ())))
        for key, row in zip(keys, rows, strict=True)
    ]


def _same_message(one: Columns, other: Columns) -> ColumnElement[bool]:
    return and_(one.conversation_id == other.conversation_id, one.seq == other.seq)


def _newest(places: Columns, ids: Sequence[str]) -> list[ColumnElement[Any]]:
    """By seq, which a clock that was set does not reorder; of several conversations by time."""
    if len(ids) == 1:
        return [places.seq.desc()]
    return [places.at_us.desc(), places.conversation_id, places.seq.desc()]
