"""Sites, persons and the way from a link to a grant."""

import zoneinfo
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Executable

from people import tables
from people.sansio import claims, handles
from people.sansio.profile import clean_email, clean_name, clean_zone
from people.tables import Invitation, Key, Known
from people.tokens import GRANT_ALGORITHM, Seals, Tokens, new_signing_secret
from protocol.errors import Refusal
from protocol.facts import AccessRevoked, PersonForgotten, PersonMoved
from protocol.grants import GrantClaims
from protocol.rest import Grant, NewPerson
from protocol.views import PersonView
from runtime import idempotency, outbox
from runtime.clock import Clock
from runtime.database import Database, Plan, essential
from runtime.ids import Ids

FORGOTTEN = "Someone who left"
RENEWAL_TTL_US = 30 * 24 * 3600 * 1_000_000


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a believed grant speaks for. `mentorship` narrows it to that one."""

    site_id: str
    person: str
    invitation: str
    mentorship: str | None = None


class People:
    """People of all sites on this server. Call `open()` before anything else. `nudge` tells the
    outbox that something was put into it."""

    def __init__(
        self, database: Database, clock: Clock, ids: Ids, nudge: Callable[[], None]
    ) -> None:
        self._database, self._clock, self._ids, self._nudge = database, clock, ids, nudge
        self._zones = zoneinfo.available_timezones() - {"Factory", "localtime"}

    async def open(self) -> None:
        """Loads the keys, after making the first site on an empty database."""
        if not await self._database.read(tables.all_sites):
            await self._database.write(self._first_site, self._clock.wall_us())
        await self._database.write(self._complete, self._clock.wall_us())
        keys = await self._database.read(tables.all_keys)
        self._tokens = Tokens(keys)
        self._seals = Seals(keys)
        self._handle_keys = {key.site_id: key.secret for key in keys if key.kind == "handle"}
        self._restores = await self._database.read(tables.all_restores)
        (self.home_site, *_) = await self._database.read(tables.all_sites)

    def _first_site(self, now_us: int) -> Plan[None]:
        site = self._ids.new("site")
        grant = Key(site, self._ids.new("key"), "grant", GRANT_ALGORITHM, new_signing_secret())
        handle = Key(site, self._ids.new("key"), "handle", "HS256", self._ids.secret().encode())
        # Two nodes may start at once: the loser of the race finds the winner's site.
        yield from tables.add_site(site, "home", [grant, handle, self._ledger_key(site)], now_us)

    @essential
    def _complete(self, now_us: int) -> Plan[None]:
        """Sites that were made before the ledger signed get its key."""
        keys = yield from tables.all_keys()
        have = {key.site_id for key in keys if key.kind == "ledger"}
        for site_id in (yield from tables.all_sites()):
            if site_id not in have:
                yield from tables.add_keys([self._ledger_key(site_id)], now_us)

    def _ledger_key(self, site_id: str) -> Key:
        return Key(site_id, self._ids.new("key"), "ledger", GRANT_ALGORITHM, new_signing_secret())

    def epoch(self, site_id: str) -> int:
        """Another number since the site was put back to what a backup held: what pages have of it
        from before may be of another course of things."""
        return self._restores.get(site_id, 0)

    def sign(self, site_id: str, statement: bytes) -> tuple[str, bytes]:
        """What the ledger settled, signed for whoever keeps it: the key's id and the signature."""
        return self._seals.sign(site_id, statement)

    def ledger_keys(self, site_id: str) -> dict[str, bytes]:
        """The public keys (Ed25519) that `sign` has used for a site, by id."""
        return self._seals.public(site_id)

    # ---- plans for whoever creates people ------------------------------------------------------

    def checked(self, person: NewPerson, field: str) -> tuple[PersonView, str]:
        """A new person's view and e-mail address, or a refusal that names the field."""
        name = clean_name(person.name, f"{field}.name")
        zone = clean_zone(person.zone, self._zones, f"{field}.zone")
        email = clean_email(person.email, f"{field}.email")
        return PersonView(id=self._ids.new("per"), name=name, zone=zone), email

    def checked_zone(self, zone: str, field: str) -> str:
        """An IANA zone name, or a refusal that names the field."""
        return clean_zone(zone, self._zones, field)

    def add(
        self,
        site_id: str,
        person: PersonView,
        email: str,
        invitation: str,
        mentorship: str,
        now_us: int,
        expires_us: int | None,
    ) -> Plan[None]:
        """A checked person, and an invitation that leads them to a mentorship."""
        yield from tables.add_person(site_id, person, email, now_us)
        yield from tables.add_invitation(
            site_id, invitation, person.id, mentorship, now_us, expires_us
        )

    def invite(self, site_id: str, person: str, mentorship: str | None, now_us: int) -> Plan[str]:
        """A new invitation's id."""
        id_ = self._ids.new("inv")
        yield from tables.add_invitation(site_id, id_, person, mentorship, now_us)
        return id_

    async def live_invitation(self, site_id: str, person: str) -> str | None:
        """The newest of a person's invitations that was not revoked."""
        found = await self._database.read(tables.invitations_of_person, site_id, person)
        live = [invitation.id for invitation in found if invitation.revoked_us is None]
        return live[-1] if live else None

    def link_handle(self, site_id: str, invitation: str) -> str:
        """The secret that goes into a link's fragment."""
        return handles.seal(self._handle_keys[site_id], invitation)

    async def live_links(self, site_id: str, person: str) -> int:
        """How many of a person's links were not withdrawn."""
        found = await self._database.read(tables.invitations_of_person, site_id, person)
        return sum(invitation.revoked_us is None for invitation in found)

    async def by_id(self, site_id: str, ids: list[str]) -> dict[str, PersonView]:
        """The persons of a site with these ids."""
        found = await self.known(site_id, ids)
        return {id_: each.view for id_, each in found.items()}

    async def known(self, site_id: str, ids: list[str]) -> dict[str, Known]:
        """The same, with when they were last here."""
        return await self._database.read(tables.known, site_id, ids)

    async def saw(self, site_id: str, person: str) -> None:
        """They were here until now."""
        await self._database.write(tables.see, site_id, person, self._clock.wall_us())

    async def hide_seen(self, site_id: str, person: str, *, hidden: bool) -> None:
        """Whether a person keeps to themselves when they were last here."""
        since_us = self._clock.wall_us() if hidden else None
        await self._database.write(tables.hide_seen, site_id, person, since_us)

    async def move(self, site_id: str, person: str, zone: str) -> None:
        """They go by another clock from now on. Refuses with `invalid_field`."""
        checked = self.checked_zone(zone, "zone")
        await self._database.write(self._move, site_id, person, checked, self._clock.wall_us())
        self._nudge()

    def _move(self, site_id: str, person: str, zone: str, now_us: int) -> Plan[None]:
        if (yield from tables.move_person(site_id, person, zone)):
            yield self._put(site_id, "person.moved", PersonMoved(person=person, at_us=now_us))

    def _put(
        self, site_id: str, topic: str, fact: AccessRevoked | PersonMoved | PersonForgotten
    ) -> Executable:
        payload = msgspec.msgpack.encode(fact)
        return outbox.put(site_id, self._ids.new("fac"), topic, payload, fact.at_us)

    async def called(self, site_id: str, name_or_id: str) -> list[PersonView]:
        """The persons of a site with this id or exactly this name, oldest first."""
        return await self._database.read(tables.persons_called, site_id, name_or_id)

    # ---- from link to grant --------------------------------------------------------------------

    async def exchange(self, handle: str) -> Grant:
        """A grant for an invitation. Refuses with `invitation_invalid`, `invitation_expired` or
        `revoked`; who can show the right secret may know which."""
        site_id, id_ = self._unseal(handle, "inv", "invitation_invalid")
        now_us = self._clock.wall_us()
        invitation, renewal = await self._database.write(self._exchange, site_id, id_, now_us)
        return self._grant(invitation, renewal, invitation.mentorship, None, now_us)

    @essential
    def _exchange(self, site_id: str, id_: str, now_us: int) -> Plan[tuple[Invitation, str]]:
        invitation = yield from tables.invitation(site_id, id_)
        _refuse_unless_live(invitation, now_us)
        assert invitation is not None
        renewal = self._ids.new("ren")
        yield from tables.add_renewal(site_id, renewal, id_, now_us, now_us + RENEWAL_TTL_US)
        return invitation, renewal

    async def renew(self, handle: str, narrow_to: str | None = None) -> Grant:
        """A fresh grant for a renewal handle; one that is narrowed comes without the handle, which
        would buy a wide one. Whether the person is in `narrow_to` is for the caller to check."""
        site_id, id_ = self._unseal(handle, "ren", "renewal_invalid")
        now_us = self._clock.wall_us()
        invitation = await self._database.write(self._renew, site_id, id_, now_us)
        return self._grant(invitation, id_, invitation.mentorship, narrow_to, now_us)

    @essential
    def _renew(self, site_id: str, id_: str, now_us: int) -> Plan[Invitation]:
        from_ = yield from tables.extend_renewal(site_id, id_, now_us, now_us + RENEWAL_TTL_US)
        if from_ is None:
            raise Refusal("renewal_invalid")
        invitation = yield from tables.invitation(site_id, from_)
        _refuse_unless_live(invitation, now_us)
        assert invitation is not None
        return invitation

    def _unseal(self, handle: str, prefix: str, refusal: str) -> tuple[str, str]:
        for site_id, key in self._handle_keys.items():
            if (id_ := handles.unseal(key, handle, prefix)) is not None:
                return site_id, id_
        raise Refusal(refusal)

    def _grant(
        self,
        invitation: Invitation,
        renewal: str,
        leads_to: str | None,
        narrow_to: str | None,
        now_us: int,
    ) -> Grant:
        issued = claims.issue(
            site=invitation.site_id,
            person=invitation.person.id,
            invitation=invitation.id,
            mentorship=narrow_to,
            jti=self._ids.new("gra"),
            now_us=now_us,
        )
        return Grant(
            grant=self._tokens.sign(issued),
            expires_us=issued.exp * 1_000_000,
            now_us=now_us,
            renewal=None
            if narrow_to is not None
            else handles.seal(self._handle_keys[invitation.site_id], renewal),
            person=invitation.person,
            mentorship=leads_to,
        )

    async def authenticate(self, token: str) -> Caller:
        """Whom a grant speaks for. Refuses with `unauthenticated`, or `revoked` when the
        invitation behind it was withdrawn: that is looked up every time."""
        granted = self.claims(token)
        (caller,) = await self.believe(granted.site, [granted])
        if isinstance(caller, Refusal):
            raise caller
        return caller

    def claims(self, token: str) -> GrantClaims:
        """What a grant says that one of our keys signed. Refuses with `unauthenticated`."""
        granted = self._tokens.check(token, self._clock.wall_us())
        if granted is None:
            raise Refusal("unauthenticated")
        return granted

    async def believe(self, site_id: str, grants: Sequence[GrantClaims]) -> list[Caller | Refusal]:
        """The second half of `authenticate`, for many of one site: whether they still hold."""
        ids = sorted({granted.inv for granted in grants})
        found = await self._database.read(tables.invitations_by_id, site_id, ids)
        return [_believed(granted, found.get(granted.inv)) for granted in grants]

    async def forget_expired(self) -> None:
        """Removes what has run out."""
        await self._database.write(tables.forget_renewals, self._clock.wall_us())

    # ---- withdrawing ---------------------------------------------------------------------------

    async def replace_link(self, site_id: str, person: str) -> str:
        """Revokes everything that a person was ever given; the handle of a fresh invitation."""
        now_us = self._clock.wall_us()
        id_ = await self._database.write(self._replace_link, site_id, person, now_us)
        self._nudge()
        return self.link_handle(site_id, id_)

    def _replace_link(self, site_id: str, person: str, now_us: int) -> Plan[str]:
        leads_to = yield from self._revoke_all(site_id, person, now_us)
        return (yield from self.invite(site_id, person, leads_to, now_us))

    async def forget(self, site_id: str, person: str) -> None:
        """Takes away a person's name, zone and address, and every way in; the id stays in what they
        took part in."""
        now_us = self._clock.wall_us()
        await self._database.write(self._forget, site_id, person, now_us)
        self._nudge()

    def _forget(self, site_id: str, person: str, now_us: int) -> Plan[None]:
        yield from self._revoke_all(site_id, person, now_us)
        yield from tables.rename_person(
            site_id, PersonView(id=person, name=FORGOTTEN, zone="UTC"), email=""
        )
        yield from tables.forget_seen(site_id, person, now_us)
        yield from idempotency.forget_person(site_id, person)
        fact = PersonForgotten(person=person, at_us=now_us)
        yield self._put(site_id, "person.forgotten", fact)

    def _revoke_all(self, site_id: str, person: str, now_us: int) -> Plan[str | None]:
        """Ends a person's every way in; where the last of the revoked invitations led to."""
        leads_to = None
        yield from tables.claim_person(site_id, person)
        for invitation in (yield from tables.invitations_of_person(site_id, person)):
            leads_to = invitation.mentorship or leads_to
            if (yield from tables.revoke_invitation(site_id, invitation.id, now_us)):
                fact = AccessRevoked(person=person, invitation=invitation.id, at_us=now_us)
                yield self._put(site_id, "access.revoked", fact)
        return leads_to


def _believed(granted: GrantClaims, invitation: Invitation | None) -> Caller | Refusal:
    if invitation is None or invitation.person.id != granted.sub:
        return Refusal("unauthenticated")
    if invitation.revoked_us is not None:
        return Refusal("revoked")
    return Caller(granted.site, granted.sub, granted.inv, granted.mentorship)


def _refuse_unless_live(invitation: Invitation | None, now_us: int) -> None:
    if invitation is None:
        raise Refusal("invitation_invalid")
    if invitation.revoked_us is not None:
        raise Refusal("revoked")
    if invitation.expires_us is not None and invitation.expires_us <= now_us:
        raise Refusal("invitation_expired")
