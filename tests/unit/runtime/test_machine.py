from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from runtime.machine import Cell, IllegalPhase, Machine, NoCell, WakeAt, cell, diagram


@dataclass(frozen=True)
class Door:
    phase: str = "shut"
    opened_at_us: int = 0


@dataclass(frozen=True)
class Push:
    pass


@dataclass(frozen=True)
class Slam(Push):
    pass


@dataclass(frozen=True)
class Late:
    pass


@dataclass(frozen=True)
class Squeak:
    loudness: int


Happening = Push | Slam | Late
Effect = Squeak | WakeAt[Happening]
Steps = tuple[Door, tuple[Effect, ...]]


def push(door: Door, event: Push, now_us: int) -> Steps:
    return replace(door, phase="open", opened_at_us=now_us), (
        Squeak(1),
        WakeAt(now_us + 5, Late()),
        Squeak(2),
    )


def shut(door: Door, event: Happening, now_us: int) -> Steps:
    return replace(door, phase="shut"), ()


def stay(door: Door, event: Happening, now_us: int) -> Steps:
    return door, ()


def door(
    *extra: tuple[tuple[str, type[Happening]], Cell[Door, Happening, Effect]],
) -> Machine[Door, Happening, Effect]:
    return Machine(
        "door",
        lambda state: state.phase,
        {
            ("shut", Push): cell(push, "open"),
            ("open", Push): cell(stay, "open"),
            ("open", Late): cell(shut, "shut", "open"),
            ("shut", Late): cell(stay, "shut"),
            **dict(extra),
        },
    )


def test_a_step_is_the_handler_s_with_time_as_an_argument() -> None:
    state, effects = door().step(Door(), Push(), 100)
    assert state == Door("open", 100)
    assert effects == (Squeak(1), WakeAt(105, Late()), Squeak(2))
    assert door().step(state, Late(), 105) == (Door("shut", 100), ())


def test_an_event_without_a_cell_is_named() -> None:
    with pytest.raises(NoCell, match="Slam has no place in phase shut") as caught:
        door().step(Door(), Slam(), 0)
    assert (caught.value.phase, caught.value.event) == ("shut", "Slam")


def test_an_undeclared_phase_is_our_mistake() -> None:
    machine = door((("shut", Slam), cell(push, "shut")))
    with pytest.raises(IllegalPhase, match="door: Slam in shut reached open"):
        machine.step(Door(), Slam(), 0)


def test_the_diagram_is_drawn_from_the_table() -> None:
    assert diagram(door((("shut", Slam), cell(push, "open")))) == (
        "stateDiagram-v2\n"
        "    open --> open: Late, Push\n"
        "    open --> shut: Late\n"
        "    shut --> open: Push, Slam\n"
        "    shut --> shut: Late\n"
    )
