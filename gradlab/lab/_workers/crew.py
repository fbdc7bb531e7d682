"""The crew: the workers of a command, and the blocks that are left for them to compute."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import os
import queue
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, NamedTuple, TypeVar

from gradlab._compat import backend_has_started, read_settings

from .._engine.block_executor import count_cores
from .._engine.task import Task, Watcher
from .._profile import active_profile
from .._storage.checkpoints import CheckpointStore
from .unfinished_blocks import UnfinishedBlocks, count_blocks
from .worker import Call, Order, Reply, serve

MOST_WORKERS = 8  # each holds the memory of a block
_PATIENCE = 20  # seconds after which a worker that computes its last block is not waited for

T = TypeVar("T")


class _Member(NamedTuple):
    """A worker, as the command sees it."""

    process: int
    connection: Connection


class Crew:
    """Workers that compute the blocks of tasks, each block in one of them, and store them in a folder.

    Making a crew copies this process, before JAX starts a backend here. `make_tasks` makes the tasks in each copy. A
    crew is a context manager, and leaving it ends the workers.
    """

    def __init__(self, make_tasks: Callable[[], Sequence[Task]], count: int):
        self._members = [self._hire(make_tasks, first) for first in range(count)]
        self._blocks = UnfinishedBlocks()
        self._threads: list[threading.Thread] = []
        self._idle: queue.SimpleQueue[_Member] = queue.SimpleQueue()  # those who have no more blocks to compute
        self._callers = ThreadPoolExecutor(max(1, count), "call")

    def _hire(self, make_tasks: Callable[[], Sequence[Task]], first: int) -> _Member:
        ours, theirs = Pipe()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()  # what is in their buffers would be written twice
        process = os.fork()
        if process == 0:
            ours.close()
            serve(theirs, make_tasks, first, active_profile() is not None)
        theirs.close()
        return _Member(process, ours)

    def begin(self, store: CheckpointStore, tasks: Sequence[Task], at_a_time: int = MOST_WORKERS) -> None:
        """Begin with the blocks of tasks, which are stored in `store`; no more workers compute at a time."""
        self._blocks.begin([count_blocks(task) for task in tasks])
        for member in self._members[at_a_time:]:
            self._idle.put(member)
        for first, member in enumerate(self._members[:at_a_time]):
            thread = threading.Thread(target=self._lead, args=(member, first % len(tasks), store), daemon=True)
            self._threads.append(thread)
            thread.start()

    def wait(self, task: int, watcher: Watcher) -> float:
        """Wait until no worker computes a block of a task, or will. Return how many of its runs the watcher was told.

        Blocks that the store then lacks have failed. Their errors are not known here: they come again where the block
        is computed again.
        """
        return self._blocks.wait(task, watcher, lambda: not any(thread.is_alive() for thread in self._threads))

    def _lead(self, member: _Member, task: int, store: CheckpointStore) -> None:
        """Let a worker compute blocks, beginning with those of a task, until none are left."""
        with contextlib.suppress(EOFError, OSError):  # the worker has ended
            while (unit := self._blocks.take(task)) is not None:
                task, block = unit
                reply = Reply(succeeded=False)
                try:
                    member.connection.send(Order(store, task, block))
                    while not (reply := member.connection.recv()).is_end:
                        self._blocks.finish(task, reply.runs)
                finally:
                    self._blocks.finish(task, reply.runs, is_end=True, succeeded=reply.is_end and reply.succeeded)
                _add_to_profile(reply)
            self._idle.put(member)

    def call(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Call a function of a module in a worker that has no more blocks to compute. Its future fails with it."""
        return self._callers.submit(self._call, Call(function, arguments))

    def _call(self, call: Call) -> Any:
        member = self._idle.get(timeout=_PATIENCE)
        try:
            member.connection.send(call)  # which fails before anything is sent, if an argument cannot be pickled
            reply: Reply = member.connection.recv()
        finally:
            self._idle.put(member)
        _add_to_profile(reply)
        if not reply.succeeded:
            raise RuntimeError(f"{call.function.__name__} failed in a worker")
        return reply.value

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for member in self._members:
            os.kill(member.process, signal.SIGKILL)  # files are written in one step, so nothing is left half-written
        for member in self._members:
            os.waitpid(member.process, 0)
            member.connection.close()
        self._members.clear()
        self._callers.shutdown(wait=False, cancel_futures=True)


def _add_to_profile(reply: Reply) -> None:
    profile = active_profile()
    if profile:
        for part in reply.parts:
            profile.add(*part)


def count_workers() -> int:
    """Return how many workers a command on this machine can have: one for each core, or 0 where they do not pay.

    They need Linux, whose processes can be copied, a backend that has not started, and a CPU as the only device.
    """
    settings = read_settings()
    is_one_device = (
        "xla_force_host_platform_device_count" not in os.environ.get("XLA_FLAGS", "")
        and int(settings.get("jax_num_cpu_devices", -1)) <= 1
        and settings["jax_default_device"] is None
    )
    can_copy = sys.platform == "linux" and threading.active_count() == 1 and not backend_has_started()
    count = min(MOST_WORKERS, count_cores())
    return count if can_copy and is_one_device and count > 1 and _only_cpu() else 0


def _only_cpu() -> bool:
    """Return whether JAX has no other platform than the CPU, as far as that can be seen without starting it."""
    if read_settings()["jax_platforms"]:
        return str(read_settings()["jax_platforms"]) == "cpu"
    plugins = importlib.metadata.entry_points(group="jax_plugins")
    return not plugins and not any(importlib.util.find_spec(name) for name in ("jax_plugins", "libtpu"))
