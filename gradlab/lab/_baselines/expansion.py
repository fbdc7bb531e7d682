"""A baseline as a race again, beside runs that were made now, so that everything that reads a race reads both."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import xarray as xr

from .._inputs.default_contestants import collect_contestants
from .._results.score_scale import describe_scale
from ..analysis.choosing_metric import choosing_metric, with_choosing_metric
from ..analysis.late_window import is_late
from ..analysis.leaderboard import best_rate_index
from ..problems.base import Problem
from ..problems.default_groups import DefaultGroup, as_attribute, find_default_group, read_default_groups

_SCALE = ("tolerance", "logarithmic", "reference", "chosen_reference", "floor")  # which follow from all runs


def join(own: xr.Dataset, baseline: xr.Dataset, problem: Problem) -> xr.Dataset:
    """Return the runs that were made now, and behind them those of a baseline on the same problem, as one race."""
    joined = xr.concat([own, expand(baseline, own)], "optimizer", combine_attrs="override", coords="minimal")
    score, choosing = own.attrs["score"], choosing_metric(own.attrs)
    other = joined[choosing].values if choosing != score else None
    scale = describe_scale(problem, joined[score].values, other)
    joined.attrs = {name: value for name, value in own.attrs.items() if name not in _SCALE} | scale
    joined.attrs |= as_attribute(read_default_groups(own.attrs) | _find_default_groups(baseline, problem))
    joined.attrs["trained"] = json.dumps(own.optimizer.values.tolist())  # the others are baselines
    return joined


def expand_alone(baseline: xr.Dataset) -> xr.Dataset:
    """Return the runs of a baseline as a race with the metrics that report and choose, and nothing else."""
    dims = ("optimizer", "rate", "seed")
    sizes = [baseline.sizes[dim] for dim in dims]
    names = dict.fromkeys((str(baseline.attrs["score"]), choosing_metric(baseline.attrs)))
    nothing = np.zeros((*sizes, baseline.sizes["evaluation"]), np.float32)
    arrays: dict[str, Any] = dict.fromkeys(names, ((*dims, "evaluation"), nothing))
    arrays |= {name: (dims, np.zeros(sizes)) for name in ("diverged", "divergence_step")}
    axes = {name: baseline[name] for name in ("seed", "role", "evaluation")}
    steps = {"step": np.arange(int(baseline.attrs["updates"]))}
    return expand(baseline, xr.Dataset(arrays, axes | steps, baseline.attrs))


def expand(baseline: xr.Dataset, like: xr.Dataset) -> xr.Dataset:
    """Return the runs of a baseline in the form of a race, with all arrays that `like` has.

    What was not kept is NaN: losses, paths, other metrics, and evaluations at rates that were not chosen, except the
    first one and the late ones. Each late one is their average, so the score of a run is what it was. At the chosen
    rate, the reporting seeds have all evaluations. Seconds are NaN, since they are of another machine.
    """
    sizes = {**like.sizes, "optimizer": baseline.sizes["optimizer"]}
    arrays = {
        str(name): (array.dims, np.full([sizes[dim] for dim in array.dims], np.nan, array.dtype), array.attrs)
        for name, array in like.data_vars.items()
        if array.dtype.kind == "f"
    }
    diverged = baseline.divergence_step.transpose("optimizer", "rate", "seed").values
    arrays["divergence_step"] = (("optimizer", "rate", "seed"), diverged, like.divergence_step.attrs)
    arrays["diverged"] = (("optimizer", "rate", "seed"), diverged >= 0, like.diverged.attrs)
    coordinates = {
        "optimizer": baseline.optimizer.values,
        "family": ("optimizer", baseline.family.values),
        "composition": ("optimizer", _compose(baseline)),
        "learning_rate": baseline.learning_rate,
        **{name: like[name] for name in ("seed", "role", "step", "evaluation")},
    }
    whole = xr.Dataset(arrays, coordinates, like.attrs)
    _fill(whole, baseline)
    return whole


def _fill(whole: xr.Dataset, baseline: xr.Dataset) -> None:
    """Put the numbers of a baseline into their places."""
    score, choosing = whole.attrs["score"], choosing_metric(whole.attrs)
    late, runs = is_late(whole), ("optimizer", "rate", "seed", "evaluation")
    reporting = np.flatnonzero(np.isin(whole.role.values, ("report", "both")))
    for metric, start in ((choosing, "start_choosing"), (score, "start_score")):
        whole[metric].transpose(*runs).values[..., 0] = baseline[start].values
    chooser = whole[choosing].transpose(*runs).values
    chooser[..., late] = baseline.choosing.values[..., None]
    if "score" in baseline:
        values = whole[score].transpose(*runs).values
        values[:, :, reporting[:, None], np.flatnonzero(late)] = baseline.score.values[..., None]
    best = best_rate_index(with_choosing_metric(whole)).values
    for place, rate in enumerate(best):
        if rate >= 0:
            whole[score].transpose(*runs).values[place, rate, reporting] = baseline.curve.values[place]


def _compose(baseline: xr.Dataset) -> list[str]:
    """Return the texts of the optimizers, each at its middle rate; none of an optimizer that gradlab does not have."""
    contestants = collect_contestants()
    rates = _read_middle_rates(baseline)
    return [str(contestants[name](rate)) if name in contestants else "" for name, rate in rates.items()]


def _find_default_groups(baseline: xr.Dataset, problem: Problem) -> dict[str, DefaultGroup | None]:
    """Return by what the optimizers train all leaves whose selectors choose none, as far as gradlab has them."""
    contestants = collect_contestants()
    return {
        name: find_default_group(contestants[name](rate), problem, rate)
        for name, rate in _read_middle_rates(baseline).items()
        if name in contestants
    }


def _read_middle_rates(baseline: xr.Dataset) -> dict[str, float]:
    middle = baseline.sizes["rate"] // 2
    return dict(zip(baseline.optimizer.values.tolist(), baseline.learning_rate.values[:, middle].tolist()))
