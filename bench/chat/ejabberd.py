"""Debian's ejabberd with its archive (MAM) on PostgreSQL: each message is in the archives of both
before it is acknowledged (XEP-0198)."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import tempfile
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from typing import Literal, cast

from tests.support.postgres import SUPERUSER, PostgresServer
from tests.support.serving import free_port

BODY = "x" * 200
SQL = Path("/usr/share/ejabberd/sql/pg.sql")
CONFIG = """
hosts: [localhost]
loglevel: error
certfiles: []
listen:
  - {{port: {port}, ip: "127.0.0.1", module: ejabberd_c2s, access: c2s, shaper: none}}
auth_method: sql
auth_password_format: plain
sql_type: pgsql
sql_server: "127.0.0.1"
sql_port: {sql_port}
sql_database: {database}
sql_username: {user}
sql_password: none
sql_pool_size: 10
default_db: sql
access_rules: {{c2s: {{allow: all}}}}
modules:
  mod_mam: {{default: always, db_type: sql}}
  mod_offline: {{db_type: sql}}
  mod_roster: {{db_type: sql}}
  mod_stream_mgmt: {{}}
"""
LONG_S = 60


def running() -> Iterator[tuple[int, int, bytes]]:
    """Of each process its number, its parent's, and its command."""
    for path in sorted(Path("/proc").glob("[0-9]*"), key=lambda path: int(path.name)):
        try:
            said = (path / "cmdline").read_bytes()
            parent = int((path / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        yield int(path.name), parent, said


def of_database(server: PostgresServer) -> list[int]:
    """The processes of a PostgreSQL: the first, whose folder it is, and its children."""
    found = list(running())
    first = {
        pid
        for pid, _, said in found
        if str(server.folder).encode() in said and said.split(b"\0")[0].endswith(b"/postgres")
    }
    return [pid for pid, parent, _ in found if pid in first or parent in first]


class Side(asyncio.Protocol):
    """One person of a pair, connected."""

    def __init__(self, port: int, name: str, other: str) -> None:
        self._port, self._name, self._other = port, name, other
        self._numbers = count()
        self._transport: asyncio.Transport | None = None
        self._data, self._came = b"", asyncio.Event()
        self._open = False
        self._stanzas = 0
        self.sent_s = 0.0
        self.accepted: Callable[[float], None] = lambda _waited_s: None
        self.received: Callable[[], None] = lambda: None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    async def open(self) -> None:
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)
        stream = (
            "<?xml version='1.0'?><stream:stream to='localhost' xmlns='jabber:client' "
            "xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>"
        )
        plain = base64.b64encode(f"\0{self._name}\0secret".encode()).decode()
        await self._ask(stream, b"</stream:features>")
        await self._ask(
            f"<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{plain}</auth>",
            b"<success",
        )
        await self._ask(stream, b"</stream:features>")
        await self._ask(
            "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>"
            "<resource>bench</resource></bind></iq>",
            b"</iq>",
        )
        await self._ask("<enable xmlns='urn:xmpp:sm:3'/>", b"<enabled")
        self._open, self._data = True, b""
        self._write("<presence/>")

    async def _ask(self, what: str, answer: bytes) -> None:
        self._data = b""
        self._write(what)
        async with asyncio.timeout(LONG_S):
            while answer not in self._data:
                self._came.clear()
                await self._came.wait()

    def _write(self, what: str) -> None:
        assert self._transport is not None
        self._transport.write(what.encode())

    def send(self) -> None:
        self.sent_s = time.perf_counter()
        self._write(
            f"<message to='{self._other}@localhost' type='chat' id='m{next(self._numbers)}'>"
            f"<body>{BODY}</body></message><r xmlns='urn:xmpp:sm:3'/>"
        )

    def data_received(self, data: bytes) -> None:
        self._data += data
        self._came.set()
        if not self._open:
            return
        end = self._data.rfind(b">") + 1
        whole, self._data = self._data[:end], self._data[end:]
        # A stanza's end comes in one piece with its beginning, or the rest waits for it.
        if whole.count(b"<message") != whole.count(b"</message>"):
            self._data = whole + self._data
            return
        messages = whole.count(b"<body>")
        self._stanzas += whole.count(b"<message") + whole.count(b"<presence") + whole.count(b"<iq")
        if b"<r xmlns" in whole:
            self._write(f"<a xmlns='urn:xmpp:sm:3' h='{self._stanzas}'/>")
        for _ in range(messages):
            self.received()
        for _ in range(whole.count(b"<a ")):
            self.accepted(time.perf_counter() - self.sent_s)

    def beat(self) -> None:
        """It needs none."""

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


class Ejabberd:
    """A server with one scheduler, its database, and the people of so many pairs."""

    name = "ejabberd"
    durable = "a row in the archive of each of the two (MAM), PostgreSQL with fsync"
    database: Literal["processes"] = "processes"

    def __init__(self, pairs: int) -> None:
        self._pairs = pairs
        self.port, self._sql_port = free_port(), free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="bench-ejabberd-"))
        self._process: Process | None = None
        self.errors: list[str] = []

    async def start(self) -> None:
        schema = await asyncio.to_thread(SQL.read_text)
        self._postgres = PostgresServer(
            {
                "listen_addresses": "127.0.0.1",
                "port": str(self._sql_port),
                "fsync": "on",
                "full_page_writes": "on",
                "synchronous_commit": "on",
                "shared_buffers": "128MB",
            }
        )
        database = self._postgres.create()
        self._postgres.sql(schema, database)
        rows = ", ".join(f"('u{number}', 'secret')" for number in range(2 * self._pairs))
        self._postgres.sql(f"INSERT INTO users (username, password) VALUES {rows}", database)
        (self._folder / "ejabberd.yml").write_text(
            CONFIG.format(
                port=self.port, sql_port=self._sql_port, database=database, user=SUPERUSER
            )
        )
        (self._folder / "ejabberdctl.cfg").write_text('ERL_OPTIONS="+S 1"\n')
        for path in (self._folder, *self._folder.iterdir()):
            shutil.chown(path, "ejabberd")
        self._process = await asyncio.create_subprocess_exec(
            "ejabberdctl", "--config-dir", str(self._folder), "--spool", str(self._folder),
            "--logs", str(self._folder), "--node", f"bench{self.port}@localhost", "foreground",
            stdout=DEVNULL, stderr=DEVNULL, cwd="/",
        )  # fmt: skip
        async with asyncio.timeout(LONG_S):
            while True:
                try:
                    _, writer = await asyncio.open_connection("127.0.0.1", self.port)
                except OSError:
                    await asyncio.sleep(0.2)
                else:
                    writer.close()
                    return

    @property
    def processes(self) -> list[int]:
        """Itself first, then those of its database."""
        machines = [
            pid
            for pid, _, said in running()
            if said.split(b"\0")[0].endswith(b"beam.smp") and str(self._folder).encode() in said
        ]
        return machines + of_database(self._postgres)

    def sides(self) -> Iterator[tuple[Side, Side]]:
        for number in range(self._pairs):
            one, other = f"u{2 * number}", f"u{2 * number + 1}"
            yield Side(self.port, one, other), Side(self.port, other, one)

    async def stop(self) -> None:
        if self._process is not None:
            for pid in self.processes[:1]:
                os.kill(pid, 15)
            await self._process.wait()
        self._postgres.stop()
        shutil.rmtree(self._folder, ignore_errors=True)
