"""A spare process at the door: it has imported the product, and forks a server the moment one is
wanted. What a start costs is nearly all imports.

Run as a program it is that process: each request comes with the files to write to, and is answered
on the last of them: the process id, later the exit code.
"""

from __future__ import annotations

import asyncio
import atexit
import ctypes
import gc
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
from asyncio import StreamReader
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[2]
MESSAGE_MAX = 1 << 16
OF_THE_SPARE = ("LD_PRELOAD", "PYTHONPATH")
"""What a fork cannot change any more: each value of them has a spare of its own."""


class Forked:
    """A process as asyncio's own are, as far as it is needed."""

    def __init__(self, pid: int, stdout: StreamReader, status: StreamReader) -> None:
        self.pid, self.stdout = pid, stdout
        self.returncode: int | None = None
        self._ends = asyncio.create_task(self._end(status))

    async def _end(self, status: StreamReader) -> int:
        self.returncode = int(await status.readline())
        return self.returncode

    async def wait(self) -> int:
        return await asyncio.shield(self._ends)

    async def communicate(self) -> tuple[bytes, None]:
        said = await self.stdout.read()
        await self.wait()
        return said, None

    def send_signal(self, number: int) -> None:
        if self.returncode is None:
            os.kill(self.pid, number)


class Spare:
    """The side of those who want servers."""

    _waiting: dict[tuple[str | None, ...], Spare] = {}

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> Spare:
        """The one that waits already, or a new one; it ends with this process."""
        kind = tuple(environment.get(name) for name in OF_THE_SPARE)
        if kind not in cls._waiting:
            cls._waiting[kind] = cls(environment)
        return cls._waiting[kind]

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.spare", str(theirs.fileno())],
                cwd=ROOT,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(self.close)

    def close(self) -> None:
        self._requests.close()
        self._process.wait()

    async def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], stderr: int
    ) -> Forked:
        """`ithaca` with these arguments."""
        request = json.dumps({"arguments": list(arguments), "environment": dict(environment)})
        stdout, out = os.pipe()
        status, told = os.pipe()
        try:
            socket.send_fds(self._requests, [request.encode()], [out, stderr, told])
        finally:
            os.close(out)
            os.close(told)
        said, ended = await _reader(stdout), await _reader(status)
        return Forked(int(await ended.readline()), said, ended)


async def _reader(end: int) -> StreamReader:
    reader = StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(end, "rb", buffering=0)
    )
    return reader


# ---- the spare process ---------------------------------------------------------------------------


def wait_for_work(number: int) -> None:
    for module in ("ithaca.__main__", "ithaca.serve"):
        importlib.import_module(module)
    gc.freeze()
    requests = socket.socket(fileno=number)
    woken, wake = os.pipe()
    os.set_blocking(wake, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(wake, warn_on_full_buffer=False)
    running: dict[int, int] = {}
    while True:
        ready, _, _ = select.select([requests.fileno(), woken], [], [])
        if woken in ready:
            os.read(woken, MESSAGE_MAX)
            _tell_who_ended(running)
        if requests.fileno() not in ready:
            continue
        data, files, _, _ = socket.recv_fds(requests, MESSAGE_MAX, 3)
        if not data:
            return
        out, err, told = files
        pid = os.fork()
        if not pid:
            for each in (requests.fileno(), woken, wake, told, *running.values()):
                os.close(each)
            _become(json.loads(data), out, err)
        os.close(out)
        os.close(err)
        os.write(told, b"%d\n" % pid)
        running[pid] = told


def _tell_who_ended(running: dict[int, int]) -> None:
    for pid, told in list(running.items()):
        ended, how = os.waitpid(pid, os.WNOHANG)
        if ended:
            os.write(told, b"%d\n" % os.waitstatus_to_exitcode(how))
            os.close(told)
            del running[pid]


def _become(request: dict[str, object], out: int, err: int) -> NoReturn:
    """The program, in this fork."""
    from ithaca.__main__ import main

    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.dup2(out, 1)
    os.dup2(err, 2)
    environment, arguments = request["environment"], request["arguments"]
    assert isinstance(environment, dict)
    assert isinstance(arguments, list)
    os.environ.clear()
    os.environ.update(environment)
    if "LD_PRELOAD" in environment:
        ctypes.CDLL(environment["LD_PRELOAD"]).machine_begin()
    code: object = 1
    try:
        main(arguments)
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        sys.stdout.flush()
        os._exit(code if isinstance(code, int) else 1)


if __name__ == "__main__":
    wait_for_work(int(sys.argv[1]))
