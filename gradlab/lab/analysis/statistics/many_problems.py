"""Comparisons over several problems: a race on each, with the optimizers that ran on all, and samples of seeds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import xarray as xr

from ..leaderboard import require_race
from ..tuned_optimizers import select_best_points


def find_common_optimizers(datasets: Mapping[str, xr.Dataset]) -> list[str]:
    """Return the optimizers that ran on every problem. Raises ValueError if there are fewer than two."""
    for dataset in datasets.values():
        require_race(dataset)
    if not datasets:
        raise ValueError("there is no problem to compare optimizers on")
    first, *others = datasets.values()
    names = [str(name) for name in first.optimizer.values if all(name in d.optimizer.values for d in others)]
    if len(names) < 2:
        raise ValueError(f"fewer than two optimizers ran on all of {', '.join(datasets)}, so none can be compared")
    return names


def draw_strata(seeds: list[int], draws: int, key: int) -> Iterator[np.ndarray]:
    """Yield, for each problem, samples of its seeds with replacement, on (draw, seed): a stratified bootstrap.

    A sample serves all optimizers, because they share the seeds.
    """
    generator = np.random.default_rng(key)
    for count in seeds:
        yield generator.integers(count, size=(draws, count))


def tuned_race(dataset: xr.Dataset) -> xr.Dataset:
    """Return a race as it is, and a sweep or a search as a race of its optimizers at their best points.

    The seconds of an optimizer are those of its best point: the same share of all seconds for each point.
    """
    if "point" not in dataset.dims:
        return dataset
    race = select_best_points(dataset)
    if "run_seconds" in race:
        race["run_seconds"] = race.run_seconds / dataset.sizes["point"]
    return race
