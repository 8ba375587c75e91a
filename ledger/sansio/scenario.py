"""A session written down by hand, run through the same machines as a real one. Pure.

Whoever enters the room is there for as long as its page gives signs of life. A page of which no
beat is written gives them by itself, until it leaves or the session ends. One of which a beat is
written is there until the last thing that is written of it; then it is silent, and that is noticed
six seconds later. The form is in docs/ledger.md.
"""

import heapq
import re
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Annotated

import msgspec
from msgspec import Meta

from ledger.sansio.account import FRESH_US
from ledger.sansio.contact import Keys, believe
from ledger.sansio.intervals import union
from ledger.sansio.meeting import following, recounted
from ledger.sansio.replay import Replay, comes_to, replayed
from ledger.sansio.session import (
    LIFE,
    Apply,
    Create,
    End,
    Event,
    Extend,
    Join,
    Leave,
    Missed,
    Path,
    Prove,
    Session,
    Sweep,
    Unwatched,
)
from protocol.bill import Bill
from protocol.facts import SessionFact
from protocol.terms import DAY_US, MILLION, Terms
from protocol.types import BEAT_INTERVAL_US, INT_MAX, LeaveReason
from protocol.views import Contact

NOTICED_US = 6 * MILLION
"""How long a page may be silent before it counts as lost: as web/socket/sansio/connection.py."""

_CLOCK = re.compile(r"([0-4][0-9]):([0-5][0-9]):([0-5][0-9])(?:\.([0-9]{1,6}))?", re.ASCII)

Moment = Annotated[int, Meta(ge=0, le=INT_MAX)] | str
Name = Annotated[str, Meta(min_length=1, max_length=80)]


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="do", kw_only=True):
    """Something that happens `at` a moment."""

    at: Moment


class _Done(_Said, frozen=True, kw_only=True):
    """Something that `who` does, on one of their devices."""

    who: Name
    device: Name = "page"


class Agreed(_Said, frozen=True, kw_only=True, tag="terms"):
    """From now on a session that begins is held under these terms."""

    terms: Terms
    version: Annotated[int, Meta(ge=0, le=INT_MAX)] = 1


class Booked(_Said, frozen=True, kw_only=True, tag="meeting"):
    """From now on a session that begins is this meeting. `by`: who set its time, now; the mentee
    unless it is said."""

    start: Moment
    length: Moment
    by: Name | None = None


class Joins(_Done, frozen=True, kw_only=True, tag="join"):
    pass


class Beats(_Done, frozen=True, kw_only=True, tag="beat"):
    """It is there; and was, since what was written of it before."""


class Leaves(_Done, frozen=True, kw_only=True, tag="leave"):
    pass


class Journal(_Done, frozen=True, kw_only=True, tag="journal"):
    """It hands in that the other's page signed to have heard it, without a gap, so long, in the
    session that ran then. `signed` false: a signature that does not fit."""

    from_: Moment = msgspec.field(name="from")
    to: Moment
    signed: bool = True


class Hears(_Done, frozen=True, kw_only=True, tag="path"):
    """It says whether sound and picture travel."""

    up: bool


class GoesOn(_Done, frozen=True, kw_only=True, tag="extend"):
    """Says to go on past the booked time."""


class Ends(_Done, frozen=True, kw_only=True, tag="end"):
    """Ends the session for both."""


class Away(_Said, frozen=True, kw_only=True, tag="away"):
    """The server is, until then: whoever is still in the room, or does something meanwhile, has it
    again at that moment."""

    until: Moment


class Looks(_Said, frozen=True, kw_only=True, tag="sweep"):
    """The server looks for what is over."""


Said = Agreed | Booked | Joins | Beats | Leaves | Journal | Hears | GoesOn | Ends | Away | Looks
Acts = Joins | Beats | Leaves | Journal | Hears | GoesOn | Ends


