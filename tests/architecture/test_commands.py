"""Every command says what it does, and the docs know it."""

from __future__ import annotations

import argparse
import re

import pytest

from ithaca.__main__ import parser
from tests.architecture.house import ROOT


def commands() -> dict[str, argparse.ArgumentParser]:
    (action,) = [each for each in parser()._actions if isinstance(each, argparse._SubParsersAction)]
    return dict(action.choices)


def test_every_command_is_in_the_docs_and_no_other_is() -> None:
    page = (ROOT / "docs" / "operation.md").read_text()
    assert set(re.findall(r"^\| `ithaca (\w+)`", page, re.M)) == set(commands())


def test_run_names_every_command() -> None:
    usage = (ROOT / "run").read_text().partition("<<'END'")[2].partition("\nEND")[0]
    assert not [name for name in commands() if not re.search(rf"\b{name}\b", usage)]


@pytest.mark.parametrize("name", commands())
def test_every_command_says_how_it_is_used(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        parser().parse_args([name, "--help"])
    assert ended.value.code == 0
    assert f"usage: ithaca {name}" in capsys.readouterr().out
