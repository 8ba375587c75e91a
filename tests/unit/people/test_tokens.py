"""Tokens as an attacker would write them: none of them opens anything."""

import base64
import hmac
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import OKPKey

from people.sansio.claims import issue
from people.tables import Key
from people.tokens import (
    GRANT_ALGORITHM,
    TOKEN_MAX,
    Seals,
    Tokens,
    UnusableKey,
    new_signing_secret,
)

SITE, OTHER_SITE = "site_01jd3v0k7r9q2x4m6n8p0s2t4v", "site_01jd3v0k7r9q2x4m6n8p0s2t4w"
NOW_US = 1_790_000_000_000_000
OLD = Key(SITE, "key_old", "grant", GRANT_ALGORITHM, new_signing_secret())
NEW = Key(SITE, "key_new", "grant", GRANT_ALGORITHM, new_signing_secret())
FOREIGN = Key(OTHER_SITE, "key_foreign", "grant", GRANT_ALGORITHM, new_signing_secret())
UNKNOWN = Key(SITE, "key_unknown", "grant", GRANT_ALGORITHM, new_signing_secret())
HANDLE = Key(SITE, "key_handle", "handle", "HS256", b"h" * 32)
TOKENS = Tokens([OLD, HANDLE, NEW, FOREIGN])


def grant(site: str = SITE) -> Any:
    return issue(
        site=site,
        person="per_01jd3v0k7r9q2x4m6n8p0s2t4v",
        invitation="inv_01jd3v0k7r9q2x4m6n8p0s2t4v",
        mentorship=None,
        jti="jti",
        now_us=NOW_US,
    )


GOOD = TOKENS.sign(grant())
CLAIMS: dict[str, Any] = msgspec.to_builtins(grant())


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def part(value: Any) -> str:
    return encoded(json.dumps(value).encode())


def signed(key: Key, claims: Any = CLAIMS, kid: str | None = None, **header: Any) -> str:
    """A token with a true signature of `key`, whatever the rest says."""
    jwk = OKPKey.import_key(json.loads(key.secret))
    head = {"alg": key.algorithm, "kid": kid or key.id, **header}
    return jwt.encode(head, claims, jwk, algorithms=[key.algorithm])


def by_hand(header: dict[str, Any], secret: bytes | None) -> str:
    """A token with HMAC-SHA-256 or without any signature."""
    text = f"{part(header)}.{part(CLAIMS)}"
    mac = b"" if secret is None else hmac.digest(secret, text.encode(), "sha256")
    return f"{text}.{encoded(mac)}"


PUBLIC_JWK = OKPKey.import_key(json.loads(NEW.secret)).as_dict(private=False)
PUBLIC_PEM = OKPKey.import_key(json.loads(NEW.secret)).as_pem(private=False)


def test_what_was_signed_is_believed_by_the_newest_key_of_its_site() -> None:
    assert TOKENS.check(GOOD, NOW_US) == grant()
    header = json.loads(decoded(GOOD.split(".")[0]))
    assert (header["alg"], header["kid"]) == ("Ed25519", "key_new")
    foreign = TOKENS.sign(grant(OTHER_SITE))
    assert json.loads(decoded(foreign.split(".")[0]))["kid"] == "key_foreign"
    assert TOKENS.check(foreign, NOW_US) == grant(OTHER_SITE)


def test_an_older_key_still_counts_and_another_server_believes_too() -> None:
    assert TOKENS.check(signed(OLD), NOW_US) == grant()
    assert Tokens([NEW]).check(GOOD, NOW_US) == grant()
    assert Tokens([OLD]).check(GOOD, NOW_US) is None


def test_it_ends_on_time() -> None:
    assert TOKENS.check(GOOD, CLAIMS["exp"] * 1_000_000 - 1) is not None
    assert TOKENS.check(GOOD, CLAIMS["exp"] * 1_000_000) is None


