"""Whether the claims of a token whose signature holds may be believed. Pure."""

from typing import Any

import msgspec

from protocol.grants import GRANT_AUDIENCE, GRANT_TTL_US, GrantClaims

LEEWAY_S = 60
LONGEST_S = 24 * 3600


def issue(
    *, site: str, person: str, invitation: str, mentorship: str | None, jti: str, now_us: int
) -> GrantClaims:
    """Claims of a fresh grant, good for GRANT_TTL_US."""
    now = now_us // 1_000_000
    return GrantClaims(
        iss=site,
        aud=GRANT_AUDIENCE,
        sub=person,
        site=site,
        inv=invitation,
        iat=now,
        exp=now + GRANT_TTL_US // 1_000_000,
        jti=jti,
        mentorship=mentorship,
    )


def believe(raw: dict[str, Any], *, site: str, now_us: int) -> GrantClaims | None:
    """The claims, if they are complete, meant for us, of the key's own site, and current."""
    try:
        claims = msgspec.convert(raw, GrantClaims)
    except msgspec.ValidationError:
        return None
    now = now_us // 1_000_000
    ours = claims.aud == GRANT_AUDIENCE and claims.iss == site and claims.site == site
    current = claims.iat <= now + LEEWAY_S and now < claims.exp <= claims.iat + LONGEST_S
    return claims if ours and current else None
