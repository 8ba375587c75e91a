"""The life of one connection: opening, open, closed. Events in, effects out. Pure.

Time here is monotonic. A page proves that it lives by `beat` frames, not by the pings that a
browser answers for it.
"""

from dataclasses import dataclass, replace

from protocol.errors import ERRORS, Refusal
from protocol.frames import AuthOpen, Beat, ClientFrame
from protocol.types import AUTH_TIMEOUT_US
from runtime.heard import Heard
from runtime.machine import Machine, WakeAt, cell

BEAT_TIMEOUT_US = 6_000_000
ERRORS_MOST = 5


@dataclass(frozen=True, slots=True)
class Connection:
    """`alive_us`: when it arrived, or its last beat; `errors`: malformed frames so far."""

    phase: str = "opening"
    alive_us: int = 0
    asked: bool = False
    errors: int = 0


@dataclass(frozen=True, slots=True)
class Arrived:
    """The upgrade is done."""


@dataclass(frozen=True, slots=True)
class Received:
    """`heard`: when it came, if that matters."""

    frame: ClientFrame
    heard: Heard | None = None


@dataclass(frozen=True, slots=True)
class Malformed:
    """Bytes that are no frame."""

    refusal: Refusal


@dataclass(frozen=True, slots=True)
class SignedIn:
    """The grant was believed."""


@dataclass(frozen=True, slots=True)
class Kicked:
    """The server ends it, by a code of the error table."""

    code: str


@dataclass(frozen=True, slots=True)
class Gone:
    """The other side closed, or the network did."""


@dataclass(frozen=True, slots=True)
class SignInDue:
    """Nobody may take longer to say who they are."""


@dataclass(frozen=True, slots=True)
class BeatDue:
    """A beat may be overdue."""


Event = Arrived | Received | Malformed | SignedIn | Kicked | Gone | SignInDue | BeatDue


@dataclass(frozen=True, slots=True)
class SignIn:
    frame: AuthOpen


@dataclass(frozen=True, slots=True)
class Dispatch:
    frame: ClientFrame
    heard: Heard | None


@dataclass(frozen=True, slots=True)
class Alive:
    """A beat came."""

    n: int


@dataclass(frozen=True, slots=True)
class Complain:
    refusal: Refusal


@dataclass(frozen=True, slots=True)
class Close:
    """`code` is in the error table, with a close code."""

    code: str


@dataclass(frozen=True, slots=True)
class Stop:
    """Nobody is on the other side any more."""


Effect = SignIn | Dispatch | Alive | Complain | Close | Stop | WakeAt[Event]
Step = tuple[Connection, tuple[Effect, ...]]


def _closed(state: Connection, code: str) -> Step:
    return replace(state, phase="closed"), (Close(code),)


def _arrived(state: Connection, event: Arrived, now_us: int) -> Step:
    return replace(state, alive_us=now_us), (WakeAt(now_us + AUTH_TIMEOUT_US, SignInDue()),)


def _first(state: Connection, event: Received, now_us: int) -> Step:
    if state.asked or not isinstance(event.frame, AuthOpen):
        return _closed(state, "wrong_order")
    return replace(state, asked=True), (SignIn(event.frame),)


def _signed_in(state: Connection, event: SignedIn, now_us: int) -> Step:
    opened = replace(state, phase="open", alive_us=now_us)
    return opened, (WakeAt(now_us + BEAT_TIMEOUT_US, BeatDue()),)


def _received(state: Connection, event: Received, now_us: int) -> Step:
    if isinstance(event.frame, AuthOpen):
        return _closed(state, "wrong_order")
    if isinstance(event.frame, Beat):
        # Nearly all that comes is a beat: this costs a sixth of `replace`.
        return Connection("open", now_us, state.asked, state.errors), (Alive(event.frame.n),)
    return state, (Dispatch(event.frame, event.heard),)


def _malformed(state: Connection, event: Malformed, now_us: int) -> Step:
    # A wrong kind or size of frame has its own close code; merely wrong content gets patience.
    if event.refusal.code != "bad_frame" and ERRORS[event.refusal.code].close is not None:
        return _closed(state, event.refusal.code)
    errors = state.errors + 1
    if errors >= ERRORS_MOST or state.phase == "opening":
        closed, effects = _closed(state, "bad_frame")
        return closed, (Complain(event.refusal), *effects)
    return replace(state, errors=errors), (Complain(event.refusal),)


def _kicked(state: Connection, event: Kicked, now_us: int) -> Step:
    return _closed(state, event.code)


def _gone(state: Connection, event: Gone, now_us: int) -> Step:
    return replace(state, phase="closed"), (Stop(),)


def _no_sign_in(state: Connection, event: SignInDue, now_us: int) -> Step:
    # Where it has been said, it is not they who are late: in a crowd their turn may come later.
    return (state, ()) if state.asked else _closed(state, "auth_timeout")


def _beat_due(state: Connection, event: BeatDue, now_us: int) -> Step:
    due_us = state.alive_us + BEAT_TIMEOUT_US
    if now_us >= due_us:
        return _closed(state, "beat_timeout")
    return state, (WakeAt(due_us, BeatDue()),)


def _nothing(state: Connection, event: Event, now_us: int) -> Step:
    return state, ()


CONNECTION: Machine[Connection, Event, Effect] = Machine(
    "connection",
    phase_of=lambda state: state.phase,
    table={
        ("opening", Arrived): cell(_arrived, "opening"),
        ("opening", Received): cell(_first, "opening", "closed"),
        ("opening", Malformed): cell(_malformed, "closed"),
        ("opening", SignedIn): cell(_signed_in, "open"),
        ("opening", Kicked): cell(_kicked, "closed"),
        ("opening", Gone): cell(_gone, "closed"),
        ("opening", SignInDue): cell(_no_sign_in, "opening", "closed"),
        ("opening", BeatDue): cell(_nothing, "opening"),
        ("open", Received): cell(_received, "open", "closed"),
        ("open", Malformed): cell(_malformed, "open", "closed"),
        ("open", Kicked): cell(_kicked, "closed"),
        ("open", Gone): cell(_gone, "closed"),
        ("open", SignInDue): cell(_nothing, "open"),
        ("open", BeatDue): cell(_beat_due, "open", "closed"),
        ("closed", Received): cell(_nothing, "closed"),
        ("closed", Malformed): cell(_nothing, "closed"),
        ("closed", SignedIn): cell(_nothing, "closed"),
        ("closed", Kicked): cell(_nothing, "closed"),
        ("closed", Gone): cell(_nothing, "closed"),
        ("closed", SignInDue): cell(_nothing, "closed"),
        ("closed", BeatDue): cell(_nothing, "closed"),
    },
)
