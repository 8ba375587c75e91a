"""What each HTTP operation answers, by its name in the registry."""

from collections.abc import Callable, Collection, Sequence
from functools import cache

import msgspec
from starlette.responses import Response

from ledger.views import base64url
from mentoring.sansio.safety import OPEN
from mentoring.service import Mentoring
from mentoring.tables import Mentorship
from people.service import Caller
from protocol.codec import encode
from protocol.errors import Refusal
from protocol.frames import MentorshipChanged
from protocol.rest import (
    About,
    AgreementPage,
    AgreementQuery,
    Block,
    Confirm,
    Contest,
    EditMessage,
    ExchangeInvitation,
    FactPage,
    Grant,
    Health,
    LastTime,
    LedgerKey,
    LedgerKeys,
    Me,
    MeetingPage,
    MeetingQuery,
    MentorshipCreated,
    MessageAccepted,
    MessagePage,
    MessageVersions,
    NewCorrection,
    NewLink,
    NewMentorship,
    NewReport,
    NextSteps,
    PageQuery,
    PinMessage,
    PinnedMessages,
    ReactToMessage,
    Reminder,
    RenewGrant,
    Reported,
    SaveReflection,
    SearchHit,
    SearchPage,
    SearchQuery,
    SearchWithinQuery,
    SeenSetting,
    SendMessage,
    SessionPage,
    SessionQuery,
    Statement,
    StatementQuery,
    ZoneSetting,
)
from protocol.types import VERSION_MAX, Id
from protocol.views import (
    AgreementView,
    MeetingView,
    MentorshipView,
    Message,
    ReflectionView,
    SessionAccount,
    SessionView,
    TalkView,
)
from runtime.database import DatabaseError
from runtime.limits import Limiter
from signaling.service import person_topic
from web import openapi
from web.http import Asked, Handler
from web.services import Services
from web.statements import as_csv, month_bounds, statement

SECRET_KEY_MIN = 22  # 128 random bits in base64url


