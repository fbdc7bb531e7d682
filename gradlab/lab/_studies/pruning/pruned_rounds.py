"""The rounds of a search whose points stop early: how they run, and what the sampler is told of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import jax
import numpy as np

from ..._engine.compiler import Compiler
from ..._engine.pruning.pruned_runner import run_pruned_tasks
from ..._engine.pruning.pruning import count_choosing
from ..._engine.task import Task, TaskResult, Watcher
from ..._storage.checkpoints import CheckpointStore
from ..search_space.structures import Structure
from .rung_scores import score_points


def run_pruned_round(
    tasks: Sequence[Task],
    folder: Path | None,
    plan: Mapping[str, Any],
    number: int,
    rounds: int,
    structures: int,
    watcher: Watcher,
    compiler: Compiler,
) -> list[TaskResult]:
    """Run the tasks of a round, of so many rounds, in the folder of a search; `structures` is the most tasks of one.

    `plan` determines the results of the round. A search without a folder has a temporary one.
    """
    with nullcontext(folder) if folder else TemporaryDirectory() as place:
        store = CheckpointStore(Path(place), plan, number * structures)
        return list(run_pruned_tasks(tasks, store, watcher, compiler, count=rounds * structures))


def read_rung_scores(results: Sequence[TaskResult], structures: Sequence[Structure]) -> list[tuple[int, np.ndarray]]:
    """Return the updates after which the points of a round were compared, and their scores on the choosing seeds.

    A point that was stopped before, or of which a run diverged, has the score NaN.
    """
    count = sum(len(structure.points) for structure in structures)
    found: dict[int, np.ndarray] = {}
    for result, structure in zip(results, structures):
        for updates, scores in _read_scores_of_task(result):
            found.setdefault(updates, np.full(count, np.nan))[structure.points] = scores
    return sorted(found.items())


def _read_scores_of_task(result: TaskResult) -> list[tuple[int, np.ndarray]]:
    task, count = result.task, count_choosing(len(result.task.seeds))
    seeds = jax.tree.map(lambda array: array[:, :count], result.curves)
    sign = -1.0 if task.problem.score.higher_is_better else 1.0
    found = []
    for rung in task.partition.rungs:
        updates = rung * task.partition.chunk
        badness = score_points(replace(task, seeds=task.seeds[:count]), seeds, updates)
        found.append((updates, np.where(np.isfinite(badness), sign * badness, np.nan)))
    return found
