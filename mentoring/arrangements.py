"""Keeps what two people agree on and when they plan to meet, and answers what holds at a moment."""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
from sqlalchemy import Executable

from mentoring import safety_tables, tables
from mentoring.sansio import agreements, meetings
from mentoring.sansio.agreements import AGREEMENT, Accept, Agreement, Decline, Supersede, Withdraw
from mentoring.sansio.meetings import MEETING, REACH_US, Cancel, Meeting, Move
from mentoring.tables import Mentorship
from people.service import People
from protocol.errors import Refusal
from protocol.facts import AgreementAccepted, AgreementInForce, MeetingOver, MentoringFact
from protocol.rest import MoveMeeting, NewAgreement, NewMeeting
from protocol.terms import DAY_US, Terms
from protocol.views import AgreementView, MeetingView
from runtime import idempotency, outbox
from runtime.clock import Clock
from runtime.database import Database, Plan
from runtime.ids import Ids


@dataclass(frozen=True, slots=True)
class Standing:
    """How two people stand: what is in force, what waits for an answer or was declined, when they
    meet."""

    agreement: Agreement | None = None
    proposal: Agreement | None = None
    meeting: Meeting | None = None

    @property
    def version(self) -> int:
        return self.agreement.version if self.agreement else 0

    @property
    def terms(self) -> Terms:
        """Nothing agreed is free of charge."""
        return self.agreement.terms if self.agreement else Terms()


class Met(Protocol):
    """Asked of whoever keeps the record of sessions."""

    def __call__(self, site_id: str, meeting: str) -> Plan[bool]:
        """Whether the two have met for a meeting; in the transaction of whoever asks."""
        ...


