"""Writes down who is in which room and when, what that comes to, and gives accounts of it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from hashlib import sha256
from typing import Protocol

import msgspec

from ledger import tables, watch
from ledger.book import Book, Sign, empty, present
from ledger.elsewhere import Ask, alone
from ledger.held import LEASE_KIND, LEASE_TTL_US, Held, Known, LeaseData, present_until, stretch
from ledger.meetings import Admit, Agreed, Meetings, everybody
from ledger.sansio import evidence
from ledger.sansio.contact import Keys, believe, statement
from ledger.sansio.intervals import Interval
from ledger.sansio.notes import SALT_BYTES, clean, digest_of
from ledger.sansio.session import (
    LIFE,
    Create,
    End,
    Event,
    Extend,
    Join,
    Leave,
    Path,
    Prove,
    Sweep,
    restore,
)
from ledger.sansio.settlement import LONGEST_US, Confirm, Contest, Correct
from ledger.sansio.watch import Watch
from ledger.signatures import signed
from ledger.store import Store
from ledger.tables import LineRow, SessionRow
from ledger.views import (
    Recorded,
    account_view,
    base64url,
    evidence_pack,
    fact_record,
    session_view,
)
from protocol.errors import Refusal
from protocol.evidence import EvidencePack
from protocol.facts import ContactProven
from protocol.rest import FactRecord
from protocol.types import LeaveReason
from protocol.views import Contact, SessionAccount, SessionView, SettlementState
from runtime import leases
from runtime.clock import SteadyClock
from runtime.database import Database, DatabaseError, Plan, essential
from runtime.heard import Heard
from runtime.ids import Ids

FLUSH_INTERVAL_S = 2.0


class Members(Protocol):
    """Asked of whoever knows mentorships."""

    async def __call__(self, site_id: str, mentorship: str) -> Sequence[str]:
        """The two persons in a mentorship, mentor first."""
        ...


class Ledger:
    """Sessions of all sites. `boot` names this run of the server."""

    def __init__(
        self,
        database: Database,
        clock: SteadyClock,
        ids: Ids,
        boot: str,
        members: Members,
        agreed: Agreed,
        sign: Sign,
        nudge: Callable[[], None],
        admit: Admit = everybody,
        ask: Ask = alone,
    ) -> None:
        self._clock, self._ids, self._boot, self._members = clock, ids, boot, members
        self._ask = ask
        self._watch, self._kept = Watch(clock.wall_us()), list[leases.Lease]()
        self._store = Store(database, clock, self._watch, nudge)
        self._book, self._sign = Book(clock, ids, boot, sign, self._watch), sign
        self._meetings = Meetings(self._book, agreed, admit)
        self._held: dict[str, Held] = {}
        self._joining = self._told_us = 0  # being written down; up to when it is told of nobody
        self._out: dict[str, Held] = {}  # out by the record, and nobody was told yet

    async def open(self) -> None:
        """For what still runs time goes on as it did, whatever the machine's clock was set to
        meanwhile; never from before the end of its record."""
        latest = await self._store.read(leases.latest, LEASE_KIND)
        latest_us, course = 0, ("", 0)
        if latest is not None:
            latest_us = latest.proof_us
            with self._store.past(latest.site_id, latest.key):
                course = msgspec.msgpack.decode(latest.data, type=LeaseData).course
        for row in await self._store.read(tables.not_ended):
            with self._store.past(row.site_id, row.id):
                facts = await self._store.read(tables.facts_of, row.site_id, row.id)
                latest_us = max([latest_us, *(fact.at_us for fact in facts)])
        self._clock.go_on(course, not_before_us=latest_us)
        self._kept, now_us = await self._store.read(watch.kept), self._clock.wall_us()
        last_us, breaks = 0, list[Interval]()
        with self._store.past("", watch.KIND):
            last_us, breaks = watch.latest(self._kept, now_us)
        self._watch.opens(now_us, last_us, breaks)

    # ---- what happens --------------------------------------------------------------------------

    async def join(
        self,
        site_id: str,
        room: str,
        mentorship: str,
        person: str,
        connection: str,
        key: str | None = None,
    ) -> SessionView:
        """Puts a connection's presence on record; when this returns it is on disk. `key`: what its
        page signs contact with."""
        await self._write_down(lambda other, held: other == connection or held.room == room)
        before = self._held.get(connection)
        members = await self._members(site_id, mentorship)
        self._joining += 1  # until it is held, the clock stays as it is
        try:
            now_us = self._clock.wall_us()
            new = tables.fresh(site_id, self._ids.new("ses"), mentorship, room, members, now_us)
            event = Join(person, connection, key)
            recorded, held = await self._store.write(self._join, new, event, before, now_us)
            self._held[connection] = held
        finally:
            self._joining -= 1
        if before is not None and before.session == held.session:  # handed in meanwhile
            held.contacts = {**before.contacts, **held.contacts}
            held.proof_us = max(held.proof_us, before.proof_us)
        return self._view(recorded)

    @essential
    def _join(
        self, new: SessionRow, event: Join, before: Held | None, now_us: int
    ) -> Plan[tuple[Recorded, Held]]:
        agreed = yield from self._meetings.admitted(new, event.person, now_us)
        row = yield from tables.claim_running(new.site_id, new.room, new)
        if row.facts:
            row, _ = yield from self._book.step(row, now_us, Sweep(agreed.meeting))
            if row.ended_us is not None:  # it was over, and nobody had looked
                row = yield from tables.claim_running(new.site_id, new.room, new)
        events: list[Event] = [event]
        if row.started_us is None:
            events.insert(0, (yield from self._meetings.applied(row, agreed)))
        if not row.facts:
            events.insert(0, Create())
        row, facts = yield from self._book.step(row, now_us, *events)
        held = Held(row.site_id, row.room, row.id, event.person, 0, now_us)
        if before is not None and before.session == row.id:
            held.contacts = before.contacts
        elif before is not None:  # what was handed in over it is of the session that is over
            earlier = yield from tables.claim(before.site_id, before.session)
            assert earlier is not None
            yield from self._book.step(earlier, now_us, Prove(tuple(before.contacts.values())))
        token = yield from leases.acquire(
            row.site_id,
            LEASE_KIND,
            event.connection,
            self._boot,
            held.data(self._clock.course),
            now_us,
            LEASE_TTL_US,
        )
        assert token is not None, "a connection joins under its own, fresh id"
        held.token = token
        return Recorded(row, facts), held

    def proof(self, connection: str) -> None:
        """A sign of life from a connection's page, now."""
        now_us, fresh = self.hears()
        if fresh and (held := self._held.get(connection)) is not None and held.gone is None:
            held.proof_us = max(held.proof_us, now_us)

    def hears(self) -> Heard:
        """Something is heard now, of whatever connection."""
        now_us = self._clock.wall_us()
        return Heard(now_us, self._watch.hears(now_us))

    def session_of(self, connection: str) -> str | None:
        """The session that a connection is in now."""
        held = self._held.get(connection)
        return None if held is None or held.gone is not None else held.session

    async def path(self, connection: str, *, up: bool) -> None:
        """A page says whether sound and picture travel. Refuses with `not_in_room`."""
        held = self._held.get(connection)
        if held is None or held.gone is not None:
            raise Refusal("not_in_room")
        now_us = self._clock.wall_us()
        await self._store.write(
            self._book.change, held.site_id, held.session, now_us, Path(connection, up)
        )

    async def contact(
        self,
        site_id: str,
        person: str,
        connection: str,
        session: str,
        contacts: Sequence[Contact],
    ) -> None:
        """What the other's page signed, handed in by `person`. For the session that the connection
        is in it waits, on disk with the lease, until the stretch is over; for any other of theirs
        it is written down at once."""
        held = self._held.get(connection)
        if held is None or held.gone is not None or held.session != session:
            held = None
        now_us = self._clock.wall_us()
        facts = await self._store.read(tables.facts_of, site_id, session)
        keys = Keys.of(facts)
        known = [fact for fact in facts if isinstance(fact, ContactProven)]
        known += held.contacts.values() if held else ()
        proven = []
        for contact in contacts:
            fact = believe(session, keys, person, contact, now_us)
            if fact is None or any(
                old.to_us >= fact.to_us for old in known if stretch(old) == stretch(fact)
            ):
                continue
            if signed(contact.signer_key, statement(session, contact), contact.signature):
                proven.append(fact)
        if held is not None and self._held.get(connection) is held and held.gone is None:
            held.take(proven)
        elif proven:
            await self._store.write(
                self._book.change, site_id, session, now_us, Prove(tuple(proven))
            )

    def leaving(self, connection: str, heard: Heard) -> None:
        """A connection's page said goodbye, whenever the turn comes to write that down."""
        if (held := self._held.get(connection)) is not None and held.leaving is None:
            held.leaving = heard

    async def leave(self, connection: str, reason: LeaveReason) -> SessionView | None:
        """Takes a connection out; None when it was not in. What could not be written down (then
        this raises) is kept, and tried again by `flush`."""
        held = self._held.get(connection)
        if held is None or held.gone is not None:
            return None
        if reason == "left":
            self.leaving(connection, self.hears())
        held.gone = held.departure(connection, reason, self._clock.wall_us())
        held.proof_us = held.gone[0].at_us
        await self._write_down(lambda key, _: key == connection)
        return await self.view(held.site_id, held.session)

    async def _write_down(self, wanted: Callable[[str, Held], bool]) -> None:
        """Writes down the departures among these; what comes after them is decided by them."""
        for connection, held in list(self._held.items()):
            if held.gone is None or not wanted(connection, held):
                continue
            with self._store.past(held.site_id, connection):
                await self._store.write(self._leave, held, *held.gone)
                if self._held.get(connection) is held:
                    del self._held[connection]

    @essential
    def _leave(self, held: Held, event: Leave, now_us: int) -> Plan[None]:
        row = yield from tables.claim(held.site_id, held.session)
        assert row is not None
        events: list[Event] = [Prove(tuple(held.contacts.values()))]
        # Tried twice at once, it may be written down and the connection back in; or another run of
        # the server took it out: then it is not this lease's.
        if (
            yield from leases.release(
                held.site_id, LEASE_KIND, event.connection, self._boot, held.token
            )
        ):
            events.append(event)
        yield from self._book.step(row, now_us, *events)

    @essential
    def _lapse(self, lease: leases.Lease, data: LeaseData, now_us: int) -> Plan[bool]:
        """Closes a lapsed presence, unless its owner came back in between."""
        row = yield from tables.claim(lease.site_id, data.session)
        assert row is not None
        if not (
            yield from leases.release(
                lease.site_id, LEASE_KIND, lease.key, lease.owner, lease.token, now_us
            )
        ):
            return False
        reason: LeaveReason = "lost" if lease.owner == self._boot else "restart"
        event = Leave(lease.key, lease.proof_us, reason, estimated=True)
        after, _ = yield from self._book.step(row, now_us, Prove(data.contacts), event)
        return after.facts > row.facts

    def known(self, connections: Collection[str]) -> list[Known]:
        """What this run of the server knows of these connections."""
        now_us = self._clock.wall_us()
        found = [(key, self._held.get(key)) for key in connections]
        return [held.known(key, now_us) for key, held in found if held is not None]

    async def end(self, site_id: str, session: str, by: str) -> SessionView:
        """Ends a session for both; ending it again changes nothing."""
        await self._write_down(lambda _, held: held.session == session)
        there = await self._store.read(present, site_id, session)
        others = await self._ask([each for each in there if each not in self._held])
        now_us = self._clock.wall_us()
        mine = self.known([key for key, held in self._held.items() if held.session == session])
        known = {each.connection: each for each in (*others, *mine)}
        recorded, gone = await self._store.write(self._end, site_id, session, by, known, now_us)
        taken = [self._held.pop(connection, None) for connection in gone]
        held = [fact for each in taken if each for fact in each.contacts.values()]
        proven = {fact for each in known.values() for fact in each.contacts}
        if late := tuple(set(held).difference(proven)):  # handed in while that was written
            recorded = await self._store.write(
                self._book.change, site_id, session, now_us, Prove(late)
            )
        return self._view(recorded)

    @essential
    def _end(
        self, site_id: str, session: str, by: str, known: Mapping[str, Known], now_us: int
    ) -> Plan[tuple[Recorded, list[str]]]:
        """`known`: of connections, by those who hold them; of the others what is on disk counts."""
        row = yield from tables.claim(site_id, session)
        assert row is not None
        gone = yield from present(site_id, session)
        proofs = {key: present_until(each.proof_us, now_us) for key, each in known.items()}
        contacts = [fact for each in known.values() for fact in each.contacts]
        for connection in gone:
            lease = yield from leases.held(site_id, LEASE_KIND, connection)
            if lease is not None:
                if connection not in known:
                    proofs[connection] = lease.proof_us
                    contacts += msgspec.msgpack.decode(lease.data, type=LeaseData).contacts
                yield from leases.release(site_id, LEASE_KIND, connection, lease.owner, lease.token)
        said = [each.said for each in known.values() if each.said is not None]
        row, facts = yield from self._book.step(
            row, now_us, Prove(tuple(contacts)), *said, End(by, proofs)
        )
        return (yield from self._book.recorded(row, facts)), gone

    async def extend(self, site_id: str, session: str, person: str) -> SessionView:
        """The mentee says to go on past the booked time; once is enough."""
        now_us = self._clock.wall_us()
        return self._view(
            await self._store.write(self._book.change, site_id, session, now_us, Extend(person))
        )

    async def missed(
        self, site_id: str, room: str, mentorship: str, meeting: str, end_us: int
    ) -> bool:
        """A meeting's booked time is over: if nobody came, that is put on record too. False while
        it is not over by the ledger's clock."""
        now_us = self._clock.wall_us()
        members = await self._members(site_id, mentorship)
        new = tables.fresh(site_id, self._ids.new("ses"), mentorship, room, members, now_us)
        return await self._store.write(self._meetings.missed, new, meeting, end_us, now_us)

    async def rearranged(self, site_id: str, room: str, mentorship: str) -> None:
        """The meetings of a mentorship have changed: a session that waits goes by them, until its
        meeting begins."""
        for row in await self._store.read(tables.running, site_id, [room]):
            if row.started_us is None:
                asked = site_id, row.id, mentorship, self._clock.wall_us()
                await self._store.write(self._meetings.rearranged, *asked)

    async def flush(self) -> dict[str, SessionView]:
        """Puts the latest proofs of life on disk, in one transaction, then the departures that
        could not be written down before. With no session open the clock goes by the machine's
        again. Returns the connections that the record has out already, and the session of each: it
        was ended by another run of the server, or the answer to its end was lost."""
        now_us = self._clock.wall_us()
        self._watch.looks(now_us)
        course = self._clock.course
        batch = [held.renewal(key, self._boot, course) for key, held in self._held.items()]
        lost = list[leases.Renewal]()
        if batch or self._watch.blind or self._watch.is_due(now_us):
            lost = await self._store.keep(self._renew, batch, now_us)
            self._watch.kept(now_us)
            self._kept.clear()
        await self._tell_of_breaks(now_us)
        for each in lost:  # what is proven of it stays so
            held = self._held.get(each.key)
            if held is not None and held.token == each.token and held.gone is None:
                held.gone = Leave(each.key, each.proof_us, "lost", estimated=True), now_us
                self._out[each.key] = held
        await self._write_down(lambda _, held: True)
        if not self._held:
            await self._go_by_the_machine()
        out: dict[str, SessionView] = {}
        for key, held in self._out.items():
            if key not in self._held:  # else it has joined again meanwhile
                with self._store.past(held.site_id, held.session):
                    out[key] = await self.view(held.site_id, held.session)
        self._out.clear()
        return out

    async def _tell_of_breaks(self, now_us: int) -> None:
        """The sessions that are open, before they are forgotten."""
        breaks, self._told_us = self._watch.breaks(now_us), min(self._told_us, now_us)
        if not breaks or breaks[-1][1] <= self._told_us:
            return
        for row in await self._store.read(tables.not_ended):
            with self._store.past(row.site_id, row.id):
                await self._store.write(self._book.change, row.site_id, row.id, now_us)
        self._told_us = breaks[-1][1]

    @essential
    def _renew(self, batch: Sequence[leases.Renewal], now_us: int) -> Plan[list[leases.Renewal]]:
        yield from watch.keep(self._boot, self._watch.breaks(now_us), self._kept, now_us)
        return (yield from leases.renew(batch))

    async def _go_by_the_machine(self) -> None:
        """Not while a session is open: set forward, it would be over at once; set back, it has a
        record of later times."""
        open_ = await self._store.read(tables.not_ended)
        usable = [row for row in open_ if (row.site_id, row.id) not in self._store.unusable]
        if not usable and not self._held and not self._joining:
            self._clock.set_by()
            self._watch.clock_set(self._clock.wall_us())

    async def sweep(self) -> list[SessionView]:
        """Closes what nobody closed: presences whose lease has lapsed (their server died), at the
        last proof of life, and sessions that are over. Returns the sessions that changed."""
        now_us = self._clock.wall_us()
        self._watch.looks(now_us)
        changed: dict[str, str] = {}
        for lease in await self._store.look(leases.lapsed, LEASE_KIND, now_us):
            held = self._held.get(lease.key)
            if held is not None and (
                held.gone
                or held.leaving
                or max(held.proof_us, self._watch.woke_us) + LEASE_TTL_US > now_us
            ):
                continue  # our own, beating or gone by its own word: the disk is only behind
            if held is not None:
                self._out[lease.key] = self._held.pop(lease.key)
            with self._store.past(lease.site_id, lease.key):
                data = msgspec.msgpack.decode(lease.data, type=LeaseData)
                if await self._store.write(self._lapse, lease, data, now_us):
                    changed[data.session] = lease.site_id
        for row in await self._store.read(self._over, now_us):
            with self._store.past(row.site_id, row.id):
                if await self._store.write(self._swept, row, now_us):
                    changed[row.id] = row.site_id
        return [await self.view(site_id, session) for session, site_id in changed.items()]

    @essential
    def _swept(self, row: SessionRow, now_us: int) -> Plan[bool]:
        claimed = yield from tables.claim(row.site_id, row.id)
        assert claimed is not None
        after, _ = yield from self._book.step(claimed, now_us, Sweep())
        return after.facts > claimed.facts

    def _over(self, now_us: int) -> Plan[list[SessionRow]]:
        """The sessions that a sweep would close."""
        over = []
        busy = {held.session for held in self._held.values()}
        for row in (yield from tables.not_ended()):
            if row.id in busy:
                continue
            with self._store.past(row.site_id, row.id):
                facts = yield from tables.facts_of(row.site_id, row.id)
                if LIFE.step(restore(empty(row), facts), Sweep(), now_us)[1]:
                    over.append(row)
        return over

    # ---- after the end -------------------------------------------------------------------------

    async def confirm(self, site_id: str, session: str, person: str, revision: int) -> SessionView:
        """Refuses with `not_settled`, `stale_revision`, `contested`."""
        now_us = self._clock.wall_us()
        event = Confirm(person, revision)
        return self._view(await self._store.write(self._book.say, site_id, session, event, now_us))

    async def contest(
        self, site_id: str, session: str, person: str, revision: int, why: str
    ) -> SessionView:
        """Refuses with `invalid_field`, `not_settled`, `stale_revision`, `already_confirmed`,
        `said_enough`."""
        why = clean(why)
        now_us = self._clock.wall_us()
        salt = self._ids.random(SALT_BYTES)
        event = Contest(person, revision, digest_of(salt, why))
        return self._view(
            await self._store.write(self._book.say, site_id, session, event, now_us, (salt, why))
        )

    async def correct(
        self,
        site_id: str,
        session: str,
        actor: str | None,
        billed_us: int,
        why: str,
        key: str | None,
    ) -> SessionView:
        """Refuses with `not_settled`, `not_a_concession`, `invalid_field`, `said_enough`,
        `conflict`."""
        why = clean(why)
        now_us = self._clock.wall_us()
        salt = self._ids.random(SALT_BYTES)
        event = Correct(actor, billed_us, digest_of(salt, why), LONGEST_US)
        asked = sha256(msgspec.json.encode([session, billed_us, why])).digest()
        once = (actor or "operator", key, asked) if key else None
        return self._view(
            await self._store.write(
                self._book.say, site_id, session, event, now_us, (salt, why), once
            )
        )

    # ---- what is asked -------------------------------------------------------------------------

    async def mentorship_of(self, site_id: str, session: str) -> str | None:
        """The mentorship a session belongs to."""
        row = await self._store.read(tables.by_id, site_id, session)
        return row.mentorship if row else None

    async def view(self, site_id: str, session: str) -> SessionView:
        return self._view(await self._store.read(self._book.by_id, site_id, session))

    async def account(self, site_id: str, session: str) -> SessionAccount:
        """A session and why it comes to what it comes to."""
        recorded, notes = await self._store.read(self._book.account, site_id, session)
        return account_view(recorded, self._live(recorded.row), notes, self._now_us(recorded.row))

    def met(self, site_id: str, meeting: str) -> Plan[bool]:
        """Whether a session that was, or is, that meeting has started."""
        return tables.met(site_id, meeting)

    async def running(self, site_id: str, room: str) -> SessionView | None:
        """The session of a room that has not ended, if it can be read."""
        return (await self.running_in(site_id, [room])).get(room)

    async def running_in(self, site_id: str, rooms: Sequence[str]) -> dict[str, SessionView]:
        """The same of several rooms, by room."""
        rows = await self._store.read(tables.running, site_id, rooms)
        views = [await self._readable(row) for row in rows]
        return {view.room: view for view in views if view is not None}

    async def of_mentorships(
        self, site_id: str, mentorships: Sequence[str], before_us: int | None, limit: int
    ) -> list[SessionView]:
        """Newest first, without those that cannot be read."""
        asked = site_id, mentorships, before_us, limit
        try:
            found = await self._store.read(self._book.page, *asked)
            return [self._view(recorded) for recorded in found]
        except (DatabaseError, TimeoutError):
            raise
        except Exception:  # of one of them: one by one, then
            rows = await self._store.read(tables.of_mentorships, *asked)
            views = [await self._readable(row) for row in rows]
            return [view for view in views if view is not None]

    async def _readable(self, row: SessionRow) -> SessionView | None:
        view = None
        with self._store.past(row.site_id, row.id):
            view = await self.view(row.site_id, row.id)
        return view

    async def facts(self, site_id: str, session: str) -> tuple[FactRecord, ...]:
        """The chain of a session, with each fact as it is to be read."""
        kept = await self._store.read(tables.records_of, site_id, session)
        return tuple(map(fact_record, kept))

    async def evidence(self, site_id: str, session: str, keys: Mapping[str, bytes]) -> EvidencePack:
        """All that a session's account rests on, sealed. `keys`: the site's public ones, by id."""
        kept = await self._store.read(self._book.evidence, site_id, session)
        pack = evidence_pack(site_id, session, *kept, keys, self._clock.wall_us())
        kid, signature = self._sign(site_id, evidence.sealed_text(pack))
        return evidence.sealed(pack, kid, base64url(signature))

    async def statement(
        self, site_id: str, person: str, *, as_mentor: bool, from_us: int, to_us: int
    ) -> list[tuple[LineRow, SettlementState]]:
        """The current lines of the sessions that began in [from, to), oldest first, each with how
        it stands: settled, confirmed or contested."""
        return await self._store.read(tables.statement, site_id, person, as_mentor, from_us, to_us)

    def _view(self, recorded: Recorded) -> SessionView:
        return session_view(recorded, self._live(recorded.row), self._now_us(recorded.row))

    def _now_us(self, row: SessionRow) -> int:
        return self._clock.wall_us() if row.ended_us is None else row.ended_us

    def _live(self, row: SessionRow) -> list[ContactProven]:
        """What was handed in and is not written down yet; once it has ended, the record alone is
        what it comes to."""
        return [
            fact
            for held in self._held.values()
            if held.session == row.id and row.ended_us is None
            for fact in held.contacts.values()
        ]
