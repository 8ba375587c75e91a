"""Whether a string is a session description or candidate that may be handed to another browser.
Pure. The grammar is checked only as far as nothing strange can travel (RFC 8866, RFC 8839)."""

import re

from protocol.errors import Refusal
from protocol.types import SDP_MAX_BYTES

MAX_LINES = 2_000
MAX_SECTIONS = 8
MAX_CANDIDATES = 50
CANDIDATE_MAX_BYTES = 1_024

_LINE = re.compile(r"[a-z]=[^\r\n\x00]*")
_MEDIA = re.compile(r"m=(audio|video|application) [0-9]{1,5}(/[0-9]+)? [A-Z/]+( [!-~]+)+")
_CANDIDATE = re.compile(
    r"candidate:[0-9A-Za-z+/]{1,32} [0-9]{1,3} (udp|tcp|UDP|TCP) [0-9]{1,10} "
    r"[0-9A-Za-z.:_-]{1,255} [0-9]{1,5} typ (host|srflx|prflx|relay)( [!-~]+ [!-~]+)*"
)


def check_sdp(sdp: str) -> None:
    """Refuses with `bad_sdp`, saying which rule is broken."""
    if len(sdp.encode("utf-8", "surrogatepass")) > SDP_MAX_BYTES:
        raise Refusal("bad_sdp", "A session description may have at most 32 KiB.")
    lines = sdp.removesuffix("\n").removesuffix("\r").split("\n")
    lines = [line.removesuffix("\r") for line in lines]
    if len(lines) > MAX_LINES:
        raise Refusal("bad_sdp", f"More than {MAX_LINES} lines.")
    if lines[0] != "v=0":
        raise Refusal("bad_sdp", "The first line must be v=0.")
    if not all(_LINE.fullmatch(line) for line in lines):
        raise Refusal("bad_sdp", "Every line must be <type>=<value>.")
    kinds = [line[0] for line in lines]
    if not {"o", "s", "t"} <= set(kinds):
        raise Refusal("bad_sdp", "The lines o=, s= and t= are missing.")
    media = [line for line in lines if line[0] == "m"]
    if not 1 <= len(media) <= MAX_SECTIONS or not all(_MEDIA.fullmatch(line) for line in media):
        raise Refusal("bad_sdp", f"1 to {MAX_SECTIONS} well-formed m= lines are needed.")
    for name in ("a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:"):
        if not any(line.startswith(name) for line in lines):
            raise Refusal("bad_sdp", f"There is no {name.rstrip(':')} line.")
    candidates = [line[2:] for line in lines if line.startswith("a=candidate:")]
    if len(candidates) > MAX_CANDIDATES:
        raise Refusal("bad_sdp", f"More than {MAX_CANDIDATES} candidates.")


def check_candidate(candidate: str) -> None:
    """Refuses with `bad_candidate`; the empty string (no more candidates) is fine."""
    if not candidate:
        return
    text = candidate.removeprefix("a=")
    if len(candidate) > CANDIDATE_MAX_BYTES or not _CANDIDATE.fullmatch(text):
        raise Refusal("bad_candidate")
