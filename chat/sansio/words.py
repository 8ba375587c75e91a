"""What a text is found by: its words, so that nobody has to write them as the other did. Pure.

A message is found by a question if it has all the words of it, the last one at least begun. Both
databases keep these words and compare them byte by byte, so that they answer the same.

They are without what people leave out when they search: case, accents, the difference between wide
and narrow letters. Scripts that put no space between words are kept as pairs of neighbours, so that
any part of a sentence finds it.
"""

import re
import unicodedata
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from protocol.errors import Refusal

FORM = 1
"""Which words a text has: whoever changes that counts this up, and every text is taken in anew. The
greater form is the newer one."""
WORD_MAX = 40
"""Characters; what is longer is found by its beginning."""
QUESTION_MAX = 200
"""Characters of a question."""
WORDS_MAX = 32
"""Words of a question."""
BEYOND = "\U0010ffff"
"""No word holds it, and every character of a word comes before it."""

# Letters that nobody has to own a keyboard for, and that Unicode does not take apart.
_PLAIN = str.maketrans(
    {"ı": "i", "ł": "l", "ø": "o", "đ": "d", "ħ": "h", "æ": "ae", "œ": "oe", "\u0640": ""}
)
# Scripts without a space between words: first and last character of each range.
_DENSE = (
    (0x0E00, 0x0EFF),  # Thai, Lao
    (0x1000, 0x109F),  # Burmese
    (0x1780, 0x17FF),  # Khmer
    (0x1950, 0x19DF),  # Tai Le, New Tai Lue
    (0x1A20, 0x1AAF),  # Tai Tham
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),
    (0x3021, 0x312F),  # numerals, kana, Bopomofo
    (0x31A0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0xA4CF),  # ideographs, Yi
    (0xA9E0, 0xA9FF),
    (0xAA60, 0xAA7F),
    (0xF900, 0xFAFF),
    (0x1AFF0, 0x1B16F),
    (0x20000, 0x3FFFD),
)
_DENSE_FROM = tuple(first for first, _ in _DENSE)
_ASCII = re.compile(r"[0-9a-z]+")


@dataclass(frozen=True, slots=True)
class Question:
    """`whole`: words that a message must have; `begun`: beginnings, each of one of its words at
    least. There is one of either kind."""

    whole: tuple[str, ...]
    begun: tuple[str, ...]


@lru_cache(8)  # a long one is taken in by parts
def words(text: str) -> tuple[str, ...]:
    """The words of a message, each once."""
    if text.isascii():  # as the rest would have it, in a tenth of the time
        return tuple(dict.fromkeys(word[:WORD_MAX] for word in _ASCII.findall(text.lower())))
    found: dict[str, None] = {}
    for cells, dense in _runs(text):
        if dense:
            found.update(dict.fromkeys(_pairs(cells)))
            found[cells[-1][:WORD_MAX]] = None
        else:
            found["".join(cells)[:WORD_MAX]] = None
    return tuple(found)


def question(text: str) -> Question:
    """What somebody searches for. Refuses with `invalid_field` what is nothing, or too much."""
    if len(text) > QUESTION_MAX:
        raise _no(f"At most {QUESTION_MAX} characters can be searched for.")
    asked: list[tuple[str, bool]] = []
    for cells, dense in _runs(text):
        if not dense:
            asked.append(("".join(cells)[:WORD_MAX], True))
        elif len(cells) == 1:  # a message has it as the first half of a pair, mostly
            asked.append((cells[0][:WORD_MAX], False))
        else:
            asked.extend((pair, True) for pair in _pairs(cells))
    if not asked:
        raise _no("Say what to search for: a letter, a digit or a symbol at least.")
    last = asked.pop()[0]  # still being written, perhaps
    whole = dict.fromkeys(word for word, is_whole in asked if is_whole)
    begun = dict.fromkeys(word for word, is_whole in [*asked, (last, False)] if not is_whole)
    if len(whole) + len(begun) > WORDS_MAX:
        raise _no(f"At most {WORDS_MAX} words can be searched for at once.")
    return Question(tuple(whole), tuple(word for word in begun if word not in whole))


def _no(why: str) -> Refusal:
    return Refusal("invalid_field", why, field="words")


def _pairs(cells: list[str]) -> Iterator[str]:
    for one, next_ in zip(cells, cells[1:], strict=False):
        yield (one + next_)[:WORD_MAX]


def _runs(text: str) -> Iterator[tuple[list[str], bool]]:
    """Neighbouring characters that belong together, each with the marks on it, and whether they are
    of a script that does without spaces."""
    # Compatibility caseless matching (Unicode, D146).
    text = unicodedata.normalize("NFD", text).casefold()
    text = unicodedata.normalize("NFKD", text).casefold()
    cells: list[str] = []
    dense = False
    for char in unicodedata.normalize("NFKD", text).translate(_PLAIN):
        kind, folded = _kind(char)
        if kind == "idle":
            continue
        if kind == "mark":
            if cells:
                cells[-1] += folded
            continue
        if cells and (kind in ("space", "symbol") or dense != (kind == "dense")):
            yield cells, dense
            cells = []
        if kind == "symbol":
            yield [folded], False
        elif kind != "space":
            cells.append(folded)
            dense = kind == "dense"
    if cells:
        yield cells, dense


@lru_cache(4096)
def _kind(char: str) -> tuple[Literal["letter", "dense", "mark", "symbol", "space", "idle"], str]:
    """What a character is to a word, and how it is written there. Accents, vowel points and tone
    marks are idle, and so is the colour of a hand. What makes another letter is not: vowel signs
    (class 0), nukta (7), voicing of kana (8), virama (9)."""
    category, code = unicodedata.category(char), ord(char)
    if category == "Nd":
        return "letter", str(unicodedata.decimal(char))
    if category[0] in "LN":
        place = bisect(_DENSE_FROM, code) - 1
        return "dense" if place >= 0 and code <= _DENSE[place][1] else "letter", char
    if category == "Mn" and unicodedata.combining(char) in (0, 7, 8, 9):
        joins = code == 0x034F or 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF
        return "idle" if joins else "mark", char
    if category == "Mc":
        return "mark", char
    if category in ("Mn", "Me", "Cf") or 0x1F3FB <= code <= 0x1F3FF:
        return "idle", char
    # Cn, unassigned, is how an emoji newer than this Python looks; the last two of each plane are
    # no characters.
    if category == "So" or (category == "Cn" and code & 0xFFFE != 0xFFFE):
        return "symbol", char
    return "space", char
