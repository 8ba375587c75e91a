"""The product as people run it: `ithaca serve` in a process of its own, on real ports and disks."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import httpx2
import msgspec

from protocol.rest import (
    FactPage,
    FactRecord,
    Grant,
    Me,
    MentorshipCreated,
    MessagePage,
    SessionPage,
)
from protocol.views import Message, SessionAccount, SessionView, TalkView
from tests.support.spare import Forked, Spare

ROOT = Path(__file__).resolve().parents[2]
ZONES = {"mentor": "Europe/Athens", "mentee": "America/New_York"}
GUARD_S = 30
"""How long a test waits for what never comes before it says so."""

Answer = TypeVar("Answer", bound=msgspec.Struct)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Ended(AssertionError):
    """The server has ended before it served; says what it logged."""


class Server:
    """A port and a data folder for good; the process may come and go. `name` is what people call
    the machine: by another name than its address it prints no links of its own. `database`: a
    postgresql:// address, if not SQLite; `redis_url`: what it speaks over with other nodes.
    `machine`: variables of the environment that it is started with. `port`: if not any. `often`:
    each start is a fork of a spare process that has its imports behind it. `was_away`: pages have
    reason to say that they did not reach it."""

    def __init__(
        self,
        folder: Path,
        name: str = "127.0.0.1",
        database: str = "",
        machine: Mapping[str, str] | None = None,
        *,
        redis_url: str = "",
        port: int = 0,
        patience_s: float = GUARD_S,
        often: bool = False,
    ) -> None:
        folder.mkdir(exist_ok=True)
        self._machine = {} if machine is None else machine
        self._data, self._log = folder / "data", folder / "log"
        self.port = port or free_port()
        self.address = f"http://{name}:{self.port}"
        self.links: dict[str, str] = {}
        self.was_away = False
        self._local = name == "127.0.0.1"
        self._database = ["--database", database] if database else []
        self._redis = ["--redis-url", redis_url] if redis_url else []
        self._often, self._patience_s = often, patience_s
        self._process: Process | Forked | None = None

    @property
    def log(self) -> Path:
        return self._log

    async def start(self) -> None:
        """It serves, and its links are read, when this returns."""
        public = [] if self._local else ["--public-url", self.address]
        self._process = await self._run("serve", "--port", str(self.port), *public, *self._redis)
        wanted = {"mentor", "mentee"} if self._local else set()
        serves = False
        async with asyncio.timeout(self._patience_s):
            while not serves or not wanted <= self.links.keys():
                serves = self._heed(await self._line(self._process)) or serves

    async def starts(self) -> bool:
        """Starts it, where that may fail: False once it has ended."""
        try:
            await self.start()
        except Ended:
            return False
        return True

    async def invite(self, mentor: str, mentee: str) -> dict[str, str]:
        """A new mentorship by the command, while the server runs: a link for each role."""
        process = await self._run("invite", "--mentor", mentor, "--mentee", mentee)
        said, _ = await process.communicate()
        return dict(line.split(": ", 1) for line in said.decode().splitlines())

    async def command(self, *arguments: str) -> tuple[int, str]:
        """Any other command on this data: its exit code and what it says."""
        process = await self._run(*arguments)
        said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode()

    async def _run(self, command: str, *options: str) -> Process | Forked:
        arguments = [command, "--data", str(self._data), *self._database, *options]
        environment = {**_environment(), **self._machine}
        with self._log.open("ab") as log:
            if self._often:
                return await Spare.of(environment).run(arguments, environment, log.fileno())
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "ithaca"),
                *arguments,
                cwd=ROOT,
                env=environment,
                stdin=DEVNULL,
                stdout=PIPE,
                stderr=log,
            )

    async def _line(self, process: Process | Forked) -> str:
        assert process.stdout is not None
        line = (await process.stdout.readline()).decode()
        if not line:
            raise Ended(f"the server ended:\n{self._log.read_text()}")
        return line.strip()

    def _heed(self, line: str) -> bool:
        role, _, url = line.partition(": ")
        if role in ("mentor", "mentee"):
            self.links[role] = url
        return " serves on " in line

    async def kill(self) -> None:
        """As a crash: no goodbye. `start` brings it back to the same port and data."""
        self.was_away = True
        await self._end(signal.SIGKILL)

    def memory(self) -> int:
        """The bytes that are its own."""
        assert self._process is not None
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        (line,) = (line for line in status.splitlines() if line.startswith("RssAnon:"))
        return int(line.split()[1]) * 1024

    async def ended(self, within_s: float = GUARD_S) -> int:
        """Its exit code, once it has ended by itself."""
        assert self._process is not None
        async with asyncio.timeout(within_s):
            return await self._process.wait()

    def pause(self) -> None:
        """It stands still, and holds every connection."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    async def stop(self) -> None:
        await self._end(signal.SIGTERM)

    async def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        process.send_signal(number)
        await process.wait()

    def logged(self, what: str) -> int:
        """How many lines of its log have that in them, as JSON without spaces."""
        lines = self._log.read_text().splitlines()
        return sum(what in line.replace(" ", "") for line in lines)

    def errors(self) -> list[str]:
        """What it logged as its own mistakes; with a traceback, what follows it."""
        lines = self._log.read_text().splitlines()
        return [
            "\n".join(lines[at : at + 60]) if "Traceback" in line else line
            for at, line in enumerate(lines)
            if '"level":"error"' in line.replace(" ", "") or "Traceback" in line
        ]


