"""Performance profiles: how often an optimizer is among the fast ones, over several problems."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from .targets import default_target, steps_to_target


def performance_profiles(datasets: Mapping[str, xr.Dataset], targets: Mapping[str, float] | None = None) -> xr.Dataset:
    """The profiles of Dolan & More (2002) of the updates to a target, over the problems.

    A problem from one seed is a case: all optimizers start there alike. The `ratio` of an optimizer on a case is its
    updates to the target over those of the quickest optimizer there, infinite if it never arrived. `profile` at
    `factor` is the share of the cases with a ratio of at most that, each problem counting as much as any other: at 1
    it says how often the optimizer is the quickest, at the right how often it arrives at all. Cases in which nobody
    arrives count against everybody. Only optimizers that ran on every problem are compared; ValueError if none did.

    On (optimizer, case): `ratio`, with the coordinates `problem` and `weight`. On (optimizer, factor): `profile`; the
    factors are all those at which some profile rises.
    """
    names = _common(datasets)
    columns, problems, weights = [], [], []
    for problem, dataset in datasets.items():
        target = (targets or {}).get(problem, default_target(dataset))
        steps = steps_to_target(dataset, target).sel(optimizer=names).transpose("optimizer", "seed").values
        columns.append(np.maximum(steps, 1))  # a target that the start fulfils takes everybody as long
        seeds = steps.shape[1]
        problems += [problem] * seeds
        weights += [1 / (seeds * len(datasets))] * seeds
    steps = np.concatenate(columns, 1)
    quickest = steps.min(0)
    ratio = np.full(steps.shape, np.inf)
    np.divide(steps, quickest, out=ratio, where=np.isfinite(steps))
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
        raise ValueError(f"no optimizer ran on all of {', '.join(datasets)}, so that there is nothing to compare")
    return names
