"""The account of a session against a simulation, tick by tick."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from ledger.sansio.account import Account, account
from protocol.facts import ParticipantJoined, ParticipantLeft, SessionFact, SessionStarted
from protocol.views import Interruption, PersonTime

SESSION, MENTORSHIP = "ses_01jd3v0k7r9q2x4m6n8p0s2t4v", "men_01jd3v0k7r9q2x4m6n8p0s2t4v"
MEMBERS = ("mentor", "mentee")


@dataclass
class Log:
    """Facts as they are written: people come and go over any number of connections."""

    facts: list[SessionFact] = field(default_factory=list)
    spans: list[tuple[str, int, int | None]] = field(default_factory=list)
    """(person, from, to): what the simulation looks at."""
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
        people.append(PersonTime(person=member, present_us=over, since_us=since))
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
    nobody = tuple(PersonTime(person=member, present_us=0) for member in MEMBERS)
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
    assert found.people[1] == PersonTime(person="mentee", present_us=10, since_us=20)
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
    assert once.people[0] == PersonTime(person="mentor", present_us=7)
