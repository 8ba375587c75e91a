"""What may be said, and how much of it fits a frame."""

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chat.sansio.conversation import (
    PAGE_MOST_BYTES,
    check_body,
    check_query,
    fit,
    fit_around,
    wider,
)
from protocol.codec import Format, encode
from protocol.errors import Refusal
from protocol.frames import ChatMessages
from protocol.types import BODY_MAX_BYTES, FRAME_MAX_BYTES, INT_MAX
from protocol.views import Message

CONVERSATION = "con_01jd3v0k7r9q2x4m6n8p0s2t4v"
PERSON = "per_01jd3v0k7r9q2x4m6n8p0s2t4v"
ROOT = Path(__file__).resolve().parents[3]
TEXTS = json.loads((ROOT / "web/client/tests/protocol/texts.json").read_text())
"""What shows something, and what nothing; the pages' own tests hold these against their rule."""
HIDDEN = "".join(TEXTS["unseen"])


def refusal(body: str) -> str | None:
    try:
        check_body(body, "msg-0001")
    except Refusal as refused:
        assert refused.ref == "msg-0001"  # noqa: PT017
        return refused.code
    return None


@pytest.mark.parametrize(
    "body",
    [
        *TEXTS["seen"], "hello\nworld", "\tindented", "  a  ", "שלום", "👩\u200d🚀",
        "\U0001fae8", "<script>alert(1)</script>", "\u202eabc",
        "x" * BODY_MAX_BYTES, "é" * (BODY_MAX_BYTES // 2), "👋" * (BODY_MAX_BYTES // 4),
    ],
    ids=lambda body: ascii(body)[:30],
)  # fmt: skip
def test_what_may_be_said(body: str) -> None:
    assert refusal(body) is None


@pytest.mark.parametrize(
    ("body", "code"),
    [
        *((text, "message_empty") for text in TEXTS["unseen"]),
        ("x" * (BODY_MAX_BYTES + 1), "message_too_long"),
        ("é" * (BODY_MAX_BYTES // 2) + "x", "message_too_long"),
        (" " * (BODY_MAX_BYTES + 1), "message_too_long"),
        ("\x00" * (BODY_MAX_BYTES + 1), "message_too_long"),
        ("a\x00", "invalid_field"),
        ("\x00", "invalid_field"),
        ("a\rb", "invalid_field"),
        ("\x1b[31mred", "invalid_field"),
        ("a\x7f", "invalid_field"),
        ("a\x85", "invalid_field"),
        ("a\ud800", "invalid_field"),
    ],
    ids=lambda text: ascii(text)[:30],
)
def test_what_may_not(body: str, code: str) -> None:
    assert refusal(body) == code


@given(
    st.text(
        st.characters(exclude_categories=[]) | st.sampled_from([*" \n\t\x00", *HIDDEN]),
        max_size=9,
    )
)
def test_every_body_is_right_or_has_its_reason(body: str) -> None:
    kinds = {unicodedata.category(char) for char in body if char not in "\n\t"}
    if {"Cc", "Cs"} & kinds:
        assert refusal(body) == "invalid_field"
    elif {"Ll", "Lu", "Nd", "Po", "Sm", "Co"} & kinds:
        assert refusal(body) is None
    elif kinds <= {"Zs", "Zl", "Zp"} or set(body) <= set(HIDDEN):
        assert refusal(body) == "message_empty"


def test_a_refused_character_is_named() -> None:
    with pytest.raises(Refusal, match=r"U\+001B") as caught:
        check_body("a\x1b", "msg-0001")
    assert caught.value.field == "body"


# ---- pages -------------------------------------------------------------------------------------


def page(bodies: list[str]) -> list[Message]:
    return [
        Message(
            seq=INT_MAX - 200 + n,
            id=f"{n:064}",
            person=PERSON,
            body=body,
            at_us=INT_MAX,
            revision=INT_MAX,
        )
        for n, body in enumerate(bodies)
    ]


def frame_of(messages: list[Message]) -> ChatMessages:
    return ChatMessages(
        conversation=CONVERSATION, head=INT_MAX, revision=INT_MAX, messages=tuple(messages)
    )


BODIES = st.lists(
    st.builds(
        lambda char, size: char * size,
        st.sampled_from(["x", "é", "👋", '"', "\\", "\n"]),
        st.sampled_from([1, 10, 250, 300, 1_000, 4_000]),
    ),
    max_size=200,
)


@pytest.mark.parametrize("keep_newest", [True, False])
@given(bodies=BODIES)
def test_a_page_is_contiguous_and_fits_a_frame(keep_newest: bool, bodies: list[str]) -> None:
    messages = page(bodies)
    kept = fit(messages, keep_newest=keep_newest)
    count = len(kept)
    assert kept == (messages[len(messages) - count :] if keep_newest else messages[:count])
    assert bool(kept) == bool(messages)
    formats: tuple[Format, ...] = ("msgpack", "json")
    for fmt in formats:
        assert len(encode(frame_of(kept), fmt)) <= FRAME_MAX_BYTES
    if count < len(messages):
        more = messages[-count - 1 :] if keep_newest else messages[: count + 1]
        assert len(encode(frame_of(more), "json")) > PAGE_MOST_BYTES


@pytest.mark.parametrize("body", ["x" * BODY_MAX_BYTES, '"' * BODY_MAX_BYTES, "x" * 250])
def test_a_full_page_of_long_or_many_messages(body: str) -> None:
    messages = page([body] * 200)
    around = fit_around(messages, messages[100].seq)
    for kept in (fit(messages, keep_newest=True), fit(messages, keep_newest=False), around):
        assert 0 < len(kept) < len(messages)
        assert len(encode(frame_of(kept), "json")) <= FRAME_MAX_BYTES


@pytest.mark.parametrize("keep_newest", [True, False])
def test_a_page_is_never_empty_for_its_messages_size(keep_newest: bool) -> None:
    assert len(fit(page(["x" * PAGE_MOST_BYTES] * 2), keep_newest=keep_newest)) == 1


@pytest.mark.parametrize(
    ("size", "radius"),
    [
        (0, 64),
        (90, 64),
        (PAGE_MOST_BYTES // 4, 32),
        (PAGE_MOST_BYTES, 16),
        (PAGE_MOST_BYTES + 1, 0),
    ],
)
def test_a_page_is_read_as_far_as_it_may_fill(size: int, radius: int) -> None:
    assert wider(8, size) == radius


def test_a_short_page_is_kept_whole() -> None:
    messages = page(["hello"] * 50)
    assert fit(messages, keep_newest=True) == messages
    assert fit(messages, keep_newest=False) == messages
    assert fit_around(messages, messages[0].seq) == messages
    assert fit([], keep_newest=True) == fit_around([], 1) == []


@given(bodies=BODIES, data=st.data())
def test_a_page_around_a_message_has_it_in_its_middle(
    bodies: list[str], data: st.DataObject
) -> None:
    messages = page(bodies)
    middle = data.draw(st.integers(0, max(0, len(bodies) - 1)))
    kept = fit_around(messages, INT_MAX - 200 + middle)
    if not messages:
        assert kept == []
        return
    low = messages.index(kept[0])
    assert kept == messages[low : low + len(kept)]
    assert low <= middle < low + len(kept)
    assert len(encode(frame_of(kept), "json")) <= FRAME_MAX_BYTES
    before, after = middle - low, low + len(kept) - 1 - middle
    if low > 0 and low + len(kept) < len(messages):
        assert abs(before - after) <= 1
    if len(kept) < len(messages):
        more = messages[max(0, low - 1) : low + len(kept) + 1]
        assert len(encode(frame_of(more), "json")) > PAGE_MOST_BYTES


def test_one_page_is_asked_for_at_a_time() -> None:
    check_query(None, None, None, None)
    for given_ in ((1, None, None, None), (None, 1, None, None), (None, None, 0, None),
                   (None, None, None, 0)):  # fmt: skip
        check_query(*given_)
    for both, field in (((1, 1, None, None), "after"), ((None, 0, 0, 0), "around"),
                        ((1, None, None, 0), "at_us")):  # fmt: skip
        with pytest.raises(Refusal, match="invalid_field") as refused:
            check_query(*both)
        assert refused.value.field == field
