"""Hands each frame of a signed-in connection to the room that answers for its family, after its
right has been checked against the registry."""

from collections.abc import Callable

from chat.batch import Told
from chat.service import Chat
from mentoring.sansio.safety import Bounds, check, refused
from mentoring.tables import Mentorship
from people.service import Caller
from protocol.errors import Refusal
from protocol.frames import (
    ChatAccepted,
    ChatDelete,
    ChatDelivered,
    ChatDone,
    ChatEdit,
    ChatFetch,
    ChatPin,
    ChatReact,
    ChatRead,
    ChatSend,
    ChatTyping,
    ClientFrame,
    PeerAnswer,
    PeerCandidate,
    PeerOffer,
    RoomContact,
    RoomEnd,
    RoomJoin,
    RoomLeave,
    RoomLeft,
    RoomMedia,
    RoomPath,
    RoomVoice,
    ServerFrame,
)
from protocol.registry import FRAMES, Scope
from protocol.views import Message
from runtime.heard import Heard
from runtime.limits import Limiter
from web.access import refuses_first
from web.services import Services

_RULES = {rule.frame: rule for rule in FRAMES}


def passes(frame: ClientFrame) -> bool:
    """Whether nothing of it is kept."""
    return _RULES[type(frame)].passing


def accepted(frame: ChatSend, stored: Message) -> ChatAccepted:
    """What is said of a message that is on disk."""
    return ChatAccepted(
        conversation=frame.conversation,
        id=stored.id,
        seq=stored.seq,
        at_us=stored.at_us,
        revision=stored.revision,
    )


async def dispatch(
    services: Services,
    caller: Caller,
    connection: str,
    frame: ClientFrame,
    reply: Callable[[ServerFrame], None],
    heard: Heard | None,
    known: Callable[[Scope, str], tuple[Mentorship, Bounds] | None],
) -> None:
    """Answers one frame. Refusals are raised; what is told to others travels over the bus.
    `heard`: of a goodbye, when it came; `known`: which mentorship a thing belongs to and how that
    stands, as far as the connection knows."""
    rule = _RULES[type(frame)]
    assert rule.scope is not None, "beats and sign-ins never come this far"
    about = getattr(frame, rule.scope)
    held = known(rule.scope, about) if rule.passing else None
    if held is not None:
        mentorship, bounds = held
        check(bounds, caller.person)
    else:
        mentorship = await services.access.member(caller, rule.scope, about)
        if refuses_first(rule):
            await services.access.reaches(caller, mentorship)
    site_id, person = caller.site_id, caller.person

    def bound(by: Limiter, ref: str | None = None) -> None:
        now_us = services.clock.monotonic_us()
        if wait_us := by.allow(f"{site_id}:{person}", now_us):
            raise Refusal("rate_limited", ref=ref, retry_after_us=wait_us)

    match frame:
        case ChatSend():
            bound(services.messages, frame.id)
            shut = await services.access.shut_out(caller, mentorship)
            stored = await services.chat.send(
                site_id, frame.conversation, person, frame.id, frame.body, frame.reply_to, shut=shut
            )
            reply(accepted(frame, stored))
        case ChatEdit() | ChatDelete() | ChatReact() | ChatPin():
            bound(services.messages, frame.id)
            message = await _change(services.chat, site_id, person, frame)
            reply(
                ChatDone(
                    conversation=frame.conversation,
                    id=frame.id,
                    seq=message.seq,
                    revision=message.revision,
                )
            )
        case ChatTyping():
            now_us = services.clock.monotonic_us()
            if not services.typing.allow(f"{site_id}:{person}", now_us):
                services.chat.typing(site_id, frame.conversation, person, typing=frame.typing)
        case ChatFetch():
            bound(services.pages)
            reply(
                await services.chat.page(
                    site_id,
                    frame.conversation,
                    before=frame.before,
                    after=frame.after,
                    around=frame.around,
                    at_us=frame.at_us,
                    limit=frame.limit,
                )
            )
        case ChatDelivered():
            services.chat.delivered(site_id, frame.conversation, person, frame.seq)
        case ChatRead():
            await services.chat.mark(site_id, frame.conversation, person, read=frame.seq)
        case RoomJoin():
            bound(services.joins)
            await services.signaling.join(
                site_id, mentorship.id, mentorship.roles, person, connection, frame
            )
        case RoomLeave():
            if not await services.signaling.leave(connection, "left", room=frame.room, heard=heard):
                raise Refusal("not_in_room")
        case RoomEnd():
            if await services.signaling.end(site_id, frame.room, None, person) is None:
                reply(RoomLeft(room=frame.room, reason="ended"))
        case RoomMedia():
            await services.signaling.media(connection, frame)
        case RoomPath():
            await services.ledger.path(connection, up=frame.up)
        case RoomContact():
            bound(services.contacts)
            await services.ledger.contact(
                site_id, person, connection, frame.session, frame.contacts
            )
        case RoomVoice():
            session = services.ledger.session_of(connection)
            if session is None:
                raise Refusal("not_in_room")
            await services.talks.hear(mentorship, session, person, frame.from_us, frame.slots)
        case PeerOffer() | PeerAnswer() | PeerCandidate():
            await services.signaling.relay(site_id, person, connection, frame)


def dispatch_at_once(
    services: Services,
    caller: Caller,
    mentorship: Mentorship,
    frame: ChatSend | ChatDelivered,
    limit: Callable[[str | None], None],
    told: Told,
) -> bool:
    """The same for what people do all the time, in a mentorship that is known to be theirs, without
    waiting: `told` hears of a message when it is on disk. False, and nothing has been done, if
    something has to be looked up first."""
    site_id, person = mentorship.site_id, caller.person
    if isinstance(frame, ChatDelivered):
        limit(None)
        services.chat.delivered(site_id, frame.conversation, person, frame.seq)
        return True
    bounds = services.safety.fresh(site_id, mentorship.id)
    if bounds is None or refused(bounds, person) is not None or frame.reply_to is not None:
        return False
    limit(frame.id)
    now_us = services.clock.monotonic_us()
    if wait_us := services.messages.allow(f"{site_id}:{person}", now_us):
        raise Refusal("rate_limited", ref=frame.id, retry_after_us=wait_us)
    services.chat.take(site_id, frame.conversation, person, frame.id, frame.body, told)
    return True


async def _change(
    chat: Chat, site_id: str, person: str, frame: ChatEdit | ChatDelete | ChatReact | ChatPin
) -> Message:
    where = site_id, frame.conversation, person
    match frame:
        case ChatEdit():
            return await chat.edit(*where, frame.id, frame.seq, frame.body)
        case ChatDelete():
            return await chat.delete(*where, frame.seq)
        case ChatReact():
            return await chat.react(*where, frame.seq, frame.emoji, on=frame.on, change_id=frame.id)
        case ChatPin():
            return await chat.pin(*where, frame.seq, on=frame.on, change_id=frame.id)
