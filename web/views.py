"""Puts together what a person is shown of a mentorship from the rooms that know its parts."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeAlias

import msgspec

from chat.mark_tables import Summary
from chat.service import Chat
from ledger.service import Ledger
from mentoring.arrangements import Arrangements, agreement_view, meeting_view
from mentoring.safety import Safety
from mentoring.sansio.safety import Bounds, shows
from mentoring.tables import Mentorship
from people.service import People
from people.tables import Known
from protocol.types import PresenceState
from protocol.views import Member, MentorshipView, Message, PersonView
from runtime.presence import Presence
from signaling.service import Signaling
from web.sansio.within import NOBODY, Within

LINE_MAX = 200
NO_TALK = Summary()

Opened: TypeAlias = tuple[tuple[MentorshipView, ...], dict[str, Within]]
"""The mentorships of one person as they see them, and what bounds each."""


class Views:
    """Mentorships as one of their members sees them."""

    def __init__(
        self,
        people: People,
        arrangements: Arrangements,
        chat: Chat,
        ledger: Ledger,
        signaling: Signaling,
        presence: Presence,
        safety: Safety,
    ) -> None:
        self._people, self._arrangements = people, arrangements
        self._chat, self._ledger = chat, ledger
        self._signaling, self._presence = signaling, presence
        self._safety = safety

    def presence(
        self, mentorship: Mentorship, person: str, to: str, bounds: Bounds
    ) -> PresenceState:
        """Where a member is, as `to`, of that mentorship too, may know."""
        if not shows(bounds, person, to):
            return "away"
        if self._signaling.in_room(mentorship.site_id, mentorship.room, person):
            return "in_room"
        return "here" if self._presence.here(mentorship.site_id, person) else "away"

    async def within(
        self, site_id: str, mentorships: Sequence[Mentorship], now_us: int
    ) -> dict[str, Within]:
        """What bounds each of them, by id; asked for at `now_us`."""
        return (await self._persons(site_id, mentorships, now_us))[1]

    async def _persons(
        self, site_id: str, mentorships: Sequence[Mentorship], now_us: int
    ) -> tuple[dict[str, Known], dict[str, Within]]:
        everybody = sorted({who for mentorship in mentorships for who in mentorship.roles})
        persons = await self._people.known(site_id, everybody)
        bounds = await self._safety.of(site_id, [each.id for each in mentorships])
        return persons, {
            each.id: _within(bounds[each.id], each, persons, now_us) for each in mentorships
        }

    async def persons(
        self, site_id: str, person: str, mentorships: Sequence[Mentorship]
    ) -> dict[str, PersonView]:
        """Everybody in them, as `person` may know them by any."""
        persons, found = await self._persons(site_id, mentorships, 0)
        told = {
            who
            for each in mentorships
            for who in each.roles
            if shows(found[each.id].bounds, who, person)
        }
        return {who: _as_told(each, who in told) for who, each in persons.items()}

    async def mentorships(
        self, site_id: str, person: str, mentorships: Sequence[Mentorship]
    ) -> tuple[MentorshipView, ...]:
        """Each as `person` sees it, in the given order."""
        ((views, _),) = await self.opened(site_id, [(person, mentorships)], 0)
        return views

    async def opened(
        self, site_id: str, asked: Sequence[tuple[str, Sequence[Mentorship]]], now_us: int
    ) -> list[Opened]:
        """The same for each of many persons, and what bounds theirs; asked for at `now_us`."""
        every = {each.id: each for _, mentorships in asked for each in mentorships}
        talks = await self._chat.summaries(
            site_id, [(each.conversation, person) for person, theirs in asked for each in theirs]
        )
        sessions = await self._ledger.running_in(site_id, [each.room for each in every.values()])
        standing = await self._arrangements.standing(
            site_id, list(every), [session.mentorship for session in sessions.values()]
        )
        persons, found = await self._persons(site_id, list(every.values()), now_us)

        def view(person: str, mentorship: Mentorship) -> MentorshipView:
            within = found[mentorship.id]
            bounds = within.bounds
            now = standing[mentorship.id]
            talk = talks.get((mentorship.conversation, person), NO_TALK)
            return MentorshipView(
                id=mentorship.id,
                conversation=mentorship.conversation,
                room=mentorship.room,
                created_us=mentorship.created_us,
                members=tuple(
                    Member(
                        person=_as_told(persons[who], shows(bounds, who, person)),
                        role=role,
                        presence=(now_is := self.presence(mentorship, who, person, bounds)),
                        seen_us=within.last_seen(who, person) if now_is == "away" else None,
                    )
                    for who, role in mentorship.roles.items()
                ),
                head=talk.head,
                revision=talk.revision,
                read=talk.read,
                unread=talk.unread,
                marks=tuple(
                    mark
                    for marks, are_shown in ((talk.marks, True), (talk.kept, False))
                    for mark in marks
                    if shows(bounds, mark.person, person) == are_shown
                ),
                pinned=talk.pinned,
                last=_line(talk.last),
                session=sessions.get(mentorship.room),
                agreement=agreement_view(now.agreement) if now.agreement else None,
                proposal=agreement_view(now.proposal) if now.proposal else None,
                meeting=meeting_view(now.meeting) if now.meeting else None,
                closed_us=bounds.closed_us,
                closed_by=bounds.closed_by,
                blocked_by_me=person in bounds.blockers,
            )

        return [
            (
                tuple(view(person, each) for each in theirs),
                {each.id: found[each.id] for each in theirs},
            )
            for person, theirs in asked
        ]


def of_all(connections: Iterable[Mapping[str, Mentorship]]) -> list[Mentorship]:
    """The mentorships of several connections, each once."""
    found = {id_: each for mentorships in connections for id_, each in mentorships.items()}
    return list(found.values())


def _within(
    bounds: Bounds, mentorship: Mentorship, persons: Mapping[str, Known], now_us: int
) -> Within:
    known = {who: persons[who] for who in mentorship.roles}
    seen = {who: each.seen_us for who, each in known.items() if each.seen_us is not None}
    hidden = frozenset(who for who, each in known.items() if each.hidden)
    return Within(bounds, hidden, seen or NOBODY, now_us)


def _as_told(known: Known, shown: bool) -> PersonView:
    return known.view if shown else known.parted


def _line(message: Message | None) -> Message | None:
    """The message with no more of its body than a line of the home page shows."""
    if message is None or len(message.body) <= LINE_MAX:
        return message
    return msgspec.structs.replace(message, body=message.body[:LINE_MAX] + "…")