def _environment() -> dict[str, str]:
    return {name: of for name, of in os.environ.items() if not name.startswith("ITHACA_")}


async def new_mentorship(server: Server, mentor: str, mentee: str) -> dict[str, str]:
    """A link for each role, by the HTTP API."""
    people = {"mentor": mentor, "mentee": mentee}
    body = {role: {"name": name, "zone": ZONES[role]} for role, name in people.items()}
    created = await _ask(server, "POST", "/v1/mentorships", MentorshipCreated, body)
    return {link.role: link.url for link in created.links}


class Api:
    """The HTTP API in one person's name."""

    def __init__(self, server: Server, link: str) -> None:
        self._server = server
        self._invitation = urlsplit(link).fragment
        self.grant: Grant | None = None

    async def sign_in(self) -> Grant:
        body = {"invitation": self._invitation}
        self.grant = await _ask(self._server, "POST", "/v1/grants", Grant, body)
        return self.grant

    async def me(self) -> Me:
        return await self._get("/v1/me", Me)

    async def sessions(self) -> tuple[SessionView, ...]:
        return (await self._get("/v1/sessions", SessionPage)).sessions

    async def session(self, id_: str) -> SessionAccount:
        return await self._get(f"/v1/sessions/{id_}", SessionAccount)

    async def talk(self, session: str) -> TalkView:
        """Who spoke how much, as this person may know it."""
        return await self._get(f"/v1/sessions/{session}/talk", TalkView)

    async def end(self, id_: str) -> SessionView:
        return await self._ask("POST", f"/v1/sessions/{id_}/end", SessionView)

    async def facts(self, id_: str) -> tuple[FactRecord, ...]:
        return (await self._get(f"/v1/sessions/{id_}/facts", FactPage)).facts

    async def messages(self, conversation: str, after: int) -> tuple[Message, ...]:
        """The page after a seq."""
        path = f"/v1/conversations/{conversation}/messages?after={after}&limit=200"
        return (await self._get(path, MessagePage)).messages

    async def _get(self, path: str, shape: type[Answer]) -> Answer:
        return await self._ask("GET", path, shape)

    async def _ask(self, method: str, path: str, shape: type[Answer]) -> Answer:
        assert self.grant is not None
        if self.grant.expires_us < time.time_ns() // 1000 + GUARD_S * 1_000_000:
            await self.sign_in()
        return await _ask(self._server, method, path, shape, grant=self.grant.grant)


async def _ask(
    server: Server,
    method: str,
    path: str,
    shape: type[Answer],
    body: dict[str, Any] | None = None,
    grant: str | None = None,
) -> Answer:
    headers = {"Authorization": f"Bearer {grant}"} if grant else {}
    base = f"http://127.0.0.1:{server.port}"
    async with httpx2.AsyncClient(base_url=base, headers=headers, timeout=GUARD_S) as client:
        answer = await client.request(method, path, json=body)
    answer.raise_for_status()
    return msgspec.json.decode(answer.content, type=shape)
