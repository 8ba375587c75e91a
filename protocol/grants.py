"""What a grant (a signed token) allows. RFC 7519 claim names where they exist."""

import msgspec

from protocol.types import Id

GRANT_AUDIENCE = "ithaca"
GRANT_TTL_US = 10 * 60 * 1_000_000


class GrantClaims(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`sub` is the person, `site` the tenant, `inv` the invitation it all began with: revoking that
    ends the grant too. `mentorship`, if set, narrows everything to that one."""

    iss: str
    aud: str
    sub: Id
    site: Id
    inv: Id
    iat: int
    exp: int
    jti: str
    mentorship: Id | None = None
