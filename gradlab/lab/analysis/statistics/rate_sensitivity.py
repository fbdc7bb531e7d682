r"""Sensitivity to the learning rate as one number: what is lost on average by a rate that was not tuned.

$$\mathbb{E}_{\eta \in [a, b]} \left[ \min(\ell(\eta), \ell_0) - \ell(\eta^*) \right],$$

the mean over rates, evenly on a logarithmic scale, of the excess over the loss $\ell$ at the best rate $\eta^*$. The
loss $\ell_0$ of the untrained model bounds that of runs that diverged. Source: Wortsman et al. (2023), "Small-scale
proxies for large-scale Transformer training instabilities", section 2.2.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from ..._formatting import format_float, join_names
from ..._results.score_scale import read_scale
from ..comparison.resampling import MINIMUM_SEEDS, Resampling
from ..coordinate_order import RATE, sort_axes
from ..leaderboard import keep_metrics, mean_scores, require_race, select_role, to_badness
from .capped_scores import capped_badness
from .seed_sentences import describe_seeds


def rate_sensitivity(
    dataset: xr.Dataset, rates: tuple[float, float] | None = None, resampling: Resampling | None = None
) -> xr.Dataset:
    """Return what each optimizer of a race loses on average over a range of learning rates, against the best one.

    `rates` are the ends of the range, the same for all optimizers; left out, it is the whole grid of each. Between the
    rates of the grid, the score is interpolated linearly over the logarithm of the rate. The best rate is the one that
    the choosing seeds chose among those of the grid within the range, and all scores are of the reporting seeds.

    On (optimizer): `sensitivity`, not below zero but for noise, in the unit of the score (in decades if the score is
    logarithmic); `low` and `high`, its interval over other reporting seeds, NaN with fewer than three; `first` and
    `last`, the ends of the range; `best_rate`. All are NaN if a choosing run diverged at every rate in the range. An
    optimizer that learns nothing at any rate has the sensitivity 0. `gradlab.lab.analysis.leaderboard.mean_scores`
    has the curve.

    Raises ValueError for a Dataset that is not of a race, for a range that does not lie within the grid, and if there
    are fewer than two rates in it.
    """
    require_race(dataset)
    dataset, resampling = sort_axes(dataset), resampling or Resampling()
    kept = keep_metrics(dataset)
    grid = dataset[RATE].transpose("optimizer", "rate").values
    ends = [_find_ends(of_one, rates, str(name)) for of_one, name in zip(grid, dataset.optimizer.values)]
    choosing = mean_scores(select_role(kept, "choose")).transpose("optimizer", "rate").values
    bad = to_badness(choosing, dataset.attrs)
    bad[[~_is_within(of_one, *range_) for of_one, range_ in zip(grid, ends)]] = np.inf
    best = bad.argmin(1)
    functional = np.stack([_weigh_rates(of_one, *range_) for of_one, range_ in zip(grid, ends)])
    functional[np.arange(len(grid)), best] -= 1.0  # the mean over the range, less the level at the best rate
    over_rates = xr.DataArray(functional, dims=("optimizer", "rate"))
    levels = capped_badness(select_role(kept, "report")).reset_coords(drop=True)
    seeds, is_known = levels.sizes["seed"], xr.DataArray(np.isfinite(bad).any(1), dims="optimizer")
    at_best = grid[np.arange(len(grid)), best]
    sensitivity = (levels.mean("seed") * over_rates).sum("rate", skipna=False).round(12)
    low, high = xr.full_like(sensitivity, np.nan), xr.full_like(sensitivity, np.nan)
    if seeds >= MINIMUM_SEEDS:
        samples = (resampling.means(levels) * over_rates).sum("rate", skipna=False)
        low, high = (end.round(12) for end in resampling.interval(samples, seeds))
    first, last = (xr.DataArray([range_[end] for range_ in ends], dims="optimizer") for end in (0, 1))
    table = {
        "sensitivity": sensitivity, "low": low, "high": high, "first": first, "last": last,
        "best_rate": xr.DataArray(at_best, dims="optimizer"),
    }  # fmt: skip
    columns = {name: column.where(is_known) for name, column in table.items()}
    return xr.Dataset(columns, {"optimizer": dataset.optimizer.values}).assign_attrs(
        dataset.attrs | {"confidence": resampling.confidence, "seeds": describe_seeds(dataset)}
    )


def _find_ends(grid: np.ndarray, rates: tuple[float, float] | None, name: str) -> tuple[float, float]:
    """Return the ends of the range, which must lie within the grid and have two rates of it between them."""
    if not (grid > 0).all():
        raise ValueError(f"a learning rate of {name} is {format_float(grid.min())}, which lies in no decade")
    first, last = (float(grid[0]), float(grid[-1])) if rates is None else (float(rates[0]), float(rates[1]))
    if not grid[0] * (1 - 1e-9) <= first < last <= grid[-1] * (1 + 1e-9) and len(grid) > 1:
        raise ValueError(
            f"rates must be an ascending range within the learning rates of {name}, {format_float(grid[0])} to "
            f"{format_float(grid[-1])}; got {format_float(first)} to {format_float(last)}"
        )
    if _is_within(grid, first, last).sum() < 2:
        raise ValueError(
            f"{name} has fewer than two learning rates from {format_float(first)} to {format_float(last)}; a "
            "sensitivity needs two or more"
        )
    return first, last


def _is_within(grid: np.ndarray, first: float, last: float) -> np.ndarray:
    return np.asarray((grid >= first * (1 - 1e-9)) & (grid <= last * (1 + 1e-9)))


def _weigh_rates(grid: np.ndarray, first: float, last: float) -> np.ndarray:
    """Return the weights of the rates in the mean of a piecewise linear curve over the logarithm of the rate."""
    at, start, end = np.log(grid), np.log(first), np.log(last)
    corners = np.unique(np.concatenate([[start, end], at[(at > start) & (at < end)]]))
    hats = np.array([np.interp(corners, at, hat) for hat in np.eye(len(grid))])
    heights = (hats[:, 1:] + hats[:, :-1]) / 2
    return np.asarray((heights * np.diff(corners)).sum(1) / (end - start))


def describe_rate_sensitivity(sensitivity: xr.Dataset) -> list[str]:
    """Return what `rate_sensitivity` computed, in sentences."""
    attributes = sensitivity.attrs
    unit = {"decades": "in decades", "share": "in percentage points", "number": "in its own unit"}
    lost = sensitivity.optimizer.values[sensitivity.best_rate.isnull().values].tolist()
    sentences = [
        "What a learning rate in the range loses on average against the best one, "
        f"{unit[read_scale(attributes)]} of the {attributes['score_label']}, evenly on a logarithmic scale (Wortsman "
        f"et al. 2023). The best rate is {attributes['seeds']}. A run that diverged counts as untrained.",
    ]
    return sentences + ([f"Not known of {join_names(lost)}: a choosing run diverged at every rate."] if lost else [])
