"""Keeps what the two say after a session, hands each the other's part in time, and asks once."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec
from sqlalchemy import Executable

from mentoring import reflection_tables as tables
from mentoring.sansio.reflection import (
    NOTHING,
    REMIND_AFTER_US,
    WORTH_US,
    Reflection,
    Words,
    clean,
    dismiss,
    remind,
    save,
    share,
)
from mentoring.tables import Mentorship
from protocol.facts import ReflectionShared
from protocol.frames import ReflectionChanged
from protocol.rest import SaveReflection
from protocol.views import OwnReflection, ReflectionView, SharedReflection
from runtime import outbox
from runtime.clock import Clock
from runtime.database import Database, Plan
from runtime.ids import Ids
from runtime.outbox import Event


class Tell(Protocol):
    """Asked of whoever reaches pages."""

    def __call__(self, site_id: str, persons: Sequence[str], frame: ReflectionChanged) -> None: ...


class _Due(msgspec.Struct, frozen=True):
    """What waits in the outbox: the 24 hours of an answer, or the time to ask."""

    session: str
    mentorship: str
    persons: tuple[str, ...]
    due_us: int


class Next(msgspec.Struct, frozen=True):
    """What to begin with: the session of which either said what comes next, and what; the one that
    was not answered."""

    session: str | None
    mine: str
    theirs: str
    reminder: str | None


class Reflections:
    """Of all sites. Who may ask for which session is decided before it gets here."""

    def __init__(
        self, database: Database, clock: Clock, ids: Ids, nudge: Callable[[], None], tell: Tell
    ) -> None:
        self._database, self._clock, self._ids = database, clock, ids
        self._nudge, self._tell = nudge, tell

    async def view(self, site_id: str, session: str, person: str) -> ReflectionView:
        kept = await self._database.read(tables.of_session, site_id, session)
        return _view(session, kept, person)

    async def save(
        self, mentorship: Mentorship, session: str, person: str, wish: SaveReflection
    ) -> ReflectionView:
        """Keeps what a person says; when this returns it is on disk. Refuses with `invalid_field`,
        `already_shared`."""
        words = Words(
            clean(wish.useful, "useful"),
            clean(wish.next, "next"),
            wish.rating,
            clean(wish.private, "private"),
        )
        return await self._change(
            mentorship, session, person, lambda mine, now_us: save(mine, words, now_us)
        )

    async def dismiss(self, mentorship: Mentorship, session: str, person: str) -> ReflectionView:
        """Does not ask this person about this session again."""
        return await self._change(mentorship, session, person, dismiss)

    async def _change(
        self,
        mentorship: Mentorship,
        session: str,
        person: str,
        step: Callable[[Reflection, int], Reflection],
    ) -> ReflectionView:
        now_us = self._clock.wall_us()
        before, after = await self._database.write(
            self._step, mentorship, session, person, step, now_us
        )
        self._nudge()
        if before != after:
            mine_alone = _known(before) == _known(after)  # that is for one's own other pages
            self.announce(mentorship, session, [person] if mine_alone else None)
        return _view(session, after, person)

    def _step(
        self,
        mentorship: Mentorship,
        session: str,
        person: str,
        step: Callable[[Reflection, int], Reflection],
        now_us: int,
    ) -> Plan[tuple[dict[str, Reflection], dict[str, Reflection]]]:
        site_id, members = mentorship.site_id, tuple(mentorship.roles)
        yield from tables.claim(site_id, session, mentorship.id)
        before = yield from tables.of_session(site_id, session)
        mine = before.get(person, NOTHING)
        changed = step(mine, now_us)
        after = yield from self._share(
            site_id, session, mentorship.id, members, before, {**before, person: changed}, now_us
        )
        if mine.answered_us is None and changed.due_us is not None:
            due = _Due(session, mentorship.id, members, changed.due_us)
            yield self._wait(site_id, "reflection.due", due, now_us)
        return before, after

    def _share(
        self,
        site_id: str,
        session: str,
        mentorship: str,
        members: Sequence[str],
        before: dict[str, Reflection],
        after: dict[str, Reflection],
        now_us: int,
    ) -> Plan[dict[str, Reflection]]:
        """Keeps what changed, with what reaches the other now."""
        one, other = members
        shared = share(after.get(one, NOTHING), after.get(other, NOTHING), now_us)
        kept = dict(before)
        for person, reflection in zip(members, shared, strict=True):
            earlier = before.get(person, NOTHING)
            if reflection == earlier:
                continue
            kept[person] = reflection
            yield from tables.keep(site_id, session, person, reflection)
            if reflection.shared_us is not None and earlier.shared_us is None:
                fact = ReflectionShared(
                    session=session, mentorship=mentorship, person=person, at_us=now_us
                )
                payload = msgspec.msgpack.encode(fact)
                yield outbox.put(
                    site_id, self._ids.new("fac"), "reflection.shared", payload, now_us
                )
        return kept

    def _wait(self, site_id: str, topic: str, due: _Due, now_us: int) -> Executable:
        payload = msgspec.msgpack.encode(due)
        return outbox.put(site_id, self._ids.new("evt"), topic, payload, now_us, due.due_us)

    def announce(
        self, mentorship: Mentorship, session: str, to: Sequence[str] | None = None
    ) -> None:
        """Pages of these persons, or of both, are to look again."""
        changed = ReflectionChanged(mentorship=mentorship.id, session=session)
        self._tell(mentorship.site_id, to or list(mentorship.roles), changed)

    # ---- what happens by itself ----------------------------------------------------------------

    async def ended(
        self, mentorship: Mentorship, session: str, ended_us: int, together_us: int
    ) -> None:
        """A session is over: if the two talked long enough, they are asked about it once."""
        if together_us >= WORTH_US:
            await self._database.write(self._ended, mentorship, session, ended_us)
            self._nudge()

    def _ended(self, mentorship: Mentorship, session: str, ended_us: int) -> Plan[None]:
        site_id = mentorship.site_id
        yield from tables.claim(site_id, session, mentorship.id)
        if (yield from tables.end(site_id, session, ended_us)):
            due = _Due(session, mentorship.id, tuple(mentorship.roles), ended_us + REMIND_AFTER_US)
            yield self._wait(site_id, "reflection.asked", due, ended_us)

    async def share_due(self, event: Event) -> None:
        """24 hours after an answer."""
        due = msgspec.msgpack.decode(event.payload, type=_Due)
        now_us = max(self._clock.wall_us(), due.due_us)  # whatever the wall clock did since
        await self._database.write(self._share_due, event.site_id, due, now_us)
        self._nudge()

    def _share_due(self, site_id: str, due: _Due, now_us: int) -> Plan[None]:
        yield from tables.claim(site_id, due.session, due.mentorship)
        kept = yield from tables.of_session(site_id, due.session)
        yield from self._share(
            site_id, due.session, due.mentorship, due.persons, kept, kept, now_us
        )

    async def ask(self, event: Event) -> None:
        """It is time to ask how it was: pages look whether there is anything to ask."""
        due = msgspec.msgpack.decode(event.payload, type=_Due)
        changed = ReflectionChanged(mentorship=due.mentorship, session=due.session)
        self._tell(event.site_id, due.persons, changed)

    # ---- before the next session ---------------------------------------------------------------

    async def next(self, mentorship: Mentorship, person: str) -> Next:
        return await self._database.read(
            self._next, mentorship.site_id, mentorship.id, person, self._clock.wall_us()
        )

    def _next(self, site_id: str, mentorship: str, person: str, now_us: int) -> Plan[Next]:
        session, mine, theirs = None, "", ""
        last = yield from tables.last_next(site_id, mentorship, person)
        if last is not None:
            session, said = last
            mine = said.pop(person, NOTHING).words.next
            theirs = "".join(each.words.next for each in said.values())
        reminder = None
        ended = yield from tables.latest_ended(site_id, mentorship)
        if ended is not None:
            kept = yield from tables.of_session(site_id, ended[0])
            if remind(kept.get(person, NOTHING), ended[1], now_us):
                reminder = ended[0]
        return Next(session, mine, theirs, reminder)

    # ---- erasure -------------------------------------------------------------------------------

    async def worded(self, site_id: str, person: str) -> int:
        """How many sessions a person said something after that is still kept."""
        return await self._database.read(tables.worded, site_id, person)

    async def forget(self, site_id: str, person: str) -> None:
        """Takes away all that a person said, and all that was measured of their voice."""
        await self._database.write(tables.forget, site_id, person)


def _known(kept: dict[str, Reflection]) -> dict[str, int | None]:
    """What the two know of each other: who answered, and since when that is shared."""
    return {who: each.shared_us for who, each in kept.items() if each.answered_us is not None}


def _view(session: str, kept: dict[str, Reflection], person: str) -> ReflectionView:
    mine = kept.get(person, NOTHING)
    theirs = next(((who, each) for who, each in kept.items() if who != person), None)
    return ReflectionView(
        session=session,
        mine=_own(mine) if mine.saved_us is not None else None,
        theirs=_shared(*theirs) if theirs is not None else None,
        they_answered=theirs is not None and theirs[1].answered_us is not None,
    )


def _own(mine: Reflection) -> OwnReflection:
    return OwnReflection(
        useful=mine.words.useful,
        next=mine.words.next,
        rating=mine.words.rating,
        private=mine.words.private,
        answered_us=mine.answered_us,
        due_us=mine.due_us,
        shared_us=mine.shared_us,
    )


def _shared(person: str, theirs: Reflection) -> SharedReflection | None:
    """Of another's reflection what has been shared, and nothing that is private."""
    if theirs.shared_us is None:
        return None
    useful, following, rating = theirs.words.shared
    return SharedReflection(
        person=person, useful=useful, next=following, rating=rating, shared_us=theirs.shared_us
    )
