"""The selected runs of a study one by one, for tools that keep a record of each run."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from .._results.thinned_curves import count_updates
from ..analysis.leaderboard import final_scores
from .run_folders import select_present
from .selection import Block, Runs, find_axis, list_hyperparameters
from .tables import read_coordinate

VALUES_AT_A_TIME = 2**20  # of the losses, in memory

Curve = tuple[np.ndarray, np.ndarray]  # the numbers of updates made before, and the values


class RunRecord(NamedTuple):
    """A run: what it is, how it ended, and its curves."""

    problem: str
    optimizer: str
    configuration: int  # its number among those of the optimizer, from 0
    hyperparameters: Mapping[str, float | str]  # those that exist
    seed: int
    role: str  # of the seed: choose, report, or both
    diverged: bool
    updates: int  # made, as long as the run had not diverged
    score: float  # NaN: diverged
    curves: Mapping[str, Curve]  # of the loss and each metric; one that diverges ends with its first NaN


def read_runs(parts: Sequence[Runs], curves: bool = True) -> Iterator[RunRecord]:
    """Yield the selected runs, in order. The scores of all runs of a problem are averaged once."""
    for runs in parts:
        dataset = runs.dataset
        scores = final_scores(dataset).transpose("optimizer", find_axis(dataset), "seed").values
        length = max(1, dataset.sizes["step"]) if curves else 1
        for block in runs.blocks(VALUES_AT_A_TIME // length):
            yield from _read_block(block, scores, list_curves(runs) if curves else [])


def list_curves(runs: Runs) -> list[str]:
    """Return the names of the curves of a problem: the loss and the metrics. A path is none."""
    return [
        str(name) for name, array in runs.dataset.data_vars.items() if array.dims[3:] in (("step",), ("evaluation",))
    ]


def _read_block(block: Block, scores: np.ndarray, names: Sequence[str]) -> Iterator[RunRecord]:
    dataset, updates = block.runs.dataset, count_updates(block.runs.dataset)
    columns = {name: read_coordinate(block, name) for name in list_hyperparameters(dataset) if name != "round"}
    arrays = {name: block.read(name) for name in names}
    steps = {name: dataset[dataset[name].dims[3]].values for name in names}
    diverged = block.read("diverged")
    ends = block.read("divergence_step") if "divergence_step" in dataset else np.where(diverged, 0, -1)
    optimizer = str(dataset.optimizer.values[block.optimizer])
    places = ((row, seed) for row in range(len(block.points)) for seed in block.runs.seeds)
    for run, (row, seed) in enumerate(places):
        end = int(ends[run]) if diverged[run] else updates
        kept = {name: int(np.searchsorted(steps[name], end)) + 1 for name in names}
        yield RunRecord(
            block.runs.problem,
            optimizer,
            int(block.points[row]),
            select_present({name: column[row] for name, column in columns.items()}),
            int(dataset.seed.values[seed]),
            str(dataset.role.values[seed]),
            bool(diverged[run]),
            end,
            float(scores[block.optimizer, block.points[row], seed]),
            {name: (steps[name][: kept[name]], arrays[name][run, : kept[name]]) for name in names},
        )


def merge_curves(curves: Mapping[str, Curve]) -> Iterator[tuple[int, dict[str, float]]]:
    """Yield the values of all curves at each step, in the order of the steps."""
    at_steps: dict[int, dict[str, float]] = {}
    for name, (steps, values) in curves.items():
        for step, value in zip(steps.tolist(), values.tolist()):
            at_steps.setdefault(step, {})[name] = value
    return iter(sorted(at_steps.items()))


def read_time(attributes: Mapping[str, str]) -> float:
    """Return when the study ran, in seconds since 1970; 0 if that is not known."""
    try:
        return datetime.datetime.fromisoformat(attributes["date"]).timestamp()
    except (KeyError, ValueError):
        return 0.0
