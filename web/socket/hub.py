"""The connections of this node."""

from collections.abc import Collection, Mapping
from typing import Protocol

from chat.mark_tables import Standing
from mentoring.tables import Mentorship
from web.sansio.within import Within


def tab_topic(site_id: str, person: str, tab: str) -> str:
    """Where the ids of a tab's newer connections travel, for older ones on other nodes."""
    return f"tab:{site_id}:{person}:{tab}"


class Connected(Protocol):
    """A connection that is signed in. `since_us`: when it began, by the steady time of this
    node."""

    id: str
    since_us: int

    @property
    def site_id(self) -> str: ...

    @property
    def conversations(self) -> Collection[str]: ...

    def kick(self, code: str) -> None:
        """Ends it, by a code of the error table."""
        ...

    @property
    def mentorships(self) -> Mapping[str, Mentorship]: ...

    def know(self, found: Mapping[str, Standing], within: Mapping[str, Within]) -> None:
        """So far these conversations have come, and so these mentorships stand."""
        ...


class Hub:
    """Knows who is connected, so that a tab's newer connection replaces its older one."""

    def __init__(self) -> None:
        self._by_tab: dict[tuple[str, str, str], Connected] = {}

    def arrive(self, tab: tuple[str, str, str], connected: Connected) -> None:
        """A connection of (site, person, tab) has signed in; the older of two is kicked out, also
        when that is this one, whose sign-in took longer."""
        held = self._by_tab.get(tab)
        if held is not None and held.since_us > connected.since_us:
            connected.kick("replaced")
            return
        self._by_tab[tab] = connected
        if held is not None:
            held.kick("replaced")

    def depart(self, tab: tuple[str, str, str], connection: str) -> None:
        held = self._by_tab.get(tab)
        if held is not None and held.id == connection:
            del self._by_tab[tab]

    @property
    def connected(self) -> list[Connected]:
        return list(self._by_tab.values())

    def kick_all(self, code: str) -> None:
        """Ends every connection, by a code of the error table."""
        for connected in self.connected:
            connected.kick(code)
