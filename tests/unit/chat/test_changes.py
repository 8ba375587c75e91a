"""What may become of a message, and what changes nothing."""

from functools import partial

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.sansio.changes import deleted, edited, pinned, reacted, same_again, trace, trace_of_body
from protocol.errors import Refusal
from protocol.types import EMOJIS, PINS_MAX, Emoji
from protocol.views import Message, Reaction

ADA, BEN = "per_01jd3v0k7r9q2x4m6n8p0s2t4a", "per_01jd3v0k7r9q2x4m6n8p0s2t4b"
HELLO = Message(seq=3, id="message-3", person=ADA, body="hello", at_us=1, revision=3)
GONE = msgspec.structs.replace(HELLO, body="", deleted_us=5, revision=5)


def code_of(change: partial[Message | None]) -> str:
    with pytest.raises(Refusal) as refused:
        change()
    return refused.value.code


def test_the_author_edits_until_it_is_deleted() -> None:
    after = edited(HELLO, ADA, "good day", 7, 9)
    assert after == msgspec.structs.replace(HELLO, body="good day", edited_us=7, revision=9)
    assert edited(HELLO, ADA, "hello", 7, 9) is None
    assert code_of(partial(edited, HELLO, BEN, "good day", 7, 9)) == "not_yours"
    assert code_of(partial(edited, GONE, BEN, "good day", 7, 9)) == "not_yours"
    assert code_of(partial(edited, GONE, ADA, "good day", 7, 9)) == "message_gone"


def test_the_author_deletes_all_of_it() -> None:
    full = msgspec.structs.replace(
        HELLO,
        reply_to=1,
        edited_us=4,
        pinned_us=5,
        pinned_by=BEN,
        reactions=(Reaction(emoji="👍", persons=(BEN,)),),
    )
    assert deleted(full, ADA, 7, 9) == Message(
        seq=3,
        id="message-3",
        person=ADA,
        body="",
        at_us=1,
        revision=9,
        reply_to=1,
        edited_us=4,
        deleted_us=7,
    )
    assert deleted(GONE, ADA, 7, 9) is None
    assert code_of(partial(deleted, HELLO, BEN, 7, 9)) == "not_yours"
    assert code_of(partial(deleted, GONE, BEN, 7, 9)) == "not_yours"


@given(st.lists(st.tuples(st.sampled_from([ADA, BEN]), st.sampled_from(EMOJIS[:4]), st.booleans())))
def test_reactions_are_who_gave_them_in_order(
    steps: list[tuple[str, Emoji, bool]],
) -> None:
    message = HELLO
    truth: dict[Emoji, list[str]] = {}
    for revision, (person, emoji, on) in enumerate(steps, 4):
        persons = truth.setdefault(emoji, [])
        changes = (person in persons) != on
        after = reacted(message, person, emoji, revision, on=on)
        assert (after is not None) == changes
        if after is not None:
            (persons.append if on else persons.remove)(person)
            assert after.revision == revision
            message = after
    assert message.reactions == tuple(
        Reaction(emoji=each, persons=tuple(truth[each])) for each in EMOJIS if truth.get(each)
    )
    assert message.body == "hello"


def test_nobody_reacts_to_what_is_gone() -> None:
    for on in (True, False):
        assert code_of(partial(reacted, GONE, BEN, "👍", 9, on=on)) == "message_gone"


def test_either_pins_and_takes_off_while_there_is_room() -> None:
    after = pinned(HELLO, BEN, PINS_MAX - 1, 7, 9, on=True)
    assert after == msgspec.structs.replace(HELLO, pinned_us=7, pinned_by=BEN, revision=9)
    assert after is not None
    assert pinned(after, ADA, PINS_MAX, 8, 10, on=True) is None
    assert pinned(after, ADA, PINS_MAX, 8, 10, on=False) == msgspec.structs.replace(
        HELLO, revision=10
    )
    assert pinned(HELLO, ADA, 0, 8, 10, on=False) is None
    assert code_of(partial(pinned, HELLO, BEN, PINS_MAX, 7, 9, on=True)) == "too_many_pins"
    for on in (True, False):
        assert code_of(partial(pinned, GONE, BEN, 0, 7, 9, on=on)) == "message_gone"


@pytest.mark.parametrize(
    ("message", "first", "kept", "body", "reply_to", "same"),
    [
        (HELLO, "hello", None, "hello", None, True),
        (HELLO, "hello", None, "good day", None, False),
        (HELLO, "hello", None, "hello", 1, False),
        (msgspec.structs.replace(HELLO, reply_to=1), "hello", None, "hello", 1, True),
        (msgspec.structs.replace(HELLO, reply_to=1), "hello", None, "hello", 2, False),
        (msgspec.structs.replace(HELLO, body="edited"), "hello", None, "hello", None, True),
        (msgspec.structs.replace(HELLO, body="edited"), "hello", None, "edited", None, False),
        (GONE, "", None, "hello", None, True),
        (GONE, "", trace_of_body("message-3", "hello"), "hello", None, True),
        (GONE, "", trace_of_body("message-3", "hello"), "good day", None, False),
        (GONE, "", trace_of_body("message-4", "hello"), "hello", None, False),
        (GONE, "", None, "hello", 1, False),
    ],
)
def test_the_same_again(
    message: Message, first: str, kept: int | None, body: str, reply_to: int | None, same: bool
) -> None:
    assert same_again(message, first, kept, body, reply_to) == same


def test_a_trace_tells_others_apart_and_is_short() -> None:
    wishes: list[tuple[str | int, ...]] = [("pin", 1, True), ("pin", 1, False), ("pin", 11, True)]
    assert len({trace(*wish) for wish in wishes}) == 3
    assert all(0 <= trace(*wish) < 2**24 for wish in wishes)
