"""A machine to put a server on: its power can be cut, its disk can fail, and its wall clock can be
set while it runs.

Built from machine.c when a test wants it. A power cut leaves of each file what was last fsynced,
and some of the pages that were written since.
"""

from __future__ import annotations

import random
import shutil
import struct
import subprocess
from pathlib import Path

from runtime.database import reserve

HERE = Path(__file__).resolve().parent
PAGE = 4096
FORGETFUL = """
import sqlite3

class Connection(sqlite3.Connection):
    def execute(self, sql, *more):
        return super().execute(sql.replace("synchronous=FULL", "synchronous=NORMAL"), *more)

def connect(*args, _connect=sqlite3.dbapi2.connect, **more):
    return _connect(*args, **{"factory": Connection, **more})

sqlite3.connect = sqlite3.dbapi2.connect = connect
"""
"""Makes every Python that starts with it ask SQLite to fsync only at checkpoints."""


def build(folder: Path) -> Path:
    """The library to preload."""
    library = folder / "machine.so"
    if shutil.which("gcc") is None:
        subprocess.run([HERE / "apt.sh", "gcc", "libc6-dev"], check=True)
    command = ["gcc", "-O2", "-Wall", "-Werror", "-shared", "-fPIC"]
    subprocess.run([*command, "-o", library, HERE / "machine.c"], check=True)
    return library


class Machine:
    """`forgetful`: its SQLite does not fsync what it acknowledges."""

    def __init__(self, folder: Path, library: Path, *, forgetful: bool = False) -> None:
        self.data, self._disk = folder / "data", folder / "disk"
        self._disk.mkdir(parents=True)
        self._clock = folder / "clock"
        self.set_clock_by(0)
        self.environment = {
            "LD_PRELOAD": str(library),
            "MACHINE_DATA": str(self.data),
            "MACHINE_DISK": str(self._disk),
            "MACHINE_CLOCK": str(self._clock),
        }
        if forgetful:
            (folder / "sitecustomize.py").write_text(FORGETFUL)
            self.environment["PYTHONPATH"] = str(folder)

    def fail_at(self, sync: int, of: str = "") -> None:
        """Which fsync of a file of the data folder ends with EIO, counted from 1 and from the start
        of whoever is started next; 0: none. `of`: only of files whose name ends so. After it the
        disk keeps nothing of what it is given."""
        self.environment["MACHINE_FAILS"] = str(sync)
        self.environment["MACHINE_FAILS_OF"] = of

    def set_clock_by(self, seconds: int) -> None:
        """How far its wall clock is ahead from now on."""
        with self._clock.open("r+b" if self._clock.exists() else "wb") as file:
            file.write(struct.pack("=q", seconds))

    def lose_power(self, dice: random.Random) -> int:
        """What is in the data folder when it is back; how many pages were not on disk. Whoever was
        running on it has been killed."""
        lost, reached = 0, dice.choice((0.0, 0.5, dice.random()))
        for file in self.data.iterdir():
            kept = self._disk / file.name
            if file.name == reserve.FILE_NAME:
                continue  # nothing is written there
            if not file.is_file() or file.name.endswith("-shm"):
                file.unlink()
                continue
            written, image = (
                file.read_bytes(),
                bytearray(kept.read_bytes() if kept.exists() else b""),
            )
            for at in range(0, len(written), PAGE):
                page = written[at : at + PAGE]
                if page == image[at : at + PAGE]:
                    continue
                if dice.random() < reached:
                    image.extend(bytes(max(0, at - len(image))))
                    image[at : at + PAGE] = page
                else:
                    lost += 1
            file.write_bytes(image)
        return lost
