"""Settings: options before environment before defaults, and each bad value named."""

import argparse
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ithaca.settings import HELP, PREFIX, Settings, SettingsError, add_options, read


def settings(*options: str, **environment: str) -> Settings:
    parser = argparse.ArgumentParser()
    add_options(parser)
    return read(
        parser.parse_args(options), {PREFIX + name.upper(): v for name, v in environment.items()}
    )


def test_the_defaults() -> None:
    found = settings()
    assert (found.host, found.port) == ("127.0.0.1", 8000)
    assert found.data == Path("data").absolute()
    assert (found.database, found.redis_url, found.public_url, found.start) == ("", "", "", "")
    assert (found.trusted_proxy, found.ice_server) == ((), ())


def test_every_setting_is_explained() -> None:
    assert [field.name for field in fields(Settings)] == list(HELP)


GIVEN = {
    "host": ("0.0.0.0", "::1"),
    "port": ("9000", "1"),
    "data": ("/srv/a", "/srv/b"),
    "database": ("postgresql://a/x", "postgresql://b/x"),
    "redis_url": ("redis://a/0", "unix:///run/b.sock"),
    "public_url": ("https://a.example", "http://b.example:8080"),
    "trusted_proxy": ("10.0.0.1", "10.0.0.2"),
    "ice_server": ("stun:a.example", "stuns:b.example:5349"),
    "start": ("anyone", "people"),
}


@pytest.mark.parametrize("name", GIVEN)
def test_options_before_environment_before_defaults(name: str) -> None:
    option, variable = GIVEN[name]
    flag = f"--{name.replace('_', '-')}"

    def value(found: Settings) -> str:
        shown = getattr(found, name)
        return " ".join(shown) if isinstance(shown, tuple) else str(shown)

    assert value(settings(flag, option)) == option
    assert value(settings(**{name: variable})) == variable
    assert value(settings(flag, option, **{name: variable})) == option
    # An empty variable is as good as none.
    assert value(settings(**{name: ""})) == value(settings())


def test_lists() -> None:
    found = settings("--ice-server", "stun:a", "--ice-server", "stun:b", trusted_proxy=" x  y ")
    assert found.ice_server == ("stun:a", "stun:b")
    assert found.trusted_proxy == ("x", "y")


@pytest.mark.parametrize(
    ("options", "url"),
    [
        ((), "http://127.0.0.1:8000"),
        (("--host", "localhost", "--port", "81"), "http://localhost:81"),
        (("--host", "::1"), "http://[::1]:8000"),
        (("--public-url", "https://a.example/"), "https://a.example"),
        (("--public-url", "https://a.example:443"), "https://a.example"),
        (("--public-url", "HTTPS://A.Example:8443"), "https://a.example:8443"),
        (("--public-url", "http://a.example:80"), "http://a.example"),
        (("--public-url", "http://a.example:443"), "http://a.example:443"),
        (("--public-url", "http://[2001:DB8::7]:8000"), "http://[2001:db8::7]:8000"),
        (("--public-url", "https://xn--bcher-kva.example"), "https://xn--bcher-kva.example"),
    ],
)
def test_where_people_reach_the_server(options: tuple[str, ...], url: str) -> None:
    assert settings(*options).reachable_at == url


@pytest.mark.parametrize(
    ("options", "loopback", "who"),
    [
        ((), True, "anyone"),
        (("--host", "::1"), True, "anyone"),
        (("--host", "localhost"), True, "anyone"),
        (("--host", "0.0.0.0"), False, "people"),
        (("--public-url", "https://a.example"), False, "people"),
        (("--start", "people"), True, "people"),
        (("--host", "0.0.0.0", "--start", "anyone"), False, "anyone"),
    ],
)
def test_who_may_begin_a_mentorship(options: tuple[str, ...], loopback: bool, who: str) -> None:
    found = settings(*options)
    assert (found.loopback, found.who_starts) == (loopback, who)


BAD = [
    *[("port", port) for port in ("x", "-1", "0", "65536", "80 80", "8e3", "²", "٣", "9" * 5_000)],
    *[
        ("public_url", url)
        for url in (
            "mentoring.example.org",
            "ftp://mentoring.example.org",
            "https://",
            "https:///x",
            "https://a.example/path",
            "https://a.example?x=1",
            "https://a.example#x",
            "https://user@a.example",
            "https://a.example:x",
            "https://a.example:0",
            "https://a.example:65536",
            "https://[::1",
            "https://bücher.example",
            "https://a b.example",
            "https://a.example\n",
        )
    ],
    *[("database", url) for url in ("sqlite:///x", "postgres://x", "x")],
    *[("redis_url", url) for url in ("x", "http://a", "postgresql://a/x")],
    *[("start", who) for who in ("nobody", "Anyone", "1")],
    *[("ice_server", url) for url in ("a.example", "turn:a.example", "https://a.example")],
]


@pytest.mark.parametrize(("name", "value"), BAD, ids=lambda text: ascii(text)[:40])
def test_a_bad_value_is_named(name: str, value: str) -> None:
    flag = f"--{name.replace('_', '-')}"
    with pytest.raises(SettingsError, match=f"^{flag} is ") as caught:
        settings(f"{flag}={value}")
    if name not in ("database", "redis_url"):  # which may hold a password
        assert repr(value) in str(caught.value)
    if " " not in value and "\n" not in value:
        with pytest.raises(SettingsError, match=f"^{flag} is "):
            settings(**{name: value})


@given(st.sampled_from(["port", "public_url", "start"]), st.text())
def test_any_text_is_a_setting_or_an_error(name: str, value: str) -> None:
    try:
        settings(**{name: value})
    except SettingsError as error:
        message = str(error)
    else:
        message = "fine"
    assert message


def test_only_the_options_asked_for() -> None:
    parser = argparse.ArgumentParser()
    add_options(parser, ("data",))
    assert "--data" in parser.format_help()
    assert "--port" not in parser.format_help()
    assert read(parser.parse_args(["--data", "/srv"]), {}).data == Path("/srv")
