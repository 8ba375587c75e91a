"""`ithaca serve`: everything on one port, until SIGTERM."""

import asyncio
import gc
import os
import signal
import socket
import sys
import threading
from pathlib import Path
from types import FrameType
from typing import Any, NoReturn

import structlog
import uvicorn

import web
from ithaca import VERSION
from ithaca.admin import Admin
from ithaca.demo import demo_links
from ithaca.house import ROOMS, House
from ithaca.lock import DataLock
from ithaca.settings import Settings, SettingsError
from protocol.types import FRAME_MAX_BYTES
from runtime.clock import Clock, SystemClock
from runtime.database import (
    Database,
    DatabaseClock,
    DatabaseFailed,
    DatabaseTaken,
    open_database,
    sole_server,
)
from runtime.database.migrate import migrate
from runtime.turns import Turns
from web.handlers import Handlers
from web.http import Http
from web.socket.hub import Hub
from web.socket.protocol import HttpProtocol
from web.socket.sansio.door import Door
from web.socket.upgrade import Endpoint
from web.socket.websocket import WebSocketProtocol

STATIC = Path(web.__file__).parent / "static"
DRAIN_S = 10
UNSENT_MOST_BYTES = 256 * 1024
STORAGE_FAILED = 3
"""The exit code."""
LAST_WORDS_S = 0.5
BACKLOG, ACCEPTED_IN_A_TURN = 4096, 32
"""Who finds the queue full tries again after 1, 3 and 7 s (TCP), and then is late."""
NEW_IN_A_TURN = 8
"""Connections of whom the first is heard in one turn of the loop, at least: they cost the most."""
GARBAGE_AT = 10_000
"""After so many more objects made than gone the youngest are looked through for cycles."""
INTERPRETER_S = 0.0005
"""After so long whoever has the interpreter lets another thread have it: the database's needs it
for microseconds, several times for each commit, and waited 5 ms for it each time."""

log = structlog.get_logger(__name__)


class Server(uvicorn.Server):
    """Uvicorn's server, with our goodbye to open connections when it is told to stop."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub
        self.draining = False
        self.listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.listening.set()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        self.draining = True
        self._hub.kick_all("restarting")
        super().handle_exit(sig, frame)


def bind(settings: Settings) -> socket.socket:
    """The listening socket. Raises SettingsError when the address cannot be had."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    # Of every connection: the system would take in megabytes for one that does not read.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_MOST_BYTES)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"Cannot listen on {settings.host}:{settings.port} ({error.strerror}). "
            "Choose another with --port."
        ) from None
    return listener


def configured(settings: Settings, app: Any) -> uvicorn.Config:
    """How uvicorn serves `app`."""

    class Http(HttpProtocol):
        door = Door(settings.trusted_proxy)
        turns = Turns(NEW_IN_A_TURN)

    class WebSocket(WebSocketProtocol):
        __slots__ = ()
        turns = Http.turns

    return uvicorn.Config(
        app,
        loop="uvloop",
        http=Http,
        ws=WebSocket,
        ws_max_size=FRAME_MAX_BYTES,
        ws_per_message_deflate=False,
        ws_ping_interval=None,  # the beats do that work: no busy line is cut for a late answer
        ws_ping_timeout=None,
        backlog=BACKLOG,
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxy),
        forwarded_allow_ips=list(settings.trusted_proxy),
        timeout_graceful_shutdown=DRAIN_S,
    )


async def serve(settings: Settings) -> None:
    """Serves until a signal ends it. Raises SettingsError when it cannot begin."""
    if not (STATIC / "index.html").is_file():
        raise SettingsError("The pages are not built. Start with ./run serve, which builds them.")
    if settings.redis_url and not settings.database:
        raise SettingsError("--redis-url is for several nodes: they share a --database.")
    with DataLock(settings.data):
        try:
            async with sole_server(settings.database or None, node=bool(settings.redis_url)):
                await _on_database(settings)
        except DatabaseTaken:
            raise SettingsError(
                "Another Ithaca serves from this database. Stop it, or choose another with "
                "--database."
            ) from None


async def _on_database(settings: Settings) -> None:
    listener = bind(settings)
    try:
        database = open_database(
            settings.database or None, settings.data, on_fatal=_storage_failed, reserve=True
        )
    except DatabaseFailed as error:
        _storage_failed(error)
    try:
        await migrate(database, ROOMS)
        await _serve(settings, database, listener)
    finally:
        await database.close()
        listener.close()


def _storage_failed(error: BaseException) -> NoReturn:
    """What the disk holds is known again after a new start, which whoever supervises us sees to.
    Until then nothing may be acknowledged, so nobody gets another word; whatever thread this is."""
    last_words = threading.Timer(LAST_WORDS_S, os._exit, [STORAGE_FAILED])
    last_words.daemon = True
    last_words.start()  # the log may go to the disk that failed, or to a reader who has stopped
    log.error("storage failed; stopping", error=str(error))
    os._exit(STORAGE_FAILED)


async def _serve(settings: Settings, database: Database, listener: socket.socket) -> None:
    clock: Clock = SystemClock()
    if settings.redis_url:  # the nodes' clocks may be apart
        clock = DatabaseClock(clock, database)
        await clock.ask()
    house = await House.build(settings, database, clock)
    handlers = Handlers(
        house.services,
        house.mentoring,
        version=VERSION,
        start=settings.who_starts,
        site_id=house.services.people.home_site,
        draining=lambda: server.draining,
    )
    http = Http(house.services, handlers.by_name(), STATIC, start=settings.who_starts)
    config = configured(settings, http.app(Endpoint(house.services, house.hub)))
    server = Server(config, house.hub)
    # Uvicorn raises the signal again when it is done; by then we want to finish, not to die.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    background = asyncio.create_task(house.run())
    admin = Admin(house, settings.data)
    await admin.open()
    # Of each of its listening sockets uvloop accepts one connection in a turn; these share a queue.
    doors = [listener, *(listener.dup() for _ in range(ACCEPTED_IN_A_TURN - 1))]
    serving = asyncio.create_task(server.serve(sockets=doors))
    listening = asyncio.create_task(server.listening.wait())
    try:
        await asyncio.wait((listening, serving), return_when=asyncio.FIRST_COMPLETED)
        if server.listening.is_set():
            await _announce(settings, house)
        _collect_seldom()
        sys.setswitchinterval(INTERPRETER_S)
        await asyncio.wait((serving, background), return_when=asyncio.FIRST_COMPLETED)
        if background.done() and not background.cancelled():
            log.error("background work ended; stopping", exc_info=background.exception())
        server.should_exit = True
        await serving
    finally:
        await admin.close()
        for task in (background, listening):
            task.cancel()
        await asyncio.gather(background, listening, return_exceptions=True)
    if not background.cancelled():
        raise SystemExit(1)


def _collect_seldom() -> None:
    """What there is by now stays; and of what a message makes next to nothing is a cycle."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_AT, 20, 20)


async def _announce(settings: Settings, house: House) -> None:
    print(f"Ithaca {VERSION} serves on {settings.reachable_at}", flush=True)
    if not settings.loopback:
        return
    for role, url in await demo_links(house):
        print(f"{role}: {url}", flush=True)
    sys.stdout.flush()
