"""Session descriptions and candidates as Chromium and Firefox make them, and as nobody should."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import Refusal
from protocol.types import SDP_MAX_BYTES
from signaling.sansio.sdp import (
    CANDIDATE_MAX_BYTES,
    MAX_CANDIDATES,
    MAX_LINES,
    MAX_SECTIONS,
    check_candidate,
    check_sdp,
)

FINGERPRINT = ":".join(f"{byte:02X}" for byte in range(32))
CHROMIUM = f"""\
v=0
o=- 4611731400430051336 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0 1
a=extmap-allow-mixed
a=msid-semantic: WMS 5b7d2c0e-7d4c-4a53-8d9f-0c3f2a1e9b10
m=audio 46154 UDP/TLS/RTP/SAVPF 111 63 9 0 8 13 110 126
c=IN IP4 203.0.113.7
a=rtcp:9 IN IP4 0.0.0.0
a=candidate:1467250027 1 udp 2122260223 192.168.1.20 46154 typ host generation 0
a=candidate:435653019 1 tcp 1518280447 192.168.1.20 9 typ host tcptype active generation 0
a=candidate:842163049 1 udp 1686052607 203.0.113.7 46154 typ srflx raddr 10.0.0.2 rport 9
a=ice-ufrag:sXP5
a=ice-pwd:mBQ0Jr3XkRqkq2k5Y5a8Jq3f
a=ice-options:trickle
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=mid:0
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=sendrecv
a=msid:5b7d2c0e-7d4c-4a53-8d9f-0c3f2a1e9b10 9a0e8f3c-1f9c-4b3e-9a0e-8f3c1f9c4b3e
a=rtcp-mux
a=rtcp-rsize
a=rtpmap:111 opus/48000/2
a=rtcp-fb:111 transport-cc
a=fmtp:111 minptime=10;useinbandfec=1
a=rtpmap:63 red/48000/2
a=fmtp:63 111/111
a=ssrc:3570614608 cname:4TOk42mSjXCkVIa6
m=video 9 UDP/TLS/RTP/SAVPF 96 97 102
c=IN IP4 0.0.0.0
a=rtcp:9 IN IP4 0.0.0.0
a=ice-ufrag:sXP5
a=ice-pwd:mBQ0Jr3XkRqkq2k5Y5a8Jq3f
a=ice-options:trickle
a=fingerprint:sha-256 {FINGERPRINT}
a=setup:actpass
a=mid:1
a=sendrecv
a=rtcp-mux
a=rtpmap:96 VP8/90000
a=rtcp-fb:96 goog-remb
a=rtcp-fb:96 nack pli
a=rtpmap:97 rtx/90000
a=fmtp:97 apt=96
a=ssrc-group:FID 2231627014 632943048
a=ssrc:2231627014 cname:4TOk42mSjXCkVIa6
m=application 9 UDP/DTLS/SCTP webrtc-datachannel
c=IN IP4 0.0.0.0
a=mid:2
a=sctp-port:5000
a=max-message-size:262144
""".replace("\n", "\r\n")
FIREFOX = f"""\
v=0
o=mozilla...THIS_IS_SDPARTA-99.0 8214302936425093110 0 IN IP4 0.0.0.0
s=-
t=0 0
a=fingerprint:sha-256 {FINGERPRINT}
a=group:BUNDLE 0 1
a=ice-options:trickle
a=msid-semantic:WMS *
m=audio 9 UDP/TLS/RTP/SAVPF 109 9 0 8 101
c=IN IP4 0.0.0.0
a=candidate:0 1 UDP 2122187007 3d0f5a7e-7a26-4c9b-a9a5-1b8f7c1f2d3e.local 51234 typ host
a=candidate:2 1 TCP 2105458943 fd00:0:0:1:: 9 typ host tcptype active
a=sendrecv
a=end-of-candidates
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
a=ice-pwd:6c7d9a1b2e3f405162738495a6b7c8d9
a=ice-ufrag:1a2b3c4d
a=mid:0
a=msid:{{0a1b2c3d-0000-4000-8000-000000000000}} {{1a1b2c3d-0000-4000-8000-000000000000}}
a=rtcp-mux
a=rtpmap:109 opus/48000/2
a=setup:actpass
a=ssrc:2655508255 cname:{{7a1b2c3d-0000-4000-8000-000000000000}}
m=video 9 UDP/TLS/RTP/SAVPF 120 124 121
c=IN IP4 0.0.0.0
a=inactive
a=ice-pwd:6c7d9a1b2e3f405162738495a6b7c8d9
a=ice-ufrag:1a2b3c4d
a=mid:1
a=rtcp-fb:120 nack pli
a=rtpmap:120 VP8/90000
a=setup:actpass
""".replace("\n", "\r\n")
BROWSERS = pytest.mark.parametrize("sdp", [CHROMIUM, FIREFOX], ids=["chromium", "firefox"])


def refused_sdp(sdp: str) -> str:
    with pytest.raises(Refusal) as caught:
        check_sdp(sdp)
    assert caught.value.code == "bad_sdp"
    return caught.value.detail


@BROWSERS
def test_what_browsers_make_is_accepted_with_any_line_ends(sdp: str) -> None:
    check_sdp(sdp)
    check_sdp(sdp.replace("\r\n", "\n"))
    check_sdp(sdp.removesuffix("\r\n"))
    check_sdp(sdp.replace("s=-", "s=Gespräch 👋"))


def without(sdp: str, start: str) -> str:
    return "".join(line for line in sdp.splitlines(True) if not line.startswith(start))


def with_media(sdp: str, line: str) -> str:
    return sdp + line + "\r\n"


MUTATIONS: dict[str, tuple[Callable[[str], str], str]] = {
    "empty": (lambda sdp: "", "v=0"),
    "HTML": (lambda sdp: "<script>alert(1)</script>", "v=0"),
    "no version": (lambda sdp: without(sdp, "v="), "v=0"),
    "another version": (lambda sdp: sdp.replace("v=0", "v=1", 1), "v=0"),
    "something before": (lambda sdp: "\r\n" + sdp, "v=0"),
    "a space before": (lambda sdp: " " + sdp, "v=0"),
    "a byte order mark": (lambda sdp: "\ufeff" + sdp, "v=0"),
    "no origin": (lambda sdp: without(sdp, "o="), "o=, s= and t="),
    "no name": (lambda sdp: without(sdp, "s="), "o=, s= and t="),
    "no time": (lambda sdp: without(sdp, "t="), "o=, s= and t="),
    "an empty line": (lambda sdp: sdp.replace("\r\n", "\r\n\r\n", 1), "<type>=<value>"),
    "an empty line at the end": (lambda sdp: sdp + "\r\n", "<type>=<value>"),
    "no equals sign": (lambda sdp: sdp.replace("s=-", "s-"), "<type>=<value>"),
    "a capital type": (lambda sdp: sdp.replace("s=-", "s=-\r\nA=b"), "<type>=<value>"),
    "a long type": (lambda sdp: sdp.replace("s=-", "s=-\r\nab=c"), "<type>=<value>"),
    "a bare carriage return": (lambda sdp: sdp.replace("s=-", "s=-\rx"), "<type>=<value>"),
    "two carriage returns": (lambda sdp: sdp.replace("\r\n", "\r\r\n"), "v=0"),
    "NUL": (lambda sdp: sdp.replace("s=-", "s=\x00"), "<type>=<value>"),
    "no media": (lambda sdp: without(sdp, "m="), "m= lines"),
    "too much media": (
        lambda sdp: sdp + "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n" * MAX_SECTIONS,
        "m= lines",
    ),
    "another kind of media": (lambda sdp: with_media(sdp, "m=text 9 RTP/AVP 98"), "m= lines"),
    "media without format": (lambda sdp: with_media(sdp, "m=audio 9 RTP/AVP"), "m= lines"),
    "media without port": (lambda sdp: with_media(sdp, "m=audio x RTP/AVP 0"), "m= lines"),
    "a port of other digits": (lambda sdp: with_media(sdp, "m=audio ٣ RTP/AVP 0"), "m= lines"),
    "a format that is no token": (lambda sdp: with_media(sdp, "m=audio 9 RTP/AVP ☃"), "m= lines"),
    "no ufrag": (lambda sdp: without(sdp, "a=ice-ufrag:"), "a=ice-ufrag"),
    "no pwd": (lambda sdp: without(sdp, "a=ice-pwd:"), "a=ice-pwd"),
    "no fingerprint": (lambda sdp: without(sdp, "a=fingerprint:"), "a=fingerprint"),
    "too many candidates": (
        lambda sdp: (
            sdp
            + "a=candidate:0 1 UDP 2122187007 192.0.2.1 51234 typ host\r\n" * (MAX_CANDIDATES + 1)
        ),
        "candidates",
    ),
    "too many lines": (lambda sdp: sdp + "a=x\r\n" * MAX_LINES, "lines"),
    "too long": (lambda sdp: sdp + "a=" + "x" * SDP_MAX_BYTES, "32 KiB"),
    "too long in UTF-8": (lambda sdp: sdp + "a=" + "é" * (SDP_MAX_BYTES // 2), "32 KiB"),
    "a surrogate before": (lambda sdp: "\ud800" + sdp, "v=0"),
}


@BROWSERS
@pytest.mark.parametrize("mutation", MUTATIONS)
def test_each_way_to_be_wrong_is_named(sdp: str, mutation: str) -> None:
    mutate, words = MUTATIONS[mutation]
    assert mutate(sdp) != sdp
    assert words in refused_sdp(mutate(sdp))


CANDIDATE_LINE = "a=candidate:0 1 UDP 2122187007 192.0.2.1 51234 typ host\r\n"


@pytest.mark.parametrize(
    ("start", "more", "room_for"),
    [
        (CHROMIUM + "a=", "x", SDP_MAX_BYTES - len(CHROMIUM.encode()) - 2),
        (CHROMIUM, "a=x\r\n", MAX_LINES - CHROMIUM.count("\r\n")),
        (CHROMIUM, "m=video 9 UDP/TLS/RTP/SAVPF 96\r\n", MAX_SECTIONS - 3),
        (FIREFOX, CANDIDATE_LINE, MAX_CANDIDATES - 2),
    ],
    ids=["bytes", "lines", "sections", "candidates"],
)
def test_up_to_the_limits_and_no_further(start: str, more: str, room_for: int) -> None:
    check_sdp(start + more * room_for)
    refused_sdp(start + more * (room_for + 1))


def test_a_port_may_have_a_count() -> None:
    check_sdp(FIREFOX + "m=audio 5000/2 RTP/SAVPF 0\r\n")


@given(st.text(st.characters(exclude_categories=[])))
def test_text_is_no_sdp(text: str) -> None:
    refused_sdp(text)


@given(
    st.sampled_from([CHROMIUM, FIREFOX]),
    st.integers(0, 3_000),
    st.integers(0, 30),
    st.text(st.characters(exclude_categories=[]) | st.sampled_from("\r\n=\x00 "), max_size=6),
)
def test_what_is_accepted_after_a_change_is_still_lines_of_sdp(
    sdp: str, at: int, size: int, other: str
) -> None:
    changed = sdp[:at] + other + sdp[at + size :]
    with suppress(Refusal):
        check_sdp(changed)
        lines = changed.replace("\r\n", "\n").removesuffix("\n").split("\n")
        assert lines[0] == "v=0"
        for line in lines:
            assert line[0].islower()
            assert line[1] == "="
            assert not set(line) & {"\r", "\x00"}


# ---- candidates --------------------------------------------------------------------------------

HOST = "candidate:1467250027 1 udp 2122260223 192.168.1.20 46154 typ host"


@pytest.mark.parametrize(
    "candidate",
    [
        "",
        HOST,
        f"a={HOST}",
        f"{HOST} generation 0 ufrag sXP5 network-id 1 network-cost 10",
        "candidate:435653019 1 tcp 1518280447 192.168.1.20 9 typ host tcptype active generation 0",
        "candidate:842163049 1 udp 1686052607 203.0.113.7 46154 typ srflx raddr 10.0.0.1 rport 9",
        "candidate:1 2 UDP 1 2001:db8::7 1 typ relay raddr 0.0.0.0 rport 0",
        "candidate:1 1 TCP 1 203.0.113.7 1 typ prflx raddr :: rport 9",
        "candidate:0 1 UDP 2122187007 3d0f5a7e-7a26-4c9b-a9a5-1b8f7c1f2d3e.local 51234 typ host",
        "candidate:a/+Z9 1 UDP 0 192.0.2.1 65535 typ host",
    ],
)
def test_candidates_of_browsers_are_accepted(candidate: str) -> None:
    check_candidate(candidate)


def refused_candidate(candidate: str) -> None:
    with pytest.raises(Refusal) as caught:
        check_candidate(candidate)
    assert caught.value.code == "bad_candidate"


@pytest.mark.parametrize(
    "candidate",
    [
        " ",
        "candidate:",
        "a=",
        HOST.removeprefix("candidate:"),
        f" {HOST}",
        f"{HOST} ",
        f"{HOST}\n",
        f"{HOST}\r\na=setup:passive",
        f"{HOST}  generation 0",
        f"{HOST} generation",
        f"{HOST} x y\x00",
        f"{HOST} x \ud800",
        f"{HOST} x ☃",
        f"{HOST} x \u00a0",
        f"a=a={HOST}",
        HOST.replace("udp", "Udp"),
        HOST.replace("udp", "sctp"),
        HOST.replace("host", "guest"),
        HOST.replace("typ ", ""),
        HOST.replace("46154", "x"),
        HOST.replace("46154", "123456"),
        HOST.replace("46154", "٣"),
        HOST.replace("192.168.1.20", "evil host"),
        HOST.replace("192.168.1.20", "<b>"),
        HOST.replace("192.168.1.20", ""),
        HOST.replace("1467250027", "f" * 33),
        HOST.replace("2122260223", "9" * 11),
        f"{HOST} x " + "y" * CANDIDATE_MAX_BYTES,
    ],
    ids=lambda candidate: ascii(candidate)[:60],
)
def test_other_candidates_are_refused(candidate: str) -> None:
    refused_candidate(candidate)


def test_the_longest_candidate() -> None:
    longest = f"{HOST} x "
    longest += "y" * (CANDIDATE_MAX_BYTES - len(longest))
    check_candidate(longest)
    refused_candidate(longest + "y")


@given(st.text(st.characters(exclude_categories=[]), min_size=1))
def test_text_is_no_candidate(text: str) -> None:
    refused_candidate(text)


@given(st.integers(0, 70), st.text(st.characters(exclude_categories=[]), max_size=3))
def test_an_accepted_candidate_is_one_line_of_ascii(at: int, other: str) -> None:
    with suppress(Refusal):
        changed = HOST[:at] + other + HOST[at + 1 :]
        check_candidate(changed)
        assert changed.isascii()
        assert changed.isprintable()
