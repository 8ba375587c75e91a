"""The house, wired: every room with what it asks of the others."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import msgspec
import structlog

from chat.search import Search
from chat.service import Chat
from ithaca.doctor import NAMING, Doctor
from ithaca.settings import Settings
from ledger.audit import Audited, audit
from ledger.elsewhere import Elsewhere, alone
from ledger.sansio.session import Apply
from ledger.service import FLUSH_INTERVAL_S, Ledger
from mentoring.arrangements import Arrangements
from mentoring.reflections import Reflections
from mentoring.safety import ALONE_BELIEVED_US, BELIEVED_US, Safety
from mentoring.sansio.safety import shows
from mentoring.service import Mentoring
from mentoring.tables import Mentorship
from mentoring.talks import Talks
from people.service import People
from protocol.codec import encode
from protocol.facts import (
    AccessRevoked,
    MeetingOver,
    MentoringFact,
    MentorshipClosed,
    MentorshipStarted,
    Noted,
    PersonForgotten,
    PersonMoved,
    ReflectionShared,
)
from protocol.frames import MentorshipAdded, MentorshipChanged, ReflectionChanged
from protocol.views import IceServer
from runtime.bus import LocalBus
from runtime.clock import Clock, SteadyClock
from runtime.database import Database, DatabaseClock, DatabaseError, Plan
from runtime.ids import Ids
from runtime.limits import Limiter
from runtime.nodes import NUDGE, Nodes
from runtime.outbox import Dispatcher, Event, Handler, Later
from runtime.presence import Presence
from runtime.redis_bus import RedisBus
from runtime.roster import Roster
from signaling.service import Signaling, person_topic
from web.access import Access
from web.metrics import Metrics
from web.openings import Openings
from web.origins import Origins
from web.services import Services
from web.socket.endpoint import access_topic
from web.socket.hub import Hub
from web.socket.recovery import Recovery
from web.socket.standings import GLANCE_INTERVAL_S, Standings
from web.views import Views

ROOMS = ("runtime", "people", "mentoring", "chat", "ledger")
SWEEP_INTERVAL_S = 5.0
MISS_INTERVAL_S = 1.0
FORGET_INTERVAL_S = 3600.0
SEARCH_INTERVAL_S, SEARCH_EVERY = 1.0, 30
AUDIT_AT_S = 3 * 3600
"""When in the day (UTC) the ledger is looked at again."""
DAY_S = 24 * 3600
JUST_NOW_S = 60

log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Cluster:
    """What one of several nodes has besides: the way to the others."""

    bus: RedisBus
    nodes: Nodes
    recovery: Recovery
    elsewhere: Elsewhere


class InTurn:
    """Implements outbox.Turn over the bus."""

    bus: RedisBus

    def __init__(self, node: str) -> None:
        self.owner = node

    def pass_on(self) -> None:
        self.bus.publish(NUDGE, b"")


@dataclass(frozen=True, slots=True)
class Then:
    """What comes of a fact: one node `acts` on it; that done, it `tells` whoever is connected, and
    a node that may not have heard tells its own."""

    acts: Sequence[Handler] = ()
    tells: Sequence[Handler] = ()


@dataclass
class House:
    """All services of one process, and the work that goes on in the background."""

    services: Services
    mentoring: Mentoring
    dispatcher: Dispatcher
    clock: Clock
    database: Database
    data: Path
    hub: Hub
    standings: Standings
    cluster: "Cluster | None"

    @classmethod
    async def build(cls, settings: Settings, database: Database, clock: Clock) -> "House":
        """Wires everything over a migrated database."""
        ids, hub = Ids(clock), Hub()
        facts: dict[str, list[Handler]] = {}
        node = ids.new("node")
        turn = InTurn(node) if settings.redis_url else None
        dispatcher = Dispatcher(database, clock, facts, turn)
        people = People(database, clock, ids, dispatcher.nudge)
        await people.open()
        bus: LocalBus | RedisBus = LocalBus()
        if turn is not None:
            bus = turn.bus = RedisBus(settings.redis_url, people.home_site, node, clock)
        roster = Roster(bus, node)
        mentoring = Mentoring(database, clock, ids, people, dispatcher.nudge)

        async def members(site_id: str, mentorship: str) -> Sequence[str]:
            found = await mentoring.find(site_id, "mentorship", mentorship)
            assert found is not None
            return sorted(found.roles, key=lambda person: found.roles[person] == "mentee")

        servers = (IceServer(urls=settings.ice_server),) if settings.ice_server else ()
        search = Search(database, every=SEARCH_EVERY)
        chat = Chat(database, clock, bus, search.note)
        steady = SteadyClock(clock)

        def met(site_id: str, meeting: str) -> Plan[bool]:
            return ledger.met(site_id, meeting)

        arrangements = Arrangements(database, steady, ids, people, dispatcher.nudge, met)

        def agreed(site_id: str, mentorship: str, at_us: int) -> Plan[Apply]:
            then = yield from arrangements.at(site_id, mentorship, at_us)
            if then.meeting is None:
                return Apply(version=then.version, terms=then.terms)
            return Apply(
                version=then.version,
                terms=then.terms,
                meeting=then.meeting.id,
                start_us=then.meeting.start_us,
                length_us=then.meeting.length_us,
                told_us=then.meeting.told_us,
                told_by=then.meeting.told_by,
            )

        safety = Safety(
            database,
            steady,
            ids,
            bus,
            arrangements,
            dispatcher.nudge,
            Chat.shut,
            BELIEVED_US if turn else ALONE_BELIEVED_US,
        )
        elsewhere = Elsewhere(bus, clock, node)
        ledger = Ledger(
            database,
            steady,
            ids,
            ids.new("boot"),
            members,
            agreed,
            people.sign,
            dispatcher.nudge,
            safety.admit,
            elsewhere.ask if turn else alone,
        )
        await ledger.open()

        def tell(site_id: str, persons: Sequence[str], frame: ReflectionChanged) -> None:
            for person in persons:
                bus.publish(person_topic(site_id, person), encode(frame, "msgpack"))

        reflections = Reflections(database, clock, ids, dispatcher.nudge, tell)
        signaling = Signaling(clock, bus, roster, ledger, lambda site_id, person: servers)
        presence = Presence(bus, roster)
        access = Access(mentoring, ledger, safety)
        views = Views(people, arrangements, chat, ledger, signaling, presence, safety)
        services = Services(
            clock=steady,
            ids=ids,
            bus=bus,
            presence=presence,
            people=people,
            arrangements=arrangements,
            chat=chat,
            search=search,
            ledger=ledger,
            safety=safety,
            reflections=reflections,
            talks=Talks(database, steady),
            signaling=signaling,
            access=access,
            views=views,
            openings=Openings(people, access, views, steady),
            origins=Origins(settings.reachable_at),
            metrics=Metrics(),
            frames=Limiter(rate_per_s=100, burst=500),
            messages=Limiter(rate_per_s=20, burst=200),
            typing=Limiter(rate_per_s=2, burst=20),
            exchanges=Limiter(rate_per_s=5, burst=100),
            joins=Limiter(rate_per_s=0.5, burst=30),
            contacts=Limiter(rate_per_s=2, burst=60),  # a page hands in every four seconds
            requests=Limiter(rate_per_s=50, burst=200),
            pages=Limiter(rate_per_s=25, burst=200),
            missed=Limiter(rate_per_s=25, burst=200),
        )
        standings = Standings(chat, views, steady, hub)
        house = cls(
            services,
            mentoring,
            dispatcher,
            clock,
            database,
            settings.data,
            hub,
            standings,
            None,
        )
        if isinstance(bus, RedisBus):
            house.cluster = Cluster(
                bus,
                Nodes(database, clock, bus, roster, dispatcher.nudged_by_another),
                Recovery(database, clock, bus, standings, house.tell, signaling.heal),
                elsewhere,
            )
        for topic, then in house.facts.items():
            facts[topic] = [*then.acts, *then.tells]
        return house

    # ---- facts ---------------------------------------------------------------------------------

    @cached_property
    def facts(self) -> Mapping[str, Then]:
        """What has happened, and what comes of it once it is on disk."""
        changed = [self._mentorship_changed]
        arranged = Then([self._rearranged], changed)
        session = Then(tells=[self._session_changed])
        return {
            "access.revoked": Then(tells=[self._revoked]),
            "person.moved": Then(tells=[self._person_moved]),
            "person.forgotten": Then(tells=[self._person_forgotten]),
            "mentorship.started": Then(tells=[self._mentorship_started]),
            "mentorship.closed": Then([self._closed], changed),
            "agreement.proposed": arranged,
            "agreement.accepted": arranged,
            "agreement.declined": arranged,
            "agreement.withdrawn": arranged,
            "agreement.in_force": arranged,
            "meeting.planned": arranged,
            "meeting.moved": arranged,
            "meeting.cancelled": arranged,
            "meeting.over": Then([self._meeting_over], changed),
            "participant.joined": session,
            "participant.left": session,  # also one whose server died
            "contact.proven": session,  # late: it was over already
            "window.extended": session,
            "session.started": session,
            "session.ended": Then([self._session_ended], session.tells),
            "session.settled": session,
            "session.confirmed": session,
            "session.contested": session,
            "reflection.shared": Then(tells=[self._reflection_shared]),
            "reflection.due": Then(
                [self.services.reflections.share_due]
            ),  # 24 hours after an answer
            "reflection.asked": Then([self.services.reflections.ask]),  # 12 hours after a session
        }

    async def _revoked(self, event: Event) -> None:
        fact = msgspec.msgpack.decode(event.payload, type=AccessRevoked)
        self.services.bus.publish(
            access_topic(event.site_id, fact.person), fact.invitation.encode()
        )

    async def _person_moved(self, event: Event) -> None:
        """Whoever may know where they are goes by their clock."""
        fact = msgspec.msgpack.decode(event.payload, type=PersonMoved)
        theirs = await self.mentoring.of_person(event.site_id, fact.person)
        within = await self.services.views.within(event.site_id, theirs, 0)
        await self._show_changed(
            event.site_id,
            [
                (who, each)
                for each in theirs
                for who in each.roles
                if shows(within[each.id].bounds, fact.person, who)
            ],
        )

    async def _person_forgotten(self, event: Event) -> None:
        """Whoever they had to do with has no name of theirs any more, nor a zone."""
        fact = msgspec.msgpack.decode(event.payload, type=PersonForgotten)
        theirs = await self.mentoring.of_person(event.site_id, fact.person)
        await self._show_changed(
            event.site_id, [(who, each) for each in theirs for who in each.roles]
        )

    async def _mentorship_started(self, event: Event) -> None:
        fact = msgspec.msgpack.decode(event.payload, type=MentorshipStarted)
        found = await self.mentoring.find(event.site_id, "mentorship", fact.mentorship)
        assert found is not None
        for person in found.roles:
            (view,) = await self.services.views.mentorships(event.site_id, person, [found])
            frame = encode(MentorshipAdded(mentorship=view), "msgpack")
            self.services.bus.publish(person_topic(event.site_id, person), frame)

    async def _rearranged(self, event: Event) -> None:
        fact = msgspec.msgpack.decode(event.payload, type=MentoringFact)
        found = await self.mentoring.find(event.site_id, "mentorship", fact.mentorship)
        assert found is not None
        await self.services.ledger.rearranged(event.site_id, found.room, found.id)

    async def _closed(self, event: Event) -> None:
        """Whoever has just come in is put out; both read who left."""
        fact = msgspec.msgpack.decode(event.payload, type=MentorshipClosed)
        found = await self.mentoring.find(event.site_id, "mentorship", fact.mentorship)
        assert found is not None
        await self.services.signaling.end(event.site_id, found.room, None, fact.by)

    async def _meeting_over(self, event: Event) -> None:
        """Whoever came is on record; that nobody did is put there now."""
        fact = msgspec.msgpack.decode(event.payload, type=MeetingOver)
        if not await self.services.arrangements.over(event.site_id, fact):
            return
        found = await self.mentoring.find(event.site_id, "mentorship", fact.mentorship)
        assert found is not None
        end_us = fact.start_us + fact.length_us
        meeting = found.room, found.id, fact.meeting, end_us
        if not await self.services.ledger.missed(event.site_id, *meeting):
            raise Later("the machine's clock is ahead of the one that the meeting goes by")

    async def _mentorship_changed(self, event: Event) -> None:
        fact = msgspec.msgpack.decode(event.payload, type=MentoringFact)
        found = await self.mentoring.find(event.site_id, "mentorship", fact.mentorship)
        assert found is not None
        await self._show_changed(event.site_id, [(who, found) for who in found.roles])

    async def _show_changed(self, site_id: str, to: Sequence[tuple[str, Mentorship]]) -> None:
        """Each of these persons reads how one of their mentorships is now."""
        shown = await self.services.views.opened(site_id, [(who, [of]) for who, of in to], 0)
        for (who, _), ((view,), _) in zip(to, shown, strict=True):
            frame = encode(MentorshipChanged(mentorship=view), "msgpack")
            self.services.bus.publish(person_topic(site_id, who), frame)

    async def _session_changed(self, event: Event) -> None:
        noted = msgspec.msgpack.decode(event.payload, type=Noted)
        view = await self.services.ledger.view(event.site_id, noted.fact.session)
        found = await self.mentoring.find(event.site_id, "mentorship", view.mentorship)
        assert found is not None
        self.services.signaling.announce(event.site_id, found.roles, view)

    async def _session_ended(self, event: Event) -> None:
        noted = msgspec.msgpack.decode(event.payload, type=Noted)
        view = await self.services.ledger.view(event.site_id, noted.fact.session)
        found = await self.mentoring.find(event.site_id, "mentorship", view.mentorship)
        assert found is not None
        assert view.ended_us is not None
        await self.services.reflections.ended(found, view.id, view.ended_us, view.together_us)

    async def _reflection_shared(self, event: Event) -> None:
        fact = msgspec.msgpack.decode(event.payload, type=ReflectionShared)
        found = await self.mentoring.find(event.site_id, "mentorship", fact.mentorship)
        assert found is not None
        self.services.reflections.announce(found, fact.session)

    async def tell(self, event: Event) -> None:
        """What a fact means to whoever is connected; nothing else comes of it."""
        for tell in self.facts.get(event.topic, Then()).tells:
            await tell(event)

    # ---- background ----------------------------------------------------------------------------

    async def run(self) -> None:
        """The work in the background, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.dispatcher.run())
            if self.cluster is not None:
                tasks.create_task(self.cluster.bus.run())
                tasks.create_task(self.cluster.nodes.run())
                tasks.create_task(self.cluster.recovery.run())
                tasks.create_task(self.cluster.elsewhere.run(self.services.ledger.known))
            if isinstance(self.clock, DatabaseClock):
                tasks.create_task(self.clock.run())
            tasks.create_task(self._every(FLUSH_INTERVAL_S, self._flush))
            tasks.create_task(self._every(SWEEP_INTERVAL_S, self.services.ledger.sweep))
            tasks.create_task(self._every(MISS_INTERVAL_S, self.services.signaling.miss))
            tasks.create_task(self._every(FORGET_INTERVAL_S, self._forget))
            tasks.create_task(self._every(GLANCE_INTERVAL_S, self.standings.glance))
            tasks.create_task(self._every(SEARCH_INTERVAL_S, self.services.search.round))
            tasks.create_task(self.nightly())

    async def _flush(self) -> None:
        """Proofs of life to disk; who is out by the record leaves the room too."""
        for connection, view in (await self.services.ledger.flush()).items():
            await self.services.signaling.taken_out(connection, view)

    async def _forget(self) -> None:
        """What has run out leaves the tables."""
        await self.services.people.forget_expired()
        await self.mentoring.forget_keys()

    async def nightly(self) -> None:
        """Looks at the ledger at three in the morning, until cancelled."""
        while True:
            wait_s = (AUDIT_AT_S - self.clock.wall_us() / 1_000_000) % DAY_S
            await self.clock.sleep(wait_s if wait_s > JUST_NOW_S else wait_s + DAY_S)
            try:
                await self.audit()
            except DatabaseError as error:
                log.warning("the audit waits for the next night", error=type(error).__name__)
            except Exception:
                log.exception("the audit failed; it is tried again the next night")

    async def audit(self) -> Audited:
        """Whether every session is as it was written, and what is stored follows from it."""
        began_us = self.clock.monotonic_us()
        found = await audit(self.database, self.services.people.ledger_keys, NAMING)
        seconds = (self.clock.monotonic_us() - began_us) / 1_000_000
        self.services.metrics.audited(
            found.sessions, len(found.broken), seconds, self.clock.wall_us()
        )
        for fault in found.broken:
            log.error(
                "a session is not as it was written",
                site_id=fault.site_id,
                session=fault.session,
                why=fault.why,
            )
        return found

    def doctor(self) -> Doctor:
        """Whoever looks whether all this is as it should be."""
        steady, now_us = self.services.clock.wall_us(), self.clock.wall_us()
        return Doctor(
            self.database, self.data, ROOMS, self.audit, self.clock.wall_us, steady - now_us
        )

    async def _every(self, seconds: float, work: Callable[[], Awaitable[object]]) -> None:
        while True:
            try:
                await work()
            except DatabaseError as error:
                log.warning("background work waits for the database", error=type(error).__name__)
            except Exception:
                log.exception("background work failed; it is tried again")
            await self.clock.sleep(seconds)