HEAD = {"alg": "Ed25519", "kid": "key_new"}
FORGED = {
    "empty": "",
    "dots": "..",
    "garbage": "not.a.token",
    "one part": part(HEAD),
    "two parts": ".".join(GOOD.split(".")[:2]),
    "four parts": GOOD + ".x",
    "not ASCII": GOOD + "é",
    "a surrogate": "\ud800",
    "line feed behind": GOOD + "\n",
    "in quotes": f'"{GOOD}"',
    "10 KB": signed(NEW, {**CLAIMS, "jti": "x" * 10_000}),
    "10 KB of dots": "." * 10_000,
    "no signature": GOOD.rpartition(".")[0] + ".",
    "alg none": by_hand({"alg": "none", "kid": "key_new"}, None),
    "alg None": by_hand({"alg": "None", "kid": "key_new"}, None),
    "alg none, signed": GOOD.replace(GOOD.split(".")[0], part({**HEAD, "alg": "none"})),
    "a list as header": part(["alg", "kid"]) + "..",
    "a string as header": part("alg") + "..",
    "crit is a number": by_hand({**HEAD, "crit": 5}, b"k"),
    "no alg": by_hand({"kid": "key_new"}, None),
    "HS256, public JWK": by_hand({**HEAD, "alg": "HS256"}, json.dumps(PUBLIC_JWK).encode()),
    "HS256, public x": by_hand({**HEAD, "alg": "HS256"}, decoded(str(PUBLIC_JWK["x"]))),
    "HS256, public PEM": by_hand({**HEAD, "alg": "HS256"}, PUBLIC_PEM),
    "HS256, empty": by_hand({**HEAD, "alg": "HS256"}, b""),
    "HS256, the handle key": by_hand({"alg": "HS256", "kid": "key_handle"}, b"h" * 32),
    "kid of another key": signed(OLD, kid="key_new"),
    "kid of another site": signed(NEW, kid="key_foreign"),
    "key of another site": signed(FOREIGN),
    "unknown key": signed(UNKNOWN),
    "unknown key, known kid": signed(UNKNOWN, kid="key_new"),
    "its own key in jwk": signed(
        UNKNOWN, kid="key_new", jwk=OKPKey.import_key(json.loads(UNKNOWN.secret)).as_dict(False)
    ),
    "its own key at jku": signed(UNKNOWN, kid="key_new", jku="https://evil.example/jwks.json"),
    "no kid": by_hand({"alg": "Ed25519"}, b"k"),
    "kid is a list": by_hand({"alg": "Ed25519", "kid": ["key_new"]}, b"k"),
    "kid is a path": by_hand({"alg": "Ed25519", "kid": "../../dev/null"}, b""),
    "no exp": signed(NEW, {key: value for key, value in CLAIMS.items() if key != "exp"}),
    "exp is a text": signed(NEW, {**CLAIMS, "exp": "never"}),
    "no aud": signed(NEW, {key: value for key, value in CLAIMS.items() if key != "aud"}),
    "more claims": signed(NEW, {**CLAIMS, "admin": True}),
    "claims of another site": signed(NEW, {**CLAIMS, "site": OTHER_SITE, "iss": OTHER_SITE}),
    "no claims": signed(NEW, {}),
}


@pytest.mark.parametrize("token", FORGED.values(), ids=FORGED)
def test_a_forged_token_opens_nothing(token: str) -> None:
    assert TOKENS.check(token, NOW_US) is None


@pytest.mark.parametrize("header", ["[]", "1", "null", '"x"', "{", "[" * 1_000, '{"a":' * 300])
def test_a_header_that_is_no_object_opens_nothing(header: str) -> None:
    _, body, signature = GOOD.split(".")
    assert TOKENS.check(f"{encoded(header.encode())}.{body}.{signature}", NOW_US) is None


@given(st.data())
def test_no_character_of_what_is_signed_can_be_altered(data: st.DataObject) -> None:
    at = data.draw(st.integers(0, GOOD.rindex(".") - 1))
    other = data.draw(st.characters(codec="ascii"))
    altered = GOOD[:at] + other + GOOD[at + 1 :]
    assert (TOKENS.check(altered, NOW_US) is None) == (altered != GOOD)


@given(st.integers(0, 511))
def test_no_bit_of_the_signature_can_be_altered(bit: int) -> None:
    signed_part, _, signature = GOOD.rpartition(".")
    flipped = bytearray(decoded(signature))
    flipped[bit // 8] ^= 1 << bit % 8
    assert TOKENS.check(f"{signed_part}.{encoded(bytes(flipped))}", NOW_US) is None


@given(st.text(max_size=200) | st.text("abcXYZ019._-", max_size=TOKEN_MAX + 1))
def test_noise_opens_nothing(token: str) -> None:
    assert TOKENS.check(token, NOW_US) is None


PUBLIC = {k: v for k, v in json.loads(NEW.secret).items() if k != "d"}
NO_KEYS = (
    b"",
    b"\xff",
    b"[]",
    b"{}",
    b"[" * 100_000,
    b'{"kty": 1}',
    json.dumps(PUBLIC).encode(),
    json.dumps({**PUBLIC, "d": "x"}).encode(),
    json.dumps({**PUBLIC, "d": 7}).encode(),
    json.dumps(OKPKey.generate_key("X25519").as_dict(private=True)).encode(),
)


@pytest.mark.parametrize("secret", NO_KEYS)
def test_what_is_no_private_key_is_named(secret: bytes) -> None:
    for kind, take in (("grant", Tokens), ("ledger", Seals)):
        with pytest.raises(UnusableKey, match="the key key_bad is no private Ed25519 key"):
            take([Key(SITE, "key_bad", kind, GRANT_ALGORITHM, secret)])
