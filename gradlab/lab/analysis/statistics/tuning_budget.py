r"""The score that an optimizer is expected to reach after $k$ trials of tuning, from the trials of a finished study.

Of $N$ trials, $k$ are drawn at random, the best of them on the choosing seeds is kept, and its score on the reporting
seeds is what the tuning found. Of all draws without repetition, the share in which the trial at place $i$ is kept,
counted from the worst, is

$$w_i = \binom{i - 1}{k - 1} \Big/ \binom{N}{k},$$

so the expected score is $\sum_i w_i r_i$, where $r_i$ is the reported score of that trial. It is the unbiased estimator
of Tang et al. (2020), "Showing Your Work Doesn't Always Work". Dodge et al. (2019), "Show Your Work", draw with
repetition, $w_i = (i/N)^k - ((i-1)/N)^k$, which is too pessimistic for a large $k$. Sivaprasad et al. (2020),
"Optimizer Benchmarking Needs to Account for Hyperparameter Tuning", compare optimizers by such curves.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from scipy.special import gammaln

from ..comparison.reporting_runs import from_badness
from ..comparison.resampling import Resampling
from ..coordinate_order import sort_axes
from ..leaderboard import keep_metrics, mean_scores, require_dataset, select_role, to_badness
from .capped_scores import capped_badness
from .seed_sentences import describe_seeds

MOST_BUDGETS = 64  # numbers of trials at which the curve is computed
_LARGEST_SAMPLE = 2**20  # scores from which the quartiles of an optimizer are taken


def tuning_budget(dataset: xr.Dataset, resampling: Resampling | None = None) -> xr.Dataset:
    """Return the score that each optimizer is expected to reach after some trials of tuning.

    A trial is a learning rate of a race, or a point of a sweep or a search. In a race and a sweep, the trials come in
    random order. Those of a search depend on the ones before, so they come in the order in which they ran.

    On (optimizer, trials), where `trials` are the numbers up to that of the study, at most 64 of them:

    - `expected`, the mean of the reported score over all draws, geometric if the score is logarithmic;
    - `low` and `high`, between which the middle half of the outcomes lies, the lower value first, over draws of trials
      and of the reporting seeds with replacement (`resampling`); the choosing seeds stay the same;
    - `failed`, the share of draws in which a choosing run of every trial diverged.

    A run that diverged, or ended worse than it began, counts as untrained: it has the score of its start. Of trials
    that are equally good on the choosing seeds, any is kept.

    The attributes are those of the Dataset, with `trial` (what a trial is), `order` ("random" or "as run") and `seeds`
    (how the best trial is chosen and reported, in words). Raises ValueError for a Dataset that is of no study.
    """
    axis = find_trial_axis(dataset)
    dataset = sort_axes(dataset)
    names = dataset.optimizer.values
    kept = keep_metrics(dataset)
    chosen = to_badness(mean_scores(select_role(kept, "choose")).transpose("optimizer", axis).values, dataset.attrs)
    reported = capped_badness(select_role(kept, "report")).transpose("optimizer", axis, "seed").reset_coords(drop=True)
    count = dataset.sizes[axis]
    budgets = np.unique(np.geomspace(1, count, MOST_BUDGETS).round().astype(int))
    if count <= MOST_BUDGETS:
        budgets = np.arange(1, count + 1)
    is_sequential = dataset.attrs.get("sampler") == "tpe"
    outcomes = []
    for levels, choosing in zip(reported, chosen):
        weights = _weigh_incumbents(choosing, budgets) if is_sequential else weigh_trials(choosing, budgets)
        quartiles = _find_quartiles(levels, weights, axis, resampling or Resampling())
        outcomes.append(np.stack([_average(weights, levels.mean("seed").values), *quartiles]))
    table = xr.DataArray(np.stack(outcomes), dims=("optimizer", "of", "trials"))
    expected, *ends = (from_badness(table.isel(of=index), dataset.attrs) for index in range(3))
    low, high = ends[::-1] if dataset.attrs["higher_is_better"] else ends
    failed = np.stack([_share_of_failures(values, budgets, is_sequential) for values in np.isinf(chosen)])
    return xr.Dataset(
        {"expected": expected, "low": low, "high": high, "failed": (("optimizer", "trials"), failed)},
        {"optimizer": names, "trials": budgets, "family": ("optimizer", dataset.family.values)},
    ).assign_attrs(
        dataset.attrs
        | {
            "trial": "learning rate" if axis == "rate" else "point",
            "order": "as run" if is_sequential else "random",
            "seeds": describe_seeds(dataset),
        }
    )


def find_trial_axis(dataset: xr.Dataset) -> str:
    """Return the dimension of the trials, "rate" or "point"; raise ValueError if there is none."""
    require_dataset(dataset)
    for axis in ("rate", "point"):
        if axis in dataset.dims:
            return axis
    found = ", ".join(map(str, dataset.dims))
    raise ValueError(f"expected the Dataset of a study, with the dimension rate or point; got one with {found}")


def weigh_trials(choosing: np.ndarray, budgets: np.ndarray) -> np.ndarray:
    """Return the share of the draws of so many trials in which each trial is kept, on (budget, trial).

    `choosing` has the badness of each trial. Trials of the same badness share their weight.
    """
    count = len(choosing)
    places = np.arange(1, count + 1)
    ascending = np.array([_binomial_ratios(places, k, count) for k in budgets])  # of the i-th from the worst
    order = np.argsort(-choosing, kind="stable")
    _, group = np.unique(-choosing[order], return_inverse=True)
    sizes = np.bincount(group)
    weights = np.empty_like(ascending)
    for row, shares in zip(weights, ascending):
        row[order] = (np.bincount(group, shares) / sizes)[group]
    return weights


def _binomial_ratios(places: np.ndarray, k: int, count: int) -> np.ndarray:
    """Return C(i - 1, k - 1) / C(N, k) for each place i, by logarithms of factorials; 0 where i < k."""

    def log_binomial(of: np.ndarray, some: int) -> np.ndarray:
        return np.asarray(gammaln(of + 1) - gammaln(some + 1) - gammaln(of - some + 1))

    shares = np.zeros(count)
    shares[k - 1 :] = np.exp(log_binomial(places[k - 1 :] - 1, k - 1) - log_binomial(np.array(count), k))
    return np.asarray(shares / shares.sum())  # without the rounding of the logarithms


def _weigh_incumbents(choosing: np.ndarray, budgets: np.ndarray) -> np.ndarray:
    """Return weights that are 1 at the best of the first trials, and 0 elsewhere."""
    weights = np.zeros((len(budgets), len(choosing)))
    for row, k in zip(weights, budgets):
        row[np.argmin(choosing[:k])] = 1.0
    return weights


def _average(weights: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Return the weighted means, infinite where an infinite level has a weight."""
    known = np.isfinite(levels)
    means = weights[:, known] @ levels[known]
    return np.asarray(np.where((weights[:, ~known] > 0).any(1), np.inf, means))


