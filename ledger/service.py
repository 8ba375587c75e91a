"""Writes down who is in which room and when, and gives accounts of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ParamSpec, Protocol, TypeVar

import msgspec

from ledger import tables
from ledger.sansio.account import account
from ledger.sansio.session import LIFE, End, Event, Join, Leave, Session, Sweep, restore
from ledger.tables import SessionRow, Stamp
from protocol.facts import SessionFact
from protocol.types import BEAT_INTERVAL_US, LeaveReason
from protocol.views import SessionView
from runtime import leases, outbox
from runtime.clock import Clock
from runtime.database import Database, Plan
from runtime.ids import Ids

LEASE_KIND = "participant"
LEASE_TTL_US = 8_000_000
FLUSH_INTERVAL_S = 2.0

# Until one beat interval (and some slack) has passed since a beat, its page is still there.
FRESH_US = BEAT_INTERVAL_US + 500_000


class Members(Protocol):
    """Asked of whoever knows mentorships."""

    async def __call__(self, site_id: str, mentorship: str) -> Sequence[str]:
        """The two persons in a mentorship, mentor first."""
        ...


@dataclass(slots=True)
class _Held:
    """A participant lease of this run of the server; `proof_us` is the last sign of life. `gone`:
    it has left, as was decided then, and that is not on disk yet."""

    site_id: str
    room: str
    session: str
    token: int
    proof_us: int
    gone: tuple[Leave, int] | None = None

    def present_until(self, now_us: int) -> int:
        """Now, while the next beat is not overdue; else the last one."""
        return now_us if now_us - self.proof_us <= FRESH_US else self.proof_us


class _LeaseData(msgspec.Struct, frozen=True):
    session: str


_Facts = list[SessionFact]
P = ParamSpec("P")
T = TypeVar("T")


class Ledger:
    """Sessions of all sites. `boot` names this run of the server."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        boot: str,
        members: Members,
        nudge: Callable[[], None],
    ) -> None:
        self._database, self._clock, self._ids = database, clock, ids
        self._boot, self._members, self._nudge = boot, members, nudge
        self._held: dict[str, _Held] = {}

    # ---- what happens --------------------------------------------------------------------------

    async def join(
        self, site_id: str, room: str, mentorship: str, person: str, connection: str
    ) -> SessionView:
        """Puts a connection's presence on record; when this returns it is on disk."""
        await self._settle(lambda key, held: key == connection or held.room == room)
        now_us = self._clock.wall_us()
        row, facts, token = await self._write(
            self._join, site_id, room, mentorship, person, connection, now_us
        )
        self._held[connection] = _Held(site_id, room, row.id, token, now_us)
        return await self._view(row, facts)

    def _join(
        self,
        site_id: str,
        room: str,
        mentorship: str,
        person: str,
        connection: str,
        now_us: int,
    ) -> Plan[tuple[SessionRow, _Facts, int]]:
        fresh = SessionRow(
            site_id, self._ids.new("ses"), mentorship, room, now_us, None, None, None, 0
        )
        row = yield from tables.claim_running(site_id, room, fresh)
        # An earlier one may be over without a sweep having come by.
        if row.id != fresh.id and (yield from self._step(row, Sweep(), now_us)):
            row = yield from tables.claim_running(site_id, room, fresh)
        yield from self._step(row, Join(person, connection), now_us)
        data = msgspec.msgpack.encode(_LeaseData(row.id))
        token = yield from leases.acquire(
            site_id, LEASE_KIND, connection, self._boot, data, now_us, LEASE_TTL_US
        )
        assert token is not None, "a connection joins under its own, fresh id"
        row, facts = yield from self._with_facts(site_id, row.id)
        return row, facts, token

    def proof(self, connection: str) -> None:
        """A sign of life from a connection's page, now."""
        if (held := self._held.get(connection)) is not None and held.gone is None:
            held.proof_us = max(held.proof_us, self._clock.wall_us())

    async def leave(self, connection: str, reason: LeaveReason) -> SessionView | None:
        """Takes a connection out: now, when its page said so; else at its last proof of life, or
        now while the next is not overdue and it is not the beats that ended it. None when it was
        not in. What could not be written down (then this raises) is kept, and tried again by
        `flush`."""
        held = self._held.get(connection)
        if held is None or held.gone is not None:
            return None
        now_us = self._clock.wall_us()
        if reason == "left":
            at_us = now_us
        elif reason == "lost":
            at_us = held.proof_us
        else:  # our own decision proves nothing about the page
            at_us = held.present_until(now_us)
        held.gone = Leave(connection, at_us, reason, estimated=at_us < now_us), now_us
        held.proof_us = at_us
        await self._settle(lambda key, _: key == connection)
        return await self.view(held.site_id, held.session)

    async def _settle(self, wanted: Callable[[str, _Held], bool]) -> None:
        """Writes down the departures among these; what comes after them is decided by them."""
        for connection, held in list(self._held.items()):
            if held.gone is not None and wanted(connection, held):
                await self._write(self._leave, held, *held.gone)
                if self._held.get(connection) is held:
                    del self._held[connection]

    def _leave(self, held: _Held, event: Leave, now_us: int) -> Plan[None]:
        row = yield from tables.claim(held.site_id, held.session)
        assert row is not None
        # Tried twice at once, it may be written down and the connection back in: not this lease's.
        if (
            yield from leases.release(
                held.site_id, LEASE_KIND, event.connection, self._boot, held.token
            )
        ):
            yield from self._step(row, event, now_us)

    def _lapse(self, lease: leases.Lease, session: str, now_us: int) -> Plan[bool]:
        """Closes a lapsed presence, unless its owner came back in between."""
        row = yield from tables.claim(lease.site_id, session)
        assert row is not None
        if not (
            yield from leases.release(
                lease.site_id, LEASE_KIND, lease.key, lease.owner, lease.token, now_us
            )
        ):
            return False
        reason: LeaveReason = "lost" if lease.owner == self._boot else "restart"
        event = Leave(lease.key, lease.proof_us, reason, estimated=True)
        return (yield from self._step(row, event, now_us))

    async def end(self, site_id: str, session: str, by: str) -> SessionView:
        """Ends a session for both; ending it again changes nothing."""
        await self._settle(lambda _, held: held.session == session)
        now_us = self._clock.wall_us()
        proofs = {
            connection: held.present_until(now_us)
            for connection, held in self._held.items()
            if held.session == session
        }
        row, facts, gone = await self._write(self._end, site_id, session, by, proofs, now_us)
        for connection in gone:
            self._held.pop(connection, None)
        return await self._view(row, facts)

    def _end(
        self, site_id: str, session: str, by: str, proofs: dict[str, int], now_us: int
    ) -> Plan[tuple[SessionRow, _Facts, list[str]]]:
        row, facts = yield from self._with_facts(site_id, session, claim=True)
        gone = list(restore(Session(row.id, row.mentorship), facts).present)
        for connection in gone:
            lease = yield from leases.held(site_id, LEASE_KIND, connection)
            if lease is not None:
                proofs = {connection: lease.proof_us, **proofs}
                yield from leases.release(site_id, LEASE_KIND, connection, lease.owner, lease.token)
        yield from self._step(row, End(by, proofs), now_us)
        row, facts = yield from self._with_facts(site_id, session)
        return row, facts, gone

    async def flush(self) -> None:
        """Puts the latest proofs of life on disk, in one transaction, then the departures that
        could not be written down before."""
        batch = [
            leases.Renewal(
                held.site_id,
                LEASE_KIND,
                connection,
                self._boot,
                held.token,
                held.proof_us,
                held.proof_us + LEASE_TTL_US,
            )
            for connection, held in self._held.items()
        ]
        if batch:
            await self._database.write(leases.renew, batch)
        await self._settle(lambda _, held: True)

    async def sweep(self) -> list[SessionView]:
        """Closes what nobody closed: presences whose lease has lapsed (their server died), at the
        last proof of life, and sessions whose room has been empty long enough. Returns the sessions
        that changed."""
        now_us = self._clock.wall_us()
        changed: dict[str, str] = {}
        for lease in await self._database.read(leases.lapsed, LEASE_KIND, now_us):
            held = self._held.get(lease.key)
            if held is not None and (held.gone or held.proof_us + LEASE_TTL_US > now_us):
                continue  # our own, beating or gone by its own word: the disk is only behind
            self._held.pop(lease.key, None)
            session = msgspec.msgpack.decode(lease.data, type=_LeaseData).session
            if await self._write(self._lapse, lease, session, now_us):
                changed[session] = lease.site_id
        for row in await self._database.read(self._over, now_us):
            if await self._write(self._change, row.site_id, row.id, Sweep(), now_us):
                changed[row.id] = row.site_id
        return [await self.view(site_id, session) for session, site_id in changed.items()]

    def _over(self, now_us: int) -> Plan[list[SessionRow]]:
        """The sessions that a sweep would close."""
        over = []
        busy = {held.session for held in self._held.values()}
        for row in (yield from tables.not_ended()):
            if row.id in busy:
                continue
            facts = yield from tables.facts_of(row.site_id, row.id)
            state = restore(Session(row.id, row.mentorship), facts)
            if LIFE.step(state, Sweep(), now_us)[1]:
                over.append(row)
        return over

    async def _write(self, plan: Callable[P, Plan[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Runs a plan that may put facts into the outbox."""
        result = await self._database.write(plan, *args, **kwargs)
        self._nudge()
        return result

    def _change(self, site_id: str, session: str, event: Event, now_us: int) -> Plan[bool]:
        row = yield from tables.claim(site_id, session)
        assert row is not None
        return (yield from self._step(row, event, now_us))

    def _step(self, row: SessionRow, event: Event, now_us: int) -> Plan[bool]:
        """Decides one event on a claimed session and writes down what follows."""
        facts = yield from tables.facts_of(row.site_id, row.id)
        state = restore(Session(row.id, row.mentorship), facts)
        _, new = LIFE.step(state, event, now_us)
        if not new:
            return False
        stamp = Stamp(self._clock.wall_us(), self._clock.monotonic_us(), self._boot)
        yield from tables.append(row, new, stamp)
        for fact in new:
            tag = str(fact.__struct_config__.tag)
            payload = msgspec.msgpack.encode(fact)
            yield outbox.put(row.site_id, self._ids.new("fac"), tag, payload, fact.at_us)
        return True

    # ---- what is asked -------------------------------------------------------------------------

    async def mentorship_of(self, site_id: str, session: str) -> str | None:
        """The mentorship a session belongs to."""
        row = await self._database.read(tables.by_id, site_id, session)
        return row.mentorship if row else None

    async def view(self, site_id: str, session: str) -> SessionView:
        row, facts = await self._database.read(self._with_facts, site_id, session)
        return await self._view(row, facts)

    async def running(self, site_id: str, room: str) -> SessionView | None:
        """The session of a room that has not ended."""
        row = await self._database.read(tables.running, site_id, room)
        return await self.view(site_id, row.id) if row else None

    async def of_mentorships(
        self, site_id: str, mentorships: Sequence[str], before_us: int | None, limit: int
    ) -> list[SessionView]:
        """Newest first."""
        found = await self._database.read(self._page, site_id, mentorships, before_us, limit)
        return [await self._view(row, facts) for row, facts in found]

    def _with_facts(
        self, site_id: str, session: str, *, claim: bool = False
    ) -> Plan[tuple[SessionRow, _Facts]]:
        row = yield from (tables.claim if claim else tables.by_id)(site_id, session)
        assert row is not None
        return row, (yield from tables.facts_of(site_id, session))

    def _page(
        self, site_id: str, mentorships: Sequence[str], before_us: int | None, limit: int
    ) -> Plan[list[tuple[SessionRow, _Facts]]]:
        rows = yield from tables.of_mentorships(site_id, mentorships, before_us, limit)
        found = []
        for row in rows:
            found.append((row, (yield from tables.facts_of(site_id, row.id))))
        return found

    async def _view(self, row: SessionRow, facts: _Facts) -> SessionView:
        as_of_us = self._clock.wall_us() if row.ended_us is None else row.ended_us
        members = await self._members(row.site_id, row.mentorship)
        sums = account(facts, members, as_of_us)
        return SessionView(
            id=row.id,
            mentorship=row.mentorship,
            room=row.room,
            version=row.facts,
            state=restore(Session(row.id, row.mentorship), facts).phase,
            created_us=row.created_us,
            started_us=row.started_us,
            ended_us=row.ended_us,
            end_reason=row.end_reason,
            as_of_us=as_of_us,
            together_us=sums.together_us,
            together_since_us=sums.together_since_us,
            people=sums.people,
            interruptions=sums.interruptions,
            estimated=sums.estimated,
        )
