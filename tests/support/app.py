"""The whole house over one database, with a clock that moves only when a test says so."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import httpx2
from sqlalchemy import Connection

from ithaca import VERSION
from ithaca.house import House
from ithaca.settings import Settings
from people import tables as people_tables
from people.tables import Key
from people.tokens import GRANT_ALGORITHM, new_signing_secret
from protocol.rest import NewMentorship, NewPerson
from protocol.views import SessionView
from runtime.database import Database, DatabaseUnavailable, Plan
from runtime.database.plan import P
from tests.support.clock import ManualClock, settle
from tests.support.databases import Storage
from tests.support.redis_bus import until_lost
from tests.support.wire import HOST, MSGPACK, Asgi, Frame, Socket
from web.handlers import Handlers
from web.http import Http
from web.socket.hub import Hub
from web.socket.upgrade import Endpoint

T = TypeVar("T")
BEAT_S = 2.0
IDLE_STEP_S = 5.0


class WatchedDatabase:
    """Implements Database: knows whether any work is under way and how often it was asked for any,
    and can be cut off, at once or after so many more writes."""

    def __init__(self, inner: Database) -> None:
        self._inner, self.in_turn = inner, inner.in_turn
        self._at_work = self._begun = self.asked = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self.cut_off = False
        self.goes_on = asyncio.Event()
        self.goes_on.set()
        self.writes_left: int | None = None

    @asynccontextmanager
    async def _working(self) -> AsyncIterator[None]:
        self.asked += 1
        if self.cut_off:
            raise DatabaseUnavailable("cut off by the test")
        await self.goes_on.wait()
        self._at_work += 1
        self._begun += 1
        self._idle.clear()
        try:
            yield
        finally:
            self._at_work -= 1
            if not self._at_work:
                self._idle.set()

    async def read(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        async with self._working():
            return await self._inner.read(plan, *args, **kwargs)

    async def write(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        if self.writes_left is not None:
            if not self.writes_left:
                raise DatabaseUnavailable("no more writes, says the test")
            self.writes_left -= 1
        async with self._working():
            return await self._inner.write(plan, *args, **kwargs)

    async def exclusive(self, work: Callable[[Connection], T]) -> T:
        async with self._working():
            return await self._inner.exclusive(work)

    async def close(self) -> None:
        await self._inner.close()

    async def settle(self) -> None:
        """Let everything that can run do so, until nothing is left but waiting for time or for
        the other side: no work is under way, and none was since the last look."""
        begun = -1
        while self._at_work or begun != self._begun:
            begun = self._begun
            await self._idle.wait()
            await settle()


@dataclass(slots=True)
class Page:
    """A tab of somebody who is signed in."""

    app: App
    link: str
    grant: str
    renewal: str
    person: str
    mentorship: str
    conversation: str
    room: str
    tab: str

    async def connect(self, *, subprotocol: str = MSGPACK, **fields: Any) -> Socket:
        """A connection that is signed in; `fields` override those of auth.open."""
        socket = self.app.socket(subprotocols=(subprotocol,))
        assert await socket.answered()
        socket.send("auth.open", **{"grant": self.grant, "tab": self.tab, **fields})
        socket.opened = await socket.get("auth.opened")
        return socket

    async def join(self, socket: Socket, *, peer: str = "", **fields: Any) -> Frame:
        """Joins the room; the answer."""
        wish = {"room": self.room, "peer": peer or f"peer-{self.tab}", "audio": True, "video": True}
        socket.send("room.join", **{**wish, **fields})
        return await socket.get("room.joined")

    async def get(self, path: str, **kwargs: Any) -> httpx2.Response:
        return await self.app.http.get(path, headers=self.bearer, **kwargs)

    async def post(self, path: str, **kwargs: Any) -> httpx2.Response:
        headers = {**self.bearer, **kwargs.pop("headers", {})}
        return await self.app.http.post(path, headers=headers, **kwargs)

    async def renew(self, **narrower: str) -> None:
        """A fresh grant, as a page fetches it before the old one runs out."""
        wish = {"renewal": self.renewal, **narrower}
        answer = await self.app.http.post("/v1/grants/renew", json=wish)
        assert answer.status_code == 200, answer.text
        self.grant = answer.json()["grant"]  # the handle stays the same

    @property
    def bearer(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.grant}"}

    async def session(self, id_: str) -> dict[str, Any]:
        """A session as frames and lists show it."""
        view = await self.account(id_)
        return {name: view[name] for name in SessionView.__struct_fields__}

    async def account(self, id_: str) -> dict[str, Any]:
        """A session and why, as REST shows it."""
        answer = await self.get(f"/v1/sessions/{id_}")
        assert answer.status_code == 200, answer.text
        view: dict[str, Any] = answer.json()
        return view


@dataclass(slots=True)
class App:
    """One running server, without a port. Use `async with App.over(storage)`."""

    storage: Storage
    clock: ManualClock
    settings: Settings
    database: WatchedDatabase
    house: House = field(init=False)
    http: httpx2.AsyncClient = field(init=False)
    draining: bool = False
    sockets: list[Socket] = field(default_factory=list)
    _asgi: Asgi = field(init=False)
    _background: asyncio.Task[None] = field(init=False)
    _tabs: count[int] = field(default_factory=lambda: count(1))
    _next_beat_us: int = 0

    @classmethod
    def over(cls, storage: Storage, clock: ManualClock | None = None, **settings: Any) -> App:
        """`settings` as in ithaca.settings; anyone may begin a mentorship unless told otherwise."""
        wired = {"database": storage.url or "", "redis_url": storage.redis_url}
        chosen = Settings(**{"data": storage.data, "start": "anyone", **wired, **settings})
        return cls(storage, clock or ManualClock(), chosen, WatchedDatabase(storage.open()))

    async def __aenter__(self) -> App:
        self.house = await House.build(self.settings, self.database, self.clock)
        services = self.house.services
        handlers = Handlers(
            services,
            self.house.mentoring,
            version=VERSION,
            start=self.settings.who_starts,
            site_id=services.people.home_site,
            draining=lambda: self.draining,
        )
        static = Path(self.storage.data) / "static"
        http = Http(services, handlers.by_name(), static, start=self.settings.who_starts)
        self._asgi = http.app(Endpoint(services, self.house.hub))
        self.http = self.client()
        self._background = asyncio.create_task(self.house.run())
        if self.house.cluster is not None:
            await until_lost(self.house.cluster.bus, 0)
        self._next_beat_us = self.clock.monotonic_us() + round(BEAT_S * 1_000_000)
        await self.settle()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        died = self._background.done() and not self.database.cut_off
        self._background.cancel()
        await asyncio.gather(self._background, return_exceptions=True)
        ended = await asyncio.gather(
            *(socket.finish() for socket in self.sockets), return_exceptions=True
        )
        await self.http.aclose()
        await self.database.settle()
        await self.database.close()
        if error is None:
            assert not died, "the background work ended by itself"
            for outcome in ended:
                if isinstance(outcome, BaseException):
                    raise outcome

    @property
    def hub(self) -> Hub:
        return self.house.hub

    async def crash(self) -> None:
        """What a power cut leaves: nobody says goodbye. The database stays as it is."""
        self.database.cut_off = True
        for socket in self.sockets:
            await socket.finish()
        self._background.cancel()
        await asyncio.gather(self._background, return_exceptions=True)

    def client(self, address: str = "127.0.0.1", *, raises: bool = True) -> httpx2.AsyncClient:
        """An HTTP client that calls from `address`; faults of ours come out here when `raises`."""
        transport = httpx2.ASGITransport(
            self._asgi, client=(address, 50_000), raise_app_exceptions=raises
        )
        return httpx2.AsyncClient(transport=transport, base_url=f"http://{HOST}")

    def socket(self, **options: Any) -> Socket:
        """A WebSocket connection, as yet nobody's."""
        socket = Socket(self._asgi, self.clock, **options)
        self.sockets.append(socket)
        return socket

    # ---- time ----------------------------------------------------------------------------------

    async def settle(self) -> None:
        """Returns when everybody waits: for time to pass or for a frame."""
        await self.database.settle()

    async def advance(self, seconds: float) -> None:
        """Moves time on; pages beat every two seconds, and the background work keeps up."""
        end_us = self.clock.monotonic_us() + round(seconds * 1_000_000)
        while (now_us := self.clock.monotonic_us()) < end_us:
            beating = [socket for socket in self.sockets if socket.beats_by_itself]
            next_us = self._next_beat_us if beating else now_us + round(IDLE_STEP_S * 1_000_000)
            await self.clock.advance((min(end_us, next_us) - now_us) / 1_000_000)
            await self.settle()
            if self.clock.monotonic_us() >= self._next_beat_us:
                self._next_beat_us = self.clock.monotonic_us() + round(BEAT_S * 1_000_000)
                for socket in beating:
                    if socket.close_code is None:
                        await socket.beat()
                await self.settle()

    # ---- people --------------------------------------------------------------------------------

    async def begin(
        self, mentor: str = "Ada", mentee: str = "Ben", *, site_id: str = ""
    ) -> tuple[str, str]:
        """A new mentorship's two links, the mentor's first. Who is to hear of it has heard."""
        people = self.house.services.people
        site_id = site_id or people.home_site
        wish = NewMentorship(
            mentor=NewPerson(name=mentor, zone="Europe/Vienna"),
            mentee=NewPerson(name=mentee, zone="Africa/Lagos"),
        )
        started = await self.house.mentoring.start(site_id, wish, actor=None, key=None)
        await self.settle()
        one, other = (people.link_handle(site_id, each.invitation) for each in started.invited)
        return f"http://{HOST}/open#{one}", f"http://{HOST}/open#{other}"

    async def another_site(self) -> str:
        """A second site in the same database, with keys of its own; its id."""
        ids, now_us = self.house.services.ids, self.clock.wall_us()
        site = ids.new("site")
        keys = [
            Key(site, ids.new("key"), "grant", GRANT_ALGORITHM, new_signing_secret()),
            Key(site, ids.new("key"), "handle", "HS256", ids.secret().encode()),
        ]
        # Later than the first: visitors without a link still see that one.
        await self.database.write(people_tables.add_site, site, "another", keys, now_us + 1)
        await self.house.services.people.open()
        return site

    async def open(self, link: str, tab: str | None = None) -> Page:
        """Opens a link in a new tab."""
        invitation = link.partition("#")[2]
        answer = await self.http.post("/v1/grants", json={"invitation": invitation})
        assert answer.status_code == 200, answer.text
        grant = answer.json()
        me = await self.http.get("/v1/me", headers={"authorization": f"Bearer {grant['grant']}"})
        led = next(m for m in me.json()["mentorships"] if m["id"] == grant["mentorship"])
        return Page(
            app=self,
            link=link,
            grant=grant["grant"],
            renewal=grant["renewal"],
            person=grant["person"]["id"],
            mentorship=led["id"],
            conversation=led["conversation"],
            room=led["room"],
            tab=tab or f"tab-{next(self._tabs):04}",
        )

    async def pair(self, mentor: str = "Ada", mentee: str = "Ben") -> tuple[Page, Page]:
        """Two people brought together, each with a tab open."""
        one, other = await self.begin(mentor, mentee)
        return await self.open(one), await self.open(other)
