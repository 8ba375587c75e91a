"""Takes SQLite's write-ahead log over into the database while the writer goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Literal

from sqlalchemy import Connection

PASSES = 2
"""What is written during the first, the second takes over in a fraction of its time: what is then
left to the writer is next to nothing."""


class Ahead:
    """A thread with a connection of its own, for the long part of a checkpoint. What is written
    meanwhile is left to the writer, and little: then the log begins anew. `failed` hears of an
    error, in that thread."""

    def __init__(self, connection: Connection, failed: Callable[[Exception], object]) -> None:
        self._connection, self._failed = connection, failed
        self._asked: SimpleQueue[bool] = SimpleQueue()
        self.state: Literal["idle", "under way", "done"] = "idle"
        self._thread = threading.Thread(target=self._work, name="sqlite-checkpoints", daemon=True)
        self._thread.start()

    def begin(self) -> None:
        """It is idle; `state` says when it is done."""
        self.state = "under way"
        self._asked.put(True)

    def over(self) -> None:
        """The writer does the rest."""
        self.state = "idle"

    def close(self) -> None:
        """What is under way is done first."""
        self._asked.put(False)
        self._thread.join()

    def _work(self) -> None:
        while self._asked.get():
            try:
                for _ in range(PASSES):
                    self._connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")
            except Exception as error:
                self._failed(error)
            self.state = "done"
        self._connection.close()
