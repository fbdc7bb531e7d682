"""Performance profiles: how often an optimizer is nearly as fast as the fastest, over several problems."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from .targets import default_target, steps_to_target


def performance_profiles(datasets: Mapping[str, xr.Dataset], targets: Mapping[str, float] | None = None) -> xr.Dataset:
    """Return the profiles of Dolan & Moré (2002) of the updates to a target, over the problems.

    A case is a problem from one seed, where all optimizers start alike. `ratio`, on (optimizer, case), is the number of
    updates to the target divided by that of the fastest optimizer on the case; it is infinite if the optimizer never
    reached the target. `profile`, on (optimizer, factor), is the share of the cases whose ratio is at most that factor,
    where each problem has the same weight: at 1 it is how often the optimizer is the fastest, and at the last factor
    how often it reaches the target at all. A case in which no optimizer reaches the target counts against all of them.
    The coordinates of a case are its `problem` and its `weight`; the factors are all those at which a profile rises.

    `targets` are by problem; `default_target` is used for the others. Only optimizers that ran on every problem are
    compared. Raises ValueError if there are none.
    """
    names = _common(datasets)
    columns, problems, weights = [], [], []
    for problem, dataset in datasets.items():
        target = (targets or {}).get(problem, default_target(dataset))
        steps = steps_to_target(dataset, target).sel(optimizer=names).transpose("optimizer", "seed").values
        columns.append(np.maximum(steps, 1))  # where the start has reached the target, all take the same
        seeds = steps.shape[1]
        problems += [problem] * seeds
        weights += [1 / (seeds * len(datasets))] * seeds
    steps = np.concatenate(columns, 1)
    fewest = steps.min(0)
    ratio = np.full(steps.shape, np.inf)
    np.divide(steps, fewest, out=ratio, where=np.isfinite(steps))
    factors = np.unique(np.append(ratio[np.isfinite(ratio)], 1.0))
    within = ratio[:, None, :] <= factors[:, None] * (1 + 1e-12)
    profile = np.round(within @ np.array(weights), 12)
    return xr.Dataset(
        {"ratio": (("optimizer", "case"), ratio), "profile": (("optimizer", "factor"), profile)},
        {"optimizer": names, "factor": factors, "problem": ("case", problems), "weight": ("case", weights)},
    )


def _common(datasets: Mapping[str, xr.Dataset]) -> list[str]:
    first, *others = datasets.values()
    names = [name for name in first.optimizer.values.tolist() if all(name in d.optimizer.values for d in others)]
    if not names:
        raise ValueError(f"no optimizer ran on all of {', '.join(datasets)}, so there is nothing to compare")
    return names
