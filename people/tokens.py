"""Signed grants: JWTs (RFC 7519) with one fixed algorithm per key id. The only file that knows the
JOSE library."""

import binascii
import json
from dataclasses import dataclass
from hmac import compare_digest
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey

from people.sansio import claims
from people.tables import Key
from protocol.grants import GrantClaims

GRANT_ALGORITHM = "Ed25519"
TOKEN_MAX = 2048
_URL_SAFE = str.maketrans("-_+/", "+/--")
"""What plain base64 alone has becomes what it has not."""


class UnusableKey(Exception):
    """A key that was stored and is none; the text names it."""


@dataclass(frozen=True, slots=True)
class _SigningKey:
    site_id: str
    algorithm: str
    jwk: OKPKey
    private: Ed25519PrivateKey


def new_signing_secret() -> bytes:
    """A fresh private Ed25519 JWK (RFC 8037), as JSON."""
    return json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True)).encode()


def _private(key: Key) -> tuple[OKPKey, Ed25519PrivateKey]:
    try:
        jwk = OKPKey.import_key(json.loads(key.secret))
        if isinstance(private := jwk.private_key, Ed25519PrivateKey):
            return jwk, private
    except (JoseError, ValueError, TypeError, LookupError, AttributeError, RecursionError):
        pass
    raise UnusableKey(f"the key {key.id} is no private Ed25519 key")


class Seals:
    """Signs what the ledger settles: each site's newest `ledger` key, Ed25519 (RFC 8032). Raises
    UnusableKey."""

    def __init__(self, keys: list[Key]) -> None:
        self._keys: dict[str, tuple[str, Ed25519PrivateKey]] = {}
        self._public: dict[str, tuple[str, bytes]] = {}
        for key in keys:
            if key.kind == "ledger":
                _, private = _private(key)
                self._keys[key.site_id] = key.id, private
                self._public[key.id] = key.site_id, private.public_key().public_bytes_raw()

    @property
    def sites(self) -> frozenset[str]:
        return frozenset(self._keys)

    def sign(self, site_id: str, statement: bytes) -> tuple[str, bytes]:
        """The key's id and the signature, 64 bytes."""
        kid, key = self._keys[site_id]
        return kid, key.sign(statement)

    def public(self, site_id: str) -> dict[str, bytes]:
        """A site's public keys, 32 bytes each, by id: what was signed with an old one stays
        good."""
        return {kid: public for kid, (site, public) in self._public.items() if site == site_id}


class Tokens:
    """Signs and checks grants with the given keys; the newest of a site signs. Raises
    UnusableKey."""

    def __init__(self, keys: list[Key]) -> None:
        self._by_kid = {
            key.id: _SigningKey(key.site_id, key.algorithm, jwk, private)
            for key in keys
            if key.kind == "grant"
            for jwk, private in [_private(key)]
        }
        self._newest = {key.site_id: kid for kid, key in self._by_kid.items()}
        self._by_head = {self._encoded(kid, {}).partition(".")[0]: kid for kid in self._by_kid}

    def sign(self, grant: GrantClaims) -> str:
        return self._encoded(self._newest[grant.site], msgspec.to_builtins(grant))

    def _encoded(self, kid: str, body: dict[str, Any]) -> str:
        key = self._by_kid[kid]
        header = {"alg": key.algorithm, "kid": kid}
        return jwt.encode(header, body, key.jwk, algorithms=[key.algorithm])

    def check(self, token: str, now_us: int) -> GrantClaims | None:
        """The claims of a token that one of our keys signed and that is current, else None: why it
        is not is nobody's business."""
        if len(token) > TOKEN_MAX:
            return None
        head, _, rest = token.partition(".")
        if (kid := self._by_head.get(head)) is not None:
            return self._check_own(self._by_kid[kid], token, rest, now_us)
        try:
            header: object = jws.extract_compact(token.encode("ascii")).headers()
            named = header.get("kid") if isinstance(header, dict) else None
            key = self._by_kid.get(named) if isinstance(named, str) else None
            if key is None:
                return None
            raw = jwt.decode(token, key.jwk, algorithms=[key.algorithm]).claims
        except (JoseError, ValueError, TypeError, AttributeError, KeyError, RecursionError):
            return None
        return claims.believe(raw, site=key.site_id, now_us=now_us)

    def _check_own(
        self, key: _SigningKey, token: str, rest: str, now_us: int
    ) -> GrantClaims | None:
        """What has a header as we write it, and so this key and algorithm: the same in a fifth of
        the time, for after a restart everybody comes with one. Of one text there is one signature
        (RFC 8032, 5.1.6); making it costs a third of verifying one."""
        body, _, signature = rest.partition(".")
        try:
            ours = key.private.sign(token[: -len(signature) - 1].encode("ascii"))
            if not compare_digest(ours, _unwritten(signature)):
                return None
            raw = msgspec.json.decode(_unwritten(body), type=dict[str, Any])
        except (msgspec.DecodeError, ValueError):
            return None
        return claims.believe(raw, site=key.site_id, now_us=now_us)


def _unwritten(text: str) -> bytes:
    """Of unpadded base64url, as a token's parts are (RFC 7515)."""
    plain = text.translate(_URL_SAFE) + "=" * (-len(text) % 4)
    return binascii.a2b_base64(plain, strict_mode=True)
