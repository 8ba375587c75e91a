"""Who spoke how much, against a simulation that knows the truth."""

from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st

from mentoring.sansio.talk import EARLY, LATE, MINUTE, Balance, add, balance, minutes_of, taken
from protocol.types import SLOT_US

NOW_SLOT = 3_600_000_000
NOW = NOW_SLOT * SLOT_US


def kept(*reports: tuple[int, str], now_us: int = NOW) -> dict[int, str]:
    """What is kept of reports (first slot, slots) that come in this order."""
    minutes: dict[int, str] = {}
    for first, slots in reports:
        heard = taken(first * SLOT_US, slots, now_us)
        for minute in minutes_of(heard):
            minutes[minute] = add(minutes.get(minute), minute, heard)
    return minutes


def test_a_report_is_taken_slot_by_slot() -> None:
    assert taken(NOW - 3 * SLOT_US, "101", NOW) == {
        NOW_SLOT - 3: "1",
        NOW_SLOT - 2: "0",
        NOW_SLOT - 1: "1",
    }
    assert taken(NOW - 3 * SLOT_US + 1, "1", NOW) == {NOW_SLOT - 3: "1"}


def test_what_cannot_be_true_is_passed_over() -> None:
    assert taken(NOW, "1" * 9, NOW) == {NOW_SLOT + n: "1" for n in range(EARLY + 1)}
    oldest = NOW_SLOT + EARLY - LATE + 1
    assert min(taken((oldest - 5) * SLOT_US, "1" * 9, NOW)) == oldest
    assert taken(0, "1", NOW) == {}
    assert taken(2**53 - 1, "1", NOW) == {}


def test_what_is_known_does_not_change() -> None:
    at = NOW_SLOT - 4
    assert kept((at, "11"), (at, "0000")) == kept((at, "1100"))


def test_a_minute_goes_over_into_the_next() -> None:
    at = NOW_SLOT // MINUTE * MINUTE - 2
    first, second = sorted(kept((at, "1011"), now_us=(at + 10) * SLOT_US).items())
    assert first == (at // MINUTE, "?" * 118 + "10")
    assert second == (at // MINUTE + 1, "11" + "?" * 118)


def test_only_what_both_reported_counts() -> None:
    at = NOW_SLOT // MINUTE * MINUTE - MINUTE
    mine, theirs = kept((at, "110010")), kept((at + 1, "1011"))
    #   110010
    #    1011
    assert balance(mine, theirs) == Balance(both=4, speaking=2, overlap=2, silence=1)
    assert balance(theirs, mine) == Balance(both=4, speaking=3, overlap=2, silence=1)
    assert balance(mine, {}) == balance({}, {}) == Balance()


@dataclass(frozen=True)
class Told:
    """What one page heard (`truth`), and how its reports went: in pieces, lost, doubled, mixed."""

    truth: list[bool]
    reports: list[tuple[int, str]]


@st.composite
def tellings(draw: st.DrawFn, length: int) -> Told:
    truth = draw(st.lists(st.booleans(), min_size=length, max_size=length))
    reports = []
    at = 0
    while at < length:
        size = draw(st.integers(1, 25))
        piece = truth[at : at + size]
        reports += [(at, "".join("01"[said] for said in piece))] * draw(st.integers(0, 2))
        at += size
    return Told(truth, draw(st.permutations(reports)))


@given(st.data())
def test_the_balance_is_that_of_the_truth_where_both_were_heard(data: st.DataObject) -> None:
    length = data.draw(st.integers(1, 100))
    one, other = data.draw(tellings(length)), data.draw(tellings(length))
    began = NOW_SLOT - data.draw(st.integers(length, LATE - EARLY - 1))
    known = [
        {at + place for at, piece in told.reports for place in range(len(piece))}
        for told in (one, other)
    ]
    both = known[0] & known[1]
    pairs = [(one.truth[slot], other.truth[slot]) for slot in both]
    mine, theirs = (
        kept(*((began + at, piece) for at, piece in told.reports)) for told in (one, other)
    )
    assert balance(mine, theirs) == Balance(
        both=len(pairs),
        speaking=sum(a for a, _ in pairs),
        overlap=sum(a and b for a, b in pairs),
        silence=sum(not a and not b for a, b in pairs),
    )
    there, back = balance(mine, theirs), balance(theirs, mine)
    assert there.speaking + back.speaking - there.overlap + there.silence == there.both
