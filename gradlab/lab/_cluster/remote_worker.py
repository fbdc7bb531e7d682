"""The process that computes on another machine. `desk` starts it.

It reads orders from its input and writes chunks to its output. It ends when the input does, or when nobody has told it
anything, or taken its answer, for five minutes.
"""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from .messages import Channel, Chunk, Code, Failure, Greeting, Order, Setup, Tasks, decode, encode

if TYPE_CHECKING:
    from .._engine.block_executor import Executor
    from .._engine.task import Task
    from .._storage.checkpoints import ChunkResult

IDLE_SECONDS = 300.0


def main() -> None:
    """Greet the command, and do what it orders."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C at a worker of Dask ends that worker, and so this process
    folder = Path(tempfile.mkdtemp(prefix="gradlab-"))  # for the user's files
    try:
        line = _Line(_take_streams(), folder)
        setup: Setup = line.receive()
        _write_files(folder, setup.files)
        sys.path.insert(0, str(folder))
        _apply_settings(setup.settings)
        worker = _Worker(line)
        line.send(worker.greet())
        worker.work()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Line:
    """The line to the command. The process ends with it."""

    def __init__(self, channel: Channel, folder: Path):
        self.channel, self.folder = channel, folder
        self._messages: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        while True:
            try:
                self._messages.put(decode(self.channel.receive()))
            except Exception:  # the worker of Dask has ended, or has been told to end this process
                self._end()

    def receive(self) -> Any:
        try:
            return self._messages.get(timeout=IDLE_SECONDS)
        except queue.Empty:
            self._end()

    def send(self, message: NamedTuple) -> None:
        with self._patience():
            self.channel.send(encode(message))

    @contextlib.contextmanager
    def _patience(self) -> Iterator[None]:
        timer = threading.Timer(IDLE_SECONDS, self._end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _end(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
        os._exit(0)  # other threads may be computing


class _Worker:
    """The tasks of the command, and the executor of the last one. It is the store of its executors: it sends what they
    put there."""

    def __init__(self, line: _Line):
        from .._engine.compiler import Compiler
        from .._engine.devices import select_devices

        self.line = line
        self.devices = select_devices()[:1]  # one block at a time
        self.compiler = Compiler(self.devices, reuse_programs=True, threads=1)
        self.problems: dict[bytes, Any] = {}
        self.tasks: list[Task] = []
        self.executors: dict[int, Executor] = {}
        self.carry: Mapping[str, Any] | None = None

    def greet(self) -> Greeting:
        """Say what this process is."""
        from .surroundings import describe_surroundings

        return Greeting(describe_surroundings(), self.devices[0].platform)

    def work(self) -> None:
        """Do what is ordered until nobody orders any more."""
        from .._inputs.user_errors import UserCodeError

        while True:
            message = self.line.receive()
            try:
                if isinstance(message, Tasks):
                    self.line.send(self._learn(message))
                else:
                    self._compute(message)
            except OSError:
                raise
            except BaseException as error:
                text = " ".join(f"{type(error).__name__}: {error}".split())
                self.line.send(Failure(text, isinstance(error, UserCodeError)))

    def _learn(self, message: Tasks) -> Code:
        """Make the tasks, and say what code they run."""
        from .parcels import describe_code, unpack_tasks

        self.tasks, self.problems = unpack_tasks(message, self.problems)
        self.executors.clear()
        return describe_code(self.tasks)

    def _compute(self, order: Order) -> None:
        from .._engine.block_executor import Executor
        from .._engine.distributed import Processes
        from .._engine.task import Watcher

        task = self.tasks[order.task]
        if order.task not in self.executors:
            self.executors.clear()  # so that no more than one program is kept
            program, draws = self.compiler.prepare(task)
            self.executors[order.task] = Executor(
                order.task, task, program.result(), draws.result(), self, Watcher(), Processes()
            )
        self.carry = order.carry
        stored: list[Any] = [None] * order.first_chunk  # the command has them
        self.executors[order.task].finish({order.block: stored}, lambda block, chunks: None)

    def read_carry(self, task: int, block: int, chunk: int, shapes: Sequence[tuple[tuple[int, ...], Any]]) -> list[Any]:
        """Return the state that came with the order."""
        from .._storage.checkpoints import restore_carry

        assert self.carry is not None
        return restore_carry(self.carry, shapes)

    def write(self, task: int, block: int, chunk: int, result: ChunkResult, carry: Sequence[Any]) -> None:
        """Send a chunk to the command. The next one is computed while it travels."""
        self.line.send(Chunk(chunk, result, list(carry)))


def _take_streams() -> Channel:
    """Return this process's input and output as a channel. What user code prints goes to the standard error."""
    source, target = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.dup2(2, 1)
    return Channel(source, target)


def _write_files(folder: Path, files: Mapping[str, bytes]) -> None:
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _apply_settings(settings: Mapping[str, Any]) -> None:
    import jax

    from gradlab._compat import read_settings

    for name, value in settings.items():
        if name in read_settings():
            jax.config.update(name, value)
