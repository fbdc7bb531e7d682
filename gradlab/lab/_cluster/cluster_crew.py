"""The crew of a cluster: it gives blocks to the workers of a cluster, and stores the chunks that come back."""

from __future__ import annotations

import contextlib
import secrets
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from types import TracebackType
from typing import Any, NamedTuple, Protocol, TypeVar

from .._engine.task import Task, Watcher
from .._inputs.source_files import read_source_files
from .._storage.checkpoints import CheckpointStore, ChunkResult, DamagedCheckpointError
from .._workers.unfinished_blocks import UnfinishedBlocks, count_blocks
from . import desk
from .dask_cluster import ClusterError, LostWorkerError, connect
from .messages import Chunk, Code, Failure, Greeting, Order, Setup, decode, encode
from .parcels import describe_code, pack_tasks
from .reports import Reports
from .surroundings import (
    collect_environment,
    collect_settings,
    compare_code,
    compare_surroundings,
    describe_surroundings,
)

T = TypeVar("T")

_POLL_SECONDS = 1.0  # between two looks at which workers there are
MOST_ATTEMPTS = 3  # to compute a block, in processes that end


class Cluster(Protocol):
    """Workers on other machines; see `DaskCluster`."""

    name: str

    def count_threads(self) -> dict[str, int]: ...
    def call(self, address: str, function: Callable[..., T], *arguments: Any) -> T: ...
    def cancel(self, address: str) -> int: ...
    def call_everywhere(self, function: Callable[..., Any], *arguments: Any) -> None: ...


class _Round(NamedTuple):
    """The tasks that are computed now: those of a study, or of a round of a search."""

    number: int
    store: CheckpointStore
    tasks: Sequence[Task]
    parcel: bytes  # the tasks, as they are sent
    code: Code  # that they run


class _RefusedError(RuntimeError):
    """A worker that is given no blocks. The message says why."""


