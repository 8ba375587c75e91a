"""Begins mentorships and answers who is in which."""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import msgspec

from mentoring import tables
from mentoring.tables import Mentorship
from people.service import People
from protocol.errors import Refusal
from protocol.facts import MentorshipStarted
from protocol.registry import Scope
from protocol.rest import NewMentorship, NewPerson
from protocol.types import Role
from protocol.views import PersonView
from runtime import idempotency, outbox
from runtime.clock import Clock
from runtime.database import Database, Plan
from runtime.ids import Ids

CACHED = 10_000
DAY_US = 24 * 3600 * 1_000_000
KEYS_KEPT_US = 30 * DAY_US


@dataclass(frozen=True, slots=True)
class Invited:
    """A person created together with a mentorship, and their invitation."""

    person: PersonView
    role: Role
    invitation: str


@dataclass(frozen=True, slots=True)
class Started:
    mentorship: str
    invited: tuple[Invited, ...]


class Mentoring:
    """Mentorships of all sites. A mentorship never changes its members, so lookups are kept."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        ids: Ids,
        people: People,
        nudge: Callable[[], None],
    ) -> None:
        self._database, self._clock, self._ids = database, clock, ids
        self._people, self._nudge = people, nudge
        self._found: OrderedDict[tuple[str, Scope, str], Mentorship] = OrderedDict()

    async def start(
        self, site_id: str, wish: NewMentorship, *, actor: str | None, key: str | None
    ) -> Started:
        """Creates a mentorship and the people in it that do not exist yet. `actor` is who asks, if
        signed in; their idempotency `key` again gives the first answer, and with another wish
        `conflict`. Refuses with `invalid_field`."""
        if wish.i_am is not None and actor is None:
            raise Refusal("invalid_field", "Sign in to be one of the two.", field="i_am")
        people: dict[Role, str] = {}
        new: list[tuple[PersonView, str, Role]] = []
        roles: tuple[Role, Role] = ("mentor", "mentee")
        for role in roles:
            given: NewPerson | None = getattr(wish, role)
            if wish.i_am == role:
                if given is not None:
                    raise Refusal("invalid_field", "You are that person already.", field=role)
                assert actor is not None
                people[role] = actor
            elif given is None:
                raise Refusal("invalid_field", f"Say who the {role} is.", field=role)
            else:
                view, email = self._people.checked(given, role)
                people[role] = view.id
                new.append((view, email, role))
        mentorship = Mentorship(
            site_id=site_id,
            id=self._ids.new("men"),
            conversation=self._ids.new("cnv"),
            room=self._ids.new("room"),
            created_us=self._clock.wall_us(),
            roles=MappingProxyType({person: role for role, person in people.items()}),
        )
        digest = hashlib.sha256(msgspec.json.encode(wish)).digest()
        started = await self._database.write(
            self._start, mentorship, new, wish.link_days, actor or "anyone", key, digest
        )
        self._nudge()
        return started

    def _start(
        self,
        mentorship: Mentorship,
        new: list[tuple[PersonView, str, Role]],
        link_days: int | None,
        actor: str,
        key: str | None,
        digest: bytes,
    ) -> Plan[Started]:
        site_id, now_us = mentorship.site_id, mentorship.created_us
        expires_us = now_us + link_days * DAY_US if link_days is not None else None
        started = Started(
            mentorship.id,
            tuple(Invited(view, role, self._ids.new("inv")) for view, _, role in new),
        )
        if key is not None:
            first = yield from idempotency.once(
                site_id,
                actor,
                "start_mentorship",
                key,
                digest,
                msgspec.json.encode(started),
                now_us,
            )
            if first is not None:
                return msgspec.json.decode(first, type=Started)
        for (view, email, _), invited in zip(new, started.invited, strict=True):
            yield from self._people.add(
                site_id, view, email, invited.invitation, mentorship.id, now_us, expires_us
            )
        yield from tables.add(mentorship)
        by_role = {role: person for person, role in mentorship.roles.items()}
        fact = MentorshipStarted(
            mentorship=mentorship.id,
            mentor=by_role["mentor"],
            mentee=by_role["mentee"],
            at_us=now_us,
        )
        yield outbox.put(
            site_id,
            self._ids.new("fac"),
            "mentorship.started",
            msgspec.msgpack.encode(fact),
            now_us,
        )
        return started

    async def started_with(self, site_id: str, actor: str, key: str) -> Started | None:
        """What the first `start` by this actor with this idempotency key gave, if there was one."""
        first = await self._database.read(
            idempotency.first, site_id, actor, "start_mentorship", key
        )
        return None if first is None else msgspec.json.decode(first, type=Started)

    async def forget_keys(self) -> None:
        """Removes idempotency keys that nobody will repeat any more."""
        await self._database.write(idempotency.forget, self._clock.wall_us() - KEYS_KEPT_US)

    async def find(self, site_id: str, scope: Scope, id_: str) -> Mentorship | None:
        """The mentorship that a mentorship, conversation or room id belongs to."""
        key = (site_id, scope, id_)
        found = self._found.get(key)
        if found is None:
            found = await self._database.read(tables.find, site_id, scope, id_)
            if found is not None:
                self._keep(scope, id_, found)
        return found

    def _keep(self, scope: Scope, id_: str, found: Mentorship) -> None:
        self._found[found.site_id, scope, id_] = found
        if len(self._found) > CACHED:
            self._found.popitem(last=False)

    async def of_person(self, site_id: str, person: str) -> list[Mentorship]:
        """All of a person's mentorships, oldest first."""
        return (await self.of_persons(site_id, [person]))[person]

    async def of_persons(self, site_id: str, persons: Sequence[str]) -> dict[str, list[Mentorship]]:
        """The same of each of them."""
        found = await self._database.read(tables.of_persons, site_id, persons)
        for each in (mentorship for theirs in found.values() for mentorship in theirs):
            self._keep("conversation", each.conversation, each)  # they are about to be written in
        return found

    async def any_at(self, site_id: str) -> bool:
        return await self._database.read(tables.any_at, site_id)
