"""What the project stands on is declared, documented and locked; nothing more, nothing less."""

import ast
import re
import sys
from importlib.metadata import packages_distributions

import pytest

from tests.architecture.house import (
    PACKAGES,
    PYPROJECT,
    ROOT,
    distribution_name,
    npm_dependencies,
    our_files,
    python_dependencies,
)


def documented(heading: str) -> set[str]:
    """First cells in backticks of the table rows under a `## heading` of docs/dependencies.md."""
    sections = re.split(r"^## ", (ROOT / "docs" / "dependencies.md").read_text(), flags=re.M)
    (section,) = [part for part in sections if part.splitlines()[0] == heading]
    return set(re.findall(r"^\| `([^`]+)`", section, flags=re.M))


def test_every_python_part_has_its_line_and_no_other_has() -> None:
    needs = python_dependencies()
    assert documented("The server") == needs["run"]
    # A part of the server that the tests use as well has its line there.
    assert documented("Tests and checks") == (needs["test"] | needs["check"]) - needs["run"]
    assert documented("Building") - {"uv"} == needs["build"]


def test_every_npm_part_has_its_line_and_no_other_has() -> None:
    needs = npm_dependencies()
    assert documented("The front end") == needs.pop("web/client")
    assert {folder.split("/")[0] for folder in needs} == {"bench"}  # there is a heading for each
    assert documented("Benchmarks") == set().union(*needs.values())


def test_what_the_packages_import_is_declared() -> None:
    ships = packages_distributions()
    undeclared = set()
    for path in our_files(".py"):
        if path.relative_to(ROOT).parts[0] not in PACKAGES or path.name == "hatch_build.py":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
                modules = [node.module]
            else:
                continue
            for module in modules:
                top = module.split(".")[0]
                if top in PACKAGES or top in sys.stdlib_module_names:
                    continue
                names = {distribution_name(name) for name in ships.get(top, [top])}
                if not names & python_dependencies()["run"]:
                    undeclared.add((str(path.relative_to(ROOT)), module))
    assert not undeclared


def test_no_dependency_ships_a_package_by_a_name_of_ours() -> None:
    ships = packages_distributions()
    for name in [*PACKAGES, "tests", "bench", "docs"]:
        assert set(ships.get(name, [])) <= {PYPROJECT["project"]["name"]}, name


@pytest.mark.parametrize("use", ["run", "test", "build"])
def test_every_part_is_locked_with_hashes(use: str) -> None:
    text = (ROOT / "requirements" / f"{use}.txt").read_text()
    locked = dict(re.findall(r"^([a-z0-9-]+)(?:\[[^]]*\])?==(.+(?:\n    --hash.+)*)", text, re.M))
    wanted = python_dependencies()[use] | (
        python_dependencies()["check"] if use == "test" else set()
    )
    assert wanted <= set(locked)
    assert all("--hash=sha256:" in entry for entry in locked.values())
