"""Leaving a mentorship, blocking the other, and telling the operator about them."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import msgspec

from mentoring import safety_tables, tables
from mentoring.arrangements import Arrangements
from mentoring.safety_tables import Copied, Copy, Report
from mentoring.sansio.safety import Blocks, Bounds, Change, Hides, Left, refused, shows
from mentoring.tables import Mentorship
from protocol.errors import Refusal
from protocol.facts import MentorshipClosed, ReportMade
from protocol.rest import NewReport
from protocol.terms import DAY_US
from protocol.text import clean
from protocol.types import REPORT_WORDS_MAX
from runtime import idempotency, outbox
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.database import Database, DatabaseError, Plan, essential
from runtime.ids import Ids
from runtime.together import Together

CACHED = 10_000
BELIEVED_US = 2_000_000
"""What another node has changed is known by then, should it not be heard of at once."""
ALONE_BELIEVED_US = 60_000_000
"""Where there is no other node nothing changes unheard."""
REPORTS_A_DAY = 20


def bounds_topic(site_id: str, mentorship: str) -> str:
    """Where a mentorship's changes travel, encoded: who left, who blocks, who hides when they were
    last here."""
    return f"bounds:{site_id}:{mentorship}"


@dataclass(frozen=True, slots=True)
class _Known:
    """How a mentorship stood at `at_us`, if that was ever read."""

    bounds: Bounds | None
    at_us: int
    good_until_us: int


class Safety:
    """Who may reach whom, of all sites. Whoever calls is in the mentorship: that is checked
    before."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        bus: Bus,
        arrangements: Arrangements,
        nudge: Callable[[], None],
        shut: Callable[[str, str, Mapping[str, str], Sequence[str]], Plan[None]],
        believed_us: int = BELIEVED_US,
    ) -> None:
        """`shut` keeps, in the transaction at hand, whose messages a site's conversation refuses,
        and with which codes, and of whom the other hears no more. `believed_us`: for how long what
        was read holds, unless it is heard to change."""
        self._database, self._clock, self._ids, self._bus = database, clock, ids, bus
        self._shut, self._believed_us = shut, believed_us
        self._arrangements, self._nudge = arrangements, nudge
        self._known: OrderedDict[tuple[str, str], _Known] = OrderedDict()
        self._together = Together(self._look)

    # ---- what holds ----------------------------------------------------------------------------

    async def bounds(self, site_id: str, mentorship: str) -> Bounds:
        """As it stands; without a database as it stood last."""
        if (bounds := self.fresh(site_id, mentorship)) is not None:
            return bounds
        try:
            return await self._together.ask(site_id, mentorship)
        except DatabaseError:
            known = self._known.get((site_id, mentorship))
            if known is None or known.bounds is None:
                raise
            return known.bounds

    def fresh(self, site_id: str, mentorship: str) -> Bounds | None:
        """As it stands, if that is known without asking."""
        known = self._known.get((site_id, mentorship))
        good = known is not None and known.good_until_us > self._clock.monotonic_us()
        return known.bounds if known and good else None

    async def _look(self, site_id: str, ids: Sequence[str]) -> list[Bounds]:
        found = await self.of(site_id, list(dict.fromkeys(ids)))
        return [found[id_] for id_ in ids]

    async def of(self, site_id: str, ids: Sequence[str]) -> dict[str, Bounds]:
        """Of each of these mentorships, as it stands."""
        at_us = self._clock.monotonic_us()
        found = await self._database.read(safety_tables.bounds, site_id, ids)
        for id_, bounds in found.items():
            known = self._known.get((site_id, id_))
            if known is None or known.at_us <= at_us:  # or it has changed since
                self._keep(site_id, id_, _Known(bounds, at_us, at_us + self._believed_us))
        return found

    def forget(self, site_id: str, mentorship: str) -> None:
        """It has changed: the next who asks looks again."""
        known = self._known.get((site_id, mentorship))
        now_us = self._clock.monotonic_us()
        self._keep(site_id, mentorship, _Known(known.bounds if known else None, now_us, now_us))

    def _keep(self, site_id: str, mentorship: str, known: _Known) -> None:
        self._known[site_id, mentorship] = known
        self._known.move_to_end((site_id, mentorship))
        if len(self._known) > CACHED:
            self._known.popitem(last=False)

    def admit(self, site_id: str, mentorship: str, person: str) -> Plan[None]:
        """Refuses what would reach the other; in the transaction of whoever writes it down, who
        has claimed the mentorship."""
        return safety_tables.admit(site_id, mentorship, person)

    # ---- what is done --------------------------------------------------------------------------

    async def leave(self, of: Mentorship, person: str) -> None:
        """Closes the mentorship, once: meetings to come are cancelled."""
        now_us = self._clock.wall_us()
        closed = await self._database.write(self._leave, of, person, now_us)
        self._changed(of, [Left(person, now_us)] if closed else [])

    @essential  # away from somebody one gets on a full disk too
    def _leave(self, of: Mentorship, person: str, now_us: int) -> Plan[bool]:
        yield from tables.claim(of.site_id, of.id)
        if not (yield from safety_tables.close(of.site_id, of.id, person, now_us)):
            return False
        yield from self._shut_as_it_stands(of)
        yield from self._arrangements.cancel_all(of, person, now_us)
        fact = MentorshipClosed(mentorship=of.id, by=person, at_us=now_us)
        yield outbox.put(
            of.site_id, self._ids.new("fac"), "mentorship.closed", msgspec.msgpack.encode(fact),
            now_us,
        )  # fmt: skip
        return True

    async def block(self, of: Mentorship, person: str, *, on: bool) -> None:
        """The other does not reach `person` any more, or does again."""
        await self._database.write(self._block, of, person, on, self._clock.wall_us())
        self._changed(of, [Blocks(person, on)])

    @essential
    def _block(self, of: Mentorship, person: str, on: bool, now_us: int) -> Plan[None]:
        yield from tables.claim(of.site_id, of.id)
        if on:
            yield from safety_tables.block(of.site_id, of.id, person, now_us)
        else:
            yield from safety_tables.unblock(of.site_id, of.id, person)
        yield from self._shut_as_it_stands(of)

    def _shut_as_it_stands(self, of: Mentorship) -> Plan[None]:
        """What is under way already is stored before this, or refused."""
        bounds = (yield from safety_tables.bounds(of.site_id, [of.id]))[of.id]
        codes = {person: code for person in of.roles if (code := refused(bounds, person))}
        unseen = [who for who in of.roles if not all(shows(bounds, who, to) for to in of.roles)]
        yield from self._shut(of.site_id, of.conversation, codes, unseen)

    async def report(
        self,
        of: Mentorship,
        person: str,
        wish: NewReport,
        messages: Sequence[Copied],
        key: str | None,
    ) -> str:
        """Keeps what somebody says of the other, with copies of the messages that it is about and
        of how each read before, and leaves or blocks in the same step; its id: the same idempotency
        `key` again gives the first answer. Refuses with `invalid_field`, `rate_limited`,
        `conflict`."""
        words = clean(wish.words, "words")
        if len(words) > REPORT_WORDS_MAX:
            raise Refusal("invalid_field", f"At most {REPORT_WORDS_MAX} characters.", field="words")
        if missing := set(wish.seqs) - {message.seq for message, _ in messages}:
            raise Refusal("invalid_field", f"There is no message {min(missing)}.", field="seqs")
        (about,) = set(of.roles) - {person}
        now_us = self._clock.wall_us()
        new = Report(self._ids.new("rep"), of.id, person, about, wish.reason, words, now_us)
        id_, closed = await self._database.write(self._report, of, new, wish, messages, key)
        if wish.also and id_ == new.id:  # nothing shows the other that there is a report alone
            left: list[Change] = [Left(person, now_us)] if closed else []
            self._changed(of, left + [Blocks(person, True)] * ("block" in wish.also))
        self._nudge()
        return id_

    def _report(
        self,
        of: Mentorship,
        new: Report,
        wish: NewReport,
        messages: Sequence[Copied],
        key: str | None,
    ) -> Plan[tuple[str, bool]]:
        site_id, person, now_us = of.site_id, new.person, new.at_us
        yield from tables.claim(site_id, of.id)
        if key is not None:
            digest = hashlib.sha256(msgspec.json.encode([of.id, wish])).digest()
            first = yield from idempotency.once(
                site_id, person, "report", key, digest, new.id.encode(), now_us
            )
            if first is not None:
                return first.decode(), False
        lately = yield from safety_tables.reported_since(site_id, of.id, person, now_us - DAY_US)
        if lately >= REPORTS_A_DAY:
            raise Refusal("rate_limited", retry_after_us=DAY_US)
        yield from safety_tables.add_report(site_id, new, messages)
        fact = ReportMade(report=new.id, mentorship=of.id, by=person, at_us=now_us)
        yield outbox.put(
            site_id, self._ids.new("fac"), "report.made", msgspec.msgpack.encode(fact), now_us
        )
        closed = "leave" in wish.also and (yield from self._leave(of, person, now_us))
        if "block" in wish.also:
            yield from self._block(of, person, True, now_us)
        return new.id, closed

    def hides(self, of: Mentorship, person: str, *, on: bool) -> None:
        """Tells that somebody keeps to themselves when they were last here, or does not any
        more."""
        self._tell(of, Hides(person, on))

    def _changed(self, of: Mentorship, changes: Sequence[Change]) -> None:
        self.forget(of.site_id, of.id)
        self._nudge()
        for change in changes:
            self._tell(of, change)

    def _tell(self, of: Mentorship, change: Change) -> None:
        self._bus.publish(bounds_topic(of.site_id, of.id), msgspec.msgpack.encode(change))

    # ---- for the operator ----------------------------------------------------------------------

    async def newest_reports(self, site_id: str, limit: int) -> list[Report]:
        """Newest first."""
        return await self._database.read(safety_tables.newest_reports, site_id, limit)

    async def read_report(self, site_id: str, id_: str) -> tuple[Report, list[Copy]] | None:
        """A report, and the messages that it came with."""
        return await self._database.read(safety_tables.report, site_id, id_)
