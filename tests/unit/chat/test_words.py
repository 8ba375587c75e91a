"""What a text is found by, in whatever script, however the other wrote it."""

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chat.sansio.words import BEYOND, QUESTION_MAX, WORD_MAX, WORDS_MAX, Question, question, words
from protocol.errors import Refusal


def finds(asked: str, text: str) -> bool:
    """As both databases answer it."""
    has, wish = words(text), question(asked)
    return all(word in has for word in wish.whole) and all(
        any(begun <= word < begun + BEYOND for word in has) for begun in wish.begun
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" .,;!? -- \n\t", []),
        ("Hello, hello WORLD", ["hello", "world"]),
        ("don't snake_case C++ a-b", ["don", "t", "snake", "case", "c", "a", "b"]),
        ("at 12:30 for €50, mp3", ["at", "12", "30", "for", "50", "mp3"]),
        ("Café Ünïcödé Ångström", ["cafe", "unicode", "angstrom"]),
        ("Straße Łódź Ørsted œuvre", ["strasse", "lodz", "orsted", "oeuvre"]),
        ("ISTANBUL İstanbul ısı", ["istanbul", "isi"]),
        ("ﬁne ｗｉｄｅ １２ ②", ["fine", "wide", "12", "2"]),
        ("Ёлка й", ["елка", "и"]),
        ("Ὀδυσσεύς", ["οδυσσευσ"]),
        ("שָׁלוֹם", ["שלום"]),
        ("العَرَبِيّة كـــتاب", ["العربية", "كتاب"]),
        ("٣٥ ३५", ["35"]),
        ("हिन्दी", ["हिन्दी"]),
        ("日本語", ["日本", "本語", "語"]),
        ("が か", ["か\u3099", "か"]),
        ("ｶﾞ", ["カ\u3099"]),
        ("iPhone用", ["iphone", "用"]),
        ("ไทย2ภาษา", ["ไท", "ทย", "ย", "2", "ภา", "าษ", "ษา", "า"]),
        ("👍🏽 ok👍", ["👍", "ok"]),
        ("👩\u200d🚀❤️", ["👩", "🚀", "❤"]),
        ("\U0001fae8\u0378", ["\U0001fae8", "\u0378"]),
        ("\ufdd0\uffff\U0010ffff\ue000", ["\ufdd0"]),
        ("\u0301a 5\u20e3", ["a", "5"]),
        ("x" * 99, ["x" * WORD_MAX]),
        ("é" * 99, ["e" * WORD_MAX]),
    ],
    ids=ascii,
)
def test_the_words_of_a_text(text: str, expected: list[str]) -> None:
    assert list(words(text)) == expected


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("hel", Question((), ("hel",))),
        ("Hello wor", Question(("hello",), ("wor",))),
        ("wor hello hello", Question(("wor", "hello"), ())),
        ("本", Question((), ("本",))),
        ("本 hel", Question((), ("本", "hel"))),
        ("日本語", Question(("日本",), ("本語",))),
        ("日本 hel", Question(("日本",), ("hel",))),
        ("hello 👍", Question(("hello",), ("👍",))),
    ],
)
def test_a_question(asked: str, expected: Question) -> None:
    assert question(asked) == expected


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ("", "Say what"), ("  \n", "Say what"), ("...", "Say what"), ("\u0301", "Say what"),
        ("x" * (QUESTION_MAX + 1), "200 characters"),
        (" ".join(f"{n}" for n in range(WORDS_MAX + 1)), "32 words"),
    ],
    ids=lambda text: ascii(text)[:20],
)  # fmt: skip
def test_what_is_no_question(asked: str, why: str) -> None:
    with pytest.raises(Refusal, match=why) as refused:
        question(asked)
    assert (refused.value.code, refused.value.field) == ("invalid_field", "words")


def test_as_much_as_may_be_asked() -> None:
    assert question(("x" * 99 + " ") * 2) == Question(("x" * WORD_MAX,), ())
    assert len(question(" ".join(f"{n}" for n in range(WORDS_MAX))).whole) == WORDS_MAX - 1


@pytest.mark.parametrize(
    ("asked", "text", "found"),
    [
        ("cafe", "Ein Café.", True),
        ("CAFÉ", "ein cafe\u0301s", True),
        ("caf ein", "Ein Café", False),  # only the last word may be begun
        ("ein caf", "Café für Ein", True),
        ("ein tee", "Ein Café", False),
        ("本語", "これは日本語です", True),
        ("語", "これは日本語です", True),
        ("日 です", "これは日本語です", True),
        ("語日", "これは日本語です", False),
        ("한ㄱ", "한국어", True),
        ("ภาษา", "ภาษาไทย", True),
        ("👍", "ok 👍🏿", True),
        ("x" * 60, "x" * 99, True),
    ],
)
def test_what_finds_what(asked: str, text: str, found: bool) -> None:
    assert finds(asked, text) is found


TEXTS = st.text(
    st.characters(exclude_categories=["Cs"])
    | st.sampled_from("aAéßıİ09 日本語がｶﾞไทย한국👍🏽\u0301\u200d\ufe0f\n."),
    max_size=20,
)
TOKENS = st.lists(
    st.text("abcéßΣя0日本語がไทย한👍", min_size=1, max_size=8).filter(words), min_size=1, max_size=5
)


@given(TEXTS)
def test_every_word_is_bounded_folded_and_below_the_end_of_its_beginnings(text: str) -> None:
    for word in words(text):
        assert 0 < len(word) <= WORD_MAX
        assert not re.search(r"[%_\\\s\x00]", word)  # what a database reads as something else
        for length in range(1, len(word) + 1):
            assert word[:length] <= word < word[:length] + BEYOND
        if not word.isascii():
            assert unicodedata.normalize("NFKD", word) == word


@given(TEXTS)
def test_the_same_text_written_otherwise_has_the_same_words(text: str) -> None:
    for other in (
        unicodedata.normalize("NFC", text), unicodedata.normalize("NFKC", text),
        unicodedata.normalize("NFD", text), unicodedata.normalize("NFKD", text),
        text.casefold(), text + "\u200b",
    ):  # fmt: skip
        assert words(other) == words(text)


@given(st.text(st.characters(max_codepoint=127), max_size=30))
def test_plain_text_has_no_way_of_its_own(text: str) -> None:
    assert words(text + " é") == tuple(dict.fromkeys((*words(text), "e")))


@settings(max_examples=30)
@given(TOKENS, st.data())
def test_a_message_is_found_by_any_of_its_words_the_last_just_begun(
    tokens: list[str], data: st.DataObject
) -> None:
    text = " ".join(tokens)
    asked = data.draw(st.lists(st.sampled_from(tokens), min_size=1, max_size=5))
    begun = asked[-1][: data.draw(st.integers(1, len(asked[-1])))]
    question_ = " ".join([*asked[:-1], begun])
    if words(begun):
        assert finds(question_, text)


@settings(max_examples=30)
@given(TOKENS, st.text("xyz", min_size=1, max_size=5))
def test_a_word_that_it_has_not_does_not_find_it(tokens: list[str], other: str) -> None:
    assert not finds(" ".join([*tokens, other]), " ".join(tokens))
