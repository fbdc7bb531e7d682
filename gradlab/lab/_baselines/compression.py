"""The part of a race that a baseline keeps: the score of each run, and the curves of the runs that are reported.

    choosing           on (optimizer, rate, seed)         the metric that chooses rates, over the late evaluations
    score              on (optimizer, rate, reporting)    the reported one, if it is another; of the reporting seeds
    curve              on (optimizer, reporting, evaluation)    the reported one at the chosen rate
    start_...          on (seed)    both before the first update, where all optimizers are alike
    divergence_step    on (optimizer, rate, seed)

Numbers are rounded to 13 bits after the leading one, a relative error of 6e-5 at most, so that they compress well.
"""

from __future__ import annotations

import hashlib

import numpy as np
import xarray as xr

from ..analysis.choosing_metric import choosing_metric, with_choosing_metric
from ..analysis.leaderboard import best_rate_index, final_scores, select_role

BITS = 13  # of the 23 that a float32 has after the leading one


def compress(dataset: xr.Dataset) -> xr.Dataset:
    """Return what a baseline keeps of a finished race on one problem, whose runs all came to their ends."""
    attributes = dataset.attrs
    score, choosing = attributes["score"], choosing_metric(attributes)
    reporting = np.isin(dataset.role.values, ("report", "both"))
    runs = ("optimizer", "rate", "seed")
    arrays = {"choosing": final_scores(with_choosing_metric(dataset)).transpose(*runs)}
    if choosing != score:
        arrays["score"] = final_scores(dataset.isel(seed=reporting)).rename(seed="reporting").transpose(*runs[:2], ...)
    found = {name: (array.dims, round_bits(array.values)) for name, array in arrays.items()}
    choosers = dataset.assign({choosing: dataset[choosing].copy(data=_spread_late(dataset, found["choosing"][1]))})
    chosen = best_rate_index(choosers).clip(0)
    curve = select_role(dataset, "report")[score].isel(rate=chosen).rename(seed="reporting")
    start = dataset.isel(optimizer=0, rate=0, evaluation=0)
    found |= {
        "curve": (("optimizer", "reporting", "evaluation"), round_bits(curve.transpose("optimizer", ...).values)),
        "start_score": (("seed",), round_bits(start[score].values)),
        "start_choosing": (("seed",), round_bits(start[choosing].values)),
        "divergence_step": (runs, dataset.divergence_step.transpose(*runs).values.astype(np.int32)),
    }
    coordinates = {
        "optimizer": dataset.optimizer.values,
        "family": ("optimizer", dataset.family.values),
        "learning_rate": (("optimizer", "rate"), dataset.learning_rate.transpose("optimizer", "rate").values),
        "composition": ("optimizer", [digest_composition(str(text)) for text in dataset.composition.values]),
        "seed": dataset.seed.values,
        "role": ("seed", dataset.role.values),
        "evaluation": dataset.evaluation.values,
    }
    return xr.Dataset(found, coordinates, {"updates": dataset.sizes["step"], **attributes})


def _spread_late(dataset: xr.Dataset, means: np.ndarray) -> np.ndarray:
    """Return rounded averages at every evaluation, so that the rate is chosen by the numbers that are kept."""
    dims = dataset[choosing_metric(dataset.attrs)].dims
    array = xr.DataArray(means, dims=("optimizer", "rate", "seed")).expand_dims(evaluation=dataset.sizes["evaluation"])
    return np.asarray(array.transpose(*dims).values)


def round_bits(values: np.ndarray) -> np.ndarray:
    """Return numbers as float32 with few bits, rounded to the nearest; NaN and infinity stay what they are."""
    numbers = np.ascontiguousarray(values, np.float32)
    words = numbers.view(np.uint32)
    drop = 23 - BITS
    half = np.uint32((1 << (drop - 1)) - 1) + ((words >> np.uint32(drop)) & np.uint32(1))
    rounded = ((words + half) & ~np.uint32((1 << drop) - 1)).view(np.float32)
    return np.where(np.isfinite(numbers), rounded, numbers)


def digest_composition(text: str) -> str:
    """Return a short digest of an optimizer as text: of its links and their numbers."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]
