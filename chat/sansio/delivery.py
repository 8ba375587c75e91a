"""One connection's place in one conversation: what to hand on, and when to read the table. Pure.

A hint carries the newest message, or one that was touched; it may be lost, doubled or late. The
cursor only ever moves over changes in order, so whatever reaches the page is without a gap.
"""

from dataclasses import dataclass, replace

from protocol.views import Mark


@dataclass(frozen=True, slots=True)
class Cursor:
    """`seq`: the last message handed on; `revision`: as of which all up to it were; `head` and
    `latest`: the newest seq and revision known to exist; `reading`: a page has been asked for."""

    seq: int
    revision: int
    head: int
    latest: int
    reading: bool = False


def hinted(cursor: Cursor, revision: int, seq: int | None = None) -> tuple[Cursor, bool]:
    """A hint says that `revision` exists: a new message at `seq`, or another one that was touched.
    True: it is the very next change, hand it on."""
    follows = seq is None or seq == cursor.seq + 1
    if revision == cursor.revision + 1 and follows and not cursor.reading:
        seq = cursor.seq if seq is None else seq
        head, latest = max(cursor.head, seq), max(cursor.latest, revision)
        return Cursor(seq, revision, head, latest), True
    return known(cursor, seq or 0, revision), False


def known(cursor: Cursor, head: int, latest: int) -> Cursor:
    """The table says that these exist: how a lost hint is noticed."""
    if head <= cursor.head and latest <= cursor.latest:
        return cursor
    return replace(cursor, head=max(cursor.head, head), latest=max(cursor.latest, latest))


def wanted(cursor: Cursor) -> tuple[Cursor, bool]:
    """Whether to read a page: if one is needed and none is being read."""
    behind = cursor.head > cursor.seq or cursor.latest > cursor.revision
    if cursor.reading or not behind:
        return cursor, False
    return replace(cursor, reading=True), True


def read(cursor: Cursor, since: int, seq: int, revision: int, head: int, latest: int) -> Cursor:
    """A page of what is missing `since` a revision was handed on: with it, all up to `seq` are as
    of `revision`, unless the cursor was set back meanwhile."""
    if cursor.revision < since:
        revision = cursor.revision
    return known(replace(cursor, seq=seq, revision=revision, reading=False), head, latest)


def failed(cursor: Cursor) -> Cursor:
    """The page could not be read; the next hint or glance tries again."""
    return replace(cursor, reading=False)


def paged(cursor: Cursor, revision: int) -> Cursor:
    """A page that was asked for has been handed on. It was read at `revision`: what was touched
    since, and told before the page came, is told again."""
    return replace(cursor, revision=min(cursor.revision, revision))


def ahead(told: Mark | None, mark: Mark) -> Mark | None:
    """A person's marks, if there is news in them beside what was told."""
    if told is None:
        return mark
    delivered, read = max(told.delivered, mark.delivered), max(told.read, mark.read)
    if (delivered, read) == (told.delivered, told.read):
        return None
    return Mark(person=mark.person, delivered=delivered, read=read)
