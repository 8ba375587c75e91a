"""What a session comes to, from its facts alone. Pure: the nightly check, `ithaca verify` and
`ithaca replay` all compute it here, and compare it with what was stored."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from ledger.sansio.account import Timeline
from ledger.sansio.bill import basis, bill
from ledger.sansio.intervals import total
from protocol.bill import Bill
from protocol.evidence import Part
from protocol.facts import (
    SessionCreated,
    SessionEnded,
    SessionFact,
    SessionSettled,
)
from protocol.terms import DAY_US, MILLION, Terms
from protocol.types import EndReason, Micros
from protocol.views import BookedView, StretchState


class ReplayedStretch(Part, frozen=True, kw_only=True, rename={"from_": "from"}):
    """A part of a session in which nothing changed. `from_` and `to` say the same as the two
    integers, in UTC."""

    from_: str
    to: str
    from_us: Micros
    to_us: Micros
    us: Micros
    state: StretchState
    present: tuple[str, ...]


class ReplayedPerson(Part, frozen=True, kw_only=True):
    """`present_most_us`: as much as it can have been at most."""

    person: str
    present_us: Micros
    present_most_us: Micros
    alone_us: Micros


class ReplayedSums(Part, frozen=True, kw_only=True):
    """Of the time together, `contact_us` is proven, `impaired_us` was without sound and picture,
    `unknown_us` is neither proven nor disproven."""

    together_us: Micros
    together_most_us: Micros
    contact_us: Micros
    impaired_us: Micros
    unknown_us: Micros
    people: tuple[ReplayedPerson, ...]


class Replay(Part, frozen=True, kw_only=True, rename={"from_": "from"}):
    """An account computed from facts. `settled`: whether it is what was settled last; None when
    nothing was, or when it was computed with other terms. `then`: the sessions that followed in the
    same scenario."""

    session: str
    state: str
    reason: EndReason | None
    from_: str | None
    to: str | None
    stretches: tuple[ReplayedStretch, ...]
    sums: ReplayedSums
    estimated: bool
    terms_version: int
    terms: Terms
    booked: BookedView | None
    bill: Bill
    settled: bool | None = None
    then: tuple["Replay", ...] = ()


def members_of(facts: Sequence[SessionFact]) -> tuple[str, str]:
    """The two of a session, mentor first. The first fact says who they are."""
    created = facts[0]
    assert isinstance(created, SessionCreated)
    return created.mentor, created.mentee


def timeline_of(facts: Sequence[SessionFact]) -> Timeline:
    """Until its end; of a session that runs, until its latest fact."""
    ended = [fact.at_us for fact in facts if isinstance(fact, SessionEnded)]
    return Timeline(facts, members_of(facts), ended[0] if ended else facts[-1].at_us)


def comes_to(facts: Sequence[SessionFact], instead: Terms | None = None) -> Bill:
    """What these facts come to; with other terms than theirs, if given."""
    by = basis(facts)
    return bill(timeline_of(facts), by if instead is None else replace(by, terms=instead))


def settlements_of(facts: Sequence[SessionFact]) -> list[tuple[int, SessionSettled]]:
    """Each with its place among the facts, from 1."""
    return [(seq, fact) for seq, fact in enumerate(facts, 1) if isinstance(fact, SessionSettled)]


def recomputed(
    facts: Sequence[SessionFact], hashes: Sequence[str], seq: int, settled: SessionSettled
) -> str | None:
    """Why a settlement, fact number `seq`, does not follow from all facts before it; None if it
    does. `hashes`: of all records, in hexadecimal."""
    if not 0 < settled.facts < seq or hashes[settled.facts - 1] != settled.head:
        return "it names other records than those before it"
    if settled.facts < seq - 1:
        return (
            f"it leaves records out: it was computed from the first {settled.facts}, and "
            f"{seq - 1} are before it"
        )
    again = comes_to(facts[: settled.facts])
    for name in again.__struct_fields__:
        is_, was = getattr(again, name), getattr(settled.bill, name)
        if is_ != was:
            return f"computed again, it comes to something else: {name} is {is_}, not {was}"
    return None


def replayed(facts: Sequence[SessionFact], instead: Terms | None = None) -> Replay:
    """The account of a session."""
    timeline, by = timeline_of(facts), basis(facts)
    bill_ = comes_to(facts, instead)
    ended = [fact for fact in facts if isinstance(fact, SessionEnded)]
    settled = settlements_of(facts)
    stretches = tuple(
        ReplayedStretch(
            from_=clock(each.from_us),
            to=clock(each.to_us),
            from_us=each.from_us,
            to_us=each.to_us,
            us=each.to_us - each.from_us,
            state=each.state,
            present=each.present,
        )
        for each in timeline.stretches
    )
    return Replay(
        session=facts[0].session,
        state="ended" if ended else "running",
        reason=ended[0].reason if ended else None,
        from_=stretches[0].from_ if stretches else None,
        to=stretches[-1].to if stretches else None,
        stretches=stretches,
        sums=ReplayedSums(
            together_us=total(timeline.together),
            together_most_us=total(timeline.together_at_most),
            contact_us=total(timeline.contact),
            impaired_us=total(timeline.impaired),
            unknown_us=total(timeline.unknown),
            people=tuple(
                ReplayedPerson(
                    person=person,
                    present_us=total(timeline.present(person)),
                    present_most_us=total(timeline.present_at_most(person)),
                    alone_us=total(timeline.alone(person)),
                )
                for person in timeline.members
            ),
        ),
        estimated=timeline.estimated,
        terms_version=by.version,
        terms=by.terms if instead is None else instead,
        booked=by.view(timeline.members[1]),
        bill=bill_,
        settled=settled[-1][1].bill == bill_ if settled and instead is None else None,
    )


def clock(us: int) -> str:
    """A moment in UTC as one reads it: of the first two days of the epoch, where scenarios happen,
    the time alone."""
    if us < 2 * DAY_US:
        seconds, rest = divmod(us, MILLION)
        text = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
        return f"{text}.{rest:06}" if rest else text
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)).isoformat()


def duration(us: int) -> str:
    """A length of time in words: 1 h 2 min 3 s."""
    seconds, rest = divmod(us, MILLION)
    parts = [(seconds // 3600, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
    words = [f"{number} {unit}" for number, unit in parts if number]
    return " ".join(words) if words else f"{rest // 1000} ms"
