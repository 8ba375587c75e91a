"""One connection's cursor against a table that grows and changes, and a bus that loses, doubles
and delays."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.sansio.delivery import Cursor, ahead, failed, hinted, known, paged, read, wanted
from protocol.views import Mark

LIMIT = 3


@dataclass(frozen=True)
class Asked:
    """A page under way: what it was asked with, and what it will hold, read when it was."""

    seq: int
    revision: int
    table: dict[int, int]

    @property
    def head(self) -> int:
        return len(self.table)

    @property
    def latest(self) -> int:
        return max(self.table.values(), default=0)

    @property
    def touched(self) -> list[tuple[int, int]]:
        """(revision, seq) of those held that have changed since."""
        return sorted(
            (revision, seq)
            for seq, revision in self.table.items()
            if seq <= self.seq and revision > self.revision
        )


@dataclass
class Reader:
    """What web/socket does around the cursor: reads pages, hands on, compares heads on beats.
    `table` and `held` say of which revision each message is; `fetched`, a page that was asked for
    and has not come."""

    cursor: Cursor
    table: dict[int, int]
    held: dict[int, int]
    given: list[int] = field(default_factory=list)
    asked: Asked | None = None
    fetched: dict[int, int] | None = None

    @property
    def latest(self) -> int:
        return max(self.table.values(), default=0)

    def look(self) -> None:
        self.cursor, behind = wanted(self.cursor)
        if behind:
            assert self.asked is None, "one page at a time"
            self.asked = Asked(self.cursor.seq, self.cursor.revision, dict(self.table))

    def store(self) -> None:
        self.table[len(self.table) + 1] = self.latest + 1

    def touch(self, number: int) -> None:
        if self.table:
            self.table[number % len(self.table) + 1] = self.latest + 1

    def hint(self, revision: int) -> None:
        """Of the change that was `revision`, if the table still tells which message that was."""
        for seq, last in self.table.items():
            if last == revision:
                is_new = seq == len(self.table) and revision not in self.held.values()
                new = seq > max(self.held, default=0) and is_new
                self.cursor, next_one = hinted(self.cursor, revision, seq if new else None)
                if next_one:
                    self.take(seq, revision)
                self.look()

    def beat(self) -> None:
        self.cursor = known(self.cursor, len(self.table), self.latest)
        self.look()

    def take(self, seq: int, revision: int) -> None:
        if seq == self.cursor.seq and seq not in self.held:
            self.given.append(seq)
        if seq in self.held or seq == len(self.held) + 1:
            self.held[seq] = max(revision, self.held.get(seq, 0))

    def page_comes(self) -> None:
        asked, self.asked = self.asked, None
        if asked is None:
            return
        told = asked.touched[:LIMIT]
        if told:
            revision = told[-1][0] if len(asked.touched) > LIMIT else asked.latest
            for last, seq in told:
                self.held[seq] = max(self.held[seq], last)
            seq = asked.seq
        else:
            revision, seq = asked.latest, min(asked.head, asked.seq + LIMIT)
            for each in range(asked.seq + 1, seq + 1):
                self.given.append(each)
                self.held[each] = asked.table[each]
        self.cursor = read(self.cursor, asked.revision, seq, revision, asked.head, asked.latest)
        self.look()

    def page_fails(self) -> None:
        if self.asked is not None:
            self.asked = None
            self.cursor = failed(self.cursor)

    def fetch_begins(self) -> None:
        """Somebody looks at what they do not hold: here, at one message as if they did not."""
        self.fetched = dict(self.table)

    def fetch_comes(self) -> None:
        """What was passed over because it was not held, and is older in the page, is told again."""
        page, self.fetched = self.fetched, None
        if page is not None:
            for seq in self.held:
                self.held[seq] = page.get(seq, self.held[seq])
            revision = max(page.values(), default=0)
            self.cursor = paged(self.cursor, revision)
            self.look()


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("touch"), st.integers(0, 40)),
        st.tuples(st.just("hint"), st.integers(1, 60)),
        st.tuples(
            st.sampled_from(["store", "next", "beat", "page", "fail", "fetch", "fetched"]),
            st.just(0),
        ),
    ),
    max_size=80,
)


@given(start=st.integers(0, 5), stored=st.integers(0, 12), steps=STEPS)
def test_delivery_is_in_order_without_gap_and_ends_as_the_table_is(
    start: int, stored: int, steps: list[tuple[str, int]]
) -> None:
    start = min(start, stored)
    table = {seq: seq for seq in range(1, stored + 1)}
    held = {seq: seq for seq in range(1, start + 1)}
    reader = Reader(Cursor(start, start, stored, stored), table, held)
    reader.look()
    for what, number in steps:
        match what:
            case "store":
                reader.store()  # its hint may come now, later, twice or never
            case "touch":
                reader.touch(number)
            case "hint":
                reader.hint(min(number, reader.latest))
            case "next":
                reader.hint(reader.cursor.revision + 1)
            case "beat":
                reader.beat()
            case "page":
                reader.page_comes()
            case "fail":
                reader.page_fails()
            case "fetch":
                reader.fetch_begins()
            case "fetched":
                reader.fetch_comes()
        assert reader.given == list(range(start + 1, start + 1 + len(reader.given)))
        assert reader.cursor.seq == len(reader.held) <= len(reader.table)
        assert reader.cursor.reading == (reader.asked is not None)
        # Nothing that is held and was touched up to the cursor's revision is older than that.
        for seq, revision in reader.held.items():
            assert revision >= reader.table[seq] or reader.table[seq] > reader.cursor.revision
    reader.fetched = None
    reader.beat()
    while reader.asked is not None:
        reader.page_comes()
    assert reader.held == reader.table


READING = Cursor(4, 7, 5, 8, reading=True)


@pytest.mark.parametrize(
    ("cursor", "revision", "seq", "after", "hand_on"),
    [
        (Cursor(4, 7, 4, 7), 8, 5, Cursor(5, 8, 5, 8), True),
        (Cursor(4, 7, 4, 7), 8, None, Cursor(4, 8, 4, 8), True),
        (Cursor(4, 7, 9, 20), 8, 5, Cursor(5, 8, 9, 20), True),
        (Cursor(4, 7, 4, 7), 9, 5, Cursor(4, 7, 5, 9), False),  # a change was lost
        (Cursor(4, 7, 4, 7), 9, None, Cursor(4, 7, 4, 9), False),
        (Cursor(4, 7, 6, 7), 8, 7, Cursor(4, 7, 7, 8), False),  # a page of messages failed
        (Cursor(4, 7, 4, 7), 7, 4, Cursor(4, 7, 4, 7), False),  # doubled
        (Cursor(4, 7, 4, 7), 3, None, Cursor(4, 7, 4, 7), False),  # late
        (READING, 8, 5, READING, False),  # the page has it
        (READING, 9, None, Cursor(4, 7, 5, 9, reading=True), False),
    ],
)
def test_a_hint(
    cursor: Cursor, revision: int, seq: int | None, after: Cursor, hand_on: bool
) -> None:
    assert hinted(cursor, revision, seq) == (after, hand_on)


def test_a_page_is_asked_for_once_and_only_when_something_is_missing() -> None:
    assert wanted(Cursor(4, 7, 4, 7)) == (Cursor(4, 7, 4, 7), False)
    assert wanted(Cursor(4, 7, 5, 7)) == (Cursor(4, 7, 5, 7, reading=True), True)
    assert wanted(Cursor(4, 7, 4, 8)) == (Cursor(4, 7, 4, 8, reading=True), True)
    assert wanted(READING) == (READING, False)


def test_what_is_known_only_grows() -> None:
    assert known(Cursor(4, 7, 7, 9), 5, 8) == Cursor(4, 7, 7, 9)
    assert known(READING, 9, 12) == Cursor(4, 7, 9, 12, reading=True)
    assert read(READING, 7, 5, 8, 5, 8) == Cursor(5, 8, 5, 8)
    assert read(READING, 7, 4, 7, 9, 20) == Cursor(4, 7, 9, 20)
    assert failed(READING) == Cursor(4, 7, 5, 8)


def test_a_page_that_was_asked_for_sets_back_to_when_it_was_read() -> None:
    assert paged(Cursor(4, 7, 4, 7), 5) == Cursor(4, 5, 4, 7)
    assert paged(Cursor(4, 7, 4, 7), 9) == Cursor(4, 7, 4, 7)
    # Also while another page is on its way, which then does not reach back far enough.
    assert read(paged(READING, 5), 7, 5, 8, 5, 8) == Cursor(5, 5, 5, 8)


def test_marks_are_told_when_they_move_forwards() -> None:
    told = Mark(person="ada", delivered=4, read=2)
    assert ahead(None, told) == told
    assert ahead(told, told) is None
    assert ahead(told, Mark(person="ada", delivered=3, read=1)) is None
    assert ahead(told, Mark(person="ada", delivered=3, read=3)) == Mark(
        person="ada", delivered=4, read=3
    )
    assert ahead(told, Mark(person="ada", delivered=5, read=2)) == Mark(
        person="ada", delivered=5, read=2
    )
