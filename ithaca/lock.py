"""One process at a time writes into a data folder."""

import fcntl
import os
from pathlib import Path
from types import TracebackType

from ithaca.settings import SettingsError


class DataLock:
    """Creates the folder, readable by its owner only, and holds a lock on it. Raises SettingsError
    when somebody else holds it or the folder cannot be used."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def __enter__(self) -> "DataLock":
        try:
            self._data.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._file = os.open(self._data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise SettingsError(
                f"Cannot use the data folder {self._data} ({error.strerror}). "
                "Choose another with --data."
            ) from None
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._file)
            raise SettingsError(
                f"Another Ithaca uses the data folder {self._data}. Stop it, or choose another "
                "with --data."
            ) from None
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)
