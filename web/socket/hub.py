"""The connections of this process."""

from collections.abc import Callable


class Hub:
    """Knows who is connected, so that a tab's newer connection replaces its older one."""

    def __init__(self) -> None:
        self._by_tab: dict[tuple[str, str, str], tuple[str, Callable[[str], None]]] = {}

    def arrive(
        self, tab: tuple[str, str, str], connection: str, kick: Callable[[str], None]
    ) -> None:
        """A connection of (site, person, tab) has signed in; an older one is kicked out."""
        older = self._by_tab.get(tab)
        self._by_tab[tab] = (connection, kick)
        if older is not None:
            older[1]("replaced")

    def depart(self, tab: tuple[str, str, str], connection: str) -> None:
        held = self._by_tab.get(tab)
        if held is not None and held[0] == connection:
            del self._by_tab[tab]

    def kick_all(self, code: str) -> None:
        """Ends every connection, by a code of the error table."""
        for _, kick in list(self._by_tab.values()):
            kick(code)