class Scenario(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Two people by name, and what happens, in any order. With `silence` a page that gives no sign
    for longer than that is lost, and back with its next one."""

    mentor: Name
    mentee: Name
    events: tuple[Said, ...]
    silence: Moment | None = None


class Unclear(Exception):
    """A scenario that cannot be run; the text says what about it."""


def read(data: bytes) -> Scenario:
    """Raises Unclear."""
    try:
        found = msgspec.json.decode(data, type=Scenario)
    except msgspec.DecodeError as error:
        raise Unclear(_which(data) or str(error)) from None
    if found.mentor == found.mentee:
        raise Unclear("mentor and mentee need different names")
    for number, event in enumerate(found.events, 1):
        who = event.by if isinstance(event, Booked) else getattr(event, "who", None)
        if who is not None and who not in (found.mentor, found.mentee):
            raise Unclear(f"event {number}: there is no {who}, only {found.mentor} and "
                          f"{found.mentee}")  # fmt: skip
    return found


def _which(data: bytes) -> str | None:
    """The first event that is not of the form, and why."""
    try:
        parts = msgspec.json.decode(data, type=dict[str, msgspec.Raw])
        events = msgspec.json.decode(parts.get("events", b"[]"), type=list[msgspec.Raw])
    except msgspec.DecodeError:
        return None
    for number, event in enumerate(events, 1):
        try:
            msgspec.json.decode(event, type=Said)
        except msgspec.DecodeError as error:
            return f"event {number}: {error}"
    return None


def micros(moment: int | str) -> int:
    """A moment or a length: microseconds, or HH:MM:SS, of one day in UTC and the next. Raises
    Unclear."""
    if isinstance(moment, int):
        return moment
    match = _CLOCK.fullmatch(moment)
    if match is None or int(match[1]) > 47:
        raise Unclear(f"`{moment}` is no time: write HH:MM:SS, or an integer of microseconds")
    hours, minutes, seconds = (int(part) for part in match.groups()[:3])
    rest = int((match[4] or "0").ljust(6, "0"))
    return (hours * 3600 + minutes * 60 + seconds) * MILLION + rest


def run(scenario: Scenario, instead: Terms | None = None) -> Replay:
    """The account of the sessions that this comes to: the first, with those after it in `then`.
    `instead`: the terms to hold them under, whatever the scenario says. Raises Unclear."""
    sessions = [replayed(facts) for facts in facts_of(scenario, instead)]
    return msgspec.structs.replace(sessions[0], then=tuple(sessions[1:]))


def facts_of(scenario: Scenario, instead: Terms | None = None) -> list[list[SessionFact]]:
    """The facts of each session that this comes to. Raises Unclear."""
    house = _House(scenario, instead)
    house.run()
    if not house.sessions:
        raise Unclear("nothing happens in it: nobody joins, and there is no meeting to miss")
    return [session.facts for session in house.sessions]


@dataclass(slots=True)
class _Page:
    """A connection: whose, on which device; after `silent_us` it gives no sign of life any more,
    unless it leaves."""

    id: str
    key: tuple[str, str]
    silent_us: int


@dataclass(slots=True)
class _Restart:
    """The server is back: who was in the room, each with the last sign of them before that."""

    pages: list[tuple[_Page, int]]


_Due = Said | _Page | _Restart


@dataclass(slots=True)
class _Kept:
    """A session with its facts, and what it is settled at."""

    state: Session
    facts: list[SessionFact] = field(default_factory=list)
    settled: Bill | None = None


class _House:
    """One room, and a server that writes down what happens in it."""

    def __init__(self, scenario: Scenario, instead: Terms | None) -> None:
        self._scenario, self._instead = scenario, instead
        self._silence_us = None if scenario.silence is None else micros(scenario.silence)
        self._agreed = Apply(0, Terms() if instead is None else instead)
        self._meetings, self._connections = count(1), count(1)
        self._in: dict[tuple[str, str], _Page] = {}
        self._lost: set[tuple[str, str]] = set()
        self.sessions: list[_Kept] = []
        self._order = count()
        self._due: list[tuple[int, int, int, _Due]] = []
        self._signs: dict[tuple[str, str], list[tuple[int, int, Acts]]] = {}
        events = sorted(((micros(event.at), event) for event in scenario.events), key=_when)
        away = [(at_us, micros(event.until)) for at_us, event in events if isinstance(event, Away)]
        if any(start >= end for start, end in away) or len(union(away)) < len(away):
            raise Unclear("the server is back after it went, and goes again after that")
        self._unwatched, self._away_until_us = Unwatched(tuple(away)), 0
        self._until_us = max(us for us in (0, *(at for at, _ in events), *(to for _, to in away)))
        for at_us, event in events:
            order = self._later(at_us, event)
            if isinstance(event, Acts):
                self._signs.setdefault(_of(event), []).append((order, at_us, event))

    def _later(self, at_us: int, what: _Due) -> int:
        """What is noticed at a moment comes after what happens then."""
        order = next(self._order)
        heapq.heappush(self._due, (at_us, isinstance(what, _Page), order, what))
        return order

    def run(self) -> None:
        """All that is written, then as much time as it takes for everything to be over."""
        while self._due:
            now_us, _, order, what = heapq.heappop(self._due)
            if now_us < self._away_until_us:
                heapq.heappush(self._due, (self._away_until_us, False, order, what))
                continue
            self._step(now_us, Sweep())
            match what:
                case _Page():
                    self._notice(what, now_us)
                case _Restart():
                    self._restart(what, now_us, order)
                case Away():
                    self._stop(what, now_us, order)
                case Agreed():
                    terms = what.terms if self._instead is None else self._instead
                    self._agreed = replace(self._agreed, version=what.version, terms=terms)
                case Booked():
                    self._book(what)
                case Looks():
                    pass  # it has just done so
                case _:
                    self._act(what, now_us, order)
        self._finish()

    # ---- what happens --------------------------------------------------------------------------

    def _book(self, what: Booked) -> None:
        length_us = micros(what.length)
        if not 0 < length_us <= DAY_US:
            raise Unclear("a meeting is not longer than a day, nor without any length")
        self._agreed = replace(
            self._agreed,
            meeting=f"meeting {next(self._meetings)}",
            start_us=micros(what.start),
            length_us=length_us,
            told_us=micros(what.at),
            told_by=what.by or self._scenario.mentee,
        )
        if self.sessions and self.sessions[-1].state.phase == "waiting":
            self._step(micros(what.at), self._agreed_now())

    def _act(self, what: Acts, now_us: int, order: int) -> None:
        page = self._in.get(_of(what))
        back = _of(what) in self._lost and not isinstance(what, Leaves | Ends)
        if isinstance(what, Joins) or back:
            self._join(_of(what), now_us, order)
            page = self._in[_of(what)]
        match what:
            case Journal():
                self._hand_in(what, now_us)
            case Ends():
                self._end(what, now_us)
            case GoesOn():
                self._step(now_us, Extend(what.who))
            case Leaves() if page is not None:
                self._leave(page, now_us, now_us, "left")
            case Hears() if page is not None:
                self._step(now_us, Path(page.id, what.up))
            case _:
                pass  # a beat, or a late word of a page that is gone

    def _join(self, key: tuple[str, str], now_us: int, order: int) -> None:
        before = self._in.get(key)
        if self._agreed.start_us <= now_us:
            self._step(now_us, Sweep(self._agreed.meeting))
        silent_us = self._silent_after(key, now_us, order)
        page = _Page(f"connection {next(self._connections)}", key, silent_us)
        events: list[Event] = [Join(key[0], page.id, _signs_with(key))]
        if not self.sessions or self.sessions[-1].state.phase == "ended":
            self._begin()
            events.insert(0, Create())
        if self.sessions[-1].state.phase == "waiting":
            events.insert(-1, self._agreed_now())
        self._step(now_us, *events)
        if before is not None:
            self._leave(before, self._present_until(before, now_us), now_us, "replaced")
        self._in[key] = page
        self._lost.discard(key)
        if silent_us < INT_MAX:
            self._later(silent_us + (self._silence_us or NOTICED_US), page)

    def _silent_after(self, key: tuple[str, str], joined_us: int, order: int) -> int:
        """The last sign of life of a page that joins now; INT_MAX for one that says goodbye."""
        last_us, beaten = joined_us, False
        for number, at_us, event in self._signs[key]:
            if number <= order:
                continue
            if isinstance(event, Joins):
                break  # the device's next page
            if self._silence_us is not None and at_us - last_us > self._silence_us:
                return last_us
            if isinstance(event, Leaves | Ends):
                return INT_MAX
            last_us, beaten = at_us, beaten or isinstance(event, Beats)
        return last_us if beaten or self._silence_us is not None else self._until_us

    def _notice(self, page: _Page, now_us: int) -> None:
        """Nothing was heard of a page for too long."""
        if self._in.get(page.key) is page:
            self._leave(page, page.silent_us, now_us, "lost")
            if self._silence_us is not None:
                self._lost.add(page.key)

    def _leave(self, page: _Page, at_us: int, now_us: int, why: LeaveReason) -> None:
        del self._in[page.key]
        self._step(now_us, Leave(page.id, at_us, why, estimated=at_us < now_us))

    def _present_until(self, page: _Page, now_us: int) -> int:
        """As ledger/service.py: now, while the next beat is not overdue."""
        return now_us if now_us - page.silent_us <= FRESH_US else page.silent_us

    def _stop(self, what: Away, now_us: int, order: int) -> None:
        """Those who do something meanwhile come after those who only stayed."""
        self._away_until_us = micros(what.until)
        pages = [(page, min(now_us, page.silent_us)) for page in self._in.values()]
        self._in.clear()
        heapq.heappush(self._due, (self._away_until_us, False, order, _Restart(pages)))

    def _restart(self, what: _Restart, now_us: int, order: int) -> None:
        for page, proof_us in what.pages:
            self._step(now_us, Leave(page.id, proof_us, "restart", estimated=True))
        for page, _ in what.pages:
            if page.silent_us > now_us:
                self._join(page.key, now_us, order)

    def _hand_in(self, what: Journal, now_us: int) -> None:
        """What the other's page signed of this one: what cannot be is not believed."""
        if not self.sessions or not what.signed:
            return
        from_us, to_us = micros(what.from_), micros(what.to)
        begun = [each for each in self.sessions if each.facts[0].at_us <= from_us]
        kept = begun[-1] if begun else self.sessions[0]
        keys = Keys.of(kept.facts)
        signers = [key for key, (person, _) in keys.by_key.items() if person != what.who]
        contact = Contact(
            about_key=_signs_with(_of(what)),
            signer_key=signers[0] if signers else "",
            from_us=from_us,
            to_us=to_us,
            beats=max(0, to_us - from_us) // BEAT_INTERVAL_US + 1,
            signature="",
        )
        fact = believe(kept.state.id, keys, what.who, contact, now_us)
        if fact is not None:
            self._write(kept, now_us, Prove((fact,)))

    def _end(self, what: Ends, now_us: int) -> None:
        proofs = {page.id: self._present_until(page, now_us) for page in self._in.values()}
        self._in.clear()
        self._lost.clear()
        self._step(now_us, End(what.who, proofs))

    # ---- the record ----------------------------------------------------------------------------

    def _begin(self) -> None:
        of = self._scenario
        state = Session(f"session {len(self.sessions) + 1}", "mentorship", of.mentor, of.mentee)
        self.sessions.append(_Kept(state))

    def _agreed_now(self) -> Apply:
        """Knowing who was there in other sessions, and what those of the same meeting come to."""
        if self._agreed.meeting is None:
            return self._agreed
        others = self._others(self._agreed.meeting, self.sessions[-1])
        facts = [each.facts for each in self.sessions[:-1]]
        return following(self._agreed, facts, filter(None, (each.settled for each in others)))

    def _others(self, meeting: str | None, but: _Kept) -> list[_Kept]:
        return [
            each
            for each in self.sessions
            if each is not but
            and each.state.meeting is not None
            and each.state.meeting.meeting == meeting
        ]

    def _step(self, now_us: int, *events: Event) -> None:
        if self.sessions:
            self._write(self.sessions[-1], now_us, *events)

    def _write(self, kept: _Kept, now_us: int, *events: Event) -> None:
        before = len(kept.facts)
        for event in (self._unwatched, *events) if kept.facts else (*events, self._unwatched):
            kept.state, new = LIFE.step(kept.state, event, now_us)
            kept.facts += new
        if len(kept.facts) > before and kept.state.phase == "ended":
            self._settle(kept, now_us)

    def _settle(self, kept: _Kept, now_us: int) -> None:
        """As ledger/book.py."""
        if comes_to(kept.facts) == kept.settled:
            return
        if (meeting := kept.state.meeting) is not None:
            settled = [each.settled for each in self._others(meeting.meeting, kept)]
            kept.facts += recounted(kept.facts, filter(None, settled), now_us)
        kept.settled = comes_to(kept.facts)

    def _finish(self) -> None:
        """Nothing more is written: time goes on until all is over."""
        if not self.sessions and self._agreed.meeting is not None:
            self._begin()
            over_us = self._agreed.start_us + self._agreed.length_us
            self._step(self._agreed.start_us, Create(), self._agreed)
            self._step(max(over_us, self._away_until_us), Missed())
        self._step(INT_MAX, Sweep())


def _when(event: tuple[int, Said]) -> int:
    return event[0]


def _of(event: Acts) -> tuple[str, str]:
    return event.who, event.device


def _signs_with(page: tuple[str, str]) -> str:
    """Stands for the key of a device."""
    return ", ".join(page)
