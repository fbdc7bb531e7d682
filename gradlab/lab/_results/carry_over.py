"""The runs of a folder, from its results and its checkpoints, made ready for a larger study."""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from .._engine.partition import Partition, Rectangle
from .._engine.training_loop import arrays_of_curves, join_chunks
from .._storage.archives import DamagedCheckpointError
from .._storage.checkpoints import CheckpointStore, compute_digest, list_chunks
from .._storage.files import make_printable
from .._storage.known_runs import Head, KnownPart, KnownRuns, list_known, read_head, write_known
from .._storage.mapped_arrays import HELD_BYTES
from .._storage.ownership import RESULTS
from . import results_file
from .known_tasks import find_known
from .plan import name_task


class Runs(NamedTuple):
    """All seeds at some points of one optimizer on one problem: arrays on (point, seed, ...), and their seconds."""

    head: Head
    arrays: dict[str, np.ndarray]
    times: tuple[float, float]

    @property
    def size(self) -> int:
        """The number of runs."""
        return int(self.arrays["diverged"].size)


def carry_over(
    folder: Path, plan: Mapping[str, Any], kept: Collection[int], target: Path, digest: str, first: int = 0
) -> tuple[int, int]:
    """Write the runs of some tasks of a folder with this plan for the plan of a digest, into the folder `target`.

    Return how many runs that were, and the number after that of the last file. No more of them is in memory at a time
    than a few MiB, or a block. Damaged checkpoints are left out. Raises ResultsError if the results are damaged, and
    OSError.
    """
    count, number = 0, first
    for runs in collect_runs(folder, plan, kept):
        write_known(target, digest, number, runs.head, runs.arrays, runs.times)
        count, number = count + runs.size, number + 1
    return count, number


def collect_runs(folder: Path, plan: Mapping[str, Any], kept: Collection[int]) -> Iterator[Runs]:
    """Yield all runs of some tasks that a folder with this plan has."""
    digest, path = compute_digest(plan), folder / RESULTS
    finished: set[int] = set()
    if path.exists() and results_file.read_attributes(path).get("plan") == digest:
        datasets, _ = results_file.read(path)
        for index in kept:
            task = plan["tasks"][index]
            dataset = datasets.get(task["problem"])
            if dataset is not None and make_printable(task["optimizer"]) in dataset.optimizer.values.tolist():
                yield from _read_results(dataset, task)
                finished.add(index)
    rest = [index for index in kept if index not in finished]
    heads = list(_read_heads(folder, digest))
    known = tuple(_find_known(task, heads, digest) for task in plan["tasks"])
    for index in rest:
        for part in known[index].parts:
            head = next(head for head in heads if head.path == part.path)
            arrays, *times = part.read()
            yield Runs(head, arrays, (times[0], times[1]))
    if plan["kind"] != "search" and rest:  # the points of a search are not in its plan
        store = CheckpointStore(folder, plan, known=known, read_only=True)
        for index in rest:
            yield from _read_blocks(store, index, plan["tasks"][index], known[index])


def count_runs_on_disk(
    folder: Path, plan: Mapping[str, Any], partitions: Mapping[int, Partition] | None = None
) -> float:
    """Return how many runs an unfinished study with this plan has in its folder, in parts of a run. Raises OSError.

    `partitions` are those of the tasks that a search has asked for, without which runs of its last round do not count.
    """
    heads = list(_read_heads(folder, compute_digest(plan)))
    missing = {index: _find_known(task, heads, "").missing for index, task in enumerate(plan["tasks"])}
    if plan["kind"] == "search":
        missing.clear()  # which points its rounds have is not in the plan
    known = sum(len(head.seeds) * len(next(iter(head.points.values()))) for head in heads)
    found = count_runs(plan, list_chunks(folder), missing, partitions)
    is_in_rounds = plan["kind"] == "search" and len(plan["tasks"]) > 1  # whose complete rounds count with known runs
    return max(known, found) if is_in_rounds else known + found


