"""State machines as literal tables: `step(state, event, now) -> (state, effects)`. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeAlias, TypeVar

S = TypeVar("S")
E = TypeVar("E")
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class WakeAt(Generic[E]):
    """The effect of a machine with timers, which Driver carries out: be fed `event` at `at_us`.

    A timer is never taken back: the table has a cell for the event that comes too late.
    """

    at_us: int
    event: E


Handler: TypeAlias = Callable[..., tuple[S, tuple[F, ...]]]
"""`(state, event, now_us) -> (state, effects)`. A handler takes the one event type of its row,
which the type of a table over many cannot say; Machine.step makes sure of it."""


class NoCell(Exception):
    """The table has no cell for this event in this phase; the caller knows who is to blame."""

    def __init__(self, phase: str, event: str) -> None:
        super().__init__(f"{event} has no place in phase {phase}")
        self.phase = phase
        self.event = event


class IllegalPhase(AssertionError):
    """A handler reached a phase that its cell does not declare: our mistake, whoever sent what."""


@dataclass(frozen=True, slots=True)
class Cell(Generic[S, E, F]):
    """What an event does in a phase, and the phases that may follow."""

    handler: Handler[S, F]
    reaches: frozenset[str]


def cell(handler: Handler[S, F], *reaches: str) -> Cell[S, E, F]:
    """`cell(joined, "waiting", "together")`: the handler, then the phases it may reach."""
    return Cell(handler, frozenset(reaches))


@dataclass(frozen=True, slots=True)
class Machine(Generic[S, E, F]):
    """A table `(phase, event type) -> cell` over a state that knows its phase.

    Event types are matched exactly, not by subclass. `now_us` is passed on to handlers unchanged.
    """

    name: str
    phase_of: Callable[[S], str]
    table: Mapping[tuple[str, type[E]], Cell[S, E, F]]

    def step(self, state: S, event: E, now_us: int) -> tuple[S, tuple[F, ...]]:
        """The state after the event, and the effects to carry out, in order. Raises NoCell."""
        phase = self.phase_of(state)
        row = self.table.get((phase, type(event)))
        if row is None:
            raise NoCell(phase, type(event).__name__)
        after, effects = row.handler(state, event, now_us)
        reached = self.phase_of(after)
        if reached not in row.reaches:
            raise IllegalPhase(
                f"{self.name}: {type(event).__name__} in {phase} reached {reached}, "
                f"which its cell does not declare"
            )
        return after, effects


def diagram(machine: Machine[S, E, F]) -> str:
    """A mermaid stateDiagram-v2 of the table; one arrow a pair of phases, events sorted on it."""
    arrows: dict[tuple[str, str], set[str]] = {}
    for (phase, event), row in machine.table.items():
        for reached in row.reaches:
            arrows.setdefault((phase, reached), set()).add(event.__name__)
    lines = [
        f"    {phase} --> {reached}: {', '.join(sorted(events))}"
        for (phase, reached), events in sorted(arrows.items())
    ]
    return "\n".join(["stateDiagram-v2", *lines]) + "\n"