@cache
def _openapi(version: str) -> bytes:
    return msgspec.json.encode(openapi.document(version))


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
        return Response(_openapi(self._version), media_type="application/json")

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
        known = await services.people.known(caller.site_id, [caller.person])
        return Me(
            person=known[caller.person].view,
            seen_hidden=known[caller.person].hidden,
            now_us=services.clock.wall_us(),
            mentorships=await services.views.mentorships(caller.site_id, caller.person, mine),
        )

    async def set_seen(self, asked: Asked) -> SeenSetting:
        wish: SeenSetting = asked.body
        caller = asked.me
        await self._services.people.hide_seen(caller.site_id, caller.person, hidden=wish.hidden)
        for each in await self._mentoring.of_person(caller.site_id, caller.person):
            self._services.safety.hides(each, caller.person, on=wish.hidden)
        return wish

    async def set_zone(self, asked: Asked) -> ZoneSetting:
        wish: ZoneSetting = asked.body
        await self._services.people.move(asked.me.site_id, asked.me.person, wish.zone)
        return wish

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

    async def leave_mentorship(self, asked: Asked) -> MentorshipView:
        await self._services.safety.leave(asked.theirs, asked.me.person)
        return await self._parted(asked, {"leave"})

    async def block_other(self, asked: Asked) -> MentorshipView:
        wish: Block = asked.body
        await self._services.safety.block(asked.theirs, asked.me.person, on=wish.on)
        return await self._parted(asked, {"block"} if wish.on else ())

    async def report_other(self, asked: Asked) -> Reported:
        wish: NewReport = asked.body
        of, services = asked.theirs, self._services
        copies = await services.chat.picked(of.site_id, of.conversation, wish.seqs)
        report = await services.safety.report(
            of, asked.me.person, wish, copies, asked.idempotency_key
        )
        # Also when it is asked again: the first time it may not have come this far.
        if wish.also and await services.safety.bounds(of.site_id, of.id) != OPEN:
            await self._parted(asked, wish.also)
        return Reported(report=report)

    async def _parted(self, asked: Asked, what: Collection[str]) -> MentorshipView:
        """Ends what runs, and tells what the mentorship is like now: after a block whoever blocks,
        in all their tabs; of the rest the facts tell."""
        caller, of, services = asked.me, asked.theirs, self._services
        if what:
            await services.signaling.end(caller.site_id, of.room, None, caller.person)
        view = await self.mentorship(asked)
        if "leave" not in what:
            frame = encode(MentorshipChanged(mentorship=view), "msgpack")
            services.bus.publish(person_topic(caller.site_id, caller.person), frame)
        return view

    # ---- agreements and meetings ---------------------------------------------------------------

    async def agreements(self, asked: Asked) -> AgreementPage:
        query: AgreementQuery = asked.query
        versions = await self._services.arrangements.versions(
            asked.theirs, query.before, query.limit
        )
        return AgreementPage(agreements=versions)

    async def propose_agreement(self, asked: Asked) -> AgreementView:
        return await self._services.arrangements.propose(
            asked.theirs, asked.me.person, asked.body, asked.idempotency_key
        )

    async def accept_agreement(self, asked: Asked) -> AgreementView:
        return await self._services.arrangements.accept(
            asked.theirs, _version(asked), asked.me.person
        )

    async def decline_agreement(self, asked: Asked) -> AgreementView:
        return await self._services.arrangements.decline(
            asked.theirs, _version(asked), asked.me.person
        )

    async def withdraw_agreement(self, asked: Asked) -> AgreementView:
        return await self._services.arrangements.withdraw(
            asked.theirs, _version(asked), asked.me.person
        )

    async def meetings(self, asked: Asked) -> MeetingPage:
        query: MeetingQuery = asked.query
        found = await self._services.arrangements.calendar(
            asked.theirs, query.after_us, query.limit
        )
        return MeetingPage(meetings=found)

    async def plan_meeting(self, asked: Asked) -> MeetingView:
        return await self._services.arrangements.plan(
            asked.theirs, asked.me.person, asked.body, asked.idempotency_key
        )

    async def move_meeting(self, asked: Asked) -> MeetingView:
        return await self._services.arrangements.move(
            asked.theirs, _meeting(asked), asked.me.person, asked.body
        )

    async def cancel_meeting(self, asked: Asked) -> MeetingView:
        return await self._services.arrangements.cancel(
            asked.theirs, _meeting(asked), asked.me.person
        )

    # ---- conversations -------------------------------------------------------------------------

    async def messages(self, asked: Asked) -> MessagePage:
        query: PageQuery = asked.query
        self._bound(asked.me, self._services.pages)
        page = await self._services.chat.page(
            asked.me.site_id,
            asked.theirs.conversation,
            before=query.before,
            after=query.after,
            around=query.around,
            at_us=query.at_us,
            limit=query.limit,
        )
        return MessagePage(
            conversation=page.conversation,
            head=page.head,
            revision=page.revision,
            messages=page.messages,
        )

    async def send_message(self, asked: Asked) -> MessageAccepted:
        body: SendMessage = asked.body
        shut = await self._services.access.shut_out(asked.me, asked.theirs)
        stored = await self._services.chat.send(
            *self._writes(asked), body.id, body.body, body.reply_to, shut=shut
        )
        return MessageAccepted(
            id=stored.id, seq=stored.seq, at_us=stored.at_us, revision=stored.revision
        )

    async def edit_message(self, asked: Asked) -> Message:
        body: EditMessage = asked.body
        return await self._services.chat.edit(*self._writes(asked), body.id, _seq(asked), body.body)

    async def delete_message(self, asked: Asked) -> Message:
        return await self._services.chat.delete(*self._writes(asked), _seq(asked))

    async def react_to_message(self, asked: Asked) -> Message:
        body: ReactToMessage = asked.body
        return await self._services.chat.react(
            *self._writes(asked), _seq(asked), body.emoji, on=body.on, change_id=body.id
        )

    async def pin_message(self, asked: Asked) -> Message:
        body: PinMessage = asked.body
        return await self._services.chat.pin(
            *self._writes(asked), _seq(asked), on=body.on, change_id=body.id
        )

    async def message_versions(self, asked: Asked) -> MessageVersions:
        where, seq = asked.theirs.conversation, _seq(asked)
        found = await self._services.chat.versions(asked.me.site_id, where, seq)
        return MessageVersions(conversation=where, seq=seq, versions=found)

    async def pinned_messages(self, asked: Asked) -> PinnedMessages:
        where = asked.theirs.conversation
        revision, found = await self._services.chat.pins(asked.me.site_id, where)
        return PinnedMessages(conversation=where, revision=revision, messages=tuple(found))

    def _writes(self, asked: Asked) -> tuple[str, str, str]:
        """Where, and who: unless they write too much."""
        caller = asked.me
        self._bound(caller, self._services.messages)
        return caller.site_id, asked.theirs.conversation, caller.person

    def _bound(self, caller: Caller, by: Limiter) -> None:
        """By person, over all that they are connected by."""
        now_us = self._services.clock.monotonic_us()
        if wait_us := by.allow(f"{caller.site_id}:{caller.person}", now_us):
            raise Refusal("rate_limited", retry_after_us=wait_us)

    async def search_mentorship(self, asked: Asked) -> SearchPage:
        query: SearchWithinQuery = asked.query
        return await self._search(asked.me, [asked.theirs], query, before=query.before)

    async def search(self, asked: Asked) -> SearchPage:
        query: SearchQuery = asked.query
        return await self._search(asked.me, await self._services.access.mine(asked.me), query)

    async def _search(
        self,
        caller: Caller,
        among: Sequence[Mentorship],
        query: SearchQuery,
        *,
        before: int | None = None,
    ) -> SearchPage:
        mentorships = {each.conversation: each.id for each in among}
        found = await self._services.search.find(
            caller.site_id, list(mentorships), query.words, before=before, limit=query.limit
        )
        return SearchPage(
            hits=tuple(
                SearchHit(
                    mentorship=mentorships[hit.conversation],
                    conversation=hit.conversation,
                    message=hit.message,
                )
                for hit in found.hits
            ),
            more=found.more,
            complete=found.complete,
        )

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

    async def session(self, asked: Asked) -> SessionAccount:
        return await self._services.ledger.account(*self._session(asked))

    async def session_facts(self, asked: Asked) -> FactPage:
        site_id, session = self._session(asked)
        return FactPage(session=session, facts=await self._services.ledger.facts(site_id, session))

    async def session_evidence(self, asked: Asked) -> Response:
        site_id, session = self._session(asked)
        keys = self._services.people.ledger_keys(site_id)
        pack = await self._services.ledger.evidence(site_id, session, keys)
        return Response(
            msgspec.json.encode(pack),
            media_type="application/json",
            headers={
                "cache-control": "no-store",
                "content-disposition": f'attachment; filename="{session}.evidence.json"',
            },
        )

    async def extend_session(self, asked: Asked) -> SessionView:
        return await self._services.ledger.extend(*self._session(asked), asked.me.person)

    async def confirm_session(self, asked: Asked) -> SessionView:
        body: Confirm = asked.body
        return await self._services.ledger.confirm(
            *self._session(asked), asked.me.person, body.revision
        )

    async def contest_session(self, asked: Asked) -> SessionView:
        body: Contest = asked.body
        return await self._services.ledger.contest(
            *self._session(asked), asked.me.person, body.revision, body.reason
        )

    async def correct_session(self, asked: Asked) -> SessionView:
        body: NewCorrection = asked.body
        return await self._services.ledger.correct(
            *self._session(asked),
            asked.me.person,
            body.billed_us,
            body.reason,
            asked.idempotency_key,
        )

    async def reflection(self, asked: Asked) -> ReflectionView:
        return await self._services.reflections.view(*self._session(asked), asked.me.person)

    async def reflect(self, asked: Asked) -> ReflectionView:
        body: SaveReflection = asked.body
        _, session = self._session(asked)
        return await self._services.reflections.save(asked.theirs, session, asked.me.person, body)

    async def dismiss_reflection(self, asked: Asked) -> ReflectionView:
        _, session = self._session(asked)
        return await self._services.reflections.dismiss(asked.theirs, session, asked.me.person)

    async def talk(self, asked: Asked) -> TalkView:
        _, session = self._session(asked)
        return await self._services.talks.view(asked.theirs, session, asked.me.person)

    async def next_steps(self, asked: Asked) -> NextSteps:
        found = await self._services.reflections.next(asked.theirs, asked.me.person)
        last = reminder = None
        if found.session is not None:
            at_us = await self._began(asked, found.session)
            last = LastTime(
                session=found.session, at_us=at_us, mine=found.mine, theirs=found.theirs
            )
        if found.reminder is not None:
            at_us = await self._began(asked, found.reminder)
            reminder = Reminder(session=found.reminder, at_us=at_us)
        return NextSteps(mentorship=asked.theirs.id, last=last, reminder=reminder)

    async def _began(self, asked: Asked, session: str) -> int:
        view = await self._services.ledger.view(asked.me.site_id, session)
        return view.created_us if view.started_us is None else view.started_us

    def _session(self, asked: Asked) -> tuple[str, str]:
        return asked.me.site_id, asked.request.path_params["session"]

    async def statement(self, asked: Asked) -> Statement | Response:
        query: StatementQuery = asked.query
        caller, services = asked.me, self._services
        persons = await services.people.by_id(caller.site_id, [caller.person])
        me = persons[caller.person]
        from_us, to_us = month_bounds(query.month, me.zone)
        lines = await services.ledger.statement(
            caller.site_id,
            caller.person,
            as_mentor=query.role == "mentor",
            from_us=from_us,
            to_us=to_us,
        )
        mine = {each.id: each for each in await services.access.mine(caller)}
        lines = [each for each in lines if each[0].mentorship in mine]
        theirs = [mine[id_] for id_ in sorted({line.mentorship for line, _ in lines})]
        persons |= await services.views.persons(caller.site_id, caller.person, theirs)
        answer = statement(me, query.role, query.month, (from_us, to_us), lines, persons)
        if query.format == "json":
            return answer
        name = f"ithaca-{query.role}-{query.month}.csv"
        return Response(
            as_csv(answer),
            media_type="text/csv; charset=utf-8",
            headers={"content-disposition": f'attachment; filename="{name}"'},
        )

    async def ledger_keys(self, asked: Asked) -> LedgerKeys:
        keys = self._services.people.ledger_keys(self._site_id)
        return LedgerKeys(
            keys=tuple(LedgerKey(kid=kid, key=base64url(key)) for kid, key in keys.items())
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


def _version(asked: Asked) -> int:
    return _number(asked, "version")


def _seq(asked: Asked) -> int:
    return _number(asked, "seq")


def _number(asked: Asked, name: str) -> int:
    """The number that a path names; what is none is not found."""
    text: str = asked.request.path_params[name]
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(VERSION_MAX)):
        raise Refusal("not_found")
    return int(text)


def _meeting(asked: Asked) -> str:
    """The meeting that a path names: it may hold anything, even what no database can."""
    try:
        return msgspec.convert(asked.request.path_params["meeting"], Id)
    except msgspec.ValidationError:
        raise Refusal("not_found") from None
