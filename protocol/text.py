"""What a text that somebody writes may hold, wherever it is kept. Pure."""

import re
import unicodedata

from protocol.errors import Refusal
from protocol.types import UNSEEN

_ALLOWED_CONTROLS = "\n\t"
_SEEN = re.compile(f"[^{UNSEEN}]")
_WITHOUT_ALLOWED = str.maketrans("", "", _ALLOWED_CONTROLS)


def control_in(text: str) -> str | None:
    """The first control character, or half of a surrogate pair, by its number."""
    # Nearly every text is quickly seen to have nothing of the kind.
    if text.isprintable() or text.translate(_WITHOUT_ALLOWED).isprintable():
        return None
    for char in text:
        if unicodedata.category(char) in ("Cc", "Cs") and char not in _ALLOWED_CONTROLS:
            return f"U+{ord(char):04X}"
    return None


def is_visible(text: str) -> bool:
    """Whether there is anything to see. What is not assigned may be an emoji newer than this."""
    return _SEEN.search(text) is not None


def clean(text: str, field: str) -> str:
    """A text as it is kept: its lines end with LF, and there is no space around it. Refuses control
    characters with `invalid_field`."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").strip()
    if (control := control_in(text)) is not None:
        raise Refusal(
            "invalid_field", f"A text cannot hold the control character {control}.", field=field
        )
    return text