def count_runs(
    plan: Mapping[str, Any],
    chunks: Sequence[tuple[int, int, int]],
    missing: Mapping[int, Sequence[Rectangle] | None] | None = None,
    partitions: Mapping[int, Partition] | None = None,
) -> float:
    """Return how many runs some chunks amount to. Each chunk is named by its task, block and chunk number.

    `missing` are the runs that were to be computed, by task, where some were known. `partitions` are those of the tasks
    that a search has asked for: which points its rounds have is not in its plan.
    """
    count = len(plan["tasks"])
    if plan["kind"] == "search" and count > 1 and chunks and "pruning" not in plan["tasks"][0]:
        task, last = plan["tasks"][0], max(chunks)[0] // count  # each round before the last one is complete
        known = {number: partition for number, partition in (partitions or {}).items() if number // count == last}
        parts = [known[number] for number, _, _ in chunks if number in known]
        before = last * task["batch"] * len(task["seeds"])
        return before + sum(part.run_count / (part.block_count * part.chunks) for part in parts)
    return sum(_count_runs_of_chunk(plan, task, (missing or {}).get(task)) for task, _, _ in chunks)


def _count_runs_of_chunk(plan: Mapping[str, Any], number: int, missing: Sequence[Rectangle] | None) -> float:
    """Return the runs that a chunk of a task amounts to: the runs of the task, divided by the number of its chunks."""
    tasks = plan["tasks"]
    task = tasks[0] if plan["kind"] == "search" else tasks[number % len(tasks)]
    if "pruning" in task:  # its chunks are of all stages, and a run is as many updates as one that is not stopped
        return float(math.prod(task["block"]) * task["chunk"] / (task["steps"] + 1))
    if plan["kind"] == "search":  # its plan has one task, which stands for the task of each round
        points = min(task["batch"], task["trials"] - number * task["batch"])
    else:
        points = len(next(iter(task["points"].values())))
    parts = None if missing is None else tuple(missing)
    block_points, block_seeds = task["block"]
    seeds = len(task["seeds"])
    partition = Partition(points, seeds, task["steps"], block_points, block_seeds, task["chunk"], missing=parts)
    return partition.run_count / (partition.block_count * partition.chunks)


def _read_results(dataset: xr.Dataset, task: Mapping[str, Any]) -> Iterator[Runs]:
    """Yield the runs of a task from a Dataset, some points at a time."""
    place = dataset.optimizer.values.tolist().index(make_printable(task["optimizer"]))
    names = list(task["points"])
    mine = _find_points(dataset.isel(optimizer=place), task)
    found = {name: dataset[name].values[place, mine] for name in names}
    arrays = {"loss": dataset["loss"], "diverged": dataset["diverged"], "divergence_step": dataset["divergence_step"]}
    arrays |= {
        f"metric {name}": array for name, array in dataset.data_vars.items() if array.dims[-1:] == ("evaluation",)
    }
    arrays |= {"path": dataset["path"]} if "path" in dataset else {}
    seeds = tuple(dataset.seed.values.tolist())
    point_bytes = sum(array.values[place, :1].nbytes for array in arrays.values())
    step = max(1, HELD_BYTES // point_bytes)
    times = (float(dataset["run_seconds"].values[place]), float(dataset["compile_seconds"].values[place]))
    for first in range(0, len(mine), step):
        rows = slice(first, first + step)
        part = {name: np.array(array.values[place, mine[rows]]) for name, array in arrays.items()}
        points = {name: values[rows] for name, values in found.items()}
        yield Runs(Head(*name_task(task), points, seeds, Path()), part, times if first == 0 else (0.0, 0.0))


def _find_points(dataset: xr.Dataset, task: Mapping[str, Any]) -> np.ndarray:
    """Return the points of one optimizer that a task has: those with its options, and with values for its numbers."""
    is_mine = np.ones(dataset[next(iter(task["points"]))].shape, bool)
    options: Mapping[str, str] = task.get("options", {})
    for name in json.loads(dataset.attrs.get("hyperparameters", "[]")):
        values = dataset[name].values
        if values.dtype.kind != "f":
            is_mine &= values == make_printable(options.get(name, ""))
        elif name in options:
            is_mine &= values == float(options[name])
        else:
            is_mine &= np.isnan(values) != (name in task["points"])
    return np.flatnonzero(is_mine)


def _read_heads(folder: Path, digest: str) -> Iterator[Head]:
    for path in list_known(folder, digest):
        try:
            yield read_head(path, digest)
        except DamagedCheckpointError:
            continue


def _find_known(task: Mapping[str, Any], heads: list[Head], digest: str) -> KnownRuns:
    """Return the runs of a task that its own folder knew before it began."""
    if "trials" in task:
        mine = [head for head in heads if (head.problem, head.optimizer) == name_task(task)]
        counts = [(len(next(iter(head.points.values()))), len(head.seeds)) for head in mine]
        rows = [(np.arange(points), np.arange(seeds)) for points, seeds in counts]
        return KnownRuns(tuple(KnownPart(head.path, digest, at[0], *at) for head, at in zip(mine, rows)))
    return find_known(*name_task(task), _read_points(task), task["seeds"], heads, digest)


def _read_blocks(store: CheckpointStore, index: int, task: Mapping[str, Any], known: KnownRuns) -> Iterator[Runs]:
    """Yield the runs of the finished blocks of a task from its checkpoints."""
    points = _read_points(task)
    count, seeds = len(next(iter(points.values()))), np.array(task["seeds"])
    block_points, block_seeds = task["block"]
    partition = Partition(
        count, len(seeds), task["steps"], block_points, block_seeds, task["chunk"], missing=known.missing
    )
    for number in range(partition.block_count if task["chunk"] else 0):
        try:
            chunks = store.read_results(index, number, partition.chunks)
        except DamagedCheckpointError:
            continue
        if len(chunks) < partition.chunks:
            continue
        curves = join_chunks([chunk.arrays for chunk in chunks], task["steps"], task.get("curve_points"))
        block = partition.block(number)
        (rows, row_places), (columns, column_places) = (np.unique(side, return_index=True) for side in block)
        own = {name: array[np.ix_(row_places, column_places)] for name, array in arrays_of_curves(curves).items()}
        head = Head(
            *name_task(task),
            {name: values[rows] for name, values in points.items()},
            tuple(seeds[columns].tolist()),
            Path(),
        )
        yield Runs(head, own, (sum(chunk.seconds for chunk in chunks), sum(chunk.compile_seconds for chunk in chunks)))


def _read_points(task: Mapping[str, Any]) -> dict[str, np.ndarray]:
    return {name: np.array(values, float) for name, values in task["points"].items()}