class Arrangements:
    """Agreements and meetings of all sites. `nudge` tells the outbox that something was put into
    it. Whoever calls is in the mentorship: that is checked before."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        people: People,
        nudge: Callable[[], None],
        met: Met,
    ) -> None:
        self._database, self._clock, self._ids = database, clock, ids
        self._people, self._nudge, self._met = people, nudge, met

    # ---- agreements ----------------------------------------------------------------------------

    async def propose(
        self, of: Mentorship, person: str, wish: NewAgreement, key: str | None
    ) -> AgreementView:
        """The next version, accepted by whoever proposes it. The same idempotency `key` again gives
        the first answer. Refuses with `invalid_field`, `conflict`."""
        now_us = self._clock.wall_us()
        view = await self._database.write(self._propose, of, person, wish, key, now_us)
        self._nudge()
        return view

    def _propose(
        self, of: Mentorship, person: str, wish: NewAgreement, key: str | None, now_us: int
    ) -> Plan[AgreementView]:
        yield from tables.claim(of.site_id, of.id)
        latest = yield from tables.latest_agreement(of.site_id, of.id)
        new = agreements.propose(
            of.id,
            latest.version if latest else 0,
            wish.terms,
            person,
            wish.valid_from_us,
            now_us,
        )
        view = agreement_view(new)
        first = yield from self._once(
            of, person, "propose_agreement", key, wish, msgspec.json.encode(view), now_us
        )
        if first is not None:
            return msgspec.json.decode(first, type=AgreementView)
        yield from safety_tables.admit(of.site_id, of.id, person)
        if latest is not None:
            yield from self._answer(of.site_id, latest, Supersede(person), now_us)
        yield from tables.add_agreement(of.site_id, new)
        yield self._fact(of.site_id, agreements.proposed(new))
        return view

    async def accept(self, of: Mentorship, version: int, person: str) -> AgreementView:
        """Refuses with `not_found`, `proposal_closed`."""
        return await self._answered(of, version, Accept(person))

    async def decline(self, of: Mentorship, version: int, person: str) -> AgreementView:
        """Refuses with `not_found`, `not_yours`, `already_accepted`, `proposal_closed`."""
        return await self._answered(of, version, Decline(person))

    async def withdraw(self, of: Mentorship, version: int, person: str) -> AgreementView:
        """Refuses with `not_found`, `not_yours`, `already_accepted`."""
        return await self._answered(of, version, Withdraw(person))

    async def _answered(
        self, of: Mentorship, version: int, event: Accept | Decline | Withdraw
    ) -> AgreementView:
        now_us = self._clock.wall_us()
        after = await self._database.write(self._answer_to, of, version, event, now_us)
        self._nudge()
        return agreement_view(after)

    def _answer_to(
        self, of: Mentorship, version: int, event: Accept | Decline | Withdraw, now_us: int
    ) -> Plan[Agreement]:
        yield from tables.claim(of.site_id, of.id)
        if isinstance(event, Accept):
            yield from safety_tables.admit(of.site_id, of.id, event.by)
        before = yield from tables.agreement(of.site_id, of.id, version)
        if before is None:
            raise Refusal("not_found")
        return (yield from self._answer(of.site_id, before, event, now_us))

    def _answer(
        self, site_id: str, before: Agreement, event: agreements.Event, now_us: int
    ) -> Plan[Agreement]:
        after, facts = AGREEMENT.step(before, event, now_us)
        if after.state != before.state:
            yield from tables.add_answer(site_id, after)
        for fact in facts:
            yield self._fact(site_id, fact)
            if isinstance(fact, AgreementAccepted) and fact.valid_from_us > fact.at_us:
                due = AgreementInForce(
                    mentorship=fact.mentorship, version=fact.version, at_us=fact.valid_from_us
                )
                yield self._fact(site_id, due, due_us=due.at_us)
        return after

    async def versions(
        self, of: Mentorship, before: int | None, limit: int
    ) -> tuple[AgreementView, ...]:
        """Newest first."""
        found = await self._database.read(
            tables.page_of_agreements, of.site_id, of.id, before, limit
        )
        return tuple(map(agreement_view, found))

    # ---- meetings ------------------------------------------------------------------------------

    async def plan(
        self, of: Mentorship, person: str, wish: NewMeeting, key: str | None
    ) -> MeetingView:
        """The same idempotency `key` again gives the first answer. Refuses with `invalid_field`,
        `meeting_overlaps`, `conflict`."""
        zone = self._people.checked_zone(wish.zone, "zone")
        now_us = self._clock.wall_us()
        new = Meeting(
            self._ids.new("met"),
            of.id,
            wish.start_us,
            wish.length_us,
            zone,
            by=person,
            told_us=now_us,
            told_by=person,
        )
        view = await self._database.write(self._plan, of, new, wish, key, now_us)
        self._nudge()
        return view

    def _plan(
        self, of: Mentorship, new: Meeting, wish: NewMeeting, key: str | None, now_us: int
    ) -> Plan[MeetingView]:
        yield from tables.claim(of.site_id, of.id)
        view = meeting_view(new)
        first = yield from self._once(
            of, new.by, "plan_meeting", key, wish, msgspec.json.encode(view), now_us
        )
        if first is not None:
            return msgspec.json.decode(first, type=MeetingView)
        yield from safety_tables.admit(of.site_id, of.id, new.by)
        others = yield from self._near(of, new.start_us, new.length_us)
        fact = meetings.plan(new, others, now_us)
        yield from tables.add_meeting(of.site_id, new)
        yield self._fact(of.site_id, fact)
        yield from self._put_over(of.site_id, new, now_us)
        return view

    async def move(
        self, of: Mentorship, meeting: str, person: str, wish: MoveMeeting
    ) -> MeetingView:
        """Refuses with `not_found`, `invalid_field`, `meeting_overlaps`, `meeting_closed`."""
        now_us = self._clock.wall_us()
        after = await self._database.write(self._move, of, meeting, person, wish, now_us)
        self._nudge()
        return meeting_view(after)

    def _move(
        self, of: Mentorship, id_: str, person: str, wish: MoveMeeting, now_us: int
    ) -> Plan[Meeting]:
        yield from tables.claim(of.site_id, of.id)
        yield from safety_tables.admit(of.site_id, of.id, person)
        others = yield from self._near(of, wish.start_us, wish.length_us)
        met = yield from self._met(of.site_id, id_)
        event = Move(wish.start_us, wish.length_us, person, tuple(others), met)
        return (yield from self._change(of, id_, event, now_us))

    async def cancel(self, of: Mentorship, meeting: str, person: str) -> MeetingView:
        """Refuses with `not_found`, `meeting_closed`."""
        now_us = self._clock.wall_us()
        after = await self._database.write(self._cancel, of, meeting, Cancel(person), now_us)
        self._nudge()
        return meeting_view(after)

    def _cancel(self, of: Mentorship, id_: str, event: Cancel, now_us: int) -> Plan[Meeting]:
        yield from tables.claim(of.site_id, of.id)
        return (yield from self._change(of, id_, event, now_us))

    def cancel_all(self, of: Mentorship, person: str, now_us: int) -> Plan[None]:
        """Cancels the meetings to come; in the transaction of whoever claimed the mentorship."""
        for meeting in (yield from tables.meetings_to_come(of.site_id, of.id, now_us)):
            yield from self._change(of, meeting.id, Cancel(person), now_us)

    def _change(
        self, of: Mentorship, id_: str, event: meetings.Event, now_us: int
    ) -> Plan[Meeting]:
        before = yield from tables.meeting(of.site_id, of.id, id_)
        if before is None:
            raise Refusal("not_found")
        after, facts = MEETING.step(before, event, now_us)
        if facts:
            yield from tables.change_meeting(of.site_id, after)
            if after.state == "planned":
                yield from self._put_over(of.site_id, after, now_us)
        for fact in facts:
            yield self._fact(of.site_id, fact)
        return after

    def _near(self, of: Mentorship, start_us: int, length_us: int) -> Plan[list[Meeting]]:
        """The meetings that one at that time could overlap."""
        from_us = start_us - meetings.LONGEST_US
        to_us = start_us + min(length_us, meetings.LONGEST_US)
        return (yield from tables.meetings_between(of.site_id, of.id, from_us, to_us))

    async def calendar(
        self, of: Mentorship, after_us: int | None, limit: int
    ) -> tuple[MeetingView, ...]:
        """The meetings that end after a moment, now by default, the earliest first."""
        if after_us is None:
            after_us = self._clock.wall_us()
        found = await self._database.read(
            tables.page_of_meetings, of.site_id, of.id, after_us, limit
        )
        return tuple(map(meeting_view, found))

    async def over(self, site_id: str, fact: MeetingOver) -> bool:
        """Whether a meeting still stands as it did when this was put into the outbox, and is over.
        Terms that have allowed more over-run since put it off."""
        return await self._database.write(self._over, site_id, fact)

    def _over(self, site_id: str, fact: MeetingOver) -> Plan[bool]:
        meeting = yield from tables.meeting(site_id, fact.mentorship, fact.meeting)
        if (
            meeting is None
            or meeting.state != "planned"
            or (meeting.start_us, meeting.length_us) != (fact.start_us, fact.length_us)
        ):
            return False
        again = yield from self._put_over(site_id, meeting, fact.at_us, later_than_us=fact.at_us)
        return not again

    def _put_over(
        self, site_id: str, meeting: Meeting, now_us: int, later_than_us: int = 0
    ) -> Plan[bool]:
        """Has `over` asked when, by the terms of now, the meeting is over, if that is later."""
        standing = yield from tables.standing_agreements(site_id, [meeting.mentorship], now_us)
        terms = Standing(agreements.in_force(standing[meeting.mentorship], now_us)).terms
        over_us = meetings.over_us(meeting, terms.overrun_us)
        if over_us <= later_than_us:
            return False
        fact = MeetingOver(
            mentorship=meeting.mentorship,
            meeting=meeting.id,
            start_us=meeting.start_us,
            length_us=meeting.length_us,
            at_us=over_us,
        )
        yield self._fact(site_id, fact, due_us=over_us)
        return True

    # ---- what holds ----------------------------------------------------------------------------

    async def standing(
        self, site_id: str, ids: Sequence[str], in_session: Collection[str] = ()
    ) -> dict[str, Standing]:
        """How each of these mentorships stands now, to be shown. `in_session`: those of them whose
        session is open, which may be in the over-run of its meeting."""
        now_us = self._clock.wall_us()
        versions, planned = await self._database.read(self._standing, site_id, ids, now_us)
        found = {}
        for id_ in ids:
            agreement = agreements.in_force(versions[id_], now_us)
            terms = Standing(agreement).terms
            found[id_] = Standing(
                agreement,
                agreements.proposal(versions[id_]),
                meetings.next_or_current(
                    planned[id_],
                    now_us,
                    terms.early_us,
                    terms.overrun_us,
                    in_session=id_ in in_session,
                ),
            )
        return found

    def _standing(
        self, site_id: str, ids: Sequence[str], now_us: int
    ) -> Plan[tuple[dict[str, list[Agreement]], dict[str, list[Meeting]]]]:
        versions = yield from tables.standing_agreements(site_id, ids, now_us)
        planned = yield from tables.standing_meetings(site_id, ids, now_us)
        return versions, planned

    def at(self, site_id: str, mentorship: str, at_us: int) -> Plan[Standing]:
        """What is in force at a moment, and the meeting that it belongs to. In the transaction of
        whoever writes down what follows from it: until its end nothing of it changes."""
        yield from tables.claim(site_id, mentorship)
        versions = yield from tables.standing_agreements(site_id, [mentorship], at_us)
        agreement = agreements.in_force(versions[mentorship], at_us)
        terms = Standing(agreement).terms
        near = yield from tables.meetings_between(
            site_id, mentorship, at_us - REACH_US, at_us + DAY_US
        )
        meeting = meetings.meeting_at(near, at_us, terms.early_us, terms.overrun_us)
        return Standing(agreement, None, meeting)

    # ---- the parts -----------------------------------------------------------------------------

    def _once(
        self,
        of: Mentorship,
        person: str,
        operation: str,
        key: str | None,
        wish: msgspec.Struct,
        answer: bytes,
        now_us: int,
    ) -> Plan[bytes | None]:
        """The first answer to this key, None for the first time."""
        if key is None:
            return None
        digest = hashlib.sha256(msgspec.json.encode([of.id, wish])).digest()
        return (
            yield from idempotency.once(of.site_id, person, operation, key, digest, answer, now_us)
        )

    def _fact(self, site_id: str, fact: MentoringFact, due_us: int | None = None) -> Executable:
        return outbox.put(
            site_id,
            self._ids.new("fac"),
            str(fact.__struct_config__.tag),
            msgspec.msgpack.encode(fact),
            fact.at_us,
            due_us,
        )


def agreement_view(agreement: Agreement) -> AgreementView:
    accepted = agreement.state == "accepted"
    return AgreementView(
        mentorship=agreement.mentorship,
        version=agreement.version,
        terms=agreement.terms,
        state=agreement.state,
        proposed_by=agreement.proposed_by,
        proposed_us=agreement.proposed_us,
        accepted_by=agreement.accepted_by,
        accepted_us=agreement.answered_us if accepted else None,
        valid_from_us=agreement.valid_from_us if accepted else agreement.asked_from_us,
        answered_by=agreement.answered_by,
        answered_us=agreement.answered_us,
    )


def meeting_view(meeting: Meeting) -> MeetingView:
    return MeetingView(
        id=meeting.id,
        mentorship=meeting.mentorship,
        start_us=meeting.start_us,
        length_us=meeting.length_us,
        zone=meeting.zone,
        by=meeting.by,
        told_us=meeting.told_us,
        told_by=meeting.told_by,
        state=meeting.state,
    )
