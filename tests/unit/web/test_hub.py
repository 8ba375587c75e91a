"""Of the connections of one tab the youngest stays."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from chat.mark_tables import Standing
from mentoring.tables import Mentorship
from web.sansio.within import Within
from web.socket.hub import Hub

TAB = ("site", "ada", "tab")


@dataclass
class Connection:
    id: str
    since_us: int
    site_id: str = "site"
    kicked: list[str] = field(default_factory=list)
    conversations: tuple[str, ...] = ()
    mentorships: dict[str, Mentorship] = field(default_factory=dict)

    def kick(self, code: str) -> None:
        self.kicked.append(code)

    def know(self, found: Mapping[str, Standing], within: Mapping[str, Within]) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("arriving", ["older first", "newer first"])
def test_the_older_goes_whichever_signs_in_first(arriving: str) -> None:
    """Mutant: whoever signs in later stays."""
    hub, older, newer = Hub(), Connection("b", 1), Connection("a", 2)
    for each in (older, newer) if arriving == "older first" else (newer, older):
        hub.arrive(TAB, each)
    assert (older.kicked, newer.kicked) == (["replaced"], [])
    hub.depart(TAB, older.id)
    assert hub.connected == [newer]
