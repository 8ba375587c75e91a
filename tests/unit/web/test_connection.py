"""One connection's life: signing in, beats, bad frames and the end, in every order."""

from itertools import product
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.errors import ERRORS, Refusal
from protocol.frames import AuthOpen, Beat, ChatRead, ClientFrame
from protocol.types import AUTH_TIMEOUT_US
from runtime.machine import NoCell, WakeAt
from web.socket.sansio.connection import (
    BEAT_TIMEOUT_US,
    CONNECTION,
    ERRORS_MOST,
    Alive,
    Arrived,
    BeatDue,
    Close,
    Complain,
    Connection,
    Dispatch,
    Effect,
    Event,
    Gone,
    Kicked,
    Malformed,
    Received,
    SignedIn,
    SignIn,
    SignInDue,
    Stop,
)

OPENING = AuthOpen(grant="g", tab="tab-0001")
READ = ChatRead(conversation="con_01jd3v0k7r9q2x4m6n8p0s2t4v", seq=1)
BAD, LARGE, TEXT = Refusal("bad_frame"), Refusal("frame_too_large"), Refusal("unsupported_data")
CLOSING = [code for code, error in ERRORS.items() if error.close is not None]
NEW = Connection()
ASKED = Connection(asked=True)
OPEN = Connection("open", 0, True)
CLOSED = Connection("closed")


def step(state: Connection, event: Event, now_us: int = 0) -> tuple[Connection, tuple[Effect, ...]]:
    return CONNECTION.step(state, event, now_us)


@pytest.mark.parametrize(
    ("before", "event", "after", "effects"),
    [
        (NEW, Received(OPENING), ASKED, (SignIn(OPENING),)),
        (ASKED, SignedIn(), OPEN, (WakeAt(BEAT_TIMEOUT_US, BeatDue()),)),
        (NEW, Received(Beat(n=1)), CLOSED, (Close("wrong_order"),)),
        (NEW, Received(READ), CLOSED, (Close("wrong_order"),)),
        (OPEN, Received(Beat(n=7)), OPEN, (Alive(7),)),
        (OPEN, Received(READ), OPEN, (Dispatch(READ, None),)),
        (NEW, Gone(), CLOSED, (Stop(),)),
        (OPEN, Gone(), Connection("closed", 0, True), (Stop(),)),
        (NEW, Kicked("restarting"), CLOSED, (Close("restarting"),)),
        (NEW, SignInDue(), CLOSED, (Close("auth_timeout"),)),
        (NEW, Malformed(LARGE), CLOSED, (Close("frame_too_large"),)),
        (CLOSED, Received(READ), CLOSED, ()),
        (CLOSED, SignedIn(), CLOSED, ()),
        (CLOSED, Malformed(BAD), CLOSED, ()),
        (CLOSED, Kicked("replaced"), CLOSED, ()),
        (CLOSED, Gone(), CLOSED, ()),
        (CLOSED, BeatDue(), CLOSED, ()),
        (CLOSED, SignInDue(), CLOSED, ()),
        (ASKED, SignInDue(), ASKED, ()),
        (OPEN, SignInDue(), OPEN, ()),
    ],
)
def test_a_step(
    before: Connection, event: Event, after: Connection, effects: tuple[Effect, ...]
) -> None:
    assert step(before, event) == (after, effects)


def phase_and_effects(state: Connection, event: Event) -> tuple[str, tuple[Effect, ...]]:
    after, effects = step(state, event)
    return after.phase, effects


@pytest.mark.parametrize("frame", [OPENING, READ, Beat(n=1)])
def test_nothing_but_one_auth_open_comes_first(frame: ClientFrame) -> None:
    assert phase_and_effects(ASKED, Received(frame)) == ("closed", (Close("wrong_order"),))


def test_a_second_auth_open_is_out_of_order() -> None:
    assert phase_and_effects(OPEN, Received(OPENING)) == ("closed", (Close("wrong_order"),))


@pytest.mark.parametrize("state", [NEW, ASKED, OPEN])
@pytest.mark.parametrize("code", CLOSING)
def test_the_server_ends_it_by_any_closing_code(state: Connection, code: str) -> None:
    assert phase_and_effects(state, Kicked(code)) == ("closed", (Close(code),))


