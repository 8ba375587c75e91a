"""What each says after a session: when it can be changed, when the other comes to see it."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mentoring.sansio.reflection import (
    NOTHING,
    REMIND_AFTER_US,
    SHARE_AFTER_US,
    Reflection,
    Words,
    clean,
    dismiss,
    erase,
    remind,
    save,
    share,
)
from protocol.errors import Refusal
from protocol.types import REFLECTION_MAX

NOW = 1_800_000_000_000_000
WORDS = Words("the rehearsal", "try it on Monday", 4, "I was nervous")


# ---- texts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("", ""),
        ("  two\r\nlines\r ", "two\nlines"),
        ("a\ttab", "a\ttab"),
        ("\u200b \u2800\u3164", ""),  # nothing to see
        ("👩‍🌾", "👩‍🌾"),
        ("\U0001fae9", "\U0001fae9"),  # newer than this Python, perhaps
        ("\u0378", "\u0378"),  # unassigned: how such a one looks
        ("x" * REFLECTION_MAX + "\n\n", "x" * REFLECTION_MAX),
    ],
)
def test_a_text_is_kept_without_the_space_around_it(written: str, kept: str) -> None:
    assert clean(written, "useful") == kept


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("a\x00b", "control character U\\+0000"),
        ("a\x1b[31m", "control character U\\+001B"),
        ("a\ud800", "control character U\\+D800"),
        ("x" * (REFLECTION_MAX + 1), "at most 2,000"),
        ("\u200b" * (REFLECTION_MAX + 1), "at most 2,000"),
    ],
)
def test_a_text_that_cannot_be_kept_is_refused_by_its_field(written: str, says: str) -> None:
    with pytest.raises(Refusal, match=says) as refused:
        clean(written, "private")
    assert (refused.value.code, refused.value.field) == ("invalid_field", "private")


@given(st.text())
def test_cleaning_twice_is_cleaning_once(written: str) -> None:
    try:
        once = clean(written, "next")
    except Refusal:
        return
    assert clean(once, "next") == once


# ---- saving -------------------------------------------------------------------------------------


def test_an_answer_is_one_once_there_is_something_for_the_other() -> None:
    private = save(NOTHING, Words(private="a note"), NOW)
    assert (private.saved_us, private.answered_us, private.due_us) == (NOW, None, None)
    for words in (Words(useful="x"), Words(next="x"), Words(rating=1)):
        answered = save(private, words, NOW + 5)
        assert (answered.saved_us, answered.answered_us) == (NOW + 5, NOW + 5)
        assert answered.due_us == NOW + 5 + SHARE_AFTER_US


def test_a_change_does_not_put_off_the_sharing_but_taking_it_back_does() -> None:
    first = save(NOTHING, WORDS, NOW)
    changed = save(first, replace(WORDS, next="try it on Tuesday"), NOW + 9)
    assert (changed.saved_us, changed.answered_us) == (NOW + 9, NOW)
    back = save(changed, Words(), NOW + 10)
    assert (back.words, back.saved_us, back.answered_us) == (Words(), NOW + 10, None)
    assert save(back, WORDS, NOW + 11).answered_us == NOW + 11


def test_the_same_again_changes_nothing() -> None:
    first = save(NOTHING, WORDS, NOW)
    assert save(first, WORDS, NOW + 1) is first
    assert save(NOTHING, Words(), NOW).saved_us == NOW  # nothing said is an answer to being asked
    shared = replace(first, shared_us=NOW + 2)
    assert save(shared, WORDS, NOW + 3) is shared


@pytest.mark.parametrize("part", [{"useful": "else"}, {"next": ""}, {"rating": None}])
def test_what_the_other_has_stays_as_it_is(part: dict[str, str]) -> None:
    shared = replace(save(NOTHING, WORDS, NOW), shared_us=NOW + 2)
    with pytest.raises(Refusal) as refused:
        save(shared, replace(WORDS, **part), NOW + 3)  # type: ignore[arg-type] # a part of any type
    assert refused.value.code == "already_shared"


def test_a_private_note_can_be_changed_for_ever() -> None:
    shared = replace(save(NOTHING, WORDS, NOW), shared_us=NOW + 2)
    after = save(shared, replace(WORDS, private="calmer now"), NOW + 3)
    assert after == replace(shared, words=replace(WORDS, private="calmer now"), saved_us=NOW + 3)


# ---- sharing ------------------------------------------------------------------------------------


def test_two_answers_reach_each_other_at_once() -> None:
    mine, theirs = save(NOTHING, WORDS, NOW), save(NOTHING, Words(rating=2), NOW + 7)
    assert share(mine, theirs, NOW + 7) == (
        replace(mine, shared_us=NOW + 7),
        replace(theirs, shared_us=NOW + 7),
    )


def test_one_answer_reaches_the_other_after_24_hours() -> None:
    mine = save(NOTHING, WORDS, NOW)
    for theirs in (NOTHING, save(NOTHING, Words(private="only for me"), NOW)):
        assert share(mine, theirs, NOW + SHARE_AFTER_US - 1) == (mine, theirs)
        shared, other = share(mine, theirs, NOW + SHARE_AFTER_US)
        assert (shared.shared_us, other) == (NOW + SHARE_AFTER_US, theirs)
        assert share(shared, theirs, NOW + 2 * SHARE_AFTER_US) == (shared, theirs)  # once
        assert share(theirs, mine, NOW + SHARE_AFTER_US) == (theirs, shared)


def test_who_answers_after_the_other_was_shared_shares_at_once() -> None:
    mine = replace(save(NOTHING, WORDS, NOW), shared_us=NOW + SHARE_AFTER_US)
    late = NOW + 3 * SHARE_AFTER_US
    theirs = save(NOTHING, Words(next="x"), late)
    assert share(theirs, mine, late) == (replace(theirs, shared_us=late), mine)


MAYBE = st.none() | st.integers(NOW, NOW + 3 * SHARE_AFTER_US)
REFLECTIONS = st.builds(
    Reflection, st.just(WORDS), MAYBE, MAYBE, st.none(), st.none() | st.just(NOW)
)


@given(REFLECTIONS, REFLECTIONS, st.integers(NOW, NOW + 5 * SHARE_AFTER_US))
def test_what_is_shared_is_an_answer_and_its_time_has_come(
    one: Reflection, other: Reflection, now_us: int
) -> None:
    both = one.answered_us is not None and other.answered_us is not None
    for before, after in zip((one, other), share(one, other, now_us), strict=True):
        due = before.answered_us is not None and before.answered_us + SHARE_AFTER_US <= now_us
        assert (after.shared_us is not None) == (both or due)
        assert replace(after, shared_us=None) == before


# ---- being asked --------------------------------------------------------------------------------


def test_one_is_asked_after_12_hours_unless_one_has_answered_or_does_not_want_to_be() -> None:
    assert not remind(NOTHING, None, NOW)
    assert not remind(NOTHING, NOW, NOW + REMIND_AFTER_US - 1)
    assert remind(NOTHING, NOW, NOW + REMIND_AFTER_US)
    later = NOW + 9 * REMIND_AFTER_US
    assert remind(NOTHING, NOW, later)
    assert not remind(save(NOTHING, Words(private="x"), NOW), NOW, later)
    dismissed = dismiss(NOTHING, NOW + 1)
    assert not remind(dismissed, NOW, later)
    assert dismiss(dismissed, NOW + 2) == dismissed


def test_an_erased_reflection_has_no_word_and_was_there() -> None:
    shared = replace(save(NOTHING, WORDS, NOW), shared_us=NOW + 2)
    assert erase(shared) == replace(shared, words=Words())
