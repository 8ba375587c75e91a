"""Host names this server answers to, and origins whose pages may talk to it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.origins import Origins, loopback_url

PUBLIC = Origins("https://mentoring.example.org")
PORT = Origins("https://mentoring.example.org:8443")
LOCAL = Origins(loopback_url(8000))
V6 = Origins("http://[2001:db8::7]:8000")


def test_a_link_carries_its_secret_where_no_server_sees_it() -> None:
    assert PORT.link("secret") == "https://mentoring.example.org:8443/open#secret"


@pytest.mark.parametrize(
    ("origins", "host"),
    [
        (PUBLIC, "mentoring.example.org"),
        (PORT, "mentoring.example.org:8443"),
        (LOCAL, "127.0.0.1:8000"),
        (LOCAL, "127.0.0.1"),
        (LOCAL, "localhost:8000"),
        (LOCAL, "LocalHost:8000"),
        (LOCAL, "[::1]:8000"),
        (LOCAL, "[::1]"),
        (LOCAL, "192.168.1.20:8000"),  # the same network, by address
        (LOCAL, "[fe80::1]:8000"),
        (LOCAL, "[::ffff:127.0.0.1]"),
        (V6, "[2001:db8::7]:8000"),
        (PUBLIC, "127.0.0.1:8000"),  # the proxy's own checks
    ],
)
def test_hosts_that_are_ours(origins: Origins, host: str) -> None:
    assert origins.host_allowed(host)


@pytest.mark.parametrize("origins", [PUBLIC, PORT, LOCAL, V6])
@pytest.mark.parametrize(
    "host",
    [
        "",
        " ",
        "evil.example",
        "evil.example:8000",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "localhost.",
        "evil-localhost",
        "mentoring.example.org.evil.example",
        "evilmentoring.example.org",
        "mentoring.example.org.",
        "mentoring.example.org:80",
        "Mentoring.example.org",
        "mentoring.example.org:443",
        "xn--mentoring-example.org",
        "127.0.0.1:x",
        "127.0.0.1:123456",
        "127.0.0.1:",
        "127.0.0.1/",
        "127.0.0.1\n",
        "127.0.0.1, evil.example",
        "user@127.0.0.1",
        "127.0.0.1@evil.example",
        "127.1",
        "0x7f000001",
        "2130706433",
        "127.0.0.256",
        "١٢٧.0.0.1",
        "::1",
        "[::1",
        "[]",
        "[evil.example]",
        "[::1%eth0]",
        "[::1]x",
        "[127.0.0.1]x",
        "ho\u2100st",
        "\ud800",
    ],
    ids=ascii,
)
def test_hosts_that_are_not(origins: Origins, host: str) -> None:
    assert not origins.host_allowed(host)


@given(st.text(st.characters(exclude_categories=[]) | st.sampled_from("[]:.@/%019af")))
def test_any_host_has_an_answer(host: str) -> None:
    if PUBLIC.host_allowed(host):
        assert host.isascii()
        assert set(host.lower()) <= set("0123456789abcdef.:[]localhost")


@pytest.mark.parametrize(
    ("origins", "origin", "scheme", "host"),
    [
        (PUBLIC, "https://mentoring.example.org", "https", "mentoring.example.org"),
        (PUBLIC, "https://mentoring.example.org", "http", "mentoring.example.org"),  # behind TLS
        (PORT, "https://mentoring.example.org:8443", "http", "mentoring.example.org:8443"),
        (LOCAL, "http://127.0.0.1:8000", "http", "127.0.0.1:8000"),
        (LOCAL, "http://localhost:8000", "http", "localhost:8000"),
        (LOCAL, "http://[::1]:8000", "http", "[::1]:8000"),
        (LOCAL, "http://192.168.1.20:8000", "http", "192.168.1.20:8000"),
    ],
)
def test_origins_that_are_ours(origins: Origins, origin: str, scheme: str, host: str) -> None:
    assert origins.origin_allowed(origin, scheme, host)


@pytest.mark.parametrize(
    "origin",
    [
        "",
        "null",
        "*",
        "file://",
        "https://",
        "https://evil.example",
        "http://mentoring.example.org",  # another scheme
        "wss://mentoring.example.org",
        "https://mentoring.example.org:443",  # browsers leave the usual port out
        "https://mentoring.example.org:8443",
        "https://mentoring.example.org.",
        "https://mentoring.example.org/",
        "https://mentoring.example.org/path",
        "https://mentoring.example.org?x",
        "https://mentoring.example.org#x",
        "https://mentoring.example.org evil.example",
        "https://mentoring.example.org.evil.example",
        "https://evil.mentoring.example.org",
        "https://evilmentoring.example.org",
        "https://mentoring-example.org",
        "https://example.org",
        "HTTPS://MENTORING.EXAMPLE.ORG",
        "https://Mentoring.example.org",
        "https://user@mentoring.example.org",
        "https://mentoring.example.org@evil.example",
        "https://mentoring.example.org:x@evil.example",
        "https://xn--mentoring-example.org",
        "https://mentoring.еxample.org",  # a Cyrillic е
        "https://127.0.0.1",
        "https://[::1]",
        "http://localhost",
        "chrome-extension://abcdefghijklmnop",
        " https://mentoring.example.org",
        "https://mentoring.example.org\n",
    ],
    ids=ascii,
)
def test_origins_that_are_not(origin: str) -> None:
    assert not PUBLIC.origin_allowed(origin, "https", "mentoring.example.org")


@pytest.mark.parametrize(
    ("origin", "scheme", "host"),
    [
        ("http://evil.example", "http", "evil.example"),  # rebound to this machine
        ("http://evil.example:8000", "http", "evil.example:8000"),
        ("http://localhost:8001", "http", "localhost:8000"),
        ("http://192.168.1.20:8000", "http", "localhost:8000"),
        ("https://localhost:8000", "http", "localhost:8000"),
        ("http://localhost:8000", "https", "localhost:8000"),
        ("http://user@localhost:8000", "http", "user@localhost:8000"),
        ("null", "http", "localhost:8000"),
        ("http://", "http", ""),
        ("http://[::1", "http", "[::1"),
    ],
)
def test_a_page_is_ours_only_as_a_whole(origin: str, scheme: str, host: str) -> None:
    assert not LOCAL.origin_allowed(origin, scheme, host)


@given(st.text())
def test_no_other_origin_is_ours(origin: str) -> None:
    assert not PUBLIC.origin_allowed(origin, "https", "mentoring.example.org")
