"""A cluster without Dask: its calls run in this process, and what a worker would answer is computed in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradlab.lab._cluster import desk
from gradlab.lab._cluster.cluster_crew import ClusterCrew
from gradlab.lab._cluster.dask_cluster import ClusterError, LostWorkerError
from gradlab.lab._cluster.messages import Chunk, Failure, Greeting, Order, Setup, Tasks, decode, encode
from gradlab.lab._cluster.parcels import describe_code, unpack_tasks
from gradlab.lab._cluster.surroundings import describe_surroundings
from gradlab.lab._engine.task import Watcher
from gradlab.lab._storage.checkpoints import CheckpointStore, ChunkResult
from gradlab.lab._studies.race import RaceStudy
from gradlab.lab._studies.study_arguments import contestants_by_name, problems_by_name

STUDY = RaceStudy(problems_by_name("ravine"), contestants_by_name(["sgd"]), rates=2, seeds=6, steps=5, lanes=4, chunk=2)
BLOCKS, CHUNKS = STUDY.tasks[0].partition.block_count, STUDY.tasks[0].partition.chunks


class Workers:
    """Some workers, which answer as processes that compute do. The first call to `fails` raises its error."""

    name = "dask://here"

    def __init__(self, *addresses: str, **changes: str):
        self.present, self.surroundings = dict.fromkeys(addresses, 1), describe_surroundings() | changes
        self.fails: dict[str, Exception] = {}
        self.answers: dict[str, list[bytes]] = {}
        self.orders: list[tuple[str, Order]] = []
        self.lock = threading.Lock()

    def count_threads(self) -> dict[str, int]:
        if not self.present:
            raise ClusterError("the scheduler of dask://here is gone")
        return dict(self.present)

    def call(self, address: str, function: Callable[..., Any], *arguments: Any) -> Any:
        with self.lock:
            if address not in self.present:
                raise LostWorkerError(address)
            message = decode(arguments[-1]) if arguments[-1] is not None else None
            if function is desk.start:
                assert isinstance(message, Setup)
                return encode(Greeting(self.surroundings, "cpu"))
            if isinstance(message, Tasks):
                tasks, _ = unpack_tasks(message, {})
                return encode(describe_code(tasks))
            if isinstance(message, Order):
                self.orders.append((address, message))
                chunks = [self.compute(message, number) for number in range(message.first_chunk, CHUNKS)]
                self.answers[address] = [encode(chunk) for chunk in chunks]
            if address in self.fails and len(self.answers[address]) == 1:  # before the last chunk
                error = self.fails.pop(address)
                if isinstance(error, LostWorkerError):
                    del self.present[address]
                raise error
            return self.answers[address].pop(0)

    def compute(self, order: Order, number: int) -> Chunk | Failure:
        carry = [] if number == CHUNKS - 1 else [np.array([number])]
        return Chunk(number, ChunkResult({"loss": np.full((2, 2, 2), order.block)}, 1.0, 0.0), carry)

    def cancel(self, address: str) -> int:
        return 0

    def call_everywhere(self, function: Callable[..., Any], *arguments: Any) -> None:
        assert function is desk.stop


class Notes(Watcher):
    def __init__(self) -> None:
        self.notes: list[str] = []
        self.runs = 0.0

    def on_note(self, message: str) -> None:
        self.notes.append(message)

    def on_progress(self, runs: float) -> None:
        self.runs += runs


def compute(workers: Any, folder: Path) -> tuple[Notes, CheckpointStore]:
    watcher, store = Notes(), CheckpointStore(folder, STUDY.plan())
    with ClusterCrew(workers) as crew:
        crew.begin(store, STUDY.tasks)
        crew.wait(0, watcher)
        crew.wait(0, watcher)  # reports what was still to be said
    return watcher, store


def test_all_chunks_come_into_the_folder_of_the_command(tmp_path: Path) -> None:
    watcher, store = compute(Workers("a", "b"), tmp_path)
    assert BLOCKS > 2
    assert [len(store.read_results(0, block, CHUNKS)) for block in range(BLOCKS)] == [CHUNKS] * BLOCKS
    found = [store.read_results(0, block, CHUNKS)[0].arrays["loss"][0, 0, 0] for block in range(BLOCKS)]
    assert found == list(range(BLOCKS))
    assert watcher.runs >= STUDY.runs


@pytest.mark.parametrize(
    "error", [LostWorkerError("a"), desk.EndedError("a process that computes ended (exit code 9)")]
)
def test_a_block_goes_on_from_its_last_chunk(tmp_path: Path, error: Exception) -> None:
    workers = Workers("a", "b")
    workers.fails["a"] = error
    watcher, store = compute(workers, tmp_path)
    assert all(len(store.read_results(0, block, CHUNKS)) == CHUNKS for block in range(BLOCKS))
    again = [order for _, order in workers.orders if order.first_chunk]
    assert [order.first_chunk for order in again] == [CHUNKS - 1]
    assert again[0].carry is not None
    assert again[0].carry["0"].view(np.int64).tolist() == [CHUNKS - 2]
    assert "from its last chunk" in watcher.notes[0]


def test_a_worker_that_would_compute_other_numbers_is_given_no_blocks(tmp_path: Path) -> None:
    workers = Workers("a", jax="0.1")
    watcher, crew = Notes(), ClusterCrew(workers)

    def come() -> None:
        workers.surroundings = describe_surroundings()
        workers.present["b"] = 1

    with crew:
        crew.begin(CheckpointStore(tmp_path, STUDY.plan()), STUDY.tasks)
        threading.Timer(0.5, come).start()
        crew.wait(0, watcher)
        crew.wait(0, watcher)
    assert {address for address, _ in workers.orders} == {"b"}
    assert watcher.notes[0].startswith("a is given no blocks: jax 0.1 there, ")


def test_a_task_whose_code_fails_is_left_to_the_command(tmp_path: Path) -> None:
    class Failing(Workers):
        def compute(self, order: Order, number: int) -> Failure:
            return Failure("UserCodeError: no update", is_user_code=True)

    watcher, store = compute(Failing("a"), tmp_path)
    assert watcher.notes == []  # the command computes the block, and reports the error
    assert store.read_results(0, 0, CHUNKS) == []


def test_a_scheduler_that_is_gone_ends_the_study(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="is gone"):
        compute(Workers(), tmp_path)