class ClusterCrew:
    """The workers of a cluster, which compute the blocks of tasks. The command stores what they send back.

    Each thread of a worker computes one block at a time, in a process of its own. Workers may come and go: a block
    whose worker is lost goes on in another one, from its last chunk. A crew is a context manager; leaving it ends the
    processes.
    """

    def __init__(self, cluster: Cluster):
        self.cluster, self.session = cluster, secrets.token_hex(8)
        self._blocks = UnfinishedBlocks()
        self._round: _Round | None = None
        self._setup = b""
        self._environment = collect_environment()
        self._surroundings: dict[str, str] = {}
        self._present: set[str] = set()  # addresses of workers
        self._ready: Counter[str] = Counter()  # address -> processes that compute
        self._told: dict[tuple[int, int], int] = {}  # (task, block) -> the chunks that count in the progress
        self._attempts: Counter[tuple[int, int]] = Counter()
        self._refused: set[str] = set()
        self._reports = Reports(cluster.name)
        self._error: BaseException | None = None
        self._is_closed = threading.Event()

    def begin(self, store: CheckpointStore, tasks: Sequence[Task], at_a_time: int = 0) -> None:
        """Begin with the blocks of tasks. How many are computed at a time is what the workers say."""
        number = 0 if self._round is None else self._round.number + 1
        is_first = self._round is None
        if is_first:
            things = [thing for task in tasks for thing in (task.problem, task.factory)]
            self._setup = encode(Setup(collect_settings(), read_source_files(*things)))
            self._surroundings = describe_surroundings()
        self._round = _Round(number, store, tasks, pack_tasks(tasks), describe_code(tasks))
        self._told.clear()
        self._attempts.clear()
        self._blocks.begin([count_blocks(task) for task in tasks])
        if is_first:
            threading.Thread(target=self._look_for_workers, daemon=True).start()

    def wait(self, task: int, watcher: Watcher) -> float:
        """Wait until no worker computes a block of a task, or will. Return how many of its runs the watcher was told.

        Blocks that the store then lacks have failed. Raises ClusterError if the scheduler is gone, and OSError if the
        disk refuses a chunk.
        """

        def is_broken() -> bool:
            ready = [count for count in self._ready.values() if count]
            self._reports.tell(watcher, len(ready), sum(ready))
            return self._error is not None

        told = self._blocks.wait(task, watcher, is_broken)
        if self._error is not None:
            raise self._error
        return told

    def call(self, function: Callable[..., T], *arguments: Any) -> Future[T]:
        """Call a function here: what follows the computation needs the folder of the study."""
        future: Future[T] = Future()
        try:
            future.set_result(function(*arguments))
        except Exception as error:
            future.set_exception(error)
        return future

    def _look_for_workers(self) -> None:
        """Welcome workers that come, and take the blocks of those that are gone."""
        while not self._is_closed.is_set():
            try:
                threads = self.cluster.count_threads()
            except ClusterError as error:
                self._fail(error)
                return
            for address in self._present - set(threads):
                self._present.discard(address)
                self.cluster.cancel(address)
            for address in set(threads) - self._present:
                self._present.add(address)
                threading.Thread(target=self._lead, args=(address, 0, threads[address]), daemon=True).start()
            self._is_closed.wait(_POLL_SECONDS)

    def _lead(self, address: str, number: int, count: int) -> None:
        """Let a process of a worker compute blocks until the crew is closed or the worker is lost.

        Process 0 is the first: if it is as it must be, there are `count` processes in all, but one where the device is
        no CPU. The others are started when there is a block for them.
        """
        try:
            is_cpu = number == 0 and self._start(address, number)
            for other in range(1, count if is_cpu else 0):
                threading.Thread(target=self._lead, args=(address, other, 0), daemon=True).start()
            with self._counted(address):
                self._compute_blocks(address, number, is_started=number == 0)
        except LostWorkerError:
            pass
        except _RefusedError as error:
            if address not in self._refused:
                self._refused.add(address)
                self._reports.add(f"{address} is given no blocks: {error}")
        except BaseException as error:
            self._fail(error)

    @contextlib.contextmanager
    def _counted(self, address: str) -> Iterator[None]:
        self._ready[address] += 1
        try:
            yield
        finally:
            self._ready[address] -= 1

    def _start(self, address: str, number: int) -> bool:
        """Start a process in a worker, and return whether it computes on a CPU. Raises _RefusedError."""
        try:
            content = self.cluster.call(address, desk.start, self.session, number, self._environment, self._setup)
        except (LostWorkerError, ClusterError):
            raise
        except Exception as error:  # gradlab may be missing there, or old
            text = " ".join(f"{type(error).__name__}: {error}".split())
            raise _RefusedError(f"no process that computes can be started there ({text})") from None
        greeting: Greeting = decode(content)
        if differences := compare_surroundings(greeting.surroundings, self._surroundings):
            raise _RefusedError("; ".join(differences[:3]))
        return greeting.platform == "cpu"

    def _send_tasks(self, address: str, number: int, now: _Round) -> None:
        """Send a process the tasks of a round. Raises _RefusedError if it would run other code for them."""
        answer = decode(self.cluster.call(address, desk.exchange, self.session, number, now.parcel))
        if isinstance(answer, Failure):
            raise _RefusedError(f"it cannot make the tasks ({answer.message})")
        if differences := compare_code(answer, now.code):
            raise _RefusedError("; ".join(differences[:3]))

    def _compute_blocks(self, address: str, number: int, is_started: bool) -> None:
        last, has_round, crashes = 0, -1, 0
        while not self._is_closed.is_set():
            unit = self._blocks.take(last)
            if unit is None:
                with self._blocks.changed:
                    self._blocks.changed.wait(_POLL_SECONDS)
                continue
            now, (last, block) = self._round, unit
            assert now is not None
            try:
                if not is_started:
                    self._start(address, number)
                    is_started, has_round = True, -1
                if has_round != now.number:
                    self._send_tasks(address, number, now)
                    has_round = now.number
                self._compute(address, number, now, last, block)
            except (LostWorkerError, _RefusedError) as error:
                self._blocks.give_back(last, block)
                if isinstance(error, LostWorkerError):
                    label = now.tasks[last].label
                    self._reports.add(f"{address} is gone; its block of {label} goes on elsewhere from its last chunk")
                raise
            except desk.EndedError as error:
                crashes += 1
                self._try_again(address, now, last, block, error)
                if crashes == MOST_ATTEMPTS:
                    raise _RefusedError(f"its processes end, the last one with: {error}") from None
                is_started = False

    def _compute(self, address: str, number: int, now: _Round, task: int, block: int) -> None:
        """Let a process compute what is missing of a block."""
        chunks = now.tasks[task].partition.chunks
        stored = self._read(now, task, block, chunks)
        self._tell(now, task, block, len(stored))
        message: bytes | None = None
        if len(stored) < chunks:
            carry = now.store.read_stored_carry(task, block, len(stored) - 1) if stored else None
            message = encode(Order(task, block, len(stored), carry))
        for chunk in range(len(stored), chunks):
            answer: Chunk | Failure = decode(self.cluster.call(address, desk.exchange, self.session, number, message))
            if isinstance(answer, Failure):
                if not answer.is_user_code:
                    label = now.tasks[task].label
                    self._reports.add(
                        f"{address} cannot compute a block of {label} ({answer.message}); it is tried here"
                    )
                # The error comes again where the command computes the block.
                self._blocks.finish(task, 0, is_end=True, succeeded=not answer.is_user_code)
                return
            assert answer.number == chunk
            now.store.write(task, block, chunk, answer.result, answer.carry)
            self._tell(now, task, block, chunk + 1)
            message = None  # it goes on by itself
        self._blocks.finish(task, 0, is_end=True)

    def _read(self, now: _Round, task: int, block: int, chunks: int) -> list[ChunkResult]:
        try:
            return now.store.read_results(task, block, chunks)
        except DamagedCheckpointError as error:
            self._reports.add(f"{error}; the block is computed anew")
            now.store.discard_block(task, block)
            return []

    def _tell(self, now: _Round, task: int, block: int, chunks: int) -> None:
        """Count the chunks of a block that are there, once each."""
        partition = now.tasks[task].partition
        more = chunks - self._told.get((task, block), 0)
        if more > 0:
            self._told[task, block] = chunks
            self._blocks.finish(task, more * partition.run_count / (partition.block_count * partition.chunks))

    def _try_again(self, address: str, now: _Round, task: int, block: int, error: Exception) -> None:
        """Give back a block in whose computation a process ended, or leave it to the command if that happens often."""
        self._attempts[task, block] += 1
        is_last = self._attempts[task, block] == MOST_ATTEMPTS
        what = f"{error} at {address}, in a block of {now.tasks[task].label}"
        self._reports.add(f"{what}; it is tried {'here' if is_last else 'again from its last chunk'}")
        if is_last:
            self._blocks.finish(task, 0, is_end=True)
        else:
            self._blocks.give_back(task, block)

    def _fail(self, error: BaseException) -> None:
        if not self._is_closed.is_set():
            self._error = error
            with self._blocks.changed:
                self._blocks.changed.notify_all()

    def __enter__(self) -> ClusterCrew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._is_closed.set()
        for address in list(self._present):
            self.cluster.cancel(address)
        self.cluster.call_everywhere(desk.stop, self.session)


@contextlib.contextmanager
def hire_cluster(on: Any) -> Iterator[ClusterCrew]:
    """Yield the workers of a cluster, given its address or a client of Dask. Raises as `connect` does."""
    with connect(on) as cluster, ClusterCrew(cluster) as crew:
        yield crew
