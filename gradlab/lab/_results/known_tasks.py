"""The runs of tasks that the folder of a study has before they run, because they were computed for another study."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .._engine.distributed import Processes
from .._engine.partition import find_missing
from .._engine.task import Task, Watcher
from .._storage.archives import DamagedCheckpointError
from .._storage.checkpoints import compute_digest
from .._storage.known_runs import Head, KnownPart, KnownRuns, list_known, place_runs, read_head


def read_heads(folder: Path | None, plan: Mapping[str, Any], watcher: Watcher, processes: Processes) -> list[Head]:
    """Return what the files of known runs in the first process's folder are about, if they are for this plan.

    A file that is damaged is left out, with a warning: its runs are computed anew.
    """
    heads = []
    digest = compute_digest(plan)
    for path in list_known(folder, digest) if folder else ():
        try:
            heads.append(read_head(path, digest))
        except DamagedCheckpointError as error:
            watcher.on_warning(f"{error}; its runs are computed anew")
    return processes.broadcast(heads)


def find_known(
    problem: str,
    optimizer: str,
    points: Mapping[str, np.ndarray],
    seeds: Sequence[int],
    heads: Sequence[Head],
    digest: str,
) -> KnownRuns:
    """Return the runs that are known of an optimizer, with its options, at these points from these seeds."""
    is_known, parts = np.zeros((len(next(iter(points.values()))), len(seeds)), bool), []
    for head in heads:
        if (head.problem, head.optimizer) == (problem, optimizer):
            place = place_runs(points, seeds, head)
            if place is not None:
                is_known[np.ix_(*place[1:])] = True
                parts.append(KnownPart(head.path, digest, *place))
    return KnownRuns(tuple(parts), find_missing(is_known))


def leave_out_known(
    tasks: Sequence[Task], heads: Sequence[Head], digest: str
) -> tuple[list[Task], tuple[KnownRuns, ...]]:
    """Return the tasks with those runs alone that are not known, and what is known of each."""
    if not heads:
        return list(tasks), ()
    known = tuple(find_known(task.problem.name, task.variant, task.points, task.seeds, heads, digest) for task in tasks)
    return [replace(task, missing=runs.missing) for task, runs in zip(tasks, known)], known
