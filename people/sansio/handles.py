"""Handles: bearer secrets that are an id and its MAC, so that the database holds no secret to leak
per handle, and a link can be shown again. Pure."""

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

_HANDLE = re.compile(r"(?P<id>[a-z]{2,4}_[0-9a-hjkmnp-tv-z]{26})\.(?P<mac>[0-9A-Za-z_-]{43})")


def seal(key: bytes, id_: str) -> str:
    """`<id>.<43 characters>`: HMAC-SHA-256 (RFC 2104) of the id under the site's handle key."""
    mac = hmac.new(key, id_.encode(), hashlib.sha256).digest()
    return f"{id_}.{urlsafe_b64encode(mac).rstrip(b'=').decode()}"


def unseal(key: bytes, handle: str, prefix: str) -> str | None:
    """The id in a handle, or None when it was not sealed with `key` or is of another kind."""
    match = _HANDLE.fullmatch(handle)
    if match is None or not match["id"].startswith(prefix + "_"):
        return None
    genuine = hmac.compare_digest(seal(key, match["id"]), handle)
    return match["id"] if genuine else None
