"""Keeps in which half-seconds each of the two spoke, and says how a session was shared out."""

from mentoring import reflection_tables as tables
from mentoring.sansio.talk import MINUTE, Balance, Minutes, balance, taken
from mentoring.tables import Mentorship
from protocol.types import SLOT_US
from protocol.views import TalkShare, TalkView
from runtime.clock import Clock
from runtime.database import Database, Plan

TREND = 8
"""Sessions, this one included."""


class Talks:
    """Of all sites. `clock` is the one that pages go by."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def hear(
        self, mentorship: Mentorship, session: str, person: str, from_us: int, slots: str
    ) -> None:
        """Takes what a person's page measured in a session that they are in."""
        heard = taken(from_us, slots, self._clock.wall_us())
        if heard:
            await self._database.write(self._hear, mentorship, session, person, heard)

    def _hear(
        self, mentorship: Mentorship, session: str, person: str, slots: dict[int, str]
    ) -> Plan[None]:
        yield from tables.claim(mentorship.site_id, session, mentorship.id)
        yield from tables.hear(mentorship.site_id, session, person, slots)

    async def view(self, mentorship: Mentorship, session: str, person: str) -> TalkView:
        """For this person's eyes only: their own part."""
        return await self._database.read(self._view, mentorship, session, person)

    def _view(self, mentorship: Mentorship, session: str, person: str) -> Plan[TalkView]:
        site_id = mentorship.site_id
        sessions = yield from tables.measured(site_id, mentorship.id, session, TREND)
        voices = yield from tables.voices_of(site_id, sessions)
        balances = {each: _balance(voices[each], person) for each in sessions}
        this = balances.get(session, Balance())
        return TalkView(
            session=session,
            both_us=this.both * SLOT_US,
            speaking_us=this.speaking * SLOT_US,
            overlap_us=this.overlap * SLOT_US,
            silence_us=this.silence * SLOT_US,
            trend=tuple(
                TalkShare(
                    session=each,
                    at_us=min(voices[each][person]) * MINUTE * SLOT_US,
                    both_us=of.both * SLOT_US,
                    speaking_us=of.speaking * SLOT_US,
                )
                for each, of in balances.items()
                if of.both
            ),
        )


def _balance(voices: dict[str, dict[int, str]], person: str) -> Balance:
    mine: Minutes = voices.get(person, {})
    theirs = next((said for who, said in voices.items() if who != person), {})
    return balance(mine, theirs)
