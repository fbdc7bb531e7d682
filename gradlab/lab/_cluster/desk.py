"""The desk: what runs in a worker of Dask. It starts processes that compute, and passes messages on to them.

The processes have the command's settings and the user's files, and end with the command. So a worker of Dask, which
may live for weeks, never holds old code, and a program that crashes does not take it along. Nothing here needs JAX.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from typing import BinaryIO, cast

from .messages import Channel

# Not `python -m`: what a user's script defines is of a module `__main__` too, and has no file there.
_PROGRAM = "from gradlab.lab._cluster.remote_worker import main; main()"
_PATIENCE = 2  # seconds for a process to end by itself

# Session and number -> process. A session is one command, and each number computes one block at a time.
_processes: dict[tuple[str, int], _Process] = {}
_lock = threading.Lock()


class EndedError(RuntimeError):
    """A process that computes has ended, or there is none."""


class _Process:
    def __init__(self, environment: Mapping[str, str]):
        self.process = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=make_environment(os.environ, environment),
        )
        self.channel = Channel(cast(BinaryIO, self.process.stdout), cast(BinaryIO, self.process.stdin))

    def exchange(self, content: bytes | None) -> bytes:
        try:
            if content is not None:
                self.channel.send(content)
            return self.channel.receive()
        except (EOFError, OSError, ValueError):  # ValueError: its pipe was closed by `stop`
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(_PATIENCE)
            raise EndedError(f"a process that computes ended (exit code {self.process.returncode})") from None

    def hang_up(self) -> None:
        """Let the process end by itself, which removes its files."""
        with contextlib.suppress(OSError, ValueError):  # what was not sent yet
            cast(BinaryIO, self.process.stdin).close()

    def stop(self) -> None:
        try:
            self.process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start(session: str, number: int, environment: Mapping[str, str], content: bytes) -> bytes:
    """Start a process with these variables in its environment, send it a first message, and return its answer."""
    new = _Process(environment)
    with _lock:
        old, _processes[session, number] = _processes.get((session, number)), new
    if old is not None:
        old.hang_up()
        old.stop()
    return new.exchange(content)


def exchange(session: str, number: int, content: bytes | None) -> bytes:
    """Send a message to a process, or none, and return the next that it sends. Raises EndedError."""
    with _lock:
        process = _processes.get((session, number))
    if process is None:
        raise EndedError("there is no process that computes")
    return process.exchange(content)


def stop(session: str) -> None:
    """End the processes of a session at once. What they have not sent is lost."""
    with _lock:
        ended = [_processes.pop(key) for key in list(_processes) if key[0] == session]
    for process in ended:
        process.hang_up()
    for process in ended:
        process.stop()


def make_environment(own: Mapping[str, str], of_command: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of a process that computes: this machine's, with the command's variables for JAX.

    XLA gets one thread on a CPU, because Dask says how many blocks are computed at a time. Results do not depend on the
    number of threads.
    """
    kept = {name: value for name, value in own.items() if not travels(name)}
    return {**kept, **of_command, "NPROC": "1"}


def travels(name: str) -> bool:
    """Return whether a variable of the environment goes with a study: those of JAX and XLA that results may depend on.

    How much memory of a GPU is taken, and which devices there are, is this machine's affair.
    """
    return (name.startswith("JAX_") and name != "JAX_NUM_CPU_DEVICES") or name == "XLA_FLAGS"
