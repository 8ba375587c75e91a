"""Which host names this server answers to, and which pages may talk to it. Pure."""

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

_LOCAL_OR_ADDRESS = re.compile(
    r"(?P<name>localhost|[0-9.]+|\[(?P<v6>[0-9a-f:.]+)\])(:[0-9]{1,5})?", re.IGNORECASE | re.ASCII
)


def loopback_url(port: int) -> str:
    return f"http://127.0.0.1:{port}"


@dataclass(frozen=True, slots=True)
class Origins:
    """`public_url` is where people reach the server, without a trailing slash."""

    public_url: str

    def link(self, handle: str) -> str:
        """The address by which a person comes in; its secret stays in the browser."""
        return f"{self.public_url}/open#{handle}"

    def host_allowed(self, host: str) -> bool:
        """Whether a Host header is ours: the public name, a loopback name, or a bare address. Any
        other name could be rebound to this machine by whoever owns it (DNS rebinding)."""
        if host == urlsplit(self.public_url).netloc:
            return True
        match = _LOCAL_OR_ADDRESS.fullmatch(host)
        if match is None:
            return False
        name = match["v6"] or match["name"].lower()
        if name == "localhost":
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def origin_allowed(self, origin: str, scheme: str, host: str) -> bool:
        """Whether a page of `origin` may call a request that came with this `host`: only our own
        pages may. Compared whole, never by prefix or suffix (RFC 6454, 5)."""
        same = f"{scheme}://{host}"
        return origin == self.public_url or (self.host_allowed(host) and origin == same)
