"""What a token whose signature holds may say."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from people.sansio.claims import LEEWAY_S, LONGEST_S, believe, issue
from protocol.grants import GRANT_TTL_US

SITE = "site_01jd3v0k7r9q2x4m6n8p0s2t4v"
PERSON = "per_01jd3v0k7r9q2x4m6n8p0s2t4v"
INVITATION = "inv_01jd3v0k7r9q2x4m6n8p0s2t4v"
MENTORSHIP = "men_01jd3v0k7r9q2x4m6n8p0s2t4v"
NOW = 1_790_000_000
NOW_US = NOW * 1_000_000
GOOD = msgspec.to_builtins(
    issue(site=SITE, person=PERSON, invitation=INVITATION, mentorship=None, jti="j", now_us=NOW_US)
)


def believed(now_us: int = NOW_US, **changes: Any) -> bool:
    claims = believe({**GOOD, **changes}, site=SITE, now_us=now_us)
    if claims is not None:
        assert msgspec.to_builtins(claims) == {**GOOD, **changes}
    return claims is not None


@given(st.integers(0, 2**53 - 1), st.sampled_from([None, MENTORSHIP]))
def test_what_was_issued_is_believed_until_it_expires(now_us: int, mentorship: str | None) -> None:
    claims = issue(
        site=SITE,
        person=PERSON,
        invitation=INVITATION,
        mentorship=mentorship,
        jti="jti",
        now_us=now_us,
    )
    raw = msgspec.to_builtins(claims)
    assert (claims.sub, claims.inv, claims.mentorship) == (PERSON, INVITATION, mentorship)
    assert (claims.iss, claims.site, claims.jti) == (SITE, SITE, "jti")
    assert claims.iat == now_us // 1_000_000
    assert (claims.exp - claims.iat) * 1_000_000 == GRANT_TTL_US
    assert believe(raw, site=SITE, now_us=now_us) == claims
    assert believe(raw, site=SITE, now_us=claims.exp * 1_000_000 - 1) == claims
    assert believe(raw, site=SITE, now_us=claims.exp * 1_000_000) is None


@pytest.mark.parametrize(
    ("changes", "right"),
    [
        ({}, True),
        ({"mentorship": MENTORSHIP}, True),
        ({"exp": NOW + 1}, True),
        ({"exp": NOW}, False),
        ({"exp": NOW - 1}, False),
        ({"exp": 0}, False),
        ({"exp": -1}, False),
        ({"exp": 2**53}, False),
        ({"exp": 10**30}, False),
        ({"iat": NOW + LEEWAY_S}, True),
        ({"iat": NOW + LEEWAY_S + 1}, False),
        ({"iat": NOW, "exp": NOW + LONGEST_S}, True),
        ({"iat": NOW, "exp": NOW + LONGEST_S + 1}, False),
        ({"iat": 0}, False),
        ({"aud": "other"}, False),
        ({"aud": ["ithaca"]}, False),
        ({"iss": "site_01jd3v0k7r9q2x4m6n8p0s2t4w"}, False),
        ({"site": "site_01jd3v0k7r9q2x4m6n8p0s2t4w"}, False),
        ({"sub": "Ana"}, False),
        ({"sub": PERSON + "\n"}, False),
        ({"admin": True}, False),
        ({"nbf": 0}, False),
    ],
    ids=repr,
)
def test_a_claim_has_its_meaning(changes: dict[str, Any], right: bool) -> None:
    assert believed(**changes) == right


@pytest.mark.parametrize("name", GOOD)
def test_nothing_may_be_missing_or_of_another_type(name: str) -> None:
    less = {key: value for key, value in GOOD.items() if key != name}
    assert (believe(less, site=SITE, now_us=NOW_US) is None) == (name != "mentorship")
    wrong: list[Any] = [[], {}, 1.5, float("nan"), True, str(NOW), float(NOW)]
    if name in ("iss", "aud", "jti"):
        wrong = [[], {}, 1.5, True, 7, None]
    for value in wrong:
        assert not believed(**{name: value}), value


@given(st.dictionaries(st.sampled_from([*GOOD, "more"]), st.none() | st.integers() | st.text()))
def test_odd_claims_are_never_believed(raw: dict[str, Any]) -> None:
    assert believe(raw, site=SITE, now_us=NOW_US) is None
