"""Names, zones and e-mail addresses, as people have and as they should not."""

import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from people.sansio.profile import clean_email, clean_name, clean_zone
from protocol.errors import Refusal


def refused_name(name: str) -> str:
    with pytest.raises(Refusal) as caught:
        clean_name(name, "mentor.name")
    assert (caught.value.code, caught.value.field) == ("invalid_field", "mentor.name")
    return caught.value.detail


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Ana", "Ana"),
        ("  Ana   María  ", "Ana María"),
        ("Ana\n", "Ana"),
        ("X Æ A-12", "X Æ A-12"),
        ("7", "7"),
        ("Zoe\u0308", "Zo\u00eb"),  # NFC
        ("\u212b", "\u00c5"),
        ("שרה כהן", "שרה כהן"),  # right to left by its letters alone
        ("محمد", "محمد"),
        ("می\u200cخواهم", "می\u200cخواهم"),  # Persian needs ZERO WIDTH NON-JOINER
        ("क्\u200dष", "क्\u200dष"),
        ("👩\u200d🚀 Sally", "👩\u200d🚀 Sally"),
        ("李\u3000明", "李\u3000明"),
        ("नि" * 64, "नि" * 64),  # marks are no characters of their own
        ("x" * 64, "x" * 64),
    ],
)
def test_a_name_is_kept_as_its_owner_writes_it(typed: str, kept: str) -> None:
    assert clean_name(typed, "mentor.name") == kept


@pytest.mark.parametrize(
    "name",
    [
        "", " ", "\t\n", "\u00a0", "\u3000", "\u0301", " \u0301 ", "\u200d", "\u200c \u200d", "...",
        "-", "\ufe0f", "\u17b4", "-\u3164",
        "\u3164", "\u115f\u1160", "\uffa0", "\u2800", "\u0301\u200d\u0301",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_name_that_shows_nothing_is_none(name: str) -> None:
    assert refused_name(name) == "A name needs at least one letter."


@pytest.mark.parametrize(
    "code",
    [
        0x00, 0x09, 0x0A, 0x1B, 0x7F, 0x85, 0xAD,
        0x061C, 0x200B, 0x200E, 0x200F, 0x2028, 0x2029,
        0x202A, 0x202B, 0x202C, 0x202D, 0x202E, 0x2060, 0x2066, 0x2067, 0x2068, 0x2069,
        0xFEFF, 0xD800, 0xE000, 0xE0041,
    ],
    ids=hex,
)  # fmt: skip
def test_what_hides_or_reorders_text_is_refused_and_named(code: int) -> None:
    for name in (f"An{chr(code)}a", f"X {chr(code)} Y"):
        assert f"U+{code:04X}" in refused_name(name)


@pytest.mark.parametrize("name", ["x" * 65, "a" + "\u0301" * 257, "x " * 33, "x" * 100_000])
def test_a_name_has_an_end(name: str) -> None:
    assert refused_name(name) == "A name may have at most 64 characters."


EXPLICIT = {"LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI"}  # UAX 9, 2


@given(
    st.text(st.sampled_from("aZé李 \u0301\u200d\u202e\n\u00a0\u3164") | st.characters(), max_size=9)
)
def test_a_kept_name_is_clean_and_stays_as_it_is(name: str) -> None:
    with suppress(Refusal):
        kept = clean_name(name, "mentor.name")
        assert clean_name(kept, "mentor.name") == kept
        assert unicodedata.is_normalized("NFC", kept)
        assert "  " not in kept
        assert kept == kept.strip()
        assert not EXPLICIT & {unicodedata.bidirectional(char) for char in kept}
        assert not {"Cc", "Cs", "Co"} & {unicodedata.category(char) for char in kept}


def test_a_zone_is_one_of_those_known() -> None:
    known = {"Europe/Vienna", "UTC"}
    assert clean_zone("Europe/Vienna", known, "mentee.zone") == "Europe/Vienna"
    for zone in ("", "Europe/Wien", "europe/vienna", "Europe/Vienna ", "../../etc/passwd"):
        with pytest.raises(Refusal) as caught:
            clean_zone(zone, known, "mentee.zone")
        assert (caught.value.code, caught.value.field) == ("invalid_field", "mentee.zone")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("", ""),
        ("  ", ""),
        (" ana@example.org\n", "ana@example.org"),
        ("ana.b+c@mail.example.org", "ana.b+c@mail.example.org"),
        ("Ünal@bücher.example", "Ünal@bücher.example"),
        ('"a@b"@example.org', '"a@b"@example.org'),
        ("x" * 242 + "@example.org", "x" * 242 + "@example.org"),
    ],
)
def test_an_address_is_kept(typed: str, kept: str) -> None:
    assert clean_email(typed, "mentee.email") == kept


@pytest.mark.parametrize(
    "email",
    [
        "ana", "@", "ana@", "@example.org", "ana@localhost", "ana@.org.", "ana@...",
        "a na@example.org", "ana@exa mple.org", "ana@example.org\x00", "a\u202ena@example.org",
        "a\nb@example.org",
        "ana@example.org\nBcc: x@example.org", "a\ud800@example.org", "x" * 243 + "@example.org",
    ],
    ids=ascii,
)  # fmt: skip
def test_what_is_no_address_is_refused(email: str) -> None:
    with pytest.raises(Refusal) as caught:
        clean_email(email, "mentee.email")
    assert (caught.value.code, caught.value.field) == ("invalid_field", "mentee.email")
