from __future__ import annotations

import random

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from runtime.roster import Roster


class Wire:
    """Implements what a roster needs of a bus: keeps what is said."""

    def __init__(self) -> None:
        self.said: list[bytes] = []

    def publish(self, topic: str, payload: bytes) -> None:
        self.said.append(payload)


def on(wire: Wire, node: str) -> Roster:
    return Roster(wire, node)  # type: ignore[arg-type] # of a bus it only speaks


def told(roster: Roster, prefix: str = "here") -> list[tuple[str, str, bytes | None]]:
    changes: list[tuple[str, str, bytes | None]] = []
    roster.watch(prefix, lambda *change: changes.append(change))
    return changes


def test_others_know_what_a_node_says() -> None:
    wire = Wire()
    one, other = on(wire, "one"), on(Wire(), "other")
    changes = told(other)
    one.beat()
    one.put("here:ada", b"1")
    one.put("here:ada", b"1")
    one.put("room:x", b"unwatched")
    one.drop("here:ben")
    one.drop("here:ada")
    for said in wire.said:
        other.hear(said)
    other.hear(one.whole)
    assert changes == []  # the beat was the first of it: the whole is asked for
    asked = on(Wire(), "third")
    seen = told(asked)
    asked.hear(one.whole)
    one.put("here:ben", b"2")
    asked.hear(wire.said[-1])
    assert seen == [("one", "ben", b"2")]
    assert list(asked.holders("here:ben")) == ["one"]
    assert list(asked.holders("room:x")) == ["one"]
    assert asked.others == ["one"]


def test_who_missed_something_asks_and_is_told() -> None:
    wire, heard = Wire(), Wire()
    one, other = on(wire, "one"), on(heard, "other")
    changes = told(other)
    other.hear(one.whole)
    one.put("here:ada", b"1")
    one.put("here:ben", b"2")
    other.hear(wire.said[1])
    assert changes == []
    (ask,) = heard.said
    other.hear(ask)  # asked of another
    one.hear(ask)
    other.hear(wire.said[-1])
    other.hear(wire.said[-1])
    other.hear(wire.said[0])
    assert changes == [("one", "ada", b"1"), ("one", "ben", b"2")]
    assert heard.said == [ask]


def test_its_own_words_are_nothing_to_a_node() -> None:
    wire = Wire()
    one = on(wire, "one")
    one.put("here:ada", b"1")
    one.hear(wire.said[0])
    assert one.others == []


def test_a_dead_node_has_nobody() -> None:
    one, other = on(Wire(), "one"), on(Wire(), "other")
    one.put("here:ada", b"1")
    changes = told(other)
    other.hear(one.whole)
    other.gone("one")
    other.gone("one")
    assert changes == [("one", "ada", b"1"), ("one", "ada", None)]
    assert not list(other.holders("here:ada"))


def test_what_is_no_word_of_a_node_is_refused() -> None:
    with pytest.raises(msgspec.MsgspecError):
        on(Wire(), "one").hear(b"\xc1")


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([None, b"1", b"2"]))),
    st.lists(st.booleans(), min_size=100, max_size=100),
    st.randoms(use_true_random=False),
)
def test_whatever_is_lost_or_reordered_they_agree_in_the_end(
    changes: list[tuple[str, bytes | None]], arrives: list[bool], chance: random.Random
) -> None:
    wire, answers = Wire(), Wire()
    one, other = on(wire, "one"), on(answers, "other")
    mirror: dict[str, bytes] = {}

    def change(node: str, key: str, value: bytes | None) -> None:
        if value is None:
            del mirror[key]
        else:
            mirror[key] = value

    other.watch("here", change)
    expected: dict[str, bytes] = {}
    for key, value in changes:
        if value is None:
            one.drop(f"here:{key}")
            expected.pop(key, None)
        else:
            one.put(f"here:{key}", value)
            expected[key] = value
    heard = [said for said, got in zip(wire.said, arrives, strict=False) if got]
    chance.shuffle(heard)
    for said in heard:
        other.hear(said)
    wire.said.clear()
    one.beat()
    other.hear(wire.said[-1])
    for ask in answers.said:
        one.hear(ask)
    for said in wire.said:
        other.hear(said)
    assert mirror == expected
