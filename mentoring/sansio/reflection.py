"""What each of the two says after a session, and when the other comes to see it. Pure.

The shared part (what was most useful, what comes next, how it was) reaches the other once both have
answered, or 24 hours after the answer was first given; until then it can be changed. What is
private stays with its author, who can change it for ever.
"""

from dataclasses import dataclass, replace

from protocol import text as texts
from protocol.errors import Refusal
from protocol.types import REFLECTION_MAX

MINUTE_US = 60_000_000
SHARE_AFTER_US = 24 * 60 * MINUTE_US
REMIND_AFTER_US = 12 * 60 * MINUTE_US
WORTH_US = 5 * MINUTE_US
"""Who was together for less is not asked again how it was."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a person says: three things for both, and a private note."""

    useful: str = ""
    next: str = ""
    rating: int | None = None
    private: str = ""

    @property
    def shared(self) -> tuple[str, str, int | None]:
        return self.useful, self.next, self.rating

    @property
    def answers(self) -> bool:
        """Whether there is anything in it for the other. A private note alone is no answer: it
        shares nothing, and so it does not bring up what the other said either."""
        return any(self.shared)


@dataclass(frozen=True, slots=True)
class Reflection:
    """One person's, of one session. `saved_us`: when anything was last kept, `answered_us`: since
    when there is something for the other, `shared_us`: since when the other has it,
    `dismissed_us`: the person does not want to be reminded."""

    words: Words = Words()
    saved_us: int | None = None
    answered_us: int | None = None
    shared_us: int | None = None
    dismissed_us: int | None = None

    @property
    def due_us(self) -> int | None:
        """When the other comes to see it at the latest."""
        return None if self.answered_us is None else self.answered_us + SHARE_AFTER_US


NOTHING = Reflection()


def clean(text: str, field: str) -> str:
    """A text as it is kept: without space around it, empty if there is nothing to see. Refuses with
    `invalid_field` control characters and more than 2,000 characters."""
    text = texts.clean(text, field)
    if len(text) > REFLECTION_MAX:
        raise Refusal(
            "invalid_field", f"A text may have at most {REFLECTION_MAX:,} characters.", field=field
        )
    return text if texts.is_visible(text) else ""


def save(mine: Reflection, words: Words, now_us: int) -> Reflection:
    """With these words. Saving the same again changes nothing. Refuses with `already_shared` to
    change what the other has."""
    if words == mine.words and mine.saved_us is not None:
        return mine
    if mine.shared_us is not None:
        if words.shared != mine.words.shared:
            raise Refusal("already_shared")
        return replace(mine, words=words, saved_us=now_us)
    answered_us = None
    if words.answers:
        answered_us = now_us if mine.answered_us is None else mine.answered_us
    return replace(mine, words=words, saved_us=now_us, answered_us=answered_us)


def share(one: Reflection, other: Reflection, now_us: int) -> tuple[Reflection, Reflection]:
    """Both, with what reaches the other person now."""
    both = one.answered_us is not None and other.answered_us is not None
    return _share(one, both, now_us), _share(other, both, now_us)


def _share(mine: Reflection, both: bool, now_us: int) -> Reflection:
    if mine.shared_us is not None or mine.due_us is None:
        return mine
    return replace(mine, shared_us=now_us) if both or mine.due_us <= now_us else mine


def dismiss(mine: Reflection, now_us: int) -> Reflection:
    """Never asked again; once is enough."""
    return mine if mine.dismissed_us is not None else replace(mine, dismissed_us=now_us)


def remind(mine: Reflection, ended_us: int | None, now_us: int) -> bool:
    """Whether a person is reminded now of a session that ended then. None: it goes on, or it was
    too short for that."""
    if ended_us is None or now_us < ended_us + REMIND_AFTER_US:
        return False
    return mine.saved_us is None and mine.dismissed_us is None


def erase(mine: Reflection) -> Reflection:
    """Without a word; that it was there stays."""
    return replace(mine, words=Words())
