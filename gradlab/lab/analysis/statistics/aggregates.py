r"""Interquartile means and probabilities of improvement over several problems, with stratified bootstrap intervals.

The probability that a run of optimizer $X$ is better than one of $Y$ is the mean over problems of the share of pairs of
their runs in which it is, a tie counting one half. The interquartile mean is that of the middle half of the normalized
scores of all runs on all problems. Source: Agarwal et al. (2021), "Deep Reinforcement Learning at the Edge of the
Statistical Precipice", section 4.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import xarray as xr

from ..._formatting import format_count
from ..._inputs.name_lookup import look_up
from ..comparison.reporting_runs import badness, run_badness, select_reporting_runs
from ..comparison.resampling import MINIMUM_SEEDS, Resampling
from .many_problems import draw_strata, find_common_optimizers

_COUNTED = {"problems": "problem", "seeds": "reporting seed"}


def interquartile_means(datasets: Mapping[str, xr.Dataset], resampling: Resampling | None = None) -> xr.Dataset:
    """Return the interquartile mean of the normalized scores of each optimizer, over the problems of a race.

    Each optimizer is at its chosen rate, and the runs are those of the reporting seeds. A score is normalized so that 0
    is the untrained model, and 1 the best average of an optimizer on that problem, on the scale of the score (decades
    if it is logarithmic). A run that diverged counts as untrained. On a problem on which no optimizer got better, all
    scores are 0.

    On (optimizer): `mean`, and its interval `low` to `high` over other seeds of each problem, NaN with fewer than three
    reporting seeds on a problem. A quarter of the runs, rounded down, is left out at each end. Raises ValueError if
    fewer than two optimizers ran on all problems.
    """
    resampling, names = resampling or Resampling(), find_common_optimizers(datasets)
    scores = [normalize_scores(dataset.sel(optimizer=names)) for dataset in datasets.values()]
    seeds = [of_problem.shape[1] for of_problem in scores]
    samples = [
        of_problem[:, places]  # (optimizer, draw, seed)
        for of_problem, places in zip(scores, draw_strata(seeds, resampling.draws, resampling.key))
    ]
    over_draws = xr.DataArray(_trim_mean(np.concatenate(samples, -1)), dims=("optimizer", "draw"))
    return _with_interval("mean", _trim_mean(np.concatenate(scores, -1)), over_draws, seeds, resampling, names)


def improvement_probabilities(
    datasets: Mapping[str, xr.Dataset], resampling: Resampling | None = None, optimizer: str | None = None
) -> xr.Dataset:
    """Return the probability that a run of an optimizer is better than a run of another one, over the problems.

    Each optimizer is at its chosen rate, and the runs are those of the reporting seeds. A run that diverged is worse
    than all others. `optimizer` is the only one whose probabilities are computed, which takes less time than those of
    all. On (optimizer, other): `probability`, and its interval `low` to `high` over other seeds of each
    problem. It is NaN with fewer than three reporting seeds on a problem, and where the probability is 0 or 1, because
    samples of these seeds do not show what other seeds would give. Raises ValueError if fewer than two optimizers ran
    on all problems, and UnknownNameError for an optimizer that did not.
    """
    resampling, names = resampling or Resampling(), find_common_optimizers(datasets)
    own_names = names
    if optimizer is not None:
        own_names = [look_up(optimizer, {name: name for name in names}, "optimizer on all of these problems")]
    levels = [
        run_badness(select_reporting_runs(dataset.sel(optimizer=names))).transpose("optimizer", "seed").values.round(12)
        for dataset in datasets.values()
    ]
    seeds = [of_problem.shape[1] for of_problem in levels]
    shape = len(own_names), len(names)
    whole, over_draws = np.zeros(shape), np.zeros((resampling.draws, *shape))
    for of_problem, places in zip(levels, draw_strata(seeds, resampling.draws, resampling.key)):
        runs = of_problem.shape[1]
        often = (places[:, :, None] == np.arange(runs)).sum(1)  # how often each seed is in each sample
        for index, name in enumerate(own_names):
            own = of_problem[names.index(name)]
            better = np.where(own[:, None, None] < of_problem, 1.0, 0.5 * (own[:, None, None] == of_problem))
            whole[index] += better.mean((0, 2))  # `better` is on (seed, other, seed of the other)
            over_draws[:, index] += np.einsum("dob,db->do", np.tensordot(often, better, 1), often) / runs**2
    table = xr.DataArray(over_draws / len(levels), dims=("draw", "optimizer", "other"))
    found = _with_interval("probability", whole / len(levels), table, seeds, resampling, own_names, names)
    varies = (found.probability > 0) & (found.probability < 1)  # else all samples are alike, whatever other seeds give
    return found.assign(low=found.low.where(varies), high=found.high.where(varies))


def describe_interquartile_means(means: xr.Dataset) -> list[str]:
    """Return what `interquartile_means` computed, in sentences."""
    return [
        f"The mean of the middle half of all runs on {_describe_basis(means)}; 0 is the untrained model, and 1 the "
        "best average of an optimizer on a problem (Agarwal et al. 2021). A run that diverged counts as untrained.",
        _describe_interval(means, bool(np.isfinite(means.low).all())),
    ]


def describe_improvement_probabilities(probabilities: xr.Dataset) -> list[str]:
    """Return what `improvement_probabilities` computed, in sentences."""
    return [
        "The probability that a run of the first optimizer is better than a run of the other one (Agarwal et al. "
        f"2021), from {_describe_basis(probabilities)}, each problem with the same weight; a tie counts one half.",
        _describe_interval(probabilities, probabilities.attrs["seeds"] >= MINIMUM_SEEDS),
        *_describe_extremes(probabilities),
    ]


def _describe_extremes(probabilities: xr.Dataset) -> list[str]:
    """The pairs in which every run is better have no interval."""
    if not (probabilities.probability == 1).any() or probabilities.attrs["seeds"] < MINIMUM_SEEDS:
        return []
    return ["Where every run of one optimizer is better, these seeds do not show what others would give: no interval."]


def _describe_basis(table: xr.Dataset) -> str:
    problems, seeds = (format_count(table.attrs[name], noun) for name, noun in _COUNTED.items())
    return f"{problems}, each from {seeds} at the chosen configuration"


def _describe_interval(table: xr.Dataset, is_known: bool) -> str:
    if not is_known:
        return "Fewer than three reporting seeds give no interval."
    return (
        f"Interval: {100 * table.attrs['confidence']:g} %, from {table.attrs['draws']:,} samples of the seeds of each "
        "problem, the same for all optimizers (stratified bootstrap); it is not corrected for the number of optimizers."
    )


def normalize_scores(dataset: xr.Dataset) -> np.ndarray:
    """Return the scores of the reporting runs on one problem, from 0 for untrained to 1 for the best average."""
    runs = select_reporting_runs(dataset)
    first = badness(runs[dataset.attrs["score"]].isel(evaluation=0), dataset.attrs).values
    levels = run_badness(runs).transpose("optimizer", "seed").values
    if not np.isfinite(first).any():
        return np.zeros(levels.shape)
    start = first[np.isfinite(first)].mean()
    levels = np.minimum(levels, start)
    gain = start - levels.mean(1).min()
    return np.asarray((start - levels) / gain) if gain > 1e-12 else np.zeros(levels.shape)


def _trim_mean(values: np.ndarray) -> np.ndarray:
    """Return the mean over the last axis of the middle half of the values."""
    count = values.shape[-1]
    cut = count // 4
    return np.asarray(np.sort(values, -1)[..., cut : count - cut].mean(-1).round(12))


def _with_interval(
    name: str,
    whole: np.ndarray,
    over_draws: xr.DataArray,
    seeds: list[int],
    resampling: Resampling,
    *names: list[str],
) -> xr.Dataset:
    """Return a statistic with its interval over the draws. `names` are those along each of its dimensions."""
    dims = [str(dim) for dim in over_draws.dims if dim != "draw"]
    value = xr.DataArray(whole.round(12), dims=dims)
    low, high = xr.full_like(value, np.nan), xr.full_like(value, np.nan)
    if min(seeds) >= MINIMUM_SEEDS:
        low, high = (end.round(12) for end in resampling.interval(over_draws, min(seeds)))
    return xr.Dataset({name: value, "low": low, "high": high}, dict(zip(dims, names))).assign_attrs(
        confidence=resampling.confidence, draws=resampling.draws, problems=len(seeds), seeds=min(seeds)
    )
