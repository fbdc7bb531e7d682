"""A pruned task: its points run from rung to rung, and those that go on are gathered into fewer blocks.

Its stages are tasks of some of its points and seeds, for some chunks of a run:

    0, 1, ...    the choosing seeds, from rung to rung; the last one goes to the end of the runs
    reporting    the reporting seeds, at the points that came to the end
    further ones if all of these diverged: a point that a rung has stopped, the best of the last rung first

All stages have blocks of one shape and chunks of one length, so one program serves all. Each decision follows from
stored chunks alone, so a task that was interrupted makes the same ones again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from ..._storage.checkpoints import CheckpointStore, DamagedCheckpointError
from ..block_executor import Executor
from ..compiler import Compiler
from ..distributed import Processes
from ..program import Program
from ..task import Task, TaskResult, Watcher
from ..training_loop import Draws
from .pruning import Pruning, count_choosing
from .records import Records

Preparation = tuple[Future[Program], Future[Draws]]


class PrunedTask:
    """A task that is run with its pruning, in a store. Stage s of task i of n has the number i + n s there.

    The `watcher` is told of as many runs as the task has, less those that it was `told` of before.
    """

    def __init__(
        self,
        index: int,
        count: int,
        task: Task,
        pruning: Pruning,
        store: CheckpointStore,
        watcher: Watcher,
        compiler: Compiler,
        preparation: Preparation | None = None,
        told: float = 0.0,
    ):
        self.index, self.count, self.task, self.pruning, self.store = index, count, task, pruning, store
        self.watcher, self.compiler, self.preparation = watcher, compiler, preparation
        self.progress = _Progress(watcher, task, pruning, told)
        self.choosing = range(count_choosing(len(task.seeds)))
        self.reporting = range(len(self.choosing), len(task.seeds))

    def run(self) -> TaskResult:
        """Run what the store does not have, and return the result. Raises UserCodeError if user code fails."""
        try:
            records = self._run_stages()
        except DamagedCheckpointError as error:
            self.watcher.on_warning(f"{error}; {self.task.label} is computed anew")
            self.store.discard_tasks(self.index, self.count)
            records = self._run_stages()
        self.progress.finish()
        curves = records.curves(self.task.curve_points)
        return TaskResult(self.task, curves, records.compile_seconds, records.run_seconds)

    def _run_stages(self) -> Records:
        task, bounds = self.task, (0, *self.task.partition.rungs)
        records = Records(task.point_count, len(task.seeds), task.steps)
        running = np.ones(task.point_count, bool)
        stages: list[Stage] = []
        stopped: list[tuple[int, float, int]] = []  # (rung, badness, point), so that the first one is the next to run
        for rung, (first, end) in enumerate(pairwise(bounds)):
            stage = self._run(rung, running, self.choosing, (first, end), stages[-1] if stages else None, records)
            stages.append(stage)
            badness = self._score(records, end * task.partition.chunk)
            goes_on = self.pruning.rule.select(rung, badness, running)
            stopped += [(-rung, float(badness[at]), int(at)) for at in np.flatnonzero(running & ~goes_on)]
            running = goes_on
        self._run(len(stages), running, self.choosing, (bounds[-1], None), stages[-1], records)
        survivors = running & np.isfinite(self._score(records, task.steps + 1))
        second = sorted(entry for entry in stopped if np.isfinite(entry[1]))
        for number, (rung, _, point) in enumerate(second, self._reporting_stage + 1):
            if survivors.any():
                break
            alone = np.arange(task.point_count) == point
            self._run(number, alone, self.choosing, (bounds[1 - rung], None), stages[-rung], records)
            survivors = alone & np.isfinite(self._score(records, task.steps + 1))
        self._run(self._reporting_stage, survivors, self.reporting, (0, None), None, records)
        for stage in stages:
            self.store.discard_carries(stage.number)
        return records

    @property
    def _reporting_stage(self) -> int:
        return len(self.task.partition.rungs) + 1

    def _score(self, records: Records, positions: int) -> np.ndarray:
        """Return the badness of all points on the choosing seeds, from these first positions."""
        chosen = Records(0, 0, self.task.steps)
        chosen.arrays = {name: array[:, : len(self.choosing)] for name, array in records.arrays.items()}
        chosen.ends = np.minimum(records.ends[:, : len(self.choosing)], positions)
        task = replace(self.task, seeds=self.task.seeds[: len(self.choosing)])
        return self.pruning.score(task, chosen.curves(task.curve_points), positions)

    def _run(
        self,
        number: int,
        points: np.ndarray,
        seeds: Sequence[int],
        chunks: tuple[int, int | None],
        source: Stage | None,
        records: Records,
    ) -> Stage:
        """Run a stage, whose runs were begun in the blocks of another one, and add what it has recorded."""
        rectangle = tuple(np.flatnonzero(points).tolist()), tuple(seeds)
        task = replace(self.task, missing=(rectangle,), chunks=chunks)
        stage, partition = Stage(self.index + self.count * number, task), task.partition
        found = {
            block: self.store.read_results(stage.number, block, partition.chunks)
            for block in range(partition.block_count)
        }
        for block, stored in found.items():
            for chunk, result in enumerate(stored):
                self.watcher.on_chunk(task, block, chunk, result.arrays)
        for block in [block for block, stored in found.items() if len(stored) == partition.chunks]:
            records.add(partition, block, found.pop(block))
        if found:
            compiling, drawing = self._prepare()
            program, draws = compiling.result(), drawing.result()
            staged, shapes = program.replace_partition(partition), program.carry_shapes()
            program.compile_seconds = 0.0  # the first stage has them
            executor = Executor(
                stage.number, task, staged, draws, self.store, self.progress, Processes(),
                None if source is None else lambda block: gather(self.store, source, stage, block, shapes),
            )  # fmt: skip
            self.progress.begin(partition.chunks * partition.chunk / partition.positions)
            executor.finish(found, lambda block, stored: records.add(partition, block, stored))
        return stage

    def _prepare(self) -> Preparation:
        if self.preparation is None:
            self.preparation = self.compiler.prepare(self.task)
        return self.preparation


class Stage(NamedTuple):
    """A part of a task, and its number in the store."""

    number: int
    task: Task


def gather(
    store: CheckpointStore, source: Stage, stage: Stage, block: int, shapes: Sequence[tuple[tuple[int, ...], Any]]
) -> list[np.ndarray]:
    """Return the carry with which a block of a stage begins, from those with which blocks of its source ended.

    The seeds of both stages are the same, and so are those of a block and its sources. Raises DamagedCheckpointError.
    """
    ended, begins = source.task.partition, stage.task.partition
    ((points, seeds),) = source.task.missing or ()
    columns = -(-len(seeds) // ended.block_seeds)
    places = [divmod(points.index(point), ended.block_points) for point in begins.block(block).points.tolist()]
    carries = {
        row: store.read_carry(source.number, row * columns + block % columns, ended.chunks - 1, shapes)
        for row in {row for row, _ in places}
    }

    def of_leaf(leaf: int) -> np.ndarray:
        if shapes[leaf][0] == ():  # a number that all lanes share, such as that of the updates
            return np.asarray(carries[places[0][0]][leaf])
        return np.stack([carries[row][leaf][:, place] for row, place in places], axis=1)  # on (seed, point, ...)

    return [of_leaf(leaf) for leaf in range(len(shapes))]


class _Progress(Watcher):
    """Tells a watcher of the runs of a task, in proportion to the updates that the task is expected to make."""

    def __init__(self, watcher: Watcher, task: Task, pruning: Pruning, told: float):
        self.watcher, self.runs, self.told, self.is_silent = watcher, task.run_count, told, told > 0
        outline = pruning.outline(task.point_count, len(task.seeds))
        updates = sum(points * seeds * parts for points, seeds, parts in outline.stages) / outline.parts
        self.runs_per_update = self.scale = task.run_count / updates

    def begin(self, share: float) -> None:
        """A stage begins whose runs are this share of whole ones."""
        self.scale = self.runs_per_update * share

    def on_progress(self, runs: float) -> None:
        self._tell(runs * self.scale)

    def on_chunk(self, task: Task, block: int, chunk: int, arrays: Mapping[str, np.ndarray]) -> None:
        self.watcher.on_chunk(task, block, chunk, arrays)

    def finish(self) -> None:
        """The task is done."""
        self.is_silent = False
        self._tell(self.runs - self.told)

    def _tell(self, runs: float) -> None:
        runs = min(runs, self.runs - self.told)
        if not self.is_silent and runs > 0:
            self.told += runs
            self.watcher.on_progress(runs)
