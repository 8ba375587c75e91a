"""What each HTTP operation answers, by its name in the registry."""

from collections.abc import Callable

import msgspec
from starlette.responses import Response

from mentoring.service import Mentoring
from protocol.errors import Refusal
from protocol.rest import (
    About,
    ExchangeInvitation,
    Grant,
    Health,
    Me,
    MentorshipCreated,
    MessageAccepted,
    MessagePage,
    NewLink,
    NewMentorship,
    PageQuery,
    RenewGrant,
    SendMessage,
    SessionPage,
    SessionQuery,
)
from protocol.views import MentorshipView, SessionView
from runtime.database import DatabaseError
from web import openapi
from web.http import Asked, Handler
from web.services import Services

SECRET_KEY_MIN = 22  # 128 random bits in base64url


class Handlers:
    """One method an operation; `site_id` is the site that visitors without a link see."""

    def __init__(
        self,
        services: Services,
        mentoring: Mentoring,
        *,
        version: str,
        start: str,
        site_id: str,
        draining: Callable[[], bool],
    ) -> None:
        self._services, self._mentoring = services, mentoring
        self._version, self._start, self._site_id = version, start, site_id
        self._draining = draining
        self._openapi = msgspec.json.encode(openapi.document(version))

    def by_name(self) -> dict[str, Handler]:
        """Every public method, by its name."""
        names = (name for name in dir(self) if not name.startswith("_") and name != "by_name")
        return {name: getattr(self, name) for name in names}

    # ---- the server itself ---------------------------------------------------------------------

    async def health(self, asked: Asked) -> Health:
        return Health(status="ok")

    async def ready(self, asked: Asked) -> Health:
        if self._draining():
            raise Refusal("restarting")
        try:
            await self._mentoring.any_at(self._site_id)
        except DatabaseError:
            raise Refusal("unavailable") from None
        return Health(status="ok")

    async def metrics(self, asked: Asked) -> Response:
        text = self._services.metrics.text()
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    async def openapi(self, asked: Asked) -> Response:
        return Response(self._openapi, media_type="application/json")

    async def about(self, asked: Asked) -> About:
        return About(version=self._version, start=self._start == "anyone")

    # ---- who -----------------------------------------------------------------------------------

    async def exchange_invitation(self, asked: Asked) -> Grant:
        self._limit_exchanges(asked)
        body: ExchangeInvitation = asked.body
        return await self._services.people.exchange(body.invitation)

    async def renew_grant(self, asked: Asked) -> Grant:
        self._limit_exchanges(asked)
        body: RenewGrant = asked.body
        people, access = self._services.people, self._services.access
        grant = await people.renew(body.renewal, body.mentorship)
        if body.mentorship is not None:
            caller = await people.authenticate(grant.grant)
            await access.member(caller, "mentorship", body.mentorship)
        return grant

    def _limit_exchanges(self, asked: Asked) -> None:
        """Guessing links is hopeless, and must not be cheap either."""
        client = asked.request.client
        address = client.host if client else ""
        wait_us = self._services.exchanges.allow(address, self._services.clock.monotonic_us())
        if wait_us:
            raise Refusal("rate_limited", retry_after_us=wait_us)

    async def me(self, asked: Asked) -> Me:
        caller, services = asked.me, self._services
        mine = await services.access.mine(caller)
        persons = await services.people.by_id(caller.site_id, [caller.person])
        return Me(
            person=persons[caller.person],
            now_us=services.clock.wall_us(),
            mentorships=await services.views.mentorships(caller.site_id, caller.person, mine),
        )

    async def replace_link(self, asked: Asked) -> NewLink:
        caller = asked.me
        handle = await self._services.people.replace_link(caller.site_id, caller.person)
        return NewLink(url=self._services.origins.link(handle))

    # ---- mentorships ---------------------------------------------------------------------------

    async def start_mentorship(self, asked: Asked) -> MentorshipCreated:
        self._limit_exchanges(asked)
        wish: NewMentorship = asked.body
        caller, key = asked.caller, asked.idempotency_key
        if caller is None and key is not None and len(key) < SECRET_KEY_MIN:
            # Strangers share their keys' namespace, and the answer holds secrets.
            raise Refusal("bad_request", "Without a grant, an Idempotency-Key has 22 characters.")
        site_id = caller.site_id if caller else self._site_id
        started = await self._mentoring.start(
            site_id,
            wish,
            actor=caller.person if caller else None,
            key=key,
        )
        return MentorshipCreated(
            mentorship=started.mentorship,
            links=self._services.links(site_id, started.invited),
        )

    async def mentorship(self, asked: Asked) -> MentorshipView:
        caller = asked.me
        (view,) = await self._services.views.mentorships(
            caller.site_id, caller.person, [asked.theirs]
        )
        return view

    # ---- conversations -------------------------------------------------------------------------

    async def messages(self, asked: Asked) -> MessagePage:
        query: PageQuery = asked.query
        page = await self._services.chat.page(
            asked.me.site_id,
            asked.theirs.conversation,
            before=query.before,
            after=query.after,
            limit=query.limit,
        )
        return MessagePage(conversation=page.conversation, head=page.head, messages=page.messages)

    async def send_message(self, asked: Asked) -> MessageAccepted:
        body: SendMessage = asked.body
        caller, services = asked.me, self._services
        now_us = services.clock.monotonic_us()
        if wait_us := services.messages.allow(f"{caller.site_id}:{caller.person}", now_us):
            raise Refusal("rate_limited", retry_after_us=wait_us)
        stored = await services.chat.send(
            caller.site_id, asked.theirs.conversation, caller.person, body.id, body.body
        )
        return MessageAccepted(id=stored.id, seq=stored.seq, at_us=stored.at_us)

    # ---- sessions ------------------------------------------------------------------------------

    async def sessions(self, asked: Asked) -> SessionPage:
        query: SessionQuery = asked.query
        caller, services = asked.me, self._services
        if query.mentorship is not None:
            mine = [await services.access.member(caller, "mentorship", query.mentorship)]
        else:
            mine = await services.access.mine(caller)
        found = await services.ledger.of_mentorships(
            caller.site_id, [each.id for each in mine], query.before_us, query.limit
        )
        return SessionPage(sessions=tuple(found))

    async def session(self, asked: Asked) -> SessionView:
        return await self._services.ledger.view(
            asked.me.site_id, asked.request.path_params["session"]
        )

    async def end_session(self, asked: Asked) -> SessionView:
        caller = asked.me
        view = await self._services.signaling.end(
            caller.site_id,
            asked.theirs.room,
            asked.request.path_params["session"],
            caller.person,
        )
        assert view is not None
        return view
