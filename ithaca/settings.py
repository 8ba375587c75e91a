"""Everything that can be set, by option or by environment variable. One table."""

import argparse
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

PREFIX = "ITHACA_"
_ORIGIN = re.compile(
    r"(?P<scheme>https?)://(?P<host>[0-9a-z._-]+|\[[0-9a-f:.]+\])(:(?P<port>[0-9]{1,5}))?/*"
)
_REDIS = ("redis://", "rediss://", "unix://")


class SettingsError(Exception):
    """A setting has a value that cannot be used; the text says which and what to do."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What `ithaca serve` needs to know."""

    host: str = "127.0.0.1"
    port: int = 8000
    data: Path = Path("data")
    database: str = ""
    redis_url: str = ""
    public_url: str = ""
    trusted_proxy: tuple[str, ...] = ()
    ice_server: tuple[str, ...] = ()
    start: str = ""

    @property
    def reachable_at(self) -> str:
        """Where people reach the server, without a trailing slash."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return self.public_url or f"http://{host}:{self.port}"

    @property
    def loopback(self) -> bool:
        return not self.public_url and self.host in ("127.0.0.1", "localhost", "::1")

    @property
    def who_starts(self) -> str:
        return self.start or ("anyone" if self.loopback else "people")


HELP = {
    "host": "address to listen on",
    "port": "port to listen on",
    "data": "folder for the database and everything else that must be kept",
    "database": "postgresql:// address; without it, an SQLite file in the data folder",
    "redis_url": "redis:// address over which the nodes of one PostgreSQL database speak; without "
    "it, one server works alone",
    "public_url": "where people reach the server, such as https://mentoring.example.org",
    "trusted_proxy": "address of a reverse proxy whose X-Forwarded headers count (repeat)",
    "ice_server": "stun: address for calls between different networks (repeat)",
    "start": "who may begin a mentorship: `anyone`, or `people` who have a link already; without "
    "it, `anyone` on loopback, else `people`",
}


def add_options(parser: argparse.ArgumentParser, names: tuple[str, ...] = tuple(HELP)) -> None:
    """One option a setting; a list takes the option again for each value."""
    for field in fields(Settings):
        if field.name not in names:
            continue
        many = field.name in ("trusted_proxy", "ice_server")
        parser.add_argument(
            f"--{field.name.replace('_', '-')}",
            action="append" if many else "store",
            metavar=field.name.upper(),
            help=f"{HELP[field.name]} [{PREFIX}{field.name.upper()}]",
        )


def read(options: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> Settings:
    """Options before environment before defaults. Raises SettingsError."""

    def given(name: str) -> str | None:
        value = getattr(options, name, None)
        return value if value is not None else environment.get(PREFIX + name.upper())

    def many(name: str) -> tuple[str, ...]:
        value = getattr(options, name, None)
        if value is not None:
            return tuple(value)
        return tuple(environment.get(PREFIX + name.upper(), "").split())

    default = Settings()
    port = given("port") or str(default.port)
    if not re.fullmatch("[0-9]{1,5}", port) or not 1 <= int(port) <= 65535:
        raise SettingsError(f"--port is a number from 1 to 65535, not {port!r}.")
    settings = Settings(
        host=given("host") or default.host,
        port=int(port),
        data=Path(given("data") or default.data).expanduser().absolute(),
        database=given("database") or "",
        redis_url=given("redis_url") or "",
        public_url=_origin(given("public_url") or ""),
        trusted_proxy=many("trusted_proxy"),
        ice_server=many("ice_server"),
        start=given("start") or "",
    )
    _check(settings)
    return settings


def _origin(url: str) -> str:
    """A public URL as browsers write its origin: in lower case, without the scheme's own port."""
    if not url:
        return ""
    match = _ORIGIN.fullmatch(url.lower())
    if match is None or not 0 < int(match["port"] or 1) <= 65535:
        raise SettingsError(
            "--public-url is a scheme and a host in ASCII, such as https://mentoring.example.org, "
            f"not {url!r}."
        )
    usual = {"http": "80", "https": "443"}[match["scheme"]]
    port = "" if match["port"] in (None, usual) else f":{match['port']}"
    return f"{match['scheme']}://{match['host']}{port}"


def _check(settings: Settings) -> None:
    if settings.database and not settings.database.startswith("postgresql://"):
        raise SettingsError("--database is a postgresql:// address.")
    if settings.redis_url and not settings.redis_url.startswith(_REDIS):
        raise SettingsError("--redis-url is a redis://, rediss:// or unix:// address.")
    if settings.start not in ("", "anyone", "people"):
        raise SettingsError(f"--start is `anyone` or `people`, not {settings.start!r}.")
    for url in settings.ice_server:
        if not url.startswith(("stun:", "stuns:")):
            raise SettingsError(f"--ice-server is a stun: address, not {url!r}.")
