"""The account of a session against a simulation, tick by tick."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.sansio.account import FRESH_US, PENDING_US, Timeline
from ledger.sansio.intervals import total
from protocol.facts import (
    ContactProven,
    ParticipantJoined,
    ParticipantLeft,
    PathChanged,
    SessionEnded,
    SessionFact,
    SessionStarted,
)
from protocol.types import EndReason
from protocol.views import Interruption, PersonTime, Stretch

SESSION, MENTORSHIP = "ses_01jd3v0k7r9q2x4m6n8p0s2t4v", "men_01jd3v0k7r9q2x4m6n8p0s2t4v"
MEMBERS = ("mentor", "mentee")


@dataclass(frozen=True, slots=True)
class Account:
    """The sums of a timeline, to be compared."""

    together_us: int
    together_since_us: int | None
    people: tuple[PersonTime, ...]
    interruptions: tuple[Interruption, ...]
    estimated: bool


def account(facts: Sequence[SessionFact], members: Sequence[str], now_us: int) -> Account:
    of = Timeline(facts, members, now_us)
    return Account(
        together_us=of.together_us,
        together_since_us=of.together_since_us,
        people=tuple(of.person_time(member) for member in members),
        interruptions=of.interruptions,
        estimated=of.estimated,
    )


@dataclass
class Log:
    """Facts as they are written: people come and go over any number of connections."""

    facts: list[SessionFact] = field(default_factory=list)
    spans: list[tuple[str, int, int | None]] = field(default_factory=list)
    """(person, from, to): what the simulation looks at."""
    inferred: list[tuple[str, int, int]] = field(default_factory=list)
    """(person, last proof, noticed) of ends that nobody said."""
    here: dict[int, str] = field(default_factory=dict)
    now: int = 0

    def join(self, person: str) -> None:
        number = len(self.spans)
        self.spans.append((person, self.now, None))
        self.here[number] = person
        self.facts.append(
            ParticipantJoined(
                session=SESSION, person=person, connection=str(number), at_us=self.now
            )
        )

    def leave(self, number: int, ago: int, estimated: bool = False) -> None:
        person, since = self.here.pop(number), self.spans[number][1]
        at = max(since, self.now - ago)
        self.spans[number] = (person, since, at)
        if estimated:
            self.inferred.append((person, at, self.now))
        self.facts.append(
            ParticipantLeft(
                session=SESSION,
                person=person,
                connection=str(number),
                at_us=at,
                noticed_us=self.now,
                reason="left",
                estimated=estimated,
            )
        )

    def present(self, person: str, tick: int) -> bool:
        """Also at the tick that is just beginning: whoever has not left is there."""
        return any(
            who == person and start <= tick and (end is None or tick < end)
            for who, start, end in self.spans
        )


def run_since(here: Callable[[int], bool], now: int) -> int:
    """The first tick of the run of presence that `now` belongs to."""
    since = now
    while since > 0 and here(since - 1):
        since -= 1
    return since


def simulated(log: Log) -> Account:
    now, past = log.now, range(log.now)

    def together(tick: int) -> bool:
        return all(log.present(member, tick) for member in MEMBERS)

    def present(who: str) -> Callable[[int], bool]:
        return lambda tick: log.present(who, tick)

    def sums(here: Callable[[int], bool]) -> tuple[int, int | None]:
        since = run_since(here, now) if here(now) else None
        return sum(map(here, past)) - (0 if since is None else now - since), since

    people = []
    for member in MEMBERS:
        over, since = sums(present(member))
        maybe = sum(
            not log.present(member, tick)
            and any(who == member and at <= tick < to for who, at, to in log.inferred)
            for tick in past
        )
        people.append(
            PersonTime(person=member, present_us=over, present_most_us=over + maybe, since_us=since)
        )
    met = [tick for tick in range(now + 1) if together(tick)]
    interruptions: list[Interruption] = []
    for tick in range(met[0], met[-1]) if met else ():
        absent = tuple(member for member in MEMBERS if not log.present(member, tick))
        if not absent:
            continue
        start = tick
        if interruptions and interruptions[-1].to_us == tick and interruptions[-1].absent == absent:
            start = interruptions.pop().from_us
        interruptions.append(Interruption(from_us=start, to_us=tick + 1, absent=absent))
    together_us, together_since_us = sums(together)
    return Account(
        together_us=together_us,
        together_since_us=together_since_us,
        people=tuple(people),
        interruptions=tuple(interruptions),
        estimated=any(isinstance(fact, ParticipantLeft) and fact.estimated for fact in log.facts),
    )


@st.composite
def logs(draw: st.DrawFn) -> Log:
    log = Log()
    for _ in range(draw(st.integers(0, 14))):
        log.now += draw(st.integers(0, 4))
        leaves: bool = draw(st.booleans())
        if leaves and log.here:
            number = draw(st.sampled_from(sorted(log.here)))
            log.leave(number, draw(st.integers(0, 3)), draw(st.booleans()))
        else:
            log.join(draw(st.sampled_from(MEMBERS)))
    log.now += draw(st.integers(0, 4))
    return log


@given(logs())
def test_the_account_is_the_simulation(log: Log) -> None:
    assert account(log.facts, MEMBERS, log.now) == simulated(log)


@given(logs())
def test_interruptions_tile_exactly_the_gaps(log: Log) -> None:
    found = account(log.facts, MEMBERS, log.now)
    for each in found.interruptions:
        assert each.from_us < each.to_us
        assert each.absent
    for before, after in zip(found.interruptions, found.interruptions[1:], strict=False):
        assert before.to_us <= after.from_us
        assert before.to_us < after.from_us or before.absent != after.absent


@given(logs(), st.integers(0, 10))
def test_what_runs_grows_with_the_clock_and_nothing_else_does(log: Log, later: int) -> None:
    now = account(log.facts, MEMBERS, log.now)
    assert account(log.facts, MEMBERS, log.now + later) == now


@given(logs(), st.integers(0, 6), st.integers(0, 6))
def test_a_second_tab_inside_the_first_one_s_time_adds_none(
    log: Log, since: int, for_: int
) -> None:
    inside = [
        (who, start, end)
        for who, start, end in log.spans
        if end is not None and start + since + for_ <= end
    ]
    tabs: list[SessionFact] = []
    for number, (who, start, _) in enumerate(inside):
        at = start + since
        tab = f"tab {number}"
        tabs.append(ParticipantJoined(session=SESSION, person=who, connection=tab, at_us=at))
        tabs.append(
            ParticipantLeft(
                session=SESSION,
                person=who,
                connection=tab,
                at_us=at + for_,
                noticed_us=at + for_,
                reason="left",
                estimated=False,
            )
        )
    assert account([*log.facts, *tabs], MEMBERS, log.now) == account(log.facts, MEMBERS, log.now)


def test_nobody_was_there() -> None:
    nobody = tuple(PersonTime(person=member, present_us=0, present_most_us=0) for member in MEMBERS)
    assert account([], MEMBERS, 9) == Account(0, None, nobody, (), False)


def test_a_return_this_very_moment_runs_from_now() -> None:
    log = Log()
    log.join("mentor")
    log.join("mentee")
    log.now = 10
    log.leave(1, 0)
    log.now = 20
    log.join("mentee")
    found = account(log.facts, MEMBERS, 20)
    assert (found.together_us, found.together_since_us) == (10, 20)
    assert found.people[1] == PersonTime(
        person="mentee", present_us=10, present_most_us=10, since_us=20
    )
    assert found.interruptions == (Interruption(from_us=10, to_us=20, absent=("mentee",)),)
    # The same on a clock that was set back in between.
    assert account(log.facts, MEMBERS, 5) == found


def test_a_goodbye_of_someone_who_never_came_changes_nothing() -> None:
    log = Log()
    log.join("mentor")
    log.now = 7
    log.leave(0, 0)
    log.facts.append(SessionStarted(session=SESSION, mentorship=MENTORSHIP, at_us=0))
    once = account(log.facts, MEMBERS, 9)
    assert once == account([*log.facts, log.facts[1]], MEMBERS, 9)
    assert once.people[0] == PersonTime(person="mentor", present_us=7, present_most_us=7)


# ---- proof -------------------------------------------------------------------------------------

S = 1_000_000
KEYS = {"mentor": "M" * 87, "mentee": "E" * 87}


def came(person: str, at_s: float, connection: str = "") -> ParticipantJoined:
    return ParticipantJoined(
        session=SESSION,
        person=person,
        connection=connection or person,
        at_us=round(at_s * S),
        key=KEYS[person],
    )


def went(
    person: str, at_s: float, connection: str = "", noticed_s: float | None = None
) -> ParticipantLeft:
    return ParticipantLeft(
        session=SESSION,
        person=person,
        connection=connection or person,
        at_us=round(at_s * S),
        noticed_us=round((at_s if noticed_s is None else noticed_s) * S),
        reason="left" if noticed_s is None else "lost",
        estimated=noticed_s is not None,
    )


def signed(by: str, from_s: float, to_s: float, known_s: float | None = None) -> ContactProven:
    """`by` signed it, the other handed it in."""
    other = next(member for member in MEMBERS if member != by)
    return ContactProven(
        session=SESSION,
        person=other,
        signer=by,
        about_key=KEYS[other],
        signer_key=KEYS[by],
        from_us=round(from_s * S),
        to_us=round(to_s * S),
        beats=1,
        signature="s" * 86,
        at_us=round((to_s if known_s is None else known_s) * S),
    )


def path(person: str, at_s: float, *, up: bool) -> PathChanged:
    return PathChanged(
        session=SESSION, person=person, connection=person, up=up, at_us=round(at_s * S)
    )


def seconds(spans: list[tuple[int, int]]) -> list[tuple[float, float]]:
    return [(start / S, end / S) for start, end in spans]


def test_together_without_a_signature_is_unknown_neither_nothing_nor_proven() -> None:
    of = Timeline(
        [came("mentor", 0), came("mentee", 10), went("mentor", 70), went("mentee", 80)],
        MEMBERS,
        80 * S,
    )
    assert seconds(of.together) == seconds(of.unknown) == [(10, 70)]
    assert of.contact == of.impaired == []
    assert [(each.state, each.present) for each in of.stretches] == [
        ("alone", ("mentor",)),
        ("unknown", MEMBERS),
        ("alone", ("mentee",)),
    ]


def test_a_signature_speaks_until_the_next_is_due_and_not_beyond_who_is_there() -> None:
    here: list[SessionFact] = [
        came("mentor", 0),
        came("mentee", 10),
        went("mentee", 61),
        went("mentor", 90),
    ]
    of = Timeline([*here, signed("mentor", 12, 60)], MEMBERS, 90 * S)
    assert seconds(of.contact) == [(12, 61)]
    assert seconds(of.unknown) == [(10, 12)]
    short = Timeline([*here, signed("mentee", 12, 40)], MEMBERS, 90 * S)
    assert seconds(short.contact) == [(12, 40 + FRESH_US / S)]


def test_while_both_are_there_what_is_not_handed_in_yet_is_not_missing() -> None:
    here: list[SessionFact] = [came("mentor", 0), came("mentee", 0), signed("mentor", 0, 50)]
    late = 50 * S + PENDING_US
    assert Timeline(here, MEMBERS, late - 1).unknown == []
    assert total(Timeline(here, MEMBERS, late + S).unknown) == S + 1


def test_what_both_say_bridges_a_gap_in_signalling() -> None:
    """Both lost the server at 20 s and came back at 40 s; their pages were in contact all along."""
    facts: list[SessionFact] = [
        came("mentor", 0),
        came("mentee", 0),
        went("mentor", 20, noticed_s=26),
        went("mentee", 20, noticed_s=26),
        came("mentor", 40, "m2"),
        came("mentee", 41, "e2"),
        went("mentor", 60, "m2"),
        went("mentee", 60, "e2"),
    ]
    apart = Timeline(facts, MEMBERS, 60 * S)
    assert seconds(apart.together) == [(0, 20), (41, 60)]
    assert seconds(apart.together_at_most) == [(0, 26), (41, 60)]
    of = Timeline([*facts, signed("mentee", 0, 59, 60)], MEMBERS, 60 * S)
    assert seconds(of.together) == seconds(of.contact) == [(0, 60)]
    assert of.interruptions == ()
    assert [each.state for each in of.stretches] == ["contact"]


@pytest.mark.parametrize(
    ("back_us", "away"),
    [(38 * S + FRESH_US, []), (38 * S + FRESH_US + 1, [(38, 38 + (FRESH_US + 1) / S)])],
)
def test_who_is_back_before_the_next_signature_is_due_was_never_away(
    back_us: int, away: list[tuple[float, float]]
) -> None:
    facts: list[SessionFact] = [
        came("mentor", 0),
        came("mentee", 0),
        went("mentee", 20, noticed_s=26),
        came("mentee", back_us / S, "e2"),
        signed("mentor", 0, 38, 40),
        went("mentor", 60),
        went("mentee", 60, "e2"),
    ]
    of = Timeline(facts, MEMBERS, 60 * S)
    assert seconds([(gap.from_us, gap.to_us) for gap in of.interruptions]) == away


def test_who_is_signed_for_before_the_next_beat_is_due_was_never_away() -> None:
    facts: list[SessionFact] = [
        came("mentor", 0),
        came("mentee", 0),
        went("mentee", 1, noticed_s=9),
        signed("mentor", 3, 40, 41),
        came("mentee", 41, "e2"),
        went("mentor", 60),
        went("mentee", 60, "e2"),
    ]
    assert seconds(Timeline(facts, MEMBERS, 60 * S).together) == [(0, 60)]


def test_a_short_gap_that_no_signature_ends_is_a_gap() -> None:
    facts: list[SessionFact] = [
        came("mentor", 0),
        came("mentee", 0),
        signed("mentor", 0, 19, 20),
        went("mentee", 20),
        came("mentee", 21, "e2"),
        went("mentor", 60),
        went("mentee", 60, "e2"),
    ]
    assert seconds(Timeline(facts, MEMBERS, 60 * S).together) == [(0, 20), (21, 60)]


def test_nobody_was_there_before_both_had_come_or_after_it_was_handed_in() -> None:
    facts: list[SessionFact] = [
        came("mentor", 10),
        came("mentee", 20),
        went("mentor", 30),
        went("mentee", 30),
    ]
    of = Timeline([*facts, signed("mentor", 0, 90, 40)], MEMBERS, 30 * S)
    assert seconds(of.present("mentor")) == [(10, 40)]
    assert seconds(of.present("mentee")) == [(20, 40)]
    nothing = Timeline([*facts, signed("mentor", 0, 20, 40)], MEMBERS, 30 * S)
    assert seconds(nothing.present("mentee")) == [(20, 30)]


@pytest.mark.parametrize(("reason", "until"), [("ended", 31), ("empty", 90)])
def test_what_somebody_ended_no_signature_prolongs(reason: EndReason, until: float) -> None:
    facts: list[SessionFact] = [
        came("mentor", 0),
        came("mentee", 0),
        went("mentor", 30),
        went("mentee", 30),
        SessionEnded(
            session=SESSION,
            mentorship="m",
            at_us=30 * S,
            noticed_us=31 * S,
            reason=reason,
            by=None,
        ),
        signed("mentor", 0, 90),
    ]
    assert seconds(Timeline(facts, MEMBERS, 30 * S).together) == [(0, until)]


def test_impaired_is_what_both_say_and_no_signature_denies() -> None:
    facts: list[SessionFact] = [
        came("mentor", 0),
        came("mentee", 0),
        path("mentor", 10, up=False),
        path("mentor", 11, up=False),
        path("mentee", 15, up=False),
        path("mentee", 30, up=True),
        path("mentee", 31, up=True),
        went("mentor", 60),
        went("mentee", 60),
    ]
    of = Timeline(facts, MEMBERS, 60 * S)
    assert seconds(of.impaired) == [(15, 30)]
    assert seconds(of.unknown) == [(0, 15), (30, 60)]
    denied = Timeline([*facts, signed("mentor", 0, 20)], MEMBERS, 60 * S)
    assert seconds(denied.impaired) == [(20 + FRESH_US / S, 30)]


def test_a_path_that_was_down_is_so_until_the_last_page_has_left() -> None:
    facts: list[SessionFact] = [
        came("mentor", 0),
        came("mentor", 1, "m2"),
        came("mentee", 0),
        path("mentor", 5, up=False),
        path("mentee", 5, up=False),
        went("mentor", 10),
        went("mentor", 20, "m2"),
        came("mentor", 30),
        went("mentor", 40),
        went("mentee", 40),
    ]
    assert seconds(Timeline(facts, MEMBERS, 40 * S).impaired) == [(5, 20)]


def test_stretches_tile_the_session() -> None:
    facts: list[SessionFact] = [
        came("mentor", 0),
        went("mentor", 5),
        came("mentee", 8),
        came("mentor", 9),
        signed("mentor", 9, 20),
        went("mentor", 25),
        went("mentee", 30),
    ]
    of = Timeline(facts, MEMBERS, 30 * S)
    assert of.stretches[1] == Stretch(from_us=5 * S, to_us=8 * S, state="nobody", present=())
    assert [each.state for each in of.stretches] == [
        "alone", "nobody", "alone", "contact", "unknown", "alone",
    ]  # fmt: skip
    for before, after in zip(of.stretches, of.stretches[1:], strict=False):
        assert before.to_us == after.from_us


@given(
    logs(), st.lists(st.tuples(st.booleans(), st.integers(0, 40), st.integers(0, 40)), max_size=4)
)
def test_time_together_is_contact_impaired_or_unknown_and_only_one_of_them(
    log: Log, stretches: list[tuple[bool, int, int]]
) -> None:
    facts: list[SessionFact] = [
        ParticipantJoined(
            session=SESSION,
            person=f.person,
            connection=f.connection,
            at_us=f.at_us,
            key=KEYS[f.person],
        )
        if isinstance(f, ParticipantJoined)
        else f
        for f in log.facts
    ]
    brought = {f.person for f in facts if isinstance(f, ParticipantJoined)}
    if brought == set(MEMBERS):
        facts += [
            signed(MEMBERS[mentor], from_us / S, to_us / S, 40 / S)
            for mentor, from_us, to_us in stretches
        ]
    of = Timeline(facts, MEMBERS, log.now)
    parts = total(of.contact) + total(of.impaired) + total(of.unknown)
    assert parts == total(of.together)
    assert total(of.together) <= total(of.together_at_most)
    for member in MEMBERS:
        alone = total(of.alone(member))
        assert alone + total(of.together) == total(of.present(member))
    covered = sum(each.to_us - each.from_us for each in of.stretches)
    if of.stretches:
        assert covered == of.stretches[-1].to_us - of.stretches[0].from_us
