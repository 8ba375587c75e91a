"""What a name, a zone and an e-mail address may be. Pure."""

import unicodedata
from collections.abc import Collection

from protocol.errors import Refusal
from protocol.text import is_visible

NAME_MAX_GRAPHEMES = 64
NAME_MAX_CODE_POINTS = 256
EMAIL_MAX = 254

# Letters and marks of some scripts need ZERO WIDTH (NON-)JOINER; every other format character can
# only hide or reorder text (Unicode Technical Report 36, bidirectional spoofing).
_JOINERS = "\u200c\u200d"
_REFUSED_CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


def clean_name(name: str, field: str) -> str:
    """The name in NFC with single spaces. Refuses with `invalid_field` what is empty, longer than
    64 visible characters, or holds control, bidirectional or other invisible characters."""
    words = unicodedata.normalize("NFC", name).strip().split(" ")
    folded = " ".join(word for word in words if word)
    if len(folded) > NAME_MAX_CODE_POINTS:
        raise Refusal("invalid_field", "A name may have at most 64 characters.", field=field)
    for char in folded:
        if char not in _JOINERS and unicodedata.category(char) in _REFUSED_CATEGORIES:
            raise Refusal(
                "invalid_field",
                f"A name cannot hold the invisible character U+{ord(char):04X}.",
                field=field,
            )
    visible = sum(
        1 for char in folded if char not in _JOINERS and unicodedata.category(char)[0] != "M"
    )
    if not any(unicodedata.category(char)[0] in "LNS" and is_visible(char) for char in folded):
        raise Refusal("invalid_field", "A name needs at least one letter.", field=field)
    if visible > NAME_MAX_GRAPHEMES:
        raise Refusal("invalid_field", "A name may have at most 64 characters.", field=field)
    return folded


def clean_zone(zone: str, known: Collection[str], field: str) -> str:
    """An IANA zone name out of `known`, else `invalid_field`."""
    if zone not in known:
        raise Refusal(
            "invalid_field", "A time zone is an IANA name such as Europe/Vienna.", field=field
        )
    return zone


def clean_email(email: str, field: str) -> str:
    """An address as people type it, or empty. Only the shape is looked at: the proof of an address
    is a mail that arrives."""
    email = email.strip()
    if not email:
        return ""
    local, at, domain = email.rpartition("@")
    printable = all(char.isprintable() and not char.isspace() for char in email)
    if not (local and at and "." in domain.strip(".") and printable) or len(email) > EMAIL_MAX:
        raise Refusal(
            "invalid_field",
            "An e-mail address looks like ana@example.org; it may also be left empty.",
            field=field,
        )
    return email
