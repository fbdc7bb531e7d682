"""A worker: a copy of the process of a command, which computes the blocks that it is told to."""

from __future__ import annotations

import contextlib
import ctypes
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

from .._engine.block_executor import Executor
from .._engine.compiler import Compiler
from .._engine.distributed import Processes
from .._engine.pruning.pruned_task import PrunedTask
from .._engine.task import Task, Watcher
from .._profile import Part, Profile, record
from .._storage.checkpoints import CheckpointStore

_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of Linux
COLLECTION_THRESHOLDS = 100_000, 50, 100  # of Python's garbage collector; a program makes millions of objects


class Order(NamedTuple):
    """A block to be computed."""

    store: CheckpointStore
    task: int
    block: int


class Call(NamedTuple):
    """A function to be called, once all blocks are computed."""

    function: Callable[..., Any]
    arguments: tuple[Any, ...]


class Reply(NamedTuple):
    """A report of a worker: how many more runs are done, or that it has finished its block or could not."""

    runs: float = 0.0
    is_end: bool = False
    succeeded: bool = True
    parts: Sequence[Part] = ()  # of the profile, since the last reply
    value: Any = None  # what a function returned


def serve(connection: Connection, make_tasks: Callable[[], Sequence[Task]], first: int, with_profile: bool) -> None:
    """Compute blocks until the command hangs up, and end this process.

    XLA gets one thread here, so that all blocks of the machine together keep each core busy with one thread, and no
    decomposition of matrices waits for threads of a pool that runs it. Results do not depend on the number of threads.
    The program of the task `first` is made before anything is ordered, because the command still makes its plan then.
    """
    ctypes.CDLL(None).prctl(_DIE_WITH_PARENT, signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the command, which ends its workers
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ["NPROC"] = "1"  # the number of threads of XLA; it is read when the backend starts
    # Each collection walks over all that was imported, which takes a tenth of the time of tracing.
    gc.freeze()
    gc.set_threshold(*COLLECTION_THRESHOLDS)
    profile = Profile(time.process_time) if with_profile else None
    code = 1
    try:
        with record(profile), Compiler(threads=1) as compiler:
            with _in_silence():  # the command says what is wrong with the input
                tasks = make_tasks()
            _Worker(connection, tasks, compiler, profile).work(first % len(tasks))
        code = 0
    except (EOFError, BrokenPipeError):  # the command has ended
        code = 0
    except BaseException:
        pass  # the command computes what its workers do not, and reports the error if it comes again
    finally:
        os._exit(code)  # what the command would do at its end is not for a copy of it to do


@contextlib.contextmanager
def _in_silence() -> Iterator[None]:
    with open(os.devnull, "w") as nowhere, contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere):
        yield


class _Worker(Watcher):
    """The tasks of a worker, and the executor of the last one."""

    def __init__(self, connection: Connection, tasks: Sequence[Task], compiler: Compiler, profile: Profile | None):
        self.connection, self.tasks, self.compiler, self.profile = connection, list(tasks), compiler, profile
        self.preparations: dict[int, Any] = {}
        self.executors: dict[int, Executor] = {}

    def work(self, first: int) -> None:
        with contextlib.suppress(Exception):  # it comes again if the task is ordered
            self.preparations[first] = self.compiler.prepare(self.tasks[first])
        while True:
            order: Order | Call = self.connection.recv()
            value, succeeded = None, True
            try:
                if isinstance(order, Call):
                    value = order.function(*order.arguments)
                else:
                    self._compute(order)
            except (EOFError, BrokenPipeError):
                raise
            except BaseException:
                succeeded = False
            sys.stdout.flush()
            parts = self.profile.take_parts() if self.profile else []
            # While one thread waits, another computes, whose processor seconds would be counted twice.
            parts = [part for part in parts if not part.part.startswith("wait")]
            self.connection.send(Reply(is_end=True, succeeded=succeeded, parts=parts, value=value))

    def _compute(self, order: Order) -> None:
        task = self._select(order)
        if task.pruning is not None:  # it is one unit of work as a whole, because its stages wait for one another
            PrunedTask(
                order.task, len(self.tasks), task, task.pruning, order.store, self, self.compiler,
                self.preparations.pop(order.task, None),
            ).run()  # fmt: skip
            return
        stored = order.store.read_results(order.task, order.block, task.partition.chunks)
        if len(stored) == task.partition.chunks:
            self.on_progress(task.partition.run_count / task.partition.block_count)
            return
        if order.task not in self.executors:
            self.executors.clear()  # so that no more than one program is kept
            program, draws = self.preparations.pop(order.task, None) or self.compiler.prepare(task)
            self.preparations.clear()
            self.executors[order.task] = Executor(
                order.task, task, program.result(), draws.result(), order.store, self, Processes()
            )
        self.executors[order.task].finish({order.block: stored}, lambda block, chunks: None)  # the store has them

    def _select(self, order: Order) -> Task:
        """Return the task of an order. Its blocks are those of the runs that the folder does not know already."""
        missing = order.store.known[order.task].missing if order.store.known else None
        if self.tasks[order.task].missing != missing:
            self.tasks[order.task] = replace(self.tasks[order.task], missing=missing)
            self.preparations.pop(order.task, None)  # of the program for other blocks
        return self.tasks[order.task]

    def on_progress(self, runs: float) -> None:
        self.connection.send(Reply(runs))
