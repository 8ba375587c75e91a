"""The house, wired: every room with what it asks of the others."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

import msgspec
import structlog

from chat.service import Chat
from ithaca.settings import Settings
from ledger.service import FLUSH_INTERVAL_S, Ledger
from mentoring.service import Mentoring
from people.service import People
from protocol.codec import encode
from protocol.facts import (
    AccessRevoked,
    MentorshipStarted,
    ParticipantLeft,
    SessionEnded,
    SessionStarted,
)
from protocol.frames import MentorshipAdded
from protocol.views import IceServer
from runtime.bus import LocalBus
from runtime.clock import Clock
from runtime.database import Database, DatabaseError
from runtime.ids import Ids
from runtime.limits import Limiter
from runtime.outbox import Dispatcher, Event
from runtime.presence import Presence
from signaling.service import Signaling, person_topic
from web.access import Access
from web.metrics import Metrics
from web.origins import Origins
from web.services import Services
from web.socket.endpoint import access_topic
from web.views import Views

ROOMS = ("runtime", "people", "mentoring", "chat", "ledger")
SWEEP_INTERVAL_S = 5.0
MISS_INTERVAL_S = 1.0
FORGET_INTERVAL_S = 3600.0

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class House:
    """All services of one process, and the work that goes on in the background."""

    services: Services
    mentoring: Mentoring
    dispatcher: Dispatcher
    clock: Clock

    @classmethod
    async def build(cls, settings: Settings, database: Database, clock: Clock) -> "House":
        """Wires everything over a migrated database."""
        ids, bus = Ids(clock), LocalBus()
        facts: dict[str, list[Callable[[Event], Awaitable[None]]]] = {}
        dispatcher = Dispatcher(database, clock, facts)
        people = People(database, clock, ids, dispatcher.nudge)
        await people.open()
        mentoring = Mentoring(database, clock, ids, people, dispatcher.nudge)

        async def members(site_id: str, mentorship: str) -> Sequence[str]:
            found = await mentoring.find(site_id, "mentorship", mentorship)
            assert found is not None
            return sorted(found.roles, key=lambda person: found.roles[person] == "mentee")

        servers = (IceServer(urls=settings.ice_server),) if settings.ice_server else ()
        chat = Chat(database, clock, bus)
        ledger = Ledger(database, clock, ids, ids.new("boot"), members, dispatcher.nudge)
        signaling = Signaling(clock, bus, ledger, lambda site_id, person: servers)
        presence = Presence(bus)
        services = Services(
            clock=clock,
            ids=ids,
            bus=bus,
            presence=presence,
            people=people,
            chat=chat,
            ledger=ledger,
            signaling=signaling,
            access=Access(mentoring, ledger),
            views=Views(people, chat, ledger, signaling, presence),
            origins=Origins(settings.reachable_at),
            metrics=Metrics(),
            frames=Limiter(rate_per_s=100, burst=500),
            messages=Limiter(rate_per_s=20, burst=200),
            exchanges=Limiter(rate_per_s=5, burst=100),
            joins=Limiter(rate_per_s=0.5, burst=30),
            requests=Limiter(rate_per_s=50, burst=200),
        )
        house = cls(services, mentoring, dispatcher, clock)
        # What has happened, and who is told of it once it is on disk.
        facts["access.revoked"] = [house._revoked]
        facts["mentorship.started"] = [house._mentorship_started]
        facts["participant.left"] = [house._session_changed]  # also one whose server died
        facts["session.started"] = [house._session_changed]
        facts["session.ended"] = [house._session_changed]
        return house

    # ---- facts ---------------------------------------------------------------------------------

    async def _revoked(self, event: Event) -> None:
        fact = msgspec.msgpack.decode(event.payload, type=AccessRevoked)
        self.services.bus.publish(
            access_topic(event.site_id, fact.person), fact.invitation.encode()
        )

    async def _mentorship_started(self, event: Event) -> None:
        fact = msgspec.msgpack.decode(event.payload, type=MentorshipStarted)
        found = await self.mentoring.find(event.site_id, "mentorship", fact.mentorship)
        assert found is not None
        for person in found.roles:
            (view,) = await self.services.views.mentorships(event.site_id, person, [found])
            frame = encode(MentorshipAdded(mentorship=view), "msgpack")
            self.services.bus.publish(person_topic(event.site_id, person), frame)

    async def _session_changed(self, event: Event) -> None:
        fact = msgspec.msgpack.decode(
            event.payload, type=ParticipantLeft | SessionStarted | SessionEnded
        )
        view = await self.services.ledger.view(event.site_id, fact.session)
        found = await self.mentoring.find(event.site_id, "mentorship", view.mentorship)
        assert found is not None
        self.services.signaling.announce(event.site_id, found.roles, view)

    # ---- background ----------------------------------------------------------------------------

    async def run(self) -> None:
        """The work in the background, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.dispatcher.run())
            tasks.create_task(self._every(FLUSH_INTERVAL_S, self.services.ledger.flush))
            tasks.create_task(self._every(SWEEP_INTERVAL_S, self.services.ledger.sweep))
            tasks.create_task(self._every(MISS_INTERVAL_S, self.services.signaling.miss))
            tasks.create_task(self._every(FORGET_INTERVAL_S, self._forget))

    async def _forget(self) -> None:
        """What has run out leaves the tables."""
        await self.services.people.forget_expired()
        await self.mentoring.forget_keys()

    async def _every(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await work()
            except DatabaseError as error:
                log.warning("background work waits for the database", error=type(error).__name__)
            except Exception:
                log.exception("background work failed; it is tried again")
            await self.clock.sleep(seconds)
