"""The mentorships of one connection, and what it knows of the others in them. What is told of them
on the bus asks the database nothing: a slow one, or none, must not end a connection for that."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping

import msgspec

from mentoring.sansio.safety import Blocks, Bounds, Change, shows
from mentoring.tables import Mentorship
from protocol.frames import MentorshipChanged, PresenceChanged
from protocol.registry import Scope
from protocol.views import MentorshipView, SessionView
from runtime.bus import Bus
from runtime.clock import Clock
from runtime.database import DatabaseError
from web.sansio.within import Within, as_shown, asked, gone, told
from web.views import Views

SESSIONS_MOST = 32
"""Of so many sessions one knows how they were told last."""

_change = msgspec.msgpack.Decoder(Change)


class Company:
    """Of one person. `send` queues a frame for the connection, `look` asks how mentorships stand.
    Where other nodes are, somebody's coming or going is told once that has been asked: that they
    hide, or block, may have been said on another, and nobody hears it while the bus is deaf."""

    def __init__(
        self,
        views: Views,
        clock: Clock,
        bus: Bus,
        look: Callable[[str, Mapping[str, Mentorship]], Awaitable[Mapping[str, Within]]],
        site_id: str,
        me: str,
        send: Callable[[PresenceChanged | MentorshipChanged], None],
    ) -> None:
        self._views, self._clock = views, clock
        self._bus, self._look = bus, look
        self._site_id, self._me, self._send = site_id, me, send
        self.mentorships: dict[str, Mentorship] = {}
        self.talks: dict[str, Mentorship] = {}
        self._within: dict[str, Within] = {}
        self._shown: dict[str, int] = {}
        self._unshown: set[str] = set()
        self._sessions: dict[str, int] = {}
        self._moved = defaultdict[str, dict[str, int]](dict)
        self._asking: asyncio.Task[None] | None = None

    def follow(self, mentorship: Mentorship) -> None:
        """Nobody is shown anything of it before it is known how it stands."""
        self.mentorships[mentorship.id] = self.talks[mentorship.conversation] = mentorship
        self._within[mentorship.id] = Within()

    def known(self, scope: Scope, id_: str) -> tuple[Mentorship, Bounds] | None:
        """Which one a conversation or a room belongs to, and how it stands, if that is known."""
        if scope == "conversation":
            mentorship = self.talks.get(id_)
        else:
            mentorship = next((m for m in self.mentorships.values() if m.room == id_), None)
        if mentorship is None:
            return None
        bounds = self._within[mentorship.id].bounds
        return (mentorship, bounds) if bounds.known else None

    def may_know(self, conversation: str, person: str) -> bool:
        """Whether one is told what somebody does in a conversation."""
        within = self._within[self.talks[conversation].id]
        return shows(within.bounds, person, self._me)

    def has(self, mentorship: str) -> bool:
        return mentorship in self.mentorships

    def was_shown(self, view: MentorshipView) -> None:
        """What came over the bus. Two nodes may tell of two changes in either order: the last word
        is the database's."""
        self._shown[view.id] = as_shown(view)
        self.look_again(view.id)

    def look_again(self, mentorship: str) -> None:
        """It may look otherwise than it was shown."""
        self._unshown.add(mentorship)
        self.ask()

    def is_news(self, session: SessionView) -> bool:
        """Each of the facts that one change comes to tells of it."""
        return session.version > self._sessions.get(session.id, 0)

    def was_told(self, session: SessionView) -> None:
        self._sessions.pop(session.id, None)  # the one told last is the last
        self._sessions[session.id] = session.version
        if len(self._sessions) > SESSIONS_MOST:
            del self._sessions[next(iter(self._sessions))]

    # ---- what is told ----------------------------------------------------------------------------

    def moved(self, person: str, room: str | None = None, gone_us: int = 0) -> None:
        """Somebody came or went: in every mentorship with them, or in the one that has this room,
        for who is in whose call is not for others to know."""
        for mentorship in list(self.mentorships.values()):
            if person in mentorship.roles and room in (None, mentorship.room):
                within = self._within[mentorship.id]
                if gone_us:
                    within = self._within[mentorship.id] = gone(within, person, gone_us)
                if self._bus.shared:
                    self._moved[mentorship.id][person] = self._clock.monotonic_us()
                elif shows(within.bounds, person, self._me):
                    self._say(mentorship, person, within)
        if self._moved:
            self.ask()

    def _say_moved(self, id_: str, until_us: int | None = None) -> None:
        """Of those who had come or gone until then."""
        within, moved = self._within[id_], self._moved.pop(id_, {})
        for person, at_us in moved.items():
            if until_us is not None and at_us > until_us:
                self._moved[id_][person] = at_us
            elif shows(within.bounds, person, self._me):
                self._say(self.mentorships[id_], person, within)

    def changed(self, mentorship: str, payload: bytes) -> None:
        """What may be known in a mentorship has changed."""
        change = _change.decode(payload)
        within = told(self._within[mentorship], change, self._clock.monotonic_us())
        self._within[mentorship] = within
        self._say_all(self.mentorships[mentorship], within)
        if isinstance(change, Blocks):
            # They may go by another clock than one is told now; and who has blocked them in
            # another tab may never be told so by that request.
            self.look_again(mentorship)

    def _say_all(self, mentorship: Mentorship, within: Within) -> None:
        for person in mentorship.roles:
            if person != self._me:
                self._say(mentorship, person, within)

    def _say(self, mentorship: Mentorship, person: str, within: Within) -> None:
        presence = self._views.presence(mentorship, person, self._me, within.bounds)
        away = presence == "away"
        self._send(
            PresenceChanged(
                mentorship=mentorship.id,
                person=person,
                presence=presence,
                seen_us=within.last_seen(person, self._me) if away else None,
            )
        )

    # ---- what the database says ------------------------------------------------------------------

    def opened(self, views: Iterable[MentorshipView], found: Mapping[str, Within]) -> None:
        """How they stood when the snapshot was taken, which shows it."""
        self._within |= found
        self._shown |= {view.id: as_shown(view) for view in views}

    def stands(self, found: Mapping[str, Within]) -> None:
        """How they stand now: what was told, and lost on the way, is noticed here."""
        for id_ in found.keys() & self._within.keys():
            before = self._within[id_]
            within = self._within[id_] = asked(before, found[id_])
            self._say_moved(id_, found[id_].at_us)
            if (before.bounds, before.hidden) == (within.bounds, within.hidden):
                continue
            self._say_all(self.mentorships[id_], within)
            if before.bounds.known and before.bounds != within.bounds:
                self._unshown.add(id_)
        if self._unshown:
            self.ask()

    def ask(self) -> None:
        """What is not known, or was not shown, is asked for meanwhile."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())

    async def _ask(self) -> None:
        try:
            while True:  # more may come while one of them is looked up
                asked = {
                    id_: each
                    for id_, each in self.mentorships.items()
                    if id_ in self._moved or not self._within[id_].bounds.known
                }
                if asked:
                    self.stands(await self._look(self._site_id, asked))
                elif self._unshown:
                    await self._show()
                else:
                    return
        except DatabaseError:  # the next glance tries again
            if not self._bus.apart:
                for id_ in list(self._moved):
                    self._say_moved(id_)

    async def _show(self) -> None:
        """Those that look otherwise than they were shown. What one may do is known first."""
        unshown = {id_: self.mentorships[id_] for id_ in sorted(self._unshown)}
        self.stands(await self._look(self._site_id, unshown))
        looked, self._unshown = self._unshown, set()
        try:
            views = await self._views.mentorships(
                self._site_id, self._me, [self.mentorships[id_] for id_ in sorted(looked)]
            )
        except DatabaseError:
            self._unshown |= looked
            raise
        for view in views:
            if view.id in self._unshown:
                continue  # it was shown meanwhile, perhaps as it was later: once more
            shown = as_shown(view)
            if shown != self._shown.get(view.id):
                self._shown[view.id] = shown
                self._send(MentorshipChanged(mentorship=view))

    async def stop(self) -> None:
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)
