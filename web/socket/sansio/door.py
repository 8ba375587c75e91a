"""How many connections of one address may be open on which nobody has signed in. Pure."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network

STRANGERS_MOST = 100
SAME_HOUSE_BITS = 64
"""An IPv6 address is one of the many that its holder has: the network is what is counted."""


@dataclass(slots=True)
class Guest:
    """A connection that was let in and counts, until somebody signs in on it or it is gone."""

    door: "Door"
    house: str
    counts: bool = True

    def leave(self) -> None:
        """It counts no more; saying so again changes nothing."""
        if self.counts:
            self.counts = False
            self.door.inside[self.house] -= 1
            if not self.door.inside[self.house]:
                del self.door.inside[self.house]


class Door:
    """Counts by the address that a connection comes from. `proxies`, as in --trusted-proxy, speak
    for many people: theirs are not counted."""

    def __init__(self, proxies: Collection[str] = (), most: int = STRANGERS_MOST) -> None:
        self._proxies = [network for each in proxies if (network := _network(each))]
        self._everyone = "*" in proxies
        self._most = most
        self.inside: Counter[str] = Counter()

    def enter(self, address: str) -> Guest | None:
        """None: too many of this address are inside already."""
        house = self._house(address)
        if not house:
            return Guest(self, "", counts=False)
        if self.inside[house] >= self._most:
            return None
        self.inside[house] += 1
        return Guest(self, house)

    def _house(self, address: str) -> str:
        """What an address is counted as; empty when it is not."""
        try:
            found = ip_address(address.partition("%")[0])
        except ValueError:
            return ""  # no network between us
        if not isinstance(found, IPv4Address) and found.ipv4_mapped:
            found = found.ipv4_mapped
        if self._everyone or any(found in proxy for proxy in self._proxies):
            return ""
        if isinstance(found, IPv4Address):
            return str(found)
        return str(ip_network((found, SAME_HOUSE_BITS), strict=False))


def _network(text: str) -> IPv4Network | IPv6Network | None:
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None