def _find_quartiles(levels: xr.DataArray, weights: np.ndarray, axis: str, resampling: Resampling) -> list[np.ndarray]:
    """Return the lower and the upper quartile of the levels over draws of trials and of seeds, each on (budget,)."""
    draws = max(100, min(resampling.draws, _LARGEST_SAMPLE // levels.sizes[axis]))
    samples = Resampling(draws, resampling.confidence, resampling.key).means(levels).transpose("draw", axis).values
    order = np.argsort(samples, axis=None)
    trial, flat = order % levels.sizes[axis], samples.ravel()[order]
    found = []
    for shares in weights:
        cumulative = np.cumsum(shares[trial] / draws)
        places = np.searchsorted(cumulative, np.array([0.25, 0.75]) - 1e-9)  # 1e-9 allows for rounding
        found.append(flat[np.minimum(places, flat.size - 1)])
    return list(np.array(found).T)


def _share_of_failures(is_lost: np.ndarray, budgets: np.ndarray, is_sequential: bool) -> np.ndarray:
    """Return the share of the draws of so many trials in which every trial is lost: C(D, k) / C(N, k)."""
    if is_sequential:
        return np.array([float(is_lost[:k].all()) for k in budgets])
    lost, count = int(is_lost.sum()), len(is_lost)
    return np.array([np.prod((lost - np.arange(k)) / (count - np.arange(k))) if k <= lost else 0.0 for k in budgets])
