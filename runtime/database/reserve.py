"""Room on the disk that is kept back, for what must be written down even when it is full."""

from __future__ import annotations

import errno
import os
from pathlib import Path

FILE_NAME = "reserve"
SIZE = 16 * 1024 * 1024
PIECE = 1024 * 1024
MARGIN = 1024 * 1024
"""What must be free beside a whole reserve before the disk counts as having room again."""


class Reserve:
    """A file in the data folder whose blocks are taken. It is given back piece by piece: whatever
    else fills the disk gets at most one of them between giving and writing."""

    def __init__(self, data: Path, size: int = SIZE) -> None:
        self._path, self._size = data / FILE_NAME, size

    @property
    def held(self) -> int:
        return self._path.stat().st_size if self._path.exists() else 0

    def give(self) -> bool:
        """Frees a piece; False when none is left."""
        held = self.held
        if held:
            os.truncate(self._path, max(0, held - PIECE))
        return bool(held)

    def fill(self) -> bool:
        """Makes it whole again, where there is room; whether it is, and there is more room."""
        missing = self._size - self.held
        if self.free < missing + MARGIN:
            return False
        if missing > 0:
            try:
                self._take(missing)
            except OSError as error:
                if error.errno not in (errno.ENOSPC, errno.EDQUOT):
                    raise
                return False
        return True

    @property
    def free(self) -> int:
        """What the disk has left for us, as far as it says."""
        disk = os.statvfs(self._path.parent)
        return disk.f_bavail * disk.f_frsize

    def _take(self, missing: int) -> None:
        file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        held = os.fstat(file).st_size
        try:
            os.posix_fallocate(file, held, missing)
        except OSError:
            os.truncate(file, held)
            raise
        finally:
            os.close(file)
