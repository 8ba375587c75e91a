"""Checks what pages signed. The only file of the room that knows a cryptography library."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import (
    ECDSA,
    SECP256R1,
    EllipticCurvePublicKey,
)
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256


def signed(key: str, statement: bytes, signature: str) -> bool:
    """Whether the holder of `key` signed the statement; both as protocol/types.py has them."""
    both = _bytes(signature)
    r, s = int.from_bytes(both[:32], "big"), int.from_bytes(both[32:], "big")
    try:
        public = EllipticCurvePublicKey.from_encoded_point(SECP256R1(), _bytes(key))
        public.verify(encode_dss_signature(r, s), statement, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return True


def sealed(key: str, statement: bytes, signature: str) -> bool:
    """Whether the server that holds `key` (Ed25519, 32 bytes in base64url) signed the statement.
    One signature is one text: bits that base64 leaves over are 0."""
    try:
        Ed25519PublicKey.from_public_bytes(_exactly(key)).verify(_exactly(signature), statement)
    except (InvalidSignature, ValueError):
        return False
    return True


def is_key(text: str) -> bool:
    """Whether this is a server's public key, as `sealed` takes it."""
    try:
        Ed25519PublicKey.from_public_bytes(_exactly(text))
    except ValueError:
        return False
    return True


def _exactly(text: str) -> bytes:
    """Raises ValueError for all but the one way in which these bytes are written."""
    data = _bytes(text)
    if urlsafe_b64encode(data).rstrip(b"=").decode() != text:
        raise ValueError("not base64url, without padding")
    return data


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))