@pytest.mark.parametrize("state", [NEW, ASKED, OPEN])
@pytest.mark.parametrize("refusal", [LARGE, TEXT])
def test_a_wrong_kind_or_size_ends_it_at_once(state: Connection, refusal: Refusal) -> None:
    assert phase_and_effects(state, Malformed(refusal)) == ("closed", (Close(refusal.code),))


@pytest.mark.parametrize("state", [NEW, ASKED])
def test_who_begins_with_nonsense_is_told_and_sent_away(state: Connection) -> None:
    assert phase_and_effects(state, Malformed(BAD)) == (
        "closed",
        (Complain(BAD), Close("bad_frame")),
    )


def test_later_nonsense_gets_patience_but_not_for_ever() -> None:
    state = OPEN
    for _ in range(ERRORS_MOST - 1):
        state, effects = step(state, Malformed(BAD))
        assert (state.phase, effects) == ("open", (Complain(BAD),))
    assert phase_and_effects(state, Malformed(BAD)) == (
        "closed",
        (Complain(BAD), Close("bad_frame")),
    )


def test_there_are_five_seconds_to_sign_in() -> None:
    state, effects = step(NEW, Arrived(), 1_000)
    assert effects == (WakeAt(1_000 + AUTH_TIMEOUT_US, SignInDue()),)
    assert phase_and_effects(state, SignInDue()) == ("closed", (Close("auth_timeout"),))


def test_a_page_lives_by_its_beats_alone() -> None:
    state, _ = step(ASKED, SignedIn(), 1_000)
    due_us = 1_000 + BEAT_TIMEOUT_US
    # A timer from before: too early for a verdict, so it is set anew.
    assert step(state, BeatDue(), due_us - 1) == (state, (WakeAt(due_us, BeatDue()),))
    assert step(state, BeatDue(), due_us)[1] == (Close("beat_timeout"),)
    # Other frames prove nothing.
    busy, _ = step(state, Received(READ), due_us - 1)
    assert step(busy, BeatDue(), due_us)[1] == (Close("beat_timeout"),)
    alive, _ = step(state, Received(Beat(n=1)), due_us - 1)
    later_us = due_us - 1 + BEAT_TIMEOUT_US
    assert step(alive, BeatDue(), due_us) == (alive, (WakeAt(later_us, BeatDue()),))
    assert step(alive, BeatDue(), later_us)[1] == (Close("beat_timeout"),)


def test_only_what_we_would_do_twice_ourselves_has_no_cell() -> None:
    everything = set(product(("opening", "open", "closed"), get_args(Event)))
    assert everything - set(CONNECTION.table) == {
        ("open", Arrived),
        ("closed", Arrived),
        ("open", SignedIn),
    }


EVENTS = st.one_of(
    st.sampled_from([Received(OPENING), Received(READ), Received(Beat(n=3))]),
    st.sampled_from([BAD, BAD, LARGE, TEXT]).map(Malformed),
    st.just(SignedIn()),
    st.sampled_from(CLOSING).map(Kicked),
    st.just(Gone()),
    st.just(BeatDue()),
    st.just(SignInDue()),
)


@given(st.lists(st.tuples(st.integers(0, 4_000_000), EVENTS), max_size=40))
def test_in_every_order_it_ends_once_and_is_silent_after(
    events: list[tuple[int, Event]],
) -> None:
    now_us = 0
    state, _ = step(NEW, Arrived())
    asked, ends = 0, 0
    for delay_us, event in events:
        now_us += delay_us
        if isinstance(event, SignedIn) and not (state.phase == "opening" and state.asked):
            if state.phase == "open":
                with pytest.raises(NoCell):
                    step(state, event, now_us)
            if state.phase != "closed":
                continue  # it is only ever fed after a SignIn
        before = state
        state, effects = step(state, event, now_us)
        for effect in effects:
            match effect:
                case SignIn():
                    asked += 1
                case Dispatch() | Alive():
                    assert before.phase == "open"
                case Close(code):
                    ends += 1
                    assert ERRORS[code].close is not None
                    assert effect is effects[-1]
                case Stop():
                    ends += 1
                    assert effects == (effect,)
                case WakeAt(at_us):
                    assert at_us > now_us
                    assert state.phase == "open"
                case Complain():
                    assert before.phase != "closed"
        if before.phase == "closed":
            assert (state, effects) == (before, ())
        assert ends == (state.phase == "closed")
        assert state.phase != "open" or state.errors < ERRORS_MOST
    assert asked <= 1
