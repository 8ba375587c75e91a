"""One connection's place in one conversation: what to hand on, and when to read the table. Pure.

A hint carries the newest message; it may be lost, doubled or late. The cursor only ever moves over
messages in order, so whatever reaches the page is without a gap, and nothing comes twice.
"""

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Cursor:
    """`seq`: the last message handed on; `head`: the newest known to exist; `reading`: a page has
    been asked for."""

    seq: int
    head: int
    reading: bool = False


def hinted(cursor: Cursor, seq: int) -> tuple[Cursor, bool]:
    """A hint says that `seq` exists. True: it is the very next one, hand its message on."""
    head = max(cursor.head, seq)
    if seq == cursor.seq + 1 and not cursor.reading:
        return replace(cursor, seq=seq, head=head), True
    return replace(cursor, head=head), False


def known(cursor: Cursor, head: int) -> Cursor:
    """The table says that `head` exists: how a lost hint is noticed."""
    return replace(cursor, head=max(cursor.head, head))


def wanted(cursor: Cursor) -> tuple[Cursor, int | None]:
    """The seq after which to read a page, if one is needed and none is being read."""
    if cursor.reading or cursor.head <= cursor.seq:
        return cursor, None
    return replace(cursor, reading=True), cursor.seq


def read(cursor: Cursor, last: int, head: int) -> Cursor:
    """A page was handed on, up to `last` (the cursor's own seq when it was empty)."""
    return Cursor(max(cursor.seq, last), max(cursor.head, head), False)


def failed(cursor: Cursor) -> Cursor:
    """The page could not be read; the next hint or beat tries again."""
    return replace(cursor, reading=False)
