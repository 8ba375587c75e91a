"""A real Redis server, in a process and a folder of its own, on a unix socket: to be flushed,
killed and paused."""

from __future__ import annotations

import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from shutil import rmtree

GUARD_S = 20.0


class RedisServer:
    """Runs from the start until `stop`; keeps nothing."""

    def __init__(self) -> None:
        # Not under pytest's folder: a socket's path has at most 107 bytes.
        self.folder = Path(tempfile.mkdtemp(prefix="ithaca-redis-"))
        self._socket = self.folder / "redis.sock"
        self.start()

    @property
    def url(self) -> str:
        return f"unix://{self._socket}"

    def start(self) -> None:
        self._process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", str(self._socket), "--save", "",
             "--appendonly", "no", "--dir", str(self.folder), "--logfile", "redis.log"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            start_new_session=True,  # a Ctrl-C is for us
        )  # fmt: skip
        until = time.monotonic() + GUARD_S
        while not self._answers():
            assert time.monotonic() < until, "redis-server does not answer"
            time.sleep(0.01)

    def kill(self) -> None:
        """As a crash would."""
        self._process.send_signal(signal.SIGCONT)
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """It holds every connection and answers none."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def flush(self) -> None:
        self._ask("FLUSHALL")

    def cut(self) -> None:
        """Ends every connection to it."""
        self._ask("CLIENT KILL TYPE pubsub")
        self._ask("CLIENT KILL TYPE normal")

    def door(self, of: RedisServer | None = None) -> str:
        """Another way to it, which others need not have: from now on it leads to `of`, or nowhere.
        Who came by it stays until `cut`."""
        door = self.folder / "door.sock"
        door.unlink(missing_ok=True)
        if of is not None:
            door.symlink_to(of._socket)
        return f"unix://{door}"

    def stop(self) -> None:
        self.kill()
        rmtree(self.folder)

    def _answers(self) -> bool:
        try:
            return self._ask("PING").startswith(b"+PONG")
        except OSError:
            return False

    def _ask(self, command: str) -> bytes:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(GUARD_S)
            connection.connect(str(self._socket))
            connection.sendall(command.encode() + b"\r\n")
            return connection.recv(1024)
