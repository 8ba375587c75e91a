"""One connection's cursor against a table that grows and a bus that loses, doubles and delays."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.sansio.delivery import Cursor, failed, hinted, known, read, wanted

LIMIT = 3


@dataclass
class Reader:
    """What web/socket does around the cursor: reads pages, hands on, compares heads on beats."""

    cursor: Cursor
    table: int
    given: list[int] = field(default_factory=list)
    asked: tuple[int, tuple[int, ...], int] | None = None
    """A page under way: after which seq, what it will hold, and the head it saw."""

    def look(self) -> None:
        self.cursor, after = wanted(self.cursor)
        if after is not None:
            assert self.asked is None, "one page at a time"
            assert after == self.cursor.seq
            self.asked = (after, tuple(range(after + 1, self.table + 1))[:LIMIT], self.table)

    def hint(self, seq: int) -> None:
        self.cursor, next_one = hinted(self.cursor, seq)
        if next_one:
            self.given.append(seq)
        self.look()

    def beat(self) -> None:
        self.cursor = known(self.cursor, self.table)
        self.look()

    def page_comes(self) -> None:
        if self.asked is not None:
            after, seqs, head = self.asked
            self.asked = None
            self.given.extend(seqs)
            self.cursor = read(self.cursor, seqs[-1] if seqs else after, head)
            self.look()

    def page_fails(self) -> None:
        if self.asked is not None:
            self.asked = None
            self.cursor = failed(self.cursor)


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("store"), st.integers(1, 4)),
        st.tuples(st.just("hint"), st.integers(1, 40)),
        st.tuples(st.sampled_from(["next", "beat", "page", "fail"]), st.just(0)),
    ),
    max_size=60,
)


@given(start=st.integers(0, 5), stored=st.integers(0, 12), steps=STEPS)
def test_delivery_is_in_order_without_gap_and_ends_complete(
    start: int, stored: int, steps: list[tuple[str, int]]
) -> None:
    start = min(start, stored)
    reader = Reader(Cursor(start, stored), stored)
    reader.look()
    for what, number in steps:
        match what:
            case "store":
                reader.table += number  # their hints may come now, later, twice or never
            case "hint":
                reader.hint(min(number, reader.table))
            case "next":
                reader.hint(min(reader.cursor.seq + 1, reader.table))
            case "beat":
                reader.beat()
            case "page":
                reader.page_comes()
            case "fail":
                reader.page_fails()
        assert reader.given == list(range(start + 1, start + 1 + len(reader.given)))
        assert reader.cursor.seq == start + len(reader.given) <= reader.table
        assert reader.cursor.reading == (reader.asked is not None)
    reader.beat()
    while reader.asked is not None:
        reader.page_comes()
    assert reader.given == list(range(start + 1, reader.table + 1))


@pytest.mark.parametrize(
    ("cursor", "seq", "after", "hand_on"),
    [
        (Cursor(4, 4), 5, Cursor(5, 5), True),
        (Cursor(4, 9), 5, Cursor(5, 9), True),
        (Cursor(4, 4), 6, Cursor(4, 6), False),  # one was lost
        (Cursor(4, 4), 4, Cursor(4, 4), False),  # doubled
        (Cursor(4, 4), 2, Cursor(4, 4), False),  # late
        (Cursor(4, 5, reading=True), 5, Cursor(4, 5, reading=True), False),  # the page has it
        (Cursor(4, 5, reading=True), 7, Cursor(4, 7, reading=True), False),
    ],
)
def test_a_hint(cursor: Cursor, seq: int, after: Cursor, hand_on: bool) -> None:
    assert hinted(cursor, seq) == (after, hand_on)


def test_a_page_is_asked_for_once_and_only_when_something_is_missing() -> None:
    assert wanted(Cursor(4, 4)) == (Cursor(4, 4), None)
    assert wanted(Cursor(4, 5)) == (Cursor(4, 5, reading=True), 4)
    assert wanted(Cursor(4, 5, reading=True)) == (Cursor(4, 5, reading=True), None)


def test_what_is_known_only_grows() -> None:
    assert known(Cursor(4, 7), 5) == Cursor(4, 7)
    assert known(Cursor(4, 7, reading=True), 9) == Cursor(4, 9, reading=True)
    assert read(Cursor(4, 9, reading=True), 6, 7) == Cursor(6, 9)
    assert read(Cursor(4, 9, reading=True), 4, 12) == Cursor(4, 12)
    assert failed(Cursor(4, 9, reading=True)) == Cursor(4, 9)
