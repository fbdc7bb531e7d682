"""Groups of blocks run several at a time, in any order, and compute the same numbers."""

from __future__ import annotations

import dataclasses
import threading
from typing import Any

import numpy as np
import pytest

import gradlab as gl
from gradlab.lab._engine import block_executor
from gradlab.lab._engine.block_executor import Executor, count_concurrent_groups
from gradlab.lab._engine.distributed import Processes
from gradlab.lab._engine.program import Program
from gradlab.lab._engine.task import Task, Watcher
from gradlab.lab._engine.training_loop import draw, stack_optimizers
from gradlab.lab._inputs.user_errors import UserCodeError
from gradlab.lab._storage.checkpoints import ChunkResult
from gradlab.lab.problems import Problem


@pytest.fixture
def task(noisy: Problem) -> Task:
    """Six blocks of four chunks."""
    return Task(noisy, "adam", "Adam", gl.adam, {"learning_rate": np.array([0.1, 0.2, 0.3, 0.4])}, (0, 1, 2), 7, 2, 2)


@pytest.fixture
def program(task: Task) -> Program:
    return Program(
        task.problem, stack_optimizers([task.make_optimizer(i) for i in range(task.point_count)]), task.partition
    )


def finish(task: Task, program: Program, watcher: Watcher | None = None) -> dict[int, list[ChunkResult]]:
    draws = draw(task.problem, task.seeds, task.steps)
    executor = Executor(0, task, program, draws, None, watcher or Watcher(), Processes())
    results: dict[int, list[ChunkResult]] = {}
    executor.finish({block: [] for block in range(task.partition.block_count)}, results.__setitem__)
    return results


class Counter(Watcher):
    def __init__(self) -> None:
        self.runs, self.threads = 0.0, set[str]()

    def on_progress(self, runs: float) -> None:
        self.runs += runs
        self.threads.add(threading.current_thread().name)


def test_several_groups_at_a_time_compute_what_one_at_a_time_does(
    task: Task, program: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: dict[int, dict[int, list[ChunkResult]]] = {}
    for count in (1, 4):
        monkeypatch.setattr(block_executor, "count_concurrent_groups", lambda *_, count=count: count)
        counter = Counter()
        found[count] = finish(task, program, watcher=counter)
        assert counter.runs == pytest.approx(12)
        assert counter.threads == {threading.current_thread().name}  # where an interrupt can be raised
    assert {block: len(chunks) for block, chunks in found[4].items()} == dict.fromkeys(range(6), 4)
    for block, chunks in found[1].items():
        for first, second in zip(chunks, found[4][block]):
            for name, array in first.arrays.items():
                np.testing.assert_array_equal(array, second.arrays[name])


def test_several_groups_run_at_once(task: Task, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_executor, "count_concurrent_groups", lambda *_: 3)
    meeting, run = threading.Barrier(3), program.run

    def together(*arguments: Any) -> Any:
        meeting.wait(timeout=100)  # breaks unless three come
        return run(*arguments)

    monkeypatch.setattr(program, "run", together)
    assert sum(map(len, finish(task, program).values())) == 24


def test_an_error_in_one_group_ends_the_task(task: Task, program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    run = program.run

    def fails_later(blocks: Any, draws: Any, chunk: int, carry: Any) -> Any:
        if chunk == 2:
            raise RuntimeError("out of memory")
        return run(blocks, draws, chunk, carry)

    monkeypatch.setattr(program, "run", fails_later)
    with pytest.raises(UserCodeError, match=r"adam on noisy fails at .*test_block_executor.py.*out of memory"):
        finish(task, program)


def test_no_more_groups_run_at_a_time_than_fit(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(block_executor, "count_cores", lambda: 6)
    program.width = 1
    monkeypatch.setenv("GRADLAB_MEMORY_GIB", "4")
    for gibibytes, groups in ((0.1, 6), (1.0, 4), (1.5, 2), (3, 1), (8, 1)):
        program.partition = dataclasses.replace(program.partition, block_bytes=int(gibibytes * 2**30))
        assert count_concurrent_groups(program, Processes()) == groups


def test_groups_run_one_at_a_time_on_several_devices_or_processes(program: Program) -> None:
    alone = Processes()
    assert 1 <= count_concurrent_groups(program, alone) <= 8
    program.width = 8
    assert count_concurrent_groups(program, alone) == 1
    program.width, program.platform = 1, "gpu"
    assert count_concurrent_groups(program, alone) == 1
    program.platform, alone.count = "cpu", 2
    assert count_concurrent_groups(program, alone) == 1
