"""Where the house stands and what it declares: shared by the tests of this folder."""

import json
import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
PYPROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES: list[str] = PYPROJECT["tool"]["importlinter"]["root_packages"]

NOT_OURS = {"node_modules", "__pycache__", "static", "dist", "build", "data"}


def our_files(*suffixes: str) -> Iterator[Path]:
    """The project's own files with one of these suffixes; dot-folders but `.ci` left out."""
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            name
            for name in folders
            if name not in NOT_OURS and (not name.startswith(".") or name == ".ci")
        ]
        yield from (Path(folder, name) for name in names if name.endswith(suffixes))


def distribution_name(requirement: str) -> str:
    """`sqlalchemy[asyncio]>=2.1` -> `sqlalchemy`, in the index's normal form."""
    name = re.split(r"[\[<>=!~; ]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def python_dependencies() -> dict[str, set[str]]:
    """Direct dependencies by what they are for: run, test, check, build."""
    project, groups = PYPROJECT["project"], PYPROJECT["dependency-groups"]
    lists = {
        "run": project["dependencies"],
        "test": groups["test"],
        "check": groups["check"],
        "build": PYPROJECT["build-system"]["requires"],
    }
    return {use: {distribution_name(line) for line in lines} for use, lines in lists.items()}


def npm_dependencies() -> dict[str, set[str]]:
    """Direct dependencies of each package.json, by its folder."""
    found = {}
    for package in our_files("package.json"):
        declared = json.loads(package.read_text())
        folder = str(package.parent.relative_to(ROOT))
        found[folder] = {
            name
            for kind, names in declared.items()
            if kind.lower().endswith("dependencies")  # dev, peer and optional ones, too
            for name in names
        }
    return found
