"""What ./run says where something is missing; it must stop before it changes a thing."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture.house import ROOT

# A real Python that takes itself for 3.9.
OLD_PYTHON = f"""
[ "$1" != --version ] || exec echo Python 3.9.2
exec "{sys.executable}" -c "import sys; sys.version_info = (3, 9, 2); $2"
"""


class Machine:
    """A copy of the scripts, and a PATH whose first folder stands in for the machine's programs."""

    def __init__(self, root: Path) -> None:
        self.house, self.programs = root / "house", root / "programs"
        (self.house / "tests" / "support").mkdir(parents=True)
        self.programs.mkdir()
        for name in ("run", "tests/support/apt.sh"):
            shutil.copy(ROOT / name, self.house / name)

    def program(self, name: str, script: str) -> Path:
        path = self.programs / name
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def run(self, *args: str, **env: str) -> subprocess.CompletedProcess[str]:
        path = f"{self.programs}{os.pathsep}{os.environ['PATH']}"
        return subprocess.run(
            [str(self.house / "run"), *args],
            env={"PATH": path, "HOME": str(self.house), **env},
            capture_output=True,
            text=True,
            check=False,
        )


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One where we are not root, no Debian package is there, and installing one is a mistake."""
    machine = Machine(tmp_path)
    machine.program("id", "echo 1000")
    machine.program("dpkg", "exit 1")
    machine.program("apt-get", "echo CALLED; exit 99")
    return machine


def test_without_venv_module_it_names_the_package_and_the_command(machine: Machine) -> None:
    python = machine.program(
        "python", f'case "$*" in *ensurepip*) exit 1 ;; *) exec "{sys.executable}" "$@" ;; esac'
    )
    done = machine.run("serve", PYTHON=str(python))
    assert done.returncode == 1
    package = f"python3.{sys.version_info.minor}-venv"
    assert f"sudo apt-get install --no-install-recommends {package}" in done.stderr
    assert "CALLED" not in done.stdout + done.stderr
    assert not (machine.house / ".venv").exists()


def test_a_named_python_that_is_too_old_is_refused_by_name(machine: Machine) -> None:
    done = machine.run("serve", PYTHON=str(machine.program("python", OLD_PYTHON)))
    assert done.returncode == 1
    assert "is not a Python 3.11 or newer" in done.stderr
    assert not (machine.house / ".venv").exists()


def test_a_machine_with_only_an_old_python_is_told_which_it_has(machine: Machine) -> None:
    machine.program("python3", OLD_PYTHON)
    for minor in (11, 12, 13, 14):
        machine.program(f"python3.{minor}", "exit 127")
    done = machine.run("test")
    assert done.returncode == 1
    assert "needs Python 3.11 or newer; here is Python 3.9.2" in done.stderr


def test_help_names_every_command(machine: Machine) -> None:
    done = machine.run("help")
    assert done.returncode == 0
    for command in ("serve", "ithaca", "test", "soak", "cluster", "check", "gen", "bench", "lock"):
        assert f"./run {command}" in done.stdout


def test_an_unknown_command_is_refused(machine: Machine) -> None:
    done = machine.run("serv")
    assert done.returncode == 1
    assert "Unknown command: serv" in done.stderr
